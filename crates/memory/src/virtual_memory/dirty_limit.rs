use linux_support_base::{Bytes, Error, LiveMachine, Machine, text};

use crate::setting::refused;

/// Which limit of changed pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DirtyPages {
    /// From there on the kernel writes them in the background.
    #[doc(alias = "vm.dirty_background_ratio")]
    #[doc(alias = "vm.dirty_background_bytes")]
    Background,
    /// From there on who changes more has to wait.
    #[doc(alias = "vm.dirty_ratio")]
    #[doc(alias = "vm.dirty_bytes")]
    Waiting,
}

/// How many pages may be changed and not written yet.
///
/// The kernel has two files for each limit, of which the one that was written last counts and the other is 0; and
/// it takes no 0 for a size. So a limit is set and restored as a whole.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_memory::virtual_memory::{DirtyLimit, DirtyPages};
///
/// match DirtyLimit::read(&Machine::live()?, DirtyPages::Background)? {
///     DirtyLimit::Percent(share) => println!("{share} % of what is available"),
///     DirtyLimit::Size(size) => println!("{size}"),
/// }
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DirtyLimit {
    /// So much of the memory that is available, in percent: 0 to 100.
    Percent(u32),
    /// So much: of what lets wait, 2 pages at least.
    Size(Bytes),
}

impl DirtyLimit {
    /// The limit in force.
    ///
    /// # Errors
    /// The files can't be read.
    pub fn read(machine: &Machine, which: DirtyPages) -> Result<Self, Error> {
        let (percent, size) = files(which);
        match machine.parse(size, |bytes| text::decimal(text::trim(bytes)))? {
            0 => machine.parse(percent, |bytes| text::decimal(text::trim(bytes))).map(Self::Percent),
            size => Ok(Self::Size(Bytes::new(size))),
        }
    }

    /// Sets it, until the guard is dropped.
    ///
    /// # Errors
    /// The kernel does not take the value: then nothing is changed.
    ///
    /// # Capabilities
    /// Root's, to write the file.
    pub fn set<'m>(
        self,
        machine: LiveMachine<'m>,
        which: DirtyPages,
    ) -> Result<ChangedDirtyLimit<'m>, Error> {
        let before = Self::read(&machine, which)?;
        self.write(machine, which)?;
        Ok(ChangedDirtyLimit { machine, which, before: Some(before) })
    }

    fn write(self, machine: LiveMachine<'_>, which: DirtyPages) -> Result<(), Error> {
        let (percent, size) = files(which);
        let (file, text, accepted) = match self {
            Self::Percent(share) => (percent, share.to_string(), "0 to 100"),
            Self::Size(bytes) => (size, bytes.get().to_string(), "1 byte and more, or 2 pages and more"),
        };
        machine.write(file, &text).map_err(|error| refused(error, &text, accepted, |error| error))
    }
}

const fn files(which: DirtyPages) -> (&'static str, &'static str) {
    match which {
        DirtyPages::Background => {
            ("/proc/sys/vm/dirty_background_ratio", "/proc/sys/vm/dirty_background_bytes")
        }
        DirtyPages::Waiting => ("/proc/sys/vm/dirty_ratio", "/proc/sys/vm/dirty_bytes"),
    }
}

/// A [`DirtyLimit`] that was changed, until this is dropped: then the one from before is back.
#[derive(Debug)]
#[must_use = "the limit from before comes back when this is dropped"]
pub struct ChangedDirtyLimit<'m> {
    machine: LiveMachine<'m>,
    which: DirtyPages,
    before: Option<DirtyLimit>,
}

impl ChangedDirtyLimit<'_> {
    /// Leaves the limit as it is.
    pub fn keep(mut self) {
        self.before = None;
    }

    /// Ends it, and says whether the limit from before is back.
    ///
    /// # Errors
    /// The kernel does not take it any more.
    pub fn restore(mut self) -> Result<(), Error> {
        self.put_back()
    }

    fn put_back(&mut self) -> Result<(), Error> {
        match self.before.take() {
            Some(before) => before.write(self.machine, self.which),
            None => Ok(()),
        }
    }
}

impl Drop for ChangedDirtyLimit<'_> {
    fn drop(&mut self) {
        let _ = self.put_back();
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_file_that_is_not_0_counts() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("proc/sys/vm");
        fs::create_dir_all(&root).unwrap();
        for (name, text) in [
            ("dirty_background_ratio", "10\n"),
            ("dirty_background_bytes", "0\n"),
            ("dirty_ratio", "0"),
            ("dirty_bytes", "8192"),
        ] {
            fs::write(root.join(name), text).unwrap();
        }
        let machine = Machine::captured(folder.path()).unwrap();
        assert_eq!(DirtyLimit::read(&machine, DirtyPages::Background), Ok(DirtyLimit::Percent(10)));
        let size = DirtyLimit::Size(Bytes::new(8192));
        assert_eq!(DirtyLimit::read(&machine, DirtyPages::Waiting), Ok(size));
    }
}
