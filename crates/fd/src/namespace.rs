//! Namespaces, as descriptors that are held and passed on.

use std::{
    os::fd::{AsFd, OwnedFd},
    path::Path,
};

pub use linux_support_base::NamespaceKind;
use linux_support_base::{Errno, Error, NamespaceKinds, Pid, UserId};
use rustix::fs::{fstat, fstatfs};

use crate::{
    DescriptorKind,
    descriptor::{adopt, owns_descriptor},
    directory::{OpenHow, PathHandle},
    sys::namespace::{self as sys, Translation},
};

/// A namespace, which lives as long as this.
///
/// Whoever is to enter it takes the descriptor to setns(2); here it is only held, asked, and passed on.
///
/// ```
/// use linux_support_fd::namespace::{Namespace, NamespaceKind};
///
/// let namespace = Namespace::open("/proc/self/ns/uts")?;
/// assert_eq!(namespace.kind()?, NamespaceKind::Uts);
/// assert!(namespace.is_same_as(&Namespace::open("/proc/self/ns/uts")?)?);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// namespaces(7), ioctl_nsfs(2).
#[derive(Debug)]
pub struct Namespace(OwnedFd);

/// What is known of a mount namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MountNamespace {
    /// The number that no other has had since the machine started, which listmount(2) takes.
    pub id: u64,
    /// How many mounts are in it.
    pub mounts: u32,
}

/// The file system of namespaces.
const NSFS_MAGIC: u64 = linux_raw_sys::general::NSFS_MAGIC as u64;

owns_descriptor!(Namespace, "namespace");

impl TryFrom<OwnedFd> for Namespace {
    type Error = Error;

    /// Takes a descriptor, bind-mounted ones among them, and makes it close-on-exec.
    ///
    /// # Errors
    /// It is of another kind. The descriptor is closed then.
    fn try_from(descriptor: OwnedFd) -> Result<Self, Error> {
        check(&descriptor)?;
        adopt(&descriptor, "namespace", false)?;
        Ok(Self(descriptor))
    }
}

/// Says whether something is a namespace, by its file system: a bind-mounted one has any path.
fn check(descriptor: &(impl AsFd + std::os::fd::AsRawFd)) -> Result<(), Error> {
    match fstatfs(descriptor).map(|status| status.f_type as u64) {
        Ok(NSFS_MAGIC) => Ok(()),
        _ => Err(DescriptorKind::of(descriptor)?.is_no("namespace", descriptor)),
    }
}

impl Namespace {
    /// Opens the namespace at `path`: `/proc/PID/ns/net`, or where one is bind-mounted. Whatever else is there is not
    /// even opened.
    ///
    /// # Errors
    /// It is no namespace, or can't be reached.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        let place = PathHandle::open(path)?;
        check(&place)?;
        place.reopen(OpenHow::reading()).map(Self)
    }

    /// One that the kernel opened as a namespace, close-on-exec.
    pub(crate) fn of_kernel(descriptor: OwnedFd) -> Self {
        Self(descriptor)
    }

    /// Another descriptor of the same namespace, close-on-exec as well.
    ///
    /// # Errors
    /// There is no descriptor left.
    pub fn try_clone(&self) -> Result<Self, Error> {
        rustix::io::fcntl_dupfd_cloexec(&self.0, 0).map(Self).map_err(|errno| failed("duplicate", errno))
    }

    /// What it keeps apart.
    ///
    /// # Errors
    /// None that is known.
    #[doc(alias = "NS_GET_NSTYPE")]
    pub fn kind(&self) -> Result<NamespaceKind, Error> {
        let kind = sys::kind(self.0.as_fd()).map_err(|errno| failed("query", errno))?;
        Ok(NamespaceKind::of_flag(NamespaceKinds::from_bits_retain(kind)))
    }

    /// Whether both are the same namespace.
    ///
    /// # Errors
    /// None that is known.
    pub fn is_same_as(&self, other: &Self) -> Result<bool, Error> {
        let identity = |namespace: &Self| {
            fstat(&namespace.0).map(|it| (it.st_dev, it.st_ino)).map_err(|errno| failed("query", errno))
        };
        Ok(identity(self)? == identity(other)?)
    }

    /// The user namespace whose capabilities rule it.
    ///
    /// # Errors
    /// It is outside of the caller's own ([`Reason::PermissionDenied`](linux_support_base::Reason::PermissionDenied)).
    #[doc(alias = "NS_GET_USERNS")]
    pub fn user_namespace(&self) -> Result<Self, Error> {
        sys::user_namespace(self.0.as_fd()).map(Self).map_err(|errno| failed("query", errno))
    }

    /// The namespace above it, of a user or process-number namespace.
    ///
    /// # Errors
    /// It is outside of the caller's own, or this is the first
    /// ([`Reason::PermissionDenied`](linux_support_base::Reason::PermissionDenied)); its kind has none (`EINVAL`).
    #[doc(alias = "NS_GET_PARENT")]
    pub fn parent(&self) -> Result<Self, Error> {
        sys::parent(self.0.as_fd()).map(Self).map_err(|errno| failed("query", errno))
    }

    /// Who made this user namespace, as the caller's own names users.
    ///
    /// # Errors
    /// It is none of users (`EINVAL`).
    #[doc(alias = "NS_GET_OWNER_UID")]
    pub fn owner(&self) -> Result<UserId, Error> {
        sys::owner(self.0.as_fd()).map(UserId::new).map_err(|errno| failed("query", errno))
    }

    /// The number that no other namespace has had since the machine started. Since Linux 6.18; of mount namespaces
    /// since 6.11.
    ///
    /// # Errors
    /// The kernel is older (`ENOTTY`).
    #[doc(alias = "NS_GET_ID")]
    #[doc(alias = "NS_GET_MNTNS_ID")]
    pub fn id(&self) -> Result<u64, Error> {
        match sys::id(self.0.as_fd()) {
            Err(Errno::NOTTY) => sys::mount_id(self.0.as_fd()),
            id => id,
        }
        .map_err(|errno| failed("query", errno))
    }

    /// What is known of this mount namespace. Since Linux 6.12.
    ///
    /// # Errors
    /// The kernel is older (`ENOTTY`); it is none of mounts (`EINVAL`).
    #[doc(alias = "NS_MNT_GET_INFO")]
    pub fn mounts(&self) -> Result<MountNamespace, Error> {
        let info = sys::mounts(self.0.as_fd()).map_err(|errno| failed("query", errno))?;
        Ok(MountNamespace { id: info.id, mounts: info.mounts })
    }

    /// The mount namespace made after this one that the caller may see. Since Linux 6.12.
    ///
    /// # Errors
    /// There is none ([`Reason::Absent`](linux_support_base::Reason::Absent)); the kernel is older (`ENOTTY`).
    ///
    /// # Capabilities
    /// `CAP_SYS_ADMIN`.
    #[doc(alias = "NS_MNT_GET_NEXT")]
    pub fn next_mount_namespace(&self) -> Result<Self, Error> {
        sys::neighbour(self.0.as_fd(), true).map(Self).map_err(|errno| failed("query", errno))
    }

    /// The mount namespace made before this one that the caller may see. Since Linux 6.12.
    ///
    /// # Errors
    /// As those of [`next_mount_namespace`](Self::next_mount_namespace).
    ///
    /// # Capabilities
    /// `CAP_SYS_ADMIN`.
    #[doc(alias = "NS_MNT_GET_PREV")]
    pub fn previous_mount_namespace(&self) -> Result<Self, Error> {
        sys::neighbour(self.0.as_fd(), false).map(Self).map_err(|errno| failed("query", errno))
    }

    /// The number here of the thread that has `number` in this process-number namespace. Since Linux 6.11.
    ///
    /// # Errors
    /// There is none, or it is out of sight here ([`Reason::Gone`](linux_support_base::Reason::Gone)); the kernel is
    /// older (`ENOTTY`).
    #[doc(alias = "NS_GET_PID_FROM_PIDNS")]
    pub fn thread_here(&self, number: Pid) -> Result<Pid, Error> {
        self.translate(Translation::ThreadFrom, number)
    }

    /// The number here of the process that the thread `number` in this process-number namespace belongs to. Since
    /// Linux 6.11.
    ///
    /// # Errors
    /// As those of [`thread_here`](Self::thread_here).
    #[doc(alias = "NS_GET_TGID_FROM_PIDNS")]
    pub fn process_here(&self, number: Pid) -> Result<Pid, Error> {
        self.translate(Translation::ProcessFrom, number)
    }

    /// The number in this process-number namespace of the thread that has `number` here. Since Linux 6.11.
    ///
    /// # Errors
    /// As those of [`thread_here`](Self::thread_here).
    #[doc(alias = "NS_GET_PID_IN_PIDNS")]
    pub fn thread_there(&self, number: Pid) -> Result<Pid, Error> {
        self.translate(Translation::ThreadInto, number)
    }

    /// The number in this process-number namespace of the process that the thread `number` here belongs to. Since
    /// Linux 6.11.
    ///
    /// # Errors
    /// As those of [`thread_here`](Self::thread_here).
    #[doc(alias = "NS_GET_TGID_IN_PIDNS")]
    pub fn process_there(&self, number: Pid) -> Result<Pid, Error> {
        self.translate(Translation::ProcessInto, number)
    }

    fn translate(&self, translation: Translation, number: Pid) -> Result<Pid, Error> {
        let translated = sys::translate(self.0.as_fd(), translation, number.number())
            .map_err(|errno| failed("query", errno))?;
        Pid::new(translated).ok_or_else(|| failed("query", Errno::SRCH))
    }
}

#[cold]
fn failed(operation: &'static str, errno: Errno) -> Error {
    Error::system(operation, "namespace", errno)
}
