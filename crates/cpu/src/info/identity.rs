//! By what each architecture knows its processors.

use linux_support_base::{ByteString, Bytes, ParseError, text};

use super::{FeatureSet, arm, field, riscv::RiscvIsa};

/// By what each architecture knows its processors.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(tag = "family", rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Identity {
    /// Intel, AMD and others of the x86 family.
    X86(Box<X86Identity>),
    /// Arm, 32 and 64 bits.
    Arm(ArmIdentity),
    /// RISC-V.
    Riscv(RiscvIdentity),
    /// Power and PowerPC.
    Power(PowerIdentity),
    /// IBM Z.
    S390(S390Identity),
    /// LoongArch.
    Loongarch(LoongarchIdentity),
    /// Another, of which all fields are in [`other`](super::ProcessorModel::other).
    #[default]
    Other,
}

/// An x86 processor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct X86Identity {
    /// `GenuineIntel`, `AuthenticAMD` …
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub vendor: Option<ByteString>,
    /// `cpu family`, the extended family added.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub cpu_family: Option<u32>,
    /// `model`, the extended model added.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub model: Option<u32>,
    /// `stepping`.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub stepping: Option<u32>,
    /// The revision of the microcode that runs.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub microcode: Option<u64>,
    /// The size of the last cache; what sysfs says is more exact.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub cache_size: Option<Bytes>,
    /// The largest standard CPUID leaf.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub cpuid_level: Option<u32>,
    /// Of VMX, what it can do.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub vmx_features: Option<FeatureSet>,
    /// The bugs that the kernel knows it to have.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub bugs: Option<FeatureSet>,
    /// What it can do to save power.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub power_management: Option<FeatureSet>,
    /// What `clflush` writes back.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub clflush_size: Option<Bytes>,
    /// What to align to so that two things share no cache line.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub cache_alignment: Option<Bytes>,
    /// How many bits a physical address has.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub physical_address_bits: Option<u8>,
    /// How many bits a virtual address has.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub virtual_address_bits: Option<u8>,
}

/// An Arm processor: the fields of its register MIDR.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
#[doc(alias = "MIDR_EL1")]
pub struct ArmIdentity {
    /// The maker's code.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub implementer: Option<u8>,
    /// The maker's name, where this library knows it.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub implementer_name: Option<&'static str>,
    /// The architecture's version: `8`, `7`, `5TEJ`, `AArch64`.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub architecture: Option<ByteString>,
    /// The major revision.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub variant: Option<u8>,
    /// The part number.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub part: Option<u16>,
    /// The part's name, where this library knows it.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub part_name: Option<&'static str>,
    /// The minor revision.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub revision: Option<u8>,
}

impl ArmIdentity {
    /// The register MIDR that these fields are of, where all are known.
    #[must_use]
    pub fn midr(&self) -> Option<u32> {
        let (implementer, variant) = (u32::from(self.implementer?), u32::from(self.variant?));
        let (part, revision) = (u32::from(self.part?), u32::from(self.revision?));
        Some(implementer << 24 | (variant & 0xf) << 20 | 0xf << 16 | (part & 0xfff) << 4 | (revision & 0xf))
    }
}

/// A RISC-V processor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct RiscvIdentity {
    /// The base and the extensions that all harts have.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub isa: Option<RiscvIsa>,
    /// Those of this hart.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub hart_isa: Option<RiscvIsa>,
    /// The mode of address translation: `sv39`.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub mmu: Option<ByteString>,
    /// The microarchitecture: `thead,c906`.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub uarch: Option<ByteString>,
    /// The maker's number.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub mvendorid: Option<u64>,
    /// The maker's number of the microarchitecture.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub marchid: Option<u64>,
    /// The maker's number of the version.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub mimpid: Option<u64>,
}

/// A Power or PowerPC processor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct PowerIdentity {
    /// The revision: `2.0 (pvr 004d 0200)`.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub revision: Option<ByteString>,
    /// The processor version register.
    #[doc(alias = "PVR")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub processor_version: Option<u32>,
}

/// A processor of IBM Z.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct S390Identity {
    /// `IBM/S390`.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub vendor: Option<ByteString>,
    /// The version; `FF` in a virtual machine.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub version: Option<ByteString>,
    /// The machine's identification.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub identification: Option<ByteString>,
    /// The machine's type: `8561`.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub machine: Option<ByteString>,
}

/// A LoongArch processor.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct LoongarchIdentity {
    /// `Loongson-64bit`.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub cpu_family: Option<ByteString>,
    /// The revision of the processor.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub revision: Option<u32>,
    /// The instruction sets.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub isa: Option<FeatureSet>,
    /// How many bits a physical address has.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub physical_address_bits: Option<u8>,
    /// How many bits a virtual address has.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub virtual_address_bits: Option<u8>,
}

impl Identity {
    /// The architecture that writes such fields.
    pub(super) fn of<'a>(mut fields: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Self {
        fields
            .find_map(|(key, value)| {
                Some(match key {
                    b"cpu family" => Self::X86(Box::default()),
                    b"CPU implementer" | b"CPU architecture" => Self::Arm(ArmIdentity::default()),
                    b"isa" | b"mmu" | b"uarch" => Self::Riscv(RiscvIdentity::default()),
                    b"revision" if pvr(value).is_some() => Self::Power(PowerIdentity::default()),
                    b"identification" => Self::S390(S390Identity::default()),
                    b"CPU Family" => Self::Loongarch(LoongarchIdentity::default()),
                    _ => return None,
                })
            })
            .unwrap_or_default()
    }

    /// Keeps a field that there is a place for, unless it is taken; false where there is none.
    pub(super) fn take(&mut self, key: &[u8], value: &[u8]) -> Result<bool, ParseError> {
        match self {
            Identity::X86(x86) => x86.take(key, value),
            Identity::Arm(arm) => arm.take(key, value),
            Identity::Riscv(riscv) => riscv.take(key, value),
            Identity::Power(power) => power.take(key, value),
            Identity::S390(s390) => s390.take(key, value),
            Identity::Loongarch(loongarch) => loongarch.take(key, value),
            Identity::Other => Ok(false),
        }
    }
}

/// Puts a value where there is none yet; always true.
fn set<T>(place: &mut Option<T>, value: impl FnOnce() -> Result<T, ParseError>) -> Result<bool, ParseError> {
    if place.is_none() {
        *place = Some(value()?);
    }
    Ok(true)
}

/// As [`set`], where the value may be unknown to the kernel.
fn set_known<T>(
    place: &mut Option<T>,
    name: &'static str,
    value: &[u8],
    parse: impl FnOnce(&[u8]) -> Result<T, ParseError>,
) -> Result<bool, ParseError> {
    if place.is_none() {
        *place = field::known(value, name, parse)?;
    }
    Ok(true)
}

impl X86Identity {
    fn take(&mut self, key: &[u8], value: &[u8]) -> Result<bool, ParseError> {
        match key {
            b"vendor_id" => set(&mut self.vendor, || Ok(value.into())),
            b"cpu family" => set_known(&mut self.cpu_family, "cpu family", value, text::decimal),
            b"model" => set_known(&mut self.model, "model", value, text::decimal),
            b"stepping" => set_known(&mut self.stepping, "stepping", value, text::decimal),
            b"microcode" => set_known(&mut self.microcode, "microcode", value, text::prefixed_hexadecimal),
            b"cache size" => set_known(&mut self.cache_size, "cache size", value, text::bytes_with_suffix),
            b"cpuid level" => set_known(&mut self.cpuid_level, "cpuid level", value, text::decimal),
            b"vmx flags" => set(&mut self.vmx_features, || Ok(FeatureSet::parse(value))),
            b"bugs" => set(&mut self.bugs, || Ok(FeatureSet::parse(value))),
            b"power management" => set(&mut self.power_management, || Ok(FeatureSet::parse(value))),
            b"clflush size" => {
                set_known(&mut self.clflush_size, "clflush size", value, text::bytes_with_suffix)
            }
            b"cache_alignment" => {
                set_known(&mut self.cache_alignment, "cache_alignment", value, text::bytes_with_suffix)
            }
            b"address sizes" => {
                address_sizes(value, &mut self.physical_address_bits, &mut self.virtual_address_bits)
            }
            _ => Ok(false),
        }
    }
}

impl ArmIdentity {
    /// Finds the names of maker and part.
    pub(super) fn name_parts(&mut self) {
        self.implementer_name = self.implementer.and_then(arm::implementer);
        self.part_name = self.implementer.zip(self.part).and_then(|(maker, part)| arm::part(maker, part));
    }

    fn take(&mut self, key: &[u8], value: &[u8]) -> Result<bool, ParseError> {
        match key {
            b"CPU implementer" => {
                set_known(&mut self.implementer, "CPU implementer", value, text::prefixed_hexadecimal)
            }
            b"CPU architecture" => set(&mut self.architecture, || Ok(value.into())),
            b"CPU variant" => set_known(&mut self.variant, "CPU variant", value, text::prefixed_hexadecimal),
            b"CPU part" => set_known(&mut self.part, "CPU part", value, text::prefixed_hexadecimal),
            b"CPU revision" => set_known(&mut self.revision, "CPU revision", value, text::decimal),
            _ => Ok(false),
        }
    }
}

impl RiscvIdentity {
    fn take(&mut self, key: &[u8], value: &[u8]) -> Result<bool, ParseError> {
        match key {
            b"isa" => set(&mut self.isa, || Ok(RiscvIsa::parse(value))),
            b"hart isa" => set(&mut self.hart_isa, || Ok(RiscvIsa::parse(value))),
            b"mmu" => set(&mut self.mmu, || Ok(value.into())),
            b"uarch" => set(&mut self.uarch, || Ok(value.into())),
            b"mvendorid" => set_known(&mut self.mvendorid, "mvendorid", value, text::prefixed_hexadecimal),
            b"marchid" => set_known(&mut self.marchid, "marchid", value, text::prefixed_hexadecimal),
            b"mimpid" => set_known(&mut self.mimpid, "mimpid", value, text::prefixed_hexadecimal),
            _ => Ok(false),
        }
    }
}

impl PowerIdentity {
    fn take(&mut self, key: &[u8], value: &[u8]) -> Result<bool, ParseError> {
        match key {
            b"revision" => {
                self.processor_version = self.processor_version.or_else(|| pvr(value));
                set(&mut self.revision, || Ok(value.into()))
            }
            _ => Ok(false),
        }
    }
}

impl S390Identity {
    fn take(&mut self, key: &[u8], value: &[u8]) -> Result<bool, ParseError> {
        match key {
            b"vendor_id" => set(&mut self.vendor, || Ok(value.into())),
            b"version" => set(&mut self.version, || Ok(value.into())),
            b"identification" => set(&mut self.identification, || Ok(value.into())),
            b"machine" => set(&mut self.machine, || Ok(value.into())),
            _ => Ok(false),
        }
    }
}

impl LoongarchIdentity {
    fn take(&mut self, key: &[u8], value: &[u8]) -> Result<bool, ParseError> {
        match key {
            b"CPU Family" => set(&mut self.cpu_family, || Ok(value.into())),
            b"CPU Revision" => {
                set_known(&mut self.revision, "CPU Revision", value, text::prefixed_hexadecimal)
            }
            b"ISA" => set(&mut self.isa, || Ok(FeatureSet::parse(value))),
            b"Address Sizes" => {
                address_sizes(value, &mut self.physical_address_bits, &mut self.virtual_address_bits)
            }
            _ => Ok(false),
        }
    }
}

/// Reads `48 bits physical, 57 bits virtual`.
fn address_sizes(
    value: &[u8],
    physical: &mut Option<u8>,
    virtual_: &mut Option<u8>,
) -> Result<bool, ParseError> {
    for part in value.split(|byte| *byte == b',') {
        let mut words = text::fields(part);
        let (Some(bits), Some(b"bits"), Some(kind)) = (words.next(), words.next(), words.next()) else {
            return Err(ParseError::expected("a number of bits", part).in_field("address sizes"));
        };
        let bits = || text::decimal(bits).map_err(|error| error.in_field("address sizes"));
        match kind {
            b"physical" => set(physical, bits)?,
            b"virtual" => set(virtual_, bits)?,
            _ => true,
        };
    }
    Ok(true)
}

/// The register in `2.0 (pvr 004d 0200)`.
fn pvr(revision: &[u8]) -> Option<u32> {
    let start = revision.windows(5).position(|window| window == b"(pvr ")?;
    let digits: Vec<u8> =
        revision[start + 5..].iter().copied().filter(|byte| !matches!(byte, b' ' | b')')).collect();
    text::hexadecimal(&digits).ok()
}
