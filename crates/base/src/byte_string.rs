use core::{borrow::Borrow, cmp::Ordering, fmt, hash, ops::Deref};
use std::sync::Arc;

use bstr::{BStr, ByteSlice};

/// A name as Linux has it: any bytes, mostly UTF-8, never made to be.
///
/// File names, process names, mount points and labels are bytes to the kernel. `Display` shows what is not
/// UTF-8 as U+FFFD, and control characters and marks of direction as escapes, so that a name can't write to a
/// terminal; the bytes themselves are kept. Short names need no memory of their own, and the long names of one text
/// may share it: see [`SharedText`].
#[derive(Clone)]
pub struct ByteString(Place);

/// Where the bytes are.
#[derive(Clone)]
enum Place {
    /// Here: so many of these. Those after them mean nothing.
    Here(u8, [u8; ByteString::INLINE]),
    Alone(Box<[u8]>),
    /// In a text that others share.
    Shared {
        text: SharedText,
        start: u32,
        length: u32,
    },
}

/// A text whose parts can be owned without a copy of each: long [`ByteString`]s of it lie in it, and keep all of it.
///
/// ```
/// use linux_support_base::SharedText;
///
/// let text = SharedText::from(&b"/dev/disk/by-label/archive /srv"[..]);
/// let mut words = text.as_bytes().split(|&byte| byte == b' ').map(|word| text.part(word));
/// assert_eq!(words.next().unwrap(), "/dev/disk/by-label/archive");
/// ```
#[derive(Clone)]
pub struct SharedText(Arc<Box<[u8]>>);

impl SharedText {
    /// The text.
    #[inline]
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// These bytes, without a copy where they are long and lie in the text.
    #[inline(always)]
    #[must_use]
    pub fn part(&self, bytes: &[u8]) -> ByteString {
        let text = self.as_bytes();
        let start = bytes.as_ptr().addr().wrapping_sub(text.as_ptr().addr());
        let Some(after) = text.get(start..).filter(|after| bytes.len() <= after.len()) else {
            return bytes.into();
        };
        if bytes.len() <= ByteString::INLINE {
            return match after.first_chunk() {
                // More than the name: a copy of a known length is made without a call.
                Some(&here) => ByteString(Place::Here(bytes.len() as u8, here)),
                None => bytes.into(),
            };
        }
        match (u32::try_from(start), u32::try_from(bytes.len())) {
            (Ok(start), Ok(length)) => ByteString(Place::Shared { text: self.clone(), start, length }),
            _ => bytes.into(),
        }
    }
}

impl From<&[u8]> for SharedText {
    fn from(text: &[u8]) -> Self {
        Self(Arc::new(text.into()))
    }
}

impl fmt::Debug for SharedText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_bytes().as_bstr(), f)
    }
}

impl ByteString {
    /// The length up to which names are kept in place: where longer ones have their pointer, length and capacity.
    const INLINE: usize = size_of::<Vec<u8>>() - 2;

    /// The name as bytes.
    #[inline]
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Place::Here(length, bytes) => bytes.get(..usize::from(*length)).unwrap_or(bytes),
            Place::Alone(bytes) => bytes,
            Place::Shared { text, start, length } => text
                .as_bytes()
                .get(*start as usize..)
                .and_then(|after| after.get(..*length as usize))
                .unwrap_or_default(),
        }
    }

    /// The name as text, where it is UTF-8.
    #[must_use]
    pub fn as_str(&self) -> Option<&str> {
        self.as_bytes().to_str().ok()
    }

    /// The name as a path.
    #[must_use]
    pub fn as_path(&self) -> &std::path::Path {
        use std::os::unix::ffi::OsStrExt;
        std::ffi::OsStr::from_bytes(self.as_bytes()).as_ref()
    }

    /// The bytes.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        match self.0 {
            Place::Alone(bytes) => bytes.into_vec(),
            _ => self.as_bytes().to_vec(),
        }
    }
}

impl Default for ByteString {
    fn default() -> Self {
        Self(Place::Here(0, [0; Self::INLINE]))
    }
}

impl PartialEq for ByteString {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for ByteString {}

impl PartialOrd for ByteString {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ByteString {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl hash::Hash for ByteString {
    fn hash<H: hash::Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl Deref for ByteString {
    type Target = BStr;

    #[inline]
    fn deref(&self) -> &BStr {
        self.as_bytes().as_bstr()
    }
}

impl Borrow<[u8]> for ByteString {
    fn borrow(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl AsRef<[u8]> for ByteString {
    fn as_ref(&self) -> &[u8] {
        self.as_bytes()
    }
}

impl From<&[u8]> for ByteString {
    fn from(bytes: &[u8]) -> Self {
        let mut here = [0; Self::INLINE];
        match here.get_mut(..bytes.len()) {
            Some(part) => {
                part.copy_from_slice(bytes);
                Self(Place::Here(bytes.len() as u8, here))
            }
            None => Self(Place::Alone(bytes.into())),
        }
    }
}

impl From<Vec<u8>> for ByteString {
    fn from(bytes: Vec<u8>) -> Self {
        match bytes.len() {
            ..=Self::INLINE => bytes.as_slice().into(),
            _ => Self(Place::Alone(bytes.into())),
        }
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
        let lossy = self.as_bytes().to_str_lossy();
        if !lossy.chars().any(is_active) {
            return f.pad(&lossy);
        }
        let mut shown = String::with_capacity(lossy.len() + 8);
        for character in lossy.chars() {
            if is_active(character) {
                shown.extend(character.escape_default());
            } else {
                shown.push(character);
            }
        }
        f.pad(&shown)
    }
}

/// Whether it does something to what is around it: control characters, and marks that change the order in which text
/// is shown or break its line.
fn is_active(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

impl fmt::Debug for ByteString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_bytes().as_bstr(), f)
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
        // What would show the text behind it backwards.
        assert_eq!(ByteString::from("a\u{202e}txt.exe").to_string(), "a\\u{202e}txt.exe");
        assert_eq!(ByteString::from("größe שלום").to_string(), "größe שלום");
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
    fn hash_of(name: &ByteString) -> u64 {
        hash::BuildHasher::hash_one(&hash::BuildHasherDefault::<std::hash::DefaultHasher>::default(), name)
    }

    proptest::proptest! {
        #[test]
        fn parts_of_a_text_are_what_copies_of_them_are(text: Vec<u8>, start in 0usize..100, length in 0usize..100) {
            let shared = SharedText::from(&text[..]);
            let start = start.min(text.len());
            let end = (start + length).min(text.len());
            let part = shared.part(&shared.as_bytes()[start..end]);
            let foreign = shared.part(&text[start..end]);
            drop(shared);
            let copy = ByteString::from(&text[start..end]);
            for part in [part.clone(), part, foreign] {
                proptest::prop_assert_eq!(&part, &copy);
                proptest::prop_assert_eq!(hash_of(&part), hash_of(&copy));
                proptest::prop_assert_eq!(part.cmp(&copy), Ordering::Equal);
                proptest::prop_assert_eq!(part.into_bytes(), &text[start..end]);
            }
        }
    }

    #[test]
    fn long_parts_of_a_text_are_not_copied() {
        let shared = SharedText::from(&b"/sys/fs/cgroup/system.slice/a.service rw"[..]);
        let name = &shared.as_bytes()[..37];
        assert_eq!(shared.part(name).as_bytes().as_ptr(), name.as_ptr());
        // One that ends behind the text, and one that begins before it, are of no part of it.
        let text: SharedText = SharedText(Arc::new(shared.as_bytes()[1..].into()));
        assert_eq!(text.part(name), ByteString::from(name));
    }
}
