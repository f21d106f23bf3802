/// A part of a configuration space, of which registers are read by their offset; `None` beyond its end.
#[derive(Clone, Copy)]
pub(super) struct Registers<'a>(pub(super) &'a [u8]);

impl<'a> Registers<'a> {
    pub(super) fn at(self, offset: usize) -> Option<Self> {
        self.0.get(offset..).map(Registers)
    }

    pub(super) fn byte(self, offset: usize) -> Option<u8> {
        self.0.get(offset).copied()
    }

    pub(super) fn word(self, offset: usize) -> Option<u16> {
        Some(u16::from_le_bytes(*self.0.get(offset..)?.first_chunk()?))
    }

    pub(super) fn double(self, offset: usize) -> Option<u32> {
        Some(u32::from_le_bytes(*self.0.get(offset..)?.first_chunk()?))
    }

    /// The bits of the byte at `offset`, from bit `low` on, `count` of them (at most 8).
    pub(super) fn bits(self, offset: usize, low: u32, count: u32) -> Option<u8> {
        let bits = u64::from(self.double(offset)?) >> low & ((1 << count) - 1);
        u8::try_from(bits).ok()
    }
}
