//! The options of a file system, in the file system's own words.

use std::borrow::Cow;

use linux_support_base::text;

/// One option of a file system: a word (`discard`), or a word and a value (`size=4k`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SuperOption<'a> {
    /// The word, with its octal escapes.
    pub key: &'a [u8],
    raw: Option<&'a [u8]>,
}

impl<'a> SuperOption<'a> {
    /// The value, without the quotes around it and with its octal escapes undone; `None` for a bare word.
    #[must_use]
    pub fn value(&self) -> Option<Cow<'a, [u8]>> {
        let value = self.raw?;
        let plain = match value {
            [b'"', inner @ .., b'"'] => inner,
            value => value,
        };
        Some(text::unescape_octal(plain))
    }

    /// The value as it was written.
    #[must_use]
    pub const fn raw_value(&self) -> Option<&'a [u8]> {
        self.raw
    }
}

/// The options in `options`, the last field of mountinfo or the fourth of fstab: apart by commas, but not by
/// those within double quotes, as SELinux contexts have them.
///
/// ```
/// use linux_support_filesystem::mount::super_options;
///
/// let mut options = super_options(br#"rw,context="system_u:object_r:tmp_t:s0:c1,c2",size=4k"#);
/// assert_eq!(options.next().unwrap().key, b"rw");
/// assert_eq!(options.next().unwrap().value().as_deref(), Some(&b"system_u:object_r:tmp_t:s0:c1,c2"[..]));
/// assert_eq!(options.next().unwrap().value().as_deref(), Some(&b"4k"[..]));
/// ```
#[must_use]
pub fn super_options(options: &[u8]) -> SuperOptions<'_> {
    SuperOptions { rest: options }
}

/// The iterator that [`super_options`] gives.
#[derive(Clone, Debug)]
pub struct SuperOptions<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for SuperOptions<'a> {
    type Item = SuperOption<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if self.rest.is_empty() {
                return None;
            }
            let mut quoted = false;
            let end = self.rest.iter().position(|&byte| {
                quoted ^= byte == b'"';
                byte == b',' && !quoted
            });
            let option = match end {
                Some(end) => {
                    let option = &self.rest[..end];
                    self.rest = &self.rest[end + 1..];
                    option
                }
                None => core::mem::take(&mut self.rest),
            };
            if option.is_empty() {
                continue;
            }
            return Some(match text::split_once(option, b'=') {
                Some((key, value)) => SuperOption { key, raw: Some(value) },
                None => SuperOption { key: option, raw: None },
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn values_may_hold_equals_signs_escapes_and_nothing() {
        let options: Vec<_> = super_options(br"a=b=c,,d=,e=x\040y").collect();
        let values: Vec<_> = options.iter().map(|option| option.value().unwrap().into_owned()).collect();
        assert_eq!(values, [&b"b=c"[..], b"", b"x y"]);
        assert_eq!(options[0].key, b"a");
    }

    #[test]
    fn a_quote_that_is_not_closed_reaches_to_the_end() {
        let options: Vec<_> = super_options(br#"context="a,b"#).collect();
        assert_eq!(options.len(), 1);
        assert_eq!(options[0].raw_value(), Some(&br#""a,b"#[..]));
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            super_options(&text).for_each(|option| drop(option.value()));
        }
    }
}
