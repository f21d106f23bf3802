//! How long the processes of a group waited for resources.

use linux_support_base::{Pressure, Reading, Requirement};

use crate::{
    format::boolean,
    place::{Place, Where},
};

/// The pressure on each resource in a group, counted without any controller.
///
/// # Source
/// Documentation/accounting/psi.rst; Documentation/admin-guide/cgroup-v2.rst, `cgroup.pressure`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct GroupPressure {
    /// Whether it is counted for this group.
    pub enabled: Reading<bool>,
    /// Waiting for a CPU.
    pub cpu: Reading<Pressure>,
    /// Waiting for memory.
    pub memory: Reading<Pressure>,
    /// Waiting for input and output.
    pub io: Reading<Pressure>,
    /// Being held up by interrupts.
    pub irq: Reading<Pressure>,
}

impl GroupPressure {
    pub(crate) fn read(place: &Place<'_>) -> Self {
        const PSI: Requirement = Requirement::none()
            .since(4, 20)
            .configuration("CONFIG_PSI, psi=1 at boot, and cgroup.pressure=1");
        const IRQ: Requirement = Requirement::none()
            .since(6, 1)
            .configuration("CONFIG_PSI and CONFIG_IRQ_TIME_ACCOUNTING, psi=1 at boot, and cgroup.pressure=1");
        const SWITCH: Requirement = Requirement::none().since(6, 1).configuration("CONFIG_PSI");
        Self {
            enabled: place.read("cgroup.pressure", Where::Everywhere, SWITCH, boolean),
            cpu: place.read("cpu.pressure", Where::Everywhere, PSI, Pressure::parse),
            memory: place.read("memory.pressure", Where::Everywhere, PSI, Pressure::parse),
            io: place.read("io.pressure", Where::Everywhere, PSI, Pressure::parse),
            irq: place.read("irq.pressure", Where::Everywhere, IRQ, Pressure::parse),
        }
    }
}
