//! Many buffers, all of them, or else exactly how far it came.

use std::{
    io::{IoSlice, IoSliceMut},
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

/// Buffers being written to a file, a socket or a pipe: any number of them, and resumed where it stopped.
///
/// Whatever happens, [`written`](Self::written) is the number of bytes that the kernel took. So after "not now", after
/// an error, or from one descriptor to another, the same transfer goes on without a byte lost or repeated.
///
/// ```
/// use std::io::IoSlice;
/// use linux_support_fd::file::VectoredWrite;
///
/// let mut parts = [IoSlice::new(b"length "), IoSlice::new(b""), IoSlice::new(b"and body")];
/// let (reader, writer) = std::io::pipe().unwrap();
/// let mut transfer = VectoredWrite::new(&mut parts);
/// transfer.write_all_to(&writer)?;
/// assert_eq!(transfer.written(), 15);
/// # drop(reader);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Debug)]
#[doc(alias = "iovec")]
#[doc(alias = "writev")]
pub struct VectoredWrite<'a, 'b> {
    rest: &'a mut [IoSlice<'b>],
    done: u64,
}

impl<'a, 'b> VectoredWrite<'a, 'b> {
    /// The transfer of `buffers`, of which nothing is written yet. What is written is cut off them.
    pub fn new(mut buffers: &'a mut [IoSlice<'b>]) -> Self {
        IoSlice::advance_slices(&mut buffers, 0);
        Self { rest: buffers, done: 0 }
    }

    /// How many bytes were written.
    #[must_use]
    pub fn written(&self) -> u64 {
        self.done
    }

    /// How many bytes are left.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.rest.iter().map(|buffer| buffer.len() as u64).sum()
    }

    /// Whether all was written.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.rest.is_empty()
    }

    /// Writes as much as is taken without waiting; all, to a descriptor that waits.
    ///
    /// # Errors
    /// As those of [`write_buffers`](PositionedVectored::write_buffers).
    pub fn write_to(&mut self, descriptor: impl AsFd) -> Result<Transfer, Error> {
        self.go(descriptor, None, WriteFlags::empty())
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
        self.go(file, Some(start), flags)
    }

    fn go(
        &mut self,
        descriptor: impl AsFd,
        start: Option<u64>,
        flags: WriteFlags,
    ) -> Result<Transfer, Error> {
        while !self.rest.is_empty() {
            let position = position(start, self.done);
            let buffers = &self.rest[..self.rest.len().min(MAXIMUM)];
            match descriptor.as_fd().write_buffers(buffers, position, flags)? {
                None => return Ok(Transfer::NotNow),
                Some(0) => return Ok(Transfer::Ended),
                Some(length) => {
                    self.done += length as u64;
                    IoSlice::advance_slices(&mut self.rest, length);
                }
            }
        }
        Ok(Transfer::Complete)
    }
}

/// Buffers being filled from a file, a socket or a pipe: any number of them, and resumed where it stopped.
///
/// Whatever happens, [`read`](Self::read) is the number of bytes that were filled, from the first on.
///
/// ```
/// use std::io::{IoSliceMut, Write};
/// use linux_support_fd::file::{Transfer, VectoredRead};
///
/// let (reader, mut writer) = std::io::pipe().unwrap();
/// writer.write_all(b"headbo").unwrap();
/// drop(writer);
/// let (mut head, mut body) = ([0; 4], [0; 4]);
/// let mut parts = [IoSliceMut::new(&mut head), IoSliceMut::new(&mut body)];
/// let mut transfer = VectoredRead::new(&mut parts);
/// assert_eq!(transfer.read_from(&reader)?, Transfer::Ended);
/// assert_eq!(transfer.read(), 6);
/// assert_eq!((&head, &body), (b"head", b"bo\0\0"));
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Debug)]
#[doc(alias = "iovec")]
#[doc(alias = "readv")]
pub struct VectoredRead<'a, 'b> {
    rest: &'a mut [IoSliceMut<'b>],
    done: u64,
}

impl<'a, 'b> VectoredRead<'a, 'b> {
    /// The transfer into `buffers`, of which nothing is filled yet. What is filled is cut off them.
    pub fn new(mut buffers: &'a mut [IoSliceMut<'b>]) -> Self {
        IoSliceMut::advance_slices(&mut buffers, 0);
        Self { rest: buffers, done: 0 }
    }

    /// How many bytes were read.
    #[must_use]
    pub fn read(&self) -> u64 {
        self.done
    }

    /// How many bytes are left to fill.
    #[must_use]
    pub fn remaining(&self) -> u64 {
        self.rest.iter().map(|buffer| buffer.len() as u64).sum()
    }

    /// Whether all are filled.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.rest.is_empty()
    }

    /// Reads as much as is there without waiting; all, from a descriptor that waits.
    ///
    /// # Errors
    /// As those of [`read_buffers`](PositionedVectored::read_buffers).
    pub fn read_from(&mut self, descriptor: impl AsFd) -> Result<Transfer, Error> {
        self.go(descriptor, None, ReadFlags::empty())
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
        self.go(file, Some(start), flags)
    }

    fn go(&mut self, descriptor: impl AsFd, start: Option<u64>, flags: ReadFlags) -> Result<Transfer, Error> {
        while !self.rest.is_empty() {
            let position = position(start, self.done);
            let count = self.rest.len().min(MAXIMUM);
            match descriptor.as_fd().read_buffers(&mut self.rest[..count], position, flags)? {
                None => return Ok(Transfer::NotNow),
                Some(0) => return Ok(Transfer::Ended),
                Some(length) => {
                    self.done += length as u64;
                    IoSliceMut::advance_slices(&mut self.rest, length);
                }
            }
        }
        Ok(Transfer::Complete)
    }
}

fn position(start: Option<u64>, done: u64) -> Position {
    match start {
        // Beyond what a file can hold, the call says so.
        Some(start) => Position::At(start.saturating_add(done)),
        None => Position::Current,
    }
}
