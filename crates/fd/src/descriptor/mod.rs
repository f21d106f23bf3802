//! What all the types that own a descriptor have in common.

mod kind;

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

pub use kind::DescriptorKind;
pub(crate) use kind::MQUEUE_MAGIC;
use linux_support_base::Error;
use rustix::{
    fs::{OFlags, fcntl_getfl, fcntl_setfl},
    io::{FdFlags, fcntl_getfd, fcntl_setfd},
};

/// A descriptor of a certain kind, owned.
///
/// ```
/// use std::os::fd::OwnedFd;
/// use linux_support_fd::{Descriptor, DescriptorKind, EventFd};
///
/// let counter: OwnedFd = EventFd::counter(0)?.into();
/// assert_eq!(DescriptorKind::of(&counter)?, DescriptorKind::EventFd);
/// let counter = EventFd::try_from(counter)?;
/// assert!(counter.is_close_on_exec()? && counter.is_nonblocking()?);
///
/// let input = std::io::pipe().unwrap().0;
/// let error = EventFd::try_from(OwnedFd::from(input)).unwrap_err();
/// assert!(error.to_string().ends_with("is no eventfd, but pipe"));
/// # Ok::<(), linux_support_base::Error>(())
/// ```
pub trait Descriptor: AsFd + AsRawFd + Into<OwnedFd> {
    /// What it is called in errors: `eventfd`.
    const NAME: &'static str;

    /// Whether its calls say "not now" in place of waiting.
    ///
    /// # Errors
    /// None that is known.
    fn is_nonblocking(&self) -> Result<bool, Error> {
        let flags = fcntl_getfl(self).map_err(|errno| Error::system("read flags of", Self::NAME, errno))?;
        Ok(flags.contains(OFlags::NONBLOCK))
    }

    /// Whether `execve` closes it, as it does from birth.
    ///
    /// # Errors
    /// None that is known.
    fn is_close_on_exec(&self) -> Result<bool, Error> {
        let flags = fcntl_getfd(self).map_err(|errno| Error::system("read flags of", Self::NAME, errno))?;
        Ok(flags.contains(FdFlags::CLOEXEC))
    }

    /// Says whether `execve` closes it. Only a child that is to inherit it should have it open, so this belongs
    /// between `fork` and `execve`: another thread may start a program at any time.
    ///
    /// # Errors
    /// None that is known.
    fn set_close_on_exec(&self, close: bool) -> Result<(), Error> {
        let flags = if close { FdFlags::CLOEXEC } else { FdFlags::empty() };
        fcntl_setfd(self, flags).map_err(|errno| Error::system("set flags of", Self::NAME, errno))
    }
}

/// Makes a descriptor from elsewhere as ours are from birth, if it is more than a place: of a directory that is enough.
pub(crate) fn adopt(descriptor: &OwnedFd, name: &'static str, nonblocking: bool) -> Result<(), Error> {
    let flags = fcntl_getfl(descriptor).map_err(|errno| Error::system("read flags of", name, errno))?;
    if flags.contains(OFlags::PATH) {
        let kind = DescriptorKind::of(descriptor)?;
        if kind != DescriptorKind::Directory {
            return Err(kind.is_but_a_place(name, descriptor));
        }
    }
    adopt_place(descriptor, name)?;
    if nonblocking && !flags.contains(OFlags::NONBLOCK) {
        fcntl_setfl(descriptor, flags | OFlags::NONBLOCK)
            .map_err(|errno| Error::system("set flags of", name, errno))?;
    }
    Ok(())
}

/// Makes a descriptor close-on-exec, which may be open for nothing but its path.
pub(crate) fn adopt_place(descriptor: &OwnedFd, name: &'static str) -> Result<(), Error> {
    fcntl_getfd(descriptor)
        .and_then(|flags| fcntl_setfd(descriptor, flags | FdFlags::CLOEXEC))
        .map_err(|errno| Error::system("set flags of", name, errno))
}

/// The descriptor of a newtype, lent and given away.
macro_rules! owns_descriptor {
    ($type:ident, $name:literal) => {
        $crate::descriptor::owns_descriptor!($type, $name, 0);
    };
    ($type:ident, $name:literal, $field:tt) => {
        impl $crate::Descriptor for $type {
            const NAME: &'static str = $name;
        }

        impl std::os::fd::AsFd for $type {
            fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                self.$field.as_fd()
            }
        }

        impl std::os::fd::AsRawFd for $type {
            fn as_raw_fd(&self) -> std::os::fd::RawFd {
                std::os::fd::AsRawFd::as_raw_fd(&self.$field)
            }
        }

        impl From<$type> for std::os::fd::OwnedFd {
            fn from(descriptor: $type) -> Self {
                descriptor.$field
            }
        }
    };
}

/// A newtype over an `OwnedFd` of the kind of the pattern: lent, given away, taken if it is one, and duplicated.
macro_rules! descriptor {
    ($type:ident, $name:literal, $kind:pat, nonblocking: $nonblocking:literal) => {
        $crate::descriptor::owns_descriptor!($type, $name);

        impl TryFrom<std::os::fd::OwnedFd> for $type {
            type Error = linux_support_base::Error;

            /// Takes a descriptor, makes it close-on-exec and, where this kind is so from birth, non-blocking: for
            /// all that share the open file.
            ///
            /// # Errors
            /// It is of another kind, or open for nothing but its path where that isn't enough; or `/proc` is not there
            /// to tell. The descriptor is closed then.
            fn try_from(descriptor: std::os::fd::OwnedFd) -> Result<Self, linux_support_base::Error> {
                let kind = $crate::DescriptorKind::of(&descriptor)?;
                if !matches!(kind, $kind) {
                    return Err(kind.is_no($name, &descriptor));
                }
                $crate::descriptor::adopt(&descriptor, $name, $nonblocking)?;
                Ok(Self(descriptor))
            }
        }

        impl $type {
            /// Another descriptor of the same open file, close-on-exec as well.
            ///
            /// # Errors
            /// There is no descriptor left.
            pub fn try_clone(&self) -> Result<Self, linux_support_base::Error> {
                rustix::io::fcntl_dupfd_cloexec(&self.0, 0)
                    .map(Self)
                    .map_err(|errno| linux_support_base::Error::system("duplicate", $name, errno))
            }
        }
    };
}

pub(crate) use {descriptor, owns_descriptor};
