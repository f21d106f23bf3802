//! Actions and conditions as texts: what their `Display` writes.

use core::str::FromStr;

use linux_support_base::{Error, as_text};

use super::{Action, Comparison, Condition, Width};

/// Reads itself from a text, and with serde too.
macro_rules! from_text {
    ($name:ident) => {
        #[cfg(feature = "serde")]
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <std::borrow::Cow<'_, str>>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

as_text!(Action, "SeccompAction", "What happens to a system call: allow, errno 1, kill process …");
as_text!(Condition, "SeccompCondition", "A condition on an argument: int argument 0 = 0x1.");
from_text!(Action);
from_text!(Condition);

impl FromStr for Action {
    type Err = Error;

    /// Reads what `Display` writes.
    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = || {
            let accepted =
                "allow, log, notify, kill process, kill thread, or errno, trap, trace with a number";
            Error::invalid("read", format!("action {text}"), accepted)
        };
        let number = |text: &str| text.parse().map_err(|_| refused());
        Ok(match text.split_once(' ').unwrap_or((text, "")) {
            ("allow", "") => Self::Allow,
            ("log", "") => Self::Log,
            ("notify", "") => Self::Notify,
            ("kill", "process") => Self::KillProcess,
            ("kill", "thread") => Self::KillThread,
            ("errno", error) => Self::Errno(number(error)?),
            ("trap", data) => Self::Trap(number(data)?),
            ("trace", data) => Self::Trace(number(data)?),
            ("unknown", answer) => {
                Self::Unknown(hexadecimal(answer).and_then(|it| it.try_into().ok()).ok_or_else(refused)?)
            }
            _ => return Err(refused()),
        })
    }
}

/// A number with `0x`, or a decimal one.
fn hexadecimal(text: &str) -> Option<u64> {
    match text.strip_prefix("0x") {
        Some(digits) if !digits.starts_with('+') => u64::from_str_radix(digits, 16).ok(),
        Some(_) => None,
        None if text.starts_with('+') => None,
        None => text.parse().ok(),
    }
}

impl FromStr for Condition {
    type Err = Error;

    /// Reads what `Display` writes; numbers may be decimal too.
    fn from_str(text: &str) -> Result<Self, Error> {
        let refused = || {
            let accepted = "int or long, argument, its place, and =, !=, <, <=, > or >= with a number, \
                            & MASK = NUMBER, or from FIRST to LAST";
            Error::invalid("read", format!("condition {text}"), accepted)
        };
        let number = |text: &str| hexadecimal(text).ok_or_else(refused);
        let words: Vec<&str> = text.split_ascii_whitespace().collect();
        let [width, "argument", place, comparison @ ..] = &words[..] else { return Err(refused()) };
        let width = match *width {
            "int" => Width::Int,
            "long" => Width::Long,
            _ => return Err(refused()),
        };
        let comparison = match comparison {
            ["=", value] => Comparison::Equal(number(value)?),
            ["!=", value] => Comparison::NotEqual(number(value)?),
            ["<", value] => Comparison::Less(number(value)?),
            ["<=", value] => Comparison::LessOrEqual(number(value)?),
            [">", value] => Comparison::Greater(number(value)?),
            [">=", value] => Comparison::GreaterOrEqual(number(value)?),
            ["&", mask, "=", value] => Comparison::Masked { mask: number(mask)?, value: number(value)? },
            ["from", first, "to", last] => Comparison::Within { first: number(first)?, last: number(last)? },
            _ => return Err(refused()),
        };
        let place = place.parse().map_err(|_| refused())?;
        match width {
            Width::Int => Self::int(place, comparison),
            Width::Long => Self::long(place, comparison),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_that_say_nothing_are_refused() {
        for text in [
            "",
            "alow",
            "errno",
            "errno x",
            "errno 65536",
            "kill",
            "allow 1",
            "trap -1",
            "unknown 0x100000000",
        ] {
            let error = text.parse::<Action>().unwrap_err().to_string();
            assert!(error.contains("kill process"), "{error}");
        }
        for text in [
            "",
            "int",
            "int argument 0",
            "int argument 0 =",
            "int argument x = 1",
            "word argument 0 = 1",
            "int argument 0 = 0x+1",
            "int argument 0 = 1 2",
        ] {
            let error = text.parse::<Condition>().unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
        assert!("int argument 6 = 1".parse::<Condition>().is_err());
        assert_eq!("int argument 0 = 16".parse::<Condition>(), Condition::int(0, Comparison::Equal(16)));
    }

    proptest! {
        #[test]
        fn actions_come_back(answer: u32) {
            let action = Action::from_answer(answer);
            prop_assert_eq!(action.to_string().parse(), Ok(action));
        }

        #[test]
        fn conditions_come_back(argument in 0u8..6, kind in 0..8, one: u64, other: u64, long: bool) {
            let cut = |number: u64| if long { number } else { number & 0xffff_ffff };
            let (one, other) = (cut(one), cut(other));
            let comparison = match kind {
                0 => Comparison::Equal(one),
                1 => Comparison::NotEqual(one),
                2 => Comparison::Less(one),
                3 => Comparison::LessOrEqual(one),
                4 => Comparison::Greater(one),
                5 => Comparison::GreaterOrEqual(one),
                6 => Comparison::Masked { mask: one, value: one & other },
                _ => Comparison::Within { first: one.min(other), last: one.max(other) },
            };
            let condition = if long { Condition::long(argument, comparison) } else { Condition::int(argument, comparison) };
            if let Ok(condition) = condition {
                prop_assert_eq!(condition.to_string().parse(), Ok(condition));
            }
        }

        #[test]
        fn nothing_panics(text in "(int |long |argument |[0-9]{1,3} |0x|= |& |from |to |errno |trap |.){0,9}") {
            let _ = (text.parse::<Action>(), text.parse::<Condition>());
        }
    }
}
