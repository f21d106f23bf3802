//! Sizes as the kernel writes and takes them.

use super::{ParseError, decimal};
use crate::Bytes;

/// A size in the form `16314716 kB`, in which `kB` means 1,024 bytes.
///
/// # Errors
/// A missing or other unit, a malformed number, or more than 2⁶⁴−1 bytes.
#[inline]
pub fn kibibytes(text: &[u8]) -> Result<Bytes, ParseError> {
    let number = text.strip_suffix(b" kB").ok_or_else(|| ParseError::expected("a number of kB", text))?;
    decimal::<u64>(number.trim_ascii_start())?
        .checked_mul(1024)
        .map(Bytes::new)
        .ok_or_else(|| ParseError::expected("a number of kB below 2⁵⁴", text))
}

/// A size with the suffixes that boot parameters, mount options and sysfs take: `K`, `M`, `G`, `T`, `P`, `E`,
/// each 1,024 times the one before, in either case, and also spelled `KiB` or `KB`; bare numbers are bytes.
///
/// # Errors
/// Any other suffix, a malformed number, or more than 2⁶⁴−1 bytes.
pub fn bytes_with_suffix(text: &[u8]) -> Result<Bytes, ParseError> {
    let digits = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let (number, suffix) = text.split_at(digits);
    let suffix = suffix.trim_ascii_start();
    let shift = match suffix.first().map(u8::to_ascii_uppercase) {
        None | Some(b'B') => 0,
        Some(b'K') => 10,
        Some(b'M') => 20,
        Some(b'G') => 30,
        Some(b'T') => 40,
        Some(b'P') => 50,
        Some(b'E') => 60,
        Some(_) => return Err(ParseError::expected("one of K, M, G, T, P, E", suffix).quoting(text)),
    };
    let unit = match suffix {
        [] | [_] | [_, b'B' | b'b'] | [_, b'i', b'B'] if shift != 0 => true,
        [] | [b'B' | b'b'] => true,
        _ => false,
    };
    if !unit {
        return Err(ParseError::expected("one of K, M, G, T, P, E", suffix).quoting(text));
    }
    let number: u64 = decimal(number)?;
    number
        .checked_mul(1 << shift)
        .map(Bytes::new)
        .ok_or_else(|| ParseError::expected("a size below 16 EiB", text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_every_suffix_are_read() {
        assert_eq!(bytes_with_suffix(b"0"), Ok(Bytes::new(0)));
        assert_eq!(bytes_with_suffix(b"48K"), Ok(Bytes::new(48 << 10)));
        assert_eq!(bytes_with_suffix(b"2m"), Ok(Bytes::new(2 << 20)));
        assert_eq!(bytes_with_suffix(b"1 GiB"), Ok(Bytes::new(1 << 30)));
        assert_eq!(bytes_with_suffix(b"15E"), Ok(Bytes::new(15 << 60)));
        for text in [&b""[..], b"K", b"1Z", b"1KK", b"-1", b"16E", b"1BB"] {
            assert!(bytes_with_suffix(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn kib_that_overflow_are_refused() {
        assert_eq!(kibibytes(b"    912 kB"), Ok(Bytes::new(912 << 10)));
        assert!(kibibytes(b"18446744073709551615 kB").is_err());
        assert!(kibibytes(b"912").is_err());
    }
}
