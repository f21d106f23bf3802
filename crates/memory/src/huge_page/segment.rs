use core::fmt;

use linux_support_base::{
    Bytes, Errno, Error, GroupId, LiveMachine, Machine, PageSize, Pid, Reason, TemporarySetting, UserId, text,
};

use super::{pool, resize::shortage};
use crate::{
    mapping::{Mapping, Readable, Shared},
    sys::segment,
};

/// How a new segment of System V's shared memory shall be.
///
/// ```
/// use core::sync::atomic::Ordering;
/// use linux_support_base::Bytes;
/// use linux_support_memory::{huge_page::SegmentOptions, mapping::ReadWrite};
///
/// let segment = SegmentOptions::new().create(Bytes::new(100))?;
/// let memory = segment.attach::<ReadWrite>()?;
/// memory.as_atomics()[0].store(7, Ordering::Relaxed);
/// assert_eq!(segment.attach::<ReadWrite>()?.as_atomics()[0].load(Ordering::Relaxed), 7);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// shmget(2), sysvipc(7).
#[derive(Clone, Debug)]
#[doc(alias = "shmget")]
pub struct SegmentOptions {
    huge: Option<PageSize>,
    key: Option<SegmentKey>,
    mode: u16,
}

/// The number by which programs that agreed on it find a segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "key_t")]
pub struct SegmentKey(i32);

impl SegmentKey {
    /// This key; `None` for 0, which is the key of no segment.
    #[must_use]
    pub const fn new(key: i32) -> Option<Self> {
        if key == 0 { None } else { Some(Self(key)) }
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0
    }
}

impl fmt::Display for SegmentKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#010x}", self.0)
    }
}

impl Default for SegmentOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl SegmentOptions {
    /// On base pages, without a key, for this user alone.
    #[must_use]
    pub const fn new() -> Self {
        Self { huge: None, key: None, mode: 0o600 }
    }

    /// On huge pages of this size, from the pool of the machine.
    #[doc(alias = "SHM_HUGETLB")]
    #[must_use]
    pub const fn huge_pages(mut self, size: PageSize) -> Self {
        self.huge = Some(size);
        self
    }

    /// With this key.
    #[must_use]
    pub const fn key(mut self, key: SegmentKey) -> Self {
        self.key = Some(key);
        self
    }

    /// With these permissions: nine bits, of which those to execute have no meaning.
    #[must_use]
    pub const fn mode(mut self, mode: u16) -> Self {
        self.mode = mode;
        self
    }

    /// Makes the segment, all 0. `length` is rounded up to whole pages.
    ///
    /// # Errors
    /// `length` is 0 or above the limit of the kernel (`kernel.shmmax`, `kernel.shmall`); another segment has the key
    /// (`EEXIST`); the pool has too few pages, or there is none of that size.
    ///
    /// # Capabilities
    /// With huge pages CAP_IPC_LOCK, or the group of [`huge_segment_group`].
    pub fn create(&self, length: Bytes) -> Result<Segment, Error> {
        let page = self.huge.map_or(1, |size| size.bytes().get());
        let object = match self.huge {
            Some(size) => format!("segment of {length} on pages of {size}"),
            None => format!("segment of {length}"),
        };
        let refused = |accepted: String| Err(Error::invalid("make", object.as_bytes(), accepted));
        let rounded =
            length.get().checked_next_multiple_of(page).and_then(|length| isize::try_from(length).ok());
        let Some(bytes) = rounded.filter(|&length| length != 0) else {
            return refused(format!("a length is from 1 to {}", isize::MAX as u64 / page * page));
        };
        if self.mode > 0o777 {
            return refused(format!("mode {:o}: it is 777 at most", self.mode));
        }
        let key = self.key.map_or(libc::IPC_PRIVATE, SegmentKey::number);
        match segment::create(key, bytes.unsigned_abs(), self.huge, self.mode) {
            Ok(number) => Ok(Segment { number: SegmentNumber(number), removed: true }),
            Err(errno) => Err(self.explain(&object, bytes as u64 / page, errno)),
        }
    }

    #[cold]
    fn explain(&self, object: &str, pages: u64, errno: Errno) -> Error {
        let system = Error::new("make", object.as_bytes(), Reason::System(errno));
        let refused = |accepted| Error::invalid("make", object.as_bytes(), accepted);
        let limits = || {
            let Ok(machine) = Machine::live() else { return system.clone() };
            let limit = |name| machine.line(format!("/proc/sys/kernel/{name}")).map(|line| line.to_string());
            match (limit("shmmax"), limit("shmall")) {
                (Ok(most), Ok(all)) => refused(format!(
                    "kernel.shmmax allows {most} bytes, kernel.shmall {all} base pages of all segments"
                )),
                _ => system.clone(),
            }
        };
        match (errno, self.huge, self.key) {
            (Errno::PERM, Some(_), _) => Error::new(
                "make",
                object.as_bytes(),
                Reason::PermissionDenied { capability: Some("CAP_IPC_LOCK") },
            ),
            (Errno::NOMEM | Errno::INVAL | Errno::NOENT, Some(size), _) => {
                match Machine::live().and_then(|machine| pool(&machine, size)) {
                    Err(lacking) => lacking,
                    Ok(pool) if errno == Errno::NOMEM => refused(shortage(&pool, pages)),
                    Ok(_) => limits(),
                }
            }
            (Errno::INVAL | Errno::NOSPC, ..) => limits(),
            (Errno::EXIST, _, Some(key)) => refused(format!("another segment has the key {key}")),
            _ => system,
        }
    }
}

/// The number of a segment, which the kernel gave it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "shmid")]
pub struct SegmentNumber(i32);

impl SegmentNumber {
    /// This number, as another process told it, or `/proc/sysvipc/shm`; `None` below 0.
    #[must_use]
    pub const fn new(number: i32) -> Option<Self> {
        if number < 0 { None } else { Some(Self(number)) }
    }

    /// The number.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0
    }

    /// The segment that has `key`.
    ///
    /// # Errors
    /// There is none, or this user may not use it.
    pub fn find(key: SegmentKey) -> Result<Self, Error> {
        segment::find(key.number())
            .map(Self)
            .map_err(|errno| Error::system("find", format!("segment with the key {key}").as_bytes(), errno))
    }

    /// Attaches the segment: its memory is shared with all who do so.
    ///
    /// # Errors
    /// It has gone; this user may not use it so; smaps can't be read, which tells its pages.
    #[doc(alias = "shmat")]
    pub fn attach<P: Readable>(self) -> Result<Mapping<Shared, P>, Error> {
        segment::attach(self.0).map_err(|errno| match errno {
            Errno::NODATA => self.failed("find in /proc/self/smaps", Errno::NOENT),
            errno => self.failed("attach", errno),
        })
    }

    /// What the kernel knows of the segment.
    ///
    /// # Errors
    /// It has gone; this user may not read it.
    #[doc(alias = "shmctl")]
    pub fn status(self) -> Result<SegmentStatus, Error> {
        let status = segment::status(self.0).map_err(|errno| self.failed("look at", errno))?;
        Ok(SegmentStatus {
            length: Bytes::new(status.shm_segsz as u64),
            attached: status.shm_nattch,
            user: UserId::new(status.shm_perm.uid),
            group: GroupId::new(status.shm_perm.gid),
            mode: (status.shm_perm.mode as u32 & 0o777) as u16,
            creator: Pid::new(status.shm_cpid),
            is_removed: status.shm_perm.mode as u32 & 0o1000 != 0,
        })
    }

    /// Removes the segment: nobody can find it any more, and it goes when the last detaches it.
    ///
    /// # Errors
    /// It has gone; it is another user's.
    ///
    /// # Capabilities
    /// CAP_SYS_ADMIN for those of other users.
    #[doc(alias = "IPC_RMID")]
    pub fn remove(self) -> Result<(), Error> {
        segment::remove(self.0).map_err(|errno| self.failed("remove", errno))
    }

    #[cold]
    fn failed(self, operation: &'static str, errno: Errno) -> Error {
        let object = format!("segment {}", self.0);
        match errno {
            // No such number, or one that another segment had.
            Errno::INVAL | Errno::IDRM => Error::new(operation, object.as_bytes(), Reason::Gone),
            errno => Error::system(operation, object.as_bytes(), errno),
        }
    }
}

/// What the kernel knows of a segment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SegmentStatus {
    /// How long it is.
    pub length: Bytes,
    /// How often it is attached.
    pub attached: u64,
    /// Its owner.
    pub user: UserId,
    /// Its group.
    pub group: GroupId,
    /// Its permissions: nine bits.
    pub mode: u16,
    /// Who made it; it may have ended since.
    pub creator: Option<Pid>,
    /// Whether it goes when the last detaches it.
    pub is_removed: bool,
}

/// A segment that this program made, and that is removed when this is dropped; what is attached stays until it is unmapped.
#[derive(Debug)]
pub struct Segment {
    number: SegmentNumber,
    removed: bool,
}

impl Segment {
    /// Its number, to tell others.
    #[must_use]
    pub const fn number(&self) -> SegmentNumber {
        self.number
    }

    /// Attaches it.
    ///
    /// # Errors
    /// As for [`SegmentNumber::attach`].
    pub fn attach<P: Readable>(&self) -> Result<Mapping<Shared, P>, Error> {
        self.number.attach()
    }

    /// Leaves it for others: it stays until somebody [removes](SegmentNumber::remove) it.
    pub fn keep(mut self) -> SegmentNumber {
        self.removed = false;
        self.number
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        if self.removed {
            let _ = self.number.remove();
        }
    }
}

const GROUP: &str = "/proc/sys/vm/hugetlb_shm_group";

/// The group whose members may make segments on huge pages, and locked mappings of them, without CAP_IPC_LOCK. 0 is none,
/// besides root's.
///
/// # Errors
/// The kernel has no huge pages to set aside.
#[doc(alias = "hugetlb_shm_group")]
pub fn huge_segment_group(machine: &Machine) -> Result<GroupId, Error> {
    machine.parse_needing(GROUP, super::pool::NEEDS, |bytes| GroupId::parse(text::trim(bytes)))
}

/// Sets that group, until what is returned is dropped.
///
/// # Errors
/// The kernel has no huge pages to set aside.
///
/// # Capabilities
/// Root's, to write the file.
pub fn set_huge_segment_group(
    machine: LiveMachine<'_>,
    group: GroupId,
) -> Result<TemporarySetting<'_>, Error> {
    machine.write_for_now(GROUP, group.number().to_string())
}

#[cfg(test)]
mod tests {
    use core::sync::atomic::Ordering;

    use super::*;
    use crate::mapping::{ReadOnly, ReadWrite};

    #[test]
    #[cfg_attr(user_emulation, ignore = "smaps has the emulator's addresses")]
    fn a_segment_is_shared_by_all_who_attach_it_and_goes_with_the_last() {
        let page = rustix::param::page_size();
        let segment = SegmentOptions::new().create(Bytes::new(page as u64 + 1)).unwrap();
        let number = segment.number();
        let memory = segment.attach::<ReadWrite>().unwrap();
        assert_eq!((memory.len(), memory.page_size().bytes().get() as usize), (2 * page, page));
        memory.as_atomics()[page / 8].store(7, Ordering::Relaxed);
        let seen = number.attach::<ReadOnly>().unwrap();
        let mut bytes = [0; 8];
        seen.read_at(page, &mut bytes).unwrap();
        assert_eq!(u64::from_ne_bytes(bytes), 7);
        let status = number.status().unwrap();
        assert_eq!((status.attached, status.mode, status.is_removed), (2, 0o600, false));
        assert_eq!(status.creator.map(Pid::number), i32::try_from(std::process::id()).ok());
        drop(segment);
        assert!(number.status().unwrap().is_removed);
        drop(memory);
        assert_eq!(number.status().unwrap().attached, 1);
        drop(seen);
        assert_eq!(number.status().unwrap_err().reason(), &Reason::Gone);
    }

    #[test]
    fn a_key_is_for_one_segment_until_it_is_removed() {
        let key = SegmentKey::new(std::process::id() as i32 | 0x5a00_0000).unwrap();
        let options = SegmentOptions::new().key(key);
        let segment = options.create(Bytes::new(1)).unwrap();
        assert_eq!(SegmentNumber::find(key).unwrap(), segment.number());
        let error = options.create(Bytes::new(1)).unwrap_err().to_string();
        assert!(error.contains("another segment has the key 0x"), "{error}");
        let number = segment.keep();
        number.remove().unwrap();
        assert!(SegmentNumber::find(key).unwrap_err().is_absent());
        assert!(number.remove().unwrap_err().is_absent());
    }

    #[test]
    fn lengths_modes_and_sizes_that_can_not_be_are_told() {
        let error =
            |options: SegmentOptions, length| options.create(Bytes::new(length)).unwrap_err().to_string();
        assert!(error(SegmentOptions::new(), 0).contains("from 1 to"));
        assert!(error(SegmentOptions::new(), u64::MAX).contains("from 1 to"));
        assert!(error(SegmentOptions::new().mode(0o1000), 1).contains("777"));
        let odd = PageSize::new(Bytes::new(1 << 13)).unwrap();
        let lacking = error(SegmentOptions::new().huge_pages(odd), 1);
        assert!(lacking.contains("8 KiB") || lacking.contains("absent"), "{lacking}");
        assert_eq!(SegmentKey::new(0), None);
        assert_eq!(SegmentNumber::new(-1), None);
    }
}
