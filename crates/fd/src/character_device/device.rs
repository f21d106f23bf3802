//! Any character device.

use std::{os::fd::OwnedFd, path::Path};

use linux_support_base::{DeviceNumber, Error};
use rustix::fs::fstat;

use crate::{
    DescriptorKind,
    descriptor::descriptor,
    directory::{OpenHow, PathHandle},
};

/// A character device.
///
/// ```
/// use linux_support_base::DeviceNumber;
/// use linux_support_fd::{character_device::CharacterDevice, directory::OpenHow};
///
/// let device = CharacterDevice::open("/dev/zero", OpenHow::reading())?;
/// assert_eq!(device.number()?, DeviceNumber::new(1, 5));
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Debug)]
pub struct CharacterDevice(OwnedFd);

descriptor!(CharacterDevice, "character device", crate::DescriptorKind::CharacterDevice(_), nonblocking: false);

impl CharacterDevice {
    /// Opens the character device at `path`. Whatever else is there is not even opened.
    ///
    /// # Errors
    /// It is no character device, or can't be reached; no driver has it
    /// ([`Reason::Gone`](linux_support_base::Reason::Gone)).
    pub fn open(path: impl AsRef<Path>, how: OpenHow) -> Result<Self, Error> {
        open("character device", path.as_ref(), how, |_| true).map(Self)
    }

    /// Its number.
    ///
    /// # Errors
    /// None that is known.
    pub fn number(&self) -> Result<DeviceNumber, Error> {
        let status = fstat(&self.0).map_err(|errno| Error::system("query", "character device", errno))?;
        Ok(DeviceNumber::from_dev_t(status.st_rdev))
    }
}

/// Opens a device, but only if its number is right.
pub(super) fn open(
    name: &'static str,
    path: &Path,
    how: OpenHow,
    is_right: impl FnOnce(DeviceNumber) -> bool,
) -> Result<OwnedFd, Error> {
    let place = PathHandle::open(path)?;
    match place.kind()? {
        DescriptorKind::CharacterDevice(number) if is_right(number) => place.reopen(how),
        kind => Err(kind.is_no(name, &place)),
    }
}
