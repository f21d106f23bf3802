use bitflags::bitflags;
use linux_support_base::text;

macro_rules! vm_flags {
    ($($bit:literal $word:literal $name:ident $doc:literal;)*) => {
        bitflags! {
            /// The kernel's flags of a mapping, as the line `VmFlags:` of smaps gives them.
            ///
            /// # Source
            /// Documentation/filesystems/proc.rst.
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
            pub struct VmFlags: u64 {
                $(#[doc = concat!("`", $word, "`: ", $doc)] const $name = 1 << $bit;)*
            }
        }

        impl VmFlags {
            /// The flag of a word of two letters.
            #[inline]
            #[must_use]
            pub fn from_word(word: &[u8]) -> Option<Self> {
                const fn code(word: &[u8]) -> u16 {
                    (word[0] as u16) << 8 | word[1] as u16
                }
                let &[a, b] = word else { return None };
                $(#[allow(non_upper_case_globals)] const $name: u16 = code($word.as_bytes());)*
                match u16::from(a) << 8 | u16::from(b) {
                    $($name => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// The words of the flags, as the kernel writes them.
            pub fn words(self) -> impl Iterator<Item = &'static str> {
                [$((Self::$name, $word)),*].into_iter().filter(move |(flag, _)| self.contains(*flag)).map(|(_, word)| word)
            }
        }
    };
}

vm_flags! {
    0 "rd" READABLE "it can be read.";
    1 "wr" WRITABLE "it can be written.";
    2 "ex" EXECUTABLE "it can be executed.";
    3 "sh" SHARED "it is shared.";
    4 "mr" MAY_READ "it may be made readable.";
    5 "mw" MAY_WRITE "it may be made writable.";
    6 "me" MAY_EXECUTE "it may be made executable.";
    7 "ms" MAY_SHARE "it may be shared.";
    8 "gd" GROWS_DOWN "it is a stack that grows down.";
    9 "pf" PURE_PFN "it maps frames that the kernel does not manage.";
    10 "dw" DENY_WRITE "writes to the file are refused.";
    11 "lo" LOCKED "it is locked.";
    12 "io" MEMORY_MAPPED_IO "it maps a device.";
    13 "sr" SEQUENTIAL_READ "it will be read in order.";
    14 "rr" RANDOM_READ "it will be read at random.";
    15 "dc" DO_NOT_COPY "children do not get it.";
    16 "de" DO_NOT_EXPAND "it can't be remapped larger.";
    17 "ac" ACCOUNTABLE "it counts against what may be promised.";
    18 "nr" NO_RESERVE "no swap is reserved for it.";
    19 "ht" HUGETLB "it is on huge pages of a pool.";
    20 "sf" SYNCHRONOUS_FAULT "faults on it are synchronous.";
    21 "ar" ARCHITECTURE "a flag of the architecture.";
    22 "wf" WIPE_ON_FORK "children get it empty.";
    23 "dd" DO_NOT_DUMP "it is left out of core dumps.";
    24 "sd" SOFT_DIRTY "it is marked soft-dirty.";
    25 "mm" MIXED_MAP "it maps frames of both kinds.";
    26 "hg" HUGE_PAGE_ADVISED "huge pages are wanted.";
    27 "nh" NO_HUGE_PAGE_ADVISED "huge pages are not wanted.";
    28 "mg" MERGEABLE "equal pages may be merged.";
    29 "bt" BRANCH_TARGETS "branch targets are guarded (arm64).";
    30 "mt" MEMORY_TAGGING "memory tags are in use (arm64).";
    31 "um" USERFAULT_MISSING "missing pages go to userfaultfd.";
    32 "uw" USERFAULT_WRITE_PROTECT "writes go to userfaultfd.";
    33 "ui" USERFAULT_MINOR "minor faults go to userfaultfd.";
    34 "ss" SHADOW_STACK "it is a shadow stack.";
    35 "sl" SEALED "it is sealed.";
    36 "dp" DROPPABLE "it may be dropped under pressure.";
    37 "nl" NON_LINEAR "it is not linear (before Linux 4.0).";
    38 "gu" GUARDS "it may hold guard regions.";
}

impl VmFlags {
    /// Reads words apart by spaces. Words that have no name here are passed over: see
    /// [`unknown_words`](Self::unknown_words).
    #[inline]
    #[must_use]
    pub fn parse(text: &[u8]) -> Self {
        let mut flags = Self::empty();
        let mut rest = text.trim_ascii();
        // All words are of two letters: look at three bytes at once.
        while let [a, b, after @ ..] = rest {
            match (after, Self::from_word(&[*a, *b])) {
                ([] | [b' ', ..], Some(flag)) => flags |= flag,
                ([] | [b' ', ..], None) => {}
                _ => return Self::parse_words(text),
            }
            rest = after.get(1..).unwrap_or_default();
        }
        flags
    }

    #[cold]
    fn parse_words(text: &[u8]) -> Self {
        text::fields(text).filter_map(Self::from_word).fold(Self::empty(), |flags, flag| flags | flag)
    }

    /// The words that have no name here.
    pub fn unknown_words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
        text::fields(text).filter(|word| Self::from_word(word).is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_flags_and_new_words_are_kept_apart() {
        let text = b"rd ex zz mr longer sd ";
        let flags = VmFlags::parse(text);
        assert!(flags.words().eq(["rd", "ex", "mr", "sd"]));
        assert!(VmFlags::unknown_words(text).eq([&b"zz"[..], b"longer"]));
        assert_eq!(VmFlags::parse(b""), VmFlags::empty());
        assert_eq!(VmFlags::parse(b"rd"), VmFlags::READABLE);
        assert_eq!(VmFlags::parse(b"r"), VmFlags::empty());
    }
}
