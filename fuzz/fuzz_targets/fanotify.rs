#![no_main]

use libfuzzer_sys::fuzz_target;
use linux_support_fd::{FanotifyInformation, FanotifyRecords};
use linux_support_fuzz::check;

fuzz_target!(|bytes: &[u8]| {
    for record in FanotifyRecords::parse(bytes) {
        if let Ok(record) = record.clone() {
            record.information.for_each(|information| check(bytes, information));
        }
        check(bytes, record);
    }
    for information in FanotifyInformation::parse(bytes) {
        check(bytes, information);
    }
});
