//! What is sent along with a message.

use core::marker::PhantomData;
use std::{
    net::{Ipv4Addr, Ipv6Addr},
    os::fd::{AsRawFd, BorrowedFd},
    time::Duration,
};

use libc::{SOL_IP, SOL_IPV6, SOL_SOCKET, SOL_UDP};
use linux_raw_sys::net;
use linux_support_base::Error;

use super::{Credentials, HEADER};
use crate::{
    socket::{Interface, option::TimestampingFlags},
    sys::socket_message::control_bytes,
};

/// UDP_SEGMENT, which linux-raw-sys doesn't have.
const UDP_SEGMENT: u32 = 103;

/// What is sent along with messages: it can be used for many of them, and emptied to be used again.
///
/// It borrows the descriptors that it holds.
#[derive(Debug, Default)]
pub struct ControlBuffer<'fd> {
    words: Vec<u64>,
    descriptors: PhantomData<BorrowedFd<'fd>>,
}

impl<'fd> ControlBuffer<'fd> {
    /// The most descriptors that a message can bring.
    #[doc(alias = "SCM_MAX_FD")]
    pub const MAXIMUM_DESCRIPTORS: usize = 253;

    /// Nothing.
    #[must_use]
    pub const fn new() -> Self {
        Self { words: Vec::new(), descriptors: PhantomData }
    }

    /// Empties it, and keeps its memory.
    #[must_use]
    pub fn emptied<'other>(mut self) -> ControlBuffer<'other> {
        self.words.clear();
        ControlBuffer { words: self.words, descriptors: PhantomData }
    }

    /// Adds descriptors, which the receiver gets as its own.
    ///
    /// # Errors
    /// They are none, or more than [`MAXIMUM_DESCRIPTORS`](Self::MAXIMUM_DESCRIPTORS).
    #[doc(alias = "SCM_RIGHTS")]
    pub fn descriptors(&mut self, descriptors: &[BorrowedFd<'fd>]) -> Result<&mut Self, Error> {
        let accepted = 1..=Self::MAXIMUM_DESCRIPTORS;
        if !accepted.contains(&descriptors.len()) {
            return Err(Error::invalid("send", "descriptors", "a message takes 1 to 253 of them"));
        }
        let mut numbers = [0; 4 * Self::MAXIMUM_DESCRIPTORS];
        for (room, descriptor) in numbers.as_chunks_mut().0.iter_mut().zip(descriptors) {
            *room = descriptor.as_raw_fd().to_ne_bytes();
        }
        Ok(self.push(SOL_SOCKET, net::SCM_RIGHTS, &numbers[..4 * descriptors.len()]))
    }

    /// Adds who sends it.
    ///
    /// # Capabilities
    /// Those that are not the process's own need CAP_SYS_ADMIN (its number), CAP_SETUID and CAP_SETGID.
    #[doc(alias = "SCM_CREDENTIALS")]
    pub fn credentials(&mut self, credentials: Credentials) -> &mut Self {
        self.push(SOL_SOCKET, net::SCM_CREDENTIALS, &credentials.encode())
    }

    /// Has the bytes sent as several datagrams of this length, but for the last, which may be shorter.
    #[doc(alias = "UDP_SEGMENT")]
    pub fn segment_size(&mut self, bytes: u16) -> &mut Self {
        self.push(SOL_UDP, UDP_SEGMENT, &bytes.to_ne_bytes())
    }

    /// Has an IPv4 packet sent from this address, out of this interface.
    #[doc(alias = "IP_PKTINFO")]
    pub fn ipv4_source(&mut self, interface: Option<Interface>, address: Ipv4Addr) -> &mut Self {
        let mut data = [0; 12];
        data[..4].copy_from_slice(&interface.map_or(0, Interface::number).to_ne_bytes());
        data[4..8].copy_from_slice(&address.octets());
        self.push(SOL_IP, net::IP_PKTINFO, &data)
    }

    /// Has an IPv6 packet sent from this address, out of this interface.
    #[doc(alias = "IPV6_PKTINFO")]
    pub fn ipv6_source(&mut self, interface: Option<Interface>, address: Ipv6Addr) -> &mut Self {
        let mut data = [0; 20];
        data[..16].copy_from_slice(&address.octets());
        data[16..].copy_from_slice(&interface.map_or(0, Interface::number).to_ne_bytes());
        self.push(SOL_IPV6, net::IPV6_PKTINFO, &data)
    }

    /// Has an IPv4 packet pass at most so many machines.
    #[doc(alias = "IP_TTL")]
    pub fn ipv4_hop_limit(&mut self, limit: u8) -> &mut Self {
        self.push(SOL_IP, net::IP_TTL, &i32::from(limit).to_ne_bytes())
    }

    /// Has an IPv6 packet pass at most so many machines.
    #[doc(alias = "IPV6_HOPLIMIT")]
    pub fn ipv6_hop_limit(&mut self, limit: u8) -> &mut Self {
        self.push(SOL_IPV6, net::IPV6_HOPLIMIT, &i32::from(limit).to_ne_bytes())
    }

    /// Gives an IPv4 packet this traffic class.
    #[doc(alias = "IP_TOS")]
    pub fn ipv4_traffic_class(&mut self, class: u8) -> &mut Self {
        self.push(SOL_IP, net::IP_TOS, &i32::from(class).to_ne_bytes())
    }

    /// Gives an IPv6 packet this traffic class.
    #[doc(alias = "IPV6_TCLASS")]
    pub fn ipv6_traffic_class(&mut self, class: u8) -> &mut Self {
        self.push(SOL_IPV6, net::IPV6_TCLASS, &i32::from(class).to_ne_bytes())
    }

    /// Gives a packet this mark.
    ///
    /// # Capabilities
    /// CAP_NET_ADMIN or CAP_NET_RAW.
    #[doc(alias = "SO_MARK")]
    pub fn mark(&mut self, mark: u32) -> &mut Self {
        self.push(SOL_SOCKET, net::SO_MARK, &mark.to_ne_bytes())
    }

    /// Has a packet sent at this time of the clock that
    /// [`TransmitTime`](crate::socket::option::TransmitTime) chose, since that clock's beginning; one beyond 584 years
    /// is taken for the last of them.
    #[doc(alias = "SCM_TXTIME")]
    pub fn transmit_time(&mut self, time: Duration) -> &mut Self {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.push(SOL_SOCKET, net::SO_TXTIME, &nanoseconds.to_ne_bytes())
    }

    /// Has these times of this message taken, in place of those that
    /// [`Timestamping`](crate::socket::option::Timestamping) says for all: of the flags that begin with `TRANSMIT_`. How
    /// they are reported is as that option says.
    ///
    /// # Errors
    /// There are other flags among them.
    ///
    /// # Source
    /// Documentation/networking/timestamping.rst, "Timestamp options via control messages".
    #[doc(alias = "SO_TIMESTAMPING")]
    pub fn timestamps(&mut self, flags: TimestampingFlags) -> Result<&mut Self, Error> {
        if !TimestampingFlags::TRANSMIT.contains(flags) {
            let accepted = "a message takes the flags that begin with TRANSMIT_";
            return Err(Error::invalid("send", "timestamping flags", accepted));
        }
        Ok(self.push(SOL_SOCKET, net::SO_TIMESTAMPING_OLD, &flags.bits().to_ne_bytes()))
    }

    /// Adds something that has no method here.
    ///
    /// # Errors
    /// It is numbers of descriptors, which are only taken from those who own them: by
    /// [`descriptors`](Self::descriptors).
    pub fn other(&mut self, level: i32, kind: u32, data: &[u8]) -> Result<&mut Self, Error> {
        if level == SOL_SOCKET && kind == net::SCM_RIGHTS {
            return Err(Error::invalid("send", "numbers of descriptors", "are taken by `descriptors` only"));
        }
        Ok(self.push(level, kind, data))
    }

    fn push(&mut self, level: i32, kind: u32, data: &[u8]) -> &mut Self {
        let mut header = [[0; 8]; HEADER / 8];
        header[0] = (HEADER + data.len()).to_ne_bytes();
        header[1][..4].copy_from_slice(&level.to_ne_bytes());
        header[1][4..].copy_from_slice(&kind.to_ne_bytes());
        let (words, rest) = data.as_chunks::<8>();
        self.words.extend(header.iter().chain(words).map(|word| u64::from_ne_bytes(*word)));
        if !rest.is_empty() {
            let mut last = [0; 8];
            last[..rest.len()].copy_from_slice(rest);
            self.words.push(u64::from_ne_bytes(last));
        }
        self
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        control_bytes(&self.words)
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::super::{ControlMessage, ControlMessages, room};
    use super::*;

    #[test]
    fn what_is_written_is_read_back() {
        let mut buffer = ControlBuffer::new();
        let credentials = Credentials::own();
        buffer
            .credentials(credentials)
            .ipv4_hop_limit(9)
            .ipv6_traffic_class(3)
            .mark(7)
            .other(1, 4000, b"xyz")
            .unwrap();
        let messages: Vec<_> = ControlMessages::parse(buffer.as_bytes()).collect();
        assert_eq!(
            messages,
            [
                ControlMessage::Credentials(credentials),
                ControlMessage::HopLimit(9),
                ControlMessage::TrafficClass(3),
                ControlMessage::Mark(7),
                ControlMessage::Unknown { level: 1, kind: 4000, data: b"xyz" },
            ]
        );
        assert_eq!(buffer.as_bytes().len(), room(12) + 3 * room(4) + room(3));
        assert!(buffer.emptied().as_bytes().is_empty());
    }

    #[test]
    fn numbers_of_descriptors_are_not_taken_from_anyone() {
        let mut buffer = ControlBuffer::new();
        assert!(buffer.other(SOL_SOCKET, net::SCM_RIGHTS, &0i32.to_ne_bytes()).is_err());
        assert!(buffer.as_bytes().is_empty());
        let input = std::io::stdin();
        assert!(buffer.descriptors(&[input.as_fd(); 254]).is_err());
        assert!(buffer.descriptors(&[]).is_err());
        assert!(buffer.descriptors(&[input.as_fd(); 253]).is_ok());
    }
}
