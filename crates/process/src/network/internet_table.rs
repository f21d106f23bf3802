//! The tables of `/proc/PID/net` that list sockets of the Internet's protocols.

/// A table of sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum InternetTable {
    /// TCP over IPv4.
    Tcp,
    /// TCP over IPv6.
    Tcp6,
    /// UDP over IPv4.
    Udp,
    /// UDP over IPv6.
    Udp6,
    /// UDP-Lite over IPv4.
    UdpLite,
    /// UDP-Lite over IPv6.
    UdpLite6,
    /// Raw IPv4: ports are protocols.
    Raw,
    /// Raw IPv6: ports are protocols.
    Raw6,
    /// `ping` over IPv4: ports are identifiers.
    Icmp,
    /// `ping` over IPv6: ports are identifiers.
    Icmp6,
}

impl InternetTable {
    /// All tables.
    pub const ALL: [Self; 10] = [
        Self::Tcp,
        Self::Tcp6,
        Self::Udp,
        Self::Udp6,
        Self::UdpLite,
        Self::UdpLite6,
        Self::Raw,
        Self::Raw6,
        Self::Icmp,
        Self::Icmp6,
    ];

    /// The name of its file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Tcp6 => "tcp6",
            Self::Udp => "udp",
            Self::Udp6 => "udp6",
            Self::UdpLite => "udplite",
            Self::UdpLite6 => "udplite6",
            Self::Raw => "raw",
            Self::Raw6 => "raw6",
            Self::Icmp => "icmp",
            Self::Icmp6 => "icmp6",
        }
    }

    pub(super) const fn is_ipv6(self) -> bool {
        matches!(self, Self::Tcp6 | Self::Udp6 | Self::UdpLite6 | Self::Raw6 | Self::Icmp6)
    }

    pub(super) const fn is_tcp(self) -> bool {
        matches!(self, Self::Tcp | Self::Tcp6)
    }
}
