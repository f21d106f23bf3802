//! The escapes with which the kernel keeps a name on one line.

use std::borrow::Cow;

use super::{number::hexadecimal_digit, split::find_near};

/// Undoes the octal escapes of mountinfo, `/proc/mounts`, `/proc/swaps` and fdinfo (`\040` for a space,
/// `\011` tab, `\012` newline, `\134` backslash; any `\ooo` below 256 is understood).
///
/// A backslash that no three octal digits follow stands for itself, as the kernel's own readers have it.
///
/// ```
/// # use linux_support_base::text::unescape_octal;
/// assert_eq!(&*unescape_octal(br"/mnt/a\040b"), b"/mnt/a b");
/// ```
#[must_use]
pub fn unescape_octal(text: &[u8]) -> Cow<'_, [u8]> {
    unescape(text, |after| match after {
        [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] => {
            Some(((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'), 3))
        }
        _ => None,
    })
}

/// Undoes the escapes of `Name:` in `/proc/PID/status`: `\n` for a newline and `\\` for a backslash, and the
/// other C escapes that the kernel's `ESCAPE_SPACE` may write.
#[must_use]
pub fn unescape_name(text: &[u8]) -> Cow<'_, [u8]> {
    unescape(text, |after| {
        let byte = match after.first()? {
            b'n' => b'\n',
            b't' => b'\t',
            b'r' => b'\r',
            b'v' => 0x0b,
            b'f' => 0x0c,
            b'\\' => b'\\',
            _ => return None,
        };
        Some((byte, 1))
    })
}

/// Undoes the hexadecimal escapes (`\x20`) of udev's and systemd's names.
#[must_use]
pub fn unescape_hexadecimal(text: &[u8]) -> Cow<'_, [u8]> {
    unescape(text, |after| match after {
        [b'x', high, low, ..] => Some((hexadecimal_digit(*high)? << 4 | hexadecimal_digit(*low)?, 3)),
        _ => None,
    })
}

#[inline]
fn unescape(text: &[u8], decode: impl Fn(&[u8]) -> Option<(u8, usize)>) -> Cow<'_, [u8]> {
    let Some(first) = find_near(b'\\', text) else {
        return Cow::Borrowed(text);
    };
    let mut plain = Vec::with_capacity(text.len());
    let (before, mut rest) = text.split_at(first);
    plain.extend_from_slice(before);
    while let Some((&byte, after)) = rest.split_first() {
        let (byte, used) = match byte {
            b'\\' => decode(after).unwrap_or((b'\\', 0)),
            byte => (byte, 0),
        };
        plain.push(byte);
        rest = &after[used..];
    }
    Cow::Owned(plain)
}

/// Writes the octal escapes that [`unescape_octal`] undoes, for space, tab, newline, backslash and `#`.
#[must_use]
pub fn escape_octal(text: &[u8]) -> Cow<'_, [u8]> {
    escape(
        text,
        |byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\\' | b'#'),
        |byte, escaped| {
            escaped.extend_from_slice(&[
                b'\\',
                b'0' + (byte >> 6),
                b'0' + (byte >> 3 & 7),
                b'0' + (byte & 7),
            ]);
        },
    )
}

/// Writes the escapes of `Name:` in `/proc/PID/status`.
#[must_use]
pub fn escape_name(text: &[u8]) -> Cow<'_, [u8]> {
    escape(
        text,
        |byte| matches!(byte, b'\n' | b'\\'),
        |byte, escaped| {
            escaped.extend_from_slice(if byte == b'\n' { br"\n" } else { br"\\" });
        },
    )
}

fn escape(text: &[u8], special: fn(u8) -> bool, write: fn(u8, &mut Vec<u8>)) -> Cow<'_, [u8]> {
    if !text.iter().any(|&byte| special(byte)) {
        return Cow::Borrowed(text);
    }
    let mut escaped = Vec::with_capacity(text.len() + 8);
    for &byte in text {
        if special(byte) {
            write(byte, &mut escaped);
        } else {
            escaped.push(byte);
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn broken_escapes_stand_for_themselves() {
        for text in [&br"a\"[..], br"\04", br"\400", br"\08z", br"\x"] {
            assert_eq!(&*unescape_octal(text), text);
        }
        assert_eq!(&*unescape_hexadecimal(br"\x2"), br"\x2");
    }

    #[test]
    fn text_without_escapes_is_borrowed() {
        assert!(matches!(unescape_octal(b"/usr"), Cow::Borrowed(_)));
        assert!(matches!(escape_octal(b"/usr"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_backslash_is_not_read_twice() {
        assert_eq!(&*unescape_octal(br"\134040"), br"\040");
        assert_eq!(&*unescape_name(br"\\n"), br"\n");
    }

    proptest! {
        #[test]
        fn what_is_escaped_comes_back(text: Vec<u8>) {
            prop_assert_eq!(unescape_octal(&escape_octal(&text)).into_owned(), text.clone());
            prop_assert_eq!(unescape_name(&escape_name(&text)).into_owned(), text);
        }
    }
}
