use core::{fmt, str::FromStr};

use crate::{
    set::{Number, NumberSet},
    text::{self, ParseError},
};

/// A logical CPU, by the kernel's number for it: what schedulers run threads on.
///
/// On machines with simultaneous multithreading, each hardware thread of a core is a `Cpu`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "processor")]
pub struct Cpu(u32);

/// A set of logical CPUs: an affinity, the CPUs that share a cache, those that are online.
#[doc(alias = "cpu_set_t")]
#[doc(alias = "cpumask")]
pub type CpuSet = NumberSet<Cpu>;

macro_rules! number {
    ($name:ident, $limit:literal, $noun:literal, $list:literal, $expected:literal) => {
        impl $name {
            /// One more than the largest number that this type holds.
            pub const LIMIT: u32 = $limit;

            #[doc = concat!("The ", $noun, " of this number; `None` from [`LIMIT`](Self::LIMIT) on.")]
            #[must_use]
            pub const fn new(number: u32) -> Option<Self> {
                if number < Self::LIMIT { Some(Self(number)) } else { None }
            }

            /// The kernel's number.
            #[must_use]
            pub const fn number(self) -> u32 {
                self.0
            }

            /// Reads a decimal number.
            ///
            /// # Errors
            /// Anything else, and numbers from [`LIMIT`](Self::LIMIT) on.
            pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
                let number: u64 = text::decimal(bytes)?;
                u32::try_from(number)
                    .ok()
                    .and_then(Self::new)
                    .ok_or_else(|| ParseError::expected($expected, bytes))
            }
        }

        impl Number for $name {
            const LIMIT: u32 = Self::LIMIT;
            const LIST: &'static str = $list;
            const EXPECTED: &'static str = $expected;
            fn from_index(index: u32) -> Self {
                Self(index)
            }
            fn index(self) -> u32 {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = ParseError;
            fn from_str(text: &str) -> Result<Self, ParseError> {
                Self::parse(text.as_bytes())
            }
        }

        impl From<$name> for u32 {
            fn from(value: $name) -> u32 {
                value.0
            }
        }

        impl TryFrom<u32> for $name {
            type Error = ParseError;
            fn try_from(number: u32) -> Result<Self, ParseError> {
                Self::new(number)
                    .ok_or_else(|| ParseError::expected($expected, number.to_string().as_bytes()))
            }
        }
    };
}

pub(crate) use number;

number!(Cpu, 65536, "CPU", "CPU list", "a CPU number below 65536");
