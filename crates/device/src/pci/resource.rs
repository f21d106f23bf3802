use bitflags::bitflags;
use linux_support_base::{
    Bytes,
    text::{self, ParseError},
};

use crate::form::as_names;

/// The ranges of addresses that a function decodes: its base address registers, its ROM and, for a bridge, the
/// windows to what is behind it.
///
/// ```
/// use linux_support_device::pci::{ResourceFlags, ResourceKind, Resources};
///
/// let resources = Resources::parse(b"0x00000000fe000000 0x00000000fe003fff 0x000000000014220c\n")?;
/// let bar = resources.bar(0).unwrap();
/// assert_eq!(bar.size().unwrap().get(), 16 << 10);
/// assert!(bar.flags.contains(ResourceFlags::MEMORY | ResourceFlags::BITS_64 | ResourceFlags::PREFETCHABLE));
/// # Ok::<(), linux_support_base::ParseError>(())
/// ```
///
/// # Source
/// Documentation/PCI/sysfs-pci.rst, `resource`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "BAR")]
pub struct Resources {
    /// Those that are there, in the kernel's order.
    pub list: Vec<Resource>,
}

/// A range of addresses that a function decodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Resource {
    /// What decodes it.
    pub kind: ResourceKind,
    /// Its first address: physical as the CPUs see it, or an I/O port.
    ///
    /// A range without an address (see [`is_assigned`](Self::is_assigned)) begins at 0.
    pub start: u64,
    /// Its last address.
    pub last: u64,
    /// What the kernel says of it.
    pub flags: ResourceFlags,
}

/// Which of a function's decoders a range is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum ResourceKind {
    /// The base address register of this number, 0 to 5.
    Bar(u8),
    /// The expansion ROM.
    Rom,
    /// The base address register of this number, 0 to 5, of all its virtual functions together.
    VirtualFunctionBar(u8),
    /// A bridge's window.
    Window(BridgeWindow),
    /// The line of this number, counted from 0, whose meaning is not known.
    Other(u8),
}

/// What a bridge passes on to the bus behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum BridgeWindow {
    /// I/O ports (for CardBus, the first window of them).
    Io,
    /// Memory (for CardBus, the second window of I/O ports).
    Memory,
    /// Prefetchable memory (for CardBus, the first window of memory).
    PrefetchableMemory,
    /// For CardBus, the second window of memory.
    Fourth,
}

bitflags! {
    /// What the kernel says of a range of addresses: `IORESOURCE_…`. Bits without a name are kept.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct ResourceFlags: u64 {
        /// It is of I/O ports.
        const IO = 0x100;
        /// It is of memory.
        const MEMORY = 0x200;
        /// Reading it has no effect, so that reads may be fetched ahead and writes be joined.
        const PREFETCHABLE = 0x2000;
        /// It can't be written.
        const READ_ONLY = 0x4000;
        /// It could be cached.
        const CACHEABLE = 0x8000;
        /// Its size is its alignment.
        const SIZE_IS_ALIGNMENT = 0x4_0000;
        /// Its start is its alignment.
        const START_IS_ALIGNMENT = 0x8_0000;
        /// Its register holds 64 bits.
        const BITS_64 = 0x10_0000;
        /// It is a bridge's window.
        const WINDOW = 0x20_0000;
        /// Only the driver may map it.
        const EXCLUSIVE = 0x800_0000;
        /// It is not decoded now.
        const DISABLED = 0x1000_0000;
        /// It has no address yet.
        const UNSET = 0x2000_0000;
        /// A driver has claimed it.
        const BUSY = 0x8000_0000;
        const _ = !0;
    }
}

as_names! { ResourceFlags: "What the kernel says of a range of addresses; unknown bits as a hexadecimal number."; }

impl Resource {
    /// Whether it has an address.
    #[must_use]
    pub const fn is_assigned(&self) -> bool {
        let at_zero = self.start == 0 && self.flags.contains(ResourceFlags::MEMORY);
        !at_zero && !self.flags.contains(ResourceFlags::UNSET)
    }

    /// How many bytes (or ports) it has; `None` for all of 2⁶⁴.
    #[must_use]
    pub fn size(&self) -> Option<Bytes> {
        (self.last - self.start).checked_add(1).map(Bytes::new)
    }
}

impl Resources {
    /// The range of the base address register `number`, 0 to 5.
    #[must_use]
    pub fn bar(&self, number: u8) -> Option<&Resource> {
        self.of(ResourceKind::Bar(number))
    }

    /// The expansion ROM.
    #[must_use]
    pub fn rom(&self) -> Option<&Resource> {
        self.of(ResourceKind::Rom)
    }

    /// The range of this kind.
    #[must_use]
    pub fn of(&self, kind: ResourceKind) -> Option<&Resource> {
        self.list.iter().find(|resource| resource.kind == kind)
    }

    /// Reads the text of `resource`: a line of first address, last address and flags for each range, all 0 for
    /// those that the function does not have.
    ///
    /// # Errors
    /// A line of another form, a range that falls, or more than 255 lines.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let lines = text::lines(bytes).count();
        let mut list = Vec::new();
        for (index, line) in text::lines(bytes).enumerate() {
            let mut fields = text::fields(line);
            let mut number = |field| {
                let number = fields.required(field)?;
                text::prefixed_hexadecimal::<u64>(number).map_err(|error| error.in_field(field))
            };
            let (start, last, flags) = (number("first address")?, number("last address")?, number("flags")?);
            if fields.next().is_some() {
                return Err(ParseError::expected("three numbers", line));
            }
            if (start, last, flags) == (0, 0, 0) {
                continue;
            }
            if last < start {
                return Err(ParseError::expected("a range that rises", line));
            }
            let index = u8::try_from(index).map_err(|_| ParseError::expected("at most 255 ranges", line))?;
            let kind = ResourceKind::at(index, lines);
            list.push(Resource { kind, start, last, flags: ResourceFlags::from_bits_retain(flags) });
        }
        Ok(Self { list })
    }
}

impl ResourceKind {
    /// The lines of virtual functions are there only in kernels with CONFIG_PCI_IOV, those of windows only for
    /// bridges: their number tells which there are.
    fn at(index: u8, lines: usize) -> Self {
        let windows = match lines {
            11 => 7,
            17 => 13,
            _ => u8::MAX,
        };
        match index {
            0..6 => Self::Bar(index),
            6 => Self::Rom,
            7..13 if matches!(lines, 13 | 17) => Self::VirtualFunctionBar(index - 7),
            _ => match index.checked_sub(windows) {
                Some(0) => Self::Window(BridgeWindow::Io),
                Some(1) => Self::Window(BridgeWindow::Memory),
                Some(2) => Self::Window(BridgeWindow::PrefetchableMemory),
                Some(3) => Self::Window(BridgeWindow::Fourth),
                _ => Self::Other(index),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EMPTY: &str = "0x0000000000000000 0x0000000000000000 0x0000000000000000\n";

    fn with(lines: usize, at: usize, line: &str) -> String {
        (0..lines).map(|index| if index == at { format!("{line}\n") } else { EMPTY.to_owned() }).collect()
    }

    #[test]
    fn the_last_newline_makes_no_range() {
        let text = with(13, 0, "0x0000004000000000 0x000000400007ffff 0x0000000000140204");
        let resources = Resources::parse(text.as_bytes()).unwrap();
        assert_eq!(resources, Resources::parse(text.trim_end().as_bytes()).unwrap());
        assert_eq!(resources.list.len(), 1);
        let bar = resources.bar(0).unwrap();
        assert_eq!((bar.start, bar.size()), (0x40_0000_0000, Some(Bytes::new(0x8_0000))));
        assert!(bar.flags.contains(ResourceFlags::MEMORY | ResourceFlags::BITS_64) && bar.is_assigned());
        assert!(!bar.flags.contains(ResourceFlags::PREFETCHABLE));
    }

    #[test]
    fn the_number_of_lines_tells_what_each_is() {
        let kind = |lines, at| {
            let text = with(lines, at, "0x0000000000001000 0x0000000000001fff 0x0000000000000200");
            Resources::parse(text.as_bytes()).unwrap().list[0].kind
        };
        assert_eq!(kind(7, 6), ResourceKind::Rom);
        assert_eq!(kind(13, 7), ResourceKind::VirtualFunctionBar(0));
        assert_eq!(kind(17, 12), ResourceKind::VirtualFunctionBar(5));
        assert_eq!(kind(17, 13), ResourceKind::Window(BridgeWindow::Io));
        assert_eq!(kind(11, 9), ResourceKind::Window(BridgeWindow::PrefetchableMemory));
        assert_eq!(kind(20, 19), ResourceKind::Other(19));
    }

    #[test]
    fn a_range_without_an_address_is_told_apart() {
        let text = with(7, 2, "0x0000000000000000 0x0000000000000fff 0x0000000020040200");
        let bar = *Resources::parse(text.as_bytes()).unwrap().bar(2).unwrap();
        assert!(!bar.is_assigned());
        assert_eq!(bar.size(), Some(Bytes::new(4096)));
    }

    #[test]
    fn lines_of_another_form_are_errors_with_their_place() {
        let text = with(7, 3, "0x1 0x0 0x200");
        let error = Resources::parse(text.as_bytes()).unwrap_err().within(text.as_bytes());
        assert_eq!(error.line(), Some(4));
        for text in ["0x0 0x0", "1 2 3", "0x0 0x0 0x0 0x0", "\n"] {
            assert!(Resources::parse(text.as_bytes()).is_err(), "{text}");
        }
        assert_eq!(Resources::parse(b""), Ok(Resources::default()));
    }

    #[test]
    fn all_of_the_address_space_does_not_overflow() {
        let text = "0x0000000000000000 0xffffffffffffffff 0x0000000000000200";
        assert_eq!(Resources::parse(text.as_bytes()).unwrap().list[0].size(), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>, nearly in "(0x[0-9a-f]{1,16} 0x[0-9a-f]{1,16} 0x[0-9a-f]{1,8}\n){0,20}") {
            let _ = Resources::parse(&text);
            for resource in Resources::parse(nearly.as_bytes()).unwrap_or_default().list {
                let _ = (resource.size(), resource.is_assigned());
            }
        }
    }
}
