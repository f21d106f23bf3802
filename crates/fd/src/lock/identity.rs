//! Which file an open one is, in the words of `/proc/locks`.

use std::{
    fs,
    os::fd::{AsFd, AsRawFd},
};

use linux_support_base::{DeviceNumber, Error, text};
use rustix::fs::fstat;

/// A file: the device of its file system and its number there, as `/proc/locks` has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileIdentity {
    /// The device of the file system as a whole, which stat(2) does not tell of btrfs and the like.
    pub device: DeviceNumber,
    /// The number of the inode.
    pub inode: u64,
}

impl FileIdentity {
    /// Which file `descriptor` is of.
    ///
    /// # Errors
    /// `/proc` is not mounted.
    pub fn of(descriptor: impl AsFd) -> Result<Self, Error> {
        let descriptor = descriptor.as_fd();
        let path = format!("/proc/thread-self/fdinfo/{}", descriptor.as_raw_fd());
        let facts = read(&path)?;
        let value = |key: &[u8]| {
            let (_, value) = text::colon_keyed(&facts).find(|(name, _)| *name == key)?;
            text::decimal::<u64>(text::trim(value?)).ok()
        };
        let status = fstat(descriptor).map_err(|errno| Error::system("query", path.as_str(), errno))?;
        let device = match value(b"mnt_id") {
            Some(mount) => device_of_mount(&read("/proc/thread-self/mountinfo")?, mount),
            None => None,
        };
        Ok(Self {
            // Mounts of the kernel's own are not listed.
            device: device.unwrap_or_else(|| DeviceNumber::from_dev_t(status.st_dev)),
            inode: value(b"ino").unwrap_or(status.st_ino),
        })
    }
}

fn read(path: &str) -> Result<Vec<u8>, Error> {
    fs::read(path).map_err(|error| {
        let errno = rustix::io::Errno::from_io_error(&error).unwrap_or(rustix::io::Errno::IO);
        Error::system("read", path, errno)
    })
}

/// The third field of the line in mountinfo that begins with the mount's number.
fn device_of_mount(mountinfo: &[u8], mount: u64) -> Option<DeviceNumber> {
    text::lines(mountinfo).find_map(|line| {
        let mut fields = text::fields(line);
        (text::decimal::<u64>(fields.next()?).ok()? == mount)
            .then(|| DeviceNumber::parse(fields.nth(1)?).ok())
            .flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mounts_device_is_the_third_field() {
        let text = b"22 27 0:21 / /proc rw - proc proc rw\n24 27 8:1 / / rw - ext4 /dev/sda1 rw\n";
        assert_eq!(device_of_mount(text, 24), Some(DeviceNumber::new(8, 1)));
        assert_eq!(device_of_mount(text, 27), None);
        assert_eq!(device_of_mount(b"24 27\n", 24), None);
    }
}
