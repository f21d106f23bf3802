//! Namespaces, BPF objects and performance counters, as descriptors that are held and passed on.

use std::{fs::File, os::fd::OwnedFd};

use linux_support_base::{Errno, Error, Pid, Reason};
use linux_support_fd::{
    BpfDescriptor, Descriptor, PerfEvent,
    namespace::{Namespace, NamespaceKind},
};

use crate::open::Open;

fn reason<T>(result: Result<T, Error>) -> Reason {
    result.map(|_| ()).unwrap_err().reason().clone()
}

fn own(name: &str) -> Namespace {
    Namespace::open(format!("/proc/self/ns/{name}")).unwrap()
}

#[test]
fn each_kind_is_told() {
    let _open = Open::watched();
    let kinds = [
        ("mnt", NamespaceKind::Mount),
        ("uts", NamespaceKind::Uts),
        ("ipc", NamespaceKind::Ipc),
        ("user", NamespaceKind::User),
        ("pid", NamespaceKind::Pid),
        ("net", NamespaceKind::Network),
        ("cgroup", NamespaceKind::Cgroup),
        ("time", NamespaceKind::Time),
    ];
    for (name, kind) in kinds {
        let namespace = own(name);
        assert_eq!(namespace.kind().unwrap(), kind, "{name}");
        assert!(namespace.is_close_on_exec().unwrap());
        let twin = Namespace::try_from(OwnedFd::from(namespace.try_clone().unwrap())).unwrap();
        assert!(
            twin.is_same_as(&namespace).unwrap() && !twin.is_same_as(&own("uts")).unwrap() || name == "uts"
        );
    }
}

#[test]
fn owners_and_parents_are_found_as_far_as_they_are_in_sight() {
    let _open = Open::watched();
    let user = own("user");
    assert!(own("net").user_namespace().unwrap().kind().unwrap() == NamespaceKind::User);
    assert_eq!(reason(own("uts").owner()), Reason::System(Errno::INVAL));
    assert_eq!(reason(own("uts").parent()), Reason::System(Errno::INVAL));
    assert_eq!(reason(user.parent()), Reason::PermissionDenied { capability: None });
    // In a user namespace of its own, a process sees what it was made from.
    let child = crate::child::Child::doing(|| {
        #[expect(unsafe_code, reason = "nothing safe leaves a user namespace")]
        // SAFETY: the child has one thread, and shares nothing.
        let left = unsafe { libc::unshare(libc::CLONE_NEWUSER) };
        if left != 0 {
            // The machine allows no more of them.
            return;
        }
        let inner = own("user");
        assert!(!inner.is_same_as(&user).unwrap());
        assert_eq!(reason(inner.parent()), Reason::PermissionDenied { capability: None });
        assert_eq!(reason(user.owner()), Reason::PermissionDenied { capability: None });
    });
    assert!(child.end().exit_status().is_some());
}

#[test]
fn numbers_of_processes_are_translated() {
    let _open = Open::watched();
    let namespace = own("pid");
    let process = Pid::new(std::process::id() as i32).unwrap();
    let thread = Pid::new(crate::signals::this_thread()).unwrap();
    match namespace.thread_here(thread) {
        Ok(here) => {
            assert_eq!(here, thread);
            assert_eq!(namespace.process_here(thread).unwrap(), process);
            assert_eq!(namespace.thread_there(thread).unwrap(), thread);
            assert_eq!(namespace.process_there(thread).unwrap(), process);
            let none = Pid::new(i32::MAX).unwrap();
            assert_eq!(reason(namespace.thread_here(none)), Reason::Gone);
        }
        Err(error) => assert_eq!(error.reason(), &Reason::System(Errno::NOTTY), "before Linux 6.11"),
    }
}

#[test]
fn mount_namespaces_have_numbers_and_neighbours() {
    let _open = Open::watched();
    let namespace = own("mnt");
    let id = match namespace.id() {
        Ok(id) => id,
        Err(error) => {
            assert_eq!(error.reason(), &Reason::System(Errno::NOTTY));
            return println!("skipped: before Linux 6.11 mount namespaces tell no number");
        }
    };
    match namespace.mounts() {
        Ok(mounts) => {
            let lines = std::fs::read_to_string("/proc/self/mountinfo").unwrap().lines().count();
            // It counts those above the process's root as well.
            assert!(mounts.id == id && mounts.mounts as usize >= lines, "{mounts:?}, {lines} lines");
        }
        Err(error) => assert_eq!(error.reason(), &Reason::System(Errno::NOTTY), "before 6.12"),
    }
    match namespace.next_mount_namespace().or_else(|_| namespace.previous_mount_namespace()) {
        Ok(other) => {
            assert_eq!(other.kind().unwrap(), NamespaceKind::Mount);
            assert_ne!(other.id().unwrap(), id);
        }
        Err(error) => assert!(
            matches!(error.reason(), Reason::Absent | Reason::PermissionDenied { .. } | Reason::System(_)),
            "{error}"
        ),
    }
    assert!(own("uts").mounts().is_err());
}

#[test]
fn descriptors_of_other_kinds_are_refused() {
    let _open = Open::watched();
    let null = || OwnedFd::from(File::open("/dev/null").unwrap());
    let ending = |error: Error| error.to_string().rsplit(": ").next().unwrap().to_owned();
    let error = Namespace::try_from(null()).unwrap_err();
    assert!(error.to_string().ends_with("is no namespace, but character device 1:3"), "{error}");
    let error = Namespace::open("/proc/version").unwrap_err();
    assert_eq!(ending(error), "is no namespace, but regular file");
    assert!(BpfDescriptor::try_from(null()).is_err() && PerfEvent::try_from(null()).is_err());
}

mod lab {
    mod any {
        #![expect(unsafe_code, reason = "nothing safe makes them")]

        use std::os::fd::{FromRawFd, OwnedFd};

        use linux_support_fd::{BpfDescriptor, BpfObject, PerfEvent};

        use crate::open::Open;

        fn made(returned: libc::c_long) -> OwnedFd {
            assert!(returned >= 0, "{}", std::io::Error::last_os_error());
            // SAFETY: the kernel has just opened it for the caller.
            unsafe { OwnedFd::from_raw_fd(returned as i32) }
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_map_is_held_as_what_it_is() {
            let _open = Open::watched();
            // An array of one value of 4 bytes.
            let mut attributes = [0u32; 32];
            attributes[..4].copy_from_slice(&[2, 4, 4, 1]);
            // SAFETY: BPF_MAP_CREATE reads this many bytes of attributes.
            let map = unsafe { libc::syscall(libc::SYS_bpf, 0, attributes.as_ptr(), 128) };
            let map = BpfDescriptor::try_from(made(map)).unwrap();
            assert_eq!(map.object().unwrap(), BpfObject::Map);
            let error = PerfEvent::try_from(OwnedFd::from(map)).unwrap_err();
            assert!(error.to_string().ends_with("is no perf event, but bpf-map"), "{error}");
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_counter_is_held() {
            let _open = Open::watched();
            // A counter of the software (1) for the CPU clock (0).
            let mut attributes = [0u32; 16];
            attributes[..2].copy_from_slice(&[1, 64]);
            // SAFETY: it reads as many bytes of attributes as their second word says.
            let counter = unsafe {
                let close_on_exec = 1 << 3;
                libc::syscall(libc::SYS_perf_event_open, attributes.as_ptr(), 0, -1, -1, close_on_exec)
            };
            let counter = PerfEvent::try_from(made(counter)).unwrap();
            let clone = counter.try_clone().unwrap();
            let error = BpfDescriptor::try_from(OwnedFd::from(clone)).unwrap_err();
            assert!(error.to_string().ends_with("is no bpf object, but perf event"), "{error}");
        }
    }
}
