#![no_main]

use libfuzzer_sys::fuzz_target;
use linux_support_fd::{
    block_device::ZoneReport, directory::DirectoryRecords, lock::HeldLocks, user_fault::UserFaultEvent,
};
use linux_support_fuzz::check;

fuzz_target!(|bytes: &[u8]| {
    for record in DirectoryRecords::new(bytes) {
        check(bytes, record);
    }
    if let Ok(report) = ZoneReport::parse(bytes) {
        for zone in report.zones() {
            check(bytes, zone);
        }
    }
    check(bytes, HeldLocks::parse(bytes));
    for message in bytes.chunks(32) {
        check(message, UserFaultEvent::parse(message));
    }
});
