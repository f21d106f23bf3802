use core::fmt;

use bitflags::bitflags;
use linux_support_base::{ParseError, text::hexadecimal};

/// `/proc/PID/personality`: how the kernel behaves towards a process that expects another system or other
/// habits.
///
/// `Display` is the kernel's format: eight hexadecimal digits.
///
/// # Source
/// personality(2).
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Personality(u32);

/// The bits of the system.
const DOMAIN: u32 = 0xff;

bitflags! {
    /// Habits of other systems and of older kernels.
    ///
    /// # Source
    /// personality(2), `include/uapi/linux/personality.h`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct PersonalityFlags: u32 {
        /// `uname` says that the kernel is a 2.6.
        const UNAME26 = 0x002_0000;
        /// Addresses are not randomized.
        const ADDR_NO_RANDOMIZE = 0x004_0000;
        /// Pointers to functions of signal handling are to descriptors of them.
        const FDPIC_FUNCPTRS = 0x008_0000;
        /// The first page is mapped, to be read.
        const MMAP_PAGE_ZERO = 0x010_0000;
        /// Memory is laid out from below, as it once was.
        const ADDR_COMPAT_LAYOUT = 0x020_0000;
        /// What may be read may be executed.
        const READ_IMPLIES_EXEC = 0x040_0000;
        /// Addresses have 32 bits.
        const ADDR_LIMIT_32BIT = 0x080_0000;
        /// Numbers of inodes have 16 bits.
        const SHORT_INODE = 0x100_0000;
        /// Times of waiting are of whole seconds.
        const WHOLE_SECONDS = 0x200_0000;
        /// `select` and its like don't change the time-out that they are given.
        const STICKY_TIMEOUTS = 0x400_0000;
        /// Addresses end at 3 GiB.
        const ADDR_LIMIT_3GB = 0x800_0000;
        const _ = !0;
    }
}

/// Makes the systems, with the flags that the kernel's headers give to each.
macro_rules! domains {
    ($($(#[$doc:meta])* $domain:ident = $number:literal $alias:literal $([$($flag:ident)*])?;)*) => {
        /// The system that a process expects, beyond its flags. All but Linux are of history: kernels of today change
        /// nothing for them.
        ///
        /// # Source
        /// personality(2), `include/uapi/linux/personality.h`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum ExecutionDomain {
            $($(#[$doc])* #[doc(alias = $alias)] $domain,)*
            /// One that has no name here.
            Unknown(u8),
        }

        impl ExecutionDomain {
            /// The one of this number.
            #[must_use]
            pub const fn from_number(number: u8) -> Self {
                match number {
                    $($number => Self::$domain,)*
                    other => Self::Unknown(other),
                }
            }

            /// Its number: the low eight bits of a personality.
            #[must_use]
            pub const fn number(self) -> u8 {
                match self {
                    $(Self::$domain => $number,)*
                    Self::Unknown(number) => number,
                }
            }

            /// The flags that its name in the kernel's headers (`PER_SOLARIS`) stands for beside it.
            #[must_use]
            pub const fn usual_flags(self) -> PersonalityFlags {
                match self {
                    $(Self::$domain => PersonalityFlags::empty()$($(.union(PersonalityFlags::$flag))*)?,)*
                    Self::Unknown(_) => PersonalityFlags::empty(),
                }
            }
        }
    };
}

domains! {
    /// Linux.
    Linux = 0 "PER_LINUX";
    /// System V, release 4.
    Svr4 = 1 "PER_SVR4" [STICKY_TIMEOUTS MMAP_PAGE_ZERO];
    /// System V, release 3.
    Svr3 = 2 "PER_SVR3" [STICKY_TIMEOUTS SHORT_INODE];
    /// SCO UNIX, release 3; with long numbers of inodes, OpenServer 5.
    #[doc(alias = "PER_OSR5")]
    ScoSvr3 = 3 "PER_SCOSVR3" [STICKY_TIMEOUTS WHOLE_SECONDS SHORT_INODE];
    /// Wyse UNIX.
    WyseV386 = 4 "PER_WYSEV386" [STICKY_TIMEOUTS SHORT_INODE];
    /// Interactive UNIX.
    Iscr4 = 5 "PER_ISCR4" [STICKY_TIMEOUTS];
    /// BSD; with time-outs that stick, SunOS.
    #[doc(alias = "PER_SUNOS")]
    Bsd = 6 "PER_BSD";
    /// Xenix.
    Xenix = 7 "PER_XENIX" [STICKY_TIMEOUTS SHORT_INODE];
    /// Linux of 32 bits: `uname` names the 32-bit machine.
    #[doc(alias = "PER_LINUX32_3GB")]
    Linux32 = 8 "PER_LINUX32";
    /// IRIX 5 of 32 bits.
    Irix32 = 9 "PER_IRIX32" [STICKY_TIMEOUTS];
    /// IRIX 6 of 32 bits.
    IrixN32 = 10 "PER_IRIXN32" [STICKY_TIMEOUTS];
    /// IRIX 6 of 64 bits.
    Irix64 = 11 "PER_IRIX64" [STICKY_TIMEOUTS];
    /// RISC OS.
    RiscOs = 12 "PER_RISCOS";
    /// Solaris.
    Solaris = 13 "PER_SOLARIS" [STICKY_TIMEOUTS];
    /// UnixWare 7.
    UnixWare7 = 14 "PER_UW7" [STICKY_TIMEOUTS MMAP_PAGE_ZERO];
    /// OSF/1, version 4.
    Osf4 = 15 "PER_OSF4";
    /// HP-UX.
    HpUx = 16 "PER_HPUX";
}

impl Personality {
    /// A system with flags.
    ///
    /// ```
    /// use linux_support_process::{ExecutionDomain, Personality, PersonalityFlags};
    ///
    /// let fixed = Personality::new(ExecutionDomain::Linux, PersonalityFlags::ADDR_NO_RANDOMIZE);
    /// assert!(fixed.has_fixed_addresses());
    /// ```
    #[must_use]
    pub const fn new(domain: ExecutionDomain, flags: PersonalityFlags) -> Self {
        Self(flags.bits() & !DOMAIN | domain.number() as u32)
    }

    /// The personality of these bits.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// All bits: the system in the low eight, flags above.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Which system the process expects.
    #[must_use]
    pub const fn domain(self) -> ExecutionDomain {
        ExecutionDomain::from_number(self.0 as u8)
    }

    /// The flags; those that are not known here are kept.
    #[must_use]
    pub const fn flags(self) -> PersonalityFlags {
        PersonalityFlags::from_bits_retain(self.0 & !DOMAIN)
    }

    /// The same system with these flags too.
    #[must_use]
    pub const fn with(self, flags: PersonalityFlags) -> Self {
        Self(self.0 | flags.bits() & !DOMAIN)
    }

    /// Whether its addresses are not randomized.
    #[doc(alias = "ADDR_NO_RANDOMIZE")]
    #[must_use]
    pub const fn has_fixed_addresses(self) -> bool {
        self.flags().contains(PersonalityFlags::ADDR_NO_RANDOMIZE)
    }

    /// The kernel's names of the flags, and the other bits (the system, where it is not Linux) in hexadecimal.
    pub fn names(self) -> impl Iterator<Item = String> {
        let mut named = self.flags().iter_names();
        named.by_ref().for_each(drop);
        let other = named.remaining().bits() | u32::from(self.domain().number());
        let other = (other != 0).then(|| format!("{other:#x}"));
        other.into_iter().chain(self.flags().iter_names().map(|(name, _)| name.to_owned()))
    }

    /// Reads the file.
    ///
    /// # Errors
    /// Anything but hexadecimal digits.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        hexadecimal(text.trim_ascii()).map(Self)
    }
}

impl fmt::Display for Personality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

impl fmt::Debug for Personality {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.names()).finish()
    }
}

crate::serialize::as_names!(
    Personality,
    "Personality",
    "The names of the flags; other bits in hexadecimal. Empty for the usual personality."
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_named_and_the_rest_kept() {
        let personality = Personality::parse(b"00040008\n").unwrap();
        assert_eq!(personality.names().collect::<Vec<_>>(), ["0x8", "ADDR_NO_RANDOMIZE"]);
        assert!(personality.has_fixed_addresses());
        assert_eq!(personality.to_string(), "00040008");
        assert_eq!(personality.domain(), ExecutionDomain::Linux32);
        assert!(Personality::parse(b"").is_err());
    }

    #[test]
    fn every_domain_goes_there_and_back_with_its_flags() {
        for number in 0..=u8::MAX {
            let domain = ExecutionDomain::from_number(number);
            assert_eq!(domain.number(), number);
            let personality = Personality::new(domain, domain.usual_flags());
            assert_eq!((personality.domain(), personality.flags()), (domain, domain.usual_flags()));
        }
        let solaris = Personality::new(ExecutionDomain::Solaris, ExecutionDomain::Solaris.usual_flags());
        assert_eq!(solaris.bits(), 0x400_000d);
        let unknown = Personality::from_bits(0xf000_0000);
        assert_eq!(unknown.names().collect::<Vec<_>>(), ["0xf0000000"]);
        assert_eq!(unknown.with(PersonalityFlags::UNAME26).bits(), 0xf002_0000);
    }
}
