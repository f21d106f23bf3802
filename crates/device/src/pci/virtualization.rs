use linux_support_base::{
    Directory, Reading,
    text::{self, ParseError},
};

use super::{Address, DeviceId};

/// The virtual functions that a physical function offers (single-root I/O virtualization).
///
/// # Kernel
/// With CONFIG_PCI_IOV.
///
/// # Source
/// Documentation/PCI/pci-iov-howto.rst, Documentation/ABI/testing/sysfs-bus-pci.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "SR-IOV")]
pub struct Virtualization {
    /// How many virtual functions there can be.
    pub total: u16,
    /// How many there are.
    pub enabled: Reading<u16>,
    /// How far the first virtual function's routing number (bus, device and function as 16 bits) is from the
    /// physical function's.
    pub offset: Reading<u16>,
    /// How far apart the routing numbers of successive virtual functions are.
    pub stride: Reading<u16>,
    /// What all virtual functions are.
    pub device: Reading<DeviceId>,
    /// Whether drivers are bound to new virtual functions.
    pub drivers_autoprobe: Reading<bool>,
    /// The virtual functions that there are, in order.
    pub functions: Reading<Vec<Address>>,
}

impl Virtualization {
    pub(super) fn read(directory: &Directory) -> Reading<Self> {
        fn number(bytes: &[u8]) -> Result<u16, ParseError> {
            text::decimal(text::trim(bytes))
        }
        let total = match directory.parse("sriov_totalvfs", number) {
            Ok(total) => total,
            Err(error) => return Reading::Unavailable(error),
        };
        Reading::Value(Self {
            total,
            enabled: directory.parse("sriov_numvfs", number).into(),
            offset: directory.parse("sriov_offset", number).into(),
            stride: directory.parse("sriov_stride", number).into(),
            device: directory
                .parse("sriov_vf_device", |bytes| text::hexadecimal(text::trim(bytes)).map(DeviceId::new))
                .into(),
            drivers_autoprobe: directory
                .parse("sriov_drivers_autoprobe", |bytes| text::boolean(text::trim(bytes)))
                .into(),
            functions: functions(directory).into(),
        })
    }
}

fn functions(directory: &Directory) -> Result<Vec<Address>, linux_support_base::Error> {
    let mut numbers = Vec::new();
    directory.visit("", |name, _| {
        if let Some(number) = name.strip_prefix(b"virtfn")
            && let Ok(number) = text::decimal::<u32>(number)
        {
            numbers.push(number);
        }
    })?;
    numbers.sort_unstable();
    let mut functions = Vec::with_capacity(numbers.len());
    for number in numbers {
        let link = format!("virtfn{number}");
        match address_of_link(directory, &link) {
            Ok(address) => functions.push(address),
            // Virtual functions come and go while one looks.
            Err(error) if error.is_absent() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(functions)
}

/// The function that the link `name` leads to.
pub(super) fn address_of_link(
    directory: &Directory,
    name: &str,
) -> Result<Address, linux_support_base::Error> {
    let target = directory.link(name)?;
    let last = target.rsplit(|&byte| byte == b'/').next().unwrap_or_default();
    Address::parse(last).map_err(|error| {
        let path = [directory.path(), b"/", name.as_bytes()].concat();
        linux_support_base::Error::malformed(path, error)
    })
}
