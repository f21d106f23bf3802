//! The descriptor of userfaultfd.

use std::os::fd::{AsFd, OwnedFd};

use linux_support_base::{AddressRange, Errno, Error, Reason};
use rustix::fs::{Mode, OFlags, open};

use super::{
    Pages, UserFaultEvent,
    features::{FaultOperations, FillFlags, UserFaultFeatures, WatchedFaults},
};
use crate::{
    descriptor::descriptor,
    readiness::{attempt, when_readable},
    sys::user_fault as sys,
};

/// Which faults a [`UserFault`] is to handle, and by what right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FaultAccess {
    /// Those of programs alone: a system call that touches a missing page fails (`EFAULT`). Everyone may.
    #[doc(alias = "UFFD_USER_MODE_ONLY")]
    UserModeOnly,
    /// Those in system calls too. Needs `CAP_SYS_PTRACE`, or 1 in `/proc/sys/vm/unprivileged_userfaultfd`.
    All,
    /// Those in system calls too, for whoever may open `/dev/userfaultfd`. Since Linux 6.1.
    Device,
}

/// The handler of the page faults in ranges of memory: of this process, or of whoever it was received from.
///
/// All operations that give pages say how many bytes they did: fewer than asked for, or 0, if an event waits to be
/// [read](Self::read) first. A page that is there already is an error (`EEXIST`) if it is the first of them.
///
/// ```
/// use std::thread;
/// use linux_support_base::Bytes;
/// use linux_support_fd::user_fault::{
///     FaultAccess, FillFlags, Region, UserFault, UserFaultEvent, UserFaultFeatures, WatchedFaults,
/// };
///
/// let page = vec![7; 4096];
/// # let page = vec![7; rustix::param::page_size()];
/// let region = Region::private(Bytes::new(page.len() as u64))?;
/// let faults = UserFault::new(FaultAccess::UserModeOnly, UserFaultFeatures::empty())?;
/// faults.register(region.pages(), WatchedFaults::MISSING)?;
/// thread::scope(|threads| -> Result<(), linux_support_base::Error> {
///     let reader = threads.spawn(|| {
///         let mut byte = [0];
///         region.read(5, &mut byte).unwrap();
///         byte
///     });
///     let UserFaultEvent::PageFault(fault) = faults.read()? else { panic!() };
///     assert_eq!(faults.copy(fault.address, &page, FillFlags::empty())?, page.len() as u64);
///     assert_eq!(reader.join().unwrap(), [7]);
///     Ok(())
/// })?;
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Forks
/// With [`FORK_EVENTS`](UserFaultFeatures::FORK_EVENTS), fork(2) does not return until its event is read, and the C
/// library holds the locks of its allocator meanwhile. So who reads it had best be another process; in the same one,
/// it must neither allocate nor free until then.
///
/// # Source
/// userfaultfd(2), ioctl_userfaultfd(2), Documentation/admin-guide/mm/userfaultfd.rst.
#[derive(Debug)]
#[doc(alias = "userfaultfd")]
pub struct UserFault(OwnedFd);

descriptor!(UserFault, "userfaultfd", crate::DescriptorKind::UserFault, nonblocking: true);

/// The most events that are read at once.
const EVENTS: usize = 16;

impl UserFault {
    /// A handler that has these features.
    ///
    /// # Errors
    /// The right to it is missing; this kernel has not all of the features, and the error names those that it has
    /// not.
    pub fn new(access: FaultAccess, features: UserFaultFeatures) -> Result<Self, Error> {
        let created = Self::create(access)?;
        match sys::handshake(created.0.as_fd(), features.bits()) {
            Ok(_) => Ok(created),
            Err(Errno::INVAL) => {
                let missing = features - Self::features(access)?;
                let names: Vec<_> = missing.iter_names().map(|(name, _)| name).collect();
                let names = if names.is_empty() { "features".to_owned() } else { names.join(", ") };
                Err(Error::invalid("create", "userfaultfd", format!("is not to be had with {names}")))
            }
            Err(errno) => Err(not_permitted("create", errno)),
        }
    }

    /// The features that this kernel has.
    ///
    /// # Errors
    /// The right is missing to create a handler.
    pub fn features(access: FaultAccess) -> Result<UserFaultFeatures, Error> {
        let created = Self::create(access)?;
        sys::handshake(created.0.as_fd(), 0)
            .map(UserFaultFeatures::from_bits_retain)
            .map_err(|errno| failed("query", errno))
    }

    fn create(access: FaultAccess) -> Result<Self, Error> {
        const DEVICE: &str = "/dev/userfaultfd";
        match access {
            FaultAccess::UserModeOnly => sys::create(true).map_err(|errno| failed("create", errno)),
            FaultAccess::All => sys::create(false).map_err(|errno| not_permitted("create", errno)),
            FaultAccess::Device => {
                let device = open(DEVICE, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty())
                    .map_err(|errno| Error::system("open", DEVICE, errno))?;
                sys::create_from(device.as_fd()).map_err(|errno| failed("create", errno))
            }
        }
        .map(Self)
    }

    /// Watches pages of this process for faults, and says what can be done about them.
    ///
    /// They are watched until they are unmapped, or [no longer](Self::unregister).
    ///
    /// # Errors
    /// This kind of memory can't be watched for that, or needs a [feature](UserFaultFeatures) that was not asked for
    /// (`EINVAL`); another handler watches it (`EBUSY`).
    #[doc(alias = "UFFDIO_REGISTER")]
    pub fn register(&self, pages: Pages<'_>, faults: WatchedFaults) -> Result<FaultOperations, Error> {
        sys::register(self.0.as_fd(), pages.range(), faults.bits())
            .map(FaultOperations::from_bits_retain)
            .map_err(|errno| failed("register with", errno))
    }

    /// Watches pages no longer. Threads that wait for them go on, as if nobody had watched.
    ///
    /// # Errors
    /// None that is known.
    #[doc(alias = "UFFDIO_UNREGISTER")]
    pub fn unregister(&self, pages: Pages<'_>) -> Result<(), Error> {
        sys::unregister(self.0.as_fd(), pages.range()).map_err(|errno| failed("unregister from", errno))
    }

    /// The next event; waits for it. Allocates nothing.
    ///
    /// # Errors
    /// There is no descriptor left for that of a child.
    pub fn read(&self) -> Result<UserFaultEvent, Error> {
        when_readable(self, "read", "userfaultfd", || self.try_read())
    }

    /// The next event, if there is one. Allocates nothing.
    ///
    /// # Errors
    /// As those of [`read`](Self::read).
    pub fn try_read(&self) -> Result<Option<UserFaultEvent>, Error> {
        let mut next = None;
        self.read_up_to::<1>(|event| next = Some(event))?;
        Ok(next)
    }

    /// Adds the next events, up to 16, to `events`; says how many.
    ///
    /// # Errors
    /// As those of [`read`](Self::read).
    pub fn try_read_into(&self, events: &mut Vec<UserFaultEvent>) -> Result<usize, Error> {
        let before = events.len();
        self.read_up_to::<EVENTS>(|event| events.push(event))?;
        Ok(events.len() - before)
    }

    fn read_up_to<const LIMIT: usize>(&self, mut give: impl FnMut(UserFaultEvent)) -> Result<(), Error> {
        let mut malformed = None;
        attempt(|| {
            sys::read::<LIMIT>(self.0.as_fd(), |event| match event {
                Ok(event) => give(event.map_descriptor(Self)),
                Err(error) => malformed = Some(error),
            })
        })
        .map_err(|errno| failed("read", errno))?;
        match malformed {
            Some(error) => Err(Error::malformed("userfaultfd", error)),
            None => Ok(()),
        }
    }

    /// Gives the pages from `address` on, which are missing, these bytes, and wakes who waits for them.
    ///
    /// # Errors
    /// `address` or the length is no whole pages (`EINVAL`); a page is there (`EEXIST`); nothing is watched there
    /// (`ENOENT`); the process is gone (`ESRCH`).
    #[doc(alias = "UFFDIO_COPY")]
    pub fn copy(&self, address: u64, bytes: &[u8], flags: FillFlags) -> Result<u64, Error> {
        sys::copy(self.0.as_fd(), address, bytes, flags.fill()).map_err(|errno| failed("copy to", errno))
    }

    /// Gives missing pages zeros, and wakes who waits for them.
    ///
    /// # Errors
    /// As those of [`copy`](Self::copy).
    #[doc(alias = "UFFDIO_ZEROPAGE")]
    pub fn zero(&self, pages: AddressRange, flags: FillFlags) -> Result<u64, Error> {
        sys::zero(self.0.as_fd(), pages, flags.fill()).map_err(|errno| failed("zero in", errno))
    }

    /// Lets pages that are in the page cache be mapped as they are, and wakes who waits for them.
    ///
    /// # Errors
    /// As those of [`copy`](Self::copy); a page is not in the cache (`EFAULT`).
    #[doc(alias = "UFFDIO_CONTINUE")]
    pub fn resume(&self, pages: AddressRange, flags: FillFlags) -> Result<u64, Error> {
        sys::resume(self.0.as_fd(), pages, flags.fill()).map_err(|errno| failed("continue in", errno))
    }

    /// Moves pages of this process to `address`, where they are missing, without copying, and wakes who waits for
    /// them. Where they were, they are missing then. Since Linux 6.8.
    ///
    /// # Errors
    /// As those of [`copy`](Self::copy); a page is shared (`EBUSY`) or not there (`ENOENT`).
    #[doc(alias = "UFFDIO_MOVE")]
    pub fn move_pages(&self, from: Pages<'_>, address: u64, flags: FillFlags) -> Result<u64, Error> {
        sys::move_pages(self.0.as_fd(), from.range(), address, flags.moving())
            .map_err(|errno| failed("move to", errno))
    }

    /// Makes it SIGBUS to touch these pages, which are missing, as if the memory had failed; wakes who waits for them.
    /// Since Linux 6.6.
    ///
    /// # Errors
    /// As those of [`copy`](Self::copy).
    #[doc(alias = "UFFDIO_POISON")]
    pub fn poison(&self, pages: AddressRange, flags: FillFlags) -> Result<u64, Error> {
        sys::poison(self.0.as_fd(), pages, flags.fill()).map_err(|errno| failed("poison in", errno))
    }

    /// Protects pages from being written, so that who does so waits.
    ///
    /// Says how many bytes: all or, where an event waits to be read first, 0.
    ///
    /// # Errors
    /// Nothing is watched for that there (`ENOENT`).
    #[doc(alias = "UFFDIO_WRITEPROTECT")]
    pub fn write_protect(&self, pages: AddressRange) -> Result<u64, Error> {
        self.protection(pages, 1)
    }

    /// Lets pages be written again, and wakes who waits to.
    ///
    /// Says how many bytes: all or, where an event waits to be read first, 0.
    ///
    /// # Errors
    /// Nothing is watched for that there (`ENOENT`).
    #[doc(alias = "UFFDIO_WRITEPROTECT")]
    pub fn allow_writes(&self, pages: AddressRange, flags: FillFlags) -> Result<u64, Error> {
        self.protection(pages, flags.writable())
    }

    fn protection(&self, pages: AddressRange, mode: u64) -> Result<u64, Error> {
        sys::write_protect(self.0.as_fd(), pages, mode)
            .map(|done| if done { pages.length() } else { 0 })
            .map_err(|errno| failed("protect in", errno))
    }

    /// Wakes who waits for these pages: they look again.
    ///
    /// # Errors
    /// They are no whole pages (`EINVAL`).
    #[doc(alias = "UFFDIO_WAKE")]
    pub fn wake(&self, pages: AddressRange) -> Result<(), Error> {
        sys::wake(self.0.as_fd(), pages).map_err(|errno| failed("wake in", errno))
    }
}

/// The error of an operation: absence here is of memory, not of a file.
#[cold]
fn failed(operation: &'static str, errno: Errno) -> Error {
    match errno {
        Errno::NOENT => Error::new(operation, "userfaultfd", Reason::System(errno)),
        errno => Error::system(operation, "userfaultfd", errno),
    }
}

#[cold]
fn not_permitted(operation: &'static str, errno: Errno) -> Error {
    match errno {
        Errno::PERM => {
            let capability = Some("CAP_SYS_PTRACE");
            Error::new(operation, "userfaultfd", Reason::PermissionDenied { capability })
        }
        errno => failed(operation, errno),
    }
}
