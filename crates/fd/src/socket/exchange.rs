//! Sending and receiving, with all that can go along.

use std::{
    io::{IoSlice, IoSliceMut},
    time::Duration,
};

use libc::c_uint;
use linux_support_base::Error;
use rustix::event::PollFlags;

use super::{
    Socket,
    address::{self, sealed::Encoded},
    ancillary::{Ancillary, ControlBuffer},
};
use crate::{
    readiness::{attempt, wait_until},
    sys::{
        socket::RawAddress,
        socket_message::{receive_message, send_message},
    },
};

bitflags::bitflags! {
    /// How to send. That a peer has gone is always an error (EPIPE) and never a signal.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct SendFlags: u32 {
        /// More follows: the kernel waits for it before it sends a packet.
        #[doc(alias = "MSG_MORE")]
        const MORE = libc::MSG_MORE as u32;
        /// Beside the stream: urgent data.
        #[doc(alias = "MSG_OOB")]
        const OUT_OF_BAND = libc::MSG_OOB as u32;
        /// The record ends here, where records can be sent in parts.
        #[doc(alias = "MSG_EOR")]
        const END_OF_RECORD = libc::MSG_EOR as u32;
        /// The neighbour has answered: it need not be asked whether it is there.
        #[doc(alias = "MSG_CONFIRM")]
        const CONFIRM = libc::MSG_CONFIRM as u32;
        /// Only to machines on the link.
        #[doc(alias = "MSG_DONTROUTE")]
        const DO_NOT_ROUTE = libc::MSG_DONTROUTE as u32;
        /// With the packet that opens the connection.
        #[doc(alias = "MSG_FASTOPEN")]
        const FAST_OPEN = libc::MSG_FASTOPEN as u32;
    }

    /// How to receive. Descriptors that come are always close-on-exec.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct ReceiveFlags: u32 {
        /// Leave what is received where it is. Descriptors that come along are duplicated each time.
        #[doc(alias = "MSG_PEEK")]
        const PEEK = libc::MSG_PEEK as u32;
        /// Beside the stream: urgent data.
        #[doc(alias = "MSG_OOB")]
        const OUT_OF_BAND = libc::MSG_OOB as u32;
        /// From the error queue.
        #[doc(alias = "MSG_ERRQUEUE")]
        const ERROR_QUEUE = libc::MSG_ERRQUEUE as u32;
    }
}

/// A message that goes out: its parts, where it goes, and what goes along.
#[derive(Debug)]
pub struct Outgoing<'a, A> {
    pub(crate) parts: &'a [IoSlice<'a>],
    pub(crate) to: Option<&'a A>,
    pub(crate) control: Option<&'a ControlBuffer<'a>>,
    pub(crate) flags: SendFlags,
}

impl<A> Clone for Outgoing<'_, A> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<A> Copy for Outgoing<'_, A> {}

impl<'a, A> Outgoing<'a, A> {
    /// These parts, to where the socket is connected.
    #[must_use]
    pub const fn new(parts: &'a [IoSlice<'a>]) -> Self {
        Self { parts, to: None, control: None, flags: SendFlags::empty() }
    }

    /// The same, to this address.
    #[must_use]
    pub const fn to(mut self, address: &'a A) -> Self {
        self.to = Some(address);
        self
    }

    /// The same, with what `control` holds.
    #[must_use]
    pub const fn with(mut self, control: &'a ControlBuffer<'a>) -> Self {
        self.control = Some(control);
        self
    }

    /// The same, in this way. In a batch, the first message says it for all.
    #[must_use]
    pub const fn flags(mut self, flags: SendFlags) -> Self {
        self.flags = flags;
        self
    }

    pub(crate) fn control_bytes(&self) -> &'a [u8] {
        self.control.map(ControlBuffer::as_bytes).unwrap_or_default()
    }
}

/// What was received.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Incoming<A> {
    /// How many bytes were stored.
    pub stored: usize,
    /// How many bytes the message had: more than were stored if the room was too small, and the rest is lost. Of a
    /// stream, as many as were stored.
    pub length: usize,
    /// Who sent it; `None` where the kernel doesn't say, as on connections.
    pub from: Option<A>,
    /// Whether a record ended.
    pub end_of_record: bool,
    /// Whether it came beside the stream.
    pub out_of_band: bool,
    /// Whether it is an entry of the error queue.
    pub of_error_queue: bool,
}

impl<A: Encoded> Incoming<A> {
    pub(crate) fn new(length: usize, room: usize, flags: c_uint, from: &RawAddress) -> Self {
        let has = |flag: i32| flags & flag as c_uint != 0;
        Self {
            stored: length.min(room),
            length,
            from: A::decode(from.as_bytes()),
            end_of_record: has(libc::MSG_EOR),
            out_of_band: has(libc::MSG_OOB),
            of_error_queue: has(libc::MSG_ERRQUEUE),
        }
    }
}

impl<A> Incoming<A> {
    /// Whether all of it was stored.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.length == self.stored
    }
}

/// A socket that sends and receives messages: all kinds but listeners.
pub trait Exchange: Socket {
    /// The flags that each receiving has: MSG_TRUNC where messages have bounds, so that the length of one that was too
    /// long is told; MSG_CMSG_CLOEXEC where descriptors come, which other families refuse.
    #[doc(hidden)]
    const RECEIVE_FLAGS: u32;

    /// Sends a message, with what goes along. `None` says that there is no room now. Of a stream, gives how many bytes
    /// were taken.
    ///
    /// # Errors
    /// The other end has gone (EPIPE, ECONNRESET, ECONNREFUSED), the message is too long (EMSGSIZE), or not permitted.
    fn try_send_message(&self, message: &Outgoing<'_, Self::Address>) -> Result<Option<usize>, Error> {
        let to = message.to.map(address::raw);
        let to = to.as_ref().map(RawAddress::as_bytes);
        let flags = message.flags.bits() | libc::MSG_NOSIGNAL as u32;
        attempt(|| send_message(self.as_fd(), message.parts, to, message.control_bytes(), flags))
            .map_err(|errno| Error::system("send to", Self::NAME, errno))
    }

    /// Sends a message as soon as there is room.
    ///
    /// # Errors
    /// As [`try_send_message`](Self::try_send_message).
    fn send_message(&self, message: &Outgoing<'_, Self::Address>) -> Result<usize, Error> {
        until(self, PollFlags::OUT, "send to", || self.try_send_message(message))
    }

    /// Receives a message, with what comes along. `None` says that there is none now.
    ///
    /// # Errors
    /// The other end has gone (ECONNRESET, ECONNREFUSED).
    fn try_receive_message(
        &self,
        parts: &mut [IoSliceMut<'_>],
        ancillary: &mut Ancillary,
    ) -> Result<Option<Incoming<Self::Address>>, Error> {
        self.try_receive_with(parts, ancillary, ReceiveFlags::empty())
    }

    /// Receives a message in this way.
    ///
    /// # Errors
    /// As [`try_receive_message`](Self::try_receive_message).
    fn try_receive_with(
        &self,
        parts: &mut [IoSliceMut<'_>],
        ancillary: &mut Ancillary,
        flags: ReceiveFlags,
    ) -> Result<Option<Incoming<Self::Address>>, Error> {
        let mut from = RawAddress::EMPTY;
        let room = parts.iter().map(|part| part.len()).sum();
        let flags = flags.bits() | Self::RECEIVE_FLAGS;
        // Nothing of the message before must be seen where there is none now.
        (ancillary.length, ancillary.truncated) = (0, false);
        let Ancillary { control, adopted, .. } = ancillary;
        let taken = attempt(|| receive_message(self.as_fd(), parts, &mut from, control, adopted, flags))
            .map_err(|errno| Error::system("receive from", Self::NAME, errno))?;
        Ok(taken.map(|taken| {
            ancillary.length = taken.control_length;
            ancillary.truncated = taken.flags & libc::MSG_CTRUNC as u32 != 0;
            Incoming::new(taken.length, room, taken.flags, &from)
        }))
    }

    /// Receives a message as soon as there is one.
    ///
    /// # Errors
    /// As [`try_receive_message`](Self::try_receive_message).
    fn receive_message(
        &self,
        parts: &mut [IoSliceMut<'_>],
        ancillary: &mut Ancillary,
    ) -> Result<Incoming<Self::Address>, Error> {
        let receive = || self.try_receive_message(parts, ancillary);
        until(self, PollFlags::IN, "receive from", receive)
    }

    /// Takes an entry out of the error queue, with the packet that it is about. `None` says that there is none.
    ///
    /// # Errors
    /// None that is known.
    fn try_receive_error(
        &self,
        parts: &mut [IoSliceMut<'_>],
        ancillary: &mut Ancillary,
    ) -> Result<Option<Incoming<Self::Address>>, Error> {
        self.try_receive_with(parts, ancillary, ReceiveFlags::ERROR_QUEUE)
    }
}

/// Does what `attempt` does as soon as it no longer says "not now"; `None` says that the time ran out.
pub(crate) fn within<T>(
    socket: &impl Socket,
    wanted: PollFlags,
    operation: &'static str,
    timeout: Option<Duration>,
    mut attempt: impl FnMut() -> Result<Option<T>, Error>,
) -> Result<Option<T>, Error> {
    let end = timeout.and_then(|timeout| std::time::Instant::now().checked_add(timeout));
    loop {
        if let Some(value) = attempt()? {
            return Ok(Some(value));
        }
        let left = end.map(|end| end.saturating_duration_since(std::time::Instant::now()));
        let ready =
            wait_until(socket, wanted, left).map_err(|errno| Error::system(operation, "socket", errno))?;
        if !ready {
            return Ok(None);
        }
    }
}

/// Does what `attempt` does as soon as it no longer says "not now".
pub(crate) fn until<T>(
    socket: &impl Socket,
    wanted: PollFlags,
    operation: &'static str,
    mut attempt: impl FnMut() -> Result<Option<T>, Error>,
) -> Result<T, Error> {
    loop {
        if let Some(value) = attempt()? {
            return Ok(value);
        }
        wait_until(socket, wanted, None).map_err(|errno| Error::system(operation, "socket", errno))?;
    }
}
