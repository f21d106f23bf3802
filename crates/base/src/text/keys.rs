/// Whether two texts of one length are equal: most keys are of the length that two blocks of each tell it.
#[inline(always)]
fn equal(one: &[u8], other: &[u8]) -> bool {
    #[inline(always)]
    fn ends<const N: usize>(text: &[u8]) -> Option<(&[u8; N], &[u8; N])> {
        text.first_chunk().zip(text.last_chunk())
    }
    match one.len() {
        8..=15 => ends::<8>(one) == ends(other),
        16..=31 => ends::<16>(one) == ends(other),
        _ => one == other,
    }
}

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
            && let Some((first, rest)) = text.split_at_checked(key.len())
            && equal(first, key)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_any_length_is_found_only_where_all_its_bytes_are() {
        const LONGEST: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789 ";
        for length in 1..=LONGEST.len() {
            let key = &LONGEST[LONGEST.len() - length..];
            let keys = Keys::new([key]);
            let text = [key, b"7\n"].concat();
            assert_eq!(keys.strip(&text, 0), Some((0, &b"7\n"[..])));
            assert_eq!(keys.strip(key, 0), Some((0, &b""[..])));
            assert_eq!(keys.strip(&key[..length - 1], 0), None);
            for at in 0..length {
                let mut other = text.clone();
                other[at] ^= 1;
                assert_eq!(keys.strip(&other, 0), None, "byte {at} of {length}");
            }
        }
    }

    #[test]
    fn keys_out_of_order_are_found_from_where_the_order_was_left() {
        let keys = Keys::new([b"a ", b"b ", b"c "]);
        assert_eq!(keys.strip(b"c 1", 1), Some((2, &b"1"[..])));
        assert_eq!(keys.strip(b"a 1", 3), Some((0, &b"1"[..])));
        assert_eq!(keys.strip(b"", 0), None);
    }
}
