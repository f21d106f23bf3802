//! Many messages in one call: sendmmsg(2) and recvmmsg(2).

use core::ptr;
use std::{
    io::IoSlice,
    os::fd::{AsRawFd, BorrowedFd},
};

use libc::c_uint;
use linux_raw_sys::{
    general::{__NR_recvmmsg, __NR_sendmmsg},
    net::{mmsghdr, msghdr},
};
use rustix::io::Errno;

use super::{
    number, result,
    socket::RawAddress,
    socket_message::{Adopted, Taken, control_bytes, outgoing_header},
};

/// The headers of many messages, kept to be used again.
pub(crate) struct Headers {
    headers: Vec<mmsghdr>,
    parts: Vec<libc::iovec>,
}

// SAFETY: the pointers in them are dead between the calls: each call writes them anew before the kernel sees them.
unsafe impl Send for Headers {}
// SAFETY: as above, and a shared reference reads none of them.
unsafe impl Sync for Headers {}

/// Where the messages of a batch go: each has the same room of bytes and of words for ancillary data.
pub(crate) struct Room<'a> {
    pub(crate) bytes: &'a mut [u8],
    pub(crate) bytes_each: usize,
    pub(crate) control: &'a mut [u64],
    pub(crate) control_each: usize,
    pub(crate) addresses: &'a mut [RawAddress],
    pub(crate) adopted: &'a mut [Adopted],
    pub(crate) taken: &'a mut [Taken],
}

impl Headers {
    /// Room for so many messages.
    pub(crate) fn with_capacity(messages: usize) -> Self {
        Self { headers: Vec::with_capacity(messages), parts: Vec::with_capacity(messages) }
    }

    /// Receives as many messages as there are and fit. Gives how many that were.
    pub(crate) fn receive(
        &mut self,
        socket: BorrowedFd<'_>,
        room: &mut Room<'_>,
        flags: c_uint,
    ) -> Result<usize, Errno> {
        let messages = room.addresses.len();
        assert!(
            room.bytes.len() == messages * room.bytes_each
                && room.control.len() == messages * room.control_each
                && room.adopted.len() == messages
                && room.taken.len() == messages
        );
        self.headers.clear();
        self.parts.clear();
        self.parts.reserve(messages);
        let bytes = room.bytes.as_mut_ptr();
        let control = room.control.as_mut_ptr();
        for (index, address) in room.addresses.iter_mut().enumerate() {
            let name = address.room();
            // SAFETY: both are within their slices, of `messages` times these lengths, or one past their ends where
            // the lengths are 0: the assertion says so.
            let (bytes, control) =
                unsafe { (bytes.add(index * room.bytes_each), control.add(index * room.control_each)) };
            self.parts.push(libc::iovec { iov_base: bytes.cast(), iov_len: room.bytes_each });
            self.headers.push(mmsghdr {
                msg_hdr: msghdr {
                    msg_name: name.as_mut_ptr().cast(),
                    msg_namelen: name.len() as i32,
                    msg_iov: ptr::null_mut(),
                    msg_iovlen: 1,
                    msg_control: control.cast(),
                    msg_controllen: room.control_each * size_of::<u64>(),
                    msg_flags: 0,
                },
                msg_len: 0,
            });
        }
        for (header, part) in self.headers.iter_mut().zip(&mut self.parts) {
            header.msg_hdr.msg_iov = ptr::from_mut(part).cast();
        }
        // SAFETY: each header's pointers are to memory of its own, of the lengths beside them, that `room` and `self`
        // borrow mutably for the call.
        let received = result(unsafe {
            libc::syscall(
                number(__NR_recvmmsg),
                socket.as_raw_fd(),
                self.headers.as_mut_ptr(),
                messages,
                flags,
                ptr::null_mut::<libc::timespec>(),
            )
        })? as usize;
        for (index, header) in self.headers.iter().enumerate().take(received) {
            let message = &header.msg_hdr;
            room.addresses[index].set_length(message.msg_namelen as u32);
            let control_length = message.msg_controllen.min(room.control_each * size_of::<u64>());
            room.taken[index] =
                Taken { length: header.msg_len as usize, control_length, flags: message.msg_flags };
            let control = &room.control[index * room.control_each..][..room.control_each];
            // SAFETY: this is what the kernel has just written for this message, and this is the first look at it.
            unsafe { room.adopted[index].take(&control_bytes(control)[..control_length], message.msg_flags) };
        }
        Ok(received)
    }

    /// Sends messages, each of parts, perhaps to an address, and with ancillary data. Gives how many were sent.
    pub(crate) fn send<'m>(
        &mut self,
        socket: BorrowedFd<'_>,
        messages: impl Iterator<Item = (&'m [IoSlice<'m>], Option<&'m [u8]>, &'m [u8])>,
        flags: c_uint,
    ) -> Result<usize, Errno> {
        self.headers.clear();
        self.headers.extend(messages.map(|(parts, to, control)| mmsghdr {
            msg_hdr: outgoing_header(parts, to, control),
            msg_len: 0,
        }));
        // SAFETY: each header's pointers are to slices of the lengths beside them that live as long as `'m`, so for the
        // call, and to which the kernel doesn't write; the headers themselves are borrowed mutably.
        let sent = result(unsafe {
            libc::syscall(
                number(__NR_sendmmsg),
                socket.as_raw_fd(),
                self.headers.as_mut_ptr(),
                self.headers.len(),
                flags,
            )
        })?;
        Ok(sent as usize)
    }

    /// How many bytes of the message of this number, of those just sent, were taken.
    pub(crate) fn sent_bytes(&self, index: usize) -> usize {
        self.headers.get(index).map_or(0, |header| header.msg_len as usize)
    }
}
