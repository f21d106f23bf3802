//! What a program is born into, as root: namespaces, a control group, numbers, other users.

use std::fs::File;

use linux_support_base::{GroupId, NamespaceKinds, Pid, Reason, UserId};
use linux_support_fd::namespace::Namespace;
use linux_support_process::{
    own,
    spawn::{Program, Step},
};

use crate::{alone, is_root, printed, shell};

/// Whether the error is of an environment that doesn't let even root do this.
fn not_here(error: &linux_support_base::Error) -> bool {
    let not = matches!(error.reason(), Reason::PermissionDenied { .. } | Reason::NotConfigured { .. });
    if not {
        println!("skipped: {error}");
    }
    not
}

#[test]
fn new_namespaces_are_others_than_the_callers() {
    if !is_root() {
        return;
    }
    let kinds = ["mnt", "uts", "ipc", "net", "pid", "cgroup"];
    let script = kinds.map(|kind| format!("readlink /proc/self/ns/{kind}")).join("; ");
    let program = || shell(&script).output(linux_support_process::spawn::Stream::Pipe);
    let born = program().new_namespaces(NamespaceKinds::all() - NamespaceKinds::USER - NamespaceKinds::TIME);
    match born.spawn() {
        Err(error) if not_here(&error) => return,
        Err(error) => panic!("{error}"),
        Ok(mut started) => {
            started.wait().unwrap();
        }
    }
    // The shell is the first process there, and `/proc/self` of an outer /proc is still its own.
    let inside = printed(born);
    let outside = printed(program());
    assert_eq!(inside.lines().count(), 6, "{inside}");
    for (inside, outside) in inside.lines().zip(outside.lines()) {
        assert_ne!(inside, outside);
    }
}

#[test]
fn a_new_user_namespace_has_the_callers_user_as_the_one_that_was_named() {
    let program =
        shell("id -u; id -g; cat /proc/self/uid_map").new_user_namespace(UserId::new(7), GroupId::new(8));
    match program.spawn() {
        Err(error) if not_here(&error) || error.to_string().contains("max_") => return,
        Err(error) => panic!("{error}"),
        Ok(mut started) => {
            started.wait().unwrap();
        }
    }
    let text = printed(program);
    let mut lines = text.lines();
    assert_eq!((lines.next(), lines.next()), (Some("7"), Some("8")), "{text}");
    let own = rustix::process::geteuid().as_raw().to_string();
    assert_eq!(lines.next().unwrap().split_whitespace().collect::<Vec<_>>(), ["7", &own, "1"]);
}

#[test]
fn a_namespace_is_entered_by_its_descriptor() {
    if !is_root() {
        return;
    }
    let host = Program::new("/bin/sleep").argument("20").new_namespaces(NamespaceKinds::UTS);
    let mut host = match host.when_dropped(linux_support_process::spawn::WhenDropped::Kill).spawn() {
        Err(error) if not_here(&error) => return,
        host => host.unwrap(),
    };
    let path = format!("/proc/{}/ns/uts", host.pid());
    let there = std::fs::read_link(&path).unwrap();
    let step = Step::enter_namespace(&Namespace::open(&path).unwrap()).unwrap();
    let inside = printed(Program::new("/bin/readlink").argument("/proc/self/ns/uts").step(step));
    assert_eq!(inside.trim_end(), there.to_str().unwrap());
    host.send_signal(linux_support_base::Signal::KILL).unwrap();
    host.wait().unwrap();
}

#[test]
fn a_user_is_taken_with_no_group_of_the_callers_and_root_is_given_up() {
    let _alone = alone();
    if !is_root() {
        return;
    }
    let ids = "grep -E '^(Uid|Gid|Groups)' /proc/self/status";
    let program = shell(ids).credentials(UserId::new(1234), GroupId::new(2345), &[GroupId::new(3456)]);
    match program.spawn() {
        // A user namespace without these numbers.
        Err(error) if error.operation() == "set" => {
            println!("skipped: {error}");
            return;
        }
        Err(error) => panic!("{error}"),
        Ok(mut started) => {
            started.wait().unwrap();
        }
    }
    let dumpable = own::dumpable().unwrap();
    let text = printed(program);
    assert_eq!(
        text.replace(' ', ""),
        "Uid:\t1234\t1234\t1234\t1234\nGid:\t2345\t2345\t2345\t2345\nGroups:\t3456\n"
    );
    // The child shared the caller's memory, which must be as it was.
    assert_eq!(own::dumpable().unwrap(), dumpable);
    let error = shell(ids).credentials(UserId::new(u32::MAX), GroupId::new(1), &[]).spawn().unwrap_err();
    assert!(error.to_string().contains("below 4294967295"), "{error}");
}

#[test]
fn a_user_that_may_not_enter_the_directory_is_told_so() {
    let _alone = alone();
    if !is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
    let program = Program::new("/bin/true")
        .credentials(UserId::new(1234), GroupId::new(2345), &[])
        .directory(folder.path());
    let error = program.spawn().unwrap_err();
    if error.operation() == "set" {
        println!("skipped: {error}");
        return;
    }
    assert!(matches!(error.reason(), Reason::PermissionDenied { .. }), "{error}");
    assert_eq!(error.operation(), "change directory to");
}

#[test]
fn a_descriptor_that_is_no_control_group_is_refused() {
    let error = Program::new("/bin/true").cgroup(File::open("/").unwrap()).spawn().unwrap_err();
    assert!(error.to_string().contains("no control group") || not_here(&error), "{error}");
}

#[test]
fn numbers_that_can_not_be_had_are_refused() {
    let own = Pid::new(std::process::id().cast_signed()).unwrap();
    let taken = Program::new("/bin/true").numbers([own]).spawn().unwrap_err();
    assert!(taken.to_string().contains("has the number already") || not_here(&taken), "{taken}");
    let error = Program::new("/bin/true").numbers([Pid::new(i32::MAX).unwrap()]).spawn().unwrap_err();
    assert!(error.to_string().contains("are no process numbers") || not_here(&error), "{error}");
}

mod lab {
    mod any {
        use std::fs::{self, File};

        use linux_support_process::spawn::{Program, WhenDropped};

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_program_is_born_into_a_control_group() {
            let path = "/sys/fs/cgroup/spawned";
            if let Err(error) = fs::create_dir(path) {
                println!("skipped: {error}");
                return;
            }
            let program = Program::new("/bin/sleep").argument("20").when_dropped(WhenDropped::Kill);
            let started = program.cgroup(File::open(path).unwrap()).spawn().unwrap();
            let group = fs::read_to_string(format!("/proc/{}/cgroup", started.pid())).unwrap();
            assert!(group.lines().any(|line| line == "0::/spawned"), "{group}");
            assert_eq!(
                fs::read_to_string(format!("{path}/cgroup.procs")).unwrap().trim(),
                started.pid().to_string()
            );
            drop(started);
            // One with controllers of resources for its children takes no process.
            let enabled = fs::write("/sys/fs/cgroup/cgroup.subtree_control", "+memory")
                .and_then(|()| fs::write(format!("{path}/cgroup.subtree_control"), "+memory"));
            match enabled {
                Ok(()) => {
                    let error =
                        Program::new("/bin/true").cgroup(File::open(path).unwrap()).spawn().unwrap_err();
                    assert!(error.to_string().contains("enabled for its children"), "{error}");
                }
                Err(error) => println!("skipped the second half: {error}"),
            }
            fs::remove_dir(path).unwrap();
        }
    }
}
