use linux_support_base::{Errno, Error, LiveMachine, Reason, Requirement};

use super::ROOT;
use crate::page_map::PhysicalAddress;

const NEEDS: Requirement =
    Requirement::none().configuration("CONFIG_MEMORY_FAILURE").capability("CAP_SYS_ADMIN");

/// Takes the page at a physical address out of use after what is in it was moved elsewhere: nobody notices.
///
/// # Errors
/// There is no memory at that address, or the page could not be moved
/// ([`Errno::BUSY`]).
///
/// # Capabilities
/// CAP_SYS_ADMIN.
pub fn soft_offline_page(machine: LiveMachine<'_>, address: PhysicalAddress) -> Result<(), Error> {
    offline(machine, "soft_offline_page", address)
}

/// Takes the page at a physical address out of use as if its memory had failed: what is in it is lost, and those who use
/// it get SIGBUS.
///
/// # Errors
/// There is no memory at that address, or the page could not be taken
/// ([`Errno::BUSY`]).
///
/// # Capabilities
/// CAP_SYS_ADMIN.
pub fn hard_offline_page(machine: LiveMachine<'_>, address: PhysicalAddress) -> Result<(), Error> {
    offline(machine, "hard_offline_page", address)
}

fn offline(machine: LiveMachine<'_>, name: &str, address: PhysicalAddress) -> Result<(), Error> {
    machine.write(format!("{ROOT}/{name}"), address.to_string()).map_err(|error| match error.reason() {
        Reason::Gone | Reason::System(Errno::IO | Errno::INVAL) => Error::invalid(
            "take out of use",
            format!("the page at {address}"),
            "is no memory of this machine",
        ),
        _ => machine.explain(error, NEEDS),
    })
}
