//! QEMU's command line for a machine, derived from its declaration.

use std::path::Path;

use lab::{Architecture, Backing, Machine, PciDevice};

/// The files of one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Files<'a> {
    /// The folder for what is thrown away with the machine.
    pub(crate) scratch: &'a Path,
    pub(crate) image: &'a Path,
    pub(crate) initramfs: &'a Path,
    /// Where the console's text goes; the terminal that this runs in, if none is given.
    pub(crate) console: Option<&'a Path>,
    /// Where a guest's files go.
    pub(crate) files: &'a Path,
}

/// The program that emulates `architecture`, and what else the lab needs for it; each with its Debian package.
pub(crate) fn needs(architecture: Architecture) -> &'static [(&'static str, &'static str)] {
    const DEPMOD: (&str, &str) = ("depmod", "kmod");
    const READELF: (&str, &str) = ("readelf", "binutils");
    const XZ: (&str, &str) = ("xz", "xz-utils");
    match architecture {
        Architecture::X86_64 => &[("qemu-system-x86_64", "qemu-system-x86"), DEPMOD, READELF, XZ],
        Architecture::Aarch64 => &[("qemu-system-aarch64", "qemu-system-arm"), DEPMOD, READELF, XZ],
        Architecture::Riscv64 => &[("qemu-system-riscv64", "qemu-system-misc"), DEPMOD, READELF, XZ],
    }
}

/// What follows the program's name.
///
/// Emulation is always asked for: /dev/kvm is there on some machines on which it hangs.
pub(crate) fn arguments(machine: &Machine, files: &Files<'_>) -> Vec<String> {
    let mut line = Line::default();
    let is_x86 = machine.architecture == Architecture::X86_64;
    let told = machine.nodes.iter().any(|node| !node.latency.is_empty());
    let kind = match machine.architecture {
        Architecture::X86_64 if told => "q35,hmat=on",
        Architecture::X86_64 => "q35",
        Architecture::Aarch64 if machine.iommu => "virt,gic-version=3,iommu=smmuv3",
        Architecture::Aarch64 => "virt,gic-version=3",
        Architecture::Riscv64 => "virt",
    };
    let options = machine.options.as_ref().map(|options| format!(",{options}")).unwrap_or_default();
    line.add("-machine", format!("{kind}{options}"));
    // One thread for all CPUs: with more, a CPU may run code that another has just changed, which kernels take for a
    // stray breakpoint. It costs less, too, where the host has few CPUs.
    line.add("-accel", "tcg,thread=single");
    line.add("-cpu", &machine.processor);
    for flag in ["-nodefaults", "-no-user-config", "-no-reboot"] {
        line.flag(flag);
    }
    line.add("-display", "none");
    processors(machine, &mut line);
    nodes(machine, told, &mut line);
    match files.console {
        Some(file) => line.add("-serial", format!("file:{}", escaped(file))),
        None => line.add("-serial", "mon:stdio"),
    }
    for number in 0..machine.wired_serial_ports.iter().filter(|pair| is_x86 && is_isa(pair)).count() {
        wire(&mut line, files.scratch, &format!("isa{number}"));
        line.add("-serial", format!("chardev:isa{number}a"));
        line.add("-serial", format!("chardev:isa{number}b"));
    }
    // Before all other devices, or they are not behind it.
    if machine.iommu && is_x86 {
        line.add("-device", "intel-iommu,intremap=on,device-iotlb=on");
    }
    for (number, device) in machine.pci.iter().enumerate() {
        pci(device, number, files, &mut line);
    }
    // These two are no lists of options, and take a comma as it is.
    line.add("-kernel", files.image.to_string_lossy());
    line.add("-initrd", files.initramfs.to_string_lossy());
    line.add("-append", words(machine));
    line.0
}

/// The kernel's command line.
pub(crate) fn words(machine: &Machine) -> String {
    let console = match machine.architecture {
        Architecture::Aarch64 => "console=ttyAMA0",
        _ => "console=ttyS0",
    };
    // An end by panic or oops ends QEMU at once, which reboots nothing.
    let mut words = vec![console.to_owned(), "panic=-1".to_owned(), "oops=panic".to_owned()];
    if machine.architecture == Architecture::X86_64 {
        // Where this machine has much else to do, timers of an emulated one are late enough to be taken for broken.
        words.push("no_timer_check".to_owned());
    }
    for size in &machine.huge_page_sizes {
        let pools: Vec<_> = machine
            .nodes
            .iter()
            .enumerate()
            .filter_map(|(number, node)| Some(format!("{number}:{}", node.huge_pages.get(size)?)))
            .collect();
        if !pools.is_empty() {
            words.push(format!("hugepagesz={}K hugepages={}", size.bytes() >> 10, pools.join(",")));
        }
    }
    for (word, cpus) in [("isolcpus", &machine.isolated), ("nohz_full", &machine.nohz_full)] {
        if !cpus.is_empty() {
            words.push(format!("{word}={cpus}"));
        }
    }
    if machine.iommu && machine.architecture == Architecture::X86_64 {
        words.push("intel_iommu=on".to_owned());
    }
    words.extend(machine.boot.iter().cloned());
    words.join(" ")
}

fn processors(machine: &Machine, line: &mut Line) {
    let cpus = &machine.cpus;
    // Only x86 has dies.
    let dies = match machine.architecture {
        Architecture::X86_64 => format!(",dies={}", cpus.dies),
        _ => String::new(),
    };
    line.add(
        "-smp",
        format!(
            "{},sockets={}{dies},cores={},threads={}",
            cpus.count(),
            cpus.packages,
            cpus.cores,
            cpus.threads
        ),
    );
}

fn nodes(machine: &Machine, told: bool, line: &mut Line) {
    line.add("-m", format!("{}M", machine.memory().bytes() >> 20));
    if let [_] = machine.nodes.as_slice() {
        // The kernel makes a single node by itself.
        return;
    }
    for (number, node) in machine.nodes.iter().enumerate() {
        line.add(
            "-object",
            format!("memory-backend-ram,id=memory{number},size={}M", node.memory.bytes() >> 20),
        );
        let mut text = format!("node,nodeid={number},memdev=memory{number}");
        for (first, last) in node.cpus.ranges() {
            text.push_str(&format!(",cpus={first}-{last}"));
        }
        if told {
            let initiator = node.initiator.unwrap_or(number);
            text.push_str(&format!(",initiator={initiator}"));
        }
        line.add("-numa", text);
    }
    for (from, node) in machine.nodes.iter().enumerate() {
        for (to, distance) in node.distances.iter().enumerate().filter(|(to, _)| *to != from) {
            line.add("-numa", format!("dist,src={from},dst={to},val={distance}"));
        }
    }
    for (from, node) in machine.nodes.iter().enumerate() {
        for (to, (latency, bandwidth)) in node.latency.iter().zip(&node.bandwidth).enumerate() {
            let begin = format!("hmat-lb,initiator={from},target={to},hierarchy=memory,data-type=access");
            line.add("-numa", format!("{begin}-latency,latency={latency}"));
            line.add("-numa", format!("{begin}-bandwidth,bandwidth={bandwidth}M"));
        }
    }
}

fn pci(device: &PciDevice, number: usize, files: &Files<'_>, line: &mut Line) {
    let Some(kind) = &device.device else { return };
    let mut text = kind.clone();
    match &device.name {
        // Some names would be those of properties that QEMU's devices have themselves.
        Some(name) => text.push_str(&format!(",id=lab-{name}")),
        None => text.push_str(&format!(",id=device{number}")),
    }
    match &device.on {
        Some(bus) => text.push_str(&format!(",bus=lab-{bus}")),
        None => text.push_str(&format!(",bus=pcie.0,addr={}", device.slot())),
    }
    if let Some(options) = &device.options {
        text.push_str(&format!(",{options}"));
    }
    match device.backing {
        None => {}
        Some(Backing::Disk(_)) => {
            line.add(
                "-blockdev",
                format!(
                    "driver=raw,node-name=disk{number},file.driver=file,file.filename={}",
                    escaped(&disk(files.scratch, number))
                ),
            );
            text.push_str(&format!(",drive=disk{number}"));
        }
        Some(Backing::Network) => {
            line.add("-netdev", format!("hubport,id=network{number},hubid={number}"));
            text.push_str(&format!(",netdev=network{number}"));
        }
        Some(Backing::WiredSerialPorts) => {
            wire(line, files.scratch, &format!("serial{number}"));
            text.push_str(&format!(",chardev1=serial{number}a,chardev2=serial{number}b"));
        }
        Some(Backing::Results) => {
            line.add("-device", text);
            let file = escaped(files.files);
            // A file is always ready to be written to; standard output is opened anew for that.
            for (name, path) in [("results", "/dev/stdout".to_owned()), ("files", file)] {
                if files.console.is_some() {
                    line.add("-chardev", format!("file,id={name},path={path}"));
                    line.add("-device", format!("virtserialport,chardev={name},name=lab.{name}"));
                }
            }
            return;
        }
    }
    line.add("-device", text);
}

/// The file of the disk of device `number`.
pub(crate) fn disk(scratch: &Path, number: usize) -> std::path::PathBuf {
    scratch.join(format!("disk{number}"))
}

/// The first of the machine's own serial ports is the console; three more have their place.
fn is_isa(pair: &[String; 2]) -> bool {
    pair.iter().all(|name| matches!(name.as_str(), "ttyS1" | "ttyS2" | "ttyS3"))
}

/// Two ends of a wire, called `name` with `a` and `b`.
fn wire(line: &mut Line, scratch: &Path, name: &str) {
    let socket = escaped(&scratch.join(name));
    line.add("-chardev", format!("socket,id={name}a,path={socket},server=on,wait=off"));
    line.add("-chardev", format!("socket,id={name}b,path={socket}"));
}

/// A path within an option, where a comma ends a value.
fn escaped(path: &Path) -> String {
    path.to_string_lossy().replace(',', ",,")
}

#[derive(Debug, Default)]
struct Line(Vec<String>);

impl Line {
    fn flag(&mut self, name: &str) {
        self.0.push(name.to_owned());
    }

    fn add(&mut self, name: &str, value: impl Into<String>) {
        self.flag(name);
        self.0.push(value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(name: &str) -> String {
        let machines = lab::machines().unwrap();
        let path = Path::new("/s");
        let files = Files {
            scratch: path,
            image: Path::new("/vmlinuz"),
            initramfs: Path::new("/a,b"),
            console: Some(Path::new("/c,d")),
            files: Path::new("/files"),
        };
        arguments(&machines[name], &files).join(" ")
    }

    #[track_caller]
    fn has(line: &str, part: &str) {
        assert!(line.contains(part), "{part:?} is not in {line:?}");
    }

    #[test]
    fn no_machine_asks_for_anything_but_emulation() {
        for name in lab::machines().unwrap().keys() {
            has(&line(name), "-accel tcg,thread=single");
            assert!(!line(name).contains("kvm"), "{name}");
        }
    }

    #[test]
    fn nodes_are_passed_with_cpus_distances_and_what_memory_costs() {
        let line = line("numa");
        has(&line, "-machine q35,hmat=on");
        has(&line, "-smp 8,sockets=2,dies=2,cores=1,threads=2 -m 7168M");
        has(&line, "-object memory-backend-ram,id=memory0,size=2048M");
        has(&line, "-numa node,nodeid=0,memdev=memory0,cpus=0-3,initiator=0");
        has(&line, "-numa node,nodeid=3,memdev=memory3,initiator=1");
        has(&line, "-numa dist,src=0,dst=3,val=41");
        has(
            &line,
            "-numa hmat-lb,initiator=2,target=3,hierarchy=memory,data-type=access-latency,latency=60 \
             -numa hmat-lb,initiator=2,target=3,hierarchy=memory,data-type=access-bandwidth,bandwidth=1200M",
        );
        assert!(!line.contains("initiator=3,target"), "a node without CPUs starts nothing");
    }

    #[test]
    fn the_kernel_is_told_of_huge_pages_node_by_node_and_of_cpus_to_leave_free() {
        assert_eq!(
            words(&lab::machines().unwrap()["numa"]),
            "console=ttyS0 panic=-1 oops=panic no_timer_check hugepagesz=2048K hugepages=0:16,3:8 hugepagesz=1048576K hugepages=1:1 \
             isolcpus=3,7 nohz_full=3,7"
        );
        let arm = words(&lab::machines().unwrap()["arm"]);
        assert_eq!(
            arm,
            "console=ttyAMA0 panic=-1 oops=panic hugepagesz=64K hugepages=1:8 hugepagesz=2048K hugepages=0:4"
        );
    }

    #[test]
    fn devices_are_on_their_buses_with_what_stands_behind_them() {
        let line = line("pci");
        let iommu = line.find("-device intel-iommu").unwrap();
        assert!(iommu < line.find("-device virtio-serial-pci").unwrap());
        has(&line, "-device x3130-upstream,id=lab-switch,bus=lab-port2");
        has(&line, "-device nvme,id=device13,bus=lab-down1,serial=first,drive=disk13");
        has(
            &line,
            "-netdev hubport,id=network9,hubid=9 -device e1000e,id=device9,bus=lab-port1,netdev=network9",
        );
        has(&line, "-device edu,id=device5,bus=pcie.0,addr=06.0");
    }

    #[test]
    fn wired_ports_are_two_ends_of_one_socket() {
        let line = line("devices");
        has(
            &line,
            "-chardev socket,id=isa0a,path=/s/isa0,server=on,wait=off -chardev socket,id=isa0b,path=/s/isa0",
        );
        has(&line, "-serial chardev:isa0a -serial chardev:isa0b");
        has(&line, "pci-serial-2x,id=device2,bus=pcie.0,addr=03.0,chardev1=serial2a,chardev2=serial2b");
    }

    #[test]
    fn a_comma_in_a_path_ends_no_option() {
        has(&line("small"), "-serial file:/c,,d");
        has(&line("small"), "-initrd /a,b");
    }
}
