use core::fmt::Write;

use super::{Number, NumberSet, trimmed};
use crate::text::{ParseError, hexadecimal};

impl<T: Number> NumberSet<T> {
    /// Reads the kernel's mask format: hexadecimal words of 32 bits apart by commas, the highest first
    /// (`ffffffff,00000003`); also without commas, however long.
    ///
    /// ```
    /// # use linux_support_base::CpuSet;
    /// assert_eq!(CpuSet::parse_mask(b"00000001,00000003\n").unwrap().to_string(), "0-1,32");
    /// ```
    ///
    /// # Errors
    /// Empty text, bytes that are no hexadecimal digits, a word of more than 32 bits beside others, and numbers
    /// from [`Number::LIMIT`] on.
    pub fn parse_mask(text: &[u8]) -> Result<Self, ParseError> {
        let text = trimmed(text);
        let read = |text: &[u8]| -> Result<Self, ParseError> {
            let mut set = Self::new();
            if memchr::memchr(b',', text).is_some() {
                for (index, word) in text.rsplit(|&byte| byte == b',').enumerate() {
                    let word = hexadecimal::<u32>(word).map_err(|error| match word.len() {
                        0 => ParseError::expected("a word of a mask", word),
                        _ => error,
                    })?;
                    set.set_half(index, word, text)?;
                }
            } else {
                if text.is_empty() {
                    return Err(ParseError::expected("a mask", text));
                }
                for (index, digits) in text.rchunks(8).enumerate() {
                    set.set_half(index, hexadecimal(digits)?, text)?;
                }
            }
            set.trim();
            Ok(set)
        };
        read(text).map_err(|error| error.quoting(text))
    }

    fn set_half(&mut self, index: usize, half: u32, text: &[u8]) -> Result<(), ParseError> {
        if half == 0 {
            return Ok(());
        }
        let word = index / 2;
        if word >= (T::LIMIT / 64) as usize {
            return Err(ParseError::expected(T::EXPECTED, text));
        }
        if self.words.len() <= word {
            self.words.resize(word + 1, 0);
        }
        self.words[word] |= u64::from(half) << (index % 2 * 32);
        Ok(())
    }

    /// Writes the mask format, with as many words as the largest member needs, and at least one.
    #[must_use]
    pub fn mask(&self) -> String {
        let mut mask = String::new();
        let halves = self.words.iter().flat_map(|&word| [word as u32, (word >> 32) as u32]);
        let halves: Vec<u32> = halves.collect();
        let used = halves.iter().rposition(|&half| half != 0).map_or(1, |last| last + 1);
        for index in (0..used).rev() {
            let half = halves.get(index).copied().unwrap_or(0);
            let separator = if index == 0 { "" } else { "," };
            write!(mask, "{half:08x}{separator}").expect("a String takes all text");
        }
        mask
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use crate::{Cpu, CpuSet};

    #[test]
    fn masks_beyond_1024_bits_are_read() {
        let mut text = String::from("80000000");
        text.push_str(&",00000000".repeat(63));
        let set = CpuSet::parse_mask(text.as_bytes()).unwrap();
        assert_eq!(set.to_string(), "2047");
        assert_eq!(set.mask(), text);
    }

    #[test]
    fn words_may_be_short_or_run_together() {
        assert_eq!(CpuSet::parse_mask(b"3").unwrap().to_string(), "0-1");
        assert_eq!(CpuSet::parse_mask(b"f,00000000\n").unwrap().to_string(), "32-35");
        assert_eq!(CpuSet::parse_mask(b"100000000").unwrap().to_string(), "32");
        assert_eq!(CpuSet::parse_mask(b"3\n\0").unwrap().to_string(), "0-1");
        assert_eq!(CpuSet::new().mask(), "00000000");
    }

    #[test]
    fn what_is_not_a_mask_is_refused() {
        for text in ["", "x", "1,,2", "1,123456789", "0x1", "1 2"] {
            assert!(CpuSet::parse_mask(text.as_bytes()).is_err(), "{text}");
        }
        assert!(CpuSet::parse_mask(&[b'f'; 20_000]).is_err());
    }

    proptest! {
        #[test]
        fn every_set_comes_back(numbers in prop::collection::vec(0u32..9000, 0..50)) {
            let set: CpuSet = numbers.into_iter().map(|number| Cpu::new(number).unwrap()).collect();
            prop_assert_eq!(CpuSet::parse_mask(set.mask().as_bytes()), Ok(set));
        }

        #[test]
        fn nothing_panics(bytes: Vec<u8>) {
            let _ = CpuSet::parse_mask(&bytes);
        }
    }
}
