//! A queue that is open.

use core::{fmt, marker::PhantomData};
use std::{
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd},
    sync::{Arc, atomic::AtomicU64},
    time::{Duration, Instant},
};

use linux_support_base::{Bytes, Errno, Error, Reason};
use rustix::{event::PollFlags, fs::fcntl_getfl};

use super::{
    MessagePriority, MessageQueueName, MessageQueueOptions, QueueAccess, QueueMessage, ReceivesMessages,
    Receiving, Sending, SendsMessages, access,
};
use crate::{
    Descriptor, DescriptorKind,
    descriptor::adopt,
    readiness::{attempt, wait_until},
    sys::message_queue as sys,
};

/// A message queue that is open for `Access`: [`MessageSender`], [`MessageReceiver`], or by its own name both.
///
/// # Kernel
/// `CONFIG_POSIX_MQUEUE`. Names are those of the process's IPC namespace.
///
/// # Source
/// mq_overview(7).
pub struct MessageQueue<Access: QueueAccess = super::SendingAndReceiving> {
    descriptor: OwnedFd,
    /// The longest messages, which stay the same as long as the queue exists.
    message_size: usize,
    /// Counts registrations for notifications, over all clones.
    pub(super) registrations: Arc<AtomicU64>,
    unlink: Option<Unlink>,
    access: PhantomData<fn() -> Access>,
}

/// A queue that is open for sending.
pub type MessageSender = MessageQueue<Sending>;

/// A queue that is open for receiving.
pub type MessageReceiver = MessageQueue<Receiving>;

/// What a queue is like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MessageQueueAttributes {
    /// How many messages it can hold.
    #[doc(alias = "mq_maxmsg")]
    pub capacity: u64,
    /// How long a message can be.
    #[doc(alias = "mq_msgsize")]
    pub message_size: Bytes,
    /// How many messages are in it now.
    #[doc(alias = "mq_curmsgs")]
    pub queued: u64,
}

/// Takes a name away.
#[derive(Debug)]
struct Unlink(MessageQueueName);

impl Drop for Unlink {
    fn drop(&mut self) {
        // Somebody else may have done it.
        let _ = self.0.unlink();
    }
}

impl<A: QueueAccess> MessageQueue<A> {
    /// Opens the queue called `name`, which exists. To make one, and for the errors, see [`MessageQueueOptions`].
    ///
    /// # Errors
    /// Those of [`MessageQueueOptions::open`].
    pub fn open(name: &MessageQueueName) -> Result<Self, Error> {
        MessageQueueOptions::new().open(name)
    }

    pub(super) fn opened(descriptor: OwnedFd, unlink: Option<MessageQueueName>) -> Result<Self, Error> {
        let attributes = sys::attributes(&descriptor).map_err(|errno| failed("query", errno))?;
        Ok(Self {
            descriptor,
            message_size: usize::try_from(attributes.message_size).unwrap_or(0),
            registrations: Arc::default(),
            unlink: unlink.map(Unlink),
            access: PhantomData,
        })
    }

    /// What the queue is like now.
    ///
    /// # Errors
    /// None that is known.
    #[doc(alias = "mq_getattr")]
    #[doc(alias = "mq_getsetattr")]
    pub fn attributes(&self) -> Result<MessageQueueAttributes, Error> {
        let attributes = sys::attributes(self).map_err(|errno| failed("query", errno))?;
        let number = |number| u64::try_from(number).unwrap_or(0);
        Ok(MessageQueueAttributes {
            capacity: number(attributes.capacity),
            message_size: Bytes::new(number(attributes.message_size)),
            queued: number(attributes.queued),
        })
    }

    /// How long a message can be.
    #[must_use]
    pub fn message_size(&self) -> Bytes {
        Bytes::new(self.message_size as u64)
    }

    /// Another descriptor of the same open queue, close-on-exec as well. It leaves the name alone.
    ///
    /// # Errors
    /// There is no descriptor left.
    pub fn try_clone(&self) -> Result<Self, Error> {
        Ok(Self {
            descriptor: rustix::io::fcntl_dupfd_cloexec(&self.descriptor, 0)
                .map_err(|errno| failed("duplicate", errno))?,
            message_size: self.message_size,
            registrations: Arc::clone(&self.registrations),
            unlink: None,
            access: PhantomData,
        })
    }
}

impl<A: SendsMessages> MessageQueue<A> {
    /// Sends `message`; waits for room.
    ///
    /// # Errors
    /// It is longer than [`message_size`](Self::message_size).
    #[doc(alias = "mq_send")]
    pub fn send(&self, message: &[u8], priority: MessagePriority) -> Result<(), Error> {
        self.sent(message, priority, None).map(drop)
    }

    /// Sends `message`; waits for room as long as `timeout`, and says whether it was sent.
    ///
    /// # Errors
    /// It is longer than [`message_size`](Self::message_size).
    #[doc(alias = "mq_timedsend")]
    pub fn send_within(
        &self,
        message: &[u8],
        priority: MessagePriority,
        timeout: Duration,
    ) -> Result<bool, Error> {
        self.sent(message, priority, Some(timeout))
    }

    fn sent(
        &self,
        message: &[u8],
        priority: MessagePriority,
        timeout: Option<Duration>,
    ) -> Result<bool, Error> {
        let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        while !self.try_send(message, priority)? {
            if !self.wait(PollFlags::OUT, end)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Sends `message` if there is room, and says whether there was.
    ///
    /// # Errors
    /// It is longer than [`message_size`](Self::message_size).
    pub fn try_send(&self, message: &[u8], priority: MessagePriority) -> Result<bool, Error> {
        match attempt(|| sys::send(self, message, priority.get())) {
            Ok(sent) => Ok(sent.is_some()),
            Err(Errno::MSGSIZE) => Err(Error::invalid(
                "send to",
                OBJECT,
                format!("{} bytes are more than the {} of a message", message.len(), self.message_size),
            )),
            Err(errno) => Err(failed("send to", errno)),
        }
    }
}

impl<A: ReceivesMessages> MessageQueue<A> {
    /// A buffer for messages, of the length that [`receive`](Self::receive) needs.
    #[must_use]
    pub fn buffer(&self) -> Vec<u8> {
        vec![0; self.message_size]
    }

    /// Receives the oldest of the messages of the highest priority; waits for one.
    ///
    /// # Errors
    /// `buffer` is shorter than [`message_size`](Self::message_size).
    #[doc(alias = "mq_receive")]
    pub fn receive<'b>(&self, buffer: &'b mut [u8]) -> Result<QueueMessage<'b>, Error> {
        // Without a time-out there is a message.
        self.received(buffer, None)?.ok_or_else(|| failed("receive from", Errno::AGAIN))
    }

    /// As [`receive`](Self::receive); `None` if none came within `timeout`.
    ///
    /// # Errors
    /// `buffer` is shorter than [`message_size`](Self::message_size).
    #[doc(alias = "mq_timedreceive")]
    pub fn receive_within<'b>(
        &self,
        buffer: &'b mut [u8],
        timeout: Duration,
    ) -> Result<Option<QueueMessage<'b>>, Error> {
        self.received(buffer, Some(timeout))
    }

    fn received<'b>(
        &self,
        buffer: &'b mut [u8],
        timeout: Option<Duration>,
    ) -> Result<Option<QueueMessage<'b>>, Error> {
        let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            if let Some((length, priority)) = self.take(buffer)? {
                return Ok(Some(QueueMessage { bytes: &buffer[..length], priority }));
            }
            if !self.wait(PollFlags::IN, end)? {
                return Ok(None);
            }
        }
    }

    /// As [`receive`](Self::receive); `None` if there is none now.
    ///
    /// # Errors
    /// `buffer` is shorter than [`message_size`](Self::message_size).
    pub fn try_receive<'b>(&self, buffer: &'b mut [u8]) -> Result<Option<QueueMessage<'b>>, Error> {
        Ok(self.take(buffer)?.map(|(length, priority)| QueueMessage { bytes: &buffer[..length], priority }))
    }

    fn take(&self, buffer: &mut [u8]) -> Result<Option<(usize, MessagePriority)>, Error> {
        match attempt(|| sys::receive(self, buffer)) {
            Ok(received) => Ok(received
                .map(|(length, priority)| (length.min(buffer.len()), MessagePriority::of_kernel(priority)))),
            Err(Errno::MSGSIZE) => Err(Error::invalid(
                "receive from",
                OBJECT,
                format!("a buffer of {} bytes is shorter than the {} of a message", buffer.len(), {
                    self.message_size
                }),
            )),
            Err(errno) => Err(failed("receive from", errno)),
        }
    }
}

impl<A: QueueAccess> MessageQueue<A> {
    /// Waits until `end`, and says whether it is ready.
    fn wait(&self, wanted: PollFlags, end: Option<Instant>) -> Result<bool, Error> {
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        wait_until(self, wanted, left).map_err(|errno| failed("wait for", errno))
    }
}

const OBJECT: &str = "message queue";

#[cold]
pub(super) fn failed(operation: &'static str, errno: Errno) -> Error {
    Error::system(operation, OBJECT, errno)
}

impl<A: QueueAccess> TryFrom<OwnedFd> for MessageQueue<A> {
    type Error = Error;

    /// Takes a descriptor, makes it close-on-exec and non-blocking: for all that share the open queue.
    ///
    /// # Errors
    /// It is no message queue, or open for something else, or `/proc` is not there to tell. The descriptor is
    /// closed then.
    fn try_from(descriptor: OwnedFd) -> Result<Self, Error> {
        let kind = DescriptorKind::of(&descriptor)?;
        if kind != DescriptorKind::MessageQueue {
            return Err(kind.is_no(A::NAME, &descriptor));
        }
        let flags = fcntl_getfl(&descriptor).map_err(|errno| failed("read flags of", errno))?;
        if !access::allows::<A>(flags) {
            let found = access::name_of(flags).unwrap_or("message queue open for nothing but its path");
            let object = format!("descriptor {}", descriptor.as_raw_fd());
            let reason = Reason::OtherDescriptor { expected: A::NAME, found: found.into() };
            return Err(Error::new("take", object.as_str(), reason));
        }
        adopt(&descriptor, OBJECT, true)?;
        Self::opened(descriptor, None)
    }
}

impl<A: QueueAccess> Descriptor for MessageQueue<A> {
    const NAME: &'static str = A::NAME;
}

impl<A: QueueAccess> AsFd for MessageQueue<A> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl<A: QueueAccess> AsRawFd for MessageQueue<A> {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.as_raw_fd()
    }
}

impl<A: QueueAccess> From<MessageQueue<A>> for OwnedFd {
    /// Gives the descriptor away. A name that was to be unlinked is, now.
    fn from(queue: MessageQueue<A>) -> Self {
        queue.descriptor
    }
}

impl<A: QueueAccess> fmt::Debug for MessageQueue<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MessageQueue")
            .field("access", &A::NAME)
            .field("descriptor", &self.descriptor)
            .field("unlink", &self.unlink)
            .finish_non_exhaustive()
    }
}
