use super::Integer;
use crate::text::ParseError;

/// A hexadecimal number in either case, without `0x`.
///
/// # Errors
/// As for [`decimal`](crate::text::decimal()).
#[inline]
pub fn hexadecimal<T: Integer>(text: &[u8]) -> Result<T, ParseError> {
    let (eights, last) = text.as_chunks();
    let mut value: u64 = 0;
    if eights.len() < 2 || eights.len() == 2 && last.is_empty() {
        // 16 digits can't overflow 64 bits.
        for (index, eight) in eights.iter().enumerate() {
            let (more, 8) = leading_digits(*eight) else { return Err(not_a_digit(&text[8 * index..])) };
            value = value << 32 | more;
        }
        for &byte in last {
            let Some(digit) = hexadecimal_digit(byte) else { return Err(not_a_digit(last)) };
            value = value << 4 | u64::from(digit);
        }
    } else {
        for &byte in text {
            let Some(digit) = hexadecimal_digit(byte) else { return Err(not_a_digit(text)) };
            if value >> 60 != 0 {
                return Err(ParseError::expected(T::EXPECTED, text));
            }
            value = value << 4 | u64::from(digit);
        }
    }
    if text.is_empty() {
        return Err(not_a_digit(text));
    }
    T::from_parts(false, value).ok_or_else(|| ParseError::expected(T::EXPECTED, text))
}

/// The error for the first byte of `text` that is no digit, or for there being none at all.
#[cold]
fn not_a_digit(text: &[u8]) -> ParseError {
    let at = text.iter().position(|&byte| hexadecimal_digit(byte).is_none()).unwrap_or(0);
    ParseError::expected("a hexadecimal number", &text[at..])
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
    if let Some((first, after)) = text.split_first_chunk() {
        let (value, count) = leading_digits(*first);
        if count < 8 {
            if count != 0 {
                *rest = &text[count..];
                return Ok(value);
            }
        } else if let Some(second) = after.first_chunk() {
            let (more, count) = leading_digits(*second);
            if count < 8 {
                *rest = &after[count..];
                return Ok(value << (4 * count) | more);
            }
        }
    }
    take_any(rest)
}

/// A number of any length, digit by digit.
#[inline(never)]
fn take_any(rest: &mut &[u8]) -> Result<u64, ParseError> {
    let text = *rest;
    let digits = text.iter().position(|&byte| hexadecimal_digit(byte).is_none()).unwrap_or(text.len());
    if digits == 0 {
        return Err(ParseError::expected("a hexadecimal number", text));
    }
    let value = hexadecimal(&text[..digits])?;
    *rest = &text[digits..];
    Ok(value)
}

/// The number that 32 hexadecimal digits make, in either case; `None` where one is no digit. For texts with columns:
/// the digits of several fields are put together and read at once, without looking for where each of them ends.
///
/// ```
/// # use linux_support_base::text::hexadecimal_digits;
/// assert_eq!(hexadecimal_digits(*b"00000000000000000000000000400000"), Some(0x40_0000));
/// assert_eq!(hexadecimal_digits(*b"0000000000000000000000000040000-"), None);
/// ```
#[inline]
#[must_use]
pub fn hexadecimal_digits(digits: [u8; 32]) -> Option<u128> {
    // Written without branches, so that the compiler makes it a few operations on vectors.
    let (mut values, mut others) = ([0; 32], false);
    for (value, digit) in values.iter_mut().zip(digits) {
        let decimal = digit.wrapping_sub(b'0');
        let letter = (digit | 0x20).wrapping_sub(b'a');
        *value = if decimal < 10 { decimal } else { letter.wrapping_add(10) };
        others |= decimal >= 10 && letter >= 6;
    }
    let mut bytes = [0; 16];
    for (byte, [high, low]) in bytes.iter_mut().zip(values.as_chunks().0) {
        *byte = high << 4 | low;
    }
    (!others).then_some(u128::from_be_bytes(bytes))
}

/// The number that the digits make with which `bytes` begin, and how many these are.
#[inline]
const fn leading_digits(bytes: [u8; 8]) -> (u64, usize) {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    let bytes = u64::from_le_bytes(bytes);
    let low = bytes & !HIGH;
    // Below 10 for digits, and from 1 to 6 for letters in either case; no sum carries into the next byte.
    let decimal = low ^ (0x30 * ONES);
    let letter = (low | (0x20 * ONES)) ^ (0x60 * ONES);
    let no_decimal = decimal + 0x76 * ONES;
    let no_letter = (letter + 0x79 * ONES) | (HIGH - letter);
    let others = (no_decimal & no_letter | bytes) & HIGH;
    let values = (bytes & (0x0f * ONES)) + 9 * (bytes >> 6 & ONES);
    if others == 0 {
        return (joined(values), 8);
    }
    let bits = others.trailing_zeros() & 56;
    // What comes after the digits is shifted out; the zeros that come in stand before them.
    (joined(values << (56 - bits) << 8), bits as usize / 8)
}

/// The number that eight digits make, of which the first is the lowest byte.
#[inline]
const fn joined(digits: u64) -> u64 {
    // Neighbours are joined: to bytes, to pairs of bytes, to all four.
    let digits = digits.swap_bytes();
    let bytes = (digits | digits >> 4) & 0x00ff_00ff_00ff_00ff;
    let pairs = (bytes | bytes >> 8) & 0x0000_ffff_0000_ffff;
    (pairs | pairs >> 16) & 0xffff_ffff
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
/// As for [`decimal`](crate::text::decimal()), and where `0x` is missing.
pub fn prefixed_hexadecimal<T: Integer>(text: &[u8]) -> Result<T, ParseError> {
    match text {
        [b'0', b'x' | b'X', digits @ ..] => hexadecimal(digits),
        _ => Err(ParseError::expected("a hexadecimal number after 0x", text)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sixteen_digits_are_taken_and_seventeen_refused() {
        let mut rest = &b"ffffffffff600000-ffffFFFFffffffff "[..];
        assert_eq!(take_hexadecimal(&mut rest), Ok(0xffff_ffff_ff60_0000));
        assert_eq!(rest, b"-ffffFFFFffffffff ");
        rest = &rest[1..];
        assert_eq!(take_hexadecimal(&mut rest), Ok(u64::MAX));
        let mut rest = &b"10000000000000000 "[..];
        assert!(take_hexadecimal(&mut rest).is_err());
        assert_eq!(rest.len(), 18);
    }

    #[test]
    fn an_error_begins_at_the_first_byte_that_is_no_digit() {
        let error = hexadecimal::<u64>(b"0123456789xy").unwrap_err();
        assert_eq!(error.to_string(), r#""xy": expected a hexadecimal number"#);
        let error = hexadecimal::<u64>(b"01x").unwrap_err();
        assert_eq!(error.to_string(), r#""x": expected a hexadecimal number"#);
    }

    proptest! {
        #[test]
        fn digits_are_told_from_what_follows(
            bytes in prop::array::uniform8(prop::sample::select(b"09afAF/:@G`g\x10\x19\xb0\xe1".to_vec())),
            any: [u8; 8],
        ) {
            for bytes in [bytes, any] {
                let count = bytes.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
                let text = std::str::from_utf8(&bytes[..count]).unwrap();
                let value = if count == 0 { 0 } else { u64::from_str_radix(text, 16).unwrap() };
                prop_assert_eq!(leading_digits(bytes), (value, count));
            }
        }

        #[test]
        fn columns_agree_with_reading(number: u128, at in 0usize..32, byte: u8, upper: bool) {
            let text = if upper { format!("{number:032X}") } else { format!("{number:032x}") };
            let mut digits: [u8; 32] = text.into_bytes().try_into().unwrap();
            prop_assert_eq!(hexadecimal_digits(digits), Some(number));
            digits[at] = byte;
            prop_assert_eq!(hexadecimal_digits(digits).is_some(), byte.is_ascii_hexdigit());
        }

        #[test]
        fn taking_agrees_with_reading(number in "[0-9a-fA-F]{0,19}", end in "([ -]|g.{0,10})?") {
            let text = format!("{number}{end}");
            let mut rest = text.as_bytes();
            let taken = take_hexadecimal(&mut rest);
            prop_assert_eq!(taken.clone().ok(), hexadecimal(number.as_bytes()).ok());
            prop_assert_eq!(rest.len(), if taken.is_ok() { end.len() } else { text.len() });
        }
    }
}
