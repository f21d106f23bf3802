//! How large a file is, and how much of it is on the storage.

use std::os::fd::AsFd;

use linux_support_base::{Bytes, Errno, Error};
use rustix::fs::{FallocateFlags, fallocate, fstat, ftruncate};

use super::{ByteRange, failed};

/// What to do with a range of a file's space.
///
/// Which of them a file system can do differs: what it can't is `EOPNOTSUPP`.
///
/// # Source
/// fallocate(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Allocation {
    /// Takes space for it, so that writing there never lacks any; the file grows to its end.
    Allocate,
    /// Takes space for it, and leaves the file's size as it is.
    #[doc(alias = "FALLOC_FL_KEEP_SIZE")]
    AllocateKeepingSize,
    /// Gives its space back: it reads as zeros. The size stays.
    #[doc(alias = "FALLOC_FL_PUNCH_HOLE")]
    PunchHole,
    /// Makes it zeros with space taken for it, mostly without writing them; the file grows to its end.
    #[doc(alias = "FALLOC_FL_ZERO_RANGE")]
    Zero,
    /// As [`Zero`](Self::Zero), and leaves the file's size as it is.
    ZeroKeepingSize,
    /// Takes it out of the file: what follows moves down. In whole blocks, and not to the end.
    #[doc(alias = "FALLOC_FL_COLLAPSE_RANGE")]
    Collapse,
    /// Puts a hole of its length where it begins: what was there moves up. In whole blocks, and not at the end.
    #[doc(alias = "FALLOC_FL_INSERT_RANGE")]
    Insert,
    /// Makes copies of what it shares with other files, so that writing there never lacks space.
    #[doc(alias = "FALLOC_FL_UNSHARE_RANGE")]
    Unshare,
    /// Makes it zeros that are written on the storage, with the device's help: writing there later changes no
    /// bookkeeping. Since Linux 6.17.
    #[doc(alias = "FALLOC_FL_WRITE_ZEROES")]
    WriteZeros,
}

impl Allocation {
    fn flags(self) -> FallocateFlags {
        match self {
            Self::Allocate => FallocateFlags::empty(),
            Self::AllocateKeepingSize => FallocateFlags::KEEP_SIZE,
            Self::PunchHole => FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE,
            Self::Zero => FallocateFlags::ZERO_RANGE,
            Self::ZeroKeepingSize => FallocateFlags::ZERO_RANGE | FallocateFlags::KEEP_SIZE,
            Self::Collapse => FallocateFlags::COLLAPSE_RANGE,
            Self::Insert => FallocateFlags::INSERT_RANGE,
            Self::Unshare => FallocateFlags::UNSHARE_RANGE,
            Self::WriteZeros => {
                FallocateFlags::from_bits_retain(linux_raw_sys::general::FALLOC_FL_WRITE_ZEROES)
            }
        }
    }
}

/// The size and the space of a file.
///
/// ```
/// use linux_support_base::Bytes;
/// use linux_support_fd::file::{Allocation, ByteRange, FileSpace};
///
/// let file = tempfile::tempfile().unwrap();
/// file.allocate(ByteRange::new(0, 1 << 20)?, Allocation::AllocateKeepingSize)?;
/// assert_eq!(file.size()?, Bytes::new(0));
/// assert!(file.allocated_size()? >= Bytes::new(1 << 20));
/// # Ok::<(), linux_support_base::Error>(())
/// ```
pub trait FileSpace: AsFd {
    /// How long it is; 0 for what has no length, devices among them.
    ///
    /// # Errors
    /// None that is known.
    fn size(&self) -> Result<Bytes, Error> {
        let status = fstat(self.as_fd()).map_err(|errno| failed("query", errno))?;
        Ok(Bytes::new(status.st_size.try_into().unwrap_or(0)))
    }

    /// How much it takes on the storage: less than its size where there are holes, more where space was taken ahead.
    ///
    /// # Errors
    /// None that is known.
    #[doc(alias = "st_blocks")]
    fn allocated_size(&self) -> Result<Bytes, Error> {
        let status = fstat(self.as_fd()).map_err(|errno| failed("query", errno))?;
        Ok(Bytes::new(u64::try_from(status.st_blocks).unwrap_or(0).saturating_mul(512)))
    }

    /// Cuts it, or lets it grow by a hole.
    ///
    /// # Errors
    /// It is not open for writing (`EINVAL`); it is larger than its file system or the limits allow (`EFBIG`).
    #[doc(alias = "ftruncate")]
    fn set_size(&self, size: Bytes) -> Result<(), Error> {
        loop {
            match ftruncate(self.as_fd(), size.get()) {
                Err(Errno::INTR) => {}
                set => return set.map_err(|errno| failed("truncate", errno)),
            }
        }
    }

    /// Does `what` with the space of `range`.
    ///
    /// # Errors
    /// It is not open for writing (`EBADF`); there is no space left (`ENOSPC`); the file system can't
    /// (`EOPNOTSUPP`), or not with this range (`EINVAL`); it is no file (`ENODEV`); its seals forbid it.
    #[doc(alias = "fallocate")]
    fn allocate(&self, range: ByteRange, what: Allocation) -> Result<(), Error> {
        loop {
            match fallocate(self.as_fd(), what.flags(), range.start(), range.length()) {
                Err(Errno::INTR) => {}
                done => return done.map_err(|errno| failed("allocate", errno)),
            }
        }
    }
}

impl<T: AsFd + ?Sized> FileSpace for T {}
