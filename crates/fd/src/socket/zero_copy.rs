//! Sending without a copy: the kernel's Documentation/networking/msg_zerocopy.rst.

use std::{
    collections::VecDeque,
    io::IoSlice,
    sync::Arc,
    time::{Duration, Instant},
};

use linux_support_base::{Errno, Error};
use rustix::event::PollFlags;

use super::{
    Exchange, Socket, Stream, StreamFamily,
    ancillary::{Ancillary, ControlMessage},
    option::{Takes, ZeroCopyAllowed, level},
};
use crate::{
    readiness::{attempt, wait_until},
    sys::socket_message::send_message,
};

/// Bytes that stay where they are while their owner moves: what can be sent without a copy.
pub trait ZeroCopyBuffer: sealed::Stays + 'static {
    /// The bytes.
    fn bytes(&self) -> &[u8];
}

mod sealed {
    pub trait Stays {}
}

macro_rules! stays {
    ($($type:ty),*) => {$(
        impl sealed::Stays for $type {}
        impl ZeroCopyBuffer for $type {
            fn bytes(&self) -> &[u8] {
                self
            }
        }
    )*};
}

stays!(Vec<u8>, Box<[u8]>, Arc<[u8]>, Arc<Vec<u8>>, &'static [u8]);

/// A buffer that the kernel no longer uses.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Completion<B> {
    /// The buffer.
    pub buffer: B,
    /// Whether the kernel copied the bytes all the same, as it does to this machine itself: then it costs more than to
    /// send as usual. The lab has no second machine to send to: that nothing was copied is decoded as the kernel
    /// documents it, and was never seen there.
    pub copied: bool,
}

/// A stream that is sent to without a copy: the kernel reads the bytes out of the caller's memory, at its own time.
///
/// So each buffer is given away, and comes back with its [`Completion`]. What has not come back when this is dropped is
/// never freed: the kernel may still send it, and other data must not be in its place.
///
/// ```
/// use std::time::Duration;
/// use linux_support_fd::socket::{Socket, TcpListener, TcpStream, ZeroCopy};
///
/// let listener = TcpListener::bind(&"127.0.0.1:0".parse().unwrap())?;
/// let here = TcpStream::connect(&listener.local_address()?)?;
/// let (there, _) = listener.accept()?;
///
/// let mut sender = ZeroCopy::new(here)?;
/// sender.push(vec![7; 20_000]);
/// sender.try_send()?;
/// let mut bytes = vec![0; 20_000];
/// there.receive_all(&mut bytes)?;
///
/// let completion = sender.wait(Some(Duration::from_secs(10)))?.unwrap();
/// assert_eq!(completion.buffer, bytes);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Kernel
/// TCP since 4.14, vsock since 6.7.
#[derive(Debug)]
#[doc(alias = "MSG_ZEROCOPY")]
pub struct ZeroCopy<S: Exchange, B: ZeroCopyBuffer> {
    socket: S,
    queue: Queue<B>,
    ancillary: Ancillary,
}

/// What is to be sent and what was sent, in order.
#[derive(Debug)]
struct Queue<B> {
    waiting: VecDeque<B>,
    /// How much of the first that waits was sent, and by which calls.
    sent: usize,
    calls: Calls,
    under_way: VecDeque<(B, Calls)>,
    /// The number that the kernel gives the next call.
    next: u32,
}

/// Calls that a buffer was sent by: numbers that follow each other, and how many of them are not completed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Calls {
    first: u32,
    count: u32,
    open: u32,
    copied: bool,
}

impl Calls {
    /// Completes those of the calls from `first` to `last` that are of these.
    fn complete(&mut self, first: u32, last: u32, copied: bool) {
        // The numbers wrap around: all is counted from the first of these calls.
        let length = last.wrapping_sub(first).saturating_add(1);
        let offset = first.wrapping_sub(self.first);
        let common = if offset < self.count {
            length.min(self.count - offset)
        } else {
            // The range begins before, perhaps.
            let before = self.first.wrapping_sub(first);
            if before < length { (length - before).min(self.count) } else { 0 }
        };
        self.open = self.open.saturating_sub(common);
        self.copied |= copied && common > 0;
    }
}

impl<B> Queue<B> {
    fn new() -> Self {
        Self {
            waiting: VecDeque::new(),
            sent: 0,
            calls: Calls::default(),
            under_way: VecDeque::new(),
            next: 0,
        }
    }

    /// Notes that a call took so many bytes of the first that waits, which has this length.
    fn took(&mut self, bytes: usize, length: usize) {
        if self.calls.count == 0 {
            self.calls.first = self.next;
        }
        self.calls.count += 1;
        self.calls.open += 1;
        self.next = self.next.wrapping_add(1);
        self.sent += bytes;
        if self.sent >= length {
            self.sent = 0;
            let calls = core::mem::take(&mut self.calls);
            self.under_way.extend(self.waiting.pop_front().map(|buffer| (buffer, calls)));
        }
    }

    /// Completes the calls of these numbers.
    fn complete(&mut self, first: u32, last: u32, copied: bool) {
        self.calls.complete(first, last, copied);
        for (_, calls) in &mut self.under_way {
            calls.complete(first, last, copied);
        }
    }

    /// Takes a buffer of which all calls are completed.
    fn completed(&mut self) -> Option<Completion<B>> {
        let index = self.under_way.iter().position(|(_, calls)| calls.open == 0)?;
        let (buffer, calls) = self.under_way.remove(index)?;
        Some(Completion { buffer, copied: calls.copied })
    }
}

impl<F: StreamFamily, B: ZeroCopyBuffer> ZeroCopy<Stream<F>, B>
where
    Stream<F>: Takes<level::General>,
{
    /// Sends to this stream without a copy from now on.
    ///
    /// # Errors
    /// The socket can't do so (EOPNOTSUPP): that of a Unix stream can't.
    pub fn new(stream: Stream<F>) -> Result<Self, Error> {
        stream.set_option(ZeroCopyAllowed(true))?;
        // Of an entry of the error queue: its header, the entry, and an address.
        let ancillary = Ancillary::with_capacity(128);
        Ok(Self { socket: stream, queue: Queue::new(), ancillary })
    }
}

impl<S: Exchange, B: ZeroCopyBuffer> ZeroCopy<S, B> {
    /// The stream.
    pub fn socket(&self) -> &S {
        &self.socket
    }

    /// Gives away a buffer that is to be sent after all those before it. One of no bytes is done at once.
    pub fn push(&mut self, buffer: B) {
        self.queue.waiting.push_back(buffer);
    }

    /// How many buffers are not yet back: those that wait to be sent, and those that the kernel uses.
    #[must_use]
    pub fn pending(&self) -> usize {
        self.queue.waiting.len() + self.queue.under_way.len()
    }

    /// Sends what waits, as far as there is room; says whether all of it was taken.
    ///
    /// # Errors
    /// The other end has gone (EPIPE, ECONNRESET).
    pub fn try_send(&mut self) -> Result<bool, Error> {
        let flags = (libc::MSG_ZEROCOPY | libc::MSG_NOSIGNAL) as u32;
        while let Some(buffer) = self.queue.waiting.front() {
            let bytes = buffer.bytes();
            if bytes.is_empty() {
                let empty = self.queue.waiting.pop_front();
                self.queue.under_way.extend(empty.map(|buffer| (buffer, Calls::default())));
                continue;
            }
            let parts = [IoSlice::new(&bytes[self.queue.sent..])];
            let length = bytes.len();
            match attempt(|| send_message(self.socket.as_fd(), &parts, None, &[], flags)) {
                Ok(Some(sent)) => self.queue.took(sent, length),
                Ok(None) => return Ok(false),
                // There is no memory to note what is under way: it comes with completions, or there is none at all.
                Err(Errno::NOBUFS) => {
                    let open = self.queue.calls.open > 0 || !self.queue.under_way.is_empty();
                    return if open { Ok(false) } else { Err(self.failed(Errno::NOBUFS)) };
                }
                Err(errno) => return Err(self.failed(errno)),
            }
        }
        Ok(true)
    }

    #[cold]
    fn failed(&self, errno: Errno) -> Error {
        Error::system("send to", S::NAME, errno)
    }

    /// Takes a buffer that the kernel no longer uses, in any order. `None` says that there is none now.
    ///
    /// A runtime finds them by the error condition (EPOLLERR), of which every registration is told.
    ///
    /// # Errors
    /// The connection was broken; buffers come back all the same.
    pub fn try_completion(&mut self) -> Result<Option<Completion<B>>, Error> {
        loop {
            if let Some(completion) = self.queue.completed() {
                return Ok(Some(completion));
            }
            if self.socket.try_receive_error(&mut [], &mut self.ancillary)?.is_none() {
                return Ok(None);
            }
            for message in self.ancillary.messages() {
                let ControlMessage::Error(error) = message else { continue };
                if let Some((first, last, copied)) = error.zero_copy() {
                    self.queue.complete(first, last, copied);
                }
            }
        }
    }

    /// Sends what waits, and takes a buffer that the kernel no longer uses as soon as there is one. `None` says that
    /// the time ran out, or that no buffer is left to wait for.
    ///
    /// # Errors
    /// As [`try_send`](Self::try_send).
    pub fn wait(&mut self, timeout: Option<Duration>) -> Result<Option<Completion<B>>, Error> {
        let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        loop {
            let all = self.try_send()?;
            if let Some(completion) = self.try_completion()? {
                return Ok(Some(completion));
            }
            if self.pending() == 0 {
                return Ok(None);
            }
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            // Errors are always waited for.
            let wanted = if all { PollFlags::empty() } else { PollFlags::OUT };
            let ready = wait_until(&self.socket, wanted, left).map_err(|errno| self.failed(errno))?;
            if !ready {
                return Ok(None);
            }
        }
    }
}

impl<S: Exchange, B: ZeroCopyBuffer> Drop for ZeroCopy<S, B> {
    /// Takes what has come back, and leaves the rest to the kernel for ever.
    fn drop(&mut self) {
        while let Ok(Some(_)) = self.try_completion() {}
        core::mem::take(&mut self.queue.under_way).into_iter().for_each(core::mem::forget);
        if self.queue.calls.open > 0 {
            core::mem::forget(self.queue.waiting.pop_front());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `Queue`, without a socket.
    fn queue(lengths: &[usize]) -> Queue<usize> {
        let mut queue = Queue::new();
        queue.waiting.extend(lengths);
        queue
    }

    #[test]
    fn a_buffer_is_complete_with_the_last_of_its_calls() {
        let mut queue = queue(&[10, 5]);
        queue.took(4, 10);
        queue.took(6, 10);
        queue.took(5, 5);
        queue.complete(1, 2, false);
        assert_eq!(queue.completed(), Some(Completion { buffer: 5, copied: false }));
        assert_eq!(queue.completed(), None);
        queue.complete(0, 0, true);
        assert_eq!(queue.completed(), Some(Completion { buffer: 10, copied: true }));
    }

    #[test]
    fn a_call_may_be_completed_before_the_buffer_was_sent_whole() {
        let mut queue = queue(&[10]);
        queue.took(4, 10);
        queue.complete(0, 0, false);
        assert_eq!(queue.completed(), None);
        queue.took(6, 10);
        assert_eq!(queue.completed(), None);
        queue.complete(1, 1, false);
        assert_eq!(queue.completed(), Some(Completion { buffer: 10, copied: false }));
    }

    #[test]
    fn numbers_wrap_around() {
        let mut queue = queue(&[1, 2, 3]);
        queue.next = u32::MAX;
        for length in [1, 2, 3] {
            queue.took(length, length);
        }
        queue.complete(u32::MAX, 0, false);
        let done: Vec<_> = std::iter::from_fn(|| queue.completed()).map(|done| done.buffer).collect();
        assert_eq!(done, [1, 2]);
        queue.complete(1, 1, false);
        assert_eq!(queue.completed().unwrap().buffer, 3);
    }

    #[test]
    fn a_range_covers_the_calls_that_it_covers() {
        let calls = Calls { first: 10, count: 5, open: 5, copied: false };
        let open = |first, last| {
            let mut calls = calls;
            calls.complete(first, last, false);
            calls.open
        };
        assert_eq!((open(0, 9), open(15, 20), open(10, 14), open(0, 100)), (5, 5, 0, 0));
        assert_eq!((open(8, 11), open(13, 30), open(12, 12)), (3, 3, 4));
    }
}
