//! What a program has is what was foretold: each case is run.

use std::{
    fs,
    os::unix::fs::{PermissionsExt, chown},
    path::Path,
    process::Command,
};

use linux_support_base::{GroupId, UserId};
use linux_support_security::{
    Scope,
    capability::{
        Capabilities, Capability, CapabilitySet, FileCapabilities, Privileges, Program, SecureBits,
        drop_from_bounding, keep_capabilities, raise_ambient,
    },
    identity::Credentials,
};

use crate::{has, in_a_thread};

/// The kind that has nothing special.
const PLAIN: &str = "plain";

/// Name, mode, owner, and the capabilities of the file: permitted, inheritable, and whether at once effective.
type Kind = (&'static str, u32, u32, Option<(CapabilitySet, CapabilitySet, bool)>);

/// Makes of one program that shows its status every kind of program, and runs `with` for each; says whether that
/// can be done where `folder` is.
fn programs(folder: &Path, mut with: impl FnMut(&'static str, &Path)) -> bool {
    let set = |capabilities: &[Capability]| capabilities.iter().copied().collect::<CapabilitySet>();
    let kinds: [Kind; 12] = [
        (PLAIN, 0o755, 0, None),
        ("set-user", 0o4755, 0, None),
        ("set-user-other", 0o4755, 77, None),
        ("set-group", 0o2755, 0, None),
        ("locking", 0o2745, 0, None),
        ("permitted", 0o755, 0, Some((set(&[Capability::KILL]), set(&[]), false))),
        ("effective", 0o755, 0, Some((set(&[Capability::KILL, Capability::SYSLOG]), set(&[]), true))),
        ("inherits", 0o755, 0, Some((set(&[]), set(&[Capability::CHOWN]), true))),
        ("both", 0o755, 0, Some((set(&[Capability::KILL]), set(&[Capability::CHOWN]), false))),
        ("nothing", 0o755, 0, Some((set(&[]), set(&[]), true))),
        ("set-user-permitted", 0o4755, 0, Some((set(&[Capability::KILL]), set(&[]), true))),
        ("set-group-permitted", 0o2755, 77, Some((set(&[Capability::KILL]), set(&[]), false))),
    ];
    let path = folder.join("program");
    let shows = if is_busybox() { std::env::current_exe().unwrap() } else { "/bin/cat".into() };
    fs::copy(shows, &path).unwrap();
    let script = folder.join("script");
    fs::write(&script, format!("#! {}\n", path.display())).unwrap();
    fs::set_permissions(&script, fs::Permissions::from_mode(0o4755)).unwrap();
    for (name, mode, owner, capabilities) in kinds {
        // A new owner takes the capabilities of the kind before away.
        chown(&path, Some(owner), Some(88)).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        if let Some((permitted, inheritable, effective)) = capabilities {
            let mut file = FileCapabilities::permitted_and_effective(permitted);
            (file.inheritable, file.effective) = (inheritable, effective);
            match file.write(&path) {
                Err(error) if error.to_string().contains("not supported") => {
                    println!("skipped: {error}");
                    return false;
                }
                written => written.unwrap(),
            }
        }
        with(name, &path);
        if name == PLAIN {
            with("script", &script);
        }
    }
    true
}

/// Whether `cat` is part of busybox, which gives its privileges up as soon as it is run.
fn is_busybox() -> bool {
    fs::canonicalize("/bin/cat").is_ok_and(|path| path.ends_with("busybox"))
}

/// What is run in its place.
#[test]
#[ignore = "is run by another test"]
fn show_status() {
    println!("\n{}", fs::read_to_string("/proc/self/status").unwrap());
}

/// Runs the program, so that it shows its status.
fn show(path: &Path) -> Command {
    let mut command = Command::new(path);
    if is_busybox() {
        // The status of the first thread, whose capabilities are the other's too.
        command.args(["--exact", "exec::show_status", "--ignored", "--nocapture"]);
    } else {
        command.arg("/proc/self/status");
    }
    command
}

fn become_other() {
    let own = Credentials::<GroupId>::all(GroupId::new(55));
    own.set(Scope::Thread).unwrap();
    Credentials::<UserId>::all(UserId::new(44)).set(Scope::Thread).unwrap();
}

fn inherit(capabilities: &[Capability]) {
    let mut sets = Capabilities::of_caller().unwrap();
    sets.inheritable = capabilities.iter().copied().collect();
    sets.set(Scope::Thread).unwrap();
}

/// Everyone who runs them.
const CALLERS: [(&str, fn()); 13] = [
    ("root", || {}),
    ("root without capabilities", || Capabilities::default().set(Scope::Thread).unwrap()),
    ("root who inherits", || inherit(&[Capability::CHOWN, Capability::KILL])),
    ("root with a small bounding set", || {
        let drop = CapabilitySet::KNOWN - CapabilitySet::of([Capability::KILL, Capability::CHOWN]);
        drop_from_bounding(drop, Scope::Thread).unwrap();
    }),
    ("root who is nobody", || {
        let bits = SecureBits::NO_ROOT | SecureBits::KEEP_CAPABILITIES;
        bits.apply(Scope::Thread).unwrap();
    }),
    ("root with ambient ones", || {
        inherit(&[Capability::CHOWN, Capability::NET_RAW]);
        raise_ambient(CapabilitySet::of([Capability::NET_RAW]), Scope::Thread).unwrap();
    }),
    ("a user", become_other),
    ("a user who inherits", || {
        inherit(&[Capability::CHOWN, Capability::SYSLOG]);
        become_other();
    }),
    ("a user with ambient ones", || {
        keep_capabilities(true, Scope::Thread).unwrap();
        become_other();
        inherit(&[Capability::CHOWN, Capability::NET_RAW]);
        raise_ambient(CapabilitySet::of([Capability::NET_RAW]), Scope::Thread).unwrap();
    }),
    ("a user without KILL in the bounding set", || {
        drop_from_bounding(CapabilitySet::of([Capability::KILL]), Scope::Thread).unwrap();
        become_other();
    }),
    ("a user without new privileges", || {
        become_other();
        rustix::thread::set_no_new_privs(true).unwrap();
    }),
    ("a user with ambient ones and without new privileges", || {
        keep_capabilities(true, Scope::Thread).unwrap();
        become_other();
        inherit(&[Capability::CHOWN, Capability::NET_RAW]);
        raise_ambient(CapabilitySet::of([Capability::NET_RAW]), Scope::Thread).unwrap();
        rustix::thread::set_no_new_privs(true).unwrap();
    }),
    ("root without new privileges", || rustix::thread::set_no_new_privs(true).unwrap()),
];

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator runs programs itself")]
pub(crate) fn each_caller_gets_of_each_program_what_was_foretold() {
    let needed =
        [Capability::SETPCAP, Capability::SETUID, Capability::SETGID, Capability::SETFCAP, Capability::CHOWN];
    let used = [Capability::KILL, Capability::SYSLOG, Capability::NET_RAW];
    if !has(needed.into_iter().chain(used).collect()) {
        return;
    }
    let folder = tempfile::tempdir_in("/var/tmp").or_else(|_| tempfile::tempdir()).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let mut gained = 0;
    let tried = programs(folder.path(), |name, path| {
        for (caller, prepare) in CALLERS {
            let path = path.to_owned();
            gained += in_a_thread(move || {
                prepare();
                let what = format!("{caller} runs {name}");
                let own = Privileges::of_caller().unwrap();
                let foretold = own.after_exec(&Program::read(&path).unwrap());
                let ran = show(&path).output();
                let (foretold, ran) = match (foretold, ran) {
                    (Ok(foretold), Ok(ran)) => (foretold, ran.stdout),
                    (Err(_), Err(error)) => {
                        assert_eq!(error.kind(), std::io::ErrorKind::PermissionDenied, "{what}");
                        return 0;
                    }
                    (foretold, ran) => panic!("{what}: foretold {foretold:?}, but {ran:?}"),
                };
                assert_eq!(Capabilities::parse(&ran).unwrap(), foretold.capabilities, "{what}");
                let text = String::from_utf8(ran).unwrap();
                let (users, groups) = (foretold.users, foretold.groups);
                let ids = |key: &str, ids: [u32; 4]| {
                    let line = ids.map(|id| id.to_string()).join("\t");
                    assert!(text.contains(&format!("{key}:\t{line}\n")), "{what}: {line} is not in {text}");
                };
                ids("Uid", [users.real, users.effective, users.saved, users.filesystem].map(UserId::number));
                ids(
                    "Gid",
                    [groups.real, groups.effective, groups.saved, groups.filesystem].map(GroupId::number),
                );
                usize::from(!foretold.capabilities.permitted.is_subset_of(own.capabilities.permitted))
            });
        }
    });
    // Else the cases would say nothing.
    assert!(gained > 10 || !tried, "{gained}");
}
