use core::fmt;

use linux_support_base::Error;

/// Which of the six arguments of a system call, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ArgumentIndex(u8);

impl ArgumentIndex {
    /// The argument at this place, from 0 to 5.
    ///
    /// # Errors
    /// System calls have no more than six arguments.
    pub fn new(index: u8) -> Result<Self, Error> {
        if index < 6 {
            return Ok(Self(index));
        }
        Err(Error::invalid("take", format!("argument {index}"), "0 to 5"))
    }

    /// Its place, from 0.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// How much of an argument the kernel looks at.
///
/// A register has 64 bits. Of an `int`, a file descriptor or an `unsigned int` the kernel takes the lower 32, whatever
/// a program has put above them: so a filter that compares all 64 is walked around by setting one of those. Of
/// addresses, lengths and `unsigned long` flags it takes all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Width {
    /// The lower 32 bits: `int`, `unsigned int`, file descriptors, identifiers.
    Int,
    /// All 64 bits: addresses, `size_t`, `long`.
    Long,
}

/// What an argument must be. Numbers are without sign: -1 of 32 bits is `0xffff_ffff`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Comparison {
    /// This number.
    Equal(u64),
    /// Any but this.
    NotEqual(u64),
    /// Below this.
    Less(u64),
    /// This or below.
    LessOrEqual(u64),
    /// Above this.
    Greater(u64),
    /// This or above.
    GreaterOrEqual(u64),
    /// Its bits under `mask` are those of `value`.
    Masked {
        /// The bits that count.
        mask: u64,
        /// What they must be.
        value: u64,
    },
    /// From `first` to `last`.
    Within {
        /// The least.
        first: u64,
        /// The greatest.
        last: u64,
    },
}

impl Comparison {
    /// Only these bits may be set: for flags.
    #[must_use]
    pub const fn only_bits(bits: u64) -> Self {
        Self::Masked { mask: !bits, value: 0 }
    }

    /// Whether it holds for a number.
    #[must_use]
    pub const fn holds(self, number: u64) -> bool {
        match self {
            Self::Equal(value) => number == value,
            Self::NotEqual(value) => number != value,
            Self::Less(value) => number < value,
            Self::LessOrEqual(value) => number <= value,
            Self::Greater(value) => number > value,
            Self::GreaterOrEqual(value) => number >= value,
            Self::Masked { mask, value } => number & mask == value,
            Self::Within { first, last } => first <= number && number <= last,
        }
    }
}

/// A condition on one argument of a call.
///
/// Only numbers can be looked at: what an address points to may change after it was checked, and the kernel lets no
/// filter see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Condition {
    argument: ArgumentIndex,
    width: Width,
    comparison: Comparison,
}

impl Condition {
    /// A condition on an argument of which the kernel takes 32 bits: see [`Width::Int`].
    ///
    /// # Errors
    /// There is no such argument, a number has more than 32 bits, or nothing can be so.
    pub fn int(argument: u8, comparison: Comparison) -> Result<Self, Error> {
        Self::new(argument, Width::Int, comparison)
    }

    /// A condition on an argument of which the kernel takes 64 bits: see [`Width::Long`].
    ///
    /// # Errors
    /// There is no such argument, or nothing can be so.
    pub fn long(argument: u8, comparison: Comparison) -> Result<Self, Error> {
        Self::new(argument, Width::Long, comparison)
    }

    fn new(argument: u8, width: Width, comparison: Comparison) -> Result<Self, Error> {
        let argument = ArgumentIndex::new(argument)?;
        let comparison = match (width, comparison) {
            // A mask of all but some bits is as long as its argument.
            (Width::Int, Comparison::Masked { mask, value }) if mask >> 32 == u64::from(u32::MAX) => {
                Comparison::Masked { mask: mask & u64::from(u32::MAX), value }
            }
            _ => comparison,
        };
        let condition = Self { argument, width, comparison };
        let refused = |what: &str| Err(Error::invalid("compare", condition.to_string(), what));
        let greatest = match width {
            Width::Int => u64::from(u32::MAX),
            Width::Long => u64::MAX,
        };
        let (numbers, impossible) = match comparison {
            Comparison::Equal(value) | Comparison::NotEqual(value) => ([value, 0], false),
            Comparison::LessOrEqual(value) | Comparison::GreaterOrEqual(value) => ([value, 0], false),
            Comparison::Less(value) => ([value, 0], value == 0),
            Comparison::Greater(value) => ([value, 0], value == greatest),
            Comparison::Masked { mask, value } => ([mask, value], value & !mask != 0),
            Comparison::Within { first, last } => ([first, last], first > last),
        };
        if numbers.iter().any(|&number| number > greatest) {
            return refused("numbers of 32 bits, since the kernel takes no more of it");
        }
        if impossible {
            return refused("something that can be: this never holds");
        }
        Ok(condition)
    }

    /// Which argument it is about.
    #[must_use]
    pub const fn argument(self) -> ArgumentIndex {
        self.argument
    }

    /// How much of it counts.
    #[must_use]
    pub const fn width(self) -> Width {
        self.width
    }

    /// What it must be.
    #[must_use]
    pub const fn comparison(self) -> Comparison {
        self.comparison
    }

    /// Whether it holds for these arguments.
    #[must_use]
    pub const fn holds(self, arguments: &[u64; 6]) -> bool {
        let number = arguments[self.argument.index()];
        self.comparison.holds(match self.width {
            Width::Int => number & u32::MAX as u64,
            Width::Long => number,
        })
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = match self.width {
            Width::Int => "int",
            Width::Long => "long",
        };
        write!(f, "{width} argument {}", self.argument.0)?;
        match self.comparison {
            Comparison::Equal(value) => write!(f, " = {value:#x}"),
            Comparison::NotEqual(value) => write!(f, " != {value:#x}"),
            Comparison::Less(value) => write!(f, " < {value:#x}"),
            Comparison::LessOrEqual(value) => write!(f, " <= {value:#x}"),
            Comparison::Greater(value) => write!(f, " > {value:#x}"),
            Comparison::GreaterOrEqual(value) => write!(f, " >= {value:#x}"),
            Comparison::Masked { mask, value } => write!(f, " & {mask:#x} = {value:#x}"),
            Comparison::Within { first, last } => write!(f, " from {first:#x} to {last:#x}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_holds_is_refused() {
        for comparison in [
            Comparison::Less(0),
            Comparison::Greater(u64::from(u32::MAX)),
            Comparison::Masked { mask: 1, value: 2 },
            Comparison::Within { first: 2, last: 1 },
        ] {
            let error = Condition::int(0, comparison).unwrap_err().to_string();
            assert!(error.contains("argument 0"), "{error}");
        }
        assert!(Condition::int(6, Comparison::Equal(0)).is_err());
        assert!(Condition::int(0, Comparison::Equal(1 << 32)).unwrap_err().to_string().contains("32 bits"));
        assert!(Condition::long(0, Comparison::Equal(1 << 32)).is_ok());
    }

    #[test]
    fn an_int_is_its_lower_half() {
        let condition = Condition::int(1, Comparison::Equal(5)).unwrap();
        assert!(condition.holds(&[0, 0xdead_0000_0005, 0, 0, 0, 0]));
        let condition = Condition::long(1, Comparison::Equal(5)).unwrap();
        assert!(!condition.holds(&[0, 0xdead_0000_0005, 0, 0, 0, 0]));
        let flags = Condition::int(2, Comparison::only_bits(6)).unwrap();
        assert!(flags.holds(&[0, 0, 4, 0, 0, 0]) && !flags.holds(&[0, 0, 5, 0, 0, 0]));
    }
}
