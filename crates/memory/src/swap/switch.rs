use core::{ffi::CStr, fmt};
use std::{ffi::CString, os::unix::ffi::OsStrExt, path::Path};

use linux_support_base::{Error, LiveMachine, Reason, Requirement};
use rustix::io::Errno;

use crate::sys;

const NEEDS: Requirement = Requirement::none().configuration("CONFIG_SWAP").capability("CAP_SYS_ADMIN");

/// How an area is swapped to.
///
/// ```no_run
/// use linux_support_base::Machine;
/// use linux_support_memory::{SwapDiscard, SwapOptions};
///
/// let machine = Machine::live()?;
/// let swap = SwapOptions::new().priority(10).discard(SwapDiscard::Pages).turn_on(machine.as_live()?, "/dev/nvme0n1p3")?;
/// // Until it is dropped, or for good:
/// swap.keep();
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// swapon(2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[doc(alias = "swapon")]
pub struct SwapOptions {
    priority: Option<u16>,
    discard: Option<SwapDiscard>,
}

/// What a device is told that it need not keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SwapDiscard {
    /// All of the area, when it is turned on.
    #[doc(alias = "SWAP_FLAG_DISCARD_ONCE")]
    Once,
    /// What was freed, before it is used again.
    #[doc(alias = "SWAP_FLAG_DISCARD_PAGES")]
    Pages,
    /// Both.
    #[doc(alias = "SWAP_FLAG_DISCARD")]
    Both,
}

impl SwapOptions {
    /// With the priority that the kernel gives, and without discarding.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Areas of higher priority are filled first: from 0 to 32,767.
    #[doc(alias = "SWAP_FLAG_PREFER")]
    #[must_use]
    pub fn priority(mut self, priority: u16) -> Self {
        self.priority = Some(priority);
        self
    }

    /// What the device is told that it need not keep, where it can be told.
    #[must_use]
    pub fn discard(mut self, discard: SwapDiscard) -> Self {
        self.discard = Some(discard);
        self
    }

    /// The bits of swapon(2); `None` where the priority is too high.
    fn flags(self) -> Option<i32> {
        const PREFER: i32 = 0x8000;
        const DISCARD: i32 = 0x1_0000;
        let priority = match self.priority {
            None => 0,
            Some(priority) if priority < 0x8000 => PREFER | i32::from(priority),
            Some(_) => return None,
        };
        let discard = match self.discard {
            None => 0,
            Some(SwapDiscard::Both) => DISCARD,
            Some(SwapDiscard::Once) => DISCARD | DISCARD << 1,
            Some(SwapDiscard::Pages) => DISCARD | DISCARD << 2,
        };
        Some(priority | discard)
    }

    /// Swaps to the device or file at `path`, which mkswap(8) has prepared, until what is returned is dropped.
    ///
    /// # Errors
    /// The priority is above 32,767; there is no such file, or no swap area in it; it is in use already (`EBUSY`).
    ///
    /// # Capabilities
    /// CAP_SYS_ADMIN.
    pub fn turn_on<'m>(
        self,
        machine: LiveMachine<'m>,
        path: impl AsRef<Path>,
    ) -> Result<ActiveSwap<'m>, Error> {
        const OPERATION: &str = "swap to";
        let path = terminated(OPERATION, path.as_ref())?;
        let Some(flags) = self.flags() else {
            return Err(Error::invalid(OPERATION, path.as_bytes(), "a priority is from 0 to 32767"));
        };
        sys::swap::turn_on(&path, flags).map_err(|errno| match errno {
            Errno::INVAL => Error::invalid(
                OPERATION,
                path.as_bytes(),
                "needs a swap area as mkswap writes it, in a file without holes or on a block device",
            ),
            errno => failed(machine, OPERATION, &path, errno),
        })?;
        Ok(ActiveSwap { machine, path, is_kept: false })
    }
}

/// An area that is swapped to, until this is dropped.
#[must_use = "it is turned off when this is dropped"]
pub struct ActiveSwap<'m> {
    machine: LiveMachine<'m>,
    path: CString,
    is_kept: bool,
}

impl ActiveSwap<'_> {
    /// The device or file.
    #[must_use]
    pub fn path(&self) -> &Path {
        Path::new(std::ffi::OsStr::from_bytes(self.path.as_bytes()))
    }

    /// Leaves it on.
    pub fn keep(mut self) {
        self.is_kept = true;
    }

    /// Turns it off: what is in it is read back into memory first, which may take long.
    ///
    /// # Errors
    /// Memory does not hold what is in it (`ENOMEM`): then it stays on.
    pub fn turn_off(mut self) -> Result<(), Error> {
        self.is_kept = true;
        turn_off(self.machine, &self.path)
    }
}

impl Drop for ActiveSwap<'_> {
    fn drop(&mut self) {
        if !self.is_kept {
            let _ = sys::swap::turn_off(&self.path);
        }
    }
}

impl fmt::Debug for ActiveSwap<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ActiveSwap({})", self.path().display())
    }
}

/// Turns an area off, whoever turned it on: what is in it is read back into memory first, which may take long.
///
/// # Errors
/// There is no such file; it is not swapped to; memory does not hold what is in it (`ENOMEM`).
///
/// # Capabilities
/// CAP_SYS_ADMIN.
///
/// # Source
/// swapoff(2).
#[doc(alias = "swapoff")]
pub fn turn_off_swap(machine: LiveMachine<'_>, path: impl AsRef<Path>) -> Result<(), Error> {
    turn_off(machine, &terminated("swap no longer to", path.as_ref())?)
}

fn turn_off(machine: LiveMachine<'_>, path: &CStr) -> Result<(), Error> {
    const OPERATION: &str = "swap no longer to";
    sys::swap::turn_off(path).map_err(|errno| match errno {
        Errno::INVAL => Error::invalid(OPERATION, path.to_bytes(), "is not swapped to: see /proc/swaps"),
        errno => failed(machine, OPERATION, path, errno),
    })
}

fn terminated(operation: &'static str, path: &Path) -> Result<CString, Error> {
    let bytes = path.as_os_str().as_bytes();
    CString::new(bytes).map_err(|_| Error::invalid(operation, bytes, "a path holds no 0"))
}

#[cold]
fn failed(machine: LiveMachine<'_>, operation: &'static str, path: &CStr, errno: Errno) -> Error {
    let error = match errno {
        Errno::NOSYS => Error::new(operation, path.to_bytes(), Reason::Absent),
        errno => Error::system(operation, path.to_bytes(), errno),
    };
    // A file that is not there says nothing of the kernel.
    if errno == Errno::NOENT { error } else { machine.explain(error, NEEDS) }
}

#[cfg(test)]
mod tests {
    use linux_support_base::Machine;

    use super::*;

    #[test]
    fn flags_are_those_of_the_kernel() {
        assert_eq!(SwapOptions::new().flags(), Some(0));
        assert_eq!(SwapOptions::new().priority(5).flags(), Some(0x8005));
        assert_eq!(SwapOptions::new().priority(0x7fff).discard(SwapDiscard::Both).flags(), Some(0x1_ffff));
        assert_eq!(SwapOptions::new().discard(SwapDiscard::Once).flags(), Some(0x3_0000));
        assert_eq!(SwapOptions::new().discard(SwapDiscard::Pages).flags(), Some(0x5_0000));
        assert_eq!(SwapOptions::new().priority(0x8000).flags(), None);
    }

    #[test]
    fn what_is_no_swap_area_is_refused_with_the_reason() {
        let machine = Machine::live().unwrap();
        let live = machine.as_live().unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        let refused = |path: &Path| SwapOptions::new().turn_on(live, path).unwrap_err();
        let error = refused(file.path());
        assert!(
            ["invalid", "permission-denied", "not-configured"].contains(&error.reason().name()),
            "{error}"
        );
        assert!(
            ["absent", "permission-denied", "not-configured"]
                .contains(&refused(Path::new("/no/such")).reason().name())
        );
        assert!(refused(Path::new("a\0b")).to_string().contains("no 0"));
        let error = SwapOptions::new().priority(40_000).turn_on(live, file.path()).unwrap_err();
        assert!(error.to_string().contains("from 0 to 32767"), "{error}");
        let error = turn_off_swap(live, file.path()).unwrap_err();
        assert!(
            ["invalid", "permission-denied", "not-configured"].contains(&error.reason().name()),
            "{error}"
        );
    }
}
