//! Files of keys and values.

use super::{ParseError, fields, lines, split::Fields, split::Lines, split_once};

/// The lines of a `Key:   value` file (`/proc/PID/status`, `/proc/meminfo`, fdinfo), each as its key and its
/// value without the spaces and tabs around them.
///
/// Lines without a colon (blank ones between the records of cpuinfo, say) come as a key alone, with no value.
///
/// ```
/// # use linux_support_base::text::colon_keyed;
/// let mut pairs = colon_keyed(b"Name:\tsh\nVmRSS:\t   912 kB\n");
/// assert_eq!(pairs.next(), Some((&b"Name"[..], Some(&b"sh"[..]))));
/// assert_eq!(pairs.next(), Some((&b"VmRSS"[..], Some(&b"912 kB"[..]))));
/// ```
#[inline]
#[must_use]
pub fn colon_keyed(text: &[u8]) -> ColonKeyed<'_> {
    ColonKeyed { lines: lines(text) }
}

/// The iterator that [`colon_keyed`] gives.
#[derive(Clone, Debug)]
pub struct ColonKeyed<'a> {
    lines: Lines<'a>,
}

impl<'a> Iterator for ColonKeyed<'a> {
    type Item = (&'a [u8], Option<&'a [u8]>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let line = self.lines.next()?;
        Some(match split_once(line, b':') {
            Some((key, value)) => (key.trim_ascii(), Some(value.trim_ascii())),
            None => (line.trim_ascii(), None),
        })
    }
}

/// The lines of a flat-keyed file (`cpu.stat`, `memory.stat`, `/proc/vmstat`): `KEY VALUE`.
///
/// Each item is an error where the line has no value.
///
/// # Source
/// Documentation/admin-guide/cgroup-v2.rst, "Format".
#[inline]
#[must_use]
pub fn flat_keyed(text: &[u8]) -> FlatKeyed<'_> {
    FlatKeyed { lines: lines(text) }
}

/// The iterator that [`flat_keyed`] gives.
#[derive(Clone, Debug)]
pub struct FlatKeyed<'a> {
    lines: Lines<'a>,
}

impl<'a> Iterator for FlatKeyed<'a> {
    type Item = Result<(&'a [u8], &'a [u8]), ParseError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let line = self.lines.next()?;
        Some(split_once(line, b' ').ok_or_else(|| ParseError::expected("a key, a space and a value", line)))
    }
}

/// The lines of a nested-keyed file (`io.stat`, `*.pressure`): `KEY NAME=VALUE NAME=VALUE…`.
///
/// # Source
/// Documentation/admin-guide/cgroup-v2.rst, "Format".
#[inline]
#[must_use]
pub fn nested_keyed(text: &[u8]) -> NestedKeyed<'_> {
    NestedKeyed { lines: lines(text) }
}

/// The iterator that [`nested_keyed`] gives.
#[derive(Clone, Debug)]
pub struct NestedKeyed<'a> {
    lines: Lines<'a>,
}

impl<'a> Iterator for NestedKeyed<'a> {
    type Item = (&'a [u8], Pairs<'a>);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let mut fields = fields(self.lines.next()?);
            if let Some(key) = fields.next() {
                return Some((key, Pairs { fields }));
            }
        }
    }
}

/// The `NAME=VALUE` pairs of one line of a nested-keyed file.
///
/// Each item is an error where a field has no `=`.
#[derive(Clone, Debug)]
pub struct Pairs<'a> {
    fields: Fields<'a>,
}

impl<'a> Iterator for Pairs<'a> {
    type Item = Result<(&'a [u8], &'a [u8]), ParseError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let field = self.fields.next()?;
        Some(split_once(field, b'=').ok_or_else(|| ParseError::expected("a name, = and a value", field)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_may_hold_colons_and_a_key_spaces() {
        let mut pairs = colon_keyed(b"model name\t: Intel(R): x\n\nx:\n");
        assert_eq!(pairs.next(), Some((&b"model name"[..], Some(&b"Intel(R): x"[..]))));
        assert_eq!(pairs.next(), Some((&b""[..], None)));
        assert_eq!(pairs.next(), Some((&b"x"[..], Some(&b""[..]))));
        assert_eq!(pairs.next(), None);
    }

    #[test]
    fn a_nested_line_gives_its_pairs() {
        let (key, pairs) = nested_keyed(b"8:16 rbytes=1459200 wbytes=314773504\n").next().unwrap();
        assert_eq!(key, b"8:16");
        let pairs: Vec<_> = pairs.map(Result::unwrap).collect();
        assert_eq!(pairs, [(&b"rbytes"[..], &b"1459200"[..]), (b"wbytes", b"314773504")]);
    }

    #[test]
    fn a_key_without_a_value_is_an_error_and_the_rest_is_read() {
        let items: Vec<_> = flat_keyed(b"a 1\nb\nc 3\n").collect();
        assert!(items[0].is_ok() && items[1].is_err() && items[2].is_ok());
    }
}
