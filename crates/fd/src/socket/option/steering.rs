//! Which of the sockets that share a port gets what comes: socket(7), SO_ATTACH_REUSEPORT_CBPF.

use linux_raw_sys::net::{SO_ATTACH_REUSEPORT_CBPF, SO_DETACH_REUSEPORT_BPF};
use linux_support_base::{Errno, Error};

use super::detach;
use crate::{
    Descriptor,
    socket::{Datagram, Internet, Listener, Stream},
    sys::socket::attach_program,
};

/// Which of the sockets that share a port, by [`ReusePort`](super::ReusePort), gets what comes.
///
/// They are numbered from 0 in the order in which they were bound (of TCP: in which they began to listen).
///
/// # Source
/// socket(7): SO_ATTACH_REUSEPORT_CBPF.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Steering {
    /// As the kernel does: by the addresses of both ends.
    Addresses,
    /// The one whose number is that of the CPU that handles the packet, which is divided by this many sockets and
    /// leaves that number over.
    Cpu {
        /// How many sockets share the port: at least 1.
        sockets: u32,
    },
    /// One of this many, by chance.
    Random {
        /// How many sockets share the port: at least 1.
        sockets: u32,
    },
}

/// The place at which a program finds the number of the CPU, and a random number: `SKF_AD_OFF` and beyond.
const CPU: u32 = (-0x1000i32 + 36) as u32;
const RANDOM: u32 = (-0x1000i32 + 56) as u32;

/// Loads a word at a place, divides by a number and returns what is left.
fn program(place: u32, sockets: u32) -> [libc::sock_filter; 3] {
    use libc::{BPF_A, BPF_ABS, BPF_ALU, BPF_K, BPF_LD, BPF_MOD, BPF_RET, BPF_W};
    let instruction = |code: u32, k: u32| libc::sock_filter { code: code as u16, jt: 0, jf: 0, k };
    [
        instruction(BPF_LD | BPF_W | BPF_ABS, place),
        instruction(BPF_ALU | BPF_MOD | BPF_K, sockets),
        instruction(BPF_RET | BPF_A, 0),
    ]
}

fn steer(socket: &impl Descriptor, name: &'static str, steering: Steering) -> Result<(), Error> {
    let failed = |errno| Error::system("steer", name, errno);
    let (place, sockets) = match steering {
        Steering::Addresses => {
            return match detach(socket.as_fd(), SO_DETACH_REUSEPORT_BPF) {
                Ok(()) | Err(Errno::NOENT) => Ok(()),
                Err(errno) => Err(failed(errno)),
            };
        }
        Steering::Cpu { sockets } => (CPU, sockets),
        Steering::Random { sockets } => (RANDOM, sockets),
    };
    if sockets == 0 {
        return Err(Error::invalid("steer", name, "takes at least one socket that shares the port"));
    }
    let (level, name) = (libc::SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF as libc::c_int);
    attach_program(socket.as_fd(), level, name, &program(place, sockets)).map_err(failed)
}

impl Listener<Stream<Internet>> {
    /// Says which of the listeners that share its port gets a connection: for all of them.
    ///
    /// # Errors
    /// It shares no port (EINVAL).
    pub fn steer(&self, steering: Steering) -> Result<(), Error> {
        steer(self, Self::NAME, steering)
    }
}

impl Datagram<Internet> {
    /// Says which of the sockets that share its port gets a datagram: for all of them.
    ///
    /// # Errors
    /// It shares no port (EINVAL).
    pub fn steer(&self, steering: Steering) -> Result<(), Error> {
        steer(self, Self::NAME, steering)
    }
}
