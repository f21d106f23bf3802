//! Comparisons of 16 bytes at once, with what every processor of the architecture has.

use core::arch::x86_64::{_mm_cmpeq_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_set1_epi8};

/// Which of these bytes are `byte`: bit 0 stands for the first.
#[inline(always)]
pub(crate) fn places(bytes: &[u8; 16], byte: u8) -> u16 {
    // SAFETY: SSE2 is a part of x86_64, and the load, which needs no alignment, is of the 16 bytes that are borrowed.
    unsafe {
        let equal = _mm_cmpeq_epi8(_mm_loadu_si128(bytes.as_ptr().cast()), _mm_set1_epi8(byte as i8));
        _mm_movemask_epi8(equal) as u16
    }
}
