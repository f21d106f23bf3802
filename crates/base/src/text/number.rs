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

/// A decimal number, with a minus sign where the type has one, and nothing around it.
///
/// # Errors
/// Empty text, any byte that is not a digit, or a value that the type can't hold.
#[inline]
pub fn decimal<T: Integer>(text: &[u8]) -> Result<T, ParseError> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    let mut value: u64 = 0;
    if digits.len() <= 19 {
        // 19 digits can't overflow 64 bits.
        for (index, byte) in digits.iter().enumerate() {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return Err(not_a_digit(digits, index));
            }
            value = value * 10 + u64::from(digit);
        }
    } else {
        for (index, byte) in digits.iter().enumerate() {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                return Err(not_a_digit(digits, index));
            }
            value = value
                .checked_mul(10)
                .and_then(|value| value.checked_add(u64::from(digit)))
                .ok_or_else(|| ParseError::expected(T::EXPECTED, text))?;
        }
    }
    if digits.is_empty() {
        return Err(ParseError::expected("a number", text));
    }
    T::from_parts(negative, value).ok_or_else(|| ParseError::expected(T::EXPECTED, text))
}

#[cold]
fn not_a_digit(digits: &[u8], index: usize) -> ParseError {
    ParseError::expected("a number", &digits[index..])
}

/// The decimal number with which `rest` begins; `rest` is then what follows it and the one space, tab or newline
/// after it. For lines of many numbers, which are then looked at once and not twice.
///
/// ```
/// # use linux_support_base::text::take_decimal;
/// let mut rest = &b"17 -1"[..];
/// assert_eq!((take_decimal::<u32>(&mut rest), take_decimal::<i32>(&mut rest)), (Ok(17), Ok(-1)));
/// assert!(rest.is_empty());
/// ```
///
/// # Errors
/// As for [`decimal`], and where another byte follows the digits; `rest` is then as before.
#[inline]
pub fn take_decimal<T: Integer>(rest: &mut &[u8]) -> Result<T, ParseError> {
    let text = *rest;
    // Most numbers in such lines are a single digit.
    if let [digit @ b'0'..=b'9', b' ' | b'\n', after @ ..] = text
        && let Some(number) = T::from_parts(false, u64::from(digit - b'0'))
    {
        *rest = after;
        return Ok(number);
    }
    let (value, length) = digits_before_blank(text);
    if length != 0
        && let Some(number) = T::from_parts(false, value)
        && let Some(after) = text.get(length + 1..)
    {
        *rest = after;
        return Ok(number);
    }
    take_any(rest)
}

/// The number with which `text` begins if a space, tab or newline follows it, and how many digits it has; none
/// where it is of another form, too large, or too near to the end. Eight digits are taken at once.
#[inline(never)]
fn digits_before_blank(text: &[u8]) -> (u64, usize) {
    const NONE: (u64, usize) = (0, 0);
    let (eights, _) = text.as_chunks();
    let Some(first) = eights.first() else { return NONE };
    let (mut value, mut length) = leading_digits(*first);
    if length == 8 {
        let Some(second) = eights.get(1) else { return NONE };
        let (more, count) = leading_digits(*second);
        value = value * POWERS_OF_TEN[count] + more;
        length += count;
        if count == 8 {
            let Some(third) = eights.get(2) else { return NONE };
            let (more, count) = leading_digits(*third);
            match value.checked_mul(POWERS_OF_TEN[count]).and_then(|value| value.checked_add(more)) {
                Some(longer) => value = longer,
                None => return NONE,
            }
            length += count;
        }
    }
    match text.get(length) {
        Some(b' ' | b'\t' | b'\n') => (value, length),
        _ => NONE,
    }
}

/// Any number, digit by digit.
#[inline(never)]
fn take_any<T: Integer>(rest: &mut &[u8]) -> Result<T, ParseError> {
    let text = *rest;
    let start = usize::from(text.first() == Some(&b'-'));
    let digits = text[start..].iter().position(|byte| !byte.is_ascii_digit());
    let end = digits.map_or(text.len(), |digits| start + digits);
    let after = match text.get(end) {
        Some(b' ' | b'\t' | b'\n') => &text[end + 1..],
        None => &text[end..],
        Some(_) => return Err(not_a_digit(text, end)),
    };
    let number = decimal(&text[..end])?;
    *rest = after;
    Ok(number)
}

const POWERS_OF_TEN: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// The number that the digits make with which `bytes` begin, and how many these are.
#[inline]
fn leading_digits(bytes: [u8; 8]) -> (u64, usize) {
    let digits = u64::from_le_bytes(bytes) ^ 0x3030_3030_3030_3030;
    // The high bit is set in the first byte that is no digit; carries spoil only those above it.
    let others = (digits.wrapping_add(0x7676_7676_7676_7676) | digits) & 0x8080_8080_8080_8080;
    if others == 0 {
        return (joined(digits), 8);
    }
    let bits = others.trailing_zeros() & 56;
    // What comes after the digits is shifted out; the zeros that come in stand before them.
    (joined(digits << (56 - bits) << 8), bits as usize / 8)
}

/// The number that eight digits make, of which the first is the lowest byte; `None` where one is no digit.
#[inline]
pub(super) fn eight_digits(bytes: u64) -> Option<u64> {
    match leading_digits(bytes.to_le_bytes()) {
        (value, 8) => Some(value),
        _ => None,
    }
}

/// The number that eight digits make, of which the first is the lowest byte.
#[inline]
fn joined(digits: u64) -> u64 {
    // Neighbours are joined: to pairs below 100, to fours below 10⁴, to all eight.
    let pairs = digits.wrapping_mul(10).wrapping_add(digits >> 8);
    let low = (pairs & 0x0000_00ff_0000_00ff).wrapping_mul(0x000f_4240_0000_0064);
    let high = (pairs >> 16 & 0x0000_00ff_0000_00ff).wrapping_mul(0x0000_2710_0000_0001);
    low.wrapping_add(high) >> 32
}

/// A hexadecimal number in either case, without `0x`.
///
/// # Errors
/// As for [`decimal`].
#[inline]
pub fn hexadecimal<T: Integer>(text: &[u8]) -> Result<T, ParseError> {
    let mut value: u64 = 0;
    for (index, &byte) in text.iter().enumerate() {
        let Some(digit) = hexadecimal_digit(byte) else {
            return Err(ParseError::expected("a hexadecimal number", &text[index..]));
        };
        if value >> 60 != 0 {
            return Err(ParseError::expected(T::EXPECTED, text));
        }
        value = value << 4 | u64::from(digit);
    }
    if text.is_empty() {
        return Err(ParseError::expected("a hexadecimal number", text));
    }
    T::from_parts(false, value).ok_or_else(|| ParseError::expected(T::EXPECTED, text))
}

/// Takes a hexadecimal number from the start of `rest`, up to the first byte that is no digit, which stays there.
///
/// ```
/// # use linux_support_base::text::take_hexadecimal;
/// let mut rest = &b"7fff0a-"[..];
/// assert_eq!(take_hexadecimal(&mut rest), Ok(0x7fff0a));
/// assert_eq!(rest, b"-");
/// ```
///
/// # Errors
/// No digit, or more than 64 bits; `rest` is then as before.
#[inline]
pub fn take_hexadecimal(rest: &mut &[u8]) -> Result<u64, ParseError> {
    let text = *rest;
    let (mut value, mut digits) = (0u64, 0);
    for &byte in text {
        let Some(digit) = hexadecimal_digit(byte) else { break };
        value = value << 4 | u64::from(digit);
        digits += 1;
    }
    match digits {
        0 => Err(ParseError::expected("a hexadecimal number", text)),
        // What is longer may have lost digits: read it again with care.
        17.. => {
            value = hexadecimal(&text[..digits])?;
            *rest = &text[digits..];
            Ok(value)
        }
        _ => {
            *rest = &text[digits..];
            Ok(value)
        }
    }
}

#[inline]
pub(crate) const fn hexadecimal_digit(byte: u8) -> Option<u8> {
    const TABLE: [u8; 256] = {
        let mut table = [0xff; 256];
        let mut digit = 0u8;
        while digit < 16 {
            table[b"0123456789abcdef"[digit as usize] as usize] = digit;
            table[b"0123456789ABCDEF"[digit as usize] as usize] = digit;
            digit += 1;
        }
        table
    };
    match TABLE[byte as usize] {
        0xff => None,
        digit => Some(digit),
    }
}

/// A hexadecimal number that must begin with `0x`, as sysfs writes PCI identifiers.
///
/// # Errors
/// As for [`decimal`], and where `0x` is missing.
pub fn prefixed_hexadecimal<T: Integer>(text: &[u8]) -> Result<T, ParseError> {
    match text {
        [b'0', b'x' | b'X', digits @ ..] => hexadecimal(digits),
        _ => Err(ParseError::expected("a hexadecimal number after 0x", text)),
    }
}

/// An octal number, with or without leading zeros.
///
/// # Errors
/// As for [`decimal`].
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

    #[test]
    fn numbers_are_taken_one_after_the_other() {
        let mut rest = &b"18446744073709551615 0\n-5\t00000000000000000000000000007 x"[..];
        assert_eq!(take_decimal::<u64>(&mut rest), Ok(u64::MAX));
        assert_eq!(take_decimal::<u8>(&mut rest), Ok(0));
        assert_eq!(take_decimal::<i64>(&mut rest), Ok(-5));
        assert_eq!(take_decimal::<u64>(&mut rest), Ok(7));
        assert!(take_decimal::<u64>(&mut rest).is_err());
        assert_eq!(rest, b"x");
    }

    proptest! {
        #[test]
        fn digits_are_told_from_what_follows(bytes in prop::array::uniform8(0x2du8..0x3d), any: [u8; 8]) {
            for bytes in [bytes, any] {
                let count = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
                let value = bytes[..count].iter().fold(0, |value, byte| value * 10 + u64::from(byte - b'0'));
                prop_assert_eq!(leading_digits(bytes), (value, count));
            }
        }

        #[test]
        fn taking_agrees_with_reading(number in "-?[0-9]{0,22}", end in "[ \t\n]?") {
            let text = format!("{number}{end}");
            let mut rest = text.as_bytes();
            prop_assert_eq!(take_decimal::<u64>(&mut rest).ok(), decimal(number.as_bytes()).ok());
            let mut rest = text.as_bytes();
            prop_assert_eq!(take_decimal::<i64>(&mut rest).ok(), decimal(number.as_bytes()).ok());
            prop_assert_eq!(rest.is_empty(), decimal::<i64>(number.as_bytes()).is_ok() || text.is_empty());
        }

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
