#![no_main]

use libfuzzer_sys::fuzz_target;
use linux_support_fd::{PidFdInformation, SignalRecord, Watched};
use linux_support_fuzz::check;

fuzz_target!(|bytes: &[u8]| {
    for record in SignalRecord::parse_all(bytes) {
        check(bytes, record.map(|record| record.cause()));
    }
    check(bytes, PidFdInformation::parse(bytes));
    check(bytes, Watched::<u64>::parse_all(bytes));
});
