//! Packets spread over several sockets: packet(7), PACKET_FANOUT.

use std::os::fd::{AsFd, AsRawFd};

use libc::SOL_PACKET;
use linux_raw_sys::if_packet::{PACKET_FANOUT, PACKET_FANOUT_DATA};
use linux_support_base::{Errno, Error};

use super::PacketSocket;
use crate::{
    BpfDescriptor,
    sys::socket::{attach_program, get_option, set_option},
};

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
    /// As a program of classic BPF says, which [`PacketSocket::share_by_classic`] gives to the group: its result is the
    /// number of the socket, in the order in which they joined.
    ClassicProgram,
    /// As a program of bpf(2) says, which [`PacketSocket::share_by`] gives to the group.
    Program,
}

/// An instruction of classic BPF.
///
/// # Source
/// The kernel's Documentation/networking/filter.rst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(alias = "sock_filter")]
pub struct ClassicInstruction {
    /// What to do.
    pub code: u16,
    /// How many instructions to skip if a comparison holds.
    pub if_true: u8,
    /// How many to skip if it doesn't.
    pub if_false: u8,
    /// What to do it with.
    pub operand: u32,
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
        let value = u32::from(by.number() | flags.bits()) << 16 | u32::from(group);
        set_option(self.as_fd(), SOL_PACKET, PACKET_FANOUT as libc::c_int, &value.to_ne_bytes())
            .map_err(|errno| failed("share packets of", errno))
    }

    /// Joins a new group, whose number nobody has in the network namespace, and gives that number for others to join.
    ///
    /// # Errors
    /// It isn't bound.
    #[doc(alias = "PACKET_FANOUT_FLAG_UNIQUEID")]
    pub fn share_anew(&self, by: Fanout, flags: FanoutFlags) -> Result<u16, Error> {
        const UNIQUE: u16 = 0x2000;
        self.share(0, by, flags | FanoutFlags::from_bits_retain(UNIQUE))?;
        let mut value = [0; 4];
        get_option(self.as_fd(), SOL_PACKET, PACKET_FANOUT as libc::c_int, &mut value)
            .map_err(|errno| failed("ask for group of", errno))?;
        Ok(u32::from_ne_bytes(value) as u16)
    }

    /// Gives its group the program that says who gets a packet, where it shares by [`Fanout::Program`].
    ///
    /// # Errors
    /// It is in no such group, or this is no program for packets of sockets (EINVAL).
    #[doc(alias = "PACKET_FANOUT_DATA")]
    pub fn share_by(&self, program: &BpfDescriptor) -> Result<(), Error> {
        let number = program.as_raw_fd();
        set_option(self.as_fd(), SOL_PACKET, PACKET_FANOUT_DATA as libc::c_int, &number.to_ne_bytes())
            .map_err(|errno| failed("share packets of", errno))
    }

    /// Gives its group the program that says who gets a packet, where it shares by [`Fanout::ClassicProgram`].
    ///
    /// # Errors
    /// It is in no such group, or the kernel finds a fault in the program (EINVAL).
    pub fn share_by_classic(&self, program: &[ClassicInstruction]) -> Result<(), Error> {
        let program: Vec<_> = program
            .iter()
            .map(|instruction| libc::sock_filter {
                code: instruction.code,
                jt: instruction.if_true,
                jf: instruction.if_false,
                k: instruction.operand,
            })
            .collect();
        attach_program(self.as_fd(), SOL_PACKET, PACKET_FANOUT_DATA as libc::c_int, &program)
            .map_err(|errno| failed("share packets of", errno))
    }
}

impl Fanout {
    const fn number(self) -> u16 {
        match self {
            Self::Hash => 0,
            Self::RoundRobin => 1,
            Self::Cpu => 2,
            Self::Rollover => 3,
            Self::Random => 4,
            Self::Queue => 5,
            Self::ClassicProgram => 6,
            Self::Program => 7,
        }
    }
}

#[cold]
fn failed(operation: &'static str, errno: Errno) -> Error {
    Error::system(operation, "packet socket", errno)
}
