#![no_main]

use libfuzzer_sys::fuzz_target;
use linux_support_fd::{MessageQueueName, MessageQueueStatus, TerminalPacket};
use linux_support_fuzz::check;

fuzz_target!(|text: &[u8]| {
    check(text, MessageQueueStatus::parse(text));
    let _ = TerminalPacket::decode(text);
    let _ = MessageQueueName::new(text);
});
