use std::num::NonZeroU64;

use linux_support_base::{Bytes, Machine, PageSize, Reason};
use linux_support_memory::{
    huge_page,
    mapping::{Advice, MapOptions, ReadOnly, Sharing},
};

use super::{page, pages};

fn said(error: linux_support_base::Error) -> String {
    assert!(matches!(error.reason(), Reason::Invalid(_)), "{error}");
    error.to_string()
}

#[test]
fn lengths_of_zero_and_lengths_that_overflow_are_refused_with_what_would_do() {
    for length in [0, 1 << 63, u64::MAX, u64::MAX - 1] {
        let text = said(MapOptions::new().private(Bytes::new(length)).unwrap_err());
        assert!(text.contains(&format!("{length} bytes: a length is from 1 to ")), "{text}");
        said(MapOptions::new().shared(Bytes::new(length)).unwrap_err());
        said(MapOptions::new().guarded(Bytes::new(length)).unwrap_err());
    }
    let error = MapOptions::new().private(Bytes::new(1 << 62)).unwrap_err();
    assert_eq!(error.reason().name(), "failed");
}

#[test]
fn addresses_and_offsets_between_pages_are_refused_with_what_would_do() {
    let at = |address| MapOptions::new().at(NonZeroU64::new(address).unwrap());
    let text = said(at(0x1001).private(pages(1)).unwrap_err());
    assert!(text.contains("address 0x1001: it is a multiple of the page size"), "{text}");
    let last = u64::MAX - page() as u64 + 1;
    assert!(said(at(last).private(pages(1)).unwrap_err()).contains("no room behind it"));
    assert!(at(last - page() as u64).private(pages(1)).is_err());

    let file = tempfile::tempfile().unwrap();
    let map =
        |offset| MapOptions::new().file::<ReadOnly>(&file, Sharing::Shared, offset, pages(1)).unwrap_err();
    assert!(said(map(1)).contains("offset 1: it is a multiple of"));
    assert!(said(map(last)).contains("ends at 2^63 - 1"));
}

#[test]
fn ranges_that_cut_pages_or_lie_outside_change_nothing() {
    let mut memory = MapOptions::new().private(pages(2)).unwrap();
    memory.as_bytes_mut().fill(7);
    for range in [1..page(), 0..1, page()..page(), 0..3 * page(), 2 * page()..3 * page()] {
        said(memory.discard(range.clone()).unwrap_err());
        said(memory.advise(range.clone(), Advice::PageOut).unwrap_err());
        said(memory.lock(range.clone()).unwrap_err());
        said(memory.residency(range).unwrap_err());
    }
    assert!(memory.as_bytes().iter().all(|&byte| byte == 7));
}

#[test]
fn a_pool_without_pages_is_named_and_so_are_the_sizes_that_there_are() {
    let pools = huge_page::pools(&Machine::live().unwrap()).unwrap_or_default();
    let size = |bytes| PageSize::new(Bytes::new(bytes)).unwrap();
    for pool in &pools {
        // More than any machine has.
        let length = Bytes::new(1 << 50);
        let text = said(MapOptions::new().huge_pages(pool.size).private(length).unwrap_err());
        assert!(text.contains(&format!("hugepages-{}kB", pool.size.bytes().kib())), "{text}");
    }
    if let Some(pool) = pools.first() {
        let text = said(MapOptions::new().huge_pages(size(1 << 40)).private(Bytes::new(1)).unwrap_err());
        assert!(
            text.contains("this machine has pools of") && text.contains(&pool.size.to_string()),
            "{text}"
        );
    }
    let file = tempfile::tempfile().unwrap();
    let error =
        MapOptions::new().huge_pages(size(1 << 21)).file::<ReadOnly>(&file, Sharing::Shared, 0, pages(1));
    said(error.unwrap_err());
}
