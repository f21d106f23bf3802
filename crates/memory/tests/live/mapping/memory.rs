use linux_support_base::Bytes;
use linux_support_memory::mapping::{MapOptions, Mapping, ReadExecute, ReadOnly, ReadWrite, VmFlags};

use super::{page, pages, smaps_of};
use crate::reach::is_readable;

#[test]
fn new_memory_is_zero_in_whole_pages_and_holds_what_is_written() {
    let mut memory = MapOptions::new().private(Bytes::new(page() as u64 + 1)).unwrap();
    assert_eq!(memory.len(), 2 * page());
    assert!(memory.as_bytes().iter().all(|&byte| byte == 0));
    memory.as_bytes_mut()[page()] = 7;
    assert_eq!((memory.as_bytes()[page()], memory.as_bytes()[0]), (7, 0));
    assert_eq!(memory.range().length(), memory.len() as u64);
}

#[test]
fn memory_is_unmapped_when_it_is_dropped() {
    // With a neighbour on each side that stays, nothing else is put there.
    let whole = MapOptions::new().private(pages(3)).unwrap();
    let (first, rest) = whole.split_at(page()).unwrap();
    let (middle, last) = rest.split_at(page()).unwrap();
    let range = middle.range();
    assert!(is_readable(range.start()));
    drop(middle);
    assert!(!is_readable(range.start()) && !is_readable(range.end() - 1));
    assert!(is_readable(first.range().start()) && is_readable(last.range().end() - 1));
}

#[test]
fn memory_can_be_sent_to_threads_and_shared_with_them() {
    let mut memory = MapOptions::new().private(pages(1)).unwrap();
    memory.as_bytes_mut()[3] = 9;
    let memory = std::thread::spawn(move || {
        assert_eq!(memory.as_bytes()[3], 9);
        memory
    })
    .join()
    .unwrap();
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| assert_eq!(memory.as_bytes()[3], 9));
        }
    });
}

#[test]
fn the_kernel_protects_memory_as_its_type_says() {
    let seen = |mapping: linux_support_base::AddressRange| {
        smaps_of(mapping, |entry| entry.mapping.permissions.to_string()).unwrap()
    };
    let memory = MapOptions::new().reserved(pages(1)).unwrap();
    assert_eq!(seen(memory.range()), "---p");
    let mut memory = memory.protect::<ReadWrite>().unwrap();
    assert_eq!(seen(memory.range()), "rw-p");
    memory.as_bytes_mut()[0] = 0xc3;
    let memory = memory.protect::<ReadExecute>().unwrap();
    assert_eq!((seen(memory.range()), memory.as_bytes()[0]), ("r-xp".into(), 0xc3));
    let memory = memory.protect::<ReadOnly>().unwrap();
    assert_eq!(seen(memory.range()), "r--p");
    let mut memory = memory.allow_writing_and_executing().unwrap();
    assert_eq!((seen(memory.range()), memory.as_bytes_mut()[0]), ("rwxp".into(), 0xc3));
}

#[test]
fn a_place_that_is_taken_is_refused_and_one_that_is_free_is_had() {
    let memory = MapOptions::new().private(pages(3)).unwrap();
    let (first, rest) = memory.split_at(page()).unwrap();
    let (free, last) = rest.split_at(page()).unwrap();
    let address = std::num::NonZeroU64::new(free.range().start()).unwrap();
    let there = MapOptions::new().at(address);
    let error = there.private(pages(1)).unwrap_err();
    assert_eq!(error.reason(), &linux_support_base::Reason::System(linux_support_base::Errno::EXIST));
    assert!(error.to_string().contains(&format!("at {address:#x}")), "{error}");
    drop(free);
    let free = there.private(pages(1)).unwrap();
    assert_eq!(free.range().start(), address.get());
    assert_eq!((first.range().end(), free.range().end()), (address.get(), last.range().start()));
}

#[test]
fn what_is_populated_is_there_and_what_is_not_comes_with_use() {
    let memory = MapOptions::new().private(pages(8)).unwrap();
    assert_eq!(memory.residency(..).unwrap().resident(), 0);
    let memory = MapOptions::new().populate().private(pages(8)).unwrap();
    let residency = memory.residency(..).unwrap();
    assert_eq!((residency.pages(), residency.resident()), (8, 8));
}

#[test]
fn a_guard_is_on_each_end_and_the_memory_between_is_of_use() {
    for map in [MapOptions::guarded, MapOptions::stack] {
        let mut guarded = map(&MapOptions::new(), pages(4)).unwrap();
        let [before, behind] = guarded.guards();
        let memory = guarded.memory_mut();
        assert_eq!((memory.len(), before.length()), (4 * page(), page() as u64));
        memory.as_bytes_mut().fill(1);
        assert_eq!((before.end(), behind.start()), (memory.range().start(), memory.range().end()));
        for (address, readable) in [
            (before.end() - 1, false),
            (before.end(), true),
            (behind.start() - 1, true),
            (behind.start(), false),
        ] {
            assert_eq!(is_readable(address), readable, "{address:x}");
        }
    }
}

#[test]
fn guards_are_populated_around_and_can_be_taken_off() {
    let guarded = MapOptions::new().populate().guarded(pages(4)).unwrap();
    assert_eq!(guarded.memory().residency(..).unwrap().resident(), 4);

    let memory = MapOptions::new().populate().private(pages(1)).unwrap();
    let address = memory.range().start();
    let guard = memory.into_guard().unwrap();
    assert!(!is_readable(address));
    assert_eq!(guard.is_guard_region(), kernel_has(6, 13));
    let mut memory = guard.remove().unwrap();
    assert!(is_readable(address));
    memory.as_bytes_mut()[0] = 1;
}

#[test]
fn a_guard_over_a_part_that_is_locked_is_a_guard_and_goes_again() {
    let memory = MapOptions::new().private(pages(2)).unwrap();
    memory.lock(page()..).unwrap();
    let range = memory.range();
    let guard = memory.into_guard().unwrap();
    assert!(!is_readable(range.start()) && !is_readable(range.end() - 1));
    let mut memory = guard.remove().unwrap();
    memory.as_bytes_mut().fill(3);
    assert!(is_readable(range.start()) && is_readable(range.end() - 1));
}

#[test]
fn droppable_memory_is_marked_so_and_read_as_atomics() {
    let memory = match MapOptions::new().droppable(pages(2)) {
        Ok(memory) => memory,
        Err(error) => {
            assert!(!kernel_has(6, 11) && error.reason().name() == "kernel-too-old", "{error}");
            return println!("skipped: {error}");
        }
    };
    use std::sync::atomic::Ordering::Relaxed;
    memory.as_atomics()[1].store(5, Relaxed);
    // Locked, it can't be dropped.
    assert_eq!(memory.as_atomics().len(), 2 * page() / 8);
    let flags = smaps_of(memory.range(), |entry| entry.flags.unwrap()).unwrap();
    assert!(flags.contains(VmFlags::DROPPABLE), "{flags:?}");
    let mut bytes = [0; 8];
    memory.read_at(8, &mut bytes).unwrap();
    assert!([0, 5].contains(&u64::from_ne_bytes(bytes)));
}

#[test]
fn sealed_memory_stays_for_good() {
    let memory = MapOptions::new().private(pages(1)).unwrap();
    let sealed = match memory.seal_forever() {
        Ok(sealed) => sealed,
        Err(unchanged) => {
            assert!(!kernel_has(6, 10), "{unchanged}");
            return println!("skipped: before Linux 6.10 nothing is sealed");
        }
    };
    sealed.as_bytes_mut()[0] = 4;
    let range = sealed.range();
    let error = sealed.extend(pages(2)).unwrap_err();
    assert_eq!(error.reason().name(), "permission-denied", "{error}");
    drop(std::mem::replace(sealed, MapOptions::new().private(pages(1)).unwrap()));
    assert!(is_readable(range.start()));
}

pub(super) fn kernel_has(major: u16, minor: u16) -> bool {
    let release = linux_support_base::Machine::live().unwrap().kernel_release().unwrap();
    release.version() >= linux_support_base::KernelVersion::new(major, minor, 0)
}

const _: () = {
    const fn sendable<T: Send + Sync>() {}
    sendable::<Mapping<linux_support_memory::mapping::Private, ReadWrite>>();
    sendable::<Mapping<linux_support_memory::mapping::FileBacked, ReadOnly>>();
};
