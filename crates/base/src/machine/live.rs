//! Changing the machine, by its files in `/proc` and `/sys`.

use core::ops::Deref;

use rustix::io::Errno;

use super::Machine;
use crate::{ByteString, Choice, Error, syscall::write_whole, text};

/// The machine that this program runs on, to be changed: what takes one changes the machine.
///
/// It can be read as any [`Machine`]. One that was captured can't be changed, and gives none.
///
/// ```
/// use linux_support_base::Machine;
///
/// let machine = Machine::live()?;
/// assert_eq!(machine.as_live()?.kernel_release()?, machine.kernel_release()?);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct LiveMachine<'m>(&'m Machine);

impl Machine {
    /// This machine, to be changed.
    ///
    /// # Errors
    /// It was captured.
    pub fn as_live(&self) -> Result<LiveMachine<'_>, Error> {
        if self.is_live() {
            return Ok(LiveMachine(self));
        }
        Err(Error::invalid("change", "the machine", "needs the machine that runs, and this was captured"))
    }
}

impl<'m> LiveMachine<'m> {
    /// The machine, to be read for as long as it is there.
    #[must_use]
    pub fn machine(self) -> &'m Machine {
        self.0
    }

    /// Writes `text` to the file at `path`, which is there, in one call: the kernel takes it whole or not at all.
    ///
    /// # Errors
    /// The file is absent or may not be written, or the kernel refuses the text.
    pub fn write(self, path: impl AsRef<[u8]>, text: impl AsRef<[u8]>) -> Result<(), Error> {
        let (path, text) = (path.as_ref(), text.as_ref());
        let (directory, rest) = self.0.place(path);
        let directory = directory.descriptor().ok_or(Errno::BADF);
        directory
            .and_then(|directory| write_whole(directory, rest, text))
            .map_err(|errno| Error::system("write", path, errno))
    }

    /// Writes `text` to the file at `path` until what is returned is dropped: then the file has the line of text
    /// again that it has now; of a [`Choice`], the word in brackets.
    ///
    /// # Errors
    /// As for [`write`](Self::write); also if the file can't be read.
    pub fn write_for_now(
        self,
        path: impl AsRef<[u8]>,
        text: impl AsRef<[u8]>,
    ) -> Result<TemporarySetting<'m>, Error> {
        let path = path.as_ref();
        let before = self.0.parse(path, |bytes| {
            Ok(Choice::parse(bytes).map_or_else(|_| text::trim(bytes).into(), |choice| choice.chosen))
        })?;
        self.write(path, text)?;
        Ok(TemporarySetting { machine: self, path: path.into(), before: Some(before) })
    }
}

impl Deref for LiveMachine<'_> {
    type Target = Machine;

    fn deref(&self) -> &Machine {
        self.0
    }
}

/// A setting of the kernel, until this is dropped: then it is again as it was before.
#[derive(Debug)]
#[must_use = "the setting ends when this is dropped"]
pub struct TemporarySetting<'m> {
    machine: LiveMachine<'m>,
    path: ByteString,
    before: Option<ByteString>,
}

impl TemporarySetting<'_> {
    /// The file of the setting.
    #[must_use]
    pub fn path(&self) -> &ByteString {
        &self.path
    }

    /// Ends it, and says whether the setting from before is back.
    ///
    /// # Errors
    /// The file may not be written, or the kernel refuses what was there.
    pub fn restore(mut self) -> Result<(), Error> {
        match self.before.take() {
            Some(before) => self.machine.write(self.path.as_bytes(), before.as_bytes()),
            None => Ok(()),
        }
    }

    /// Leaves the setting as it is now, for good.
    pub fn keep(mut self) {
        self.before = None;
    }
}

impl Drop for TemporarySetting<'_> {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = self.machine.write(self.path.as_bytes(), before.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_captured_machine_is_not_to_be_changed() {
        let tree = tempfile::tempdir().unwrap();
        let machine = Machine::captured(tree.path()).unwrap();
        let error = machine.as_live().unwrap_err();
        assert!(error.to_string().contains("this was captured"), "{error}");
    }

    #[test]
    fn a_file_that_is_not_there_is_not_made() {
        let machine = Machine::live().unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("setting");
        let error = machine.as_live().unwrap().write(path.as_os_str().as_encoded_bytes(), "1").unwrap_err();
        assert!(error.is_absent() && error.operation() == "write");
        assert!(!path.exists());
    }

    #[test]
    fn a_temporary_setting_ends_when_it_is_dropped() {
        let machine = Machine::live().unwrap();
        let live = machine.as_live().unwrap();
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().as_os_str().as_encoded_bytes();
        let text = || fs::read_to_string(file.path()).unwrap();
        fs::write(file.path(), "5\n").unwrap();
        let setting = live.write_for_now(path, "7").unwrap();
        assert_eq!((text().as_str(), setting.path().as_bytes()), ("7\n", path));
        setting.restore().unwrap();
        assert_eq!(text(), "5\n");
        drop(live.write_for_now(path, "8").unwrap());
        assert_eq!(text(), "5\n");
        live.write_for_now(path, "9").unwrap().keep();
        assert_eq!(text(), "9\n");
        fs::write(file.path(), "always [madvise] never\n").unwrap();
        live.write_for_now(path, "never                 ").unwrap().restore().unwrap();
        assert!(text().starts_with("madvise"), "{}", text());
    }
}
