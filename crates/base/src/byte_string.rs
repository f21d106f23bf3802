use core::{borrow::Borrow, fmt, ops::Deref};

use bstr::{BStr, ByteSlice};
use smallvec::SmallVec;

/// A name as Linux has it: any bytes, mostly UTF-8, never made to be.
///
/// File names, process names, mount points and labels are bytes to the kernel. `Display` shows what is not
/// UTF-8 as U+FFFD and control characters as escapes, so that a name can't write to a terminal; the bytes
/// themselves are kept. Short names need no memory of their own.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteString(SmallVec<[u8; ByteString::INLINE]>);

impl ByteString {
    /// The length up to which names are kept in place: where longer ones have their pointer and length.
    const INLINE: usize = 16;

    /// The name as bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The name as text, where it is UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        self.0.as_slice().to_str().ok()
    }

    /// The name as a path.
    #[must_use]
    pub fn as_path(&self) -> &std::path::Path {
        use std::os::unix::ffi::OsStrExt;
        std::ffi::OsStr::from_bytes(&self.0).as_ref()
    }

    /// The bytes.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.0.into_vec()
    }
}

impl Deref for ByteString {
    type Target = BStr;

    fn deref(&self) -> &BStr {
        self.0.as_bstr()
    }
}

impl Borrow<[u8]> for ByteString {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl AsRef<[u8]> for ByteString {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl From<&[u8]> for ByteString {
    fn from(bytes: &[u8]) -> Self {
        Self(SmallVec::from_slice(bytes))
    }
}

impl From<Vec<u8>> for ByteString {
    fn from(bytes: Vec<u8>) -> Self {
        Self(SmallVec::from_vec(bytes))
    }
}

impl From<&str> for ByteString {
    fn from(text: &str) -> Self {
        text.as_bytes().into()
    }
}

impl From<String> for ByteString {
    fn from(text: String) -> Self {
        text.into_bytes().into()
    }
}

impl From<std::borrow::Cow<'_, [u8]>> for ByteString {
    fn from(bytes: std::borrow::Cow<'_, [u8]>) -> Self {
        match bytes {
            std::borrow::Cow::Borrowed(bytes) => bytes.into(),
            std::borrow::Cow::Owned(bytes) => bytes.into(),
        }
    }
}

impl PartialEq<str> for ByteString {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for ByteString {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl PartialEq<[u8]> for ByteString {
    fn eq(&self, other: &[u8]) -> bool {
        self.as_bytes() == other
    }
}

impl fmt::Display for ByteString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lossy = self.0.to_str_lossy();
        if !lossy.chars().any(char::is_control) {
            return f.pad(&lossy);
        }
        let mut shown = String::with_capacity(lossy.len() + 8);
        for character in lossy.chars() {
            if character.is_control() {
                shown.extend(character.escape_default());
            } else {
                shown.push(character);
            }
        }
        f.pad(&shown)
    }
}

impl fmt::Debug for ByteString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.0.as_bstr(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_text_are_kept_and_shown_harmlessly() {
        let name = ByteString::from(&b"a\xff\x1b[2J\n"[..]);
        assert_eq!(name.as_bytes(), b"a\xff\x1b[2J\n");
        assert_eq!(name.to_string(), "a\u{fffd}\\u{1b}[2J\\n");
        assert_eq!(name.as_str(), None);
    }

    #[test]
    fn short_names_take_no_more_room_than_long_ones_and_equal_them() {
        assert_eq!(size_of::<ByteString>(), size_of::<Vec<u8>>());
        for length in [0, 1, ByteString::INLINE, ByteString::INLINE + 1, 100] {
            let bytes = vec![b'a'; length];
            let name = ByteString::from(&bytes[..]);
            assert_eq!(name, ByteString::from(bytes.clone()));
            assert_eq!(name.into_bytes(), bytes);
        }
    }
}
