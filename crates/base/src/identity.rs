use core::{fmt, num::NonZeroU32, str::FromStr};

use crate::text::{self, ParseError};

/// The number of a process or of a thread, in the process-number namespace of whoever reads it: above 0.
///
/// The number alone does not make an identity: after a process has ended and was waited for, another one may
/// get it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "pid_t")]
#[doc(alias = "TID")]
pub struct Pid(NonZeroU32);

impl Pid {
    /// The first process of a process-number namespace: of the machine itself, as a rule.
    pub const INIT: Self = Self(NonZeroU32::MIN);

    /// The process of this number; `None` from 0 down, which the kernel uses for "none" and for groups.
    #[must_use]
    pub const fn new(number: i32) -> Option<Self> {
        if number < 0 {
            return None;
        }
        match NonZeroU32::new(number as u32) {
            Some(number) => Some(Self(number)),
            None => None,
        }
    }

    /// The kernel's number.
    #[must_use]
    pub const fn number(self) -> i32 {
        self.0.get() as i32
    }

    /// Reads a decimal number above 0.
    ///
    /// # Errors
    /// Anything else.
    #[inline]
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        Self::parse_optional(bytes)?.ok_or_else(|| ParseError::expected("a process number above 0", bytes))
    }

    /// Reads a decimal number, where 0 and -1 mean that there is none: a parent outside of the namespace, a
    /// terminal without a foreground group.
    ///
    /// # Errors
    /// Anything else.
    #[inline]
    pub fn parse_optional(bytes: &[u8]) -> Result<Option<Self>, ParseError> {
        match text::decimal::<i32>(bytes)? {
            ..-1 => Err(ParseError::expected("a process number, 0 or -1", bytes)),
            number => Ok(Self::new(number)),
        }
    }
}

macro_rules! common {
    ($name:ident) => {
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl FromStr for $name {
            type Err = ParseError;
            fn from_str(text: &str) -> Result<Self, ParseError> {
                Self::parse(text.as_bytes())
            }
        }
    };
}

common!(Pid);

impl From<Pid> for i32 {
    fn from(pid: Pid) -> i32 {
        pid.number()
    }
}

impl TryFrom<i32> for Pid {
    type Error = ParseError;
    fn try_from(number: i32) -> Result<Self, ParseError> {
        Self::new(number)
            .ok_or_else(|| ParseError::expected("a process number above 0", number.to_string().as_bytes()))
    }
}

macro_rules! account {
    ($name:ident, $doc:literal, $alias:literal) => {
        #[doc = $doc]
        ///
        /// The kernel's "none" (all bits set, which `chown(2)` takes for "leave it") is no id of anyone: see
        /// [`is_none`](Self::is_none).
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[doc(alias = $alias)]
        pub struct $name(u32);

        impl $name {
            /// The superuser's.
            pub const ROOT: Self = Self(0);

            /// The id of this number.
            #[must_use]
            pub const fn new(number: u32) -> Self {
                Self(number)
            }

            /// The kernel's number.
            #[must_use]
            pub const fn number(self) -> u32 {
                self.0
            }

            /// Whether this is the number that means "none".
            #[must_use]
            pub const fn is_none(self) -> bool {
                self.0 == u32::MAX
            }

            /// Reads a decimal number.
            ///
            /// # Errors
            /// Anything else.
            #[inline]
            pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
                text::decimal(bytes).map(Self)
            }
        }

        common!($name);

        impl From<u32> for $name {
            fn from(number: u32) -> Self {
                Self(number)
            }
        }

        impl From<$name> for u32 {
            fn from(id: $name) -> u32 {
                id.0
            }
        }
    };
}

account!(UserId, "The number of a user.", "uid_t");
account!(GroupId, "The number of a group of users.", "gid_t");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_number_is_above_zero() {
        assert_eq!(Pid::parse(b"1"), Ok(Pid::INIT));
        assert_eq!(Pid::parse(b"2147483647").unwrap().number(), i32::MAX);
        for text in ["0", "-1", "", "2147483648", "1x", "+1"] {
            assert!(Pid::parse(text.as_bytes()).is_err(), "{text}");
        }
        assert_eq!((Pid::new(0), Pid::new(-1), Pid::new(i32::MIN)), (None, None, None));
        assert_eq!("4194304".parse::<Pid>().unwrap().to_string(), "4194304");
    }

    #[test]
    fn zero_and_minus_one_mean_none_where_that_is_allowed() {
        assert_eq!(Pid::parse_optional(b"0"), Ok(None));
        assert_eq!(Pid::parse_optional(b"-1"), Ok(None));
        assert_eq!(Pid::parse_optional(b"7"), Ok(Pid::new(7)));
        assert!(Pid::parse_optional(b"-2").is_err());
    }

    #[test]
    fn an_optional_process_number_is_no_larger() {
        assert_eq!(size_of::<Option<Pid>>(), 4);
    }

    #[test]
    fn the_id_that_means_none_is_told() {
        assert!(UserId::parse(b"4294967295").unwrap().is_none());
        assert!(!UserId::ROOT.is_none());
        assert!(GroupId::parse(b"4294967296").is_err());
        assert_eq!(GroupId::new(27).to_string(), "27");
    }
}
