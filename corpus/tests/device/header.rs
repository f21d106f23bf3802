//! The header: identity, command and status, base addresses, windows of bridges.

use linux_support::device::pci::configuration::*;

use crate::{
    compared::{Compared, after, hexadecimal},
    dump::Function,
};

impl Compared<'_> {
    pub(crate) fn header(&mut self, decoded: &Function, bytes: &[u8], configuration: &Configuration) {
        let header = &configuration.header;
        let word = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        self.check("vendor", header.vendor.number(), word(0));
        self.check("device", header.device.number(), word(2));
        self.check("class", header.class.code(), word(0xa));
        if let Some(revision) = after(&decoded.first, "(rev").and_then(hexadecimal) {
            self.check("revision", u64::from(header.revision.number()), revision);
        }
        if let Some(interface) = after(&decoded.first, "(prog-if").and_then(hexadecimal) {
            self.check("interface", u64::from(header.class.interface()), interface);
        }
        let window = |window: Option<Window>| window.map(|window| (window.base, window.limit));
        for line in decoded.lines.iter().take_while(|line| !line.starts_with("Capabilities:")) {
            if let Some(text) = line.strip_prefix("Control: ") {
                let is = |flag| header.command.contains(flag);
                self.flags(
                    text,
                    &[
                        ("I/O", is(Command::IO)),
                        ("Mem", is(Command::MEMORY)),
                        ("BusMaster", is(Command::BUS_MASTER)),
                        ("SpecCycle", is(Command::SPECIAL_CYCLES)),
                        ("MemWINV", is(Command::WRITE_AND_INVALIDATE)),
                        ("VGASnoop", is(Command::PALETTE_SNOOP)),
                        ("ParErr", is(Command::PARITY_ERROR_RESPONSE)),
                        ("Stepping", is(Command::STEPPING)),
                        ("SERR", is(Command::SYSTEM_ERROR)),
                        ("FastB2B", is(Command::FAST_BACK_TO_BACK)),
                        ("DisINTx", is(Command::INTERRUPT_DISABLE)),
                    ],
                );
            } else if let Some(text) = line.strip_prefix("Status: ") {
                self.status(text, header.status);
                let timing = match header.selection_timing {
                    SelectionTiming::Fast => "fast",
                    SelectionTiming::Medium => "medium",
                    SelectionTiming::Slow => "slow",
                    SelectionTiming::Reserved => "??",
                };
                self.check("DEVSEL", timing, after(text, "DEVSEL=").unwrap());
            } else if line.starts_with("Latency:") && !matches!(header.layout, Layout::CardBus(_)) {
                self.number(line, "Latency:", header.latency_timer.into());
                self.number(line, "Cache Line Size:", header.cache_line_size.get());
            } else if let Some(text) = line.strip_prefix("Interrupt: pin ") {
                let pin = match header.interrupt_pin {
                    pin @ 1..=4 => char::from(b'A' + pin - 1),
                    _ => '?',
                };
                self.check("interrupt pin", Some(pin), text.chars().next());
                // The kernel's number may stand there in place of the register's.
                if !decoded.lines.iter().any(|line| line.starts_with("Kernel") || line.starts_with("IOMMU")) {
                    let number = after(line, "IRQ").and_then(|text| text.parse().ok());
                    if header.interrupt_line == 255 && number != Some(255) {
                        self.explain("IRQ", "the kernel's number: the register says that there is none");
                    } else {
                        self.check("IRQ", Some(header.interrupt_line), number);
                    }
                }
            } else if let Some(text) = line.strip_prefix("Region ") {
                self.region(text, header.bars());
            } else if let Some(text) = line.strip_prefix("Expansion ROM at ") {
                let rom = match &header.layout {
                    Layout::Endpoint(endpoint) => endpoint.rom,
                    Layout::Bridge(bridge) => bridge.rom,
                    _ => None,
                };
                if let Some(address) = hexadecimal(text.split(' ').next().unwrap()) {
                    let ours = rom.map(|rom| u64::from(rom.address));
                    if ours != Some(address) && rom.is_some_and(|rom| !rom.enabled) {
                        self.explain(
                            "ROM",
                            "the kernel's address: the register of a ROM that is off holds another",
                        );
                    } else {
                        self.check("ROM", ours, Some(address));
                    }
                }
            } else if let Layout::Bridge(bridge) = &header.layout {
                if line.starts_with("Bus:") {
                    self.hexadecimal(line, "primary=", bridge.buses.primary.into());
                    self.hexadecimal(line, "secondary=", bridge.buses.secondary.into());
                    self.hexadecimal(line, "subordinate=", bridge.buses.subordinate.into());
                    self.number(line, "sec-latency=", bridge.buses.latency_timer.into());
                }
                for (label, ours) in [
                    ("I/O behind bridge: ", bridge.io),
                    ("Memory behind bridge: ", bridge.memory),
                    ("Prefetchable memory behind bridge: ", bridge.prefetchable_memory),
                ] {
                    if let Some(text) = line.strip_prefix(label) {
                        let range = text.split([' ', ',']).next().unwrap().split_once('-');
                        // A window that ends before it begins is off; lspci -F shows its registers all the same.
                        let expected =
                            range.and_then(|(base, limit)| Some((hexadecimal(base)?, hexadecimal(limit)?)));
                        let expected = expected.filter(|(base, limit)| base <= limit);
                        self.check(label, window(ours), expected);
                    }
                }
                if let Some(text) = line.strip_prefix("Secondary status: ") {
                    self.status(&text.replace("<SERR", ">SERR"), bridge.secondary_status);
                } else if let Some(text) = line.strip_prefix("BridgeCtl: ") {
                    let is = |flag| bridge.control.contains(flag);
                    self.flags(
                        text,
                        &[
                            ("Parity", is(BridgeControl::PARITY_ERROR_RESPONSE)),
                            ("SERR", is(BridgeControl::SYSTEM_ERROR)),
                            ("NoISA", is(BridgeControl::NO_ISA)),
                            ("VGA", is(BridgeControl::VGA)),
                            ("VGA16", is(BridgeControl::VGA_16_BIT)),
                            ("MAbort", is(BridgeControl::MASTER_ABORT)),
                            (">Reset", is(BridgeControl::BUS_RESET)),
                            ("FastB2B", is(BridgeControl::FAST_BACK_TO_BACK)),
                        ],
                    );
                } else if line.starts_with("PriDiscTmr") {
                    let is = |flag| bridge.control.contains(flag);
                    self.flags(
                        line,
                        &[
                            ("PriDiscTmr", is(BridgeControl::PRIMARY_DISCARD_TIMER)),
                            ("SecDiscTmr", is(BridgeControl::SECONDARY_DISCARD_TIMER)),
                            ("DiscTmrStat", is(BridgeControl::DISCARD_TIMER_STATUS)),
                            ("DiscTmrSERREn", is(BridgeControl::DISCARD_TIMER_SYSTEM_ERROR)),
                        ],
                    );
                }
            } else if let Layout::CardBus(bridge) = &header.layout {
                if line.starts_with("Bus:") {
                    self.hexadecimal(line, "primary=", bridge.buses.primary.into());
                    self.hexadecimal(line, "secondary=", bridge.buses.secondary.into());
                    self.hexadecimal(line, "subordinate=", bridge.buses.subordinate.into());
                }
                for number in [0, 1] {
                    for (label, ours) in [("Memory", bridge.memory[number]), ("I/O", bridge.io[number])] {
                        if let Some(text) = line.strip_prefix(&format!("{label} window {number}: ")) {
                            let (base, limit) = text.split(' ').next().unwrap().split_once('-').unwrap();
                            self.check(label, window(ours), hexadecimal(base).zip(hexadecimal(limit)));
                        }
                    }
                }
            }
        }
    }

    pub(crate) fn status(&mut self, text: &str, status: Status) {
        let is = |flag| status.contains(flag);
        self.flags(
            text,
            &[
                ("Cap", is(Status::CAPABILITIES)),
                ("66MHz", is(Status::MHZ_66)),
                ("UDF", is(Status::USER_DEFINABLE)),
                ("FastB2B", is(Status::FAST_BACK_TO_BACK)),
                ("ParErr", is(Status::MASTER_PARITY_ERROR)),
                (">TAbort", is(Status::SIGNALLED_TARGET_ABORT)),
                ("<TAbort", is(Status::RECEIVED_TARGET_ABORT)),
                ("<MAbort", is(Status::RECEIVED_MASTER_ABORT)),
                (">SERR", is(Status::SYSTEM_ERROR)),
                ("<PERR", is(Status::PARITY_ERROR)),
                ("INTx", is(Status::INTERRUPT)),
            ],
        );
    }

    /// `0: Memory at fc800000 (64-bit, non-prefetchable)`.
    pub(crate) fn region(&mut self, text: &str, bars: &[Bar]) {
        let (number, text) = text.split_once(": ").unwrap();
        let bar = bars.iter().find(|bar| bar.number.to_string() == number);
        let Some(bar) = bar else {
            let wide = |bar: &&Bar| matches!(bar.kind, BarKind::Memory { width: BarWidth::Bits64, .. });
            if bars.iter().filter(wide).any(|bar| (bar.number + 1).to_string() == number) {
                self.explain("region", "lspci takes the upper half of a 64-bit register for one of its own");
                return;
            }
            self.check(&format!("region {number}"), None, Some(text));
            return;
        };
        let address = after(text, " at ").unwrap();
        let expected = if address.starts_with('<') { Some(0) } else { hexadecimal(address) };
        if bar.kind == BarKind::Io && bar.address == 0 && expected.is_some_and(|port| port < 0x400) {
            self.explain("region", "the fixed ports of a disk controller in compatibility mode, of which the register holds none");
            return;
        }
        self.check(&format!("region {number}"), Some(bar.address), expected);
        match bar.kind {
            BarKind::Io => self.check("region", text.starts_with("I/O"), true),
            BarKind::Memory { width, prefetchable } => {
                self.check("region", text.starts_with("Memory"), true);
                self.check("region width", matches!(width, BarWidth::Bits64), text.contains("64-bit"));
                self.check("prefetchable", prefetchable, !text.contains("non-prefetchable"));
            }
        }
    }
}
