//! From any descriptor to any other, through a pipe.

use core::ops::ControlFlow;

use linux_support_base::{Bytes, Errno, Error};

use super::{SpliceFlags, SpliceRecipient, SpliceSender, TransferEnd, TransferError, Transferred};
use crate::{PipeReader, PipeWriter, pipe};

/// Moves bytes from any descriptor to any other without their passing through the program: through a pipe of its
/// own, which serves for one transfer after the other.
///
/// ```
/// use std::{io::{Read, Seek, Write}, ops::ControlFlow, os::unix::net::UnixStream};
/// use linux_support_fd::{Splicer, TransferEnd};
///
/// let mut file = tempfile::tempfile().unwrap();
/// file.write_all(b"a page for a client").unwrap();
/// file.rewind().unwrap();
/// let (socket, mut client) = UnixStream::pair().unwrap();
///
/// let mut splicer = Splicer::new()?;
/// let done = splicer.transfer(&file, &socket, None, |_delivered| ControlFlow::Continue(()))?;
/// assert_eq!((done.delivered, done.end), (19, TransferEnd::EndOfSource));
/// # drop(socket);
/// # let mut text = String::new();
/// # client.read_to_string(&mut text).unwrap();
/// # assert_eq!(text, "a page for a client");
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Debug)]
pub struct Splicer {
    reader: PipeReader,
    writer: PipeWriter,
    capacity: usize,
    inside: u64,
}

impl Splicer {
    /// The capacity of the pipe, where the limits allow it: what an unprivileged process may have.
    const CAPACITY: Bytes = Bytes::new(1 << 20);

    /// With a pipe of 1 MiB, or less where the limits are lower.
    ///
    /// # Errors
    /// There are no two descriptors left.
    pub fn new() -> Result<Self, Error> {
        let (reader, writer) = pipe()?;
        // A pipe of another size does as well.
        let capacity = writer.set_capacity(Self::CAPACITY).or_else(|_| writer.capacity())?;
        Ok(Self { reader, writer, capacity: capacity.get() as usize, inside: 0 })
    }

    /// The bytes that were taken from a source and that no target has yet, after an error or a stop. The next
    /// transfer delivers them first; they don't count as its own.
    #[must_use]
    pub fn inside(&self) -> u64 {
        self.inside
    }

    /// Moves `length` bytes, or all that `source` has, to `target`, and waits for both. After each step `progress`
    /// hears how many the target has, and may stop.
    ///
    /// # Errors
    /// Those of [`splice_to`](SpliceSender::splice_to) and [`splice_from`](SpliceRecipient::splice_from), with what
    /// had been moved before.
    pub fn transfer(
        &mut self,
        source: &impl SpliceSender,
        target: &impl SpliceRecipient,
        length: Option<u64>,
        mut progress: impl FnMut(u64) -> ControlFlow<()>,
    ) -> Result<Transferred, TransferError> {
        let (mut taken, mut delivered, mut older) = (0, 0, self.inside);
        loop {
            while self.inside > 0 {
                let most = usize::try_from(self.inside).unwrap_or(usize::MAX);
                let moved = match target.splice_from(&self.reader, most, SpliceFlags::MOVE) {
                    // What is inside can't have gone elsewhere.
                    Ok(0) => Err(Error::system("splice from", "pipe", Errno::IO)),
                    moved => moved,
                };
                let moved = match moved {
                    Ok(moved) => moved as u64,
                    Err(error) => return Err(TransferError { taken, delivered, error }),
                };
                self.inside = self.inside.saturating_sub(moved);
                delivered += moved.saturating_sub(older);
                older = older.saturating_sub(moved);
                if older == 0 && progress(delivered).is_break() {
                    return Ok(Transferred { taken, delivered, end: TransferEnd::Stopped });
                }
            }
            let left = length.map_or(u64::MAX, |length| length - taken);
            if left == 0 {
                return Ok(Transferred { taken, delivered, end: TransferEnd::Complete });
            }
            let most = usize::try_from(left).unwrap_or(usize::MAX).min(self.capacity);
            match source.splice_to(&self.writer, most, SpliceFlags::MOVE) {
                Ok(0) => return Ok(Transferred { taken, delivered, end: TransferEnd::EndOfSource }),
                Ok(moved) => {
                    taken += moved as u64;
                    self.inside += moved as u64;
                }
                Err(error) => return Err(TransferError { taken, delivered, error }),
            }
        }
    }
}
