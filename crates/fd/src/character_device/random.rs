//! The devices of the kernel's random numbers.

use std::{
    os::fd::{AsFd, OwnedFd},
    path::Path,
};

use linux_support_base::{DeviceNumber, Errno, Error, Reason};
use rustix::io;

use super::device::open;
use crate::{descriptor::descriptor, directory::OpenHow, sys::random as sys};

const RANDOM: DeviceNumber = DeviceNumber::new(1, 8);
const URANDOM: DeviceNumber = DeviceNumber::new(1, 9);

/// The kernel's random numbers: `/dev/random` or `/dev/urandom`, which since Linux 5.18 are alike but that the first
/// waits, early after the start, until there is entropy.
///
/// Who only wants numbers takes getrandom(2) instead, which needs no file. This is for who passes them on, or feeds
/// them.
///
/// ```
/// use linux_support_fd::character_device::RandomDevice;
///
/// let random = RandomDevice::open()?;
/// let mut key = [0; 32];
/// random.fill(&mut key)?;
/// assert_ne!(key, [0; 32]);
/// assert!(random.entropy()? <= 256);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// random(4).
#[derive(Debug)]
#[doc(alias = "/dev/random")]
#[doc(alias = "/dev/urandom")]
pub struct RandomDevice(OwnedFd);

descriptor!(
    RandomDevice,
    "random device",
    crate::DescriptorKind::CharacterDevice(RANDOM | URANDOM),
    nonblocking: false
);

impl RandomDevice {
    /// Opens `/dev/random`.
    ///
    /// # Errors
    /// There is none, or it is something else.
    pub fn open() -> Result<Self, Error> {
        Self::open_at("/dev/random")
    }

    /// Opens one of them under another path, for reading, and for writing if that is allowed.
    ///
    /// # Errors
    /// There is none, or it is something else.
    pub fn open_at(path: impl AsRef<Path>) -> Result<Self, Error> {
        let is_right = |number| number == RANDOM || number == URANDOM;
        let path = path.as_ref();
        match open("random device", path, OpenHow::reading_and_writing(), is_right) {
            Err(error) if matches!(error.reason(), Reason::PermissionDenied { .. }) => {
                open("random device", path, OpenHow::reading(), is_right)
            }
            opened => opened,
        }
        .map(Self)
    }

    /// Fills `bytes` with random ones.
    ///
    /// # Errors
    /// None that is known.
    pub fn fill(&self, mut bytes: &mut [u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            match io::read(&self.0, &mut *bytes) {
                Ok(0) => return Err(failed("read", Errno::IO)),
                Ok(length) => bytes = &mut bytes[length..],
                Err(Errno::INTR) => {}
                Err(errno) => return Err(failed("read", errno)),
            }
        }
        Ok(())
    }

    /// Mixes `bytes` in, without believing that they are random.
    ///
    /// # Errors
    /// It is not open for writing (`EBADF`).
    pub fn mix(&self, mut bytes: &[u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            match io::write(&self.0, bytes) {
                Ok(0) => return Err(failed("write", Errno::IO)),
                Ok(length) => bytes = &bytes[length..],
                Err(Errno::INTR) => {}
                Err(errno) => return Err(failed("write", errno)),
            }
        }
        Ok(())
    }

    /// How many bits of entropy the kernel has; 256 are enough for ever.
    ///
    /// # Errors
    /// None that is known.
    #[doc(alias = "RNDGETENTCNT")]
    pub fn entropy(&self) -> Result<u32, Error> {
        let bits = sys::entropy(self.0.as_fd()).map_err(|errno| failed("query", errno))?;
        Ok(bits.unsigned_abs())
    }

    /// Mixes in up to 512 `bytes`, which have so many `bits` of entropy: 8 for each byte at most.
    ///
    /// # Errors
    /// There are more of either; the process has not `CAP_SYS_ADMIN`.
    #[doc(alias = "RNDADDENTROPY")]
    pub fn add_entropy(&self, bytes: &[u8], bits: u32) -> Result<(), Error> {
        if bytes.len() > sys::MOST || u64::from(bits) > bytes.len() as u64 * 8 {
            return Err(Error::invalid(
                "add entropy to",
                "random device",
                "takes up to 512 bytes, and 8 bits of entropy for each",
            ));
        }
        sys::add(self.0.as_fd(), bytes, bits as i32).map_err(|errno| privileged("add entropy to", errno))
    }

    /// Believes that what was mixed in had so many bits of entropy.
    ///
    /// # Errors
    /// The process has not `CAP_SYS_ADMIN`.
    #[doc(alias = "RNDADDTOENTCNT")]
    pub fn credit_entropy(&self, bits: u16) -> Result<(), Error> {
        sys::credit(self.0.as_fd(), bits.into()).map_err(|errno| privileged("credit entropy to", errno))
    }

    /// Has the kernel's generator take a new seed from what was mixed in.
    ///
    /// # Errors
    /// The generator has no seed yet (`ENODATA`); the process has not `CAP_SYS_ADMIN`.
    #[doc(alias = "RNDRESEEDCRNG")]
    pub fn reseed(&self) -> Result<(), Error> {
        sys::reseed(self.0.as_fd()).map_err(|errno| privileged("reseed", errno))
    }

    /// Asks the kernel to forget its count of entropy, which since Linux 5.18 changes nothing.
    ///
    /// # Errors
    /// The process has not `CAP_SYS_ADMIN`.
    #[doc(alias = "RNDCLEARPOOL")]
    pub fn clear(&self) -> Result<(), Error> {
        sys::clear(self.0.as_fd()).map_err(|errno| privileged("clear", errno))
    }
}

#[cold]
fn failed(operation: &'static str, errno: Errno) -> Error {
    Error::system(operation, "random device", errno)
}

#[cold]
fn privileged(operation: &'static str, errno: Errno) -> Error {
    match errno {
        Errno::PERM => {
            let capability = Some("CAP_SYS_ADMIN");
            Error::new(operation, "random device", Reason::PermissionDenied { capability })
        }
        errno => failed(operation, errno),
    }
}
