use core::fmt;

use linux_support_base::{
    Directory, Reading,
    text::{self, ParseError},
};

use crate::form::as_text;

/// A PCI Express link between a function and what is above it, as it runs and as it could run.
///
/// `None` is where the kernel does not know: there is no link, or it is down.
///
/// # Kernel
/// Since 4.13; absent where the function is not PCI Express.
///
/// # Source
/// Documentation/ABI/testing/sysfs-bus-pci, `current_link_speed` and `current_link_width`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Link {
    /// How fast each lane runs.
    pub current_speed: Reading<Option<LinkSpeed>>,
    /// How many lanes are in use.
    pub current_width: Reading<Option<LinkWidth>>,
    /// How fast a lane of the function can run.
    pub maximum_speed: Reading<Option<LinkSpeed>>,
    /// How many lanes the function has.
    pub maximum_width: Reading<Option<LinkWidth>>,
}

impl Link {
    pub(super) fn read(directory: &Directory) -> Self {
        let speed = |name| directory.parse(name, LinkSpeed::parse).into();
        let width = |name| directory.parse(name, LinkWidth::parse).into();
        Self {
            current_speed: speed("current_link_speed"),
            current_width: width("current_link_width"),
            maximum_speed: speed("max_link_speed"),
            maximum_width: width("max_link_width"),
        }
    }

    /// Whether the link is known to run slower, or on fewer lanes, than the function can.
    #[must_use]
    pub fn is_degraded(&self) -> bool {
        fn below<T: Copy + Ord>(current: &Reading<Option<T>>, maximum: &Reading<Option<T>>) -> bool {
            match (current.value(), maximum.value()) {
                (Some(Some(current)), Some(Some(maximum))) => current < maximum,
                _ => false,
            }
        }
        below(&self.current_speed, &self.maximum_speed) || below(&self.current_width, &self.maximum_width)
    }
}

/// The rate of a lane, in transfers a second.
///
/// `Display` is `8.0 GT/s`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkSpeed {
    megatransfers: u32,
}

impl LinkSpeed {
    const GENERATIONS: [u32; 6] = [2_500, 5_000, 8_000, 16_000, 32_000, 64_000];

    /// The rate that registers call `encoding`: 1 is 2.5 GT/s, 6 is 64 GT/s; `None` for others.
    #[must_use]
    pub const fn from_encoding(encoding: u8) -> Option<Self> {
        match encoding {
            1..=6 => Some(Self { megatransfers: Self::GENERATIONS[encoding as usize - 1] }),
            _ => None,
        }
    }

    /// Millions of transfers a second, on each lane.
    #[must_use]
    pub const fn megatransfers_per_second(self) -> u32 {
        self.megatransfers
    }

    /// The generation of PCI Express that brought this rate: 1 for 2.5 GT/s, 6 for 64 GT/s.
    #[must_use]
    pub fn generation(self) -> Option<u8> {
        (1..).zip(Self::GENERATIONS).find(|&(_, rate)| rate == self.megatransfers).map(|(number, _)| number)
    }

    /// Reads the form of sysfs: `2.5 GT/s PCIe`, `8 GT/s` (older kernels), or `Unknown`, which is `None`.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &[u8]) -> Result<Option<Self>, ParseError> {
        let text = text::trim(text);
        if text.starts_with(b"Unknown") {
            return Ok(None);
        }
        let error = || ParseError::expected("a rate in GT/s", text);
        let mut fields = text::fields(text);
        let number = fields.next().ok_or_else(error)?;
        if fields.next() != Some(b"GT/s") || !matches!(fields.next(), None | Some(b"PCIe")) {
            return Err(error());
        }
        let (whole, tenths) = text::split_once(number, b'.').unwrap_or((number, b"0"));
        let [tenth @ b'0'..=b'9'] = tenths else { return Err(error()) };
        let megatransfers = text::decimal::<u32>(whole)?
            .checked_mul(1000)
            .and_then(|whole| whole.checked_add(u32::from(tenth - b'0') * 100))
            .ok_or_else(error)?;
        Ok(Some(Self { megatransfers }))
    }
}

impl fmt::Display for LinkSpeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} GT/s", self.megatransfers / 1000, self.megatransfers % 1000 / 100)
    }
}

impl fmt::Debug for LinkSpeed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkSpeed({self})")
    }
}

as_text! {
    LinkSpeed: "The rate of each lane of a link, such as 8.0 GT/s.";
}

/// A number of lanes.
///
/// `Display` is `x16`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct LinkWidth(u8);

impl LinkWidth {
    /// So many lanes; `None` for 0, and for 255, by which the kernel says that it does not know.
    #[must_use]
    pub const fn new(lanes: u8) -> Option<Self> {
        if lanes == 0 || lanes == 255 { None } else { Some(Self(lanes)) }
    }

    /// How many lanes.
    #[must_use]
    pub const fn lanes(self) -> u8 {
        self.0
    }

    /// Reads the form of sysfs, a number, of which 0 and 255 are `None`.
    ///
    /// # Errors
    /// Anything but a number up to 255.
    pub fn parse(text: &[u8]) -> Result<Option<Self>, ParseError> {
        text::decimal(text::trim(text)).map(Self::new)
    }
}

impl fmt::Display for LinkWidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "x{}", self.0)
    }
}

impl fmt::Debug for LinkWidth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LinkWidth({self})")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_form_of_a_rate_is_read() {
        let speed = |text: &[u8]| LinkSpeed::parse(text).unwrap().map(LinkSpeed::megatransfers_per_second);
        assert_eq!(speed(b"2.5 GT/s PCIe\n"), Some(2_500));
        assert_eq!(speed(b"8 GT/s\n"), Some(8_000));
        assert_eq!(speed(b"16.0 GT/s PCIe"), Some(16_000));
        assert_eq!(speed(b"Unknown\n"), None);
        assert_eq!(speed(b"Unknown speed\n"), None);
        for text in [
            &b""[..],
            b"8",
            b"8 GB/s",
            b"8. GT/s",
            b"x GT/s",
            b"8 GT/s of",
            b"99999999999 GT/s",
            b"4294967.9 GT/s",
        ] {
            assert!(LinkSpeed::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn a_rate_tells_its_generation() {
        let speed = LinkSpeed::from_encoding(4).unwrap();
        assert_eq!((speed.to_string(), speed.generation()), ("16.0 GT/s".into(), Some(4)));
        assert_eq!(LinkSpeed::from_encoding(1).unwrap().to_string(), "2.5 GT/s");
        assert_eq!((LinkSpeed::from_encoding(0), LinkSpeed::from_encoding(7)), (None, None));
    }

    #[test]
    fn no_lanes_and_unknown_lanes_are_none() {
        assert_eq!(LinkWidth::parse(b"16\n").unwrap().map(LinkWidth::lanes), Some(16));
        assert_eq!((LinkWidth::parse(b"0"), LinkWidth::parse(b"255\n")), (Ok(None), Ok(None)));
        assert!(LinkWidth::parse(b"256").is_err() && LinkWidth::parse(b"").is_err());
    }

    #[test]
    fn a_link_below_what_the_function_can_is_degraded() {
        let speed = |encoding| Reading::Value(LinkSpeed::from_encoding(encoding));
        let width = |lanes| Reading::Value(LinkWidth::new(lanes));
        let link = |speeds: (u8, u8), widths: (u8, u8)| Link {
            current_speed: speed(speeds.0),
            current_width: width(widths.0),
            maximum_speed: speed(speeds.1),
            maximum_width: width(widths.1),
        };
        assert!(link((1, 3), (4, 4)).is_degraded());
        assert!(link((3, 3), (1, 4)).is_degraded());
        assert!(!link((3, 3), (4, 4)).is_degraded());
        assert!(!link((0, 3), (0, 4)).is_degraded());
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>, nearly in "[0-9.]{0,12} GT/s( PCIe)?") {
            let _ = (LinkSpeed::parse(&text), LinkWidth::parse(&text));
            let _ = LinkSpeed::parse(nearly.as_bytes());
        }
    }
}
