#![no_main]

use libfuzzer_sys::fuzz_target;
use linux_support_device::pci::{Address, Class, ErrorCounts, Location, PowerState, ResetMethod, Resources};
use linux_support_fuzz::check;

fuzz_target!(|text: &[u8]| {
    check(text, Address::parse(text));
    check(text, Class::parse(text));
    check(text, ErrorCounts::parse(text));
    check(text, Location::parse(text));
    check(text, PowerState::parse(text));
    check(text, Resources::parse(text));
    let _ = ResetMethod::parse_list(text);
});
