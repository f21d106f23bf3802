//! Changing the machine, by its files in `/proc` and `/sys`.

use core::ops::Deref;

use rustix::io::Errno;

use super::{LiveDirectory, Machine};
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
        let (directory, rest) = self.0.place(path.as_ref());
        directory.as_live()?.write_for_now(rest, text)
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
    directory: LiveDirectory<'m>,
    name: ByteString,
    path: ByteString,
    before: Option<ByteString>,
}

impl<'d> LiveDirectory<'d> {
    /// As [`LiveMachine::write_for_now`], to the file `name` of this directory: should it be removed, nothing else of its
    /// name is written to.
    ///
    /// # Errors
    /// As there.
    pub fn write_for_now(
        self,
        name: impl AsRef<[u8]>,
        text: impl AsRef<[u8]>,
    ) -> Result<TemporarySetting<'d>, Error> {
        let before = self.parse(&name, |bytes| {
            Ok(Choice::parse(bytes).map_or_else(|_| text::trim(bytes).into(), |choice| choice.chosen))
        })?;
        self.write_until(name, text, before)
    }

    /// Writes `text` to the file `name` until what is returned is dropped: then `after`.
    ///
    /// # Errors
    /// As for [`write`](Self::write).
    pub fn write_until(
        self,
        name: impl AsRef<[u8]>,
        text: impl AsRef<[u8]>,
        after: impl Into<ByteString>,
    ) -> Result<TemporarySetting<'d>, Error> {
        let name = name.as_ref();
        self.write(name, text)?;
        let (path, before) = (self.full(name).into(), Some(after.into()));
        Ok(TemporarySetting { directory: self, name: name.into(), path, before })
    }
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
        self.put_back()
    }

    fn put_back(&mut self) -> Result<(), Error> {
        match self.before.take() {
            // Of nothing, nothing would be written.
            Some(before) if before.is_empty() => self.directory.write(self.name.as_bytes(), "\n"),
            Some(before) => self.directory.write(self.name.as_bytes(), before.as_bytes()),
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
        let _ = self.put_back();
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
        fs::write(file.path(), "\n").unwrap();
        live.write_for_now(path, "5").unwrap().restore().unwrap();
        assert_eq!(text(), "\n");
        fs::write(file.path(), "always [madvise] never\n").unwrap();
        live.write_for_now(path, "never                 ").unwrap().restore().unwrap();
        assert!(text().starts_with("madvise"), "{}", text());
    }
}
