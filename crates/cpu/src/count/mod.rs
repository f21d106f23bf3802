//! How many CPUs there are, and how many of them a process may use.

mod cached;
mod quota;
mod usable;

use linux_support_base::{Error, Machine};

pub(crate) use self::usable::parse_allowed;
pub use self::{
    cached::{logical_cpus, physical_cores, usable_cpus},
    quota::CpuQuota,
    usable::UsableCpus,
};
use crate::{Topology, each};

/// The numbers of CPUs and cores.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_cpu::CpuCount;
///
/// let count = CpuCount::read(&Machine::live()?)?;
/// assert!(count.logical >= 1);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
#[doc(alias = "num_cpus")]
pub struct CpuCount {
    /// CPUs that are online: hardware threads. How many of them a process may use, [`UsableCpus`] tells.
    pub logical: usize,
    /// Cores with a thread online; `None` where the kernel does not tell of every CPU which core it is of.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub cores: Option<usize>,
}

impl CpuCount {
    /// Counts the CPUs and cores of `machine`.
    ///
    /// # Errors
    /// It can't be found out which CPUs are online.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        let topology = Topology::read(machine)?;
        Ok(Self {
            logical: each::online(machine)?.len(),
            cores: topology.unplaced.is_empty().then(|| topology.cores().count()),
        })
    }
}
