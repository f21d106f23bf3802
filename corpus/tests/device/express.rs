//! The capability of PCI Express: device, link, slot and root.

use linux_support::device::pci::{self, configuration::*};

use crate::compared::{Compared, after};

impl Compared<'_> {
    pub(crate) fn express(&mut self, title: &str, body: &[String], express: &Express) {
        self.number(title, "(v", express.version.into());
        let port = match express.port {
            PortType::Endpoint => "Endpoint",
            PortType::LegacyEndpoint => "Legacy Endpoint",
            PortType::RootPort => "Root Port",
            PortType::UpstreamPort => "Upstream Port",
            PortType::DownstreamPort => "Downstream Port",
            PortType::ToPciBridge => "PCI-Express to PCI/PCI-X Bridge",
            PortType::FromPciBridge => "PCI/PCI-X to PCI-Express Bridge",
            PortType::IntegratedEndpoint => "Root Complex Integrated Endpoint",
            PortType::EventCollector => "Root Complex Event Collector",
            _ => "?",
        };
        let named = title.split_once(") ").unwrap().1;
        self.check("port", named.starts_with(port), true);
        self.flags(named, &[("Slot", express.has_slot)]);
        self.hexadecimal(title, "MSI", express.interrupt_message.into());
        let mut label = String::new();
        for line in &body[1..] {
            let mut text = line.as_str();
            if let Some((name, rest)) = line.split_once(':')
                && !name.contains(' ')
                && name.len() < 14
                && name.chars().next().is_some_and(char::is_uppercase)
                && !matches!(name, "Changed" | "Control")
            {
                label = name.to_owned();
                text = rest;
            }
            self.express_line(&label, text, express);
        }
    }

    pub(crate) fn express_line(&mut self, label: &str, text: &str, express: &Express) {
        match label {
            "DevCap" => {
                let device = &express.device_capabilities;
                let is = |flag| device.flags.contains(flag);
                self.number(text, "MaxPayload", device.max_payload.get());
                self.number(text, "PhantFunc", (1 << device.phantom_function_bits) - 1);
                self.flags(
                    text,
                    &[
                        ("ExtTag", is(DeviceCapabilityFlags::EXTENDED_TAG)),
                        ("AttnBtn", is(DeviceCapabilityFlags::ATTENTION_BUTTON)),
                        ("AttnInd", is(DeviceCapabilityFlags::ATTENTION_INDICATOR)),
                        ("PwrInd", is(DeviceCapabilityFlags::POWER_INDICATOR)),
                        ("RBE", is(DeviceCapabilityFlags::ROLE_BASED_ERRORS)),
                        ("FLReset", is(DeviceCapabilityFlags::FUNCTION_LEVEL_RESET)),
                    ],
                );
                if let Some(power) = after(text, "SlotPowerLimit") {
                    let power: f64 = power.trim_end_matches('W').parse().unwrap();
                    let ours = f64::from(device.slot_power_milliwatts) / 1000.0;
                    self.check("slot power", (ours - power).abs() < 0.01, true);
                }
            }
            "DevCtl" => {
                let control = &express.device_control;
                let is = |flag| control.flags.contains(flag);
                self.number(text, "MaxPayload", control.max_payload.get());
                self.number(text, "MaxReadReq", control.max_read_request.get());
                self.flags(
                    text,
                    &[
                        ("CorrErr", is(DeviceControlFlags::CORRECTABLE_ERRORS)),
                        ("Correctable", is(DeviceControlFlags::CORRECTABLE_ERRORS)),
                        ("NonFatalErr", is(DeviceControlFlags::NONFATAL_ERRORS)),
                        ("Non-Fatal", is(DeviceControlFlags::NONFATAL_ERRORS)),
                        ("FatalErr", is(DeviceControlFlags::FATAL_ERRORS)),
                        ("Fatal", is(DeviceControlFlags::FATAL_ERRORS)),
                        ("UnsupReq", is(DeviceControlFlags::UNSUPPORTED_REQUESTS)),
                        ("Unsupported", is(DeviceControlFlags::UNSUPPORTED_REQUESTS)),
                        ("RlxdOrd", is(DeviceControlFlags::RELAXED_ORDERING)),
                        ("ExtTag", is(DeviceControlFlags::EXTENDED_TAG)),
                        ("PhantFunc", is(DeviceControlFlags::PHANTOM_FUNCTIONS)),
                        ("AuxPwr", is(DeviceControlFlags::AUXILIARY_POWER)),
                        ("NoSnoop", is(DeviceControlFlags::NO_SNOOP)),
                        ("FLReset", is(DeviceControlFlags::RESET_OR_RETRY)),
                        ("BrConfRtry", is(DeviceControlFlags::RESET_OR_RETRY)),
                    ],
                );
            }
            "DevSta" => {
                let is = |flag| express.device_status.contains(flag);
                self.flags(
                    text,
                    &[
                        ("CorrErr", is(DeviceStatus::CORRECTABLE_ERROR)),
                        ("NonFatalErr", is(DeviceStatus::NONFATAL_ERROR)),
                        ("UncorrErr", is(DeviceStatus::NONFATAL_ERROR)),
                        ("FatalErr", is(DeviceStatus::FATAL_ERROR)),
                        ("UnsupReq", is(DeviceStatus::UNSUPPORTED_REQUEST)),
                        ("UnsuppReq", is(DeviceStatus::UNSUPPORTED_REQUEST)),
                        ("AuxPwr", is(DeviceStatus::AUXILIARY_POWER)),
                        ("TransPend", is(DeviceStatus::TRANSACTIONS_PENDING)),
                    ],
                );
            }
            "LnkCap" | "LnkCtl" | "LnkSta" => {
                let Some(link) = express.link else {
                    let integrated = express.port == PortType::IntegratedEndpoint;
                    self.check("no link for what is integrated", integrated, true);
                    return self
                        .explain(label, "older releases of lspci decode registers that are not there");
                };
                self.link(label, text, &link);
            }
            "SltCap" | "SltCtl" | "SltSta" => {
                let Some(slot) = express.slot else { return self.check("a slot", false, true) };
                self.slot(label, text, &slot);
            }
            "RootCap" | "RootCtl" | "RootSta" => {
                let Some(root) = express.root else { return self.check("a root", false, true) };
                let is = |flag| root.control.contains(flag);
                let visible = if label == "RootCap" {
                    root.retry_visibility
                } else {
                    is(RootControlFlags::RETRY_VISIBILITY)
                };
                self.flags(
                    text,
                    &[
                        ("CRSVisible", visible),
                        ("ErrCorrectable", is(RootControlFlags::CORRECTABLE_ERRORS)),
                        ("ErrNon-Fatal", is(RootControlFlags::NONFATAL_ERRORS)),
                        ("ErrFatal", is(RootControlFlags::FATAL_ERRORS)),
                        ("PMEIntEna", is(RootControlFlags::EVENT_INTERRUPT)),
                        ("PMEStatus", root.event_status),
                        ("PMEPending", root.event_pending),
                    ],
                );
                self.hexadecimal(text, "ReqID", root.event_requester.into());
            }
            "DevCap2" | "AtomicOpsCap" => {
                let Some(device) = express.device2 else { return self.check("version 2", false, true) };
                let is = |flag| device.capabilities.contains(flag);
                self.flags(
                    text,
                    &[
                        ("TimeoutDis", is(Device2CapabilityFlags::TIMEOUT_DISABLE)),
                        ("NROPrPrP", is(Device2CapabilityFlags::NO_RELAXED_PASSING)),
                        ("LTR", is(Device2CapabilityFlags::LATENCY_TOLERANCE)),
                        ("10BitTagComp", is(Device2CapabilityFlags::TAG_10_BIT_COMPLETER)),
                        ("10BitTagReq", is(Device2CapabilityFlags::TAG_10_BIT_REQUESTER)),
                        ("ExtFmt", is(Device2CapabilityFlags::EXTENDED_FORMAT)),
                        ("EETLPPrefix", is(Device2CapabilityFlags::END_TO_END_PREFIX)),
                        ("ARIFwd", is(Device2CapabilityFlags::ARI_FORWARDING)),
                        ("Routing", is(Device2CapabilityFlags::ATOMIC_ROUTING)),
                        ("32bit", is(Device2CapabilityFlags::ATOMIC_32)),
                        ("64bit", is(Device2CapabilityFlags::ATOMIC_64)),
                        ("128bitCAS", is(Device2CapabilityFlags::ATOMIC_128)),
                    ],
                );
            }
            "DevCtl2" | "AtomicOpsCtl" => {
                let Some(device) = express.device2 else { return self.check("version 2", false, true) };
                let is = |flag| device.control.contains(flag);
                self.flags(
                    text,
                    &[
                        ("TimeoutDis", is(Device2ControlFlags::TIMEOUT_DISABLE)),
                        ("LTR", is(Device2ControlFlags::LATENCY_TOLERANCE)),
                        ("10BitTagReq", is(Device2ControlFlags::TAG_10_BIT_REQUESTER)),
                        ("ARIFwd", is(Device2ControlFlags::ARI_FORWARDING)),
                        ("ReqEn", is(Device2ControlFlags::ATOMIC_REQUESTS)),
                        ("EgressBlck", is(Device2ControlFlags::ATOMIC_EGRESS_BLOCKING)),
                    ],
                );
            }
            "LnkCap2" | "LnkCtl2" | "LnkSta2" => {
                let Some(link) = express.link2 else { return self.check("a link of version 2", false, true) };
                self.speed(text, "Target Link Speed:", link.target_speed);
                if label == "LnkCap2" {
                    self.flags(text, &[("Crosslink", link.crosslink)]);
                } else {
                    let is = |flag| link.status.contains(flag);
                    self.flags(
                        text,
                        &[
                            ("SpeedDis", link.autonomous_speed_disable),
                            ("EqualizationComplete", is(Link2StatusFlags::EQUALIZATION_COMPLETE)),
                            ("EqualizationPhase1", is(Link2StatusFlags::EQUALIZATION_PHASE_1)),
                            ("EqualizationPhase2", is(Link2StatusFlags::EQUALIZATION_PHASE_2)),
                            ("EqualizationPhase3", is(Link2StatusFlags::EQUALIZATION_PHASE_3)),
                            ("LinkEqualizationRequest", is(Link2StatusFlags::EQUALIZATION_REQUEST)),
                        ],
                    );
                }
            }
            _ => {}
        }
    }

    pub(crate) fn link(&mut self, label: &str, text: &str, link: &LinkRegisters) {
        let lanes = |width: Option<pci::LinkWidth>| format!("x{}", width.map_or(0, |width| width.lanes()));
        match label {
            "LnkCap" => {
                if let Some(port) = after(text, "Port #") {
                    self.check("port number", Some(link.port_number), port.parse().ok());
                    self.speed(text, "Speed", link.maximum_speed);
                    self.check("width", lanes(link.maximum_width), after(text, "Width").unwrap().into());
                    if text.contains("ASPM unknown") {
                        return self.explain("ASPM", "older releases of lspci do not know L1 alone");
                    }
                    for (name, state) in [("L0s", LinkPowerStates::L0S), ("L1", LinkPowerStates::L1)] {
                        let states =
                            text.split("ASPM ").nth(1).unwrap_or_default().split(',').next().unwrap();
                        self.check(name, link.power_states.contains(state), states.contains(name));
                    }
                }
                let is = |flag| link.capabilities.contains(flag);
                self.flags(
                    text,
                    &[
                        ("ClockPM", is(LinkCapabilityFlags::CLOCK_POWER_MANAGEMENT)),
                        ("Surprise", is(LinkCapabilityFlags::SURPRISE_DOWN)),
                        ("LLActRep", is(LinkCapabilityFlags::ACTIVE_REPORTING)),
                        ("BwNot", is(LinkCapabilityFlags::BANDWIDTH_NOTIFICATION)),
                        ("ASPMOptComp", is(LinkCapabilityFlags::POWER_STATES_OPTIONAL)),
                    ],
                );
            }
            "LnkCtl" => {
                let is = |flag| link.control.contains(flag);
                if let Some(states) = text.split("ASPM ").nth(1).and_then(|text| text.split(';').next()) {
                    let enabled = |state| link.power_states_enabled.contains(state);
                    self.check("L0s", enabled(LinkPowerStates::L0S), states.contains("L0s"));
                    self.check("L1", enabled(LinkPowerStates::L1), states.contains("L1"));
                }
                if let Some(boundary) = after(text, "RCB") {
                    self.check("RCB", is(LinkControlFlags::READ_COMPLETION_128), boundary == "128");
                }
                self.flags(
                    text,
                    &[
                        ("Disabled", is(LinkControlFlags::DISABLED)),
                        ("CommClk", is(LinkControlFlags::COMMON_CLOCK)),
                        ("ExtSynch", is(LinkControlFlags::EXTENDED_SYNCHRONIZATION)),
                        ("ClockPM", is(LinkControlFlags::CLOCK_POWER_MANAGEMENT)),
                        ("AutWidDis", is(LinkControlFlags::AUTONOMOUS_WIDTH_DISABLE)),
                        ("BWInt", is(LinkControlFlags::BANDWIDTH_INTERRUPT)),
                        ("AutBWInt", is(LinkControlFlags::AUTONOMOUS_BANDWIDTH_INTERRUPT)),
                    ],
                );
            }
            _ => {
                self.speed(text, "Speed", link.current_speed);
                if let Some(width) = after(text, "Width") {
                    self.check("width", lanes(link.current_width), width.into());
                }
                let is = |flag| link.status.contains(flag);
                self.flags(
                    text,
                    &[
                        ("TrErr", is(LinkStatusFlags::TRAINING_ERROR)),
                        ("Train", is(LinkStatusFlags::TRAINING)),
                        ("SlotClk", is(LinkStatusFlags::SLOT_CLOCK)),
                        ("DLActive", is(LinkStatusFlags::ACTIVE)),
                        ("BWMgmt", is(LinkStatusFlags::BANDWIDTH_MANAGEMENT)),
                        ("ABWMgmt", is(LinkStatusFlags::AUTONOMOUS_BANDWIDTH)),
                    ],
                );
            }
        }
    }

    pub(crate) fn slot(&mut self, label: &str, text: &str, slot: &Slot) {
        match label {
            "SltCap" => {
                let is = |flag| slot.capabilities.contains(flag);
                self.number(text, "Slot #", slot.number.into());
                if let Some(power) = after(text, "PowerLimit") {
                    let power: f64 = power.trim_end_matches('W').parse().unwrap();
                    let ours = f64::from(slot.power_milliwatts) / 1000.0;
                    self.check("slot power", (ours - power).abs() < 0.01, true);
                }
                self.flags(
                    text,
                    &[
                        ("AttnBtn", is(SlotCapabilityFlags::ATTENTION_BUTTON)),
                        ("PwrCtrl", is(SlotCapabilityFlags::POWER_CONTROLLER)),
                        ("MRL", is(SlotCapabilityFlags::LATCH_SENSOR)),
                        ("AttnInd", is(SlotCapabilityFlags::ATTENTION_INDICATOR)),
                        ("PwrInd", is(SlotCapabilityFlags::POWER_INDICATOR)),
                        ("HotPlug", is(SlotCapabilityFlags::HOT_PLUG)),
                        ("Surprise", is(SlotCapabilityFlags::SURPRISE)),
                        ("Interlock", is(SlotCapabilityFlags::INTERLOCK)),
                        ("NoCompl", is(SlotCapabilityFlags::NO_COMMAND_COMPLETED)),
                    ],
                );
            }
            "SltCtl" => {
                let is = |flag| slot.control.contains(flag);
                self.flags(
                    text,
                    &[
                        ("AttnBtn", is(SlotControlFlags::ATTENTION_BUTTON)),
                        ("PwrFlt", is(SlotControlFlags::POWER_FAULT)),
                        ("MRL", is(SlotControlFlags::LATCH)),
                        ("PresDet", is(SlotControlFlags::PRESENCE)),
                        ("CmdCplt", is(SlotControlFlags::COMMAND_COMPLETED)),
                        ("HPIrq", is(SlotControlFlags::INTERRUPT)),
                        ("LinkChg", is(SlotControlFlags::LINK_STATE)),
                        ("Power", is(SlotControlFlags::POWER_OFF)),
                        ("Interlock", is(SlotControlFlags::INTERLOCK)),
                    ],
                );
            }
            _ => {
                let is = |flag| slot.status.contains(flag);
                let changed = text.starts_with("Changed");
                self.flags(
                    text,
                    &[
                        ("AttnBtn", is(SlotStatusFlags::ATTENTION_BUTTON)),
                        ("PowerFlt", is(SlotStatusFlags::POWER_FAULT)),
                        (
                            "MRL",
                            is(if changed {
                                SlotStatusFlags::LATCH_CHANGED
                            } else {
                                SlotStatusFlags::LATCH_OPEN
                            }),
                        ),
                        ("CmdCplt", is(SlotStatusFlags::COMMAND_COMPLETED)),
                        (
                            "PresDet",
                            is(if changed {
                                SlotStatusFlags::PRESENCE_CHANGED
                            } else {
                                SlotStatusFlags::PRESENT
                            }),
                        ),
                        ("Interlock", is(SlotStatusFlags::INTERLOCK)),
                        ("LinkState", is(SlotStatusFlags::LINK_STATE_CHANGED)),
                    ],
                );
            }
        }
    }
}
