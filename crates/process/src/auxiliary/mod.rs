//! What the kernel tells a program when it starts it: `/proc/PID/auxv`.

use linux_support_base::{Bytes, GroupId, ParseError, UserId};

mod key;

pub use self::key::AuxiliaryKey;
use crate::stat::Address;

crate::serialize::as_text!(AuxiliaryKey, "AuxiliaryKey", "AT_PHDR, AT_HWCAP … or a number.");

/// How long the words of a process are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum WordSize {
    /// Four bytes: a process of 32 bits.
    Four,
    /// Eight bytes: a process of 64 bits.
    Eight,
}

/// An entry of the auxiliary vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AuxiliaryEntry {
    /// What it is about.
    pub key: AuxiliaryKey,
    /// Its value: a number, bits or an address of the process.
    pub value: u64,
}

/// What the kernel told a program when it started it.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_process::{AuxiliaryKey, Process};
///
/// let machine = Machine::live()?;
/// let vector = Process::of_caller(&machine)?.auxiliary_vector()?;
/// assert_eq!(vector.page_size(), Some(machine.page_size()?.bytes()));
/// assert!(vector.value(AuxiliaryKey::Entry).is_some());
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// proc_pid_auxv(5), getauxval(3).
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "auxv")]
pub struct AuxiliaryVector {
    word: WordSize,
    entries: Vec<AuxiliaryEntry>,
}

impl AuxiliaryVector {
    /// Reads the file, in this machine's order of bytes. The size of a word is the one with which there is a size of
    /// pages: every program is told that, and it is not 0.
    ///
    /// # Errors
    /// A length that is no whole number of entries.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let has_page_size =
            |vector: &Self| vector.value(AuxiliaryKey::PageSize).is_some_and(|size| size != 0);
        let wide = Self::parse_words(bytes, WordSize::Eight);
        if !wide.as_ref().is_ok_and(has_page_size)
            && let Ok(narrow) = Self::parse_words(bytes, WordSize::Four)
            && has_page_size(&narrow)
        {
            return Ok(narrow);
        }
        wide
    }

    /// Reads the file of a process whose words are so long.
    ///
    /// # Errors
    /// As for [`parse`](Self::parse).
    pub fn parse_words(bytes: &[u8], word: WordSize) -> Result<Self, ParseError> {
        let odd = |rest: &[u8]| {
            let expected = "a whole number of pairs of words";
            if rest.is_empty() { Ok(()) } else { Err(ParseError::expected(expected, rest)) }
        };
        let mut entries = Vec::new();
        let mut add = |key, value| {
            entries.push(AuxiliaryEntry { key: AuxiliaryKey::of_number(key), value });
        };
        match word {
            WordSize::Eight => {
                let (words, rest) = bytes.as_chunks::<8>();
                let (pairs, half) = words.as_chunks::<2>();
                odd(rest)?;
                odd(half.as_flattened())?;
                for [key, value] in pairs {
                    match u64::from_ne_bytes(*key) {
                        0 => break,
                        key => add(key, u64::from_ne_bytes(*value)),
                    }
                }
            }
            WordSize::Four => {
                let (words, rest) = bytes.as_chunks::<4>();
                let (pairs, half) = words.as_chunks::<2>();
                odd(rest)?;
                odd(half.as_flattened())?;
                for [key, value] in pairs {
                    match u32::from_ne_bytes(*key) {
                        0 => break,
                        key => add(key.into(), u32::from_ne_bytes(*value).into()),
                    }
                }
            }
        }
        Ok(Self { word, entries })
    }

    /// How long the words of the process are.
    #[must_use]
    pub fn word_size(&self) -> WordSize {
        self.word
    }

    /// The entries, in the kernel's order. Kernel threads and processes that have ended have none.
    #[must_use]
    pub fn entries(&self) -> &[AuxiliaryEntry] {
        &self.entries
    }

    /// The value of a key.
    #[doc(alias = "getauxval")]
    #[must_use]
    pub fn value(&self, key: AuxiliaryKey) -> Option<u64> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| entry.value)
    }

    /// The value of a key that is an address; `None` for 0 too.
    #[must_use]
    pub fn address(&self, key: AuxiliaryKey) -> Option<Address> {
        self.value(key).filter(|&address| address != 0).map(Address::new)
    }

    /// The value of a key that is a size.
    #[must_use]
    pub fn size(&self, key: AuxiliaryKey) -> Option<Bytes> {
        self.value(key).map(Bytes::new)
    }

    /// How large a page is.
    #[must_use]
    pub fn page_size(&self) -> Option<Bytes> {
        self.size(AuxiliaryKey::PageSize)
    }

    /// Whether the program got privileges by being started (set-user-ID, capabilities), so that the C library
    /// trusts no environment.
    #[must_use]
    pub fn is_secure(&self) -> Option<bool> {
        self.value(AuxiliaryKey::Secure).map(|value| value != 0)
    }

    /// The real and the effective user with which the program was started.
    #[must_use]
    pub fn users(&self) -> Option<[UserId; 2]> {
        let user = |key| self.value(key).and_then(|user| u32::try_from(user).ok()).map(UserId::new);
        Some([user(AuxiliaryKey::User)?, user(AuxiliaryKey::EffectiveUser)?])
    }

    /// The real and the effective group with which the program was started.
    #[must_use]
    pub fn groups(&self) -> Option<[GroupId; 2]> {
        let group = |key| self.value(key).and_then(|group| u32::try_from(group).ok()).map(GroupId::new);
        Some([group(AuxiliaryKey::Group)?, group(AuxiliaryKey::EffectiveGroup)?])
    }

    /// What the processor has, as bits that mean something else on each architecture: `AT_HWCAP`, `AT_HWCAP2`,
    /// `AT_HWCAP3` and `AT_HWCAP4`, where the kernel gives them.
    #[must_use]
    pub fn hardware_capabilities(&self) -> [Option<u64>; 4] {
        [
            AuxiliaryKey::HardwareCapabilities,
            AuxiliaryKey::HardwareCapabilities2,
            AuxiliaryKey::HardwareCapabilities3,
            AuxiliaryKey::HardwareCapabilities4,
        ]
        .map(|key| self.value(key))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn wide(pairs: &[[u64; 2]]) -> Vec<u8> {
        pairs.as_flattened().iter().flat_map(|word| word.to_ne_bytes()).collect()
    }

    fn narrow(pairs: &[[u32; 2]]) -> Vec<u8> {
        pairs.as_flattened().iter().flat_map(|word| word.to_ne_bytes()).collect()
    }

    #[test]
    fn entries_are_read_up_to_the_end() {
        let pairs = [[33, 0x7fd9_1250_5000], [6, 4096], [23, 1], [999, 7], [26, 2], [0, 0], [17, 100]];
        let vector = AuxiliaryVector::parse(&wide(&pairs)).unwrap();
        assert_eq!((vector.word_size(), vector.entries().len()), (WordSize::Eight, 5));
        assert_eq!(vector.page_size(), Some(Bytes::new(4096)));
        assert_eq!(vector.is_secure(), Some(true));
        assert_eq!(vector.value(AuxiliaryKey::Unknown(999)), Some(7));
        assert_eq!(vector.address(AuxiliaryKey::KernelLibrary), Some(Address::new(0x7fd9_1250_5000)));
        assert_eq!(vector.hardware_capabilities(), [None, Some(2), None, None]);
        assert_eq!(vector.value(AuxiliaryKey::ClockTicks), None);
    }

    #[test]
    fn a_process_of_32_bits_is_told_by_its_size_of_pages() {
        for pairs in [&[[32, 0xf7f0_0000], [6, 4096], [0, 0]][..], &[[11, 0], [6, 4096], [8, 0], [0, 0]]] {
            let vector = AuxiliaryVector::parse(&narrow(pairs)).unwrap();
            assert_eq!(vector.word_size(), WordSize::Four);
            assert_eq!(vector.page_size(), Some(Bytes::new(4096)));
        }
    }

    #[test]
    fn a_kernel_thread_has_no_entries_and_half_an_entry_is_an_error() {
        assert_eq!(AuxiliaryVector::parse(b"").unwrap().entries(), []);
        assert!(AuxiliaryVector::parse(&[1; 7]).is_err());
        assert!(AuxiliaryVector::parse_words(&[1; 24], WordSize::Eight).is_err());
        assert!(AuxiliaryVector::parse_words(&[1; 12], WordSize::Four).is_err());
    }

    #[test]
    fn keys_and_numbers_go_both_ways() {
        for number in 1..70 {
            assert_eq!(AuxiliaryKey::of_number(number).number(), number);
        }
        assert_eq!(AuxiliaryKey::SignalStackMinimum.to_string(), "AT_MINSIGSTKSZ");
        assert_eq!(AuxiliaryKey::Unknown(77).to_string(), "77");
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>) {
            let _ = AuxiliaryVector::parse(&bytes);
        }

        #[test]
        fn what_was_written_is_read(values in prop::collection::vec(any::<(u32, u64)>(), 0..30)) {
            let pairs: Vec<_> = values.iter().map(|&(key, value)| [u64::from(key.max(1)), value]).collect();
            let vector = AuxiliaryVector::parse(&wide(&pairs)).unwrap();
            let read: Vec<_> = vector.entries().iter().map(|entry| [entry.key.number(), entry.value]).collect();
            prop_assert_eq!(read, pairs);
        }
    }
}
