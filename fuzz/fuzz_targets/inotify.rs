#![no_main]

use libfuzzer_sys::fuzz_target;
use linux_support_fd::InotifyRecords;
use linux_support_fuzz::check;

fuzz_target!(|bytes: &[u8]| {
    let mut taken = 0;
    for record in InotifyRecords::parse(bytes) {
        taken += InotifyRecords::HEADER;
        assert!(record.is_err() || taken <= bytes.len());
        check(bytes, record);
    }
});
