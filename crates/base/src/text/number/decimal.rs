use super::Integer;
use crate::text::ParseError;

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
/// As for [`decimal`](crate::text::decimal()), and where another byte follows the digits; `rest` is then as before.
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
    let Some((first, text)) = text.split_first_chunk() else { return NONE };
    let (value, count) = leading_digits(*first);
    if count < 8 {
        return if is_blank(*first, count) { (value, count) } else { NONE };
    }
    let Some((second, text)) = text.split_first_chunk() else { return NONE };
    let (more, count) = leading_digits(*second);
    let value = value * POWERS_OF_TEN[count] + more;
    if count < 8 {
        return if is_blank(*second, count) { (value, 8 + count) } else { NONE };
    }
    let Some(third) = text.first_chunk() else { return NONE };
    let (more, count) = leading_digits(*third);
    match value.checked_mul(POWERS_OF_TEN[count]).and_then(|value| value.checked_add(more)) {
        Some(value) if count < 8 && is_blank(*third, count) => (value, 16 + count),
        _ => NONE,
    }
}

/// Takes a decimal number of up to seven digits, and the byte `end` after it, from the start of `rest`.
///
/// `None` means only that it must be read another way: it is of another form, or too near to the end of the text.
/// `rest` is then as before.
///
/// ```
/// # use linux_support_base::text::take_short_decimal;
/// let mut rest = &b"254:0 / /"[..];
/// assert_eq!(take_short_decimal(&mut rest, b':'), Some(254));
/// assert_eq!(take_short_decimal(&mut rest, b' '), None);
/// assert_eq!(rest, b"0 / /");
/// ```
#[inline]
#[must_use]
pub fn take_short_decimal(rest: &mut &[u8], end: u8) -> Option<u32> {
    let first = rest.first_chunk()?;
    let (value, count) = leading_digits(*first);
    if count == 0 || count == 8 || (u64::from_le_bytes(*first) >> (8 * count)) as u8 != end {
        return None;
    }
    *rest = &rest[count + 1..];
    Some(value as u32)
}

/// Whether the byte `at` of these (below 8) is a space, tab or newline.
#[inline]
fn is_blank(bytes: [u8; 8], at: usize) -> bool {
    matches!((u64::from_le_bytes(bytes) >> (8 * at)) as u8, b' ' | b'\t' | b'\n')
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
pub(in crate::text) fn eight_digits(bytes: u64) -> Option<u64> {
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

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
        fn short_numbers_agree_with_long_ones(number in "[0-9]{0,9}", end in "[ :x]", after in "[0-9 ]{0,9}") {
            let text = format!("{number}{end}{after}");
            let mut rest = text.as_bytes();
            match take_short_decimal(&mut rest, b':') {
                Some(value) => {
                    prop_assert_eq!((decimal(number.as_bytes()), end.as_str()), (Ok(value), ":"));
                    prop_assert_eq!(rest, after.as_bytes());
                }
                None => {
                    prop_assert!(end != ":" || !(1..8).contains(&number.len()) || text.len() < 8);
                    prop_assert_eq!(rest, text.as_bytes());
                }
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
    }
}
