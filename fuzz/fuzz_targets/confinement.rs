#![no_main]

use std::hint::black_box;

use libfuzzer_sys::fuzz_target;
use linux_support_fuzz::check;
use linux_support_security::{
    capability::{Capabilities, CapabilitySet, CapabilityState, FileCapabilities},
    identity::{Groups, SubordinateRanges, Users},
    namespace::{GroupSetting, ProjectIdMap, TimeOffsets, UserIdMap},
    seccomp::{Action, AuditArchitecture, Call, Condition, Instruction, Program, SystemCall},
};

fuzz_target!(|text: &[u8]| {
    check(text, Users::parse(text));
    check(text, Groups::parse(text));
    check(text, SubordinateRanges::parse(text));
    check(text, Capabilities::parse(text));
    check(text, CapabilitySet::parse(text));
    check(text, FileCapabilities::parse(text));
    check(text, UserIdMap::parse(text));
    check(text, ProjectIdMap::parse(text));
    check(text, GroupSetting::parse(text));
    check(text, TimeOffsets::parse(text));
    check(text, CapabilityState::parse(text));
    if let Ok(state) = CapabilityState::parse(text) {
        assert_eq!(state.to_string().parse(), Ok(state));
    }
    if let Ok(words) = std::str::from_utf8(text) {
        if let Ok(action) = words.parse::<Action>() {
            assert_eq!(action.to_string().parse(), Ok(action));
        }
        if let Ok(condition) = words.parse::<Condition>() {
            assert_eq!(condition.to_string().parse(), Ok(condition));
        }
        let _ = black_box(SystemCall::from_name(words));
    }
    // Any instructions, as the kernel takes eight bytes for one.
    let instructions = text.chunks_exact(8).map(|bytes| Instruction {
        code: u16::from_ne_bytes([bytes[0], bytes[1]]),
        if_true: bytes[2],
        if_false: bytes[3],
        operand: u32::from_ne_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]),
    });
    if let Ok(program) = Program::new(instructions.collect()) {
        let _ = black_box(program.run(&Call::new(AuditArchitecture::X86_64, 59)));
        black_box(program.to_string());
    }
});
