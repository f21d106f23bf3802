use std::collections::{BTreeMap, BTreeSet};

use super::{Address, Device, RootBus};

/// A root bus and what hangs from it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Root<'a> {
    /// The bus.
    pub bus: RootBus,
    /// The functions on it, sorted by address.
    pub functions: Vec<Node<'a>>,
}

/// A function and, for a bridge, what is behind it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct Node<'a> {
    /// The function.
    pub device: &'a Device,
    /// The functions behind it, sorted by address.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
    pub behind: Vec<Node<'a>>,
}

/// The functions beneath their bridges, and these beneath their root buses, all sorted by address.
///
/// A function whose bridge is not among `devices`, or whose place is not known, is put on a root bus: the one that
/// its path names, else its own bus.
#[must_use]
pub fn tree(devices: &[Device]) -> Vec<Root<'_>> {
    let known: BTreeSet<Address> = devices.iter().map(|device| device.address).collect();
    let mut behind: BTreeMap<Address, Vec<&Device>> = BTreeMap::new();
    let mut roots: BTreeMap<RootBus, Vec<&Device>> = BTreeMap::new();
    for device in devices {
        match device.parent().filter(|parent| known.contains(parent)) {
            Some(parent) => behind.entry(parent).or_default().push(device),
            None => roots.entry(root_of(device)).or_default().push(device),
        }
    }
    // Each is taken out once, so that links in a circle end.
    let mut roots: BTreeMap<RootBus, Vec<Node<'_>>> =
        roots.into_iter().map(|(bus, devices)| (bus, nodes(devices, &mut behind, DEPTH))).collect();
    while let Some((_, devices)) = behind.pop_first() {
        for device in devices {
            let node = Node {
                device,
                behind: nodes(behind.remove(&device.address).unwrap_or_default(), &mut behind, DEPTH),
            };
            roots.entry(root_of(device)).or_default().push(node);
        }
    }
    roots
        .into_iter()
        .map(|(bus, mut functions)| {
            functions.sort_by_key(|node| node.device.address);
            Root { bus, functions }
        })
        .collect()
}

fn root_of(device: &Device) -> RootBus {
    let own = RootBus { domain: device.address.domain(), bus: device.address.bus() };
    device.location.value().and_then(|location| location.root).unwrap_or(own)
}

/// More bridges than this can't lie one behind the other: each takes a bus.
const DEPTH: u32 = 256;

fn nodes<'a>(
    mut devices: Vec<&'a Device>,
    behind: &mut BTreeMap<Address, Vec<&'a Device>>,
    depth: u32,
) -> Vec<Node<'a>> {
    devices.sort_by_key(|device| device.address);
    let mut list = Vec::with_capacity(devices.len());
    for device in devices {
        let below = match depth.checked_sub(1) {
            Some(depth) => nodes(behind.remove(&device.address).unwrap_or_default(), behind, depth),
            None => Vec::new(),
        };
        list.push(Node { device, behind: below });
    }
    list
}
