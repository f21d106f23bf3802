//! What both ends of a pipe have in common.

use std::os::fd::{AsFd, AsRawFd, OwnedFd};

use linux_support_base::{Error, Reason};
use rustix::fs::{FileType, Mode, OFlags, fcntl_getfl, fcntl_setfl, fstat, openat};

use crate::{Descriptor, DescriptorKind, descriptor::adopt};

/// Which end an open file is to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    Reading,
    Writing,
}

impl End {
    const fn flags(self) -> OFlags {
        match self {
            Self::Reading => OFlags::RDONLY,
            Self::Writing => OFlags::WRONLY,
        }
    }

    /// Whether an open file with these flags can serve as this end.
    fn is_of(self, flags: OFlags) -> bool {
        let access = flags & OFlags::RWMODE;
        !flags.contains(OFlags::PATH) && (access == OFlags::RDWR || access == self.flags())
    }
}

/// Checks that `descriptor` is this end of a pipe.
pub(super) fn check<T: Descriptor>(end: End, descriptor: &(impl AsFd + AsRawFd)) -> Result<(), Error> {
    let kind = DescriptorKind::of(descriptor)?;
    if kind != DescriptorKind::Pipe {
        return Err(kind.is_no(T::NAME, descriptor));
    }
    let flags = fcntl_getfl(descriptor).map_err(|errno| Error::system("read flags of", T::NAME, errno))?;
    if end.is_of(flags) {
        return Ok(());
    }
    let found = match end {
        _ if flags.contains(OFlags::PATH) => "pipe open for nothing but its path",
        End::Reading => "pipe open for writing",
        End::Writing => "pipe open for reading",
    };
    let object = format!("descriptor {}", descriptor.as_raw_fd());
    let reason = Reason::OtherDescriptor { expected: T::NAME, found: found.into() };
    Err(Error::new("take", object.as_str(), reason))
}

/// Takes a descriptor that came from elsewhere.
pub(super) fn take<T: Descriptor>(end: End, descriptor: &OwnedFd) -> Result<(), Error> {
    check::<T>(end, descriptor)?;
    adopt(descriptor, T::NAME, true)
}

/// Opens the pipe behind `descriptor` again: another open file, whose flags are nobody else's.
pub(super) fn reopen<T: Descriptor>(end: End, descriptor: impl AsFd) -> Result<OwnedFd, Error> {
    let descriptor = descriptor.as_fd();
    check::<T>(end, &descriptor)?;
    open_through_proc(&descriptor, end.flags(), T::NAME)
}

/// Opens what `descriptor` is open for, by its link in `/proc`: no name is looked up.
pub(super) fn open_through_proc(
    descriptor: &impl AsRawFd,
    access: OFlags,
    name: &'static str,
) -> Result<OwnedFd, Error> {
    let path = format!("/proc/thread-self/fd/{}", descriptor.as_raw_fd());
    let flags = access | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
    rustix::io::retry_on_intr(|| openat(rustix::fs::CWD, path.as_str(), flags, Mode::empty()))
        .map_err(|errno| Error::system("open", name, errno))
}

/// The FIFO `name` in `directory`, not opened yet. A link is not followed, and nothing else than a FIFO is touched.
pub(super) fn find_fifo(directory: impl AsFd, name: &[u8]) -> Result<OwnedFd, Error> {
    let failed = |errno| Error::system("open", name, errno);
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let found = rustix::io::retry_on_intr(|| openat(directory.as_fd(), name, flags, Mode::empty()))
        .map_err(failed)?;
    let status = fstat(&found).map_err(failed)?;
    if FileType::from_raw_mode(status.st_mode) != FileType::Fifo {
        let found = DescriptorKind::of(&found)?.to_string().as_str().into();
        return Err(Error::new("open", name, Reason::OtherDescriptor { expected: "FIFO", found }));
    }
    Ok(found)
}

/// Makes the open file wait, for a child that expects it to.
pub(super) fn make_blocking(descriptor: &OwnedFd, name: &'static str) -> Result<(), Error> {
    fcntl_getfl(descriptor)
        .and_then(|flags| fcntl_setfl(descriptor, flags - OFlags::NONBLOCK))
        .map_err(|errno| Error::system("set flags of", name, errno))
}

macro_rules! pipe_end {
    ($type:ident, $name:literal, $end:expr) => {
        crate::descriptor::owns_descriptor!($type, $name);

        impl TryFrom<std::os::fd::OwnedFd> for $type {
            type Error = linux_support_base::Error;

            /// Takes a descriptor, makes it close-on-exec and non-blocking: for all that share the open file. Where
            /// others do, [`reopen`](Self::reopen) leaves theirs alone.
            ///
            /// # Errors
            /// It is no pipe, or open for the other end only, or `/proc` is not there to tell. The descriptor is
            /// closed then.
            fn try_from(descriptor: std::os::fd::OwnedFd) -> Result<Self, linux_support_base::Error> {
                crate::pipe::end::take::<Self>($end, &descriptor)?;
                Ok(Self(descriptor))
            }
        }

        impl $type {
            /// Another open file of the pipe behind `descriptor`, which stays as it is: whether it waits is a matter
            /// of its open file, and a parent or a sibling may share that one.
            ///
            /// # Errors
            /// It is no pipe, or open for the other end only; the pipe belongs to another user, so that it may be
            /// used but not opened; there is no descriptor left, or no `/proc`.
            ///
            /// # Source
            /// proc_pid_fd(5).
            pub fn reopen(descriptor: impl std::os::fd::AsFd) -> Result<Self, linux_support_base::Error> {
                crate::pipe::end::reopen::<Self>($end, descriptor).map(Self)
            }

            /// Another descriptor of the same open file, close-on-exec as well.
            ///
            /// # Errors
            /// There is no descriptor left.
            pub fn try_clone(&self) -> Result<Self, linux_support_base::Error> {
                rustix::io::fcntl_dupfd_cloexec(&self.0, 0)
                    .map(Self)
                    .map_err(|errno| linux_support_base::Error::system("duplicate", $name, errno))
            }

            /// Gives the descriptor away, waiting from now on: what a child expects of its standard streams.
            /// Clones of it wait then too.
            ///
            /// # Errors
            /// None that is known.
            pub fn into_blocking(self) -> Result<std::os::fd::OwnedFd, linux_support_base::Error> {
                crate::pipe::end::make_blocking(&self.0, $name)?;
                Ok(self.0)
            }

            /// Whether each write is a packet: see [`packet_pipe`](crate::packet_pipe).
            ///
            /// # Errors
            /// None that is known.
            pub fn is_packet_mode(&self) -> Result<bool, linux_support_base::Error> {
                rustix::fs::fcntl_getfl(&self.0)
                    .map(|flags| flags.contains(rustix::fs::OFlags::DIRECT))
                    .map_err(|errno| linux_support_base::Error::system("read flags of", $name, errno))
            }

            /// How much the pipe holds at most.
            ///
            /// # Errors
            /// None that is known.
            #[doc(alias = "F_GETPIPE_SZ")]
            pub fn capacity(&self) -> Result<linux_support_base::Bytes, linux_support_base::Error> {
                crate::pipe::capacity::capacity(&self.0)
            }

            /// Lets the pipe hold at least `capacity`, and gives what that became: the kernel rounds up to a power
            /// of two of pages.
            ///
            /// # Errors
            /// It is above `/proc/sys/fs/pipe-max-size`, or the user's pipes hold more than
            /// `/proc/sys/fs/pipe-user-pages-soft` or `-hard`: the error says which. More is queued than would fit
            /// ([`Errno::BUSY`](linux_support_base::Errno::BUSY)).
            ///
            /// # Capabilities
            /// `CAP_SYS_RESOURCE` for more than the limits.
            #[doc(alias = "F_SETPIPE_SZ")]
            pub fn set_capacity(
                &self,
                capacity: linux_support_base::Bytes,
            ) -> Result<linux_support_base::Bytes, linux_support_base::Error> {
                crate::pipe::capacity::set_capacity(&self.0, capacity)
            }

            /// How much was written and is not yet read.
            ///
            /// # Errors
            /// None that is known.
            #[doc(alias = "FIONREAD")]
            pub fn queued(&self) -> Result<linux_support_base::Bytes, linux_support_base::Error> {
                rustix::io::ioctl_fionread(&self.0)
                    .map(linux_support_base::Bytes::new)
                    .map_err(|errno| linux_support_base::Error::system("query", $name, errno))
            }
        }
    };
}

pub(super) use pipe_end;
