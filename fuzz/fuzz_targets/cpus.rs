#![no_main]

use libfuzzer_sys::fuzz_target;
use linux_support_cpu::{
    Frequency, ResumeLatency, SmtControl, VulnerabilityStatus,
    hotplug::HotplugState,
    info::{FeatureSet, RiscvIsa},
};
use linux_support_fuzz::check;

fuzz_target!(|text: &[u8]| {
    check(text, HotplugState::parse_all(text));
    check(text, ResumeLatency::parse(text));
    check(text, Frequency::parse_kilohertz(text));
    check(text, Frequency::parse_megahertz(text));
    let control = SmtControl::parse(text);
    assert_eq!(SmtControl::parse(control.to_string().as_bytes()).to_string(), control.to_string());
    let status = VulnerabilityStatus::parse(text);
    assert_eq!(VulnerabilityStatus::parse(status.text.as_bytes()).state, status.state);
    let features = FeatureSet::parse(text);
    assert!(features.iter().filter(|name| !name.is_empty()).all(|name| features.contains(name)));
    let isa = RiscvIsa::parse(text);
    check(text, Ok((isa.bits(), isa.contains("zicsr"))));
});
