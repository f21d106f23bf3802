//! What a program may do: capabilities, secure bits, speculation, filters of system calls.

use linux_support_base::{Errno, Reason, Signal};
use linux_support_fd::ChildEvent;
use linux_support_process::{
    Speculation, Status,
    spawn::{Program, Stream},
};
use linux_support_security::{
    capability::{Capabilities, Capability, CapabilitySet, SecureBits},
    seccomp::{self, Action, AuditArchitecture, Enforcement, Policy, SystemCallSet},
    speculation::{Permission, Weakness},
};

use crate::{alone, is_root, printed, shell, text};

/// A program that prints its own status.
fn teller() -> Program {
    Program::new("/bin/cat").argument("/proc/self/status").error(Stream::Inherit)
}

fn status(program: Program) -> Status {
    Status::parse(printed(program).as_bytes()).unwrap()
}

/// Lets all calls pass but these, which are answered so.
fn all_but(calls: &[&str], answer: Action) -> seccomp::Program {
    let policy = Policy::new(Action::Allow).rule(SystemCallSet::of(calls).unwrap(), [], answer).unwrap();
    policy.compile(AuditArchitecture::NATIVE.unwrap()).unwrap()
}

#[test]
fn a_program_of_another_user_has_the_ambient_capabilities_and_no_others() {
    let _alone = alone();
    if !is_root() {
        return;
    }
    let one = CapabilitySet::of([Capability::NET_BIND_SERVICE]);
    let mut sets = Capabilities::default();
    (sets.effective, sets.permitted, sets.inheritable, sets.bounding, sets.ambient) =
        (one, one, one, one, one);
    let status = status(teller().credentials(65_534.into(), 65_534.into(), &[]).capabilities(sets));
    assert_eq!(status.users.effective, 65_534.into());
    for set in [
        status.capabilities_effective,
        status.capabilities_permitted,
        status.capabilities_inheritable,
        status.capabilities_bounding,
        status.capabilities_ambient,
    ] {
        assert_eq!(set, Some(one));
    }
}

#[test]
fn the_user_root_is_nobody_where_the_secure_bits_say_so() {
    let _alone = alone();
    if !is_root() {
        return;
    }
    let of_root = status(teller());
    assert_ne!(of_root.capabilities_effective, Some(CapabilitySet::EMPTY));
    let with_bits = status(teller().secure_bits(SecureBits::ROOT_IS_NOBODY));
    assert_eq!(with_bits.users.effective, 0.into());
    assert_eq!(with_bits.capabilities_effective, Some(CapabilitySet::EMPTY));
    assert_eq!(with_bits.capabilities_bounding, of_root.capabilities_bounding);
    // The bounding set is emptied while it may be, and the bits set with what is given up after them.
    let both = status(teller().capabilities(Capabilities::default()).secure_bits(SecureBits::ROOT_IS_NOBODY));
    assert_eq!(both.capabilities_permitted, Some(CapabilitySet::EMPTY));
    assert_eq!(both.capabilities_bounding, Some(CapabilitySet::EMPTY));
}

#[test]
fn a_capability_that_the_caller_lacks_is_no_childs() {
    let _alone = alone();
    let lacked = (0..64).filter_map(Capability::new).find(|capability| {
        capability.name().is_some() && !Capabilities::of_caller().unwrap().permitted.contains(*capability)
    });
    let Some(lacked) = lacked else { return println!("skipped: nothing is lacked") };
    let mut sets = Capabilities::of_caller().unwrap();
    sets.permitted = sets.permitted.with(lacked);
    let error = teller().capabilities(sets).spawn().unwrap_err();
    assert!(error.to_string().starts_with("set capabilities for /bin/cat: "), "{error}");
}

#[test]
fn speculation_is_forbidden_for_a_child_and_not_for_the_caller() {
    let _alone = alone();
    let state = match Weakness::StoreBypass.state() {
        Ok(state) if state.can_be_changed => state,
        other => return println!("skipped: {other:?}"),
    };
    let status = status(teller().speculation(Weakness::StoreBypass, Permission::ForbiddenForGood));
    assert_eq!(status.speculative_store_bypass, Some(Speculation::ThreadForceDisabled));
    assert_eq!(Weakness::StoreBypass.state().unwrap(), state);
    let error = teller().speculation(Weakness::StoreBypass, Permission::ForbiddenUntilExec).spawn();
    assert!(error.unwrap_err().to_string().contains("when the program runs"));
    assert!(teller().speculation(Weakness::StoreBypass, Permission::NotAffected).spawn().is_err());
}

#[test]
fn a_filter_holds_for_the_program_from_its_first_call() {
    let _alone = alone();
    let folder = tempfile::tempdir().unwrap();
    let made = folder.path().join("made");
    let filter = all_but(&["mkdir", "mkdirat"], Action::error(Errno::ROFS));
    let program = shell("mkdir \"$1\"; echo $?; grep ^Seccomp: /proc/self/status")
        .arguments([std::ffi::OsStr::new("sh"), made.as_os_str()])
        .error(Stream::Null)
        .no_new_privileges()
        .system_call_filter(&filter, Enforcement::of_thread());
    let printed = printed(program);
    assert_eq!(printed, "1\nSeccomp:\t2\n");
    assert!(!made.exists());
    std::fs::create_dir(&made).unwrap();
}

#[test]
fn a_filter_that_does_not_let_the_program_run_is_an_error_or_its_end() {
    let _alone = alone();
    let with = |answer| {
        teller()
            .no_new_privileges()
            .system_call_filter(&all_but(&["execveat"], answer), Enforcement::of_thread())
    };
    let error = with(Action::error(Errno::PERM)).spawn().unwrap_err();
    assert!(matches!(error.reason(), Reason::PermissionDenied { .. }), "{error}");
    assert!(error.to_string().starts_with("run /bin/cat"), "{error}");
    let mut killed = with(Action::KillProcess).output(Stream::Pipe).spawn().unwrap();
    assert_eq!(text(&mut killed.output), "");
    let event = killed.wait().unwrap().event;
    assert!(matches!(event, ChildEvent::Killed { signal: Signal::SYS, .. }), "{event:?}");
}

#[test]
fn a_filter_needs_the_capability_or_no_new_privileges() {
    let _alone = alone();
    if !is_root() {
        return;
    }
    let filter = all_but(&["mkdir"], Action::error(Errno::ROFS));
    let error = teller()
        .credentials(65_534.into(), 65_534.into(), &[])
        .system_call_filter(&filter, Enforcement::of_thread())
        .spawn()
        .unwrap_err();
    assert_eq!(*error.reason(), Reason::PermissionDenied { capability: Some("CAP_SYS_ADMIN") }, "{error}");
    assert!(error.to_string().contains("no_new_privileges, which would do too"), "{error}");
}
