//! Packets spread over several sockets: packet(7), PACKET_FANOUT.

use std::os::fd::AsFd;

use libc::SOL_PACKET;
use linux_raw_sys::if_packet::PACKET_FANOUT;
use linux_support_base::Error;

use super::PacketSocket;
use crate::sys::socket::set_option;

/// By what the sockets of a group share packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fanout {
    /// By the addresses in the packet: those of one flow come to one socket.
    Hash,
    /// In turn.
    RoundRobin,
    /// By the CPU that they came to.
    Cpu,
    /// To the first that has room.
    Rollover,
    /// By chance.
    Random,
    /// By the device's queue that they came by.
    Queue,
}

bitflags::bitflags! {
    /// How a group shares packets.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct FanoutFlags: u16 {
        /// What a full socket has no room for goes to another.
        const ROLLOVER = 0x1000;
        /// Packets that go out are not shared.
        const IGNORE_OUTGOING = 0x4000;
        /// Fragments are put together first.
        const DEFRAGMENT = 0x8000;
    }
}

impl PacketSocket {
    /// Joins the group of this number within the network namespace, which shares packets in this way. It is bound
    /// before, and leaves the group when it is closed.
    ///
    /// # Errors
    /// It isn't bound, or the group is of another way, protocol or interface (EINVAL).
    #[doc(alias = "PACKET_FANOUT")]
    pub fn share(&self, group: u16, by: Fanout, flags: FanoutFlags) -> Result<(), Error> {
        let by: u16 = match by {
            Fanout::Hash => 0,
            Fanout::RoundRobin => 1,
            Fanout::Cpu => 2,
            Fanout::Rollover => 3,
            Fanout::Random => 4,
            Fanout::Queue => 5,
        };
        let value = u32::from(by | flags.bits()) << 16 | u32::from(group);
        set_option(self.as_fd(), SOL_PACKET, PACKET_FANOUT as libc::c_int, &value.to_ne_bytes())
            .map_err(|errno| Error::system("share packets of", "packet socket", errno))
    }
}
