use bitflags::bitflags;
use linux_support_base::{Error, LiveMachine, Requirement};

bitflags! {
    /// What the kernel keeps to be faster, and can do without.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct Caches: u32 {
        /// The contents of files.
        const PAGES = 1;
        /// Its own objects that can be made anew: directory entries, inodes.
        const OBJECTS = 2;
    }
}

/// Drops caches of the whole machine, of what is not in use and needs not be written first. For measurements: it makes
/// nothing faster.
///
/// # Errors
/// `which` is empty; the file may not be written.
///
/// # Capabilities
/// Root's, to write the file.
///
/// # Source
/// `drop_caches` in Documentation/admin-guide/sysctl/vm.rst.
pub fn drop_caches(machine: LiveMachine<'_>, which: Caches) -> Result<(), Error> {
    const PATH: &str = "/proc/sys/vm/drop_caches";
    const NEEDS: Requirement =
        Requirement::none().configuration("CONFIG_SYSCTL").capability("CAP_DAC_OVERRIDE");
    let which = which.intersection(Caches::all());
    if which.is_empty() {
        return Err(Error::invalid("write", PATH, "needs PAGES, OBJECTS or both"));
    }
    machine.write(PATH, which.bits().to_string()).map_err(|error| machine.explain(error, NEEDS))
}

#[cfg(test)]
mod tests {
    use linux_support_base::Machine;

    use super::*;

    #[test]
    fn to_drop_nothing_is_refused() {
        let machine = Machine::live().unwrap();
        for nothing in [Caches::empty(), Caches::from_bits_retain(4)] {
            let error = drop_caches(machine.as_live().unwrap(), nothing).unwrap_err();
            assert!(error.to_string().contains("PAGES, OBJECTS or both"), "{error}");
        }
    }
}
