//! What a userfaultfd tells.

use std::os::fd::RawFd;

use bitflags::bitflags;
use linux_raw_sys::general::{
    UFFD_EVENT_FORK, UFFD_EVENT_PAGEFAULT, UFFD_EVENT_REMAP, UFFD_EVENT_REMOVE, UFFD_EVENT_UNMAP,
};
use linux_support_base::{AddressRange, ParseError, Pid};

use super::UserFault;
use crate::sys::user_fault::MESSAGE;

/// What happened to memory that is watched. But for faults, whoever did it waits until the event is read.
///
/// `D` is the descriptor of a child: as the [`UserFault`] that it is, or as the mere number in the message.
#[derive(Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UserFaultEvent<D = UserFault> {
    /// A thread waits for a page.
    PageFault(PageFault),
    /// The process forked: what happens to the child's copy of the memory comes from this descriptor.
    #[doc(alias = "UFFD_EVENT_FORK")]
    Fork(D),
    /// Memory was moved.
    #[doc(alias = "UFFD_EVENT_REMAP")]
    Remap {
        /// Where it was.
        from: u64,
        /// Where it is.
        to: u64,
        /// How many bytes.
        length: u64,
    },
    /// Pages were given back and are missing.
    #[doc(alias = "UFFD_EVENT_REMOVE")]
    Remove(AddressRange),
    /// Memory was unmapped.
    #[doc(alias = "UFFD_EVENT_UNMAP")]
    Unmap(AddressRange),
    /// Another event, with what its message holds.
    Unknown {
        /// Its number.
        event: u8,
        /// What follows it.
        bytes: [u8; 24],
    },
}

/// A thread that waits for a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "UFFD_EVENT_PAGEFAULT")]
pub struct PageFault {
    /// The address that it touched; or its page's, without
    /// [`EXACT_ADDRESS`](super::UserFaultFeatures::EXACT_ADDRESS).
    pub address: u64,
    /// Why it waits.
    pub flags: FaultFlags,
    /// The thread, with [`THREAD`](super::UserFaultFeatures::THREAD).
    pub thread: Option<Pid>,
}

bitflags! {
    /// Why a thread waits for a page; none says that it read a missing one. Bits that have no name are kept.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct FaultFlags: u64 {
        /// It would write.
        #[doc(alias = "UFFD_PAGEFAULT_FLAG_WRITE")]
        const WRITE = 1 << 0;
        /// The page is there, and protected from writing.
        #[doc(alias = "UFFD_PAGEFAULT_FLAG_WP")]
        const WRITE_PROTECTED = 1 << 1;
        /// The page is in the cache, but not mapped.
        #[doc(alias = "UFFD_PAGEFAULT_FLAG_MINOR")]
        const MINOR = 1 << 2;
        const _ = !0;
    }
}

impl UserFaultEvent<RawFd> {
    /// Decodes a message: the `struct uffd_msg` of 32 bytes that read(2) gives.
    ///
    /// A child's descriptor is a mere number here. It belongs to whoever read the message.
    ///
    /// ```
    /// use linux_support_fd::user_fault::{FaultFlags, UserFaultEvent};
    ///
    /// let mut message = [0; 32];
    /// message[0] = 0x12;
    /// message[8..16].copy_from_slice(&1u64.to_ne_bytes());
    /// message[16..24].copy_from_slice(&0x7000u64.to_ne_bytes());
    /// let UserFaultEvent::PageFault(fault) = UserFaultEvent::parse(&message)? else { panic!() };
    /// assert_eq!((fault.address, fault.flags, fault.thread), (0x7000, FaultFlags::WRITE, None));
    /// # Ok::<(), linux_support_base::ParseError>(())
    /// ```
    ///
    /// # Errors
    /// It is of another length; a range falls, or a descriptor is none.
    pub fn parse(message: &[u8]) -> Result<Self, ParseError> {
        let whole: &[u8; MESSAGE] =
            message.try_into().map_err(|_| ParseError::expected("a message of 32 bytes", message))?;
        let word = |index: usize| {
            let mut bytes = [0; 8];
            bytes.copy_from_slice(&whole[8 * index..8 * index + 8]);
            u64::from_ne_bytes(bytes)
        };
        let range = || {
            AddressRange::new(word(1), word(2))
                .ok_or_else(|| ParseError::expected("a range of addresses that rises", &whole[8..24]))
        };
        // The number of a thread or descriptor has but 32 bits.
        let number = |from: usize| {
            i32::from_ne_bytes([whole[from], whole[from + 1], whole[from + 2], whole[from + 3]])
        };
        Ok(match u32::from(whole[0]) {
            UFFD_EVENT_PAGEFAULT => Self::PageFault(PageFault {
                address: word(2),
                flags: FaultFlags::from_bits_retain(word(1)),
                thread: Pid::new(number(24)),
            }),
            UFFD_EVENT_FORK => match number(8) {
                ..0 => return Err(ParseError::expected("a descriptor", &whole[8..12])),
                descriptor => Self::Fork(descriptor),
            },
            UFFD_EVENT_REMAP => Self::Remap { from: word(1), to: word(2), length: word(3) },
            UFFD_EVENT_REMOVE => Self::Remove(range()?),
            UFFD_EVENT_UNMAP => Self::Unmap(range()?),
            _ => {
                let mut bytes = [0; 24];
                bytes.copy_from_slice(&whole[8..]);
                Self::Unknown { event: whole[0], bytes }
            }
        })
    }
}

impl<D> UserFaultEvent<D> {
    /// The same event, with the descriptor as something else.
    pub(crate) fn map_descriptor<T>(self, change: impl FnOnce(D) -> T) -> UserFaultEvent<T> {
        match self {
            Self::PageFault(fault) => UserFaultEvent::PageFault(fault),
            Self::Fork(descriptor) => UserFaultEvent::Fork(change(descriptor)),
            Self::Remap { from, to, length } => UserFaultEvent::Remap { from, to, length },
            Self::Remove(range) => UserFaultEvent::Remove(range),
            Self::Unmap(range) => UserFaultEvent::Unmap(range),
            Self::Unknown { event, bytes } => UserFaultEvent::Unknown { event, bytes },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(event: u8, words: [u64; 3]) -> [u8; 32] {
        let mut message = [0; 32];
        message[0] = event;
        for (bytes, word) in message[8..].chunks_mut(8).zip(words) {
            bytes.copy_from_slice(&word.to_ne_bytes());
        }
        message
    }

    #[test]
    fn each_event_is_decoded_and_others_are_kept() {
        let event = |event, words| UserFaultEvent::parse(&message(event, words)).unwrap();
        let fault = PageFault {
            address: 0x1234,
            flags: FaultFlags::WRITE | FaultFlags::from_bits_retain(1 << 40),
            thread: Pid::new(77),
        };
        let thread = u64::from_ne_bytes([77, 0, 0, 0, 0, 0, 0, 0].map(|byte: u8| byte));
        let thread = if cfg!(target_endian = "little") { thread } else { 77 << 32 };
        assert_eq!(event(0x12, [1 | 1 << 40, 0x1234, thread]), UserFaultEvent::PageFault(fault));
        assert_eq!(event(0x14, [1, 2, 3]), UserFaultEvent::Remap { from: 1, to: 2, length: 3 });
        let range = AddressRange::new(4096, 8192).unwrap();
        assert_eq!(event(0x15, [4096, 8192, 0]), UserFaultEvent::Remove(range));
        assert_eq!(event(0x16, [4096, 8192, 0]), UserFaultEvent::Unmap(range));
        let unknown = event(0xfe, [u64::MAX; 3]);
        assert_eq!(unknown, UserFaultEvent::Unknown { event: 0xfe, bytes: [0xff; 24] });
    }

    #[test]
    fn a_childs_descriptor_is_a_number_and_a_negative_one_is_none() {
        let mut fork = message(0x13, [0; 3]);
        fork[8..12].copy_from_slice(&9i32.to_ne_bytes());
        assert_eq!(UserFaultEvent::parse(&fork), Ok(UserFaultEvent::Fork(9)));
        fork[8..12].copy_from_slice(&(-1i32).to_ne_bytes());
        assert!(UserFaultEvent::parse(&fork).is_err());
    }

    #[test]
    fn what_is_cut_or_falls_is_refused() {
        let fault = message(0x12, [0; 3]);
        for length in 0..fault.len() {
            assert!(UserFaultEvent::parse(&fault[..length]).is_err(), "{length}");
        }
        assert!(UserFaultEvent::parse(&[0; 33]).is_err());
        assert!(UserFaultEvent::parse(&message(0x15, [2, 1, 0])).is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            let _ = UserFaultEvent::parse(&bytes);
        }
    }
}
