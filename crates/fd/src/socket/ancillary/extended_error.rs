//! What a socket's error queue holds: ip(7), and the kernel's Documentation/networking/timestamping.rst.

use std::net::SocketAddr;

use linux_support_base::Errno;

use crate::socket::address::sealed::Encoded;

/// Where an entry of the error queue comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorOrigin {
    /// Nowhere.
    None,
    /// This machine.
    Local,
    /// An ICMP packet.
    Icmp,
    /// An ICMPv6 packet.
    Icmp6,
    /// The status of a transmission.
    TransmitStatus,
    /// Data sent without a copy is the caller's again.
    ZeroCopy,
    /// A packet whose time to be sent had passed.
    TransmitTime,
    /// Of a number that this library does not know.
    Unknown(u8),
}

impl ErrorOrigin {
    fn of_number(number: u8) -> Self {
        match number {
            0 => Self::None,
            1 => Self::Local,
            2 => Self::Icmp,
            3 => Self::Icmp6,
            4 => Self::TransmitStatus,
            5 => Self::ZeroCopy,
            6 => Self::TransmitTime,
            number => Self::Unknown(number),
        }
    }
}

/// An entry of the error queue.
///
/// # Source
/// ip(7): IP_RECVERR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "sock_extended_err")]
#[non_exhaustive]
pub struct ExtendedError {
    /// The error; `None` where it is no error but a notice.
    pub error: Option<Errno>,
    /// Where it comes from.
    pub origin: ErrorOrigin,
    /// The type of an ICMP packet, or what the notice is about.
    pub kind: u8,
    /// The code of an ICMP packet, or more about the notice.
    pub code: u8,
    /// What belongs to the error: of a packet too large, the largest that would pass.
    pub information: u32,
    /// More of that: of a notice of a time, the packet's number.
    pub data: u32,
    /// The machine that reported it, where it is known.
    pub offender: Option<SocketAddr>,
}

/// SO_EE_CODE_ZEROCOPY_COPIED.
const COPIED: u8 = 1;

impl ExtendedError {
    pub(super) fn decode(data: &[u8]) -> Option<Self> {
        let (entry, offender) = data.split_at_checked(16)?;
        let number = |offset: usize| u32::from_ne_bytes([0, 1, 2, 3].map(|byte| entry[offset + byte]));
        let error = i32::try_from(number(0)).ok().filter(|error| (1..4096).contains(error));
        Some(Self {
            error: error.map(Errno::from_raw_os_error),
            origin: ErrorOrigin::of_number(entry[4]),
            kind: entry[5],
            code: entry[6],
            information: number(8),
            data: number(12),
            offender: SocketAddr::decode(offender),
        })
    }

    /// Of a notice that data was sent without a copy: the first and the last of its calls, which are counted from 0, and
    /// whether the data was copied all the same.
    #[must_use]
    pub fn zero_copy(&self) -> Option<(u32, u32, bool)> {
        (self.origin == ErrorOrigin::ZeroCopy).then_some((self.information, self.data, self.code == COPIED))
    }
}
