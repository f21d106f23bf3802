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

/// Which way packets go and in what form, which decides where a part's status is and what it means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// Blocks of the third version, which the kernel fills.
    Blocks,
    /// Frames of the second version, which the kernel fills.
    Frames,
    /// Frames of the second version, which the program fills.
    Send,
    /// Frames of the third version, which the program fills.
    SendBesideBlocks,
}

const USER: u32 = 1;
const SEND_REQUEST: u32 = 1;
const SENDING: u32 = 1 << 1;

impl Way {
    const fn status_at(self) -> usize {
        match self {
            Self::Blocks => 8,
            Self::Frames | Self::Send => 0,
            Self::SendBesideBlocks => 20,
        }
    }

    /// Whether the kernel leaves a part of this status alone: it neither writes to it nor sends it.
    const fn is_ours(self, status: u32) -> bool {
        match self {
            Self::Blocks | Self::Frames => status & USER != 0,
            Self::Send | Self::SendBesideBlocks => status & (SEND_REQUEST | SENDING) == 0,
        }
    }

    /// The status that makes a part the kernel's.
    const fn kernels(self) -> u32 {
        match self {
            Self::Blocks | Self::Frames => 0,
            Self::Send | Self::SendBesideBlocks => SEND_REQUEST,
        }
    }
}

/// What is mapped of a socket: its rings, of which one is used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Area {
    /// The size of a part: at least 64 bytes, and a multiple of 16.
    pub(crate) part: usize,
    /// How many parts the ring has.
    pub(crate) count: usize,
    /// How many bytes the ring before it has.
    pub(crate) before: usize,
    /// How many bytes the ring behind it has.
    pub(crate) behind: usize,
}

impl Area {
    /// All that is mapped; `None` if it is out of range.
    fn length(&self) -> Option<usize> {
        let ring = self.part.checked_mul(self.count)?;
        let sizes = self.part >= 64 && self.count != 0 && self.part.is_multiple_of(16);
        let whole = ring.checked_add(self.before)?.checked_add(self.behind)?;
        (sizes && self.before.is_multiple_of(16)).then_some(whole)
    }
}

/// The ring of a socket, mapped: parts of one size, each of which is the kernel's or the program's at a time.
#[derive(Debug)]
pub(crate) struct Ring {
    mapping: NonNull<u8>,
    length: usize,
    area: Area,
    way: Way,
}

// SAFETY: the mapping belongs to this value alone, whatever thread has it.
unsafe impl Send for Ring {}
// SAFETY: through a shared reference only statuses are read, by atomic operations.
unsafe impl Sync for Ring {}

impl Ring {
    /// Maps the rings that were just made for `socket`, of which this value uses one.
    pub(crate) fn map(socket: &PacketSocket, area: Area, way: Way) -> Result<Self, Errno> {
        let length = area.length().ok_or(Errno::INVAL)?;
        let access = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: the kernel chooses a place where nothing is.
        let mapping = unsafe { mmap(ptr::null_mut(), length, access, MapFlags::SHARED, socket.as_fd(), 0) }?;
        let mapping = NonNull::new(mapping.cast()).ok_or(Errno::NOMEM)?;
        Ok(Self { mapping, length, area, way })
    }

    /// How many parts there are.
    pub(crate) fn count(&self) -> usize {
        self.area.count
    }

    /// Where a part begins, whatever the number.
    fn start(&self, index: usize) -> *mut u8 {
        let at = self.area.before + (index % self.area.count) * self.area.part;
        // SAFETY: the ring lies in the mapping, as `Area::length` saw to, and the part in the ring.
        unsafe { self.mapping.as_ptr().add(at) }
    }

    /// The status of a part.
    fn status(&self, index: usize) -> &AtomicU32 {
        // SAFETY: the part lies in the mapping, which lives as long as the reference, and its status in the part, at
        // a multiple of 4. The kernel changes it as another thread would, with its own atomic stores; this process
        // touches it by atomic operations, or while the part is its own and nobody changes it.
        unsafe { AtomicU32::from_ptr(self.start(index).add(self.way.status_at()).cast()) }
    }

    /// Whether a part is the program's now. It stays so until it is given.
    pub(crate) fn is_ours(&self, index: usize) -> bool {
        self.way.is_ours(self.status(index).load(Ordering::Acquire))
    }

    /// A part, if it is the program's now.
    pub(crate) fn take(&mut self, index: usize) -> Option<Part<'_>> {
        self.is_ours(index).then_some(Part { index: index % self.area.count, ring: self })
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: the mapping is this value's own, and nobody refers to its bytes any more.
        let _ = unsafe { munmap(self.mapping.as_ptr().cast(), self.length) };
    }
}

/// A part of a ring that is the program's. It stays the program's if this is dropped.
#[derive(Debug)]
pub(crate) struct Part<'r> {
    ring: &'r mut Ring,
    index: usize,
}

impl Part<'_> {
    /// All of its bytes.
    pub(crate) fn bytes(&self) -> &[u8] {
        // SAFETY: the part lies in the mapping, which outlives the borrow, and is initialized by the kernel. Its status
        // was read with acquire order and says that it is the program's, so the kernel leaves it alone until `give`,
        // which takes this value; in this process it is reached through this value alone, since the ring is borrowed
        // exclusively, and who maps both rings of a socket uses one each. Another process that was handed the socket
        // could map it too: like a debugger, it is trusted.
        unsafe { slice::from_raw_parts(self.ring.start(self.index), self.ring.area.part) }
    }

    /// Its bytes before its status, and those behind it.
    pub(crate) fn bytes_mut(&mut self) -> (&mut [u8], &mut [u8]) {
        let (start, status) = (self.ring.start(self.index), self.ring.way.status_at());
        let behind = status + 4;
        // SAFETY: as in `bytes`, and the borrow is exclusive. Both are apart, and the status, which the kernel may read
        // at any time, is in none of them.
        unsafe {
            (
                slice::from_raw_parts_mut(start, status),
                slice::from_raw_parts_mut(start.add(behind), self.ring.area.part - behind),
            )
        }
    }

    /// The number of the part that comes after it.
    pub(crate) fn following(&self) -> usize {
        (self.index + 1) % self.ring.area.count
    }

    /// Makes it the kernel's.
    pub(crate) fn give(self) {
        self.ring.status(self.index).store(self.ring.way.kernels(), Ordering::Release);
    }
}
