//! Options of sockets: each a type of its own, whose value names its unit.
//!
//! [`Socket::option`](super::Socket::option) reads them and [`Socket::set_option`](super::Socket::set_option) sets them.
//! One that a kind of socket doesn't have doesn't compile with it; one that can't be set, or not be read, neither.
//!
//! ```
//! use std::time::Duration;
//! use linux_support_fd::socket::{Socket, TcpListener, TcpStream, option::*};
//!
//! let listener = TcpListener::bind(&"127.0.0.1:0".parse().unwrap())?;
//! let stream = TcpStream::connect(&listener.local_address()?)?;
//! stream.set_option(NoDelay(true))?;
//! stream.set_option(KeepAlive(true))?;
//! stream.set_option(KeepAliveIdle(Duration::from_secs(60)))?;
//! stream.set_option(UserTimeout(Duration::from_secs(90)))?;
//! assert_eq!(stream.option::<KeepAliveIdle>()?.0, Duration::from_secs(60));
//! assert_eq!(stream.option::<TcpInformation>()?.state, TcpState::Established);
//!
//! let error = stream.set_option(KeepAliveIdle(Duration::from_millis(1500))).unwrap_err();
//! assert!(error.to_string().ends_with("takes whole seconds up to 2147483647"), "{error}");
//! # Ok::<(), linux_support_base::Error>(())
//! ```
//!
//! ```compile_fail
//! use linux_support_fd::socket::{Socket, UnixStream, option::NoDelay};
//!
//! let (here, _there) = UnixStream::pair().unwrap();
//! here.set_option(NoDelay(true)).unwrap();
//! ```

pub(crate) mod codec;
mod congestion;
mod general;
mod ip;
mod ipv6;
mod link;
mod steering;
mod tcp;
mod tcp_information;
mod tcp_state;
mod timestamping;
mod udp;
mod vsock;

use std::os::fd::BorrowedFd;

use codec::{Encoded, ROOM};
pub use congestion::CongestionControl;
pub use general::*;
pub use ip::*;
pub use ipv6::*;
use libc::c_int;
pub use link::*;
use linux_support_base::{Errno, Error, KernelVersion, Reason, Requirement};
pub use steering::Steering;
pub use tcp::*;
pub use tcp_information::TcpInformation;
pub use tcp_state::{TcpOptions, TcpState};
pub use timestamping::{Timestamping, TimestampingFlags};
pub use udp::*;
pub use vsock::*;

use super::{
    Connection, Datagram, DatagramFamily, Internet, Listener, Sequenced, SequencedFamily, Stream,
    StreamFamily, Unix, Vsock,
};
use crate::sys::socket::{get_option, set_option};

/// The protocols that options belong to.
pub mod level {
    /// Of all sockets: socket(7).
    #[derive(Debug)]
    pub enum General {}
    /// Of ip(7). Many of them are of IPv6's sockets as well, for the packets of IPv4 that these take.
    #[derive(Debug)]
    pub enum Ip {}
    /// Of ipv6(7).
    #[derive(Debug)]
    pub enum Ipv6 {}
    /// Of tcp(7).
    #[derive(Debug)]
    pub enum Tcp {}
    /// Of udp(7).
    #[derive(Debug)]
    pub enum Udp {}
    /// Of unix(7).
    #[derive(Debug)]
    pub enum Unix {}
    /// Of vsock(7).
    #[derive(Debug)]
    pub enum Vsock {}
    /// Of packet(7).
    #[derive(Debug)]
    pub enum Packet {}
    /// Of the kernel's Documentation/networking/can.rst.
    #[derive(Debug)]
    pub enum Can {}
    /// Of raw(7).
    #[derive(Debug)]
    pub enum Raw {}
}

/// A socket that takes the options of the protocol `Level`.
#[diagnostic::on_unimplemented(message = "`{Self}` has no options of `{Level}`")]
pub trait Takes<Level> {}

impl<F: StreamFamily> Takes<level::General> for Stream<F> {}
impl<F: SequencedFamily> Takes<level::General> for Sequenced<F> {}
impl<F: DatagramFamily> Takes<level::General> for Datagram<F> {}
impl<C: Connection + Takes<Level>, Level> Takes<Level> for Listener<C> {}

macro_rules! takes {
    ($($socket:ty: $($level:ident)*;)*) => {
        $($(impl Takes<level::$level> for $socket {})*)*
    };
}

takes! {
    Stream<Internet>: Ip Ipv6 Tcp;
    Datagram<Internet>: Ip Ipv6 Udp;
    Stream<Unix>: Unix;
    Sequenced<Unix>: Unix;
    Datagram<Unix>: Unix;
    Stream<Vsock>: Vsock;
    Sequenced<Vsock>: Vsock;
    super::PacketSocket: General Packet;
    super::CanSocket: General Can;
    super::RawSocket: General Ip Ipv6 Raw;
    super::NetlinkSocket: General;
}

/// An option of a socket.
pub trait SocketOption: sealed::Known {
    /// The protocol that it belongs to, of [`level`].
    type Level;
    /// The kernel's name of it: `SO_KEEPALIVE`.
    const NAME: &'static str;
    /// What it needs: a kernel, a capability.
    const NEEDS: Requirement;
}

/// An option that can be read.
pub trait ReadableOption: SocketOption {}

/// An option that can be set.
pub trait WritableOption: SocketOption {}

pub(crate) mod sealed {
    use super::{Encoded, c_int};

    /// An option's number, and its value in the kernel's form.
    pub trait Known: Sized {
        #[doc(hidden)]
        const LEVEL: c_int;
        #[doc(hidden)]
        const NUMBER: c_int;
        /// The value; the error says what would be taken.
        #[doc(hidden)]
        fn encode(&self) -> Result<Encoded, &'static str>;
        /// The room that the kernel is given for the value: some options take no other.
        #[doc(hidden)]
        const SIZE: usize = super::ROOM;
        #[doc(hidden)]
        fn decode(bytes: &[u8]) -> Option<Self>;
    }
}

/// Reads an option of any socket.
pub(crate) fn read<O: ReadableOption>(socket: BorrowedFd<'_>) -> Result<O, Error> {
    let mut room = [0; ROOM];
    let length = get_option(socket, O::LEVEL, O::NUMBER, &mut room[..O::SIZE])
        .map_err(|errno| failed::<O>("read", errno))?;
    let bytes = room.get(..length).ok_or_else(|| failed::<O>("read", Errno::OVERFLOW))?;
    O::decode(bytes).ok_or_else(|| failed::<O>("read", Errno::BADMSG))
}

/// Sets an option of any socket.
pub(crate) fn write<O: WritableOption>(socket: BorrowedFd<'_>, option: &O) -> Result<(), Error> {
    let value = option.encode().map_err(|accepted| Error::invalid("set", O::NAME, accepted))?;
    set_option(socket, O::LEVEL, O::NUMBER, value.as_bytes()).map_err(|errno| failed::<O>("set", errno))
}

/// Takes off what an option attached.
pub(crate) fn detach(socket: BorrowedFd<'_>, option: u32) -> Result<(), Errno> {
    set_option(socket, libc::SOL_SOCKET, option as c_int, &0i32.to_ne_bytes())
}

#[cold]
fn failed<O: SocketOption>(operation: &'static str, errno: Errno) -> Error {
    let error = match errno {
        Errno::NOPROTOOPT => Error::new(operation, O::NAME, Reason::Absent),
        errno => Error::system(operation, O::NAME, errno),
    };
    error.explained(O::NEEDS, running())
}

/// The kernel that runs.
pub(crate) fn running() -> Option<KernelVersion> {
    let name = rustix::system::uname();
    let mut numbers = name.release().to_bytes().split(|byte| !byte.is_ascii_digit());
    let mut number = || linux_support_base::text::decimal::<u16>(numbers.next()?).ok();
    Some(KernelVersion::new(number()?, number()?, 0))
}

/// Declares options: `Name(Value as Codec) = level, number, "SO_NAME", read write;`, perhaps with `needs …`.
macro_rules! options {
    ($level:ident = $protocol:expr; $(
        $(#[$attribute:meta])*
        $name:ident($value:ty as $codec:ty) = $number:expr, $text:literal $(, needs $needs:expr)? => $($access:ident)+;
    )*) => {$(
        $(#[$attribute])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        #[doc(alias = $text)]
        pub struct $name(
            /// The value.
            pub $value,
        );

        impl $crate::socket::option::SocketOption for $name {
            type Level = $crate::socket::option::level::$level;
            const NAME: &'static str = $text;
            const NEEDS: linux_support_base::Requirement = {
                #[allow(unused_variables)]
                let needs = linux_support_base::Requirement::none();
                $(let needs = $needs;)?
                needs
            };
        }

        impl $crate::socket::option::sealed::Known for $name {
            const LEVEL: libc::c_int = $protocol as libc::c_int;
            const NUMBER: libc::c_int = $number as libc::c_int;
            const SIZE: usize = <$codec as $crate::socket::option::codec::Codec<$value>>::SIZE;

            fn encode(&self) -> Result<$crate::socket::option::codec::Encoded, &'static str> {
                <$codec as $crate::socket::option::codec::Codec<$value>>::encode(&self.0)
            }

            fn decode(bytes: &[u8]) -> Option<Self> {
                <$codec as $crate::socket::option::codec::Codec<$value>>::decode(bytes).map(Self)
            }
        }

        $($crate::socket::option::options!(@$access $name);)+
    )*};
    (@read $name:ident) => { impl $crate::socket::option::ReadableOption for $name {} };
    (@write $name:ident) => { impl $crate::socket::option::WritableOption for $name {} };
}

pub(crate) use options;
