#![no_main]

use libfuzzer_sys::fuzz_target;
use linux_support_fd::socket::packet::ring::{RingPacket, RingPackets};
use linux_support_fuzz::check;

fuzz_target!(|bytes: &[u8]| {
    let mut failed = false;
    // The kernel says how many there are: up to 2^32 - 1, that may all be the same.
    for packet in RingPackets::parse(bytes).take(1000) {
        assert!(!failed, "nothing follows an error");
        failed = packet.is_err();
        check(bytes, packet);
    }
    check(bytes, RingPacket::parse_frame(bytes));
});
