use linux_support_base::Bytes;
use linux_support_memory::mapping::{Advice, MapOptions, ReadOnly};

use super::{page, pages};
use crate::reach::is_readable;

#[test]
fn growing_keeps_what_was_there_and_adds_zeros() {
    let mut memory = MapOptions::new().private(pages(1)).unwrap();
    memory.as_bytes_mut().fill(6);
    memory.extend(pages(512)).unwrap();
    assert_eq!(memory.len(), 512 * page());
    assert!(memory.as_bytes()[..page()].iter().all(|&byte| byte == 6));
    assert!(memory.as_bytes()[page()..].iter().all(|&byte| byte == 0));
}

#[test]
fn truncating_unmaps_the_end_alone() {
    let mut memory = MapOptions::new().populate().private(pages(4)).unwrap();
    memory.as_bytes_mut()[0] = 2;
    let range = memory.range();
    memory.truncate(Bytes::new(page() as u64 + 1)).unwrap();
    assert_eq!((memory.len(), memory.as_bytes()[0]), (2 * page(), 2));
    assert_eq!(memory.range().end(), range.end() - 2 * page() as u64);
    memory.truncate(pages(2)).unwrap();
    for (length, said) in [(0, "from 1 to"), (2 * page() as u64 + 1, "from 1 to"), (u64::MAX, "from 1 to")] {
        let error = memory.truncate(Bytes::new(length)).unwrap_err();
        assert!(error.to_string().contains(said) && memory.len() == 2 * page(), "{error}");
    }
}

#[test]
fn what_can_not_become_so_long_is_left_as_it_is() {
    let mut memory = MapOptions::new().private(pages(2)).unwrap();
    for length in [0, 1, page() as u64, u64::MAX, 1 << 63] {
        let error = memory.extend(Bytes::new(length)).unwrap_err();
        assert_eq!(error.reason().name(), "invalid", "{error}");
    }
    let error = memory.extend(Bytes::new(1 << 62)).unwrap_err();
    assert_eq!(error.reason().name(), "failed", "{error}");
    memory.as_bytes_mut()[page()] = 1;
    assert_eq!(memory.len(), 2 * page());
}

#[test]
fn pages_are_taken_into_another_mapping_and_leave_zeros() {
    let mut memory = MapOptions::new().private(pages(2)).unwrap();
    memory.as_bytes_mut().fill(8);
    let taken = memory.take().unwrap();
    assert!(taken.as_bytes().iter().all(|&byte| byte == 8));
    assert!(memory.as_bytes().iter().all(|&byte| byte == 0));
    assert_ne!(taken.range(), memory.range());
}

#[test]
fn a_mapping_is_parted_at_borders_of_pages_only() {
    let mut memory = MapOptions::new().private(pages(3)).unwrap();
    for middle in [0, 1, page() - 1, 3 * page(), 4 * page(), usize::MAX] {
        let unchanged = memory.split_at(middle).unwrap_err();
        assert!(unchanged.error.to_string().contains("it is a multiple of"), "{unchanged}");
        memory = unchanged.value;
    }
    let (first, second) = memory.split_at(2 * page()).unwrap();
    assert_eq!((first.len(), second.len()), (2 * page(), page()));
    let range = first.range();
    drop(first);
    assert!(!is_readable(range.start()) && is_readable(second.range().start()));
}

#[test]
fn what_is_freed_lazily_comes_back_as_it_was_or_empty() {
    let mut memory = MapOptions::new().private(pages(4)).unwrap();
    memory.as_bytes_mut().fill(5);
    let memory = memory.free_lazily().unwrap().reuse();
    for page in memory.as_bytes().chunks(page()) {
        assert!(page.iter().all(|&byte| byte == page[0]) && [0, 5].contains(&page[0]));
    }
    let memory = memory.free_lazily().unwrap().discard().unwrap();
    assert!(memory.as_bytes().iter().all(|&byte| byte == 0));
}

#[test]
fn what_is_locked_is_not_freed_lazily_and_comes_back_whole() {
    let mut memory = MapOptions::new().private(pages(2)).unwrap();
    memory.as_bytes_mut().fill(5);
    memory.lock(page()..).unwrap();
    let unchanged = memory.free_lazily().unwrap_err();
    assert_eq!(unchanged.error.reason().name(), "failed");
    let unchanged = unchanged.value.discard().unwrap_err();
    let memory = unchanged.value.reuse();
    assert!(memory.as_bytes()[page()..].iter().all(|&byte| byte == 5));
}

#[test]
fn a_protection_that_is_refused_gives_the_memory_back() {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(page() as u64).unwrap();
    let reading = std::fs::File::open(file.path()).unwrap();
    let shared = linux_support_memory::mapping::Sharing::Shared;
    let mapping = MapOptions::new().file::<ReadOnly>(&reading, shared, 0, pages(1)).unwrap();
    let unchanged = mapping.protect::<linux_support_memory::mapping::ReadWrite>().unwrap_err();
    assert_eq!(unchanged.error.reason().name(), "permission-denied", "{unchanged}");
    unchanged.value.read_at(0, &mut [0; 8]).unwrap();
}

#[test]
fn memory_that_was_advised_in_parts_can_still_be_used_where_it_does_not_grow() {
    let mut memory = MapOptions::new().private(pages(4)).unwrap();
    memory.advise(page()..2 * page(), Advice::DoNotDump).unwrap();
    if let Err(error) = memory.extend(pages(8)) {
        assert_eq!(error.reason(), &linux_support_base::Reason::System(linux_support_base::Errno::FAULT));
    }
    memory.as_bytes_mut().fill(1);
}
