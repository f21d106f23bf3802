use linux_support_base::{AddressRange, Errno, Reason};
use linux_support_memory::mapping::{
    Advice, Field, LockAll, MapOptions, RemoteAdvice, VmFlags, advise_process, lock_all_memory,
};

use super::{page, pages, smaps_of};

#[test]
fn advice_that_the_kernel_notes_is_noted() {
    let memory = MapOptions::new().private(pages(512)).unwrap();
    let flags = || smaps_of(memory.range(), |entry| entry.flags.unwrap()).unwrap();
    for (set, flag, unset) in [
        (Advice::Random, VmFlags::RANDOM_READ, Advice::Normal),
        (Advice::Sequential, VmFlags::SEQUENTIAL_READ, Advice::Normal),
        (Advice::DoNotFork, VmFlags::DO_NOT_COPY, Advice::Fork),
        (Advice::WipeOnFork, VmFlags::WIPE_ON_FORK, Advice::KeepOnFork),
        (Advice::DoNotDump, VmFlags::DO_NOT_DUMP, Advice::Dump),
        (Advice::HugePages, VmFlags::HUGE_PAGE_ADVISED, Advice::NoHugePages),
        (Advice::Mergeable, VmFlags::MERGEABLE, Advice::Unmergeable),
    ] {
        if let Err(error) = memory.advise(.., set) {
            assert_eq!(error.reason().name(), "not-configured", "{error}");
            continue;
        }
        assert!(flags().contains(flag), "{set:?}");
        memory.advise(.., unset).unwrap();
        assert!(!flags().contains(flag), "{unset:?}");
    }
}

#[test]
fn all_advice_leaves_the_bytes_as_they_are() {
    let mut memory = MapOptions::new().private(pages(1024)).unwrap();
    memory.as_bytes_mut().fill(7);
    for &advice in Advice::ALL {
        // Frames that are taken out of use are missed by the machine.
        if advice == Advice::SoftOffline {
            continue;
        }
        if let Err(error) = memory.advise(.., advice) {
            let explained = match error.reason() {
                Reason::NotConfigured { .. } => true,
                // No swap, no huge page now.
                Reason::System(errno) => {
                    [Errno::INVAL, Errno::AGAIN, Errno::NOMEM, Errno::BUSY].contains(errno)
                }
                _ => false,
            };
            assert!(explained, "{error}");
        }
        assert!(memory.as_bytes().iter().all(|&byte| byte == 7), "{advice:?}");
    }
    assert_eq!((Advice::Collapse.number(), Advice::Collapse.name()), (25, "MADV_COLLAPSE"));
}

#[test]
fn what_is_discarded_is_zero_and_the_rest_stays() {
    let mut memory = MapOptions::new().private(pages(3)).unwrap();
    memory.as_bytes_mut().fill(7);
    memory.discard(page()..2 * page()).unwrap();
    assert_eq!((memory.as_bytes()[page() - 1], memory.as_bytes()[page()]), (7, 0));
    assert_eq!((memory.as_bytes()[2 * page() - 1], memory.as_bytes()[2 * page()]), (0, 7));
}

#[test]
fn what_is_locked_is_discarded_only_by_name() {
    let mut memory = MapOptions::new().private(pages(2)).unwrap();
    memory.as_bytes_mut().fill(7);
    memory.lock(..).unwrap();
    assert!(memory.discard(..).is_err());
    assert_eq!(memory.as_bytes()[0], 7);
    memory.discard_locked(..).unwrap();
    assert_eq!(memory.as_bytes()[0], 0);
}

#[test]
fn locking_brings_pages_in_and_on_fault_waits_for_their_use() {
    let locked = |range| smaps_of(range, |entry| entry.memory.get(Field::Locked).unwrap()).unwrap();
    let memory = MapOptions::new().private(pages(4)).unwrap();
    memory.lock(..2 * page()).unwrap();
    let residency = memory.residency(..).unwrap();
    assert!(residency.iter().eq([true, true, false, false]));
    assert_eq!(locked(memory.range()), pages(2));
    memory.unlock(..).unwrap();
    assert_eq!(locked(memory.range()).get(), 0);

    let mut memory = MapOptions::new().private(pages(4)).unwrap();
    memory.lock_on_fault(..).unwrap();
    assert_eq!(memory.residency(..).unwrap().resident(), 0);
    memory.as_bytes_mut()[0] = 1;
    assert_eq!(locked(memory.range()), pages(1));
}

#[test]
fn locking_all_needs_to_be_told_what() {
    let error = lock_all_memory(LockAll::ON_FAULT).unwrap_err();
    assert!(error.to_string().ends_with("needs CURRENT, FUTURE or both"), "{error}");
}

#[test]
fn another_process_is_advised_through_its_pidfd() {
    let mut memory = MapOptions::new().private(pages(2)).unwrap();
    memory.as_bytes_mut().fill(7);
    let own =
        rustix::process::pidfd_open(rustix::process::getpid(), rustix::process::PidfdFlags::empty()).unwrap();
    match advise_process(&own, &[memory.range()], RemoteAdvice::Cold) {
        Ok(advised) => assert_eq!(advised, pages(2)),
        Err(error) => assert_eq!(error.reason().name(), "permission-denied", "{error}"),
    }
    let invalid = |ranges: &[AddressRange]| {
        let error = advise_process(&own, ranges, RemoteAdvice::Cold).unwrap_err();
        assert_eq!(error.reason().name(), "invalid", "{error}");
        error.to_string()
    };
    let start = memory.range().start();
    assert!(invalid(&[AddressRange::new(start + 1, start + 2).unwrap()]).contains("whole pages"));
    assert!(invalid(&[AddressRange::new(start, start).unwrap()]).contains("at least one"));
    assert!(invalid(&vec![memory.range(); 1025]).contains("1024 at most"));
    assert!(advise_process(std::io::stdin(), &[memory.range()], RemoteAdvice::Cold).is_err());
    assert!(memory.as_bytes().iter().all(|&byte| byte == 7));
}
