//! Memory of packets that is shared with the kernel: packet_mmap, in the kernel's Documentation/networking.

use core::{
    ptr::{self, NonNull},
    slice,
    sync::atomic::{AtomicU32, Ordering},
};
use std::os::fd::AsFd;

use rustix::{
    io::Errno,
    mm::{MapFlags, ProtFlags, mmap, munmap},
};

use crate::socket::PacketSocket;

/// Which way packets go, which decides where a part's status is and what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Blocks of the third version, which the kernel fills.
    Receive,
    /// Frames of the second version, which the program fills.
    Send,
}

const USER: u32 = 1;
const SEND_REQUEST: u32 = 1;
const SENDING: u32 = 1 << 1;

impl Way {
    const fn status_at(self) -> usize {
        match self {
            Self::Receive => 8,
            Self::Send => 0,
        }
    }

    /// Whether the kernel leaves a part of this status alone: it neither writes to it nor sends it.
    const fn is_ours(self, status: u32) -> bool {
        match self {
            Self::Receive => status & USER != 0,
            Self::Send => status & (SEND_REQUEST | SENDING) == 0,
        }
    }

    /// The status that makes a part the kernel's.
    const fn kernels(self) -> u32 {
        match self {
            Self::Receive => 0,
            Self::Send => SEND_REQUEST,
        }
    }
}

/// The ring of a socket, mapped: parts of one size, each of which is the kernel's or the program's at a time.
#[derive(Debug)]
pub(crate) struct Ring {
    start: NonNull<u8>,
    part: usize,
    count: usize,
    way: Way,
}

// SAFETY: the mapping belongs to this value alone, whatever thread has it.
unsafe impl Send for Ring {}
// SAFETY: through a shared reference only statuses are read, by atomic operations.
unsafe impl Sync for Ring {}

impl Ring {
    /// Maps the ring that was just made for `socket`, of `count` parts of `part` bytes: at least 64, and a multiple
    /// of 16.
    pub(crate) fn map(socket: &PacketSocket, part: usize, count: usize, way: Way) -> Result<Self, Errno> {
        let length =
            part.checked_mul(count).filter(|_| part >= 64 && part.is_multiple_of(16)).ok_or(Errno::INVAL)?;
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: the kernel chooses a place where nothing is.
        let start = unsafe { mmap(ptr::null_mut(), length, access, MapFlags::SHARED, socket.as_fd(), 0) }?;
        let start = NonNull::new(start.cast()).ok_or(Errno::NOMEM)?;
        Ok(Self { start, part, count, way })
    }

    /// How many parts there are.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The status of a part of a number below [`count`](Self::count).
    fn status(&self, index: usize) -> &AtomicU32 {
        let at = (index % self.count) * self.part + self.way.status_at();
        // SAFETY: the part lies in the mapping, which lives as long as the reference, and its status in the part, at
        // a multiple of 4. The kernel changes it as another thread would, with its own atomic stores; this process
        // touches it by atomic operations, or while the part is its own and nobody changes it.
        unsafe { AtomicU32::from_ptr(self.start.as_ptr().add(at).cast()) }
    }

    /// Whether a part is the program's now. It stays so until it is given.
    pub(crate) fn is_ours(&self, index: usize) -> bool {
        self.way.is_ours(self.status(index).load(Ordering::Acquire))
    }

    /// A part, if it is the program's now.
    pub(crate) fn take(&mut self, index: usize) -> Option<Part<'_>> {
        self.is_ours(index).then_some(Part { index: index % self.count, ring: self })
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own, and nobody refers to its bytes any more.
        let _ = unsafe { munmap(self.start.as_ptr().cast(), self.part * self.count) };
    }
}

/// A part of a ring that is the program's. It stays the program's if this is dropped.
#[derive(Debug)]
pub(crate) struct Part<'r> {
    ring: &'r mut Ring,
    index: usize,
}

impl Part<'_> {
    fn start(&self) -> *mut u8 {
        // SAFETY: the index is below the number of parts, so the part lies in the mapping.
        unsafe { self.ring.start.as_ptr().add(self.index * self.ring.part) }
    }

    /// All of its bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: the part lies in the mapping, which outlives the borrow, and is initialized by the kernel. Its status
        // was read with acquire order and says that it is the program's, so the kernel leaves it alone until `give`,
        // which takes this value; in this process it is reached through this value alone, since the ring is borrowed
        // exclusively. Another process that was handed the socket could map it too: like a debugger, it is trusted.
        unsafe { slice::from_raw_parts(self.start(), self.ring.part) }
    }

    /// All of its bytes but for a status at its beginning.
    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        let skip = self.ring.way.status_at() + 4;
        // SAFETY: as in `bytes`, and the borrow is exclusive. The status, which the kernel may read at any time, is not
        // among them.
        unsafe { slice::from_raw_parts_mut(self.start().add(skip), self.ring.part - skip) }
    }

    /// The number of the part that comes after it.
    pub(crate) fn following(&self) -> usize {
        (self.index + 1) % self.ring.count
    }

    /// Makes it the kernel's.
    pub(crate) fn give(self) {
        self.ring.status(self.index).store(self.ring.way.kernels(), Ordering::Release);
    }
}
