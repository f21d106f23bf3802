//! A block device.

use std::{
    os::fd::{AsFd, OwnedFd},
    path::Path,
};

use linux_support_base::{Bytes, DeviceNumber, Errno, Error, Reason};

use crate::{
    DescriptorKind,
    descriptor::descriptor,
    directory::{OpenHow, PathHandle},
    file::ByteRange,
    sys::block_device as sys,
};

/// A block device, or a partition of one.
///
/// # Source
/// sd(4), Documentation/block, `linux/fs.h`.
#[derive(Debug)]
pub struct BlockDevice(OwnedFd);

descriptor!(BlockDevice, "block device", crate::DescriptorKind::BlockDevice(_), nonblocking: false);

/// For what to open a block device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BlockAccess {
    /// For reading.
    Read,
    /// For reading and writing.
    ReadWrite,
    /// For reading and writing, by nobody else who asks for that: not while a file system on it is mounted, or a
    /// volume made of it (`EBUSY`).
    #[doc(alias = "O_EXCL")]
    Exclusive,
}

impl BlockDevice {
    /// Opens the block device at `path`. Whatever else is there is not even opened.
    ///
    /// # Errors
    /// It is no block device, or can't be reached.
    pub fn open(path: impl AsRef<Path>, access: BlockAccess) -> Result<Self, Error> {
        let place = PathHandle::open(path)?;
        match place.kind()? {
            DescriptorKind::BlockDevice(_) => {}
            kind => return Err(kind.is_no("block device", &place)),
        }
        let how = match access {
            BlockAccess::Read => OpenHow::reading(),
            BlockAccess::ReadWrite => OpenHow::reading_and_writing(),
            BlockAccess::Exclusive => OpenHow::reading_and_writing().exclusive(),
        };
        place.reopen(how).map(Self)
    }

    /// Its number.
    ///
    /// # Errors
    /// None that is known.
    pub fn number(&self) -> Result<DeviceNumber, Error> {
        let status = rustix::fs::fstat(&self.0).map_err(|errno| failed("query", errno))?;
        Ok(DeviceNumber::from_dev_t(status.st_rdev))
    }

    /// How large it is.
    ///
    /// # Errors
    /// The device is gone.
    #[doc(alias = "BLKGETSIZE64")]
    pub fn size(&self) -> Result<Bytes, Error> {
        self.ask(sys::size).map(Bytes::new)
    }

    /// The smallest unit that it reads and writes.
    ///
    /// # Errors
    /// The device is gone.
    #[doc(alias = "BLKSSZGET")]
    pub fn logical_sector_size(&self) -> Result<Bytes, Error> {
        self.ask(sys::logical_sector).map(|size| Bytes::new(u64::from(size.unsigned_abs())))
    }

    /// The smallest unit that it writes without reading the rest of a larger one first.
    ///
    /// # Errors
    /// The device is gone.
    #[doc(alias = "BLKPBSZGET")]
    pub fn physical_sector_size(&self) -> Result<Bytes, Error> {
        self.ask(sys::physical_sector).map(bytes)
    }

    /// The smallest transfer that does not slow it down.
    ///
    /// # Errors
    /// The device is gone.
    #[doc(alias = "BLKIOMIN")]
    pub fn minimum_transfer(&self) -> Result<Bytes, Error> {
        self.ask(sys::minimum_transfer).map(bytes)
    }

    /// The transfer that suits it best, where it says.
    ///
    /// # Errors
    /// The device is gone.
    #[doc(alias = "BLKIOOPT")]
    pub fn optimal_transfer(&self) -> Result<Option<Bytes>, Error> {
        Ok(Some(self.ask(sys::optimal_transfer)?).filter(|size| *size > 0).map(bytes))
    }

    /// The largest single transfer: 65,535 sectors of 512 bytes is as much as this can say.
    ///
    /// # Errors
    /// The device is gone.
    #[doc(alias = "BLKSECTGET")]
    pub fn maximum_transfer(&self) -> Result<Bytes, Error> {
        self.ask(sys::maximum_transfer).map(|sectors| Bytes::new(u64::from(sectors) * SECTOR))
    }

    /// How far its first byte is from being aligned to the storage; `None` where that can't be said or mended.
    ///
    /// # Errors
    /// The device is gone.
    #[doc(alias = "BLKALIGNOFF")]
    pub fn alignment_offset(&self) -> Result<Option<Bytes>, Error> {
        let offset = self.ask(sys::alignment_offset)?;
        Ok(u64::try_from(offset).ok().map(Bytes::new))
    }

    /// Whether it turns, so that it is faster at what lies side by side.
    ///
    /// # Errors
    /// The device is gone.
    #[doc(alias = "BLKROTATIONAL")]
    pub fn is_rotational(&self) -> Result<bool, Error> {
        self.ask(sys::rotational).map(|rotational| rotational != 0)
    }

    /// Whether it can't be written: for now, or ever.
    ///
    /// # Errors
    /// The device is gone.
    #[doc(alias = "BLKROGET")]
    pub fn is_read_only(&self) -> Result<bool, Error> {
        self.ask(sys::read_only).map(|read_only| read_only != 0)
    }

    /// Makes it read-only, or writable again if the device is. It can still be opened for writing, but writing fails
    /// (`EPERM`).
    ///
    /// # Errors
    /// The process has not `CAP_SYS_ADMIN`.
    #[doc(alias = "BLKROSET")]
    pub fn set_read_only(&self, read_only: bool) -> Result<(), Error> {
        sys::set_read_only(self.0.as_fd(), read_only).map_err(|errno| privileged("set read-only", errno))
    }

    /// How much is read ahead.
    ///
    /// # Errors
    /// The device is gone.
    #[doc(alias = "BLKRAGET")]
    pub fn read_ahead(&self) -> Result<Bytes, Error> {
        let sectors = self.ask(sys::read_ahead)?;
        Ok(Bytes::new(u64::try_from(sectors).unwrap_or(0).saturating_mul(SECTOR)))
    }

    /// Sets how much is read ahead, in whole sectors of 512 bytes.
    ///
    /// # Errors
    /// The process has not `CAP_SYS_ADMIN`.
    #[doc(alias = "BLKRASET")]
    pub fn set_read_ahead(&self, length: Bytes) -> Result<(), Error> {
        let sectors = usize::try_from(length.get() / SECTOR).unwrap_or(usize::MAX);
        sys::set_read_ahead(self.0.as_fd(), sectors).map_err(|errno| privileged("set read-ahead of", errno))
    }

    /// A number that no other disk has had since the machine started, under whatever name; a partition has its disk's.
    ///
    /// # Errors
    /// The device is gone.
    #[doc(alias = "BLKGETDISKSEQ")]
    pub fn disk_sequence(&self) -> Result<u64, Error> {
        self.ask(sys::disk_sequence)
    }

    /// Writes what is cached of it, and forgets the cache.
    ///
    /// # Errors
    /// The process has not `CAP_SYS_ADMIN`.
    #[doc(alias = "BLKFLSBUF")]
    pub fn flush(&self) -> Result<(), Error> {
        sys::flush(self.0.as_fd()).map_err(|errno| privileged("flush", errno))
    }

    /// Reads the partitions anew.
    ///
    /// # Errors
    /// A partition is in use (`EBUSY`); it is a partition itself, or may have none (`EINVAL`); the process has not
    /// `CAP_SYS_ADMIN`.
    #[doc(alias = "BLKRRPART")]
    pub fn reread_partitions(&self) -> Result<(), Error> {
        sys::reread_partitions(self.0.as_fd()).map_err(|errno| privileged("read partitions of", errno))
    }

    /// Gives bytes back, in whole sectors. What they read as afterwards is anyone's guess.
    ///
    /// # Errors
    /// It is not open for writing (`EBADF`); the range is no whole sectors, or ends beyond the device (`EINVAL`); the
    /// device can't (`EOPNOTSUPP`).
    #[doc(alias = "BLKDISCARD")]
    pub fn discard(&self, range: ByteRange) -> Result<(), Error> {
        sys::discard(self.0.as_fd(), range.start(), range.length())
            .map_err(|errno| failed("discard on", errno))
    }

    /// Gives bytes back, in whole sectors, so that no copy of them is left on the device.
    ///
    /// Few devices can, such as eMMC. None that the lab emulates is among them: only the refusal is tested.
    ///
    /// # Errors
    /// As those of [`discard`](Self::discard).
    #[doc(alias = "BLKSECDISCARD")]
    pub fn secure_discard(&self, range: ByteRange) -> Result<(), Error> {
        sys::secure_discard(self.0.as_fd(), range.start(), range.length())
            .map_err(|errno| failed("discard on", errno))
    }

    /// Makes bytes zeros, in whole sectors, with the device's help where it can.
    ///
    /// # Errors
    /// As those of [`discard`](Self::discard).
    #[doc(alias = "BLKZEROOUT")]
    pub fn zero_out(&self, range: ByteRange) -> Result<(), Error> {
        sys::zero_out(self.0.as_fd(), range.start(), range.length()).map_err(|errno| failed("zero on", errno))
    }

    pub(super) fn ask<T>(
        &self,
        question: impl FnOnce(std::os::fd::BorrowedFd<'_>) -> Result<T, Errno>,
    ) -> Result<T, Error> {
        question(self.0.as_fd()).map_err(|errno| failed("query", errno))
    }
}

/// The unit of what the kernel counts in sectors, whatever the device's own are.
pub(super) const SECTOR: u64 = 512;

fn bytes(size: u32) -> Bytes {
    Bytes::new(size.into())
}

#[cold]
pub(super) fn failed(operation: &'static str, errno: Errno) -> Error {
    Error::system(operation, "block device", errno)
}

#[cold]
pub(super) fn privileged(operation: &'static str, errno: Errno) -> Error {
    match errno {
        Errno::ACCESS | Errno::PERM => {
            let capability = Some("CAP_SYS_ADMIN");
            Error::new(operation, "block device", Reason::PermissionDenied { capability })
        }
        errno => failed(operation, errno),
    }
}
