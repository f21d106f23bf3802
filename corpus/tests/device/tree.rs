//! Saved trees: what the model says of each function, against its files as they are.

use std::{
    fs,
    path::{Path, PathBuf},
};

use corpus::{Score, unpack};
use libtest_mimic::Failed;
use linux_support::{
    base::Machine,
    device::pci::{
        self, Address,
        configuration::{Configuration, Layout},
    },
};

use crate::compared::after;

/// Every function of a saved tree, against its files as they are.
pub(crate) fn tree(archive: &Path, name: &str) -> Result<(), Failed> {
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
