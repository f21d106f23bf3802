//! Whole trees of PCI functions.

use std::{fs, os::unix::fs::symlink, path::Path};

use linux_support_base::{Machine, NumaNode, Reason};
use linux_support_device::pci::{
    self, Address, Device, InterruptMode, LinkSpeed, PowerState, VendorId, configuration::Configuration,
};
use tempfile::TempDir;

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn link(root: &Path, path: &str, target: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    symlink(target, path).unwrap();
}

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

/// A root port and a network card of two functions behind it, in a domain above 16 bits.
fn machine() -> (TempDir, Machine) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let port = "sys/devices/pci10000:00/10000:00:01.0";
    let card = format!("{port}/10000:01:00.0");
    for (path, name) in [(port.to_owned(), "10000:00:01.0"), (card.clone(), "10000:01:00.0")] {
        link(root, &format!("sys/bus/pci/devices/{name}"), &path.replace("sys/", "../../../"));
        write(root, &format!("{path}/vendor"), "0x8086\n");
    }
    write(root, &format!("{port}/class"), "0x060400\n");
    write(root, &format!("{port}/numa_node"), "-1\n");
    for (file, text) in [
        ("class", "0x020000\n"),
        ("device", "0x1583\n"),
        ("subsystem_vendor", "0x8086\n"),
        ("subsystem_device", "0x0001\n"),
        ("numa_node", "1\n"),
        ("local_cpulist", "8-15,24-31\n"),
        ("current_link_speed", "5.0 GT/s PCIe\n"),
        ("max_link_speed", "8.0 GT/s PCIe\n"),
        ("irq", "0\n"),
        ("enable", "2\n"),
        ("power_state", "D0\n"),
        ("msi_irqs/4097", "msix\n"),
        ("msi_irqs/300", "msix\n"),
        ("resource", "broken\n"),
        ("sriov_totalvfs", "64\n"),
        ("sriov_numvfs", "1\n"),
        ("sriov_vf_device", "154c\n"),
        ("net/eth0/mtu", "1500\n"),
    ] {
        write(root, &format!("{card}/{file}"), text);
    }
    link(root, &format!("{card}/virtfn0"), "../10000:01:02.0");
    link(root, &format!("{card}/driver"), "../../../../bus/pci/drivers/i40e");
    link(root, "sys/bus/pci/drivers/i40e/module", "../../../../module/i40e");
    link(root, &format!("{card}/iommu_group"), "../../../../kernel/iommu_groups/42");
    link(root, "sys/class/net/eth0", "../../devices/pci10000:00/10000:00:01.0/10000:01:00.0/net/eth0");
    link(root, "sys/class/net/lo", "../../devices/virtual/net/lo");
    let machine = Machine::captured(root).unwrap();
    (folder, machine)
}

#[test]
fn every_part_of_a_function_is_read() {
    let (_folder, machine) = machine();
    let device = Device::read(&machine, address("10000:01:00.0")).unwrap();
    assert_eq!(device.parent(), Some(address("10000:00:01.0")));
    assert_eq!(device.vendor.value(), Some(&VendorId::new(0x8086)));
    assert_eq!(device.device_name(), Some("Ethernet Controller XL710 for 40GbE QSFP+"));
    assert_eq!(device.numa_node.value(), Some(&NumaNode::new(1)));
    assert_eq!(device.local_cpus.value().unwrap().to_string(), "8-15,24-31");
    assert_eq!(device.link.current_speed.value(), Some(&LinkSpeed::from_encoding(2)));
    assert!(device.link.is_degraded());
    assert_eq!(device.irq.value(), Some(&None));
    assert_eq!(device.enable_count.value(), Some(&2));
    assert_eq!(device.power_state.value(), Some(&PowerState::D0));
    let interrupts = device.message_interrupts.value().unwrap();
    assert_eq!(interrupts.iter().map(|interrupt| interrupt.irq.number()).collect::<Vec<_>>(), [300, 4097]);
    assert_eq!(interrupts[0].mode.value(), Some(&InterruptMode::MsiX));
    let driver = device.driver.value().unwrap();
    assert_eq!((&driver.name, driver.module.value()), (&"i40e".into(), Some(&"i40e".into())));
    assert_eq!(device.iommu_group.value().unwrap().number(), 42);
    let virtualization = device.virtualization.value().unwrap();
    assert_eq!((virtualization.total, virtualization.enabled.value()), (64, Some(&1)));
    assert_eq!(virtualization.device.value().unwrap().to_string(), "0x154c");
    assert_eq!(virtualization.functions.value(), Some(&vec![address("10000:01:02.0")]));
    assert_eq!(device.network_interfaces().collect::<Vec<_>>(), ["eth0"]);
    assert_eq!(device.block_devices().count(), 0);
}

#[test]
fn a_broken_part_does_not_hide_the_others() {
    let (_folder, machine) = machine();
    let device = Device::read(&machine, address("10000:01:00.0")).unwrap();
    assert!(matches!(device.resources.error().unwrap().reason(), Reason::Malformed(_)));
    assert!(
        device.revision.is_absent()
            && device.physical_function.is_absent()
            && device.boot_display.is_absent()
    );
    assert!(device.class.value().is_some());
}

#[test]
fn a_node_of_minus_one_is_none() {
    let (_folder, machine) = machine();
    let device = Device::read(&machine, address("10000:00:01.0")).unwrap();
    assert_eq!(device.numa_node.value(), Some(&None));
    assert!(device.driver.is_absent());
}

#[test]
fn functions_are_listed_in_order_and_put_beneath_their_bridges() {
    let (_folder, machine) = machine();
    let devices = pci::devices(&machine).unwrap();
    let addresses: Vec<_> = devices.iter().map(|device| device.address.to_string()).collect();
    assert_eq!(addresses, ["10000:00:01.0", "10000:01:00.0"]);
    let tree = pci::tree(&devices);
    assert_eq!((tree.len(), tree[0].bus.to_string()), (1, "10000:00".into()));
    assert_eq!(tree[0].functions[0].device.address, address("10000:00:01.0"));
    assert_eq!(tree[0].functions[0].behind[0].device.address, address("10000:01:00.0"));
}

#[test]
fn bridges_that_lead_to_one_another_end() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for (name, parent) in [("0000:00:01.0", "0000:00:02.0"), ("0000:00:02.0", "0000:00:01.0")] {
        link(
            root,
            &format!("sys/bus/pci/devices/{name}"),
            &format!("../../../devices/pci0000:00/{parent}/{name}"),
        );
        fs::create_dir_all(root.join(format!("sys/devices/pci0000:00/{parent}/{name}"))).unwrap();
    }
    let devices = pci::devices(&Machine::captured(root).unwrap()).unwrap();
    let tree = pci::tree(&devices);
    assert_eq!(tree[0].functions.len(), 1);
    assert_eq!(tree[0].functions[0].behind.len(), 1);
}

#[test]
fn a_machine_without_pci_has_no_functions() {
    let folder = tempfile::tempdir().unwrap();
    let machine = Machine::captured(folder.path()).unwrap();
    assert_eq!(pci::devices(&machine), Ok(Vec::new()));
    fs::create_dir_all(folder.path().join("sys/bus/pci/devices")).unwrap();
    assert_eq!(pci::devices(&machine), Ok(Vec::new()));
    assert!(Device::read(&machine, address("00:00.0")).unwrap_err().is_absent());
}

#[test]
fn this_machines_functions_are_read() {
    let machine = Machine::live().unwrap();
    for device in pci::devices(&machine).unwrap() {
        assert!(device.vendor.value().is_some() && device.class.value().is_some(), "{device:?}");
        assert!(device.location.value().is_some() && device.resources.value().is_some(), "{device:?}");
        let configuration = Configuration::read(&machine, device.address).unwrap();
        assert_eq!(device.vendor.value(), Some(&configuration.header.vendor));
        assert_eq!(device.class.value(), Some(&configuration.header.class));
    }
}

#[cfg(feature = "schema")]
#[test]
fn a_schema_allows_words_that_are_not_known() {
    let schema = serde_json::to_value(schemars::schema_for!(PowerState)).unwrap();
    let words = schema["anyOf"].as_array().unwrap();
    assert!(words.iter().any(|form| form["const"] == "D3cold"), "{schema}");
    assert!(words.iter().any(|form| form["$ref"] == "#/$defs/ByteString"), "{schema}");
}

#[cfg(feature = "serde")]
#[test]
fn a_function_is_written_in_the_kernels_forms() {
    let (_folder, machine) = machine();
    let device = Device::read(&machine, address("10000:01:00.0")).unwrap();
    let json = serde_json::to_value(&device).unwrap();
    assert_eq!(json["address"], "10000:01:00.0");
    assert_eq!(json["location"]["parent"], "10000:00:01.0");
    assert_eq!(json["class"], "0x020000");
    assert_eq!(json["numa_node"], 1);
    assert_eq!(json["link"]["maximum_speed"], "8.0 GT/s");
    assert_eq!(json["message_interrupts"][0], serde_json::json!({ "irq": 300, "mode": "msi-x" }));
    assert_eq!(json["power_state"], "D0");
    assert_eq!(json["physical_function"]["unavailable"]["reason"], "absent");
}
