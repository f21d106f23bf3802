use linux_support_base::{ByteString, Error, Machine, NumaNode, Pages, ParseError, text};

/// More orders than any kernel has: the largest blocks of powerpc have order 24.
pub const ORDERS: usize = 32;

/// How many free blocks of each size a zone has.
///
/// A block of order n is 2ⁿ pages that lie side by side: what huge pages and DMA buffers are made of.
///
/// # Source
/// `/proc/buddyinfo`, Documentation/filesystems/proc.rst.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "buddyinfo")]
#[non_exhaustive]
pub struct FreeBlocks {
    /// The node.
    pub node: NumaNode,
    /// The zone: `DMA`, `DMA32`, `Normal`, `Movable` …
    pub zone: ByteString,
    /// How many blocks of each order are free, from order 0 up.
    pub counts: Vec<u64>,
}

impl FreeBlocks {
    /// Reads all lines `Node N, zone NAME COUNT COUNT…`.
    ///
    /// # Errors
    /// An empty text, a line of another form, a malformed number, or more than [`ORDERS`] orders.
    pub fn parse_all(bytes: &[u8]) -> Result<Vec<Self>, ParseError> {
        if bytes.trim_ascii().is_empty() {
            return Err(ParseError::expected("Node N, zone NAME", bytes));
        }
        text::lines(bytes).filter(|line| !line.trim_ascii().is_empty()).map(Self::parse).collect()
    }

    fn parse(line: &[u8]) -> Result<Self, ParseError> {
        let (node, zone, mut fields) = heading(line)?;
        let counts: Vec<u64> = fields
            .by_ref()
            .map(|field| text::decimal(field).map_err(|error| error.in_field("free blocks")))
            .collect::<Result<_, _>>()?;
        if counts.len() > ORDERS {
            return Err(ParseError::expected("at most 32 orders", line));
        }
        Ok(Self { node, zone, counts })
    }

    /// Reads `/proc/buddyinfo`.
    ///
    /// # Errors
    /// The file is absent or malformed.
    pub fn read_all(machine: &Machine) -> Result<Vec<Self>, Error> {
        machine.parse("/proc/buddyinfo", Self::parse_all)
    }

    /// How many pages are free, in blocks of all sizes.
    #[must_use]
    pub fn free(&self) -> Pages {
        self.free_from(0)
    }

    /// How many pages are free in blocks of `order` and larger.
    #[must_use]
    pub fn free_from(&self, order: usize) -> Pages {
        let blocks = self.counts.iter().enumerate().skip(order);
        Pages::new(
            blocks.fold(0, |sum: u64, (order, count)| sum.saturating_add(count.saturating_mul(1 << order))),
        )
    }

    /// The largest order of which a block is free.
    #[must_use]
    pub fn largest(&self) -> Option<usize> {
        self.counts.iter().rposition(|&count| count > 0)
    }

    /// Which part of the free memory is of no use for a block of `order`, because it lies in smaller blocks: 0.0
    /// none of it, 1.0 all of it. `None` where nothing is free.
    #[doc(alias = "unusable_index")]
    #[must_use]
    pub fn unusable(&self, order: usize) -> Option<f64> {
        let (all, usable) = (self.free().get(), self.free_from(order).get());
        (all > 0).then(|| (all - usable) as f64 / all as f64)
    }

    /// Why a block of `order` can't be had: towards 0.0 because too little is free, towards 1.0 because what is free is in
    /// pieces. `None` where a block is there. The kernel compacts memory above `vm.extfrag_threshold` (in thousandths).
    ///
    /// # Source
    /// `extfrag/extfrag_index` of debugfs, which is the same; `__fragmentation_index` in the kernel's `mm/vmstat.c`.
    #[doc(alias = "extfrag_index")]
    #[must_use]
    pub fn fragmentation(&self, order: usize) -> Option<f64> {
        if self.free_from(order).get() > 0 {
            return None;
        }
        let blocks = self.counts.iter().fold(0, |sum: u64, count| sum.saturating_add(*count));
        if blocks == 0 {
            return Some(0.0);
        }
        // The kernel's own integers, so that what is shown is the same.
        let requested = 1u128.checked_shl(order as u32).filter(|_| order < 128).unwrap_or(u128::MAX);
        let thousand = u128::from(self.free().get()) * 1000 / requested + 1000;
        let index = 1000 - (thousand / u128::from(blocks)).min(1000) as i32;
        Some(f64::from(index) / 1000.0)
    }
}

/// The node and zone with which lines of buddyinfo and zoneinfo begin, and the fields after them.
pub(super) fn heading(line: &[u8]) -> Result<(NumaNode, ByteString, text::Fields<'_>), ParseError> {
    let expected = || ParseError::expected("Node N, zone NAME", line);
    let rest = line.strip_prefix(b"Node ").ok_or_else(expected)?;
    let (node, rest) = text::split_once(rest, b',').ok_or_else(expected)?;
    let mut fields = text::fields(rest);
    if fields.next() != Some(b"zone") {
        return Err(expected());
    }
    let zone = fields.required("zone")?;
    Ok((NumaNode::parse(node.trim_ascii())?, zone.into(), fields))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &[u8] =
        b"Node 0, zone      DMA      0      1      0      2 \nNode 12, zone   Normal    100      0\n";

    #[test]
    fn blocks_of_every_order_are_counted() {
        let blocks = FreeBlocks::parse_all(TEXT).unwrap();
        assert_eq!(blocks.len(), 2);
        assert_eq!((blocks[0].free(), blocks[0].free_from(2)), (Pages::new(18), Pages::new(16)));
        assert_eq!((blocks[0].largest(), blocks[1].largest()), (Some(3), Some(0)));
        assert_eq!((blocks[1].node.number(), blocks[1].zone.as_bytes()), (12, &b"Normal"[..]));
        assert_eq!(FreeBlocks::parse_all(TEXT.trim_ascii_end()), Ok(blocks));
    }

    #[test]
    fn memory_in_small_blocks_is_of_no_use_for_large_ones() {
        let blocks = &FreeBlocks::parse_all(TEXT).unwrap()[1];
        assert_eq!(
            (blocks.unusable(0), blocks.unusable(1), blocks.unusable(40)),
            (Some(0.0), Some(1.0), Some(1.0))
        );
        let none = FreeBlocks::parse_all(b"Node 0, zone DMA 0 0").unwrap();
        assert_eq!(none[0].unusable(0), None);
    }

    #[test]
    fn memory_in_pieces_is_told_from_memory_that_lacks() {
        let index =
            |text: &str, order| FreeBlocks::parse_all(text.as_bytes()).unwrap()[0].fragmentation(order);
        assert_eq!(index("Node 0, zone DMA 100 0 1", 2), None);
        assert_eq!(index("Node 0, zone DMA 0 0 0", 2), Some(0.0));
        // 1000 free pages are enough for a block of 256, but in pieces: 1 - (1 + 1000 / 256) / 1000.
        assert_eq!(index("Node 0, zone DMA 1000 0", 8), Some(0.996));
        // 4 pages are too few, in whatever pieces: 1 - (1 + 4 / 256) / 2.
        assert_eq!(index("Node 0, zone DMA 0 2", 8), Some(0.493));
        assert_eq!(index("Node 0, zone DMA 0 2", 500), Some(0.5));
    }

    #[test]
    fn lines_of_another_form_are_refused() {
        for text in
            ["", "Node x, zone DMA 1", "Node 0 zone DMA 1", "Node 0, zone", "Node 0, zone DMA x", "DMA 1"]
        {
            assert!(FreeBlocks::parse_all(text.as_bytes()).is_err(), "{text}");
        }
        let long = [&b"Node 0, zone DMA"[..], &b" 1".repeat(33)].concat();
        assert!(FreeBlocks::parse_all(&long).is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>, text in "Node [0-9x]{1,6},? zone [A-Z]{0,3}( [0-9x]{1,20}){0,40}") {
            let _ = FreeBlocks::parse_all(&bytes);
            if let Ok(blocks) = FreeBlocks::parse_all(text.as_bytes()) {
                let _ = (blocks[0].free(), blocks[0].unusable(3), blocks[0].fragmentation(9));
            }
        }
    }
}
