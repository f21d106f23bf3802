//! What is measured in pages, on machines whose pages are larger too.

use std::{io::Read, thread};

use linux_support_base::Bytes;
use linux_support_fd::{
    GivenPages, pipe,
    user_fault::{
        FaultAccess, FillFlags, Region, UserFault, UserFaultEvent, UserFaultFeatures, WatchedFaults,
    },
};

use crate::open::Open;

fn check_pages() {
    let page = rustix::param::page_size() as u64;
    let (mut reader, writer) = pipe().unwrap();
    assert_eq!(writer.set_capacity(Bytes::new(1)).unwrap(), Bytes::new(page));
    writer.set_capacity(Bytes::new(4 * page)).unwrap();
    let mut given = GivenPages::new(Bytes::new(page + 1)).unwrap();
    given.bytes_mut().fill(7);
    assert_eq!(writer.give(&mut given).unwrap(), page as usize + 1);
    drop(writer);
    let mut read = Vec::new();
    assert_eq!(reader.read_to_end(&mut read).unwrap() as u64, page + 1);

    assert!(
        Region::private(Bytes::new(page / 2)).is_err() && Region::private(Bytes::new(page * 3 / 2)).is_err()
    );
    let region = Region::private(Bytes::new(2 * page)).unwrap();
    let faults = UserFault::new(FaultAccess::UserModeOnly, UserFaultFeatures::empty()).unwrap();
    faults.register(region.pages(), WatchedFaults::MISSING).unwrap();
    thread::scope(|threads| {
        let faults = faults;
        threads.spawn(|| {
            let mut last = [0];
            region.read(2 * page - 1, &mut last).unwrap();
            assert_eq!(last, [9]);
        });
        let UserFaultEvent::PageFault(fault) = faults.read().unwrap() else { panic!("no fault") };
        assert_eq!(fault.address, region.address() + page);
        let contents = vec![9; page as usize];
        assert_eq!(faults.copy(fault.address, &contents, FillFlags::empty()).unwrap(), page);
    });
}

#[test]
fn the_page_size_is_not_4_kib_everywhere() {
    let _open = Open::watched();
    check_pages();
}

mod lab {
    mod any {
        use super::super::*;

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn the_page_size_is_not_4_kib_everywhere() {
            let _open = Open::watched();
            check_pages();
        }
    }
}
