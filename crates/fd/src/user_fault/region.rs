//! Memory that can be watched.

use std::os::fd::AsFd;

use linux_support_base::{AddressRange, Bytes, Errno, Error};
use rustix::fs::{SealFlags, fcntl_get_seals, fstat};

use crate::sys::memory::Mapping;

/// Memory of this process that a [`UserFault`](super::UserFault) can watch.
///
/// Its pages may come, go and change at any time, so no reference to its bytes is ever given: they are read and
/// written by copying, byte by byte. [`address`](Self::address) is for those who make more of it.
///
/// ```
/// use linux_support_base::Bytes;
/// use linux_support_fd::user_fault::Region;
///
/// let region = Region::private(Bytes::new(1 << 16))?;
/// region.write(100, b"abc")?;
/// let mut bytes = [0; 4];
/// region.read(99, &mut bytes)?;
/// assert_eq!(&bytes, b"\0abc");
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Debug)]
pub struct Region {
    mapping: Mapping,
    /// How long it may be.
    most: usize,
}

/// A range of whole pages of a [`Region`].
#[derive(Clone, Copy, Debug)]
pub struct Pages<'a> {
    region: &'a Region,
    start: usize,
    length: usize,
}

impl Region {
    /// New memory of this process, whose pages are missing until they are touched.
    ///
    /// # Errors
    /// `length` is 0, or no multiple of the page size; there is not so much memory.
    #[doc(alias = "mmap")]
    pub fn private(length: Bytes) -> Result<Self, Error> {
        let mapping = Mapping::anonymous(whole_pages(length)?).map_err(|errno| failed("map", errno))?;
        Ok(Self { mapping, most: usize::MAX })
    }

    /// The first `length` bytes of a memfd, shared with all who map it.
    ///
    /// It must be sealed against shrinking ([`Seals::SHRINK`](crate::Seals::SHRINK)): touching what lies beyond the end
    /// of a file that was cut would be SIGBUS.
    ///
    /// # Errors
    /// `length` is 0, no multiple of the page size, or more than the file's; the file can shrink, or is not open for
    /// reading and writing.
    pub fn shared(file: impl AsFd, length: Bytes) -> Result<Self, Error> {
        let (file, length) = (file.as_fd(), whole_pages(length)?);
        if !fcntl_get_seals(file).is_ok_and(|seals| seals.contains(SealFlags::SHRINK)) {
            return Err(Error::invalid("map", "file", "needs a memfd that is sealed against shrinking"));
        }
        let status = fstat(file).map_err(|errno| failed("map", errno))?;
        let most = usize::try_from(status.st_size).unwrap_or(0);
        if length > most {
            return Err(beyond("map"));
        }
        let mapping = Mapping::shared(file, length).map_err(|errno| failed("map", errno))?;
        Ok(Self { mapping, most })
    }

    /// Where it begins in the process.
    #[must_use]
    pub fn address(&self) -> u64 {
        self.mapping.address()
    }

    /// How long it is.
    #[must_use]
    pub fn length(&self) -> Bytes {
        Bytes::new(self.mapping.length() as u64)
    }

    /// All of its pages.
    #[must_use]
    pub fn pages(&self) -> Pages<'_> {
        Pages { region: self, start: 0, length: self.mapping.length() }
    }

    /// The pages from `start` on, so many bytes of them.
    ///
    /// # Errors
    /// They are no whole pages, or not in it.
    pub fn part(&self, start: u64, length: Bytes) -> Result<Pages<'_>, Error> {
        let length = whole_pages(length)?;
        let start = usize::try_from(start).ok().filter(|start| {
            start.is_multiple_of(rustix::param::page_size())
                && start.checked_add(length).is_some_and(|end| end <= self.mapping.length())
        });
        match start {
            Some(start) => Ok(Pages { region: self, start, length }),
            None => Err(Error::invalid("take", "part of memory", "needs whole pages within the memory")),
        }
    }

    /// Copies its bytes from `start` on. Waits where they are watched and missing.
    ///
    /// # Errors
    /// It is not that long.
    pub fn read(&self, start: u64, into: &mut [u8]) -> Result<(), Error> {
        let read = usize::try_from(start).is_ok_and(|start| self.mapping.read(start, into));
        read.then_some(()).ok_or_else(|| beyond("read"))
    }

    /// Copies `bytes` to `start`. Waits where they are watched, and missing or protected.
    ///
    /// # Errors
    /// It is not that long.
    pub fn write(&self, start: u64, bytes: &[u8]) -> Result<(), Error> {
        let written = usize::try_from(start).is_ok_and(|start| self.mapping.write(start, bytes));
        written.then_some(()).ok_or_else(|| beyond("write"))
    }

    /// Makes it longer or shorter. It may move.
    ///
    /// # Errors
    /// `length` is 0, or no multiple of the page size; there is not so much memory, or a shared file was not as long
    /// when it was mapped.
    #[doc(alias = "mremap")]
    pub fn resize(&mut self, length: Bytes) -> Result<(), Error> {
        let length = whole_pages(length)?;
        if length > self.most {
            return Err(beyond("resize"));
        }
        self.mapping.resize(length).map_err(|errno| failed("resize", errno))
    }
}

impl Pages<'_> {
    /// Where they are in the process.
    #[must_use]
    pub fn range(&self) -> AddressRange {
        let start = self.region.address() + self.start as u64;
        // They lie in the memory, so the end is above the start.
        AddressRange::new(start, start + self.length as u64).unwrap_or_else(|| self.region.pages().range())
    }

    /// Gives them back: private ones are missing and zeros, shared ones are not mapped.
    ///
    /// # Errors
    /// They are locked in memory.
    #[doc(alias = "MADV_DONTNEED")]
    pub fn discard(&self) -> Result<(), Error> {
        self.region.mapping.discard(self.start, self.length).map_err(|errno| failed("discard", errno))
    }
}

fn whole_pages(length: Bytes) -> Result<usize, Error> {
    usize::try_from(length.get())
        .ok()
        .filter(|length| *length > 0 && length.is_multiple_of(rustix::param::page_size()))
        .ok_or_else(|| Error::invalid("map", "memory", "needs a length of whole pages, at least one"))
}

#[cold]
fn failed(operation: &'static str, errno: Errno) -> Error {
    Error::system(operation, "memory", errno)
}

#[cold]
fn beyond(operation: &'static str) -> Error {
    Error::invalid(operation, "memory", "needs a range within the memory")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_beyond_is_refused() {
        let page = rustix::param::page_size() as u64;
        let region = Region::private(Bytes::new(2 * page)).unwrap();
        assert!(region.read(2 * page - 1, &mut [0; 2]).is_err());
        assert!(region.write(u64::MAX, &[0]).is_err());
        assert!(region.write(2 * page, &[]).is_ok());
        for (start, length) in [(1, page), (page, 2 * page), (u64::MAX, page), (0, page + 1), (0, 0)] {
            assert!(region.part(start, Bytes::new(length)).is_err(), "{start} {length}");
        }
        assert_eq!(region.part(page, Bytes::new(page)).unwrap().range().start(), region.address() + page);
        assert!(Region::private(Bytes::new(u64::MAX)).is_err());
        assert!(Region::private(Bytes::new(0)).is_err());
    }

    #[test]
    fn pages_that_are_given_back_are_zeros_and_a_resized_region_keeps_its_bytes() {
        let page = rustix::param::page_size() as u64;
        let mut region = Region::private(Bytes::new(2 * page)).unwrap();
        region.write(page, b"x").unwrap();
        region.part(0, Bytes::new(page)).unwrap().discard().unwrap();
        region.resize(Bytes::new(64 * page)).unwrap();
        let mut byte = [0];
        region.read(page, &mut byte).unwrap();
        assert_eq!(&byte, b"x");
        region.pages().discard().unwrap();
        region.read(page, &mut byte).unwrap();
        assert_eq!(byte, [0]);
    }
}
