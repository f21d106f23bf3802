//! Whether the kernel runs on bare hardware, in a virtual machine, or what is seen of it from a container.

use linux_support_base::{ByteString, Hypervisor, Machine, Reading, text};

/// Where the kernel runs, as far as the firmware's tables and the marks of containers tell; crate `cpu` knows what
/// the processor says.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Environment {
    /// The hypervisor that files give away.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub hypervisor: Option<Evidence<Hypervisor>>,
    /// The container manager that files give away.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub container: Option<Evidence<ByteString>>,
    /// What the firmware says of the machine.
    pub firmware: Firmware,
}

/// A finding, and the file that said so.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Evidence<T> {
    /// What was found.
    pub is: T,
    /// The file that said so.
    pub file: String,
}

/// What the firmware says of the machine: DMI tables, or a device tree.
///
/// # Source
/// Documentation/ABI/testing/sysfs-class-dmi, Documentation/devicetree/usage-model.rst.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Firmware {
    /// Who made the machine.
    pub vendor: Reading<ByteString>,
    /// What it is called.
    pub product: Reading<ByteString>,
    /// Who made the board.
    pub board_vendor: Reading<ByteString>,
    /// What the board is called.
    pub board: Reading<ByteString>,
    /// Who made the firmware.
    pub bios_vendor: Reading<ByteString>,
    /// The version of the firmware.
    pub bios_version: Reading<ByteString>,
    /// The device tree's name of the machine.
    pub model: Reading<ByteString>,
}

impl Environment {
    /// Looks for what gives a hypervisor or a container away.
    #[must_use]
    pub fn read(machine: &Machine) -> Self {
        let firmware = Firmware::read(machine);
        Self { hypervisor: hypervisor(machine, &firmware), container: container(machine), firmware }
    }
}

impl Firmware {
    /// Reads `/sys/class/dmi/id` and `/proc/device-tree/model`.
    #[must_use]
    pub fn read(machine: &Machine) -> Self {
        let dmi = |name: &str| machine.line(format!("/sys/class/dmi/id/{name}")).into();
        Self {
            vendor: dmi("sys_vendor"),
            product: dmi("product_name"),
            board_vendor: dmi("board_vendor"),
            board: dmi("board_name"),
            bios_vendor: dmi("bios_vendor"),
            bios_version: dmi("bios_version"),
            model: machine
                .parse("/proc/device-tree/model", |bytes| {
                    Ok(text::nul_separated(bytes).next().unwrap_or_default().into())
                })
                .into(),
        }
    }
}

/// The hypervisor that a DMI vendor or product name gives away.
#[must_use]
pub fn hypervisor_of_firmware(name: &[u8]) -> Option<Hypervisor> {
    const NAMES: [(&[u8], Hypervisor); 16] = [
        (b"KVM", Hypervisor::Kvm),
        (b"QEMU", Hypervisor::Qemu),
        (b"Firecracker", Hypervisor::Firecracker),
        (b"Cloud Hypervisor", Hypervisor::CloudHypervisor),
        (b"VMware", Hypervisor::Vmware),
        (b"VMW", Hypervisor::Vmware),
        (b"Microsoft Corporation Hyper-V", Hypervisor::HyperV),
        (b"innotek GmbH", Hypervisor::VirtualBox),
        (b"VirtualBox", Hypervisor::VirtualBox),
        (b"Xen", Hypervisor::Xen),
        (b"Parallels", Hypervisor::Parallels),
        (b"BHYVE", Hypervisor::Bhyve),
        (b"Apple Virtualization", Hypervisor::Apple),
        (b"Amazon EC2", Hypervisor::AmazonEc2),
        (b"Google Compute Engine", Hypervisor::GoogleComputeEngine),
        (b"OpenStack", Hypervisor::OpenStack),
    ];
    NAMES.into_iter().find_map(|(prefix, kind)| name.starts_with(prefix).then_some(kind))
}

fn hypervisor(machine: &Machine, firmware: &Firmware) -> Option<Evidence<Hypervisor>> {
    let found = |is, file: &str| Some(Evidence { is, file: file.into() });

    const OSRELEASE: &str = "/proc/sys/kernel/osrelease";
    if let Ok(release) = machine.kernel_release() {
        let suffix = release.suffix().to_ascii_lowercase();
        if memchr::memmem::find(&suffix, b"microsoft").is_some()
            || memchr::memmem::find(&suffix, b"wsl").is_some()
        {
            return found(Hypervisor::Wsl, OSRELEASE);
        }
    }
    if machine.exists("/proc/xen") {
        return found(Hypervisor::Xen, "/proc/xen");
    }
    // The product is asked before the vendor: a vendor's name may cover machines with and without a hypervisor.
    let dmi = [
        ("/sys/class/dmi/id/product_name", &firmware.product),
        ("/sys/class/dmi/id/sys_vendor", &firmware.vendor),
        ("/sys/class/dmi/id/board_vendor", &firmware.board_vendor),
        ("/sys/class/dmi/id/bios_vendor", &firmware.bios_vendor),
    ];
    for (file, name) in dmi {
        if let Some(kind) = name.value().and_then(|name| hypervisor_of_firmware(name.as_bytes())) {
            return found(kind, file);
        }
    }
    let is =
        |name: &Reading<ByteString>, text: &[u8]| name.value().is_some_and(|name| name.as_bytes() == text);
    if is(&firmware.vendor, b"Microsoft Corporation") && is(&firmware.product, b"Virtual Machine") {
        return found(Hypervisor::HyperV, "/sys/class/dmi/id/product_name");
    }
    None
}

fn container(machine: &Machine) -> Option<Evidence<ByteString>> {
    const MANAGER: &str = "/run/systemd/container";
    if let Ok(manager) = machine.line(MANAGER) {
        return Some(Evidence { is: manager, file: MANAGER.into() });
    }
    let marks = [("/run/.containerenv", "podman"), ("/.dockerenv", "docker"), ("/proc/vz", "openvz")];
    marks.into_iter().find_map(|(file, name)| {
        // The host of OpenVZ has /proc/bc besides.
        let found = machine.exists(file) && !(name == "openvz" && machine.exists("/proc/bc"));
        found.then(|| Evidence { is: name.into(), file: file.into() })
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, Machine) {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let machine = Machine::captured(folder.path()).unwrap();
        (folder, machine)
    }

    fn hypervisor(files: &[(&str, &str)]) -> Option<Hypervisor> {
        Environment::read(&machine(files).1).hypervisor.map(|evidence| evidence.is)
    }

    #[test]
    fn hypervisors_are_known_by_what_files_say() {
        let dmi = |name: &str| hypervisor(&[("sys/class/dmi/id/product_name", name)]);
        assert_eq!(dmi("VMware Virtual Platform\n"), Some(Hypervisor::Vmware));
        assert_eq!(dmi("KVM\n"), Some(Hypervisor::Kvm));
        assert_eq!(dmi("PowerEdge R640\n"), None);
        assert_eq!(
            hypervisor(&[
                ("sys/class/dmi/id/product_name", "Virtual Machine\n"),
                ("sys/class/dmi/id/sys_vendor", "Microsoft Corporation\n"),
            ]),
            Some(Hypervisor::HyperV)
        );
        assert_eq!(
            hypervisor(&[("sys/class/dmi/id/sys_vendor", "Microsoft Corporation\n")]),
            None,
            "a laptop of the same maker"
        );
        assert_eq!(
            hypervisor(&[("proc/sys/kernel/osrelease", "5.15.167.4-microsoft-standard-WSL2\n")]),
            Some(Hypervisor::Wsl)
        );
        assert_eq!(hypervisor(&[("proc/version", "")]), None);
    }

    #[test]
    fn containers_are_known_by_their_marks() {
        let container = |file| Environment::read(&machine(&[(file, "lxc\n")]).1).container;
        assert_eq!(container("run/systemd/container").unwrap().is, "lxc");
        assert_eq!(container(".dockerenv").unwrap().is, "docker");
        assert_eq!(container("proc/version"), None);
    }
}
