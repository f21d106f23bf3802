//! Addresses and options of sockets, as bytes.

use core::ptr;
use std::os::fd::{AsRawFd, BorrowedFd};

use libc::{c_int, socklen_t};
use linux_raw_sys::general::{__NR_getsockopt, __NR_setsockopt};
use rustix::{
    io::Errno,
    net::{
        SocketAddrAny,
        addr::{SocketAddrArg, SocketAddrLen, SocketAddrOpaque},
    },
};

use super::{number, result};

/// The room that an address of any family takes: `struct sockaddr_storage`.
pub(crate) const ADDRESS_ROOM: usize = 128;

/// An address as the kernel has it: its first two bytes name the family.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(8))]
pub(crate) struct RawAddress {
    bytes: [u8; ADDRESS_ROOM],
    length: u32,
}

impl RawAddress {
    /// No address.
    pub(crate) const EMPTY: Self = Self { bytes: [0; ADDRESS_ROOM], length: 0 };

    /// The address that `encode` writes; it says how many bytes that took.
    pub(crate) fn encoded(encode: impl FnOnce(&mut [u8; ADDRESS_ROOM]) -> usize) -> Self {
        let mut address = Self::EMPTY;
        address.length = encode(&mut address.bytes).min(ADDRESS_ROOM) as u32;
        address
    }

    /// What the kernel wrote to `whole`, and how long it said that it is.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..(self.length as usize).min(ADDRESS_ROOM)]
    }

    /// All of the room, for the kernel to write to.
    pub(crate) fn room(&mut self) -> &mut [u8; ADDRESS_ROOM] {
        &mut self.bytes
    }

    /// Says how much of the room the kernel wrote.
    pub(crate) fn set_length(&mut self, length: u32) {
        self.length = length;
    }
}

impl From<&SocketAddrAny> for RawAddress {
    fn from(address: &SocketAddrAny) -> Self {
        let length = (address.addr_len() as usize).min(ADDRESS_ROOM);
        Self::encoded(|bytes| {
            // SAFETY: rustix keeps `addr_len` bytes written at this pointer, of at most its storage of 128; `bytes`
            // is another memory of that room.
            unsafe { ptr::copy_nonoverlapping(address.as_ptr().cast::<u8>(), bytes.as_mut_ptr(), length) };
            length
        })
    }
}

// SAFETY: the pointer is to `bytes`, of which at least `length` may be read, and which outlive the closure; they begin
// with a family's number, or the length is 0 and nothing is read.
unsafe impl SocketAddrArg for RawAddress {
    unsafe fn with_sockaddr<R>(
        &self,
        closure: impl FnOnce(*const SocketAddrOpaque, SocketAddrLen) -> R,
    ) -> R {
        closure(self.bytes.as_ptr().cast(), self.length)
    }
}

/// Reads an option into `value`, which is also what the kernel is told where it asks. Gives its length.
pub(crate) fn get_option(
    socket: BorrowedFd<'_>,
    level: c_int,
    name: c_int,
    value: &mut [u8],
) -> Result<usize, Errno> {
    let mut length = value.len() as socklen_t;
    // SAFETY: the kernel writes at most `length` bytes to `value`, which is borrowed mutably for the call, and the new
    // length to `length`. None of the options that this crate names maps or unmaps memory.
    result(unsafe {
        libc::syscall(
            number(__NR_getsockopt),
            socket.as_raw_fd(),
            level,
            name,
            value.as_mut_ptr(),
            ptr::from_mut(&mut length),
        )
    })?;
    Ok(length as usize)
}

/// Sets an option. What the kernel is given holds no pointers: those options have functions of their own here.
pub(crate) fn set_option(
    socket: BorrowedFd<'_>,
    level: c_int,
    name: c_int,
    value: &[u8],
) -> Result<(), Errno> {
    // SAFETY: the kernel reads `length` bytes of `value`, which outlives the call. Where it took them for pointers it
    // would only read what they lead to, and refuse those that lead nowhere.
    result(unsafe {
        libc::syscall(
            number(__NR_setsockopt),
            socket.as_raw_fd(),
            level,
            name,
            value.as_ptr(),
            value.len() as socklen_t,
        )
    })?;
    Ok(())
}

/// Sets an option that is a classic BPF program: one that says which socket of a group gets a packet.
pub(crate) fn attach_program(
    socket: BorrowedFd<'_>,
    level: c_int,
    name: c_int,
    program: &[libc::sock_filter],
) -> Result<(), Errno> {
    let length = u16::try_from(program.len()).map_err(|_| Errno::INVAL)?;
    let program = libc::sock_fprog { len: length, filter: program.as_ptr().cast_mut() };
    // SAFETY: the kernel copies the program, `length` instructions at a pointer to a slice of that length that
    // outlives the call, and never writes to it; it checks each instruction before it takes it.
    result(unsafe {
        libc::syscall(
            number(__NR_setsockopt),
            socket.as_raw_fd(),
            level,
            name,
            ptr::from_ref(&program),
            size_of::<libc::sock_fprog>() as socklen_t,
        )
    })?;
    Ok(())
}

/// The number of this machine, as other virtual machines and the host know it.
pub(crate) fn own_context() -> Result<u32, Errno> {
    use rustix::{
        fs::{CWD, Mode, OFlags, openat},
        ioctl::{Getter, ioctl},
    };
    /// `_IO(7, 0xb9)`: it says that it gives nothing, and gives a number.
    const LOCAL_CONTEXT: rustix::ioctl::Opcode =
        linux_raw_sys::ioctl::IOCTL_VM_SOCKETS_GET_LOCAL_CID as rustix::ioctl::Opcode;
    let device = openat(CWD, "/dev/vsock", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    // SAFETY: of this device, this request writes an `unsigned int` to where it is told and nothing else.
    unsafe { ioctl(&device, Getter::<LOCAL_CONTEXT, u32>::new()) }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::*;

    #[test]
    fn an_option_is_read_and_set_as_bytes() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let (level, name) = (libc::SOL_SOCKET, libc::SO_BROADCAST);
        set_option(socket.as_fd(), level, name, &1i32.to_ne_bytes()).unwrap();
        let mut value = [0xff; 8];
        assert_eq!(get_option(socket.as_fd(), level, name, &mut value), Ok(4));
        assert_eq!(value[..4], 1i32.to_ne_bytes());
        assert_eq!(value[4..], [0xff; 4]);
        assert_eq!(set_option(socket.as_fd(), level, name, &[]), Err(Errno::INVAL));
    }

    #[test]
    fn an_address_too_long_is_cut_to_its_room() {
        assert_eq!(RawAddress::encoded(|_| 1000).as_bytes().len(), ADDRESS_ROOM);
        assert!(RawAddress::EMPTY.as_bytes().is_empty());
    }
}
