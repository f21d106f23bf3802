use core::fmt;

use bstr::ByteSlice;

/// The most bytes of the offending text that an error quotes.
const EXCERPT: usize = 48;

/// Text that is not of the form that the kernel documents: what was expected, in which field, at which
/// line and byte, and the bytes that were there instead.
///
/// ```
/// use linux_support_base::CpuSet;
///
/// let error = CpuSet::parse_list(b"0-3,x").unwrap_err();
/// assert_eq!(error.to_string(), r#"CPU list "0-3,x": expected a number at byte 4"#);
/// ```
#[derive(Clone)]
pub struct ParseError(Box<Detail>);

#[derive(Clone)]
struct Detail {
    expected: &'static str,
    field: Option<&'static str>,
    seen: Box<[u8]>,
    truncated: bool,
    /// Where the offending bytes lay in memory, so that whoever holds the whole file can tell the line.
    /// It is never dereferenced.
    address: usize,
    at: Option<usize>,
    line: Option<usize>,
}

impl ParseError {
    /// An error at `seen`, where `expected` (such as `"a number"`) should have stood.
    ///
    /// Give the slice of the text being parsed itself, not a copy: [`within`](Self::within) finds the line
    /// and the byte from where it lies.
    #[cold]
    #[must_use]
    pub fn expected(expected: &'static str, seen: &[u8]) -> Self {
        Self(Box::new(Detail {
            expected,
            field: None,
            seen: seen[..seen.len().min(EXCERPT)].into(),
            truncated: seen.len() > EXCERPT,
            address: seen.as_ptr() as usize,
            at: None,
            line: None,
        }))
    }

    /// Names the field, unless a more precise name is there already.
    #[cold]
    #[must_use]
    pub fn in_field(mut self, field: &'static str) -> Self {
        self.0.field.get_or_insert(field);
        self
    }

    /// Quotes the whole of `text` (a short one, such as a list) and gives the byte in it.
    #[cold]
    #[must_use]
    pub fn quoting(mut self, text: &[u8]) -> Self {
        if let Some(at) = self.offset_in(text) {
            self.0.at = Some(at);
            self.0.seen = text[..text.len().min(EXCERPT)].into();
            self.0.truncated = text.len() > EXCERPT;
            self.0.address = text.as_ptr() as usize;
        }
        self
    }

    /// Finds the line, given the whole text of which the offending bytes are a part.
    ///
    /// Does nothing where they are not a part of it, or the line is known.
    #[cold]
    #[must_use]
    pub fn within(mut self, whole: &[u8]) -> Self {
        if self.0.line.is_none()
            && let Some(offset) = self.offset_in(whole)
        {
            let before = &whole[..offset];
            self.0.line = Some(1 + memchr::memchr_iter(b'\n', before).count());
            if self.0.at.is_none() {
                let start = memchr::memrchr(b'\n', before).map_or(0, |newline| newline + 1);
                self.0.at = Some(offset - start);
            }
        }
        self
    }

    fn offset_in(&self, whole: &[u8]) -> Option<usize> {
        self.0.address.checked_sub(whole.as_ptr() as usize).filter(|&offset| offset <= whole.len())
    }

    /// What should have stood there.
    #[must_use]
    pub fn what_was_expected(&self) -> &'static str {
        self.0.expected
    }

    /// The field that is malformed, by the kernel's name for it.
    #[must_use]
    pub fn field(&self) -> Option<&'static str> {
        self.0.field
    }

    /// The line, counted from 1.
    #[must_use]
    pub fn line(&self) -> Option<usize> {
        self.0.line
    }

    /// The byte, counted from 0, within the line or within the text quoted.
    #[must_use]
    pub fn byte(&self) -> Option<usize> {
        self.0.at
    }

    /// The bytes that were there (the first of them, where they are many).
    #[must_use]
    pub fn seen(&self) -> &[u8] {
        &self.0.seen
    }
}

impl PartialEq for ParseError {
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (&self.0, &other.0);
        (a.expected, a.field, &a.seen, a.truncated, a.at, a.line)
            == (b.expected, b.field, &b.seen, b.truncated, b.at, b.line)
    }
}

impl Eq for ParseError {}

impl fmt::Debug for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ParseError({self})")
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let detail = &self.0;
        if let Some(line) = detail.line {
            write!(f, "line {line}: ")?;
        }
        if let Some(field) = detail.field {
            write!(f, "{field} ")?;
        }
        let more = if detail.truncated { "…" } else { "" };
        write!(f, "{:?}{more}: expected {}", detail.seen.as_bstr(), detail.expected)?;
        if let Some(at) = detail.at {
            write!(f, " at byte {at}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ParseError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_and_byte_are_found_from_the_whole_text() {
        let whole = b"first 1\nsecond x\n";
        let error = ParseError::expected("a number", &whole[15..16]).in_field("second").within(whole);
        assert_eq!((error.line(), error.byte()), (Some(2), Some(7)));
        assert_eq!(error.to_string(), r#"line 2: second "x": expected a number at byte 7"#);
    }

    #[test]
    fn text_that_is_not_a_part_of_the_whole_keeps_its_line_unknown() {
        let error = ParseError::expected("a number", b"x").within(b"elsewhere");
        assert_eq!(error.line(), None);
    }

    #[test]
    fn long_text_is_quoted_in_part() {
        let error = ParseError::expected("a number", &[b'z'; 5000]);
        assert_eq!(error.seen().len(), EXCERPT);
        assert!(error.to_string().contains('…'));
    }
}
