use linux_support_base::{ByteString, Error, Machine, NumaNode, Pages, ParseError, Requirement, text};

use super::{ORDERS, blocks::heading};

/// The free blocks of each kind of page, and how the blocks of the largest kind that the kernel groups by are used.
///
/// # Capabilities
/// Root's, to read the file.
///
/// # Source
/// `/proc/pagetypeinfo`, Documentation/filesystems/proc.rst.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "pagetypeinfo")]
#[non_exhaustive]
pub struct PageTypes {
    /// How many pages a block has that the kernel groups pages by.
    pub block: Pages,
    /// The free blocks.
    pub free: Vec<FreeBlocksOfType>,
    /// How many blocks of each zone are for which kind of page.
    pub blocks: Vec<BlocksByType>,
}

/// How many free blocks of each size a zone has for one kind of page.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct FreeBlocksOfType {
    /// The node.
    pub node: NumaNode,
    /// The zone.
    pub zone: ByteString,
    /// The kind of page: `Unmovable`, `Movable`, `Reclaimable`, `HighAtomic`, `CMA`, `Isolate` …
    pub migrate_type: ByteString,
    /// How many blocks of each order are free, from order 0 up.
    pub counts: Vec<OrderCount>,
}

/// A count that the kernel may have broken off: it stops at 100,000, so as not to hold up the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct OrderCount {
    /// The count, or the least that there are.
    pub count: u64,
    /// Whether there are more, `>100000` in the kernel's form.
    pub is_cut: bool,
}

/// How many blocks of a zone are for which kind of page.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct BlocksByType {
    /// The node.
    pub node: NumaNode,
    /// The zone.
    pub zone: ByteString,
    /// Kinds and counts, in the kernel's order.
    pub counts: Vec<(ByteString, u64)>,
}

/// Which part of the text the lines belong to.
enum Part {
    Free,
    Blocks(Vec<ByteString>),
    Other,
}

impl PageTypes {
    /// Reads the three parts. What follows them, as with `CONFIG_PAGE_OWNER`, is passed over.
    ///
    /// # Errors
    /// A part that is missing, a line of another form, a malformed number, or more than [`ORDERS`] orders.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut block = None;
        let mut free = Vec::new();
        let mut blocks = Vec::new();
        // The kernel writes all parts for one node after the other.
        let mut part = Part::Other;
        for line in text::lines(bytes) {
            if let Some(pages) = line.strip_prefix(b"Pages per block:") {
                let pages =
                    text::decimal(pages.trim_ascii()).map_err(|error| error.in_field("Pages per block"))?;
                block = Some(Pages::new(pages));
            } else if line.starts_with(b"Free pages count per migrate type") {
                part = Part::Free;
            } else if let Some(names) = line.strip_prefix(b"Number of blocks type") {
                part = Part::Blocks(text::fields(names).map(ByteString::from).collect());
            } else if line.starts_with(b"Number of mixed blocks") {
                part = Part::Other;
            } else if line.starts_with(b"Node ") {
                match &part {
                    Part::Free => free.push(FreeBlocksOfType::parse(line)?),
                    Part::Blocks(types) => blocks.push(BlocksByType::parse(line, types)?),
                    Part::Other => {}
                }
            }
        }
        let block = block.ok_or_else(|| ParseError::expected("Pages per block", bytes))?;
        Ok(Self { block, free, blocks })
    }

    /// Reads `/proc/pagetypeinfo`.
    ///
    /// # Errors
    /// The file is absent, may not be read, or is malformed.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        const NEEDS: Requirement =
            Requirement::none().configuration("CONFIG_PROC_FS").capability("CAP_DAC_READ_SEARCH");
        machine.parse_needing("/proc/pagetypeinfo", NEEDS, Self::parse)
    }
}

impl FreeBlocksOfType {
    /// `Node 0, zone Normal, type Movable 1 2 >100000`
    fn parse(line: &[u8]) -> Result<Self, ParseError> {
        let (node, zone, mut fields) = zone_of(line)?;
        if fields.next() != Some(b"type") {
            return Err(ParseError::expected("Node N, zone NAME, type NAME", line));
        }
        let migrate_type = fields.required("type")?.into();
        let counts: Vec<OrderCount> = fields
            .map(|field| {
                let cut = field.strip_prefix(b">");
                let count =
                    text::decimal(cut.unwrap_or(field)).map_err(|error| error.in_field("free blocks"))?;
                Ok(OrderCount { count, is_cut: cut.is_some() })
            })
            .collect::<Result<_, ParseError>>()?;
        if counts.len() > ORDERS {
            return Err(ParseError::expected("at most 32 orders", line));
        }
        Ok(Self { node, zone, migrate_type, counts })
    }
}

impl BlocksByType {
    fn parse(line: &[u8], types: &[ByteString]) -> Result<Self, ParseError> {
        let (node, zone, mut fields) = zone_of(line)?;
        let count = |name: &ByteString| {
            let count = text::decimal(fields.required("blocks")?)
                .map_err(|error: ParseError| error.in_field("blocks"))?;
            Ok((name.clone(), count))
        };
        Ok(Self { node, zone, counts: types.iter().map(count).collect::<Result<_, ParseError>>()? })
    }
}

/// As [`heading`], but the zone's name ends in a comma in some lines.
fn zone_of(line: &[u8]) -> Result<(NumaNode, ByteString, text::Fields<'_>), ParseError> {
    let (node, zone, fields) = heading(line)?;
    let bare = zone.as_bytes().strip_suffix(b",").map(ByteString::from);
    Ok((node, bare.unwrap_or(zone), fields))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &[u8] = b"Page block order: 9\nPages per block:  512\n\n\
Free pages count per migrate type at order       0      1      2 \n\
Node    0, zone      DMA, type    Unmovable      0      1      0 \n\
Node    0, zone   Normal, type      Movable >100000      2      7 \n\n\
Number of blocks type     Unmovable      Movable  Reclaimable \n\
Node 0, zone      DMA            1            3            0 \n\
Node 0, zone   Normal          100         2000           20 \n\
Number of mixed blocks    Unmovable      Movable  Reclaimable \n\
Node 0, zone      DMA            x            0            0 \n\
Page block order: 9\nPages per block:  512\n\n\
Free pages count per migrate type at order       0      1      2 \n\
Node    1, zone   Normal, type    Unmovable      4      1      0 \n\n\
Number of blocks type     Unmovable      Movable  Reclaimable \n\
Node 1, zone   Normal            5            3            0 \n";

    #[test]
    fn free_blocks_and_uses_of_blocks_are_read() {
        let types = PageTypes::parse(TEXT).unwrap();
        assert_eq!((types.block, types.free.len(), types.blocks.len()), (Pages::new(512), 3, 3));
        assert_eq!(
            (types.free[1].zone.clone(), types.free[1].migrate_type.clone()),
            ("Normal".into(), "Movable".into())
        );
        assert_eq!(types.free[1].counts[0], OrderCount { count: 100_000, is_cut: true });
        assert_eq!(types.free[0].counts[1], OrderCount { count: 1, is_cut: false });
        assert_eq!((types.free[2].node.number(), types.blocks[2].counts[0].1), (1, 5));
        assert_eq!(types.blocks[1].counts[1], ("Movable".into(), 2000));
        assert_eq!(PageTypes::parse(TEXT.trim_ascii_end()), Ok(types));
    }

    #[test]
    fn other_forms_are_refused() {
        for text in [
            &b""[..],
            b"Pages per block: x\n",
            b"Pages per block: 1\nFree pages count per migrate type\nNode 0, zone DMA 1\n",
            b"Pages per block: 1\nFree pages count per migrate type\nNode 0, zone DMA, type Movable x\n",
            b"Pages per block: 1\nNumber of blocks type A B\nNode 0, zone DMA 1\n",
        ] {
            assert!(PageTypes::parse(text).is_err(), "{}", String::from_utf8_lossy(text));
        }
    }

    #[test]
    fn this_machine_has_as_many_free_blocks_as_buddyinfo_says_or_keeps_them_from_us() {
        match PageTypes::read(&Machine::live().unwrap()) {
            Err(error) => {
                assert!(["permission-denied", "not-configured"].contains(&error.reason().name()), "{error}")
            }
            Ok(types) => assert!(!types.free.is_empty() && !types.blocks.is_empty()),
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>, at in 0..TEXT.len(), byte: u8) {
            let _ = PageTypes::parse(&bytes);
            let mut damaged = TEXT.to_vec();
            damaged[at] = byte;
            let _ = PageTypes::parse(&damaged);
        }
    }
}
