use super::number::{eight_digits, take_decimal};

/// How long the part of a line is in which the kernel writes the name, its colon and spaces.
const HEAD: usize = 16;
/// How long a line is of which the number has up to eight digits.
const LINE: usize = HEAD + 8 + b" kB\n".len();

/// Lines of the form `Name:          12345678 kB`, as the kernel aligns them in meminfo and smaps: known names,
/// in the kernel's order, are read with a few comparisons of whole words.
#[derive(Clone, Copy, Debug)]
pub struct KibibyteFields<const N: usize> {
    heads: [[u8; HEAD]; N],
}

impl<const N: usize> KibibyteFields<N> {
    /// The fields of these names, each with its colon. Of names longer than 16 bytes, no line is taken.
    #[must_use]
    pub const fn new(names: [&[u8]; N]) -> Self {
        let mut heads = [[0; HEAD]; N];
        let mut index = 0;
        while index < N {
            let name = names[index];
            if name.len() <= HEAD {
                heads[index] = [b' '; HEAD];
                let mut at = 0;
                while at < name.len() {
                    heads[index][at] = name[at];
                    at += 1;
                }
            }
            index += 1;
        }
        Self { heads }
    }

    /// The number of KiB in the line at the start of `text`, if that is an aligned line of the name `likely`;
    /// and the text after it.
    ///
    /// `None` means only that the line must be read another way.
    #[inline]
    #[must_use]
    pub fn take<'a>(&self, text: &'a [u8], likely: usize) -> Option<(u64, &'a [u8])> {
        let (line, rest) = text.split_first_chunk::<LINE>()?;
        let (head, line) = line.split_first_chunk::<HEAD>()?;
        if head != self.heads.get(likely)? {
            return None;
        }
        Some((number(line)?, rest))
    }

    /// As [`take`](Self::take), of a line that is of the name `likely` or of one of the few after it: which one it is,
    /// the number of KiB, and the text after the line.
    #[inline]
    #[must_use]
    pub fn take_near<'a>(&self, text: &'a [u8], likely: usize) -> Option<(usize, u64, &'a [u8])> {
        let (line, rest) = text.split_first_chunk::<LINE>()?;
        let (head, line) = line.split_first_chunk::<HEAD>()?;
        let near = self.heads.get(likely..)?.iter().take(NEAR).position(|known| known == head)?;
        Some((likely + near, number(line)?, rest))
    }
}

/// The number in the part of a line after the name.
#[inline]
fn number(line: &[u8]) -> Option<u64> {
    // More than half of all are 0.
    if line == b"       0 kB\n" {
        return Some(0);
    }
    let (number, unit) = line.split_first_chunk::<8>()?;
    if unit != b" kB\n" {
        return None;
    }
    right_aligned(u64::from_le_bytes(*number))
}

/// How many names a line that is not the expected one is held against after that: more than the kernel passes over at
/// once.
const NEAR: usize = 8;

/// Takes a number of KiB from the start of `rest`, as `/proc/PID/status` aligns them: eight bytes wide or as long as it
/// must be, with spaces before it, and ` kB` and a newline after it.
///
/// `None` means only that it must be read another way; `rest` is then as before.
///
/// ```
/// # use linux_support_base::text::take_kibibytes;
/// let mut rest = &b"    3060 kB\nVmSize:"[..];
/// assert_eq!(take_kibibytes(&mut rest), Some(3060));
/// assert_eq!(rest, b"VmSize:");
/// ```
#[inline]
#[must_use]
pub fn take_kibibytes(rest: &mut &[u8]) -> Option<u64> {
    let (number, after) = rest.split_first_chunk::<8>()?;
    if let Some((b" kB\n", after)) = after.split_first_chunk()
        && let Some(number) = right_aligned(u64::from_le_bytes(*number))
    {
        *rest = after;
        return Some(number);
    }
    take_wide(rest)
}

/// A number that leaves no room for spaces.
#[inline(never)]
fn take_wide(rest: &mut &[u8]) -> Option<u64> {
    let mut after = *rest;
    let number = take_decimal(&mut after).ok()?;
    *rest = after.strip_prefix(b"kB\n").filter(|_| rest[rest.len() - after.len() - 1] == b' ')?;
    Some(number)
}

/// The number of up to eight digits at the end of eight bytes, with spaces before it.
#[inline]
fn right_aligned(bytes: u64) -> Option<u64> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    // The bit that digits have and a space has not.
    let blank = (!bytes >> 4) & ONES;
    let blanks = blank.wrapping_mul(0xff);
    let leading = blanks & blanks.wrapping_add(1) == 0;
    let only_spaces = (bytes ^ (0x20 * ONES)) & blanks == 0;
    if !leading || !only_spaces || blank == ONES {
        return None;
    }
    eight_digits(bytes | (0x10 * ONES))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FIELDS: KibibyteFields<2> = KibibyteFields::new([b"Rss:", b"Private_Hugetlb:"]);

    #[test]
    fn aligned_lines_are_taken_one_by_one() {
        let text = b"Rss:                  84 kB\nPrivate_Hugetlb: 12345678 kB\nX";
        assert_eq!(FIELDS.take(text, 0), Some((84, &text[28..])));
        assert_eq!(FIELDS.take(&text[28..], 1), None, "the name leaves no room");
        let text = b"Private_Hugetlb:12345678 kB\nX";
        assert_eq!(FIELDS.take(text, 1), Some((12_345_678, &b"X"[..])));
    }

    #[test]
    fn everything_else_is_left_to_others() {
        for text in [
            "Rss:                     kB\n",
            "Rss:               1  84 kB\n",
            "Rss:                !184 kB\n",
            "Rss:                  84 MB\n",
            "Rsx:                  84 kB\n",
            "Rss:                  84 kB",
            "Rss:                 123456789 kB\n",
            "Rss:                 -84 kB\n",
        ] {
            assert_eq!(FIELDS.take(text.as_bytes(), 0), None, "{text}");
        }
        assert_eq!(FIELDS.take(b"", 0), None);
        assert_eq!(FIELDS.take(b"Rss:                  84 kB\n", 2), None);
    }

    #[test]
    fn names_that_are_passed_over_are_found_near() {
        const MANY: KibibyteFields<10> =
            KibibyteFields::new([b"A:", b"B:", b"C:", b"D:", b"E:", b"F:", b"G:", b"H:", b"I:", b"J:"]);
        let line = b"H:                    84 kB\nX";
        assert_eq!(MANY.take_near(line, 0), Some((7, 84, &b"X"[..])));
        assert_eq!(MANY.take_near(line, 7), Some((7, 84, &b"X"[..])));
        assert_eq!(MANY.take_near(line, 8), None);
        assert_eq!(MANY.take_near(line, 11), None);
        assert_eq!(MANY.take_near(b"J:                    84 kB\n", 0), None, "too far");
    }

    #[test]
    fn a_number_may_be_wider_than_its_column() {
        for (text, number) in [
            ("       0 kB\n", Some(0)),
            ("12345678 kB\n", Some(12_345_678)),
            ("17592186044416 kB\n", Some(17_592_186_044_416)),
            ("    3060 kB", None),
            ("    3060 MB\n", None),
            ("123456789\tkB\n", None),
            ("123456789  kB\n", None),
            ("123456789", None),
            ("     306", None),
            ("", None),
        ] {
            let mut rest = text.as_bytes();
            assert_eq!(take_kibibytes(&mut rest), number, "{text}");
            assert_eq!(rest.len(), if number.is_some() { 0 } else { text.len() }, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_number_comes_back(number in 0u64..100_000_000, noise: [u8; 8]) {
            let text = format!("Rss:            {number:8} kB\n");
            prop_assert_eq!(FIELDS.take(text.as_bytes(), 0), Some((number, &b""[..])));
            let expected = std::str::from_utf8(&noise)
                .ok()
                .map(|text| text.trim_start_matches(' '))
                .filter(|text| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
                .and_then(|text| text.parse::<u64>().ok());
            prop_assert_eq!(right_aligned(u64::from_le_bytes(noise)), expected);
        }
    }
}
