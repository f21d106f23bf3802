//! Which frames are received.

use std::os::fd::AsFd;

use linux_support_base::Error;

use super::{
    CanId, CanSocket,
    frame::{EXTENDED, REMOTE},
};
use crate::sys::socket::set_option;

/// Frames whose identifier agrees with a given one in the bits of a mask, or just those that don't.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "can_filter")]
pub struct CanFilter {
    id: u32,
    mask: u32,
}

/// CAN_INV_FILTER.
const INVERTED: u32 = 0x2000_0000;

impl CanFilter {
    /// All frames.
    pub const EVERYTHING: Self = Self { id: 0, mask: 0 };
    /// The most filters that a socket can have.
    pub const MAXIMUM: usize = 512;

    /// Data frames with this very identifier.
    #[must_use]
    pub const fn exactly(id: CanId) -> Self {
        let bits = if id.is_extended() { CanId::EXTENDED_MAXIMUM } else { CanId::STANDARD_MAXIMUM as u32 };
        // With CAN_ERR_FLAG in its mask it would be for error frames alone; these never come to other filters.
        Self { id: id.bits(), mask: bits | EXTENDED | REMOTE }
    }

    /// Frames of the same length of identifier that agree with `id` in the bits of `mask`.
    #[must_use]
    pub const fn masked(id: CanId, mask: u32) -> Self {
        Self { id: id.bits(), mask: mask & CanId::EXTENDED_MAXIMUM | EXTENDED }
    }

    /// Those that this filter would not let pass.
    #[must_use]
    pub const fn inverted(self) -> Self {
        Self { id: self.id ^ INVERTED, mask: self.mask }
    }
}

impl CanSocket {
    /// Receives only frames that pass one of these filters, or all of them with
    /// [`JoinFilters`](super::JoinFilters); nothing, if there are none.
    ///
    /// # Errors
    /// They are more than [`CanFilter::MAXIMUM`].
    #[doc(alias = "CAN_RAW_FILTER")]
    pub fn set_filters(&self, filters: &[CanFilter]) -> Result<(), Error> {
        if filters.len() > CanFilter::MAXIMUM {
            return Err(Error::invalid("set", "CAN_RAW_FILTER", "takes at most 512 filters"));
        }
        let bytes: Vec<u8> = filters
            .iter()
            .flat_map(|filter| [filter.id.to_ne_bytes(), filter.mask.to_ne_bytes()])
            .flatten()
            .collect();
        set_option(self.as_fd(), 101, 1, &bytes)
            .map_err(|errno| Error::system("set", "CAN_RAW_FILTER", errno))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::frame::ERROR, *};

    /// As the kernel matches.
    fn passes(filter: CanFilter, id: u32) -> bool {
        assert_eq!(filter.mask & ERROR, 0, "the kernel takes it for one of error frames");
        let same = id & filter.mask == filter.id & !INVERTED & filter.mask;
        same != (filter.id & INVERTED != 0)
    }

    #[test]
    fn a_filter_for_one_identifier_tells_the_lengths_apart() {
        let exact = CanFilter::exactly(CanId::standard(0x123).unwrap());
        assert!(passes(exact, 0x123) && !passes(exact, 0x124));
        assert!(!passes(exact, 0x123 | EXTENDED) && !passes(exact, 0x123 | REMOTE));
        let masked = CanFilter::masked(CanId::standard(0x120).unwrap(), 0x7f0);
        assert!(passes(masked, 0x12f) && passes(masked, 0x121 | REMOTE) && !passes(masked, 0x130));
        assert!(!passes(masked.inverted(), 0x12f) && passes(masked.inverted(), 0x130));
        assert!(passes(CanFilter::EVERYTHING, u32::MAX));
    }
}
