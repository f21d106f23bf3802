//! Memory that the hardware found broken, as a SIGBUS tells it.

use crate::AddressRange;

/// Memory that is broken, as a SIGBUS tells it.
///
/// ```
/// use linux_support_base::signal::{FailureUrgency, MemoryFailure};
///
/// // si_code, si_addr and si_addr_lsb of a SIGBUS.
/// let failure = MemoryFailure::from_signal(4, 0x7f00_0000_1234, 12).unwrap();
/// assert_eq!(failure.urgency, FailureUrgency::ActionRequired);
/// assert_eq!(failure.range.to_string(), "7f0000001000-7f0000002000");
/// assert_eq!(MemoryFailure::from_signal(2, 0x7f00_0000_1234, 0), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct MemoryFailure {
    /// Whether something used it.
    pub urgency: FailureUrgency,
    /// The addresses that are lost.
    #[doc(alias = "si_addr_lsb")]
    pub range: AddressRange,
}

/// Whether broken memory was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum FailureUrgency {
    /// This thread used it: it can't go on where it is.
    #[doc(alias = "BUS_MCEERR_AR")]
    ActionRequired,
    /// Nobody has used it yet.
    #[doc(alias = "BUS_MCEERR_AO")]
    ActionOptional,
}

impl FailureUrgency {
    /// In a few words.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::ActionRequired => "the memory is broken, and was used",
            Self::ActionOptional => "the memory is broken, and was not used",
        }
    }
}

impl MemoryFailure {
    /// What a SIGBUS with this `si_code`, `si_addr` and `si_addr_lsb` says; `None` where it is of another cause, as of a
    /// file that became shorter.
    #[must_use]
    pub fn from_signal(code: i32, address: u64, least_significant_bit: u16) -> Option<Self> {
        let urgency = match code {
            4 => FailureUrgency::ActionRequired,
            5 => FailureUrgency::ActionOptional,
            _ => return None,
        };
        let length = 1u64.checked_shl(least_significant_bit.into())?;
        let start = address & !(length - 1);
        let range = AddressRange::new(start, start.saturating_add(length))?;
        Some(Self { urgency, range })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_huge_page_is_lost_as_a_whole() {
        let failure = MemoryFailure::from_signal(5, 0x7f00_0030_0000, 21).unwrap();
        assert_eq!(failure.urgency, FailureUrgency::ActionOptional);
        assert_eq!((failure.range.start(), failure.range.length()), (0x7f00_0020_0000, 2 << 20));
        assert_eq!(MemoryFailure::from_signal(1, 0, 12), None);
        assert_eq!(MemoryFailure::from_signal(4, 0, 64), None);
    }

    proptest! {
        #[test]
        fn no_signal_panics_and_each_address_is_in_what_is_lost(code in 0..9, address: u64, bit in 0u16..80) {
            if let Some(failure) = MemoryFailure::from_signal(code, address, bit) {
                prop_assert!(failure.range.contains(address) || failure.range.end() == u64::MAX);
            }
        }
    }
}
