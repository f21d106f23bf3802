mod trigger;

use linux_support_base::{Errno, Error, Machine, Pressure, Reading, Reason, Requirement};

pub use self::trigger::{PressureResource, PressureTrigger, StallKind};

/// The pressure on each resource of the machine.
///
/// # Source
/// `/proc/pressure`, Documentation/accounting/psi.rst.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SystemPressure {
    /// Waiting for a CPU.
    pub cpu: Reading<Pressure>,
    /// Waiting for memory.
    pub memory: Reading<Pressure>,
    /// Waiting for input and output.
    pub io: Reading<Pressure>,
    /// Being held up by interrupts, since Linux 6.1.
    pub irq: Reading<Pressure>,
}

impl SystemPressure {
    /// Reads `/proc/pressure`.
    #[must_use]
    pub fn read(machine: &Machine) -> Self {
        const PSI: Requirement =
            Requirement::none().since(4, 20).configuration("CONFIG_PSI and psi=1 at boot");
        const IRQ: Requirement = Requirement::none().since(6, 1).configuration("CONFIG_IRQ_TIME_ACCOUNTING");
        let read = |name: &str, needs| -> Reading<Pressure> {
            let path = format!("/proc/pressure/{name}");
            let disabled = |error: Error| match error.reason() {
                // The file is there, but accounting was not switched on at boot.
                Reason::System(Errno::OPNOTSUPP) => Error::system("read", path.as_str(), Errno::NOENT),
                _ => error,
            };
            let pressure = machine.parse(&path, Pressure::parse).map_err(disabled);
            pressure.map_err(|error| machine.explain(error, needs)).into()
        };
        Self {
            cpu: read("cpu", PSI),
            memory: read("memory", PSI),
            io: read("io", PSI),
            irq: read("irq", IRQ),
        }
    }
}
