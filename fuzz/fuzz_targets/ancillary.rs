#![no_main]

use std::hint::black_box;

use libfuzzer_sys::fuzz_target;
use linux_support_fd::socket::{
    ancillary::{ControlMessage, ControlMessages},
    can::CanFrame,
};

fuzz_target!(|bytes: &[u8]| {
    let mut length = 0;
    for message in ControlMessages::parse(bytes) {
        length += match &message {
            ControlMessage::Descriptors(numbers) => 16 + 4 * black_box(*numbers).count(),
            ControlMessage::Unknown { data, .. } => 16 + data.len(),
            ControlMessage::Malformed(rest) => rest.len(),
            _ => 16,
        };
        black_box(format!("{message:?}"));
    }
    // Nothing is seen twice.
    assert!(length <= bytes.len());
    black_box(CanFrame::decode(bytes));
});
