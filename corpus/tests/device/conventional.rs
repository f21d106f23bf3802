//! Capabilities of conventional PCI.

use linux_support::device::pci::configuration::*;

use crate::compared::{Compared, after};

impl Compared<'_> {
    pub(crate) fn conventional(&mut self, title: &str, all: &str, body: &[String], found: &Capability) {
        let id = match title {
            _ if title.starts_with("Power Management") => 0x01,
            _ if title.starts_with("Vital Product Data") => 0x03,
            _ if title.starts_with("MSI:") => 0x05,
            _ if title.starts_with("CompactPCI hot-swap") => 0x06,
            _ if title.starts_with("MSI-X:") => 0x11,
            _ if title.starts_with("PCI-X") => 0x07,
            _ if title.starts_with("HyperTransport") => 0x08,
            _ if title.starts_with("Vendor Specific") || title.starts_with("VirtIO") => 0x09,
            _ if title.starts_with("Debug port") => 0x0a,
            _ if title.starts_with("Hot-plug") => 0x0c,
            _ if title.starts_with("Subsystem") => 0x0d,
            _ if title.starts_with("Express") => 0x10,
            _ if title.starts_with("SATA") => 0x12,
            _ if title.starts_with("PCI Advanced Features") => 0x13,
            _ if title.starts_with("AGP") => 0x02,
            _ => {
                self.check(&format!("a capability {title} is known here"), true, false);
                return;
            }
        };
        self.check("capability", found.id.0, id);
        match &found.content {
            Content::PowerManagement(power) => {
                self.number(title, "version", power.version.into());
                let is = |flag| power.capabilities.contains(flag);
                self.flags(
                    &body[1].replace("PME(", ""),
                    &[
                        ("PMEClk", is(PowerCapabilities::EVENT_CLOCK)),
                        ("DSI", is(PowerCapabilities::DEVICE_SPECIFIC_INITIALIZATION)),
                        ("D0", is(PowerCapabilities::EVENT_FROM_D0)),
                        ("D3hot", is(PowerCapabilities::EVENT_FROM_D3_HOT)),
                        ("D3cold", is(PowerCapabilities::EVENT_FROM_D3_COLD)),
                    ],
                );
                let (states, events) = body[1].split_once(" PME(").unwrap();
                self.flags(states, &[("D1", is(PowerCapabilities::D1)), ("D2", is(PowerCapabilities::D2))]);
                self.flags(
                    events,
                    &[
                        ("D1", is(PowerCapabilities::EVENT_FROM_D1)),
                        ("D2", is(PowerCapabilities::EVENT_FROM_D2)),
                    ],
                );
                let current = after(&body[1], "AuxCurrent=").unwrap().trim_end_matches("mA").parse().ok();
                self.check("auxiliary current", Some(power.auxiliary_milliamperes), current);
                let state = power.state.name().to_string();
                self.check("state", state.replace("D3hot", "D3"), after(&body[2], "Status:").unwrap().into());
                let is = |flag| power.control.contains(flag);
                self.flags(
                    &body[2],
                    &[
                        ("NoSoftRst", is(PowerControl::NO_SOFT_RESET)),
                        ("PME-Enable", is(PowerControl::EVENT_ENABLE)),
                        ("PME", is(PowerControl::EVENT_STATUS)),
                    ],
                );
                self.number(&body[2], "DSel=", power.data_select.into());
                self.number(&body[2], "DScale=", power.data_scale.into());
            }
            Content::Msi(msi) => {
                self.flags(
                    title,
                    &[("Enable", msi.enabled), ("Maskable", msi.masked.is_some()), ("64bit", msi.is_64_bit)],
                );
                let count = format!("{}/{}", msi.vectors_enabled, msi.vectors);
                self.check("MSI count", count, after(title, "Count=").unwrap().into());
                self.hexadecimal(all, "Address:", msi.address);
                self.hexadecimal(all, "Data:", msi.data.into());
                if let (Some(masked), Some(pending)) = (msi.masked, msi.pending) {
                    self.hexadecimal(all, "Masking:", masked.into());
                    self.hexadecimal(all, "Pending:", pending.into());
                }
            }
            Content::MsiX(msi) => {
                self.flags(title, &[("Enable", msi.enabled), ("Masked", msi.masked)]);
                self.number(title, "Count=", msi.vectors.into());
                self.number(&body[1], "BAR=", msi.table.bar.into());
                self.hexadecimal(&body[1], "offset=", msi.table.offset.into());
                self.number(&body[2], "BAR=", msi.pending.bar.into());
                self.hexadecimal(&body[2], "offset=", msi.pending.offset.into());
            }
            Content::AdvancedFeatures(features) => {
                self.flags(
                    &body[1],
                    &[("TP", features.tells_pending), ("FLR", features.function_level_reset)],
                );
                self.flags(&body[3], &[("TP", features.pending)]);
            }
            Content::PciXBridge(bridge) => {
                let is = |flag| bridge.status.contains(flag);
                let line = body.iter().find(|line| line.starts_with("Status:")).unwrap();
                self.flags(
                    line,
                    &[
                        ("64bit", is(PciXStatus::BITS_64)),
                        ("133MHz", is(PciXStatus::MHZ_133)),
                        ("SCD", is(PciXStatus::SPLIT_COMPLETION_DISCARDED)),
                        ("USC", is(PciXStatus::UNEXPECTED_SPLIT_COMPLETION)),
                        ("SCO", is(PciXStatus::OVERRUN_OR_COMPLEX)),
                    ],
                );
            }
            Content::PciX(function) => {
                let is = |flag| function.status.contains(flag);
                let line = body.iter().find(|line| line.starts_with("Status:")).unwrap();
                self.flags(
                    line,
                    &[
                        ("64bit", is(PciXStatus::BITS_64)),
                        ("133MHz", is(PciXStatus::MHZ_133)),
                        ("SCD", is(PciXStatus::SPLIT_COMPLETION_DISCARDED)),
                        ("USC", is(PciXStatus::UNEXPECTED_SPLIT_COMPLETION)),
                        ("266MHz", is(PciXStatus::MHZ_266)),
                        ("533MHz", is(PciXStatus::MHZ_533)),
                    ],
                );
            }
            Content::VendorSpecific { length } => {
                self.hexadecimal(title, "Len=", (*length).into());
            }
            Content::Express(express) => self.express(title, body, express),
            Content::Cut => self.check("a capability is cut", true, false),
            _ => {}
        }
    }
}
