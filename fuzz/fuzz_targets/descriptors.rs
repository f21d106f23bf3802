#![no_main]

use libfuzzer_sys::fuzz_target;
use linux_support_base::{Signal, SignalSet, signal::SignalInformation};
use linux_support_fd::{PidFdInformation, Watched};
use linux_support_fuzz::check;

fuzz_target!(|bytes: &[u8]| {
    for record in SignalInformation::parse_records(bytes) {
        check(bytes, record.map(|record| record.cause.description()));
    }
    for siginfo in bytes.chunks(SignalInformation::SIZE) {
        check(bytes, SignalInformation::parse(siginfo));
    }
    check(bytes, Signal::parse(bytes));
    check(bytes, SignalSet::parse_list(bytes));
    check(bytes, PidFdInformation::parse(bytes));
    check(bytes, Watched::<u64>::parse_all(bytes));
});
