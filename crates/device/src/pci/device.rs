use core::fmt;

use linux_support_base::{
    ByteString, CpuSet, Directory, Error, Machine, NumaNode, Reading,
    text::{self, ParseError},
};

use super::{
    Address, Class, ClassDevice, DeviceId, ErrorCounters, Link, Location, PowerState, ResetMethod, Resources,
    Revision, SubsystemId, VendorId, Virtualization, class_device::ClassDevices,
    virtualization::address_of_link,
};

/// What the kernel knows of a PCI function.
///
/// Each part is read from its own file, so one that is missing or broken does not hide the others. A function that
/// is removed while it is read leaves parts that are [absent](Reading::is_absent).
///
/// # Source
/// Documentation/ABI/testing/sysfs-bus-pci, Documentation/PCI/sysfs-pci.rst.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Device {
    /// Where it is.
    pub address: Address,
    /// Where it is in the tree of devices, and the bridge above it.
    pub location: Reading<Location>,
    /// Who made it.
    pub vendor: Reading<VendorId>,
    /// The vendor's number for its kind.
    pub device: Reading<DeviceId>,
    /// The product that it is built into.
    pub subsystem: Reading<SubsystemId>,
    /// Its revision.
    pub revision: Reading<Revision>,
    /// What it is.
    pub class: Reading<Class>,
    /// What drivers are matched with: `pci:v00008086d…`.
    pub modalias: Reading<ByteString>,
    /// The driver that it is bound to; absent where there is none.
    pub driver: Reading<Driver>,
    /// The NUMA node that it is nearest to; `None` where the firmware does not say.
    pub numa_node: Reading<Option<NumaNode>>,
    /// The CPUs that it is nearest to.
    pub local_cpus: Reading<CpuSet>,
    /// The group of functions that the IOMMU can't tell apart from it; absent without an IOMMU.
    pub iommu_group: Reading<IommuGroup>,
    /// Its PCI Express link.
    pub link: Link,
    /// Its interrupt line; `None` where it has none. With MSI see [`message_interrupts`](Self::message_interrupts).
    pub irq: Reading<Option<Irq>>,
    /// Its message-signalled interrupts, by number; absent where none are set up.
    pub message_interrupts: Reading<Vec<MessageInterrupt>>,
    /// How often it was enabled; 0 where it decodes nothing.
    pub enable_count: Reading<u32>,
    /// How awake it is.
    pub power_state: Reading<PowerState>,
    /// The ways to reset it alone, in the order in which the kernel tries them; absent where there is none.
    pub reset_methods: Reading<Vec<ResetMethod>>,
    /// The addresses that it decodes.
    pub resources: Reading<Resources>,
    /// Its virtual functions; absent where it can't have any.
    pub virtualization: Reading<Virtualization>,
    /// The physical function that it is a virtual function of; absent where it is none.
    pub physical_function: Reading<Address>,
    /// Errors that it has reported.
    pub errors: ErrorCounters,
    /// Whether it is the display that the firmware used; absent where it is no display.
    pub boot_display: Reading<bool>,
    /// What its driver offers: network interfaces, disks and others.
    pub class_devices: Reading<Vec<ClassDevice>>,
}

/// A driver that a function is bound to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Driver {
    /// The driver's name, a directory of `/sys/bus/pci/drivers`.
    pub name: ByteString,
    /// The module that it is in; absent where it is built into the kernel.
    pub module: Reading<ByteString>,
}

/// The number of a group of functions that the IOMMU can't tell apart: what VFIO hands out as one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct IommuGroup(u32);

/// The number of an interrupt, as in `/proc/interrupts` and `/proc/irq`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Irq(u32);

/// A message-signalled interrupt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MessageInterrupt {
    /// Its number.
    pub irq: Irq,
    /// By which capability it is sent.
    pub mode: Reading<InterruptMode>,
}

/// By which capability messages are sent.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum InterruptMode {
    /// MSI: up to 32, with successive numbers.
    Msi,
    /// MSI-X: up to 2,048, each with its own address.
    MsiX,
    /// A word that this library does not know.
    #[cfg_attr(feature = "serde", serde(untagged))]
    Other(ByteString),
}

const DEVICES: &str = "/sys/bus/pci/devices";

/// The PCI functions of a machine, sorted by address.
///
/// A machine without PCI has none, which is no error.
///
/// # Errors
/// The list can't be read.
pub fn devices(machine: &Machine) -> Result<Vec<Device>, Error> {
    let entries = match machine.entries(DEVICES) {
        Ok(entries) => entries,
        Err(error) if error.is_absent() => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut addresses = Vec::with_capacity(entries.len());
    for entry in &entries {
        addresses.push(Address::parse(&entry.name).map_err(|error| Error::malformed(DEVICES, error))?);
    }
    addresses.sort_unstable();
    let class_devices = ClassDevices::read(machine);
    let mut devices = Vec::with_capacity(addresses.len());
    for address in addresses {
        match Device::read_with(machine, address, &class_devices) {
            Ok(device) => devices.push(device),
            // It was removed after it was listed.
            Err(error) if error.is_absent() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(devices)
}

impl Device {
    /// Reads what the kernel knows of the function at `address`.
    ///
    /// # Errors
    /// There is no such function.
    pub fn read(machine: &Machine, address: Address) -> Result<Self, Error> {
        Self::read_with(machine, address, &ClassDevices::read(machine))
    }

    fn read_with(machine: &Machine, address: Address, class_devices: &ClassDevices) -> Result<Self, Error> {
        let path = format!("{DEVICES}/{address}");
        let directory = machine.directory(&path)?;
        let location = machine
            .link(&path)
            .and_then(|target| Location::parse(&target).map_err(|error| Error::malformed(path, error)));
        Ok(Self {
            address,
            location: location.into(),
            vendor: directory.parse("vendor", VendorId::parse).into(),
            device: directory.parse("device", DeviceId::parse).into(),
            subsystem: subsystem(&directory).into(),
            revision: directory.parse("revision", Revision::parse).into(),
            class: directory.parse("class", Class::parse).into(),
            modalias: directory.line("modalias").into(),
            driver: driver(&directory).into(),
            numa_node: directory.parse("numa_node", numa_node).into(),
            local_cpus: local_cpus(&directory).into(),
            iommu_group: iommu_group(&directory).into(),
            link: Link::read(&directory),
            irq: directory.parse("irq", irq).into(),
            message_interrupts: message_interrupts(&directory).into(),
            enable_count: directory.parse("enable", |bytes| text::decimal(text::trim(bytes))).into(),
            power_state: directory.parse("power_state", PowerState::parse).into(),
            reset_methods: directory.parse("reset_method", |bytes| Ok(ResetMethod::parse_list(bytes))).into(),
            resources: directory.parse("resource", Resources::parse).into(),
            virtualization: Virtualization::read(&directory),
            physical_function: address_of_link(&directory, "physfn").into(),
            errors: ErrorCounters::read(&directory),
            boot_display: directory.parse("boot_vga", |bytes| text::boolean(text::trim(bytes))).into(),
            class_devices: class_devices.of(address).into(),
        })
    }

    /// The bridge above it; `None` on a root bus, and where that is not known.
    #[must_use]
    pub fn parent(&self) -> Option<Address> {
        self.location.value()?.parent
    }

    /// The name of its vendor in the PCI ID repository.
    #[must_use]
    pub fn vendor_name(&self) -> Option<&'static str> {
        self.vendor.value()?.name()
    }

    /// Its name in the PCI ID repository.
    #[must_use]
    pub fn device_name(&self) -> Option<&'static str> {
        self.device.value()?.name(*self.vendor.value()?)
    }

    /// The name of the product that it is built into, in the PCI ID repository.
    #[must_use]
    pub fn subsystem_name(&self) -> Option<&'static str> {
        self.subsystem.value()?.name(*self.vendor.value()?, *self.device.value()?)
    }

    /// The names of its network interfaces.
    pub fn network_interfaces(&self) -> impl Iterator<Item = &ByteString> {
        self.names_in("net")
    }

    /// The names of its disks.
    pub fn block_devices(&self) -> impl Iterator<Item = &ByteString> {
        self.names_in("block")
    }

    fn names_in(&self, class: &'static str) -> impl Iterator<Item = &ByteString> {
        let devices = self.class_devices.value().map(Vec::as_slice).unwrap_or_default();
        devices.iter().filter(move |device| device.class == class).map(|device| &device.name)
    }
}

fn subsystem(directory: &Directory) -> Result<SubsystemId, Error> {
    Ok(SubsystemId {
        vendor: directory.parse("subsystem_vendor", VendorId::parse)?,
        device: directory.parse("subsystem_device", DeviceId::parse)?,
    })
}

fn last_name(target: &ByteString) -> ByteString {
    target.rsplit(|&byte| byte == b'/').next().unwrap_or_default().into()
}

fn driver(directory: &Directory) -> Result<Driver, Error> {
    let name = last_name(&directory.link("driver")?);
    let module = directory.link("driver/module").map(|target| last_name(&target)).into();
    Ok(Driver { name, module })
}

fn numa_node(bytes: &[u8]) -> Result<Option<NumaNode>, ParseError> {
    match text::trim(bytes) {
        b"-1" => Ok(None),
        number => NumaNode::parse(number).map(Some),
    }
}

fn local_cpus(directory: &Directory) -> Result<CpuSet, Error> {
    let list = directory.parse("local_cpulist", |bytes| CpuSet::parse_list(text::trim(bytes)));
    match list {
        // Trees that others saved may have the mask alone.
        Err(error) if error.is_absent() => {
            directory.parse("local_cpus", |bytes| CpuSet::parse_mask(text::trim(bytes))).map_err(|_| error)
        }
        list => list,
    }
}

fn iommu_group(directory: &Directory) -> Result<IommuGroup, Error> {
    let name = last_name(&directory.link("iommu_group")?);
    text::decimal(&name)
        .map(IommuGroup)
        .map_err(|error| Error::malformed([directory.path(), b"/iommu_group"].concat(), error))
}

fn irq(bytes: &[u8]) -> Result<Option<Irq>, ParseError> {
    let number = text::decimal(text::trim(bytes))?;
    Ok((number != 0).then_some(Irq(number)))
}

fn message_interrupts(directory: &Directory) -> Result<Vec<MessageInterrupt>, Error> {
    let mut numbers = Vec::new();
    directory.visit("msi_irqs", |name, _| numbers.extend(text::decimal::<u32>(name).ok()))?;
    numbers.sort_unstable();
    let interrupt = |number: u32| MessageInterrupt {
        irq: Irq(number),
        mode: directory.parse(format!("msi_irqs/{number}"), InterruptMode::parse).into(),
    };
    Ok(numbers.into_iter().map(interrupt).collect())
}

impl InterruptMode {
    /// Reads the kernel's word: `msi` or `msix`.
    ///
    /// # Errors
    /// Empty text.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        match text::trim(text) {
            b"" => Err(ParseError::expected("msi or msix", text)),
            b"msi" => Ok(Self::Msi),
            b"msix" => Ok(Self::MsiX),
            other => Ok(Self::Other(other.into())),
        }
    }
}

impl IommuGroup {
    /// The kernel's number for it.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for IommuGroup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Irq {
    /// The kernel's number for it.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for Irq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
