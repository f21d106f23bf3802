//! Whether the machine is a virtual one, as far as the processor and the firmware tell.

use linux_support_base::{Error, Hypervisor, Machine, Reading, text};

use crate::CpuInfo;

/// What the processor tells of virtualisation. What the firmware's tables say, and containers, are not looked
/// at here.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_cpu::Virtualisation;
///
/// let virtualisation = Virtualisation::read(&Machine::live()?);
/// println!("hypervisor: {:?}", virtualisation.hypervisor);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
#[doc(alias = "virtualization")]
pub struct Virtualisation {
    /// The hypervisor that told its name: by CPUID (a live x86-64 machine only), `/sys/hypervisor/type`, the
    /// device tree, or `/proc/sysinfo`.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub hypervisor: Option<Hypervisor>,
    /// Whether the processor says that it is a virtual one: the feature `hypervisor`. Only x86 has it; elsewhere
    /// false says nothing.
    pub hypervisor_flag: Reading<bool>,
    /// By what this machine itself can run virtual machines.
    pub extension: Reading<Option<VirtualisationExtension>>,
}

/// What a processor has for running virtual machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum VirtualisationExtension {
    /// Intel VT-x: the feature `vmx`.
    Vmx,
    /// AMD-V: the feature `svm`.
    Svm,
    /// IBM Z's: the feature `sie`.
    Sie,
}

impl Virtualisation {
    /// Looks at the processor's features and at what the firmware says.
    #[must_use]
    pub fn read(machine: &Machine) -> Self {
        let info = CpuInfo::read(machine);
        let flag = |name: &str| info.as_ref().is_ok_and(|info| info.has_feature(name));
        let extension = [
            ("vmx", VirtualisationExtension::Vmx),
            ("svm", VirtualisationExtension::Svm),
            ("sie", VirtualisationExtension::Sie),
        ]
        .into_iter()
        .find_map(|(name, extension)| flag(name).then_some(extension));
        Self {
            hypervisor: told(machine),
            hypervisor_flag: of(&info, flag("hypervisor")),
            extension: of(&info, extension),
        }
    }
}

fn of<T>(info: &Result<CpuInfo, Error>, value: T) -> Reading<T> {
    match info {
        Ok(_) => Reading::Value(value),
        Err(error) => Reading::Unavailable(error.clone()),
    }
}

fn told(machine: &Machine) -> Option<Hypervisor> {
    if let Ok(name) = machine.line("/sys/hypervisor/type") {
        return Some(Hypervisor::parse(name.as_bytes()));
    }
    let by_processor = match &machine.facts().hypervisor {
        Some(recorded) => Some(Hypervisor::parse(recorded.as_bytes())),
        None if machine.is_live() => by_cpuid(),
        None => None,
    };
    if by_processor.is_some() {
        return by_processor;
    }
    if let Ok(hypervisor) = machine.parse("/proc/sysinfo", |text| Ok(by_sysinfo(text))) {
        return hypervisor;
    }
    let tree = "/proc/device-tree/hypervisor/compatible";
    if let Ok(names) = machine.read(tree) {
        return text::nul_separated(&names).next().map(|name| match name {
            b"linux,kvm" => Hypervisor::Kvm,
            name if name.starts_with(b"xen") => Hypervisor::Xen,
            name => Hypervisor::Unknown(name.into()),
        });
    }
    // A partition of PowerVM has a name and no node for the hypervisor.
    machine.exists("/proc/device-tree/ibm,partition-name").then_some(Hypervisor::PowerVm)
}

#[cfg(target_arch = "x86_64")]
fn by_cpuid() -> Option<Hypervisor> {
    use raw_cpuid::{CpuId, Hypervisor as Vendor};
    let cpuid = CpuId::new();
    if !cpuid.get_feature_info()?.has_hypervisor() {
        return None;
    }
    Some(match cpuid.get_hypervisor_info()?.identify() {
        Vendor::KVM => Hypervisor::Kvm,
        Vendor::QEMU => Hypervisor::Qemu,
        Vendor::Xen => Hypervisor::Xen,
        Vendor::VMware => Hypervisor::Vmware,
        Vendor::HyperV => Hypervisor::HyperV,
        Vendor::Bhyve => Hypervisor::Bhyve,
        Vendor::ACRN => Hypervisor::Acrn,
        Vendor::QNX => Hypervisor::Qnx,
        Vendor::Unknown(a, b, c) => {
            let bytes = [a, b, c].map(u32::to_le_bytes).concat();
            let end = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
            Hypervisor::Unknown(bytes[..end].into())
        }
    })
}

#[cfg(not(target_arch = "x86_64"))]
fn by_cpuid() -> Option<Hypervisor> {
    None
}

/// Reads `/proc/sysinfo` of s390: the innermost virtual machine has the number 0.
fn by_sysinfo(text: &[u8]) -> Option<Hypervisor> {
    let fields = || text::colon_keyed(text);
    let program = fields().find(|(key, _)| *key == b"VM00 Control Program").and_then(|(_, value)| value);
    match program {
        Some(program) if program.starts_with(b"KVM") => Some(Hypervisor::Kvm),
        Some(program) if program.starts_with(b"z/VM") => Some(Hypervisor::Zvm),
        Some(program) => Some(Hypervisor::Unknown(program.into())),
        None => fields().any(|(key, _)| key.starts_with(b"LPAR")).then_some(Hypervisor::PrSm),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_innermost_hypervisor_of_s390_is_named() {
        assert_eq!(
            by_sysinfo(b"LPAR Number: 1\nVM00 Name: a\nVM00 Control Program: KVM/Linux\n"),
            Some(Hypervisor::Kvm)
        );
        assert_eq!(by_sysinfo(b"VM00 Control Program: z/VM    6.3.0\n"), Some(Hypervisor::Zvm));
        assert_eq!(by_sysinfo(b"LPAR Number: 1\n"), Some(Hypervisor::PrSm));
        assert_eq!(by_sysinfo(b""), None);
    }

    #[test]
    fn a_captured_machine_is_not_asked_by_the_instructions_of_this_one() {
        let tree = tempfile::tempdir().unwrap();
        fs::create_dir_all(tree.path().join("proc")).unwrap();
        fs::write(
            tree.path().join("proc/cpuinfo"),
            "processor\t: 0\ncpu family\t: 6\nflags\t\t: fpu hypervisor vmx\n",
        )
        .unwrap();
        let found = Virtualisation::read(&Machine::captured(tree.path()).unwrap());
        assert_eq!(found.hypervisor, None);
        assert_eq!(found.hypervisor_flag, Reading::Value(true));
        assert_eq!(found.extension, Reading::Value(Some(VirtualisationExtension::Vmx)));
    }

    #[test]
    fn the_name_in_sysfs_is_taken() {
        let tree = tempfile::tempdir().unwrap();
        fs::create_dir_all(tree.path().join("sys/hypervisor")).unwrap();
        fs::write(tree.path().join("sys/hypervisor/type"), "xen\n").unwrap();
        let found = Virtualisation::read(&Machine::captured(tree.path()).unwrap());
        assert_eq!(found.hypervisor, Some(Hypervisor::Xen));
        assert!(found.hypervisor_flag.is_absent());
    }
}
