//! A terminal that is open.

use std::{
    io::{self, Read, Write},
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
    time::Duration,
};

use linux_support_base::{ByteString, Errno, Error, Reason};
use rustix::{
    event::PollFlags,
    fs::{CWD, Mode, OFlags, fstat, openat, readlink, stat},
};

use super::{OBJECT, failed};
use crate::{
    DescriptorKind,
    descriptor::{adopt, owns_descriptor},
    readiness::{attempt, wait_until, when_readable},
    sys::terminal::{Question, ask, modes},
};

/// A terminal: a serial port, a console, or the terminal's side of a [`PseudoTerminal`](super::PseudoTerminal).
///
/// # Source
/// ioctl_tty(2), termios(3).
#[derive(Debug)]
pub struct Terminal(OwnedFd);

owns_descriptor!(Terminal, "terminal");

impl Terminal {
    /// Opens the terminal at `path`, without waiting for a carrier and without making it the controlling terminal.
    ///
    /// # Errors
    /// There is none, or something else is there: it is opened to see, which some devices notice.
    pub fn open(path: impl AsRef<[u8]>) -> Result<Self, Error> {
        let path = path.as_ref();
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        rustix::io::retry_on_intr(|| openat(CWD, path, flags, Mode::empty()))
            .map_err(|errno| Error::system("open", path, errno))
            .and_then(Self::try_from)
    }

    /// Opens the controlling terminal of the process: where a password is asked for, whatever became of the
    /// standard streams.
    ///
    /// # Errors
    /// The process has none ([`Reason::Gone`]).
    #[doc(alias = "/dev/tty")]
    pub fn controlling() -> Result<Self, Error> {
        Self::open("/dev/tty")
    }

    /// The terminal behind `descriptor`, such as [`std::io::stdin`], opened again: whether a standard stream waits
    /// is a matter of its open file, which the parent shares, and stays as it is. Where it may not be opened (after
    /// a change of user) the open file is shared, and a writing may wait.
    ///
    /// # Errors
    /// It is no terminal, or there is no descriptor left.
    pub fn of(descriptor: impl AsFd) -> Result<Self, Error> {
        let descriptor = descriptor.as_fd();
        check(&descriptor)?;
        let flags = OFlags::RDWR | OFlags::NONBLOCK;
        match reopen(descriptor, flags) {
            Ok(opened) => Ok(Self(opened)),
            Err(Errno::ACCESS | Errno::PERM | Errno::NOENT | Errno::NXIO) => {
                rustix::io::fcntl_dupfd_cloexec(descriptor, 0)
                    .map(Self)
                    .map_err(|errno| failed("duplicate", errno))
            }
            Err(errno) => Err(failed("open", errno)),
        }
    }

    /// What was opened as a terminal just now.
    pub(super) fn opened(descriptor: OwnedFd) -> Self {
        Self(descriptor)
    }

    /// Another open file of this terminal, that waits: for a child.
    pub(super) fn waiting(&self) -> Result<OwnedFd, Error> {
        reopen(self.as_fd(), OFlags::RDWR).map_err(|errno| failed("open", errno))
    }

    /// Whether `descriptor` is a terminal.
    #[must_use]
    #[doc(alias = "isatty")]
    pub fn is_terminal(descriptor: impl AsFd) -> bool {
        modes(descriptor).is_ok()
    }

    /// Another descriptor of the same open file, close-on-exec as well.
    ///
    /// # Errors
    /// There is no descriptor left.
    pub fn try_clone(&self) -> Result<Self, Error> {
        rustix::io::fcntl_dupfd_cloexec(&self.0, 0).map(Self).map_err(|errno| failed("duplicate", errno))
    }

    /// Its path, such as `/dev/pts/3`; `None` if there is another device, or none, at that path: it belongs to
    /// another mount namespace.
    ///
    /// # Errors
    /// `/proc` is not mounted.
    #[doc(alias = "ttyname")]
    pub fn name(&self) -> Result<Option<ByteString>, Error> {
        let link = format!("/proc/thread-self/fd/{}", self.0.as_raw_fd());
        let path =
            readlink(&link, Vec::new()).map_err(|errno| Error::system("read", link.as_str(), errno))?;
        let own = fstat(&self.0).map_err(|errno| failed("query", errno))?;
        Ok(stat(&path)
            .is_ok_and(|there| there.st_rdev == own.st_rdev && there.st_mode == own.st_mode)
            .then(|| path.as_bytes().into()))
    }

    /// Reads what there is, up to the length of `buffer`; waits until there is something. With lines, one line at
    /// most. 0 is the end: control D was typed, or the terminal was hung up.
    ///
    /// # Errors
    /// The process is in the background and ignores SIGTTIN, or its group is orphaned
    /// ([`Errno::IO`]).
    pub fn read(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        when_readable(self, "read", OBJECT, || self.try_read(buffer))
    }

    /// As [`read`](Self::read); `None` if there is nothing now.
    ///
    /// # Errors
    /// As for [`read`](Self::read).
    pub fn try_read(&self, buffer: &mut [u8]) -> Result<Option<usize>, Error> {
        let ready = wait_until(self, PollFlags::IN, Some(Duration::ZERO));
        if !ready.map_err(|errno| failed("read", errno))? {
            return Ok(None);
        }
        attempt(|| rustix::io::read(&self.0, &mut *buffer)).map_err(|errno| failed("read", errno))
    }

    /// Writes as much of `bytes` as there is room for, and says how many; waits until there is some.
    ///
    /// # Errors
    /// The terminal was hung up ([`Reason::Gone`]).
    pub fn write(&self, bytes: &[u8]) -> Result<usize, Error> {
        loop {
            if let Some(written) = self.try_write(bytes)? {
                return Ok(written);
            }
            self.wait(PollFlags::OUT, None)?;
        }
    }

    /// As [`write`](Self::write); `None` if there is no room now.
    ///
    /// # Errors
    /// As for [`write`](Self::write).
    pub fn try_write(&self, bytes: &[u8]) -> Result<Option<usize>, Error> {
        match attempt(|| rustix::io::write(&self.0, bytes)) {
            Err(Errno::IO) if is_hung_up(self) => Err(Error::new("write", OBJECT, Reason::Gone)),
            written => written.map_err(|errno| failed("write", errno)),
        }
    }

    fn wait(&self, wanted: PollFlags, timeout: Option<Duration>) -> Result<bool, Error> {
        wait_until(self, wanted, timeout).map_err(|errno| failed("wait for", errno))
    }
}

/// Whether nobody is at the other side.
fn is_hung_up(terminal: impl AsFd) -> bool {
    let nothing = rustix::event::Timespec { tv_sec: 0, tv_nsec: 0 };
    let mut polled = [rustix::event::PollFd::new(&terminal, PollFlags::OUT)];
    rustix::event::poll(&mut polled, Some(&nothing)).is_ok() && polled[0].revents().contains(PollFlags::HUP)
}

fn reopen(descriptor: BorrowedFd<'_>, flags: OFlags) -> Result<OwnedFd, Errno> {
    let path = format!("/proc/thread-self/fd/{}", descriptor.as_raw_fd());
    let flags = flags | OFlags::NOCTTY | OFlags::CLOEXEC;
    rustix::io::retry_on_intr(|| openat(CWD, path.as_str(), flags, Mode::empty()))
}

/// Checks that it is a terminal, and not the side that controls one.
fn check(descriptor: &(impl AsFd + AsRawFd)) -> Result<(), Error> {
    if !Terminal::is_terminal(descriptor) {
        return Err(DescriptorKind::of(descriptor)?.is_no(OBJECT, descriptor));
    }
    if ask(descriptor, Question::PseudoTerminalNumber).is_ok() {
        let object = format!("descriptor {}", descriptor.as_raw_fd());
        let reason = Reason::OtherDescriptor {
            expected: OBJECT,
            found: "controlling side of a pseudo-terminal".into(),
        };
        return Err(Error::new("take", object.as_str(), reason));
    }
    Ok(())
}

impl TryFrom<OwnedFd> for Terminal {
    type Error = Error;

    /// Takes a descriptor, makes it close-on-exec and non-blocking: for all that share the open file. Where others
    /// do, [`of`](Self::of) leaves theirs alone.
    ///
    /// # Errors
    /// It is no terminal. The descriptor is closed then.
    fn try_from(descriptor: OwnedFd) -> Result<Self, Error> {
        check(&descriptor)?;
        adopt(&descriptor, OBJECT, true)?;
        Ok(Self(descriptor))
    }
}

macro_rules! reads_and_writes {
    ($type:ident) => {
        impl Read for &$type {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                Ok($type::read(self, buffer)?)
            }
        }

        impl Write for &$type {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                Ok($type::write(self, bytes)?)
            }

            /// Does nothing: [`drain`](Terminal::drain) waits until all is out.
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }

        impl Read for $type {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                Ok($type::read(self, buffer)?)
            }
        }

        impl Write for $type {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                Ok($type::write(self, bytes)?)
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }

        impl crate::SpliceSender for $type {}
        impl crate::SpliceRecipient for $type {}
        impl crate::SendFile for $type {}
    };
}

reads_and_writes!(Terminal);

pub(super) use reads_and_writes;
