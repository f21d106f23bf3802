//! Capabilities, beside what getpcaps, capsh, getcap and setcap say.

use std::fs;

use linux_support_base::{Machine, Pid};
use linux_support_security::{
    Scope,
    capability::{
        Capabilities, Capability, CapabilitySet, FileCapabilities, SecureBits, clear_ambient, drop_all_but,
        drop_from_bounding, keep_capabilities, keeps_capabilities, lower_ambient, raise_ambient,
    },
};

use crate::{has, in_a_thread, in_child, run};

fn own_pid() -> Pid {
    Pid::new(std::process::id().cast_signed()).unwrap()
}

/// `cap_kill,cap_chown` of a set.
fn in_libcaps_words(set: CapabilitySet) -> String {
    set.names().map(|name| name.to_lowercase()).collect::<Vec<_>>().join(",")
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator's own threads are among those of /proc")]
fn getpcaps_and_capsh_see_what_was_left() {
    let needed = CapabilitySet::of([Capability::SETPCAP, Capability::KILL, Capability::NET_RAW]);
    if !in_child("capability::getpcaps_and_capsh_see_what_was_left") || !has(needed) {
        return;
    }
    let left = CapabilitySet::of([Capability::KILL, Capability::NET_RAW]);
    drop_all_but(left, Scope::Process).unwrap();
    let machine = Machine::live().unwrap();
    let now = Capabilities::of_caller().unwrap();
    assert_eq!(Capabilities::of(&machine, own_pid()).unwrap(), now);
    assert_eq!((now.permitted, now.effective, now.bounding), (left, left, left));
    if let Some(said) = run("getpcaps", &[&std::process::id().to_string()]) {
        let said =
            String::from_utf8_lossy(&said.stdout).into_owned() + &String::from_utf8_lossy(&said.stderr);
        assert_eq!(said.trim(), format!("{}: {}=ep", std::process::id(), in_libcaps_words(left)));
    }
    if let Some(said) = run("capsh", &["--print"]) {
        let said = String::from_utf8(said.stdout).unwrap();
        assert!(said.lines().any(|line| line == "Bounding set =cap_kill,cap_net_raw"), "{said}");
    }
    let error = drop_all_but(CapabilitySet::EMPTY, Scope::Process).unwrap_err();
    assert_eq!(error.to_string(), "drop the bounding set: permission denied: needs CAP_SETPCAP");
    assert_eq!(Capabilities::of_caller().unwrap(), now);
}

#[test]
fn capsh_has_the_same_names() {
    let all = CapabilitySet::of_kernel(&Machine::live().unwrap()).unwrap() & CapabilitySet::KNOWN;
    let Some(said) = run("capsh", &[&format!("--decode={all}")]) else { return };
    let said = String::from_utf8(said.stdout).unwrap();
    assert_eq!(said.trim(), format!("0x{all}={}", in_libcaps_words(all)));
}

#[test]
fn every_process_has_its_sets() {
    let machine = Machine::live().unwrap();
    let own = Capabilities::of(&machine, own_pid()).unwrap();
    assert!(own.effective.is_subset_of(own.permitted) && own.ambient.is_subset_of(own.permitted));
    assert!(Capabilities::of(&machine, Pid::new(i32::MAX).unwrap()).unwrap_err().is_absent());
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator has threads of its own")]
fn the_ambient_set_grows_and_shrinks() {
    if !has(CapabilitySet::of([Capability::KILL, Capability::CHOWN])) {
        return;
    }
    in_a_thread(|| {
        let both = CapabilitySet::of([Capability::KILL, Capability::CHOWN]);
        let error = raise_ambient(both - Capabilities::of_caller().unwrap().inheritable, Scope::Thread);
        assert!(error.unwrap_err().to_string().contains("CAP_CHOWN must be permitted and inheritable"));
        let mut sets = Capabilities::of_caller().unwrap();
        sets.inheritable = both;
        sets.set(Scope::Thread).unwrap();
        raise_ambient(both, Scope::Thread).unwrap();
        assert_eq!(Capabilities::of_caller().unwrap().ambient, both);
        lower_ambient(CapabilitySet::of([Capability::KILL]), Scope::Thread).unwrap();
        assert_eq!(Capabilities::of_caller().unwrap().ambient, CapabilitySet::of([Capability::CHOWN]));
        clear_ambient(Scope::Thread).unwrap();
        assert!(Capabilities::of_caller().unwrap().ambient.is_empty());
    });
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator has threads of its own")]
fn sets_that_can_not_be_are_refused_with_the_capability() {
    in_a_thread(|| {
        let mut sets = Capabilities::of_caller().unwrap();
        sets.permitted = CapabilitySet::EMPTY;
        sets.effective = CapabilitySet::EMPTY;
        sets.inheritable = CapabilitySet::EMPTY;
        sets.set(Scope::Thread).unwrap();
        let kill = CapabilitySet::of([Capability::KILL]);
        let more = sets;
        let mut permitted = more;
        permitted.permitted = kill;
        let error = permitted.set(Scope::Thread).unwrap_err();
        assert_eq!(error.to_string(), "set capabilities: permission denied: needs CAP_KILL");
        let mut effective = more;
        effective.effective = kill;
        let error = effective.set(Scope::Thread).unwrap_err().to_string();
        assert!(error.contains("CAP_KILL would be effective without being permitted"), "{error}");
        let mut inheritable = more;
        inheritable.inheritable = CapabilitySet::of([Capability::new(63).unwrap()]);
        let error = inheritable.set(Scope::Thread).unwrap_err().to_string();
        assert!(error.contains("CAP_63 would be inheritable, and is not in the bounding set"), "{error}");
        assert_eq!(Capabilities::of_caller().unwrap(), sets);
    });
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator has threads of its own")]
fn the_bounding_set_only_shrinks() {
    if !has(CapabilitySet::of([Capability::SETPCAP])) {
        return;
    }
    in_a_thread(|| {
        let before = Capabilities::of_caller().unwrap().bounding;
        let drop = CapabilitySet::of([Capability::SETPCAP, Capability::SYSLOG]);
        drop_from_bounding(drop, Scope::Thread).unwrap();
        assert_eq!(Capabilities::of_caller().unwrap().bounding, before - drop);
        // What is gone already needs no privilege.
        Capabilities::default().set(Scope::Thread).unwrap();
        drop_from_bounding(drop, Scope::Thread).unwrap();
    });
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator has threads of its own")]
fn locked_secure_bits_stay() {
    if !has(CapabilitySet::of([Capability::SETPCAP])) {
        return;
    }
    in_a_thread(|| {
        keep_capabilities(true, Scope::Thread).unwrap();
        assert!(keeps_capabilities().unwrap());
        assert!(SecureBits::of_caller().unwrap().contains(SecureBits::KEEP_CAPABILITIES));
        SecureBits::ROOT_IS_NOBODY.apply(Scope::Thread).unwrap();
        assert_eq!(SecureBits::of_caller().unwrap(), SecureBits::ROOT_IS_NOBODY);
        assert!(!keeps_capabilities().unwrap());
        let error = SecureBits::empty().apply(Scope::Thread).unwrap_err().to_string();
        assert!(error.contains("is locked") && error.contains("NO_ROOT"), "{error}");
        let error = keep_capabilities(true, Scope::Thread).unwrap_err().to_string();
        assert!(error.contains("locked"), "{error}");
        let more = SecureBits::ROOT_IS_NOBODY | SecureBits::from_bits_retain(1 << 20);
        assert!(more.apply(Scope::Thread).is_err());
    });
}

#[test]
fn getcap_reads_what_was_written_and_the_reverse() {
    if !has(CapabilitySet::of([Capability::SETFCAP])) {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("program");
    let file = fs::File::create(&path).unwrap();
    let set = CapabilitySet::of([Capability::CHOWN, Capability::NET_RAW]);
    let capabilities = FileCapabilities::permitted_and_effective(set);
    match capabilities.write(&path) {
        Err(error) if error.to_string().contains("not supported") => {
            println!("skipped: {error}");
            return;
        }
        written => written.unwrap(),
    }
    assert_eq!(FileCapabilities::of(&file).unwrap(), Some(capabilities));
    let name = path.to_str().unwrap();
    if let Some(said) = run("getcap", &[name]) {
        assert_eq!(
            String::from_utf8(said.stdout).unwrap().trim(),
            format!("{name} cap_chown,cap_net_raw=ep")
        );
    }
    assert!(FileCapabilities::remove(&path).unwrap());
    assert!(!FileCapabilities::remove_from(&file).unwrap());
    assert_eq!(FileCapabilities::read(&path).unwrap(), None);
    if let Some(said) = run("setcap", &["cap_kill=ip", name]) {
        assert!(said.status.success());
        let read = FileCapabilities::read(&path).unwrap().unwrap();
        let kill = CapabilitySet::of([Capability::KILL]);
        assert_eq!((read.permitted, read.inheritable, read.effective), (kill, kill, false));
    }
    in_a_thread(move || {
        Capabilities::default().set(Scope::Thread).unwrap();
        let error = capabilities.write(&path).unwrap_err().to_string();
        assert!(error.ends_with("permission denied: needs CAP_SETFCAP"), "{error}");
    });
}
