//! What a declaration must hold to beyond its form.

use std::collections::BTreeSet;

use crate::{Backing, Machine};

/// What is wrong with `machine`.
pub(crate) fn machine(name: &str, machine: &Machine) -> Result<(), String> {
    if name.is_empty()
        || !name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    {
        return Err("a name has lower-case letters, digits and hyphens only".to_owned());
    }
    if matches!(name, "any" | "self-test") {
        return Err("this name has a meaning of its own in the paths of tests".to_owned());
    }
    cpus(machine)?;
    nodes(machine)?;
    pci(machine)
}

fn cpus(machine: &Machine) -> Result<(), String> {
    let count = machine.cpus.count();
    if count == 0 || count > 255 {
        return Err(format!("{count} CPUs; a machine has 1 to 255"));
    }
    if machine.nodes.is_empty() {
        return Err("no node".to_owned());
    }
    let mut owned = BTreeSet::new();
    for (number, node) in machine.nodes.iter().enumerate() {
        for cpu in node.cpus.iter() {
            if cpu >= count {
                return Err(format!("node {number} has CPU {cpu}, and the machine has 0 to {}", count - 1));
            }
            if !owned.insert(cpu) {
                return Err(format!("CPU {cpu} is in two nodes"));
            }
        }
    }
    // One node may leave it unsaid that it has all CPUs.
    let unsaid = machine.nodes.len() == 1 && owned.is_empty();
    match (0..count).find(|cpu| !unsaid && !owned.contains(cpu)) {
        Some(cpu) => Err(format!("CPU {cpu} is in no node")),
        None => Ok(()),
    }
}

fn nodes(machine: &Machine) -> Result<(), String> {
    let count = machine.nodes.len();
    let told = machine.nodes.iter().any(|node| !node.latency.is_empty());
    for (number, node) in machine.nodes.iter().enumerate() {
        let with_cpus = !node.cpus.is_empty();
        let rows = [
            ("distances", node.distances.len(), count > 1),
            ("latency", node.latency.len(), told && with_cpus),
            ("bandwidth", node.bandwidth.len(), told && with_cpus),
        ];
        for (what, length, needed) in rows {
            if length != if needed { count } else { 0 } {
                return Err(format!("node {number}: {length} numbers of {what} with {count} nodes"));
            }
        }
        if node.distances.get(number).is_some_and(|own| *own != 10) {
            return Err(format!("node {number}: a node's distance to itself is 10"));
        }
        if let Some(initiator) = node.initiator
            && machine.nodes.get(initiator).is_none_or(|node| node.cpus.is_empty())
        {
            return Err(format!("node {number}: its initiator {initiator} is no node with CPUs"));
        }
        if let Some(size) = node.huge_pages.keys().find(|size| !machine.huge_page_sizes.contains(size)) {
            return Err(format!("node {number}: huge pages of {size}, which huge_page_sizes does not list"));
        }
    }
    Ok(())
}

fn pci(machine: &Machine) -> Result<(), String> {
    let mut addresses = BTreeSet::new();
    let mut bridges = BTreeSet::new();
    for device in &machine.pci {
        let address = &device.address;
        if slot(address).is_none() {
            return Err(format!("the PCI address {address:?} is not of the form 0000:00:00.0"));
        }
        if !addresses.insert(address) {
            return Err(format!("the PCI address {address} is given twice"));
        }
        if let Some(bridge) = &device.on
            && !bridges.contains(bridge)
        {
            return Err(format!("{address} is on {bridge}, which no device before it is named"));
        }
        if device.device.is_none() && (device.name.is_some() || device.backing.is_some()) {
            return Err(format!("{address} has no device, and so can't be named or connected"));
        }
        bridges.extend(device.name.as_ref());
    }
    match machine.pci.iter().filter(|device| device.backing == Some(Backing::Results)).count() {
        1 => Ok(()),
        count => Err(format!("{count} devices with backing = \"results\"; exactly one carries them")),
    }
}

/// The slot and function of a PCI address: `1f.2` of `0000:00:1f.2`.
pub(crate) fn slot(address: &str) -> Option<&str> {
    let (bus, slot) = address.rsplit_once(':')?;
    let (device, function) = slot.split_once('.')?;
    let (domain, bus) = bus.split_once(':')?;
    let is_hexadecimal = |text: &str, length| text.len() == length && u32::from_str_radix(text, 16).is_ok();
    let whole = is_hexadecimal(domain, 4) && is_hexadecimal(bus, 2) && is_hexadecimal(device, 2);
    (whole && is_hexadecimal(function, 1)).then_some(slot)
}
