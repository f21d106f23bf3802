//! The saved machines against the crate `device`.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command as Program, ExitCode},
};

use corpus::{Score, files, unpack};
use libtest_mimic::{Failed, Trial};
use linux_support::{
    base::Machine,
    device::pci::{self, Address, configuration::*},
};

fn main() -> ExitCode {
    corpus::run(|folder| {
        let mut trials = Vec::new();
        for path in files(&folder.join("pciutils"), "") {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let (stored, asked) = (path.clone(), path);
            trials.push(Trial::test(format!("pciutils_{name}"), {
                let name = name.clone();
                move || dump(&fs::read(&stored)?, &fs::read(&stored)?, &name)
            }));
            if Program::new("lspci").arg("--version").output().is_ok() {
                trials.push(Trial::test(format!("pciutils_{name}_as_lspci_decodes_it"), move || {
                    let output = Program::new("lspci").arg("-F").arg(&asked).args(["-D", "-vvv"]).output()?;
                    dump(&fs::read(&asked)?, &output.stdout, &name)
                }));
            }
        }
        for (kind, suffix) in [("ghw", ".tar.gz"), ("hwloc", ".tar.bz2")] {
            for path in files(&folder.join(kind), suffix) {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                let name = format!("{kind}_{}", name.strip_suffix(suffix).unwrap());
                trials.push(Trial::test(name.clone(), move || tree(&path, &name)));
            }
        }
        trials
    })
}

/// Every function of a saved tree, against its files as they are.
fn tree(archive: &Path, name: &str) -> Result<(), Failed> {
    let (_target, root) = unpack(archive)?;
    let machine = Machine::captured(&root)?;
    let mut score = Score::default();
    let devices = pci::devices(&machine)?;
    let folder = root.join("sys/bus/pci/devices");
    let mut names: Vec<String> = match fs::read_dir(&folder) {
        Ok(entries) => entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect(),
        Err(_) => Vec::new(),
    };
    // By number and not by text: domains have 4 to 8 digits.
    names.sort_by_key(|name| (name.len(), name.clone()));
    score.check(
        "functions",
        devices.iter().map(|device| device.address.to_string()).collect::<Vec<_>>(),
        names.clone(),
    );
    for (device, name) in devices.iter().zip(&names) {
        let path = folder.join(name);
        let file = |leaf: &str| fs::read_to_string(path.join(leaf)).ok().map(|text| text.trim().to_owned());
        let link = |leaf: &str| fs::read_link(path.join(leaf)).ok();
        let last = |target: PathBuf| {
            target.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
        };
        let mut text = |leaf: &str, ours: Option<String>| {
            let expected = file(leaf).filter(|text| !text.is_empty());
            score.check(format!("{name} {leaf}"), ours, expected);
        };
        text("vendor", device.vendor.value().map(ToString::to_string));
        text("device", device.device.value().map(ToString::to_string));
        text("class", device.class.value().map(ToString::to_string));
        text("revision", device.revision.value().map(ToString::to_string));
        let subsystem = device.subsystem.value();
        text("subsystem_vendor", subsystem.map(|id| id.vendor.to_string()));
        text("subsystem_device", subsystem.map(|id| id.device.to_string()));
        text("modalias", device.modalias.value().map(ToString::to_string));
        let node = device.numa_node.value().map(|node| node.map_or("-1".into(), |node| node.to_string()));
        text("numa_node", node);
        text("irq", device.irq.value().map(|irq| irq.map_or(0, |irq| irq.number()).to_string()));
        text("enable", device.enable_count.value().map(ToString::to_string));
        text("power_state", device.power_state.value().map(|state| state.name().to_string()));
        text("sriov_totalvfs", device.virtualization.value().map(|functions| functions.total.to_string()));
        text("boot_vga", device.boot_display.value().map(|yes| u8::from(*yes).to_string()));
        if file("local_cpulist").is_some() {
            text("local_cpulist", device.local_cpus.value().map(ToString::to_string));
        }
        let speed = |text: &str| text.split(' ').next().unwrap().trim_end_matches(".0").to_owned();
        for (leaf, ours) in [
            ("current_link_speed", &device.link.current_speed),
            ("max_link_speed", &device.link.maximum_speed),
        ] {
            let ours =
                ours.value().map(|rate| rate.map_or("Unknown".into(), |rate| speed(&rate.to_string())));
            score.check(format!("{name} {leaf}"), ours, file(leaf).map(|text| speed(&text)));
        }
        for (leaf, ours) in [
            ("current_link_width", &device.link.current_width),
            ("max_link_width", &device.link.maximum_width),
        ] {
            let ours = ours.value().map(|width| width.map_or(0, |width| width.lanes()));
            let expected = file(leaf).map(|text| text.parse::<u8>().unwrap()).map(|lanes| lanes % 255);
            score.check(format!("{name} {leaf}"), ours, expected);
        }
        let driver = device.driver.value().map(|driver| driver.name.to_string());
        score.check(format!("{name} driver"), driver, link("driver").map(last));
        let module = device.driver.value().and_then(|driver| driver.module.value()).map(ToString::to_string);
        score.check(format!("{name} module"), module, link("driver/module").map(last));
        let group = device.iommu_group.value().map(|group| group.number().to_string());
        score.check(format!("{name} IOMMU group"), group, link("iommu_group").map(last));
        // The bridge above is the directory above, if that is a function.
        let parent = fs::read_link(folder.join(name)).ok().and_then(|target| {
            let above = target.parent()?.file_name()?.to_string_lossy().into_owned();
            (above.contains('.') && above.contains(':')).then_some(above)
        });
        score.check(format!("{name} parent"), device.parent().map(|parent| parent.to_string()), parent);
        let mut interrupts: Vec<u32> = fs::read_dir(path.join("msi_irqs"))
            .map(|entries| {
                entries.map(|entry| entry.unwrap().file_name().to_str().unwrap().parse().unwrap()).collect()
            })
            .unwrap_or_default();
        interrupts.sort_unstable();
        let ours = device.message_interrupts.value().into_iter().flatten();
        score.check(
            format!("{name} message interrupts"),
            ours.map(|interrupt| interrupt.irq.number()).collect(),
            interrupts,
        );
        if let Some(resource) = file("resource").filter(|text| !text.is_empty()) {
            let expected: Vec<_> = resource
                .lines()
                .map(|line| {
                    let mut numbers = line
                        .split(' ')
                        .map(|text| u64::from_str_radix(text.trim_start_matches("0x"), 16).unwrap());
                    (numbers.next().unwrap(), numbers.next().unwrap(), numbers.next().unwrap())
                })
                .filter(|numbers| *numbers != (0, 0, 0))
                .collect();
            let ours = device.resources.as_result()?.list.iter();
            let ours = ours.map(|range| (range.start, range.last, range.flags.bits())).collect();
            score.check(format!("{name} resource"), ours, expected);
        }
        let mut interfaces = interfaces_beneath(&path);
        interfaces.sort();
        // Trees often lack /sys/class, where ours are from; then there is nothing to compare.
        if root.join("sys/class/net").is_dir() {
            let ours: Vec<String> = device.network_interfaces().map(ToString::to_string).collect();
            score.check(format!("{name} network interfaces"), ours, interfaces);
        }
        if let Ok(bytes) = fs::read(path.join("config"))
            && bytes.len() >= 64
        {
            let configuration = Configuration::read(&machine, device.address)?;
            let header = &configuration.header;
            if let Some(vendor) = device.vendor.value().filter(|vendor| vendor.number() != 0) {
                score.check(format!("{name} config vendor"), header.vendor, *vendor);
            }
            if let Some(class) = device.class.value() {
                score.check(format!("{name} config class"), header.class, *class);
            }
            // Virtual functions show 0 and the kernel fills it in; a bridge has it in a capability.
            if let (Layout::Endpoint(endpoint), Some(subsystem)) = (&header.layout, device.subsystem.value())
            {
                score.check(format!("{name} config subsystem"), endpoint.subsystem, *subsystem);
            }
        }
    }
    listed_by_hwloc(&archive.with_extension("").with_extension("console"), &devices, &mut score);
    fn count(nodes: &[pci::Node<'_>]) -> usize {
        nodes.iter().map(|node| 1 + count(&node.behind)).sum()
    }
    let roots = pci::tree(&devices);
    let in_tree: usize = roots.iter().map(|root| count(&root.functions)).sum();
    score.check("functions in the tree", in_tree, names.len());
    score.finish(name)
}

/// `PCI L#0 (busid=0000:00:01.1 id=8086:7010 class=0101(IDE) …`, where there is such a list.
fn listed_by_hwloc(console: &Path, devices: &[pci::Device], score: &mut Score) {
    let text = fs::read_to_string(console).unwrap_or_default();
    for line in text.lines().filter(|line| line.contains("(busid=")) {
        let place = after(line, "busid=").unwrap();
        let device = devices.iter().find(|device| device.address.to_string() == place);
        let Some(device) = device else {
            score.check(place, "not listed", "listed");
            continue;
        };
        let id = format!(
            "{:04x}:{:04x}",
            device.vendor.value().map_or(0, |vendor| vendor.number()),
            device.device.value().map_or(0, |device| device.number())
        );
        score.check(format!("{place} id"), id.as_str(), after(line, " id=").unwrap());
        let class = device.class.value().map(|class| format!("{:04x}", class.code()));
        score.check(format!("{place} class"), class.as_deref(), after(line, "class="));
    }
}

/// The members of directories `net` beneath a function, but for those of other functions behind it.
fn interfaces_beneath(path: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(path).into_iter().flatten().flatten() {
        let name = entry.file_name().into_string().unwrap();
        if !entry.file_type().unwrap().is_dir() || name.parse::<Address>().is_ok() {
            continue;
        }
        if name == "net" {
            found.extend(
                fs::read_dir(entry.path())
                    .unwrap()
                    .map(|entry| entry.unwrap().file_name().into_string().unwrap()),
            );
        } else {
            found.extend(interfaces_beneath(&entry.path()));
        }
    }
    found
}

/// A function of a dump: its address, the lines that decode it, and its bytes.
struct Function {
    address: Address,
    first: String,
    lines: Vec<String>,
    bytes: Vec<u8>,
}

fn functions(text: &str) -> Vec<Function> {
    let mut functions: Vec<Function> = Vec::new();
    for line in text.lines() {
        let first = line.split_whitespace().next().unwrap_or_default();
        let offset = first.strip_suffix(':').filter(|text| matches!(text.len(), 2 | 3));
        if let Some(offset) = offset.and_then(|text| usize::from_str_radix(text, 16).ok()) {
            let function = functions.last_mut().unwrap();
            assert_eq!(function.bytes.len(), offset);
            let bytes = line.split_whitespace().skip(1).map(|byte| u8::from_str_radix(byte, 16).unwrap());
            function.bytes.extend(bytes);
        } else if !line.starts_with([' ', '\t'])
            && let Ok(address) = first.parse()
        {
            functions.push(Function {
                address,
                first: line.to_owned(),
                lines: Vec::new(),
                bytes: Vec::new(),
            });
        } else if let Some(function) = functions.last_mut() {
            function.lines.push(line.trim().to_owned());
        }
    }
    functions
}

fn dump(bytes: &[u8], decoded: &[u8], name: &str) -> Result<(), Failed> {
    let mut score = Score::default();
    let bytes = functions(&String::from_utf8_lossy(bytes));
    let mut decoded = functions(&String::from_utf8_lossy(decoded));
    score.check("functions", bytes.len(), decoded.len());
    for function in &bytes {
        let at = decoded.iter().position(|other| other.address == function.address);
        let decoded = decoded.remove(at.ok_or("not decoded")?);
        let configuration = Configuration::parse(&function.bytes)
            .map_err(|error| format!("{}: {error}", function.address))?;
        let mut compared = Compared { score: &mut score, place: function.address.to_string() };
        compared.header(&decoded, &function.bytes, &configuration);
        compared.capabilities(&decoded.lines, &configuration);
    }
    score.finish(name)
}

/// Names with `+` or `-` at their end, as lspci writes flags.
fn flags(text: &str) -> impl Iterator<Item = (&str, bool)> {
    text.split([' ', ',', ';', '(', ')', '\t']).filter_map(|word| {
        let on = word.ends_with('+');
        let name = word.strip_suffix(['+', '-'])?;
        Some((name.trim_end_matches(':'), on))
    })
}

/// What follows `key`, up to a space, comma or the like.
fn after<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let at = text.find(key)? + key.len();
    text[at..].trim_start().split([' ', ',', ';', '(', ')', '\t']).next()
}

fn hexadecimal(text: &str) -> Option<u64> {
    u64::from_str_radix(text, 16).ok()
}

fn nanoseconds(text: &str) -> Option<u64> {
    match text.strip_suffix("ns") {
        Some(number) => number.parse().ok(),
        None => text.strip_suffix("us")?.parse::<u64>().ok().map(|number| number * 1000),
    }
}

struct Compared<'a> {
    score: &'a mut Score,
    place: String,
}

impl Compared<'_> {
    fn check<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, ours: T, expected: T) {
        self.score.check(format!("{} {what}", self.place), ours, expected);
    }

    fn explain(&mut self, what: &str, why: &str) {
        self.score.explain(format!("{} {what}", self.place), why);
    }

    /// Each flag of the line that starts with `label` and of those up to the next label.
    fn flags(&mut self, text: &str, known: &[(&str, bool)]) {
        for (name, on) in flags(text) {
            if let Some((_, ours)) = known.iter().find(|(known, _)| *known == name) {
                self.check(&format!("{name} of {text:.20}"), *ours, on);
            }
        }
    }

    fn number(&mut self, text: &str, key: &str, ours: u64) {
        if let Some(expected) = after(text, key).and_then(|text| text.parse::<u64>().ok()) {
            self.check(key, ours, expected);
        }
    }

    fn hexadecimal(&mut self, text: &str, key: &str, ours: u64) {
        if let Some(expected) = after(text, key).and_then(hexadecimal) {
            self.check(key, ours, expected);
        }
    }

    fn speed(&mut self, text: &str, key: &str, ours: Option<pci::LinkSpeed>) {
        if let Some(expected) = after(text, key) {
            let ours =
                ours.map_or("unknown".into(), |ours| ours.to_string().replace(' ', "").replace(".0", ""));
            self.check(key, ours, expected.to_owned());
        }
    }

    fn header(&mut self, decoded: &Function, bytes: &[u8], configuration: &Configuration) {
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

    fn status(&mut self, text: &str, status: Status) {
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
    fn region(&mut self, text: &str, bars: &[Bar]) {
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

    fn capabilities(&mut self, lines: &[String], configuration: &Configuration) {
        let mut starts: Vec<usize> =
            (0..lines.len()).filter(|&at| lines[at].starts_with("Capabilities: [")).collect();
        let mut expected = Vec::new();
        starts.push(lines.len());
        for pair in starts.windows(2) {
            let body = &lines[pair[0]..pair[1]];
            let head = &body[0]["Capabilities: [".len()..];
            let (place, title) = head.split_once("] ").unwrap();
            let (offset, version) = place.split_once(" v").unwrap_or((place, ""));
            let offset = hexadecimal(offset).unwrap();
            expected.push((offset, version.to_owned()));
            self.capability(offset, title, body, configuration);
        }
        // Trees without lines of decoding have nothing to compare.
        if lines.iter().any(|line| line.starts_with("Control:")) {
            let ours: Vec<_> = configuration
                .capabilities
                .list
                .iter()
                .map(|known| (u64::from(known.offset), String::new()))
                .collect();
            let (low, high): (Vec<_>, Vec<_>) = expected.into_iter().partition(|(offset, _)| *offset < 0x100);
            self.check("capabilities", ours, low);
            let extended = configuration.extended_capabilities.list.iter();
            // lspci writes no version where that is 0 in its older releases.
            let ours: Vec<_> =
                extended.map(|known| (u64::from(known.offset), known.version.to_string())).collect();
            let high: Vec<_> = high
                .into_iter()
                .zip(ours.iter().map(|(_, version)| version.clone()).chain(std::iter::repeat(String::new())))
                .map(|((offset, version), ours)| (offset, if version.is_empty() { ours } else { version }))
                .collect();
            if ours.len() > high.len()
                && ours.starts_with(&high)
                && lines.iter().any(|line| line.contains("EPMockUp"))
            {
                self.explain(
                    "extended capabilities",
                    "the lines end before the list; lspci -F shows the rest",
                );
            } else {
                self.check("extended capabilities", ours, high);
            }
        }
    }

    fn capability(&mut self, offset: u64, title: &str, body: &[String], configuration: &Configuration) {
        if offset < 0x100 {
            let found =
                configuration.capabilities.list.iter().find(|known| u64::from(known.offset) == offset);
            let Some(found) = found else { return };
            let all = body.join(" ");
            self.conventional(title, &all, body, found);
        } else {
            let list = &configuration.extended_capabilities.list;
            let Some(found) = list.iter().find(|known| u64::from(known.offset) == offset) else { return };
            self.extended(title, body, found);
        }
    }

    fn conventional(&mut self, title: &str, all: &str, body: &[String], found: &Capability) {
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

    fn express(&mut self, title: &str, body: &[String], express: &Express) {
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

    fn express_line(&mut self, label: &str, text: &str, express: &Express) {
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

    fn link(&mut self, label: &str, text: &str, link: &LinkRegisters) {
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

    fn slot(&mut self, label: &str, text: &str, slot: &Slot) {
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

    fn extended(&mut self, title: &str, body: &[String], found: &ExtendedCapability) {
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

    fn errors(&mut self, body: &[String], errors: &ErrorReporting) {
        let mut label = "";
        for line in &body[1..] {
            let mut text = line.as_str();
            if let Some((name, rest)) = line.split_once(':') {
                (label, text) = (name, rest);
            }
            match label {
                "UESta" | "UEMsk" | "UESvrt" => {
                    let set = match label {
                        "UESta" => errors.uncorrectable,
                        "UEMsk" => errors.uncorrectable_masked,
                        _ => errors.uncorrectable_fatal,
                    };
                    let is = |flag| set.contains(flag);
                    self.flags(
                        text,
                        &[
                            ("DLP", is(UncorrectableErrors::DATA_LINK_PROTOCOL)),
                            ("SDES", is(UncorrectableErrors::SURPRISE_DOWN)),
                            ("TLP", is(UncorrectableErrors::POISONED)),
                            ("FCP", is(UncorrectableErrors::FLOW_CONTROL)),
                            ("CmpltTO", is(UncorrectableErrors::COMPLETION_TIMEOUT)),
                            ("CmpltAbrt", is(UncorrectableErrors::COMPLETER_ABORT)),
                            ("UnxCmplt", is(UncorrectableErrors::UNEXPECTED_COMPLETION)),
                            ("RxOF", is(UncorrectableErrors::RECEIVER_OVERFLOW)),
                            ("MalfTLP", is(UncorrectableErrors::MALFORMED)),
                            ("ECRC", is(UncorrectableErrors::CHECKSUM)),
                            ("UnsupReq", is(UncorrectableErrors::UNSUPPORTED_REQUEST)),
                            ("ACSViol", is(UncorrectableErrors::ACCESS_CONTROL)),
                        ],
                    );
                }
                "CESta" | "CEMsk" => {
                    let set = if label == "CESta" { errors.correctable } else { errors.correctable_masked };
                    let is = |flag| set.contains(flag);
                    self.flags(
                        text,
                        &[
                            ("RxErr", is(CorrectableErrors::RECEIVER)),
                            ("BadTLP", is(CorrectableErrors::BAD_TRANSACTION)),
                            ("BadDLLP", is(CorrectableErrors::BAD_DATA_LINK)),
                            ("Rollover", is(CorrectableErrors::REPLAY_ROLLOVER)),
                            ("Timeout", is(CorrectableErrors::REPLAY_TIMEOUT)),
                            ("NonFatalErr", is(CorrectableErrors::ADVISORY_NONFATAL)),
                            ("AdvNonFatalErr", is(CorrectableErrors::ADVISORY_NONFATAL)),
                        ],
                    );
                }
                "AERCap" => {
                    self.hexadecimal(text, "First Error Pointer:", errors.first_error.into());
                    let is = |flag| errors.control.contains(flag);
                    self.flags(
                        text,
                        &[
                            ("ECRCGenCap", is(ErrorControl::CHECKSUM_GENERATION_CAPABLE)),
                            ("GenCap", is(ErrorControl::CHECKSUM_GENERATION_CAPABLE)),
                            ("ECRCGenEn", is(ErrorControl::CHECKSUM_GENERATION)),
                            ("CGenEn", is(ErrorControl::CHECKSUM_GENERATION)),
                            ("ECRCChkCap", is(ErrorControl::CHECKSUM_CHECK_CAPABLE)),
                            ("ChkCap", is(ErrorControl::CHECKSUM_CHECK_CAPABLE)),
                            ("ECRCChkEn", is(ErrorControl::CHECKSUM_CHECK)),
                            ("ChkEn", is(ErrorControl::CHECKSUM_CHECK)),
                            ("MultHdrRecCap", is(ErrorControl::MULTIPLE_HEADERS_CAPABLE)),
                            ("MultHdrRecEn", is(ErrorControl::MULTIPLE_HEADERS)),
                            ("TLPPfxPres", is(ErrorControl::PREFIX_PRESENT)),
                            ("HdrLogCap", is(ErrorControl::TIMEOUT_HEADER_CAPABLE)),
                        ],
                    );
                }
                "HeaderLog" if !text.is_empty() => {
                    let expected: Vec<_> = text.split_whitespace().filter_map(hexadecimal).collect();
                    self.check("header log", errors.header_log.map(u64::from).to_vec(), expected);
                }
                "RootCmd" | "RootSta" | "ErrorSrc" => {
                    let Some(root) = errors.root else { return self.check("root errors", false, true) };
                    let command = |flag| root.command.contains(flag);
                    let status = |flag| root.status.contains(flag);
                    self.flags(
                        text,
                        &[
                            ("CERptEn", command(RootErrorCommand::CORRECTABLE)),
                            ("NFERptEn", command(RootErrorCommand::NONFATAL)),
                            ("FERptEn", command(RootErrorCommand::FATAL)),
                            ("CERcvd", status(RootErrorStatus::CORRECTABLE)),
                            ("MultCERcvd", status(RootErrorStatus::MULTIPLE_CORRECTABLE)),
                            ("UERcvd", status(RootErrorStatus::UNCORRECTABLE)),
                            ("MultUERcvd", status(RootErrorStatus::MULTIPLE_UNCORRECTABLE)),
                            ("FirstFatal", status(RootErrorStatus::FIRST_FATAL)),
                            ("NonFatalMsg", status(RootErrorStatus::NONFATAL)),
                            ("FatalMsg", status(RootErrorStatus::FATAL)),
                        ],
                    );
                    self.number(text, "IntMsg", root.interrupt_message.into());
                    self.hexadecimal(text, "ERR_COR:", root.correctable_source.into());
                    self.hexadecimal(text, "ERR_FATAL/NONFATAL:", root.uncorrectable_source.into());
                }
                _ => {}
            }
        }
    }
}
