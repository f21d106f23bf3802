//! Letting interrupts go to some CPUs only.

use std::fs::OpenOptions;

use linux_support_base::{CpuSet, Errno, Error, LiveMachine, Reason, Requirement, TemporarySetting};

const NEEDS: Requirement = Requirement::none().configuration("CONFIG_SMP").capability("CAP_DAC_OVERRIDE");

/// Lets the interrupt `number` go to `cpus` only, until what is returned is dropped: then to those from before.
///
/// # Errors
/// There is no such interrupt, it can't be moved, or none of the CPUs is online; nothing is changed.
///
/// # Capabilities
/// Root's, to write the file.
///
/// # Source
/// Documentation/core-api/irq/irq-affinity.rst.
#[doc(alias = "smp_affinity_list")]
pub fn set_interrupt_affinity<'m>(
    machine: LiveMachine<'m>,
    number: u32,
    cpus: &CpuSet,
) -> Result<TemporarySetting<'m>, Error> {
    let object = || format!("interrupt {number}");
    write(machine, format!("/proc/irq/{number}/smp_affinity_list"), &cpus.to_string(), cpus, &object)
}

/// Lets interrupts that are requested from now on go to `cpus` only, until what is returned is dropped.
///
/// # Errors
/// None of the CPUs is online; nothing is changed.
///
/// # Capabilities
/// Root's, to write the file.
#[doc(alias = "default_smp_affinity")]
pub fn set_default_interrupt_affinity<'m>(
    machine: LiveMachine<'m>,
    cpus: &CpuSet,
) -> Result<TemporarySetting<'m>, Error> {
    let object = || "new interrupts".to_owned();
    write(machine, "/proc/irq/default_smp_affinity".into(), &cpus.mask(), cpus, &object)
}

fn write<'m>(
    machine: LiveMachine<'m>,
    path: String,
    text: &str,
    cpus: &CpuSet,
    object: &dyn Fn() -> String,
) -> Result<TemporarySetting<'m>, Error> {
    let refused =
        |accepted: String| Error::invalid("set the CPUs of", object().as_bytes().to_vec(), accepted);
    let stays = || refused("it can't be moved: it is each CPU's own, or the kernel spreads it itself".into());
    // The kernel would take none for the wish to choose itself.
    if cpus.is_empty() {
        return Err(refused("needs a CPU at least".into()));
    }
    machine.write_for_now(&path, text).map_err(|error| match error.reason() {
        Reason::System(Errno::INVAL | Errno::OVERFLOW | Errno::RANGE) => {
            let online =
                crate::each::online(&machine).map_or_else(|_| "?".into(), |online| online.to_string());
            refused(format!("none of {cpus} can take it; {online} are online"))
        }
        // Which of the two it is depends on the kernel; the file itself may be written.
        Reason::System(Errno::IO) => stays(),
        Reason::PermissionDenied { .. } if OpenOptions::new().write(true).open(&path).is_ok() => stays(),
        Reason::System(Errno::NOSPC) => refused(format!("none of {cpus} has a vector left for it")),
        _ => machine.explain(error, NEEDS),
    })
}
