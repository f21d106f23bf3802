//! What of namespaces holds in a process of several threads.

use linux_support_fd::namespace::Namespace;
use linux_support_security::{
    Scope,
    capability::{Capabilities, Capability, CapabilitySet},
    namespace::{NamespaceKinds, enter, unshare},
};

use crate::{has, in_a_thread};

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator has threads of its own")]
fn a_process_of_several_threads_makes_no_user_namespace_and_is_told_why() {
    let error = unshare(NamespaceKinds::USER).unwrap_err().to_string();
    assert!(error.contains("one thread only"), "{error}");
    assert!(unshare(NamespaceKinds::empty()).unwrap_err().to_string().contains("at least one kind"));
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator has threads of its own")]
fn a_thread_has_mounts_and_a_name_of_its_own() {
    if !has(CapabilitySet::of([Capability::SYS_ADMIN, Capability::SYS_CHROOT])) {
        return;
    }
    let thread = |name: &str| Namespace::open(format!("/proc/thread-self/ns/{name}")).unwrap();
    let before = ["uts", "mnt"].map(thread);
    in_a_thread(move || {
        unshare(NamespaceKinds::UTS | NamespaceKinds::MOUNT).unwrap();
        for (name, before) in ["uts", "mnt"].iter().zip(&before) {
            assert!(!thread(name).is_same_as(before).unwrap(), "{name}");
            enter(before).unwrap();
            assert!(thread(name).is_same_as(before).unwrap(), "{name}");
        }
    });
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator has threads of its own")]
fn without_the_capability_it_is_named() {
    in_a_thread(|| {
        Capabilities::default().set(Scope::Thread).unwrap();
        for done in [unshare(NamespaceKinds::UTS), enter(&Namespace::open("/proc/self/ns/uts").unwrap())] {
            let error = done.unwrap_err().to_string();
            assert!(error.ends_with("permission denied: needs CAP_SYS_ADMIN"), "{error}");
        }
    });
}
