//! `/proc/cpuinfo`: what the kernel says of each processor, on every architecture.
//!
//! [`CpuInfo`] is the typed model; [`records`] borrows from the text and allocates nothing.

mod arm;
mod feature;
pub(crate) mod field;
mod fields;
mod identity;
mod model;
mod parse;
mod processor;
mod record;
mod riscv;

use linux_support_base::{Cpu, Error, Machine, ParseError};

pub use feature::FeatureSet;
pub use fields::{Field, Fields};
pub use identity::{
    ArmIdentity, Identity, LoongarchIdentity, PowerIdentity, RiscvIdentity, S390Identity, X86Identity,
};
pub use model::ProcessorModel;
pub use processor::{BogoMips, Processor};
pub use record::{Record, Records, records};
pub use riscv::RiscvIsa;

/// The processors of a machine, as `/proc/cpuinfo` describes them.
///
/// What is alike of several processors is there once, in their [`ProcessorModel`]: flags, names, revisions.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_cpu::CpuInfo;
///
/// let info = CpuInfo::read(&Machine::live()?)?;
/// for model in &info.models {
///     println!("{}: {:?}, {} features", model.cpus, model.name, model.features.iter().count());
/// }
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// proc_cpuinfo(5), proc(5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct CpuInfo {
    /// The makes of processors.
    pub models: Vec<ProcessorModel>,
    /// The processors, in the kernel's order: those that are online.
    pub processors: Vec<Processor>,
    /// What is said of the machine, or of all processors.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Fields::is_empty"))]
    pub machine: Fields,
}

impl CpuInfo {
    /// Reads `/proc/cpuinfo`.
    ///
    /// # Errors
    /// The file is absent, can't be read, or has a known field that is malformed.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        machine.parse("/proc/cpuinfo", Self::parse)
    }

    /// Reads the text of `/proc/cpuinfo`, of any architecture.
    ///
    /// Kernels for one processor, and alpha and sparc in any case, write no record for each: then the fields of
    /// the one record there is are those of the model.
    ///
    /// # Errors
    /// A known field that is malformed.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        parse::parse(text).map_err(|error| error.within(text))
    }

    /// The processor of this number.
    #[must_use]
    pub fn processor(&self, cpu: Cpu) -> Option<&Processor> {
        self.processors.iter().find(|processor| processor.cpu == cpu)
    }

    /// The make of the processor of this number.
    #[must_use]
    pub fn model(&self, cpu: Cpu) -> Option<&ProcessorModel> {
        self.models.iter().find(|model| model.cpus.contains(cpu))
    }

    /// Whether every processor has the feature of this name; false where there are none.
    #[must_use]
    pub fn has_feature(&self, name: impl AsRef<[u8]>) -> bool {
        let name = name.as_ref();
        !self.models.is_empty() && self.models.iter().all(|model| model.features.contains(name))
    }
}

#[cfg(test)]
mod tests;
