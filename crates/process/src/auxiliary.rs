//! What the kernel tells a program when it starts it: `/proc/PID/auxv`.

use core::fmt;

use linux_support_base::{Bytes, GroupId, ParseError, UserId};

use crate::stat::Address;

macro_rules! keys {
    ($($(#[$doc:meta])* $key:ident = $number:literal, $alias:literal;)*) => {
        /// What an entry of the auxiliary vector is about.
        ///
        /// # Source
        /// getauxval(3); include/uapi/linux/auxvec.h. The numbers of the caches and of cache blocks are those of
        /// PowerPC and RISC-V.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum AuxiliaryKey {
            $($(#[$doc])* #[doc(alias = $alias)] $key,)*
            /// Another, by the kernel's number.
            Unknown(u64),
        }

        impl AuxiliaryKey {
            /// The key of this number.
            #[must_use]
            pub const fn of_number(number: u64) -> Self {
                match number {
                    $($number => Self::$key,)*
                    number => Self::Unknown(number),
                }
            }

            /// The kernel's number.
            #[must_use]
            pub const fn number(self) -> u64 {
                match self {
                    $(Self::$key => $number,)*
                    Self::Unknown(number) => number,
                }
            }

            /// The kernel's name, such as `AT_PHDR`; `None` for a key that is not known here.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$key => Some($alias),)*
                    Self::Unknown(_) => None,
                }
            }
        }
    };
}

keys! {
    /// Nothing.
    Ignore = 1, "AT_IGNORE";
    /// A descriptor of the program.
    ProgramDescriptor = 2, "AT_EXECFD";
    /// The address of the program's headers.
    ProgramHeaders = 3, "AT_PHDR";
    /// How long one of these is.
    ProgramHeaderSize = 4, "AT_PHENT";
    /// How many there are.
    ProgramHeaderCount = 5, "AT_PHNUM";
    /// How large a page is.
    PageSize = 6, "AT_PAGESZ";
    /// Where the interpreter (`ld.so`) lies; 0 for programs without.
    InterpreterBase = 7, "AT_BASE";
    /// Flags; 1 where `binfmt_misc` kept `argv[0]`.
    Flags = 8, "AT_FLAGS";
    /// Where the program begins.
    Entry = 9, "AT_ENTRY";
    /// Whether the program is no ELF file.
    NotElf = 10, "AT_NOTELF";
    /// The real user.
    User = 11, "AT_UID";
    /// The effective user.
    EffectiveUser = 12, "AT_EUID";
    /// The real group.
    Group = 13, "AT_GID";
    /// The effective group.
    EffectiveGroup = 14, "AT_EGID";
    /// The address of a string that names the kind of processor.
    Platform = 15, "AT_PLATFORM";
    /// What the processor has, as bits.
    HardwareCapabilities = 16, "AT_HWCAP";
    /// How many clock ticks `times(2)` counts in a second.
    ClockTicks = 17, "AT_CLKTCK";
    /// The control word of the floating-point unit.
    FloatingPointControl = 18, "AT_FPUCW";
    /// The block size of the data cache.
    DataCacheBlock = 19, "AT_DCACHEBSIZE";
    /// The block size of the instruction cache.
    InstructionCacheBlock = 20, "AT_ICACHEBSIZE";
    /// The block size of a cache for both.
    UnifiedCacheBlock = 21, "AT_UCACHEBSIZE";
    /// Nothing, on PowerPC.
    IgnorePowerPc = 22, "AT_IGNOREPPC";
    /// Whether the program got privileges by being started.
    Secure = 23, "AT_SECURE";
    /// The address of a string that names the processor itself.
    BasePlatform = 24, "AT_BASE_PLATFORM";
    /// The address of 16 random bytes.
    Random = 25, "AT_RANDOM";
    /// More of what the processor has, as bits.
    HardwareCapabilities2 = 26, "AT_HWCAP2";
    /// How long the kernel's part of `struct rseq` is.
    RestartableSequenceSize = 27, "AT_RSEQ_FEATURE_SIZE";
    /// How `struct rseq` is aligned.
    RestartableSequenceAlignment = 28, "AT_RSEQ_ALIGN";
    /// More of what the processor has, as bits.
    HardwareCapabilities3 = 29, "AT_HWCAP3";
    /// More of what the processor has, as bits.
    HardwareCapabilities4 = 30, "AT_HWCAP4";
    /// The address of the program's path.
    ProgramPath = 31, "AT_EXECFN";
    /// The address of the function that calls the kernel; on x86 with 32 bits.
    SystemCallEntry = 32, "AT_SYSINFO";
    /// The address of the kernel's own library, the vDSO.
    KernelLibrary = 33, "AT_SYSINFO_EHDR";
    /// The shape of the first instruction cache.
    Level1InstructionCacheShape = 34, "AT_L1I_CACHESHAPE";
    /// The shape of the first data cache.
    Level1DataCacheShape = 35, "AT_L1D_CACHESHAPE";
    /// The shape of the second cache.
    Level2CacheShape = 36, "AT_L2_CACHESHAPE";
    /// The shape of the third cache.
    Level3CacheShape = 37, "AT_L3_CACHESHAPE";
    /// The size of the first instruction cache.
    Level1InstructionCacheSize = 40, "AT_L1I_CACHESIZE";
    /// The line size (low 16 bits) and the ways (high 16 bits) of the first instruction cache.
    Level1InstructionCacheGeometry = 41, "AT_L1I_CACHEGEOMETRY";
    /// The size of the first data cache.
    Level1DataCacheSize = 42, "AT_L1D_CACHESIZE";
    /// The line size and the ways of the first data cache.
    Level1DataCacheGeometry = 43, "AT_L1D_CACHEGEOMETRY";
    /// The size of the second cache.
    Level2CacheSize = 44, "AT_L2_CACHESIZE";
    /// The line size and the ways of the second cache.
    Level2CacheGeometry = 45, "AT_L2_CACHEGEOMETRY";
    /// The size of the third cache.
    Level3CacheSize = 46, "AT_L3_CACHESIZE";
    /// The line size and the ways of the third cache.
    Level3CacheGeometry = 47, "AT_L3_CACHEGEOMETRY";
    /// The least size of an alternate signal stack.
    SignalStackMinimum = 51, "AT_MINSIGSTKSZ";
}

impl fmt::Display for AuxiliaryKey {
    /// The kernel's name, or the number of a key that is not known here.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => self.number().fmt(f),
        }
    }
}

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
