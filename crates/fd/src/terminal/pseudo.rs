//! Terminals without hardware: pty(7).

use std::{
    io::{self, Read, Write},
    os::fd::{AsFd, AsRawFd, OwnedFd},
    time::Duration,
};

use linux_support_base::{ByteString, Errno, Error, Reason, Signal};
use rustix::{
    event::PollFlags,
    fs::{CWD, Mode, OFlags, openat},
};

use super::{Terminal, TerminalPacket, stream::reads_and_writes};
use crate::{
    DescriptorKind,
    descriptor::{adopt, owns_descriptor},
    readiness::{attempt, wait_until, when_readable},
    sys::terminal::{Order, Question, Setting, ask, order, peer, set},
};

/// The controlling side of a pseudo-terminal: what is written here is typed there, and what a program shows there is
/// read here. [`peer`](Self::peer) is the other side.
///
/// Dropping it hangs the terminal up: those who have it open get SIGHUP, if it is their controlling terminal, and
/// read the end.
///
/// # Source
/// pty(7), ioctl_tty(2).
#[derive(Debug)]
#[doc(alias = "openpty")]
#[doc(alias = "posix_openpt")]
pub struct PseudoTerminal(OwnedFd);

owns_descriptor!(PseudoTerminal, "pseudo-terminal");
reads_and_writes!(PseudoTerminal);

const OBJECT: &str = "pseudo-terminal";

#[cold]
fn failed(operation: &'static str, errno: Errno) -> Error {
    Error::system(operation, OBJECT, errno)
}

impl PseudoTerminal {
    /// Makes a pseudo-terminal, unlocked.
    ///
    /// # Errors
    /// `/dev/ptmx` is absent; there is no descriptor left, or no pseudo-terminal by
    /// `/proc/sys/kernel/pty/max` ([`Errno::NOSPC`]).
    #[doc(alias = "unlockpt")]
    #[doc(alias = "TIOCSPTLCK")]
    pub fn open() -> Result<Self, Error> {
        let path = "/dev/ptmx";
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let opened = rustix::io::retry_on_intr(|| openat(CWD, path, flags, Mode::empty()))
            .map_err(|errno| Error::system("open", path, errno))?;
        set(&opened, Setting::Lock, 0).map_err(|errno| failed("unlock", errno))?;
        Ok(Self(opened))
    }

    /// The terminal's side, found by the descriptor and by no path: it is the right one in any mount namespace.
    ///
    /// # Errors
    /// There is no descriptor left.
    #[doc(alias = "TIOCGPTPEER")]
    pub fn peer(&self) -> Result<Terminal, Error> {
        let flags = OFlags::RDWR | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
        peer(self, flags).map(Terminal::opened).map_err(|errno| failed("open the other side of", errno))
    }

    /// The number of the terminal's side.
    ///
    /// # Errors
    /// None that is known.
    #[doc(alias = "TIOCGPTN")]
    pub fn number(&self) -> Result<u32, Error> {
        ask(self, Question::PseudoTerminalNumber)
            .map(i32::cast_unsigned)
            .map_err(|errno| failed("query", errno))
    }

    /// The path of the terminal's side where devpts is at its usual place: `/dev/pts/3`. A container has its own;
    /// [`peer`](Self::peer) needs none.
    ///
    /// # Errors
    /// None that is known.
    #[doc(alias = "ptsname")]
    pub fn name(&self) -> Result<ByteString, Error> {
        Ok(format!("/dev/pts/{}", self.number()?).as_str().into())
    }

    /// Another descriptor of the same open file, close-on-exec as well.
    ///
    /// # Errors
    /// There is no descriptor left.
    pub fn try_clone(&self) -> Result<Self, Error> {
        rustix::io::fcntl_dupfd_cloexec(&self.0, 0).map(Self).map_err(|errno| failed("duplicate", errno))
    }

    /// Reads what was written to the terminal, up to the length of `buffer`; waits until there is something. 0 says
    /// that nobody has the terminal open any more.
    ///
    /// # Errors
    /// None that is known.
    pub fn read(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        when_readable(self, "read", OBJECT, || self.try_read(buffer))
    }

    /// As [`read`](Self::read); `None` if there is nothing now.
    ///
    /// # Errors
    /// None that is known.
    pub fn try_read(&self, buffer: &mut [u8]) -> Result<Option<usize>, Error> {
        match attempt(|| rustix::io::read(&self.0, &mut *buffer)) {
            // Linux says so where all have closed the other side.
            Err(Errno::IO) => Ok(Some(0)),
            read => read.map_err(|errno| failed("read", errno)),
        }
    }

    /// Types as many of `bytes` as there is room for, and says how many; waits until there is some.
    ///
    /// # Errors
    /// None that is known: what is typed where nobody reads waits for who opens the terminal next.
    pub fn write(&self, bytes: &[u8]) -> Result<usize, Error> {
        loop {
            if let Some(written) = self.try_write(bytes)? {
                return Ok(written);
            }
            self.wait(PollFlags::OUT)?;
        }
    }

    /// As [`write`](Self::write); `None` if there is no room now.
    ///
    /// # Errors
    /// As for [`write`](Self::write).
    pub fn try_write(&self, bytes: &[u8]) -> Result<Option<usize>, Error> {
        attempt(|| rustix::io::write(&self.0, bytes)).map_err(|errno| failed("write", errno))
    }

    /// Whether readings are packets: see [`read_packet`](Self::read_packet).
    ///
    /// # Errors
    /// None that is known.
    #[doc(alias = "TIOCGPKT")]
    pub fn is_packet_mode(&self) -> Result<bool, Error> {
        ask(self, Question::PacketMode).map(|mode| mode != 0).map_err(|errno| failed("query", errno))
    }

    /// Says whether readings are packets, which tell what happens to the terminal, too.
    ///
    /// # Errors
    /// None that is known.
    #[doc(alias = "TIOCPKT")]
    pub fn set_packet_mode(&self, packets: bool) -> Result<(), Error> {
        set(self, Setting::PacketMode, packets.into())
            .map_err(|errno| failed("set the packet mode of", errno))
    }

    /// Reads a packet, in packet mode; waits for one. `None` says that nobody has the terminal open any more.
    ///
    /// ```
    /// use linux_support_fd::{TerminalPacket, PacketStatus, PseudoTerminal, TerminalBuffers};
    ///
    /// let controller = PseudoTerminal::open()?;
    /// controller.set_packet_mode(true)?;
    /// let terminal = controller.peer()?;
    /// terminal.write(b"shown")?;
    /// let mut buffer = [0; 64];
    /// assert_eq!(controller.read_packet(&mut buffer)?, Some(TerminalPacket::Data(b"shown")));
    /// terminal.discard(TerminalBuffers::Input)?;
    /// let discarded = TerminalPacket::Status(PacketStatus::INPUT_DISCARDED);
    /// assert_eq!(controller.read_packet(&mut buffer)?, Some(discarded));
    /// # Ok::<(), linux_support_base::Error>(())
    /// ```
    ///
    /// # Errors
    /// The packet mode is off; `buffer` has no room for a packet, which begins with a byte of its own.
    pub fn read_packet<'b>(&self, buffer: &'b mut [u8]) -> Result<Option<TerminalPacket<'b>>, Error> {
        loop {
            match self.take_packet(buffer)? {
                Some(length) => return Ok(TerminalPacket::decode(&buffer[..length])),
                None => self.wait(PollFlags::IN)?,
            }
        }
    }

    /// As [`read_packet`](Self::read_packet); `None` if there is none now, `Some(None)` if nobody has the terminal
    /// open any more.
    ///
    /// # Errors
    /// As for [`read_packet`](Self::read_packet).
    pub fn try_read_packet<'b>(
        &self,
        buffer: &'b mut [u8],
    ) -> Result<Option<Option<TerminalPacket<'b>>>, Error> {
        Ok(self.take_packet(buffer)?.map(|length| TerminalPacket::decode(&buffer[..length])))
    }

    fn take_packet(&self, buffer: &mut [u8]) -> Result<Option<usize>, Error> {
        if buffer.len() < 2 {
            return Err(Error::invalid("read a packet from", OBJECT, "takes a buffer of at least 2 bytes"));
        }
        if !self.is_packet_mode()? {
            return Err(Error::invalid("read a packet from", OBJECT, "the packet mode is off"));
        }
        self.try_read(buffer)
    }

    /// Sends SIGINT, SIGQUIT or SIGTSTP to the foreground process group of the terminal, as their characters would.
    ///
    /// # Errors
    /// It is another signal.
    #[doc(alias = "TIOCSIG")]
    pub fn signal_foreground(&self, signal: Signal) -> Result<(), Error> {
        order(self, Order::Signal, signal.number().into()).map_err(|errno| match errno {
            Errno::INVAL => Error::invalid("signal", OBJECT, "takes SIGINT, SIGQUIT and SIGTSTP"),
            errno => failed("signal", errno),
        })
    }

    fn wait(&self, wanted: PollFlags) -> Result<(), Error> {
        let no_end: Option<Duration> = None;
        wait_until(self, wanted, no_end).map(drop).map_err(|errno| failed("wait for", errno))
    }
}

impl TryFrom<OwnedFd> for PseudoTerminal {
    type Error = Error;

    /// Takes a descriptor, makes it close-on-exec and non-blocking: for all that share the open file.
    ///
    /// # Errors
    /// It is not the controlling side of a pseudo-terminal. The descriptor is closed then.
    fn try_from(descriptor: OwnedFd) -> Result<Self, Error> {
        if ask(&descriptor, Question::PseudoTerminalNumber).is_err() {
            if Terminal::is_terminal(&descriptor) {
                let object = format!("descriptor {}", descriptor.as_raw_fd());
                let reason = Reason::OtherDescriptor { expected: OBJECT, found: "terminal".into() };
                return Err(Error::new("take", object.as_str(), reason));
            }
            return Err(DescriptorKind::of(descriptor.as_fd())?.is_no(OBJECT, &descriptor));
        }
        adopt(&descriptor, OBJECT, true)?;
        Ok(Self(descriptor))
    }
}
