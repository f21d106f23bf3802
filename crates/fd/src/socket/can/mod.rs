//! Sockets on a CAN bus: the kernel's Documentation/networking/can.rst.

mod error_frame;
mod filter;
mod frame;
mod option;

use std::os::fd::OwnedFd;

pub use error_frame::{CanErrorClasses, ErrorFrame};
pub use filter::CanFilter;
pub use frame::{CanFrame, CanId, ClassicFrame, ExtendedFrame, FlexibleFlags, FlexibleFrame};
use linux_support_base::{Errno, Error};
pub use option::*;
use rustix::{
    event::PollFlags,
    net::{AddressFamily, Protocol, RecvFlags, SendFlags, SocketType, bind, recv, send},
};

use super::{
    Exchange, Interface, Socket, address,
    exchange::until,
    general::{create, socket},
};
use crate::readiness::attempt;

/// A socket that exchanges frames with a CAN bus.
///
/// ```
#[doc = include_str!("../../../examples/can.rs")]
/// ```
///
/// # Kernel
/// `CONFIG_CAN_RAW`.
#[doc(alias = "AF_CAN")]
pub struct CanSocket(OwnedFd);

const NAME: &str = "CAN socket";
/// CAN_RAW.
const RAW: Protocol = Protocol::from_raw(core::num::NonZeroU32::MIN);

socket!([] CanSocket, name: NAME, fits: |kind| {
    // The kernel says 0 for the protocol of every CAN socket; of this type there is one alone.
    kind.is(&[AddressFamily::CAN], SocketType::RAW) && matches!(kind.protocol, 0 | libc::CAN_RAW)
});

impl Socket for CanSocket {
    type Address = Interface;
}

impl Exchange for CanSocket {
    const RECEIVE_FLAGS: u32 = libc::MSG_TRUNC as u32;
}

impl CanSocket {
    fn owning(descriptor: OwnedFd) -> Self {
        Self(descriptor)
    }

    /// A socket on this bus, or on all of them.
    ///
    /// # Errors
    /// The kernel has no CAN (EAFNOSUPPORT), or the interface is none of it (ENODEV).
    pub fn open(interface: Option<Interface>) -> Result<Self, Error> {
        let socket = Self(create(NAME, AddressFamily::CAN, SocketType::RAW, Some(RAW))?);
        let mut address = crate::sys::socket::RawAddress::encoded(|bytes| {
            bytes[..2].copy_from_slice(&(libc::AF_CAN as u16).to_ne_bytes());
            16
        });
        if let Some(interface) = &interface {
            address = address::raw(interface);
        }
        let named = || interface.map_or("all interfaces".to_owned(), |interface| interface.to_string());
        bind(&socket, &address).map_err(|errno| Error::system("bind to", named(), errno))?;
        Ok(socket)
    }

    /// Sends a frame; says whether there was room for it.
    ///
    /// # Errors
    /// The bus is off or down (ENETDOWN), or takes no such frames (EMSGSIZE, EINVAL): those with a flexible data rate
    /// need [`FlexibleDataRate`] as well.
    pub fn try_send(&self, frame: &CanFrame) -> Result<bool, Error> {
        let mut bytes = [0; frame::ROOM];
        let length = frame.encode(&mut bytes);
        // A full queue of a bus is said so by this error, which poll doesn't wait for.
        match attempt(|| send(&self.0, &bytes[..length], SendFlags::NOSIGNAL)) {
            Ok(sent) => Ok(sent.is_some()),
            Err(Errno::NOBUFS) => Ok(false),
            Err(errno) => Err(Error::system("send to", NAME, errno)),
        }
    }

    /// Sends a frame as soon as there is room for it.
    ///
    /// # Errors
    /// As [`try_send`](Self::try_send).
    pub fn send(&self, frame: &CanFrame) -> Result<(), Error> {
        let mut pause = std::time::Duration::ZERO;
        until(self, PollFlags::OUT, "send to", || {
            std::thread::sleep(pause);
            pause = std::time::Duration::from_millis(1);
            Ok(self.try_send(frame)?.then_some(()))
        })
    }

    /// Receives a frame. `None` says that there is none now.
    ///
    /// # Errors
    /// The bus is down (ENETDOWN) or gone (ENODEV).
    pub fn try_receive(&self) -> Result<Option<CanFrame>, Error> {
        let mut bytes = [0; frame::ROOM];
        let taken = attempt(|| recv(&self.0, &mut bytes, RecvFlags::empty()))
            .map_err(|errno| Error::system("receive from", NAME, errno))?;
        let Some((stored, _)) = taken else { return Ok(None) };
        let frame = CanFrame::decode(&bytes[..stored]);
        frame.map(Some).ok_or_else(|| Error::system("receive from", NAME, Errno::BADMSG))
    }

    /// Receives a frame as soon as there is one.
    ///
    /// # Errors
    /// As [`try_receive`](Self::try_receive).
    pub fn receive(&self) -> Result<CanFrame, Error> {
        until(self, PollFlags::IN, "receive from", || self.try_receive())
    }
}
