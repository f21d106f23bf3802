//! Many buffers, all of them, or else exactly how far it came.

use std::{
    io::{IoSlice, IoSliceMut},
    ops::Deref,
    os::fd::AsFd,
};

use linux_support_base::Error;
use rustix::event::PollFlags;

use super::{Position, PositionedVectored, ReadFlags, WriteFlags, failed};
use crate::readiness::wait_until;

/// How a transfer stands when it stops without an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "it may not be complete"]
pub enum Transfer {
    /// All was transferred.
    Complete,
    /// The rest would have to wait: go on when the descriptor is ready.
    NotNow,
    /// Nothing more will come: the end of the file, or the other side closed.
    Ended,
}

/// The most buffers that the kernel takes at once.
const MAXIMUM: usize = 1024;

/// Buffers on their way to or from a file, a socket or a pipe: any number of them, and resumed where it stopped.
///
/// Whatever happens, [`transferred`](Self::transferred) is the number of bytes that the kernel took or gave, from the
/// first on. So after "not now", after an error, or from one descriptor to another, the same transfer goes on without a
/// byte lost or repeated.
///
/// ```
/// use std::io::{IoSlice, IoSliceMut};
/// use linux_support_fd::file::{Transfer, VectoredRead, VectoredWrite};
///
/// let (reader, writer) = std::io::pipe().unwrap();
/// let mut parts = [IoSlice::new(b"length "), IoSlice::new(b""), IoSlice::new(b"body")];
/// let mut sent = VectoredWrite::new(&mut parts);
/// sent.write_all_to(&writer)?;
/// assert_eq!(sent.transferred(), 11);
/// drop(writer);
///
/// let (mut head, mut body) = ([0; 7], [0; 6]);
/// let mut parts = [IoSliceMut::new(&mut head), IoSliceMut::new(&mut body)];
/// let mut received = VectoredRead::new(&mut parts);
/// assert_eq!(received.read_from(&reader)?, Transfer::Ended);
/// assert_eq!((received.transferred(), received.remaining()), (11, 2));
/// assert_eq!((&head, &body), (b"length ", b"body\0\0"));
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Debug)]
#[doc(alias = "iovec")]
pub struct Vectored<'a, B> {
    rest: &'a mut [B],
    done: u64,
}

/// Buffers being written.
#[doc(alias = "writev")]
pub type VectoredWrite<'a, 'b> = Vectored<'a, IoSlice<'b>>;

/// Buffers being filled.
#[doc(alias = "readv")]
pub type VectoredRead<'a, 'b> = Vectored<'a, IoSliceMut<'b>>;

/// Either of std's, which lose their beginnings by functions of their own.
pub trait Buffer: Deref<Target = [u8]> + Sized {
    #[doc(hidden)]
    fn advance(buffers: &mut &mut [Self], length: usize);
}

impl Buffer for IoSlice<'_> {
    fn advance(buffers: &mut &mut [Self], length: usize) {
        Self::advance_slices(buffers, length);
    }
}

impl Buffer for IoSliceMut<'_> {
    fn advance(buffers: &mut &mut [Self], length: usize) {
        Self::advance_slices(buffers, length);
    }
}

impl<'a, B: Buffer> Vectored<'a, B> {
    /// The transfer of `buffers`, of which nothing is transferred yet. What is transferred is cut off them.
    pub fn new(mut buffers: &'a mut [B]) -> Self {
        B::advance(&mut buffers, 0);
        Self { rest: buffers, done: 0 }
    }

    /// How many bytes were transferred.
    #[must_use]
    pub fn transferred(&self) -> u64 {
        self.done
    }

    /// How many bytes are left.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.rest.iter().map(|buffer| buffer.len() as u64).sum()
    }

    /// Whether all was transferred.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.rest.is_empty()
    }

    /// Transfers by `once`, as many buffers at a time as the kernel takes, until it says to stop.
    fn go(
        &mut self,
        start: Option<u64>,
        mut once: impl FnMut(&mut [B], Position) -> Result<Option<usize>, Error>,
    ) -> Result<Transfer, Error> {
        while !self.rest.is_empty() {
            let position = match start {
                // Beyond what a file can hold, the call says so.
                Some(start) => Position::At(start.saturating_add(self.done)),
                None => Position::Current,
            };
            let count = self.rest.len().min(MAXIMUM);
            match once(&mut self.rest[..count], position)? {
                None => return Ok(Transfer::NotNow),
                Some(0) => return Ok(Transfer::Ended),
                Some(length) => {
                    self.done += length as u64;
                    B::advance(&mut self.rest, length);
                }
            }
        }
        Ok(Transfer::Complete)
    }
}

impl VectoredWrite<'_, '_> {
    /// Writes as much as is taken without waiting; all, to a descriptor that waits.
    ///
    /// # Errors
    /// As those of [`write_buffers`](PositionedVectored::write_buffers).
    pub fn write_to(&mut self, descriptor: impl AsFd) -> Result<Transfer, Error> {
        let descriptor = descriptor.as_fd();
        self.go(None, |buffers, position| descriptor.write_buffers(buffers, position, WriteFlags::empty()))
    }

    /// Writes all, waiting until the descriptor takes it.
    ///
    /// # Errors
    /// As those of [`write_to`](Self::write_to).
    pub fn write_all_to(&mut self, descriptor: impl AsFd) -> Result<(), Error> {
        while self.write_to(&descriptor)? == Transfer::NotNow {
            wait_until(&descriptor, PollFlags::OUT, None).map_err(|errno| failed("write", errno))?;
        }
        Ok(())
    }

    /// Writes to a file, so that the first byte of the whole transfer is at `start`.
    ///
    /// # Errors
    /// As those of [`write_buffers`](PositionedVectored::write_buffers); with
    /// [`ATOMIC`](WriteFlags::ATOMIC), there are more than 1,024 buffers.
    pub fn write_at(&mut self, file: impl AsFd, start: u64, flags: WriteFlags) -> Result<Transfer, Error> {
        if flags.contains(WriteFlags::ATOMIC) && self.rest.len() > MAXIMUM {
            return Err(Error::invalid("write", "file", "takes at most 1024 buffers all or nothing"));
        }
        let file = file.as_fd();
        self.go(Some(start), |buffers, position| file.write_buffers(buffers, position, flags))
    }
}

impl VectoredRead<'_, '_> {
    /// Reads as much as is there without waiting; all, from a descriptor that waits.
    ///
    /// # Errors
    /// As those of [`read_buffers`](PositionedVectored::read_buffers).
    pub fn read_from(&mut self, descriptor: impl AsFd) -> Result<Transfer, Error> {
        let descriptor = descriptor.as_fd();
        self.go(None, |buffers, position| descriptor.read_buffers(buffers, position, ReadFlags::empty()))
    }

    /// Reads until all are filled or nothing more comes, waiting for it.
    ///
    /// # Errors
    /// As those of [`read_from`](Self::read_from).
    pub fn read_all_from(&mut self, descriptor: impl AsFd) -> Result<Transfer, Error> {
        loop {
            match self.read_from(&descriptor)? {
                Transfer::NotNow => {
                    wait_until(&descriptor, PollFlags::IN, None).map_err(|errno| failed("read", errno))?;
                }
                end => return Ok(end),
            }
        }
    }

    /// Reads from a file, so that the first byte of the whole transfer is the one at `start`.
    ///
    /// # Errors
    /// As those of [`read_buffers`](PositionedVectored::read_buffers).
    pub fn read_at(&mut self, file: impl AsFd, start: u64, flags: ReadFlags) -> Result<Transfer, Error> {
        let file = file.as_fd();
        self.go(Some(start), |buffers, position| file.read_buffers(buffers, position, flags))
    }
}
