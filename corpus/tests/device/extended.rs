//! Extended capabilities.

use linux_support::device::pci::configuration::*;

use crate::compared::{Compared, after, hexadecimal, nanoseconds};

impl Compared<'_> {
    pub(crate) fn extended(&mut self, title: &str, body: &[String], found: &ExtendedCapability) {
        let names = [
            ("Advanced Error Reporting", 0x01),
            ("Virtual Channel", if found.id.0 == 0x09 { 0x09 } else { 0x02 }),
            ("Device Serial Number", 0x03),
            ("Power Budgeting", 0x04),
            ("Root Complex Link", 0x05),
            ("Root Complex Event Collector", 0x07),
            ("Multi-Function Virtual Channel", 0x08),
            ("Vendor Specific Information", 0x0b),
            ("Access Control Services", 0x0d),
            ("Alternative Routing-ID", 0x0e),
            ("Address Translation Service", 0x0f),
            ("Single Root I/O Virtualization", 0x10),
            ("Multicast", 0x12),
            ("Page Request Interface", 0x13),
            ("Physical Resizable BAR", 0x15),
            ("Transaction Processing Hints", 0x17),
            ("Latency Tolerance Reporting", 0x18),
            ("Secondary PCI Express", 0x19),
            ("Process Address Space ID", 0x1b),
            ("Downstream Port Containment", 0x1d),
            ("L1 PM Substates", 0x1e),
            ("Precision Time Measurement", 0x1f),
            ("Designated Vendor-Specific", 0x23),
            ("Data Link Feature", 0x25),
            ("Physical Layer 16.0", 0x26),
            ("Lane Margining", 0x27),
            ("Physical Layer 32.0", 0x2a),
            ("Data Object Exchange", 0x2e),
            ("Integrity & Data Encryption", 0x30),
        ];
        let named = names.iter().find(|(name, _)| title.starts_with(name)).map(|(_, id)| *id);
        let numbered = title.strip_prefix('#').or_else(|| title.strip_prefix("Extended Capability ID 0x"));
        let numbered = numbered.and_then(|text| hexadecimal(text.split(' ').next()?)).map(|id| id as u16);
        self.check(&format!("extended capability {title}"), Some(found.id.0), named.or(numbered));
        let all = body.join(" ");
        match &found.content {
            ExtendedContent::SerialNumber(serial) => {
                let expected = after(title, "Number").unwrap();
                let backwards = expected.rsplit('-').collect::<Vec<_>>().join("-");
                if serial.to_string() != expected && serial.to_string() == backwards {
                    self.explain("serial number", "older releases of lspci wrote the bytes backwards");
                } else {
                    self.check("serial number", serial.to_string(), expected.into());
                }
            }
            ExtendedContent::ErrorReporting(errors) => self.errors(body, errors),
            ExtendedContent::AccessControl(control) => {
                for line in &body[1..] {
                    let flags =
                        if line.starts_with("ACSCap") { control.capabilities } else { control.control };
                    let is = |flag| flags.contains(flag);
                    self.flags(
                        line,
                        &[
                            ("SrcValid", is(AccessControlFlags::SOURCE_VALIDATION)),
                            ("TransBlk", is(AccessControlFlags::TRANSLATION_BLOCKING)),
                            ("ReqRedir", is(AccessControlFlags::REQUEST_REDIRECT)),
                            ("CmpltRedir", is(AccessControlFlags::COMPLETION_REDIRECT)),
                            ("UpstreamFwd", is(AccessControlFlags::UPSTREAM_FORWARDING)),
                            ("EgressCtrl", is(AccessControlFlags::EGRESS_CONTROL)),
                            ("DirectTrans", is(AccessControlFlags::DIRECT_TRANSLATED)),
                        ],
                    );
                }
            }
            ExtendedContent::AlternativeRouting(routing) => {
                self.number(&all, "Next Function:", routing.next_function.into());
                self.number(&all, "Function Group:", routing.function_group.into());
            }
            ExtendedContent::AddressTranslation(translation) => {
                self.hexadecimal(&all, "Invalidate Queue Depth:", translation.invalidate_queue_depth.into());
                self.hexadecimal(&all, "Smallest Translation Unit:", translation.smallest_unit.into());
                self.flags(&all, &[("Enable", translation.enabled)]);
            }
            ExtendedContent::PageRequests(requests) => {
                let is = |flag| requests.status.contains(flag);
                self.flags(
                    &all,
                    &[
                        ("Enable", requests.enabled),
                        ("Reset", requests.reset),
                        ("RF", is(PageRequestStatus::RESPONSE_FAILURE)),
                        ("UPRGI", is(PageRequestStatus::UNEXPECTED_GROUP)),
                        ("Stopped", is(PageRequestStatus::STOPPED)),
                    ],
                );
                self.hexadecimal(&all, "Page Request Capacity:", requests.capacity.into());
                self.hexadecimal(&all, "Page Request Allocation:", requests.allocation.into());
            }
            ExtendedContent::ProcessAddressSpaces(spaces) => {
                let is = |flag| spaces.capabilities.contains(flag);
                self.flags(
                    &body[1],
                    &[
                        ("Exec", is(ProcessAddressSpaceFlags::EXECUTE)),
                        ("Priv", is(ProcessAddressSpaceFlags::PRIVILEGED)),
                    ],
                );
                self.hexadecimal(&body[1], "Max PASID Width:", spaces.width.into());
                let is = |flag| spaces.control.contains(flag);
                self.flags(
                    &body[2],
                    &[
                        ("Enable", is(ProcessAddressSpaceFlags::ENABLE)),
                        ("Exec", is(ProcessAddressSpaceFlags::EXECUTE)),
                        ("Priv", is(ProcessAddressSpaceFlags::PRIVILEGED)),
                    ],
                );
            }
            ExtendedContent::VirtualFunctions(functions) => {
                let is = |flag| functions.control.contains(flag);
                self.flags(&body[1], &[("Migration", functions.migration_capable)]);
                self.flags(
                    &body[2],
                    &[
                        ("Enable", is(VirtualFunctionControl::ENABLE)),
                        ("Migration", is(VirtualFunctionControl::MIGRATION)),
                        ("Interrupt", is(VirtualFunctionControl::MIGRATION_INTERRUPT)),
                        ("MSE", is(VirtualFunctionControl::MEMORY)),
                        ("ARIHierarchy", is(VirtualFunctionControl::ARI_HIERARCHY)),
                        ("10BitTagReq", is(VirtualFunctionControl::TAG_10_BIT_REQUESTER)),
                    ],
                );
                self.number(&all, "Initial VFs:", functions.initial.into());
                self.number(&all, "Total VFs:", functions.total.into());
                self.number(&all, "Number of VFs:", functions.number.into());
                self.hexadecimal(&all, "Function Dependency Link:", functions.dependency.into());
                self.number(&all, "VF offset:", functions.offset.into());
                self.number(&all, "stride:", functions.stride.into());
                self.hexadecimal(&all, "Device ID:", functions.device.number().into());
                self.hexadecimal(&all, "Supported Page Size:", functions.supported_page_sizes.into());
                self.hexadecimal(&all, "System Page Size:", functions.system_page_size.into());
                for region in body.iter().filter_map(|line| line.strip_prefix("Region ")) {
                    self.region(region, &functions.bars);
                }
            }
            ExtendedContent::LatencyTolerance(latency) => {
                for line in body.iter().filter(|line| line.contains("latency:")) {
                    let ours = if line.contains("no snoop") {
                        latency.max_no_snoop_nanoseconds
                    } else {
                        latency.max_snoop_nanoseconds
                    };
                    self.check("latency", Some(ours), after(line, "latency:").and_then(nanoseconds));
                }
            }
            ExtendedContent::LinkSubstates(states) => {
                for line in &body[1..] {
                    let flags =
                        if line.starts_with("L1SubCap") { states.capabilities } else { states.control };
                    let is = |flag| flags.contains(flag);
                    self.flags(
                        line,
                        &[
                            ("PCI-PM_L1.2", is(LinkSubstateFlags::PCI_PM_L1_2)),
                            ("PCI-PM_L1.1", is(LinkSubstateFlags::PCI_PM_L1_1)),
                            ("ASPM_L1.2", is(LinkSubstateFlags::ASPM_L1_2)),
                            ("ASPM_L1.1", is(LinkSubstateFlags::ASPM_L1_1)),
                            ("L1_PM_Substates", is(LinkSubstateFlags::SUPPORTED)),
                        ],
                    );
                    for (key, ours) in [
                        ("PortCommonModeRestoreTime=", Some(u64::from(states.restore_microseconds) * 1000)),
                        (
                            "PortTPowerOnTime=",
                            states.power_on_microseconds.map(|time| u64::from(time) * 1000),
                        ),
                        ("T_CommonMode=", Some(u64::from(states.restore_set_microseconds) * 1000)),
                        ("LTR1.2_Threshold=", Some(states.threshold_nanoseconds)),
                        ("T_PwrOn=", states.power_on_set_microseconds.map(|time| u64::from(time) * 1000)),
                    ] {
                        if let Some(expected) = after(line, key).and_then(nanoseconds) {
                            self.check(key, ours, Some(expected));
                        }
                    }
                }
            }
            ExtendedContent::ResizableBars(bars) => {
                let lines: Vec<_> = body.iter().filter_map(|line| line.strip_prefix("BAR ")).collect();
                self.check("resizable BARs", bars.len(), lines.len());
                for (bar, line) in bars.iter().zip(lines) {
                    self.check("BAR", Some(bar.number.to_string().as_str()), line.split(':').next());
                    let size =
                        after(line, "current size:").unwrap().strip_suffix("MB").unwrap().parse::<u64>();
                    self.check("size", Ok(bar.size.get() >> 20), size);
                    let sizes = line.split("supported:").nth(1).unwrap().split_whitespace();
                    let sizes =
                        sizes.map(|size| size.strip_suffix("MB").unwrap().parse::<u64>().unwrap()).sum();
                    self.check("sizes", bar.supported_sizes, sizes);
                }
            }
            ExtendedContent::TimeMeasurement(time) => {
                self.flags(
                    &all,
                    &[
                        ("Requester", time.requester),
                        ("RequesterCap", time.requester),
                        ("Responder", time.responder),
                        ("ResponderCap", time.responder),
                        ("Root", time.root),
                        ("RootCap", time.root),
                        ("Enabled", time.enabled),
                        ("RootSelected", time.root_selected),
                        ("RootSelect", time.root_selected),
                    ],
                );
                if let Some(expected) = after(&all, "PTMClockGranularity:").and_then(nanoseconds) {
                    self.check("granularity", u64::from(time.granularity_nanoseconds), expected);
                }
            }
            ExtendedContent::VendorSpecific(specific) => {
                self.hexadecimal(title, "ID=", specific.id.into());
                self.number(title, "Rev=", specific.revision.into());
                match specific.vendor {
                    Some(vendor) => {
                        self.hexadecimal(title, "Vendor=", vendor.number().into());
                        let length = after(title, "Len=").map(|text| text.trim_end_matches(':'));
                        self.check(
                            "length",
                            Some(specific.length),
                            length.and_then(|text| text.parse().ok()),
                        );
                    }
                    None => self.hexadecimal(title, "Len=", specific.length.into()),
                }
            }
            ExtendedContent::Cut => self.check("an extended capability is cut", true, false),
            _ => {}
        }
    }
}
