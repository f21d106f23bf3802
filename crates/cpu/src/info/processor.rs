//! What a processor has for itself.

use core::fmt;

use linux_support_base::{Cpu, ParseError, text};

use super::{Fields, field};
use crate::frequency::{Frequency, fixed_point};

/// A processor, as far as it differs from others of its make.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Processor {
    /// Its number.
    pub cpu: Cpu,
    /// At what frequency it runs.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "frequency_kilohertz", skip_serializing_if = "Option::is_none")
    )]
    pub frequency: Option<Frequency>,
    /// How fast the kernel's delay loop runs.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub bogomips: Option<BogoMips>,
    /// The package that it is in (`physical id`).
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub package: Option<u32>,
    /// The core that it is a thread of (`core id`): a number within the package.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub core: Option<u32>,
    /// How many processors its package has.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub siblings: Option<u32>,
    /// How many cores its package has (`cpu cores`).
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub cores_in_package: Option<u32>,
    /// Its APIC (x86).
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub apic: Option<u32>,
    /// The APIC number that the firmware gave it (x86).
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub initial_apic: Option<u32>,
    /// Its hart (RISC-V).
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub hart: Option<u64>,
    /// The book that it is in (s390).
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub book: Option<u32>,
    /// The drawer that it is in (s390).
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub drawer: Option<u32>,
    /// What else differs from one processor to the next.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Fields::is_empty"))]
    pub other: Fields,
}

/// The unit of the kernel's delay loop, in hundredths. It measures nothing but that loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BogoMips {
    hundredths: u64,
}

impl BogoMips {
    /// The number times 100.
    #[must_use]
    pub const fn hundredths(self) -> u64 {
        self.hundredths
    }

    pub(super) fn parse(text: &[u8]) -> Result<Self, ParseError> {
        fixed_point(text, 2).map(|hundredths| Self { hundredths })
    }
}

impl fmt::Display for BogoMips {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.hundredths / 100, self.hundredths % 100)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for BogoMips {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.hundredths as f64 / 100.0)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for BogoMips {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "BogoMips".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "number", "minimum": 0 })
    }
}

/// The fields that each processor has for itself.
#[derive(Clone, Copy)]
pub(super) enum Own {
    Frequency,
    BogoMips,
    Package,
    Core,
    Siblings,
    CoresInPackage,
    Apic,
    InitialApic,
    Hart,
    Book,
    Drawer,
    Other,
}

impl Own {
    pub(super) fn of(key: &[u8]) -> Option<Self> {
        Some(match key {
            b"cpu MHz" | b"CPU MHz" | b"clock" | b"cpu MHz dynamic" => Self::Frequency,
            b"bogomips" | b"BogoMIPS" | b"Bogomips" => Self::BogoMips,
            b"physical id" | b"package" => Self::Package,
            b"core id" | b"core" => Self::Core,
            b"siblings" => Self::Siblings,
            b"cpu cores" => Self::CoresInPackage,
            b"apicid" => Self::Apic,
            b"initial apicid" => Self::InitialApic,
            b"hart" => Self::Hart,
            b"book id" => Self::Book,
            b"drawer id" => Self::Drawer,
            b"cpu number" | b"thread id" | b"itc MHz" | b"cpu MHz static" | b"address" | b"global_id" => {
                Self::Other
            }
            _ => return None,
        })
    }
}

impl Processor {
    pub(super) fn new(cpu: Cpu) -> Self {
        Self {
            cpu,
            frequency: None,
            bogomips: None,
            package: None,
            core: None,
            siblings: None,
            cores_in_package: None,
            apic: None,
            initial_apic: None,
            hart: None,
            book: None,
            drawer: None,
            other: Fields::default(),
        }
    }

    pub(super) fn set(&mut self, own: Own, key: &[u8], value: &[u8]) -> Result<(), ParseError> {
        match own {
            Own::Frequency => self.frequency = field::known(value, "cpu MHz", Frequency::parse_megahertz)?,
            Own::BogoMips => self.bogomips = field::known(value, "bogomips", BogoMips::parse)?,
            Own::Package => self.package = field::known(value, "physical id", field::identity)?.flatten(),
            Own::Core => self.core = field::known(value, "core id", field::identity)?.flatten(),
            Own::Siblings => self.siblings = field::known(value, "siblings", text::decimal)?,
            Own::CoresInPackage => self.cores_in_package = field::known(value, "cpu cores", text::decimal)?,
            Own::Apic => self.apic = field::known(value, "apicid", text::decimal)?,
            Own::InitialApic => self.initial_apic = field::known(value, "initial apicid", text::decimal)?,
            Own::Hart => self.hart = field::known(value, "hart", text::decimal)?,
            Own::Book => self.book = field::known(value, "book id", field::identity)?.flatten(),
            Own::Drawer => self.drawer = field::known(value, "drawer id", field::identity)?.flatten(),
            Own::Other => self.other.push(key, value),
        }
        Ok(())
    }
}
