//! The lines of a file of fdinfo, taken one by one by whoever knows their keys.

use linux_support_base::{
    ParseError,
    text::{Integer, decimal, lines, split_once},
};
use smallvec::SmallVec;

/// A line: what stands before its first colon and what after it, both without the spaces around.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry<'a> {
    pub(super) key: &'a [u8],
    pub(super) value: &'a [u8],
    pub(super) line: &'a [u8],
}

/// The lines that nobody has taken yet, in their order.
#[derive(Debug)]
pub(super) struct Entries<'a> {
    entries: SmallVec<[Entry<'a>; 16]>,
    /// The end of the text, where a missing line would stand.
    end: &'a [u8],
}

impl<'a> Entries<'a> {
    pub(super) fn of(text: &'a [u8]) -> Self {
        let entry = |line: &'a [u8]| {
            let (key, value) = split_once(line, b':').unwrap_or((line, b""));
            Entry { key: key.trim_ascii(), value: value.trim_ascii(), line }
        };
        Self {
            entries: lines(text).filter(|line| !line.trim_ascii().is_empty()).map(entry).collect(),
            end: &text[text.len()..],
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.entries.iter().any(|entry| entry.key == key.as_bytes())
    }

    /// Whether a line begins with these words.
    pub(super) fn has_line(&self, words: &[u8]) -> bool {
        self.entries.iter().any(|entry| entry.line.starts_with(words))
    }

    /// Takes the first line of this key.
    pub(super) fn take(&mut self, key: &str) -> Option<&'a [u8]> {
        let index = self.entries.iter().position(|entry| entry.key == key.as_bytes())?;
        Some(self.entries.remove(index).value)
    }

    /// Takes the lines that `is_wanted` tells.
    pub(super) fn take_all(&mut self, is_wanted: impl Fn(&Entry<'a>) -> bool) -> Vec<Entry<'a>> {
        let wanted = self.entries.iter().copied().filter(&is_wanted).collect();
        self.entries.retain(|entry| !is_wanted(entry));
        wanted
    }

    /// Takes all lines that are left.
    pub(super) fn rest(self) -> impl Iterator<Item = Entry<'a>> {
        self.entries.into_iter()
    }

    pub(super) fn optional_with<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&'a [u8]) -> Result<T, ParseError>,
    ) -> Result<Option<T>, ParseError> {
        self.take(key).map(read).transpose().map_err(|error| error.in_field(key))
    }

    pub(super) fn required_with<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&'a [u8]) -> Result<T, ParseError>,
    ) -> Result<T, ParseError> {
        self.optional_with(key, read)?
            .ok_or_else(|| ParseError::expected("one more line", self.end).in_field(key))
    }

    pub(super) fn optional<T: Integer>(&mut self, key: &'static str) -> Result<Option<T>, ParseError> {
        self.optional_with(key, decimal)
    }

    pub(super) fn required<T: Integer>(&mut self, key: &'static str) -> Result<T, ParseError> {
        self.required_with(key, decimal)
    }
}

/// The pairs of a line of `label:value` or `label: value`, apart by spaces and commas.
#[derive(Clone, Debug)]
pub(super) struct Labels<'a> {
    rest: &'a [u8],
}

impl<'a> Labels<'a> {
    pub(super) fn of(line: &'a [u8]) -> Self {
        Self { rest: line }
    }

    /// The value of `label`, which may stand anywhere in the line.
    pub(super) fn value(&self, label: &str) -> Option<&'a [u8]> {
        self.clone().find(|(other, _)| *other == label.as_bytes()).map(|(_, value)| value)
    }

    /// The value of `label`, read by `read`.
    pub(super) fn required<T>(
        &self,
        label: &'static str,
        read: impl FnOnce(&'a [u8]) -> Result<T, ParseError>,
    ) -> Result<T, ParseError> {
        let value = self.value(label);
        let value = value.ok_or_else(|| ParseError::expected("one more label and value", self.rest));
        value.and_then(read).map_err(|error| error.in_field(label))
    }
}

impl<'a> Iterator for Labels<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let is_space = |byte: &u8| matches!(byte, b' ' | b'\t' | b',');
        let start = self.rest.iter().position(|byte| !is_space(byte))?;
        let text = &self.rest[start..];
        let colon = text.iter().position(|byte| matches!(byte, b':' | b'='))?;
        let (label, value) = (&text[..colon], &text[colon + 1..]);
        let value = value.trim_ascii_start();
        let end = value.iter().position(is_space).unwrap_or(value.len());
        self.rest = &value[end..];
        Some((label, &value[..end]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_found_with_spaces_before_their_values_and_without() {
        let labels = Labels::of(b"tfd:        6 events:       19  pos:0, ino:19106e");
        let pairs: Vec<_> = labels.clone().collect();
        assert_eq!(
            pairs,
            [(&b"tfd"[..], &b"6"[..]), (b"events", b"19"), (b"pos", b"0"), (b"ino", b"19106e")]
        );
        assert_eq!(labels.value("events"), Some(&b"19"[..]));
        assert_eq!(labels.value("sdev"), None);
    }

    #[test]
    fn a_line_is_taken_once() {
        let mut entries = Entries::of(b"a:\t1\nb: 2\n\na: 3");
        assert_eq!(entries.required::<u32>("a"), Ok(1));
        assert_eq!(entries.required::<u32>("a"), Ok(3));
        assert_eq!(entries.required::<u32>("a").unwrap_err().field(), Some("a"));
        assert_eq!(entries.rest().map(|entry| entry.line).collect::<Vec<_>>(), [b"b: 2"]);
    }
}
