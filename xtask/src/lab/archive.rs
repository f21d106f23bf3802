//! Archives that the kernel unpacks as its first file system: cpio's `newc` form.
//!
//! Source: the kernel's Documentation/driver-api/early-userspace/buffer-format.rst.

use std::{
    collections::BTreeSet,
    io::{self, Write},
    path::{Component, Path},
};

const FOLDER: u32 = 0o040_755;
const PROGRAM: u32 = 0o100_755;
const LINK: u32 = 0o120_777;
const CHARACTER_DEVICE: u32 = 0o020_600;

/// An archive that is being written.
///
/// Folders come into being with what is put into them.
#[derive(Debug)]
pub(crate) struct Archive<W: Write> {
    output: W,
    folders: BTreeSet<String>,
    entries: u32,
    bytes: u64,
}

impl<W: Write> Archive<W> {
    pub(crate) fn new(output: W) -> Self {
        Self { output, folders: BTreeSet::new(), entries: 0, bytes: 0 }
    }

    /// A file that may be run, at the absolute `path`.
    pub(crate) fn file(&mut self, path: &str, content: &[u8]) -> io::Result<()> {
        self.parents(path)?;
        self.entry(path, PROGRAM, (0, 0), content)
    }

    /// A symbolic link at `path`.
    pub(crate) fn link(&mut self, path: &str, target: &str) -> io::Result<()> {
        self.parents(path)?;
        self.entry(path, LINK, (0, 0), target.as_bytes())
    }

    /// The node of a character device.
    pub(crate) fn character_device(&mut self, path: &str, major: u32, minor: u32) -> io::Result<()> {
        self.parents(path)?;
        self.entry(path, CHARACTER_DEVICE, (major, minor), b"")
    }

    /// Ends the archive; returns what it was written to.
    pub(crate) fn finish(mut self) -> io::Result<W> {
        self.entry("TRAILER!!!", 0, (0, 0), b"")?;
        self.output.flush()?;
        Ok(self.output)
    }

    fn parents(&mut self, path: &str) -> io::Result<()> {
        let Some(parent) = Path::new(path).parent() else { return Ok(()) };
        let mut folder = String::new();
        for component in parent.components() {
            if let Component::Normal(name) = component {
                folder.push('/');
                folder.push_str(&name.to_string_lossy());
                if self.folders.insert(folder.clone()) {
                    self.entry(&folder, FOLDER, (0, 0), b"")?;
                }
            }
        }
        Ok(())
    }

    fn entry(&mut self, path: &str, mode: u32, device: (u32, u32), content: &[u8]) -> io::Result<()> {
        let name = path.trim_start_matches('/');
        let size = u32::try_from(content.len())
            .map_err(|_| io::Error::other(format!("{path} is too large for this kind of archive")))?;
        self.entries += 1;
        let fields = [
            self.entries,
            mode,
            0,
            0,
            1,
            0,
            size,
            0,
            0,
            device.0,
            device.1,
            u32::try_from(name.len() + 1).unwrap_or(u32::MAX),
            0,
        ];
        let mut header = String::from("070701");
        for field in fields {
            header.push_str(&format!("{field:08x}"));
        }
        self.write(header.as_bytes())?;
        self.write(name.as_bytes())?;
        self.write(b"\0")?;
        self.pad()?;
        self.write(content)?;
        self.pad()
    }

    fn pad(&mut self) -> io::Result<()> {
        let zeros = (4 - self.bytes % 4) % 4;
        self.write(&[0; 4][..zeros as usize])
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.bytes += bytes.len() as u64;
        self.output.write_all(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> Vec<u8> {
        let mut archive = Archive::new(Vec::new());
        archive.file("/a/b/c", b"hello").unwrap();
        archive.link("/a/d", "b/c").unwrap();
        archive.character_device("/dev/console", 5, 1).unwrap();
        archive.finish().unwrap()
    }

    fn text(bytes: &[u8]) -> String {
        String::from_utf8_lossy(bytes).into_owned()
    }

    #[test]
    fn entries_are_of_the_kernels_form() {
        let archive = written();
        assert_eq!(archive.len() % 4, 0);
        let header = &archive[..110];
        assert_eq!(
            text(header),
            "070701000000010000\
             41ed000000000000000000000001000000000000000000000000000000000000000000000000000000020\
             0000000"
        );
        assert_eq!(&archive[110..112], b"a\0");
        assert!(text(&archive).contains("a/b/c\0"));
        assert!(archive.ends_with(b"TRAILER!!!\0\0\0\0"));
    }

    #[test]
    fn a_folder_is_written_once_and_before_what_is_in_it() {
        let archive = text(&written());
        let names: Vec<_> = archive
            .split("070701")
            .skip(1)
            .map(|entry| entry[104..].split('\0').next().unwrap().to_owned())
            .collect();
        assert_eq!(names, ["a", "a/b", "a/b/c", "a/d", "dev", "dev/console", "TRAILER!!!"]);
    }
}
