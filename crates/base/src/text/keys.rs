/// Keys in the order in which the kernel writes them: one comparison finds the next one, most of the time.
///
/// ```
/// # use linux_support_base::text::Keys;
/// const KEYS: Keys<2> = Keys::new([b"MemTotal:", b"MemFree:"]);
/// assert_eq!(KEYS.strip(b"MemFree: 5 kB", 0), Some((1, &b" 5 kB"[..])));
/// assert_eq!(KEYS.strip(b"Other: 5 kB", 0), None);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Keys<const N: usize> {
    keys: [&'static [u8]; N],
}

impl<const N: usize> Keys<N> {
    /// These keys. Give each with what ends it (a colon, a space), so that none is the beginning of another.
    #[must_use]
    pub const fn new(keys: [&'static [u8]; N]) -> Self {
        Self { keys }
    }

    /// The key of this index, with what ends it.
    #[must_use]
    pub const fn get(&self, index: usize) -> &'static [u8] {
        self.keys[index]
    }

    /// Which key `text` begins with, and the text after it; looked for first at `likely`, which is one more than
    /// the last index found.
    #[inline]
    #[must_use]
    pub fn strip<'a>(&self, text: &'a [u8], likely: usize) -> Option<(usize, &'a [u8])> {
        if let Some(key) = self.keys.get(likely)
            && let Some(rest) = text.strip_prefix(*key)
        {
            return Some((likely, rest));
        }
        self.search(text, likely)
    }

    /// Searches on from where the kernel left its order: mostly it only passed over a few.
    #[inline(never)]
    fn search<'a>(&self, text: &'a [u8], likely: usize) -> Option<(usize, &'a [u8])> {
        let likely = likely.min(N);
        let first = text.first()?;
        (likely..N)
            .chain(0..likely)
            .filter(|&index| self.keys[index].first() == Some(first))
            .find_map(|index| Some((index, text.strip_prefix(self.keys[index])?)))
    }
}
