//! Many messages in one call: recvmmsg(2), sendmmsg(2).

use std::os::fd::OwnedFd;

use libc::c_uint;
use linux_support_base::Error;
use rustix::event::PollFlags;

use super::{Exchange, Incoming, Outgoing, address, ancillary::ControlMessages, exchange::until};
use crate::{
    PidFd,
    readiness::attempt,
    sys::{
        socket::RawAddress,
        socket_batch::{Headers, Room},
        socket_message::{Adopted, Taken, control_bytes},
    },
};

/// Room for many messages that are received in one call, used again and again: nothing is allocated for a message, but
/// for descriptors that come with it.
///
/// ```
/// use std::io::IoSlice;
/// use linux_support_fd::socket::{Outgoing, ReceiveBatch, SendBatch, Socket, UdpSocket};
///
/// let here = UdpSocket::bind(&"127.0.0.1:0".parse().unwrap())?;
/// let there = UdpSocket::bind(&"127.0.0.1:0".parse().unwrap())?;
/// let address = there.local_address()?;
///
/// let texts = [[IoSlice::new(b"one")], [IoSlice::new(b"two")]];
/// let messages = texts.each_ref().map(|text| Outgoing::new(text).to(&address));
/// assert_eq!(SendBatch::new(64).try_send(&here, &messages)?, Some(2));
///
/// let mut batch = ReceiveBatch::new(64, 1500, 0);
/// assert_eq!(batch.receive(&there)?, 2);
/// let bytes: Vec<_> = batch.messages::<UdpSocket>().map(|message| message.bytes).collect();
/// assert_eq!(bytes, [b"one", b"two"]);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[doc(alias = "recvmmsg")]
pub struct ReceiveBatch {
    headers: Headers,
    bytes: Vec<u8>,
    bytes_each: usize,
    control: Vec<u64>,
    control_each: usize,
    addresses: Vec<RawAddress>,
    adopted: Vec<Adopted>,
    taken: Vec<Taken>,
    received: usize,
}

impl core::fmt::Debug for ReceiveBatch {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "ReceiveBatch ({} of {} messages)", self.received, self.addresses.len())
    }
}

/// A message of a batch.
#[derive(Debug)]
#[non_exhaustive]
pub struct BatchMessage<'a, A> {
    /// What was stored of it.
    pub bytes: &'a [u8],
    /// Its length, who sent it, and so on.
    pub about: Incoming<A>,
    /// Whether there was not enough room for what came along, or the process had no descriptor left: all descriptors
    /// that came with it were closed then.
    pub is_control_truncated: bool,
    control: &'a [u8],
    adopted: &'a mut Adopted,
}

impl<A> BatchMessage<'_, A> {
    /// What came along with it.
    #[must_use]
    pub fn control(&self) -> ControlMessages<'_> {
        ControlMessages::parse(self.control)
    }

    /// The descriptors that came with it, which are closed when the next messages come, or with the batch.
    pub fn take_descriptors(&mut self) -> Vec<OwnedFd> {
        core::mem::take(&mut self.adopted.descriptors)
    }

    /// The process that sent it, if [`PassPidFd`](crate::socket::option::PassPidFd) asked for it.
    pub fn take_pidfd(&mut self) -> Option<PidFd> {
        self.adopted.pidfd.take().map(PidFd::of_kernel)
    }
}

impl ReceiveBatch {
    /// The most messages that the kernel takes at once.
    pub const MAXIMUM: usize = 1024;

    /// Room for so many messages, up to [`MAXIMUM`](Self::MAXIMUM), each of so many bytes, and so many bytes of what
    /// comes along.
    #[must_use]
    pub fn new(messages: usize, bytes_each: usize, ancillary_each: usize) -> Self {
        let messages = messages.min(Self::MAXIMUM);
        let control_each = ancillary_each.div_ceil(8);
        let mut adopted = Vec::new();
        adopted.resize_with(messages, Adopted::default);
        Self {
            headers: Headers::with_capacity(messages),
            bytes: vec![0; messages * bytes_each],
            bytes_each,
            control: vec![0; messages * control_each],
            control_each,
            addresses: vec![RawAddress::EMPTY; messages],
            adopted,
            taken: vec![Taken::default(); messages],
            received: 0,
        }
    }

    /// Receives as many messages as are there and fit, and gives how many that were. `None` says that there is none
    /// now.
    ///
    /// # Errors
    /// As [`Exchange::try_receive_message`].
    pub fn try_receive<S: Exchange>(&mut self, socket: &S) -> Result<Option<usize>, Error> {
        self.received = 0;
        self.adopted.iter_mut().for_each(Adopted::clear);
        let Self { headers, bytes, bytes_each, control, control_each, addresses, adopted, taken, .. } = self;
        let (bytes_each, control_each) = (*bytes_each, *control_each);
        let mut room = Room { bytes, bytes_each, control, control_each, addresses, adopted, taken };
        let received = attempt(|| headers.receive(socket.as_fd(), &mut room, S::RECEIVE_FLAGS))
            .map_err(|errno| Error::system("receive from", S::NAME, errno))?;
        self.received = received.unwrap_or(0);
        Ok(received)
    }

    /// Receives as many messages as are there and fit, as soon as there is one.
    ///
    /// # Errors
    /// As [`Exchange::try_receive_message`].
    pub fn receive<S: Exchange>(&mut self, socket: &S) -> Result<usize, Error> {
        until(socket, PollFlags::IN, "receive from", || self.try_receive(socket))
    }

    /// What was last received, from a socket of this kind.
    pub fn messages<S: Exchange>(&mut self) -> impl ExactSizeIterator<Item = BatchMessage<'_, S::Address>> {
        let Self { bytes, bytes_each, control, control_each, addresses, adopted, taken, received, .. } = self;
        let (bytes, bytes_each, control, control_each) = (&*bytes, *bytes_each, &*control, *control_each);
        let each = taken.iter().zip(&*addresses).zip(adopted).take(*received).enumerate();
        each.map(move |(index, ((taken, address), adopted))| {
            let about = Incoming::new(taken.length, bytes_each, taken.flags, address);
            BatchMessage {
                bytes: &bytes[index * bytes_each..][..about.stored],
                about,
                is_control_truncated: taken.flags & libc::MSG_CTRUNC as c_uint != 0,
                control: &control_bytes(&control[index * control_each..])[..taken.control_length],
                adopted,
            }
        })
    }
}

/// What it takes to send many messages in one call, used again and again: nothing is allocated for a message.
#[doc(alias = "sendmmsg")]
pub struct SendBatch {
    headers: Headers,
    addresses: Vec<RawAddress>,
    messages: usize,
}

impl core::fmt::Debug for SendBatch {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "SendBatch (of {} messages)", self.messages)
    }
}

impl SendBatch {
    /// For so many messages at once, up to [`ReceiveBatch::MAXIMUM`].
    #[must_use]
    pub fn new(messages: usize) -> Self {
        let messages = messages.clamp(1, ReceiveBatch::MAXIMUM);
        Self { headers: Headers::with_capacity(messages), addresses: Vec::with_capacity(messages), messages }
    }

    /// Sends these messages, as far as there is room for them here and at the other end, and gives how many that were.
    /// `None` says that there is no room now.
    ///
    /// # Errors
    /// That of the first message, as [`Exchange::try_send_message`]; that of another comes when it is the first.
    pub fn try_send<S: Exchange>(
        &mut self,
        socket: &S,
        messages: &[Outgoing<'_, S::Address>],
    ) -> Result<Option<usize>, Error> {
        let messages = &messages[..messages.len().min(self.messages)];
        let Some(first) = messages.first() else { return Ok(Some(0)) };
        let flags = first.flags.bits() | libc::MSG_NOSIGNAL as c_uint;
        self.addresses.clear();
        self.addresses
            .extend(messages.iter().map(|message| message.to.map_or(RawAddress::EMPTY, address::raw)));
        let (headers, addresses) = (&mut self.headers, &self.addresses);
        attempt(|| {
            let each = messages.iter().zip(addresses).map(|(message, address)| {
                let to = Some(address.as_bytes()).filter(|to| !to.is_empty());
                (message.parts, to, message.control_bytes())
            });
            headers.send(socket.as_fd(), each, flags)
        })
        .map_err(|errno| Error::system("send to", S::NAME, errno))
    }

    /// Sends all of these messages, waiting for room.
    ///
    /// # Errors
    /// As [`try_send`](Self::try_send): those before may have been sent.
    pub fn send_all<S: Exchange>(
        &mut self,
        socket: &S,
        messages: &[Outgoing<'_, S::Address>],
    ) -> Result<(), Error> {
        let mut rest = messages;
        while !rest.is_empty() {
            let sent = until(socket, PollFlags::OUT, "send to", || self.try_send(socket, rest))?;
            rest = &rest[sent..];
        }
        Ok(())
    }

    /// How many bytes of the message of this number, of those last sent, were taken: of a stream, maybe not all.
    #[must_use]
    pub fn sent_bytes(&self, message: usize) -> usize {
        self.headers.sent_bytes(message)
    }
}
