//! Namespaces.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    process::{Child, Command, Stdio},
};

use linux_support_base::{Error, GroupId, Pid, Reason, UserId};
use linux_support_fd::{PidFd, namespace::Namespace};
use linux_support_security::{
    Scope,
    capability::{Capabilities, Capability, CapabilitySet},
    identity::Credentials,
    namespace::{
        ClockOffset, GroupIdMap, GroupSetting, IdCount, IdMap, IdRange, MapsWritten, NamedNamespaces,
        NamespaceKinds, NamespaceMaps, TimeOffsets, UserIdMap, enter_all, enter_process, unshare, unshare_as,
    },
};
use rustix::mount::{MountPropagationFlags, mount_bind, mount_change};

use crate::part;

/// Says why the case can't run where nobody may make user namespaces.
fn or_skip(done: Result<(), Error>) -> bool {
    match done {
        Err(error)
            if matches!(error.reason(), Reason::PermissionDenied { .. })
                || error.to_string().contains("No space left") =>
        {
            println!("skipped: {error}");
            false
        }
        done => {
            done.unwrap();
            true
        }
    }
}

fn has(needed: &[Capability]) -> bool {
    let missing = CapabilitySet::of(needed.iter().copied()) - Capabilities::of_caller().unwrap().effective;
    if !missing.is_empty() {
        println!("skipped: needs {missing:?}");
    }
    missing.is_empty()
}

fn own(name: &str) -> Namespace {
    Namespace::open(format!("/proc/self/ns/{name}")).unwrap()
}

pub(crate) fn root_inside() {
    let names = ["user", "uts", "net", "ipc", "mnt", "cgroup"];
    let before = names.map(own);
    let others = NamespaceKinds::UTS
        | NamespaceKinds::NETWORK
        | NamespaceKinds::IPC
        | NamespaceKinds::MOUNT
        | NamespaceKinds::CGROUP;
    let outside = Credentials::<UserId>::of_caller().unwrap().effective;
    if !or_skip(unshare_as(UserId::ROOT, GroupId::new(7), others)) {
        return;
    }
    for (name, before) in names.iter().zip(&before) {
        assert!(!own(name).is_same_as(before).unwrap(), "{name}");
        if *name != "user" {
            assert!(own(name).user_namespace().unwrap().is_same_as(&own("user")).unwrap(), "{name}");
        }
    }
    assert_eq!(Credentials::<UserId>::of_caller().unwrap(), Credentials::all(UserId::ROOT));
    assert_eq!(Credentials::<GroupId>::of_caller().unwrap(), Credentials::all(GroupId::new(7)));
    let map = UserIdMap::parse(&fs::read("/proc/self/uid_map").unwrap()).unwrap();
    assert_eq!(map, IdMap::single(UserId::ROOT, outside));
    let setting = GroupSetting::parse(&fs::read("/proc/self/setgroups").unwrap()).unwrap();
    assert_eq!(setting, GroupSetting::Denied);
    assert!(Capabilities::of_caller().unwrap().effective.contains(Capability::SYS_ADMIN));
    rustix::system::sethostname(b"inside").unwrap();
    // The map is there for good.
    assert!(fs::write("/proc/self/uid_map", "0 0 1\n").is_err());
}

/// A part: makes a user namespace, says so, and waits for its end.
pub(crate) fn in_new_user_namespace() {
    let kinds = std::env::var("KINDS")
        .map_or(NamespaceKinds::USER, |bits| NamespaceKinds::from_bits_retain(bits.parse().unwrap()));
    println!("{}", unshare(kinds).map_or_else(|error| error.to_string(), |()| "ready".into()));
    let _ = std::io::stdin().read(&mut [0]);
}

struct Part(Child);

impl Part {
    /// Starts the part above; `None`, having said so, where it may not do that.
    fn start(kinds: NamespaceKinds) -> Option<Self> {
        let mut child = part("in-new-user-namespace")
            .env("KINDS", kinds.bits().to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        if line.trim() != "ready" {
            println!("skipped: {line}");
        }
        let part = Self(child);
        (line.trim() == "ready").then_some(part)
    }

    fn pid(&self) -> Pid {
        Pid::new(self.0.id().cast_signed()).unwrap()
    }

    fn namespace(&self, name: &str) -> Namespace {
        Namespace::open(format!("/proc/{}/ns/{name}", self.pid())).unwrap()
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let _ = self.0.stdin.take().map(|mut input| input.write_all(b"x"));
        let _ = self.0.wait();
    }
}

fn two_ranges() -> NamespaceMaps {
    fn range<T: From<u32>>(inside: u32, outside: u32, count: u32) -> IdRange<T> {
        IdRange { inside: inside.into(), outside: outside.into(), count: IdCount::new(count) }
    }
    let users = IdMap::new(vec![range(0, 4321, 1), range(1, 200_000, 1000)]).unwrap();
    NamespaceMaps::new(users, IdMap::new(vec![range(0, 4322, 1), range(1, 300_000, 1000)]).unwrap())
}

pub(crate) fn maps_for_child() {
    if !has(&[Capability::SETUID, Capability::SETGID]) {
        return;
    }
    let Some(child) = Part::start(NamespaceKinds::USER) else { return };
    assert_eq!(two_ranges().write_for(child.pid()).unwrap(), MapsWritten::Directly);
    let map = UserIdMap::parse(&fs::read(format!("/proc/{}/uid_map", child.pid())).unwrap()).unwrap();
    assert_eq!(map.outside(UserId::new(1000)), Some(UserId::new(200_999)));
    let again = two_ranges().write_for(child.pid()).unwrap_err();
    assert_eq!(again.reason().name(), "permission-denied", "{again}");
}

fn become_4321() {
    Credentials::all(GroupId::new(4322)).set(Scope::Process).unwrap();
    Credentials::all(UserId::new(4321)).set(Scope::Process).unwrap();
    assert!(Capabilities::of_caller().unwrap().effective.is_empty());
}

pub(crate) fn maps_without_privileges() {
    if !has(&[Capability::SETUID, Capability::SETGID]) {
        return;
    }
    become_4321();
    let Some(child) = Part::start(NamespaceKinds::USER) else { return };
    let maps = NamespaceMaps::of_caller_as(UserId::ROOT, GroupId::ROOT).unwrap();
    assert_eq!(maps.write_for(child.pid()).unwrap(), MapsWritten::WithoutGroups);
    let read = |name: &str| fs::read(format!("/proc/{}/{name}", child.pid())).unwrap();
    assert_eq!(read("setgroups"), b"deny\n");
    let map = GroupIdMap::parse(&read("gid_map")).unwrap();
    assert_eq!(map, IdMap::single(GroupId::ROOT, GroupId::new(4322)));
}

pub(crate) fn helpers() {
    if !has(&[Capability::SYS_ADMIN, Capability::SETUID, Capability::SETGID]) {
        return;
    }
    if !std::path::Path::new("/usr/bin/newuidmap").exists() {
        println!("skipped: no newuidmap");
        return;
    }
    // A machine with another user and ranges for it, to be seen by this process alone.
    unshare(NamespaceKinds::MOUNT).unwrap();
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC).unwrap();
    let folder = tempfile::tempdir_in("/var/tmp").unwrap();
    let replace = |path: &str, text: String| {
        let file = folder.path().join(path.rsplit('/').next().unwrap());
        fs::write(&file, text).unwrap();
        mount_bind(&file, path).unwrap();
    };
    let passwd = fs::read_to_string("/etc/passwd").unwrap();
    replace("/etc/passwd", passwd.trim_end().to_owned() + "\nlonely:x:4321:4322::/:/bin/sh\n");
    for (path, first) in [("/etc/subuid", 200_000), ("/etc/subgid", 300_000)] {
        if !fs::exists(path).unwrap() {
            println!("skipped: no {path}");
            return;
        }
        replace(path, format!("lonely:{first}:1000\n"));
    }
    become_4321();
    let Some(child) = Part::start(NamespaceKinds::USER) else { return };
    assert_eq!(two_ranges().write_for(child.pid()).unwrap(), MapsWritten::ByHelpers);
    let map = UserIdMap::parse(&fs::read(format!("/proc/{}/uid_map", child.pid())).unwrap()).unwrap();
    assert_eq!(map.outside(UserId::new(1000)), Some(UserId::new(200_999)));
    // The helpers give no more than the ranges, and say so.
    let Some(child) = Part::start(NamespaceKinds::USER) else { return };
    let users = IdMap::single(UserId::ROOT, UserId::new(5));
    let error =
        NamespaceMaps::new(users, IdMap::single(GroupId::ROOT, GroupId::new(4322))).write_for(child.pid());
    assert!(error.unwrap_err().to_string().contains("newuidmap"));
}

pub(crate) fn clocks() {
    if !or_skip(unshare_as(UserId::ROOT, GroupId::ROOT, NamespaceKinds::TIME)) {
        return;
    }
    let day = 86_400;
    let offsets = TimeOffsets::none();
    let mut ahead = offsets.clone();
    ahead.boot_time = ClockOffset { seconds: 1000 * day, nanoseconds: 5 };
    ahead.monotonic = ClockOffset { seconds: day, nanoseconds: 0 };
    let mut wrong = ahead.clone();
    wrong.boot_time.nanoseconds = 1_000_000_000;
    assert!(wrong.set_for_children().unwrap_err().to_string().contains("fewer than"));
    wrong.boot_time = ClockOffset { seconds: -10_000 * day, nanoseconds: 0 };
    let refused = wrong.set_for_children().unwrap_err();
    assert_eq!(
        *refused.reason(),
        linux_support_base::Reason::System(linux_support_base::Errno::RANGE),
        "{refused}"
    );
    ahead.set_for_children().unwrap();
    assert_eq!(TimeOffsets::parse(&fs::read("/proc/self/timens_offsets").unwrap()).unwrap(), ahead);
    let uptime = |text: Vec<u8>| -> f64 {
        String::from_utf8(text).unwrap().split_whitespace().next().unwrap().parse().unwrap()
    };
    let here = uptime(fs::read("/proc/uptime").unwrap());
    let there = uptime(Command::new("cat").arg("/proc/uptime").output().unwrap().stdout);
    assert!((there - here - 86_400_000.0).abs() < 60.0, "{here} and {there}");
    assert!(ahead.set_for_children().is_err(), "a process is in it");
}

pub(crate) fn enter_all_kinds() {
    let kinds = NamespaceKinds::USER | NamespaceKinds::UTS | NamespaceKinds::MOUNT | NamespaceKinds::NETWORK;
    let Some(child) = Part::start(kinds) else { return };
    let maps = NamespaceMaps::of_caller_as(UserId::ROOT, GroupId::ROOT).unwrap();
    if !or_skip(maps.write_for(child.pid()).map(drop)) {
        return;
    }
    let names = ["mnt", "uts", "net", "user"];
    let there = names.map(|name| child.namespace(name));
    let twice = enter_all([&there[1], &there[1]]).unwrap_err();
    assert!(twice.to_string().contains("two are of one kind"), "{twice}");
    assert!(!own("uts").is_same_as(&there[1]).unwrap());
    enter_all(&there).unwrap();
    for (name, there) in names.iter().zip(&there) {
        assert!(own(name).is_same_as(there).unwrap(), "{name}");
    }
    // One can't enter the user namespace that one is in, and the error says what was done.
    let error = enter_all([&own("uts"), &own("user")]).unwrap_err();
    assert!(!error.to_string().contains("entered before"), "users come first: {error}");
}

pub(crate) fn enter_process_at_once() {
    let kinds = NamespaceKinds::USER | NamespaceKinds::UTS | NamespaceKinds::IPC | NamespaceKinds::MOUNT;
    let Some(child) = Part::start(kinds) else { return };
    let maps = NamespaceMaps::of_caller_as(UserId::ROOT, GroupId::ROOT).unwrap();
    if !or_skip(maps.write_for(child.pid()).map(drop)) {
        return;
    }
    let there = ["user", "uts", "ipc", "mnt"].map(|name| child.namespace(name));
    let process = PidFd::open(child.pid()).unwrap();
    assert!(enter_process(&process, NamespaceKinds::empty()).is_err());
    enter_process(&process, kinds).unwrap();
    for (name, there) in ["user", "uts", "ipc", "mnt"].iter().zip(&there) {
        assert!(own(name).is_same_as(there).unwrap(), "{name}");
    }
}

pub(crate) fn names() {
    if !or_skip(unshare_as(UserId::ROOT, GroupId::ROOT, NamespaceKinds::MOUNT | NamespaceKinds::NETWORK)) {
        return;
    }
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let names = NamedNamespaces::new(folder.path().join("networks"));
    let network = own("net");
    names.add("blue", &network).unwrap();
    names.add("line\nfeed", &network).unwrap();
    assert_eq!(names.names().unwrap(), ["blue", "line\nfeed"]);
    assert!(names.open("blue").unwrap().is_same_as(&network).unwrap());
    let taken = names.add("blue", &network).unwrap_err();
    assert!(taken.to_string().contains("exists"), "{taken}");
    assert!(names.open("blue").unwrap().is_same_as(&network).unwrap());
    // It outlives its only process's stay.
    let id = fs::read_link("/proc/self/ns/net").unwrap();
    unshare(NamespaceKinds::NETWORK).unwrap();
    drop(network);
    enter_all([&names.open("blue").unwrap()]).unwrap();
    assert_eq!(fs::read_link("/proc/self/ns/net").unwrap(), id);
    names.remove("blue").unwrap();
    names.remove("line\nfeed").unwrap();
    assert_eq!(names.names().unwrap(), [] as [&str; 0]);
    assert!(names.remove("blue").unwrap_err().is_absent());
    let _ = rustix::mount::unmount(folder.path().join("networks"), rustix::mount::UnmountFlags::DETACH);
}
