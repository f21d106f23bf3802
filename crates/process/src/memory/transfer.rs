use std::io::IoSliceMut;

use linux_support_base::{Error, Reason, Requirement};
use rustix::io::Errno;
use zerocopy::{FromBytes, IntoBytes};

use crate::{
    Address, Process,
    sys::memory::{self as sys, RANGES, Remote},
};

const PTRACE: Requirement =
    Requirement::none().capability("CAP_SYS_PTRACE").configuration("CONFIG_CROSS_MEMORY_ATTACH");

/// The memory of a process, read in single calls.
///
/// As everything that is read through a [`Process`], what is copied is of the process for which it was opened: where that
/// ended meanwhile, the error is [`Reason::Gone`]. It goes on running, so bytes that are copied in one call need not be of
/// one moment.
#[derive(Clone, Copy, Debug)]
pub struct ProcessMemory<'p, 'm> {
    process: &'p Process<'m>,
}

/// A piece of another process's memory, and where it is copied to.
#[derive(Debug)]
pub struct ReadFrom<'b> {
    /// Where it begins there.
    pub address: Address,
    /// Where its bytes go: it is as long as this.
    pub into: &'b mut [u8],
}

/// How far a copy came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a copy may have ended early"]
pub struct Transfer {
    /// How many bytes were copied: all up to the one below.
    pub copied: usize,
    /// The first byte that was not: there is nothing mapped there, or it may not be read. `None` where all
    /// were copied.
    pub ended_at: Option<Address>,
}

impl<'m> Process<'m> {
    /// Its memory, to be read.
    ///
    /// # Errors
    /// Its machine was captured.
    #[doc(alias = "process_vm_readv")]
    pub fn memory(&self) -> Result<ProcessMemory<'_, 'm>, Error> {
        self.machine().as_live()?;
        Ok(ProcessMemory { process: self })
    }
}

impl ProcessMemory<'_, '_> {
    /// Copies what is at `address` into the buffer, as far as it can be read.
    ///
    /// # Errors
    /// Nothing can be read there; it has ended; the permission is missing.
    ///
    /// # Capabilities
    /// CAP_SYS_PTRACE for processes that may not be traced.
    pub fn read(&self, address: Address, into: &mut [u8]) -> Result<Transfer, Error> {
        self.read_all(&mut [ReadFrom { address, into }])
    }

    /// Copies every piece, in their order, up to the first byte that can't be read. Up to 1,024 pieces, and up to 1 GiB, take
    /// one call.
    ///
    /// # Errors
    /// The first byte can't be read; it has ended; the permission is missing.
    ///
    /// # Capabilities
    /// As for [`read`](Self::read).
    pub fn read_all(&self, pieces: &mut [ReadFrom<'_>]) -> Result<Transfer, Error> {
        let process = self.begin()?;
        let mut transfer = Transfer { copied: 0, ended_at: None };
        let room = pieces.len().min(RANGES);
        let (mut remote, mut local) = (Vec::with_capacity(room), Vec::with_capacity(room));
        let mut parts = pieces.iter_mut().flat_map(parts).peekable();
        while parts.peek().is_some() {
            remote.clear();
            local.clear();
            let mut bytes = 0;
            while let Some((from, into)) =
                parts.next_if(|(from, _)| remote.len() < RANGES && bytes + from.length <= MOST)
            {
                bytes += from.length;
                remote.push(from);
                local.push(IoSliceMut::new(into));
            }
            let copied = sys::read(process, &mut local, &remote);
            if !self.count(&mut transfer, &remote, copied)? {
                break;
            }
        }
        self.process.ensure_alive()?;
        Ok(transfer)
    }

    /// The plain value at `address`.
    ///
    /// # Errors
    /// Part of it can't be read, or as for [`read`](Self::read).
    pub fn read_value<T: FromBytes + IntoBytes>(&self, address: Address) -> Result<T, Error> {
        let mut value = T::new_zeroed();
        let transfer = self.read(address, value.as_mut_bytes())?;
        match transfer.ended_at {
            None => Ok(value),
            Some(end) => Err(self.unreadable(end)),
        }
    }

    pub(super) fn unreadable(&self, address: Address) -> Error {
        self.failed(Some(address), Errno::FAULT)
    }

    pub(super) fn name(&self) -> String {
        format!("process {}", self.process.pid())
    }

    fn begin(&self) -> Result<i32, Error> {
        self.process.ensure_alive()?;
        Ok(self.process.pid().number())
    }

    /// Counts what one call copied, and says whether to go on.
    fn count(
        &self,
        transfer: &mut Transfer,
        ranges: &[Remote],
        copied: Result<usize, Errno>,
    ) -> Result<bool, Error> {
        let first = || ranges.iter().find(|range| range.length > 0).map(|range| Address::new(range.start));
        match copied {
            Ok(bytes) => {
                transfer.copied += bytes;
                transfer.ended_at = position(ranges, bytes as u64);
                Ok(transfer.ended_at.is_none())
            }
            // What came before was copied.
            Err(Errno::FAULT) if transfer.copied > 0 => {
                transfer.ended_at = first();
                Ok(false)
            }
            Err(errno) => Err(self.failed(first(), errno)),
        }
    }

    #[cold]
    fn failed(&self, address: Option<Address>, errno: Errno) -> Error {
        let place = match address {
            Some(address) => format!("address {address} of {}", self.name()),
            None => self.name(),
        };
        match errno {
            Errno::SRCH => Error::new("read", place, Reason::Gone),
            // CONFIG_CROSS_MEMORY_ATTACH is missing.
            Errno::NOSYS => Error::new("read", place, Reason::NotConfigured { needs: PTRACE }),
            Errno::FAULT => Error::new("read", place, Reason::System(errno)),
            errno => self.process.machine().explain(Error::system("read", place, errno), PTRACE),
        }
    }
}

/// How many bytes one call is asked for: the kernel copies less than 2 GiB, and does not say that it left the rest.
const MOST: u64 = 1 << 30;

/// The piece in parts that are no longer than one call takes.
fn parts<'p>(piece: &'p mut ReadFrom<'_>) -> impl Iterator<Item = (Remote, &'p mut [u8])> {
    let mut start = piece.address.get();
    piece.into.chunks_mut(MOST as usize).map(move |part| {
        let from = Remote { start, length: part.len() as u64 };
        start = start.wrapping_add(from.length);
        (from, part)
    })
}

/// The byte after the first so many of the ranges; `None` after the last.
fn position(ranges: &[Remote], mut bytes: u64) -> Option<Address> {
    for range in ranges {
        if bytes < range.length {
            return Some(Address::new(range.start.wrapping_add(bytes)));
        }
        bytes -= range.length;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_that_no_call_takes_is_parted() {
        // Memory that nothing touches is not there.
        let mut memory = vec![0; (MOST + 5) as usize];
        let lengths = |memory: &mut [u8]| {
            let mut piece = ReadFrom { address: Address::new(16), into: memory };
            parts(&mut piece)
                .map(|(from, into)| (from.start, from.length, into.len() as u64))
                .collect::<Vec<_>>()
        };
        assert_eq!(lengths(&mut memory), [(16, MOST, MOST), (16 + MOST, 5, 5)]);
        assert_eq!(lengths(&mut memory[..3]), [(16, 3, 3)]);
        assert_eq!(lengths(&mut []), []);
    }

    #[test]
    fn the_place_where_a_copy_ended_is_found_across_ranges() {
        let ranges = [(10, 5), (100, 0), (200, 3)].map(|(start, length)| Remote { start, length });
        let at = |bytes| position(&ranges, bytes).map(Address::get);
        assert_eq!([at(0), at(4), at(5), at(7), at(8)], [Some(10), Some(14), Some(200), Some(202), None]);
    }
}
