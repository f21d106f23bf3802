//! Where a byte is in a few others: what a search that is for short distances is made of.

/// Which of these bytes are `byte`: bit 0 stands for the first.
///
/// ```
/// # use linux_support_base::text::places;
/// assert_eq!(places(b"rw,relatime - ex", b' '), 1 << 11 | 1 << 13);
/// ```
#[inline(always)]
#[must_use]
pub fn places(bytes: &[u8; 16], byte: u8) -> u16 {
    #[cfg(target_arch = "x86_64")]
    return crate::sys::vector::places(bytes, byte);
    #[cfg(not(target_arch = "x86_64"))]
    in_words(bytes, byte)
}

/// The same on words, which every machine has.
#[cfg_attr(target_arch = "x86_64", cfg(test))]
#[inline]
fn in_words(bytes: &[u8; 16], byte: u8) -> u16 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const LOW: u64 = 0x7f * ONES;
    let half = |half: [u8; 8]| {
        let others = u64::from_le_bytes(half) ^ (ONES * u64::from(byte));
        // The high bit of each byte that is 0; no sum carries into the next byte.
        let zeros = !(((others & LOW) + LOW) | others | LOW);
        // The eight bits are brought together at the top.
        ((zeros >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56) as u16
    };
    let [low, high] = [0, 8].map(|at| half(core::array::from_fn(|index| bytes[at + index])));
    low | high << 8
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn each_place_has_its_bit(any: [u8; 16], alike in prop::array::uniform16(0x7fu8..0x82), byte: u8) {
            for (bytes, byte) in [(any, byte), (any, any[5]), (alike, 0x80), (alike, alike[0])] {
                let expected = (0..16).filter(|&at| bytes[at] == byte).fold(0, |places, at| places | 1 << at);
                prop_assert_eq!(places(&bytes, byte), expected);
                prop_assert_eq!(in_words(&bytes, byte), expected);
            }
        }
    }
}
