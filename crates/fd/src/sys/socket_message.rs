//! Messages of sockets with their ancillary data: sendmsg(2) and recvmsg(2).

use core::ptr;
use std::{
    io::{IoSlice, IoSliceMut},
    os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd},
};

use libc::{c_int, c_uint};
use linux_raw_sys::{
    general::{__NR_recvmsg, __NR_sendmsg},
    net::{self, msghdr},
};
use rustix::io::Errno;

use super::{number, result, socket::RawAddress};
use crate::socket::ancillary::{ControlMessage, ControlMessages};

/// What recvmsg(2) says of the message that it took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Taken {
    pub(crate) length: usize,
    pub(crate) control_length: usize,
    pub(crate) flags: c_uint,
}

/// The descriptors that came with a message.
#[derive(Debug, Default)]
pub(crate) struct Adopted {
    pub(crate) descriptors: Vec<OwnedFd>,
    pub(crate) pidfd: Option<OwnedFd>,
}

impl Adopted {
    /// Closes them.
    pub(crate) fn clear(&mut self) {
        self.descriptors.clear();
        self.pidfd = None;
    }

    /// Owns what the kernel has put into this process's table along with a message, once for each message: closes
    /// all of it if it was cut short.
    ///
    /// # Safety
    /// `control` is what the kernel has just written for a message, and nothing else owns the descriptors in it.
    pub(super) unsafe fn take(&mut self, control: &[u8], flags: c_uint) {
        self.clear();
        for message in ControlMessages::parse(control) {
            match message {
                ControlMessage::Descriptors(numbers) => {
                    // SAFETY: the kernel opened each of these numbers for this process as it wrote the message, which
                    // the caller says nobody else has taken.
                    self.descriptors.extend(numbers.map(|number| unsafe { OwnedFd::from_raw_fd(number) }));
                }
                ControlMessage::PidFd(Ok(number)) => {
                    // SAFETY: as above; it is no error, so not below 0.
                    self.pidfd = Some(unsafe { OwnedFd::from_raw_fd(number) });
                }
                _ => {}
            }
        }
        if flags & libc::MSG_CTRUNC as c_uint != 0 {
            self.clear();
        }
    }
}

/// The header of a message that goes out.
///
/// The pointers in it are valid as long as what was lent, and the kernel only reads through them.
pub(super) fn outgoing_header(parts: &[IoSlice<'_>], to: Option<&[u8]>, control: &[u8]) -> msghdr {
    let to = to.unwrap_or_default();
    msghdr {
        msg_name: if to.is_empty() { ptr::null_mut() } else { to.as_ptr().cast_mut().cast() },
        msg_namelen: to.len() as c_int,
        // `IoSlice` promises to be an iovec.
        msg_iov: parts.as_ptr().cast_mut().cast(),
        msg_iovlen: parts.len(),
        msg_control: if control.is_empty() { ptr::null_mut() } else { control.as_ptr().cast_mut().cast() },
        msg_controllen: control.len(),
        msg_flags: 0,
    }
}

/// Sends `parts` as one message, or as bytes of a stream. Gives how many bytes were taken.
pub(crate) fn send_message(
    socket: BorrowedFd<'_>,
    parts: &[IoSlice<'_>],
    to: Option<&[u8]>,
    control: &[u8],
    flags: c_uint,
) -> Result<usize, Errno> {
    let header = outgoing_header(parts, to, control);
    // SAFETY: the header's pointers are to slices of the lengths beside them, which outlive the call and to which the
    // kernel doesn't write.
    let sent = result(unsafe {
        libc::syscall(number(__NR_sendmsg), socket.as_raw_fd(), ptr::from_ref(&header), flags)
    })?;
    Ok(sent as usize)
}

/// Receives a message into `parts`, with ancillary data into `control`, and owns the descriptors in that.
pub(crate) fn receive_message(
    socket: BorrowedFd<'_>,
    parts: &mut [IoSliceMut<'_>],
    from: &mut RawAddress,
    control: &mut [u64],
    adopted: &mut Adopted,
    flags: c_uint,
) -> Result<Taken, Errno> {
    adopted.clear();
    let room = from.room();
    let mut header = msghdr {
        msg_name: room.as_mut_ptr().cast(),
        msg_namelen: room.len() as c_int,
        // `IoSliceMut` promises to be an iovec.
        msg_iov: parts.as_mut_ptr().cast(),
        msg_iovlen: parts.len(),
        msg_control: control.as_mut_ptr().cast(),
        msg_controllen: size_of_val(control),
        msg_flags: 0,
    };
    // SAFETY: the header's pointers are to memory that is borrowed mutably for the call, of the lengths beside them:
    // the kernel writes no further.
    let length = result(unsafe {
        libc::syscall(number(__NR_recvmsg), socket.as_raw_fd(), ptr::from_mut(&mut header), flags)
    })?;
    from.set_length(header.msg_namelen as u32);
    let control_length = header.msg_controllen.min(size_of_val(control));
    // SAFETY: this is what the kernel has just written, and this is the first look at it.
    unsafe { adopted.take(&control_bytes(control)[..control_length], header.msg_flags) };
    Ok(Taken { length: length as usize, control_length, flags: header.msg_flags })
}

/// The bytes of words.
pub(crate) fn control_bytes(control: &[u64]) -> &[u8] {
    // SAFETY: each byte of a word is a byte, there are as many as this, and they are borrowed as long as the words.
    unsafe { core::slice::from_raw_parts(control.as_ptr().cast(), size_of_val(control)) }
}

/// The process at the other end of a Unix socket.
pub(crate) fn peer_pidfd(socket: BorrowedFd<'_>) -> Result<OwnedFd, Errno> {
    let mut value = [0; 4];
    let length =
        super::socket::get_option(socket, net::SOL_SOCKET as c_int, net::SO_PEERPIDFD as c_int, &mut value)?;
    let number = c_int::from_ne_bytes(value);
    if length != value.len() || number < 0 {
        return Err(Errno::BADF);
    }
    // SAFETY: the kernel has just opened this number for the caller of this option, and said so by the value's length.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}
