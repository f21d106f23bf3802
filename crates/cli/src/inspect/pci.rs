use std::io;

use linux_support::{
    base::{ByteString, Machine, NumaNode, Reading},
    device::pci::{self, Device},
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::{
    picture::{Kind, Shape},
    presentation::{Align, Page, Table, cell, reading},
};

/// The PCI functions.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct PciDevices {
    devices: Reading<Vec<NamedDevice>>,
}

/// A PCI function, with the names that the PCI identifiers stand for.
#[derive(Debug, Serialize, JsonSchema)]
struct NamedDevice {
    #[serde(flatten)]
    device: Device,
    /// What the identifiers stand for, as the list of known ones has it.
    names: Names,
}

/// Names from the list of known PCI identifiers; none where it has none.
#[derive(Debug, Default, Serialize, JsonSchema)]
struct Names {
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subclass: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vendor: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    subsystem: Option<&'static str>,
}

impl Names {
    fn of(device: &Device) -> Self {
        let class = device.class.value();
        let vendor = device.vendor.value();
        let model = vendor.zip(device.device.value());
        let subsystem = device.subsystem.value().zip(model);
        Self {
            class: class.and_then(|class| class.name()),
            subclass: class.and_then(|class| class.subclass_name()),
            vendor: vendor.and_then(|vendor| vendor.name()),
            device: model.and_then(|(vendor, device)| device.name(*vendor)),
            subsystem: subsystem.and_then(|(subsystem, (vendor, device))| subsystem.name(*vendor, *device)),
        }
    }
}

impl PciDevices {
    pub(crate) fn read(machine: &Machine) -> Self {
        let devices = pci::devices(machine).map(|devices| {
            let named = |device: Device| NamedDevice { names: Names::of(&device), device };
            devices.into_iter().map(named).collect()
        });
        Self { devices: devices.into() }
    }

    pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("PCI devices")?;
        let Some(devices) = page.or_why(&self.devices)? else { return Ok(()) };
        if devices.is_empty() {
            return page.line("  none");
        }
        let mut table = Table::new(&[
            ("ADDRESS", Align::Left),
            ("ID", Align::Left),
            ("REV", Align::Left),
            ("NODE", Align::Right),
            ("GROUP", Align::Right),
            ("LINK", Align::Left),
            ("DRIVER", Align::Left),
            ("DEVICE", Align::Left),
        ]);
        for NamedDevice { device, names } in devices {
            let node = match device.numa_node.value() {
                Some(Some(node)) => node.to_string(),
                _ => "-".to_owned(),
            };
            let driver =
                device.driver.value().map_or_else(|| "-".to_owned(), |driver| driver.name.to_string());
            table.row([
                cell(device.address),
                cell(format_args!("{}:{}", device.vendor, device.device)),
                reading(&device.revision),
                cell(node),
                reading(&device.iommu_group),
                cell(link(device)),
                cell(driver),
                cell(description(device, names)),
            ]);
        }
        page.table(table)
    }

    /// A box for each function that is no bridge, and the node that it is near to.
    pub(super) fn shapes(&self) -> Vec<(Option<NumaNode>, Shape)> {
        let devices = self.devices.value().map(Vec::as_slice).unwrap_or_default();
        let devices = devices.iter().filter(|named| !is_bridge(&named.device));
        devices
            .map(|NamedDevice { device, names }| {
                let mut shape = Shape::new(Kind::Device, device.address.to_string());
                shape.line(shortened(&description(device, names)));
                let parts: Vec<ByteString> = parts(device);
                if !parts.is_empty() {
                    shape.line(parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "));
                }
                (device.numa_node.value().copied().flatten(), shape)
            })
            .collect()
    }
}

/// The network interfaces, disks and the like that a function drives.
fn parts(device: &Device) -> Vec<ByteString> {
    let parts = device.class_devices.value().map(Vec::as_slice).unwrap_or_default();
    parts
        .iter()
        .filter(|part| matches!(part.class.as_bytes(), b"net" | b"nvme" | b"block" | b"infiniband"))
        .map(|part| part.name.clone())
        .collect()
}

fn is_bridge(device: &Device) -> bool {
    device.class.value().is_some_and(|class| class.class() == 0x06)
}

fn description(device: &Device, names: &Names) -> String {
    let unknown = || format!("{}:{}", device.vendor, device.device);
    let class = names.subclass.or(names.class);
    let name = match (names.vendor, names.device) {
        (Some(vendor), Some(device)) => format!("{vendor} {device}"),
        (Some(vendor), None) => format!("{vendor} {}", device.device),
        (None, _) => unknown(),
    };
    match class {
        Some(class) => format!("{class}: {name}"),
        None => name,
    }
}

/// The speed and width that the link has, and those that it could have where they are more.
fn link(device: &Device) -> String {
    let pair = |speed: &Reading<Option<pci::LinkSpeed>>, width: &Reading<Option<pci::LinkWidth>>| {
        let (speed, width) = ((*speed.value()?)?, (*width.value()?)?);
        Some(format!("{speed} {width}"))
    };
    let link = &device.link;
    let now = pair(&link.current_speed, &link.current_width);
    let most = pair(&link.maximum_speed, &link.maximum_width);
    match (now, most) {
        (Some(now), Some(most)) if now != most => format!("{now} of {most}"),
        (Some(now), _) => now,
        (None, Some(most)) => format!("down, of {most}"),
        (None, None) => "-".to_owned(),
    }
}

fn shortened(text: &str) -> String {
    const MOST: usize = 48;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
