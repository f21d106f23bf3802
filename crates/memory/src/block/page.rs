use linux_support_base::{Errno, Error, Machine, Reason, Requirement};

use super::ROOT;
use crate::{
    page_map::PhysicalAddress,
    setting::{open, store},
};

const NEEDS: Requirement =
    Requirement::none().configuration("CONFIG_MEMORY_FAILURE").capability("CAP_SYS_ADMIN");

/// Takes the page at a physical address out of use after what is in it was moved elsewhere: nobody notices.
///
/// # Errors
/// The machine is not the one that runs; there is no memory at that address, or the page could not be moved
/// ([`Errno::BUSY`]).
///
/// # Capabilities
/// CAP_SYS_ADMIN.
pub fn soft_offline_page(machine: &Machine, address: PhysicalAddress) -> Result<(), Error> {
    offline(machine, "soft_offline_page", address)
}

/// Takes the page at a physical address out of use as if its memory had failed: what is in it is lost, and those who use
/// it get SIGBUS.
///
/// # Errors
/// The machine is not the one that runs; there is no memory at that address, or the page could not be taken
/// ([`Errno::BUSY`]).
///
/// # Capabilities
/// CAP_SYS_ADMIN.
pub fn hard_offline_page(machine: &Machine, address: PhysicalAddress) -> Result<(), Error> {
    offline(machine, "hard_offline_page", address)
}

fn offline(machine: &Machine, name: &'static str, address: PhysicalAddress) -> Result<(), Error> {
    let path = format!("{ROOT}/{name}");
    let explain = |error| machine.explain(error, NEEDS);
    let file = open(machine, &path).map_err(explain)?;
    store(&file, &path, &address.to_string(), "the address of a page").map_err(|error| match error.reason() {
        Reason::Gone | Reason::System(Errno::IO) => Error::invalid(
            "take out of use",
            format!("the page at {address}"),
            "is no memory of this machine",
        ),
        _ => explain(error),
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_captured_machine_loses_no_page() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("sys")).unwrap();
        let machine = Machine::captured(folder.path()).unwrap();
        for take in [soft_offline_page, hard_offline_page] {
            let error = take(&machine, PhysicalAddress::new(0)).unwrap_err().to_string();
            assert!(error.contains("needs the machine that runs"), "{error}");
        }
    }
}
