mod decimal;
mod hexadecimal;

pub(super) use decimal::eight_digits;
pub use decimal::{decimal, take_decimal, take_short_decimal};
pub(crate) use hexadecimal::hexadecimal_digit;
pub use hexadecimal::{hexadecimal, hexadecimal_digits, prefixed_hexadecimal, take_hexadecimal};

use super::ParseError;

mod sealed {
    pub trait Sealed {}
}

/// The integers that the kernel writes.
pub trait Integer: Copy + sealed::Sealed {
    #[doc(hidden)]
    const EXPECTED: &'static str;
    #[doc(hidden)]
    fn from_parts(negative: bool, magnitude: u64) -> Option<Self>;
}

macro_rules! integers {
    ($($integer:ident $expected:literal,)*) => {$(
        impl sealed::Sealed for $integer {}
        impl Integer for $integer {
            const EXPECTED: &'static str = $expected;
            #[inline]
            fn from_parts(negative: bool, magnitude: u64) -> Option<Self> {
                if negative {
                    0i128.checked_sub(i128::from(magnitude))?.try_into().ok()
                } else {
                    magnitude.try_into().ok()
                }
            }
        }
    )*};
}

integers! {
    u8 "a number from 0 to 255",
    u16 "a number from 0 to 65535",
    u32 "a number from 0 to 4294967295",
    u64 "a number from 0 to 18446744073709551615",
    usize "a number from 0 to 18446744073709551615",
    i8 "a number from -128 to 127",
    i16 "a number from -32768 to 32767",
    i32 "a number from -2147483648 to 2147483647",
    i64 "a number from -9223372036854775808 to 9223372036854775807",
}

/// An octal number, with or without leading zeros.
///
/// # Errors
/// As for [`decimal`](decimal()).
pub fn octal<T: Integer>(text: &[u8]) -> Result<T, ParseError> {
    let mut value: u64 = 0;
    for (index, byte) in text.iter().enumerate() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 7 {
            return Err(ParseError::expected("an octal number", &text[index..]));
        }
        if value >> 61 != 0 {
            return Err(ParseError::expected(T::EXPECTED, text));
        }
        value = value << 3 | u64::from(digit);
    }
    if text.is_empty() {
        return Err(ParseError::expected("an octal number", text));
    }
    T::from_parts(false, value).ok_or_else(|| ParseError::expected(T::EXPECTED, text))
}

/// A truth value as sysfs and procfs write them: `1` or `0`, `Y` or `N`.
///
/// # Errors
/// Any other text.
pub fn boolean(text: &[u8]) -> Result<bool, ParseError> {
    match text {
        b"1" | b"Y" | b"y" => Ok(true),
        b"0" | b"N" | b"n" => Ok(false),
        _ => Err(ParseError::expected("1, Y, 0 or N", text)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_limits_of_each_type_are_kept() {
        assert_eq!(decimal::<u64>(b"18446744073709551615"), Ok(u64::MAX));
        assert!(decimal::<u64>(b"18446744073709551616").is_err());
        assert_eq!(decimal::<i64>(b"-9223372036854775808"), Ok(i64::MIN));
        assert!(decimal::<i64>(b"9223372036854775808").is_err());
        assert!(decimal::<u8>(b"256").is_err());
        assert!(decimal::<u8>(b"-1").is_err());
        assert_eq!(hexadecimal::<u64>(b"ffffFFFFffffffff"), Ok(u64::MAX));
        assert!(hexadecimal::<u64>(b"10000000000000000").is_err());
        assert_eq!(octal::<u64>(b"1777777777777777777777"), Ok(u64::MAX));
        assert!(octal::<u64>(b"2000000000000000000000").is_err());
    }

    #[test]
    fn an_error_names_the_range_and_the_text() {
        let error = decimal::<u16>(b"65536").unwrap_err();
        assert_eq!(error.to_string(), r#""65536": expected a number from 0 to 65535"#);
    }

    #[test]
    fn signs_spaces_and_emptiness_are_not_numbers() {
        for text in [&b""[..], b"-", b"+1", b" 1", b"1 ", b"1\n", b"0x1", b"1a", b"\xff"] {
            assert!(decimal::<i64>(text).is_err(), "{text:?}");
        }
        for text in [&b""[..], b"0x1", b"g", b"-1"] {
            assert!(hexadecimal::<u64>(text).is_err(), "{text:?}");
        }
        assert!(octal::<u32>(b"8").is_err());
    }

    #[test]
    fn leading_zeros_are_kept_out_of_the_value() {
        assert_eq!(decimal::<u8>(b"0000000000000000000000007"), Ok(7));
    }

    proptest! {
        #[test]
        fn every_number_comes_back(value: i64, unsigned: u64) {
            prop_assert_eq!(decimal::<i64>(value.to_string().as_bytes()), Ok(value));
            prop_assert_eq!(decimal::<u64>(unsigned.to_string().as_bytes()), Ok(unsigned));
            prop_assert_eq!(hexadecimal::<u64>(format!("{unsigned:x}").as_bytes()), Ok(unsigned));
            prop_assert_eq!(prefixed_hexadecimal::<u64>(format!("{unsigned:#X}").replace("0X", "0x").as_bytes()), Ok(unsigned));
            prop_assert_eq!(octal::<u64>(format!("{unsigned:o}").as_bytes()), Ok(unsigned));
        }

        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = take_decimal::<i64>(&mut &text[..]);
            let _ = (decimal::<i32>(&text), hexadecimal::<u16>(&text), octal::<u8>(&text), boolean(&text));
        }
    }
}
