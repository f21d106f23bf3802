//! From root to a user, for good.

use std::{fs, os::unix::fs::PermissionsExt, process::Command, sync::atomic::Ordering::SeqCst};

use linux_support_base::{GroupId, UserId};
use linux_support_security::{
    Scope,
    capability::{Capabilities, Capability, CapabilitySet},
    identity::{Credentials, NewIdentity, User, set_supplementary_groups, supplementary_groups},
};
use rustix::{
    io::Errno,
    thread::{set_thread_gid, set_thread_groups, set_thread_res_uid, set_thread_uid},
};

use crate::{
    broadcast::{busy_threads, lines_of_threads},
    has, in_a_thread, in_child,
};

const USER: UserId = UserId::new(4321);
const GROUP: GroupId = GroupId::new(5432);
const NEEDED: [Capability; 3] = [Capability::SETGID, Capability::SETUID, Capability::SETPCAP];

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator's own threads are among those of /proc")]
pub(crate) fn nobody_in_the_process_can_go_back() {
    if !in_child("become_user::nobody_in_the_process_can_go_back") || !has(CapabilitySet::of(NEEDED)) {
        return;
    }
    // A program that would make root of anyone.
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = folder.path().join("id");
    fs::copy("/usr/bin/id", &program).or_else(|_| fs::copy("/bin/busybox", &program)).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o4755)).unwrap();

    let (end, _) = busy_threads();
    NewIdentity::new(USER, GROUP)
        .supplementary(vec![GroupId::new(9), GROUP, GroupId::new(9)])
        .assume()
        .unwrap();
    let only = |key| {
        let lines = lines_of_threads(key);
        assert_eq!(lines.len(), 1, "{lines:?}");
        lines.into_iter().next().unwrap().split_once(":\t").unwrap().1.trim().to_owned()
    };
    assert_eq!(only("Uid:"), "4321\t4321\t4321\t4321");
    assert_eq!(only("Gid:"), "5432\t5432\t5432\t5432");
    assert_eq!(only("Groups:"), "9 5432");
    for key in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
        assert_eq!(only(key), "0000000000000000", "{key}");
    }
    assert_eq!(only("NoNewPrivs:"), "1");
    end.store(true, SeqCst);

    use rustix::process::{Gid, Uid};
    assert_eq!(set_thread_uid(Uid::ROOT), Err(Errno::PERM));
    assert_eq!(set_thread_gid(Gid::ROOT), Err(Errno::PERM));
    assert_eq!(set_thread_res_uid(Uid::from_raw(4321), Uid::ROOT, Uid::from_raw(4321)), Err(Errno::PERM));
    assert_eq!(set_thread_groups(&[]), Err(Errno::PERM));
    let said = Command::new(&program).arg("-u").output().unwrap();
    assert_eq!(String::from_utf8(said.stdout).unwrap(), "4321\n");
    // What was root's is again out of reach.
    assert!(fs::read("/etc/shadow").is_err());
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator's own threads are among those of /proc")]
pub(crate) fn what_is_kept_is_kept_and_handed_on() {
    if !in_child("become_user::what_is_kept_is_kept_and_handed_on") || !has(CapabilitySet::of(NEEDED)) {
        return;
    }
    let own = Capabilities::of_caller().unwrap().permitted;
    let kept = CapabilitySet::of([Capability::KILL]) & own;
    let handed_on = CapabilitySet::of([Capability::CHOWN]) & own;
    NewIdentity::new(USER, GROUP).keep(kept).keep_for_programs(handed_on).assume().unwrap();
    let now = Capabilities::of_caller().unwrap();
    assert_eq!((now.permitted, now.effective), (kept | handed_on, kept | handed_on));
    assert_eq!((now.bounding, now.ambient), (kept | handed_on, handed_on));
    let said = Command::new("cat").arg("/proc/self/status").output().unwrap().stdout;
    assert_eq!(Capabilities::parse(&said).unwrap().effective, handed_on);
}

#[test]
fn what_can_not_be_done_is_told_before_anything_is_done() {
    let refused = |identity: NewIdentity| {
        let before = (Credentials::<UserId>::of_caller().unwrap(), Capabilities::of_caller().unwrap());
        let error = identity.assume().unwrap_err().to_string();
        let after = (Credentials::<UserId>::of_caller().unwrap(), Capabilities::of_caller().unwrap());
        assert_eq!(before, after);
        error
    };
    let error = refused(NewIdentity::new(UserId::ROOT, GROUP));
    assert!(error.contains("user 0 is root"), "{error}");
    let error = refused(NewIdentity::new(UserId::new(u32::MAX), GROUP));
    assert!(error.contains("no id of anyone"), "{error}");
    let way = CapabilitySet::of([Capability::SETUID]);
    let error = refused(NewIdentity::new(USER, GROUP).keep(way));
    assert!(error.contains("CAP_SETUID must not be kept"), "{error}");
    let unknown = CapabilitySet::of([Capability::new(63).unwrap()]);
    let error = refused(NewIdentity::new(USER, GROUP).keep(unknown));
    assert!(error.contains("CAP_63 can't be kept"), "{error}");
    let many = (1..70_000).map(GroupId::new).collect();
    let error = refused(NewIdentity::new(USER, GROUP).supplementary(many));
    assert!(error.contains("69999 are more than 65536"), "{error}");
    // Whoever has no privileges is told which one it takes. Root is not the test: user 0 without it is told the same.
    in_a_thread(move || {
        Capabilities::default().set(Scope::Thread).unwrap();
        let error = refused(NewIdentity::new(USER, GROUP));
        assert_eq!(error, "become another user: permission denied: needs CAP_SETGID");
    });
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator keeps groups for the whole process")]
fn supplementary_groups_are_set_for_one_thread() {
    if !has(CapabilitySet::of([Capability::SETGID])) {
        return;
    }
    let before = supplementary_groups().unwrap();
    in_a_thread(|| {
        let groups = [3, 1, 70_000].map(GroupId::new);
        set_supplementary_groups(&groups, Scope::Thread).unwrap();
        assert_eq!(supplementary_groups().unwrap(), [1, 3, 70_000].map(GroupId::new));
        set_supplementary_groups(&[], Scope::Thread).unwrap();
        assert_eq!(supplementary_groups().unwrap(), []);
        let none = set_supplementary_groups(&[GroupId::new(u32::MAX)], Scope::Thread).unwrap_err();
        assert!(none.to_string().contains("no id of anyone"), "{none}");
        Capabilities::default().set(Scope::Thread).unwrap();
        let error = set_supplementary_groups(&[], Scope::Thread).unwrap_err();
        assert_eq!(error.to_string(), "set supplementary groups: permission denied: needs CAP_SETGID");
    });
    assert_eq!(supplementary_groups().unwrap(), before);
}

#[test]
fn the_name_service_agrees_with_id() {
    let Some(said) = crate::run("id", &["-G", "root"]) else { return };
    let said = String::from_utf8(said.stdout).unwrap();
    let mut expected: Vec<u32> = said.split_whitespace().map(|id| id.parse().unwrap()).collect();
    let mut groups: Vec<_> =
        User::look_up("root").unwrap().look_up_groups().unwrap().iter().map(|id| id.number()).collect();
    expected.sort_unstable();
    groups.sort_unstable();
    assert_eq!(groups, expected);
}
