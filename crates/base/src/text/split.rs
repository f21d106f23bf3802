//! Lines, fields and NUL-separated arrays.

use super::{ParseError, places::places};

/// The lines of `text`; a last newline does not make an empty last line.
///
/// ```
/// # use linux_support_base::text::lines;
/// assert_eq!(lines(b"a\n\nb\n").collect::<Vec<_>>(), [&b"a"[..], b"", b"b"]);
/// ```
#[inline]
#[must_use]
pub fn lines(text: &[u8]) -> Lines<'_> {
    Lines { rest: text }
}

/// The iterator that [`lines`] gives.
#[derive(Clone, Debug)]
pub struct Lines<'a> {
    rest: &'a [u8],
}

impl<'a> Lines<'a> {
    /// The text that has not been given yet.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        next_piece(&mut self.rest, b'\n')
    }
}

impl core::iter::FusedIterator for Lines<'_> {}

#[inline]
fn next_piece<'a>(rest: &mut &'a [u8], end: u8) -> Option<&'a [u8]> {
    if rest.is_empty() {
        return None;
    }
    match find_near(end, rest) {
        Some(at) => {
            let piece = &rest[..at];
            *rest = &rest[at + 1..];
            Some(piece)
        }
        None => Some(core::mem::take(rest)),
    }
}

/// Where `byte` first is in `text`, looked for as one that is mostly near: calling a search that is fast over long
/// distances costs more than these few comparisons of whole words.
///
/// ```
/// # use linux_support_base::text::find_near;
/// assert_eq!(find_near(b' ', b"rw,relatime shared:1"), Some(11));
/// assert_eq!(find_near(b' ', b"rw"), None);
/// ```
#[inline]
#[must_use]
pub fn find_near(byte: u8, text: &[u8]) -> Option<usize> {
    const NEAR: usize = 64;
    let mut rest = text;
    while text.len() - rest.len() < NEAR {
        let Some((next, after)) = rest.split_first_chunk() else {
            return find_in_last(byte, text, rest.len());
        };
        let found = places(next, byte);
        if found != 0 {
            return Some(text.len() - rest.len() + found.trailing_zeros() as usize);
        }
        rest = after;
    }
    Some(NEAR + memchr::memchr(byte, rest)?)
}

/// Where `byte` first is in the last bytes of `text`, so many and fewer than 16; it is not in those before.
#[inline]
fn find_in_last(byte: u8, text: &[u8], last: usize) -> Option<usize> {
    let Some(bytes) = text.last_chunk() else {
        return text.iter().position(|&other| other == byte);
    };
    let found = places(bytes, byte);
    (last != 0 && found != 0).then(|| text.len() - 16 + found.trailing_zeros() as usize)
}

/// The members of a NUL-separated array (`/proc/PID/environ`, `/proc/PID/cmdline`), whether or not the last
/// one's NUL is there.
///
/// ```
/// # use linux_support_base::text::nul_separated;
/// assert_eq!(nul_separated(b"ls\0\0-l").collect::<Vec<_>>(), [&b"ls"[..], b"", b"-l"]);
/// ```
#[inline]
#[must_use]
pub fn nul_separated(text: &[u8]) -> NulSeparated<'_> {
    NulSeparated { rest: text }
}

/// The iterator that [`nul_separated`] gives.
#[derive(Clone, Debug)]
pub struct NulSeparated<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for NulSeparated<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        next_piece(&mut self.rest, 0)
    }
}

impl core::iter::FusedIterator for NulSeparated<'_> {}

/// The fields of a line, apart by runs of spaces and tabs.
///
/// ```
/// # use linux_support_base::text::fields;
/// assert_eq!(fields(b"  lo:\t12  0 ").collect::<Vec<_>>(), [&b"lo:"[..], b"12", b"0"]);
/// ```
#[inline]
#[must_use]
pub fn fields(line: &[u8]) -> Fields<'_> {
    Fields { rest: line }
}

/// The iterator that [`fields`] gives.
#[derive(Clone, Debug)]
pub struct Fields<'a> {
    rest: &'a [u8],
}

impl<'a> Fields<'a> {
    /// The text after the fields given so far, without the space before it.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        trim_start(self.rest)
    }

    /// The next field, or an error that says that `field` is missing.
    ///
    /// # Errors
    /// Where the line ends before it.
    #[inline]
    pub fn required(&mut self, field: &'static str) -> Result<&'a [u8], ParseError> {
        match self.next() {
            Some(value) => Ok(value),
            None => Err(ParseError::expected("one more field", self.rest).in_field(field)),
        }
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = &'a [u8];

    #[inline]
    fn next(&mut self) -> Option<&'a [u8]> {
        let text = trim_start(self.rest);
        // Fields are a few bytes long: a loop is faster than a search here.
        let end = text.iter().position(|&byte| is_blank(byte)).unwrap_or(text.len());
        let (field, rest) = text.split_at(end);
        self.rest = rest;
        (!field.is_empty()).then_some(field)
    }
}

impl core::iter::FusedIterator for Fields<'_> {}

#[inline]
const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

#[inline]
fn trim_start(text: &[u8]) -> &[u8] {
    let start = text.iter().position(|&byte| !is_blank(byte)).unwrap_or(text.len());
    &text[start..]
}

/// `text` without spaces, tabs, newlines and NULs at either end: what a file of one value holds. (Some files of
/// firmware end in a NUL; trees that were saved a page at a time are filled up with them.)
#[inline]
#[must_use]
pub fn trim(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    text[..end].trim_ascii()
}

/// `line` at its first `separator`: what is before it and what is after.
#[inline]
#[must_use]
pub fn split_once(line: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = find_near(separator, line)?;
    Some((&line[..at], &line[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_last_newline_makes_no_empty_last_line() {
        assert!(lines(b"a\nb\n").eq(lines(b"a\nb")));
        assert_eq!(lines(b"").count(), 0);
        assert_eq!(lines(b"\n").count(), 1);
    }

    #[test]
    fn a_missing_last_nul_changes_nothing() {
        assert!(nul_separated(b"a\0b\0").eq(nul_separated(b"a\0b")));
        assert_eq!(nul_separated(b"").count(), 0);
    }

    proptest::proptest! {
        #[test]
        fn what_is_near_is_found_as_what_is_far(text: Vec<u8>, near in "[ab]{0,80}", byte: u8) {
            proptest::prop_assert_eq!(find_near(byte, &text), text.iter().position(|&other| other == byte));
            let near = near.as_bytes();
            for byte in [b'a', b'b', b'c'] {
                let expected = near.iter().position(|&other| other == byte);
                proptest::prop_assert_eq!(find_near(byte, near), expected);
            }
        }
    }

    #[test]
    fn a_missing_field_is_named() {
        let mut fields = fields(b"1 ");
        assert_eq!(fields.required("pid"), Ok(&b"1"[..]));
        assert_eq!(fields.required("ppid").unwrap_err().field(), Some("ppid"));
    }
}
