//! Nodes and CPUs as numactl's options name them.

mod resolve;
mod route;

use core::{fmt, str::FromStr};

use linux_support_base::{ByteString, Cpu, NumaNode, Number, NumberSet, ParseError, text};

/// Which members of a set are meant: `all`, `0-3,8`, `!0`, `+0-2`, `!+0`.
///
/// ```
/// use linux_support_base::NumaNodeSet;
/// use linux_support_memory::numa::SetExpression;
///
/// let (exist, allowed): (NumaNodeSet, NumaNodeSet) = ("0-3".parse()?, "1,3".parse()?);
/// let meant = |text: &str| text.parse::<SetExpression<_>>().unwrap().resolve(&exist, &allowed).unwrap().to_string();
/// assert_eq!((meant("all"), meant("!3"), meant("+1")), ("1,3".into(), "0-2".into(), "3".into()));
/// # Ok::<(), linux_support_base::ParseError>(())
/// ```
///
/// # Source
/// numactl(8).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetExpression<T: Number> {
    /// `!`: all others are meant.
    inverse: bool,
    /// `+`: the numbers count places in the set of what is allowed.
    relative: bool,
    /// `None` is `all`.
    members: Option<NumberSet<T>>,
}

/// CPUs, as `numactl --physcpubind` takes them.
pub type CpuExpression = SetExpression<Cpu>;

/// Nodes, as `numactl --membind` and others take them: a [`SetExpression`], or the node of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NodeExpression {
    /// By number.
    Nodes(SetExpression<NumaNode>),
    /// The node that is nearest to a device.
    Near(DeviceReference),
}

/// A device, as numactl's expressions name it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceReference {
    /// `netdev:eth0`: a network interface.
    Network(ByteString),
    /// `file:/path`: the block device of the file, or the device itself where it is the file of one.
    File(ByteString),
    /// `block:nvme0n1`: a block device.
    Block(ByteString),
    /// `ip:host`: the network interface through which a host is reached.
    Host(ByteString),
    /// `pci:[0000:]00:1f[.3]`: a PCI function.
    Pci {
        /// The domain, of up to 32 bits; 0 unless it is given.
        domain: u32,
        /// The bus.
        bus: u8,
        /// The device on the bus: below 32.
        device: u8,
        /// The function of the device: below 8; 0 unless it is given.
        function: u8,
    },
}

impl<T: Number> SetExpression<T> {
    /// Reads an expression.
    ///
    /// # Errors
    /// Anything else, and an empty set of numbers.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let (inverse, rest) = match text.strip_prefix(b"!") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (relative, rest) = match rest.strip_prefix(b"+") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        let members = match rest {
            b"all" => None,
            list => Some(NumberSet::parse_list(list)?).filter(|set| !set.is_empty()),
        };
        if members.is_none() && rest != b"all" {
            return Err(ParseError::expected("all, or numbers such as 0-3,8", text));
        }
        Ok(Self { inverse, relative, members })
    }
}

impl NodeExpression {
    /// Reads an expression.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let Some((kind, name)) = text::split_once(text, b':').filter(|(kind, _)| is_kind(kind)) else {
            return SetExpression::parse(text).map(Self::Nodes);
        };
        if name.is_empty() || name.contains(&0) {
            return Err(ParseError::expected("the name of a device after the colon", text));
        }
        let owned = || ByteString::from(name);
        // A name of the kernel holds no slash.
        let bare = || match name.contains(&b'/') || name == b"." || name == b".." {
            true => Err(ParseError::expected("the name of a device, without a path", name)),
            false => Ok(owned()),
        };
        Ok(Self::Near(match kind {
            b"netdev" => DeviceReference::Network(bare()?),
            b"block" => DeviceReference::Block(bare()?),
            b"file" => DeviceReference::File(owned()),
            b"ip" => DeviceReference::Host(owned()),
            _ => parse_pci(name)?,
        }))
    }
}

fn is_kind(kind: &[u8]) -> bool {
    [&b"netdev"[..], b"block", b"file", b"ip", b"pci"].contains(&kind)
}

fn parse_pci(text: &[u8]) -> Result<DeviceReference, ParseError> {
    const EXPECTED: &str = "a PCI address such as 0000:00:1f.3 or 00:1f";
    let wrong = || ParseError::expected(EXPECTED, text);
    let number = |digits: &[u8], limit: u32| {
        text::hexadecimal::<u32>(digits).ok().filter(|&number| number < limit).ok_or_else(wrong)
    };
    let (place, function) = match text::split_once(text, b'.') {
        Some((place, function)) => (place, number(function, 8)?),
        None => (text, 0),
    };
    let (before, device) = match place.iter().rposition(|&byte| byte == b':') {
        Some(colon) => (&place[..colon], &place[colon + 1..]),
        None => return Err(wrong()),
    };
    let (domain, bus) = match text::split_once(before, b':') {
        Some((domain, bus)) => (text::hexadecimal(domain).map_err(|_| wrong())?, bus),
        None => (0, before),
    };
    let (bus, device) = (number(bus, 256)? as u8, number(device, 32)? as u8);
    Ok(DeviceReference::Pci { domain, bus, device, function: function as u8 })
}

impl<T: Number> FromStr for SetExpression<T> {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text.as_bytes())
    }
}

impl FromStr for NodeExpression {
    type Err = ParseError;
    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text.as_bytes())
    }
}

impl<T: Number> fmt::Display for SetExpression<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (inverse, relative) = (if self.inverse { "!" } else { "" }, if self.relative { "+" } else { "" });
        match &self.members {
            None => write!(f, "{inverse}{relative}all"),
            Some(members) => write!(f, "{inverse}{relative}{members}"),
        }
    }
}

impl fmt::Display for NodeExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nodes(nodes) => nodes.fmt(f),
            Self::Near(device) => device.fmt(f),
        }
    }
}

impl fmt::Display for DeviceReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(name) => write!(f, "netdev:{name}"),
            Self::File(path) => write!(f, "file:{path}"),
            Self::Block(name) => write!(f, "block:{name}"),
            Self::Host(host) => write!(f, "ip:{host}"),
            Self::Pci { domain, bus, device, function } => {
                write!(f, "pci:{domain:04x}:{bus:02x}:{device:02x}.{function}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parse(text: &str) -> NodeExpression {
        text.parse().unwrap()
    }

    #[test]
    fn every_form_of_the_manual_is_read_and_written() {
        for text in [
            "all",
            "0",
            "0-3,8",
            "!0",
            "+0-2",
            "!+0",
            "!all",
            "netdev:eth0",
            "file:/var/a:b",
            "block:nvme0n1",
            "ip:example.org",
            "ip:fe80::1",
            "pci:0000:00:1f.3",
            "pci:10000:e1:00.0",
        ] {
            assert_eq!(parse(text).to_string(), text);
        }
        let short = DeviceReference::Pci { domain: 0, bus: 0x3b, device: 0x1f, function: 0 };
        assert_eq!(parse("pci:3b:1f"), NodeExpression::Near(short.clone()));
        assert_eq!(parse("pci:0:3b:1f.0"), NodeExpression::Near(short));
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for text in [
            "",
            "!",
            "+",
            "!+",
            "+!0",
            "!!0",
            "x",
            "0-",
            "3-1",
            "0,x",
            "same",
            "netdev:",
            "netdev:a/b",
            "netdev:..",
            "block:../x",
            "scsi:0",
            "pci:",
            "pci:00",
            "pci:00:20",
            "pci:100:00",
            "pci:00:00.8",
            "pci:0:0:0:0",
            "pci:00:00.",
            "pci:g:00:00",
            "file:",
            "all,0",
            "65536",
        ] {
            assert!(text.parse::<NodeExpression>().is_err(), "{text}");
        }
        assert!(NodeExpression::parse(b"file:a\0b").is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics_and_what_is_read_comes_back(text in "[!+a-z0-9:.,/-]{0,20}", bytes: Vec<u8>) {
            let _ = NodeExpression::parse(&bytes);
            if let Ok(expression) = text.parse::<NodeExpression>() {
                prop_assert_eq!(expression.to_string().parse(), Ok(expression));
            }
        }
    }
}
