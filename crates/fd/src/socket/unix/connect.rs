//! Connecting to sockets by paths of any length.

use std::{
    os::fd::{AsFd, AsRawFd, OwnedFd},
    path::Path,
};

use linux_support_base::{Errno, Error};
use rustix::{
    fs::{CWD, Mode, OFlags, openat},
    net::AddressFamily,
};

use crate::{
    socket::{Connection, Unconnected, Unix, UnixAddress, address::raw},
    sys::socket::RawAddress,
};

/// Connects to the socket of this path.
pub(in crate::socket) fn connect_path<C>(path: &Path) -> Result<C, Error>
where
    C: Connection<Family = Unix>,
{
    let failed = |errno| Error::system("connect to", path.as_os_str().as_encoded_bytes(), errno);
    let node = openat(CWD, path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).map_err(failed)?;
    let socket = Unconnected::<C>::of_domain(AddressFamily::UNIX)?;
    let shown = path.display();
    socket.finish_within(&through(&node), &shown, None)?.ok_or_else(|| failed(Errno::TIMEDOUT))
}

/// The address of a file that is open: of that very one, whatever may be at its place by now.
pub(super) fn through(node: &OwnedFd) -> RawAddress {
    beneath(node, "")
}

/// The address of a name in a directory that is open.
pub(super) fn beneath(directory: &impl AsFd, name: &str) -> RawAddress {
    let number = directory.as_fd().as_raw_fd();
    let separator = if name.is_empty() { "" } else { "/" };
    // Of 31 bytes and a name of this module: it is never too long.
    UnixAddress::path(format!("/proc/self/fd/{number}{separator}{name}"))
        .map_or(RawAddress::EMPTY, |address: UnixAddress| raw(&address))
}

/// The room that names beneath a directory have in an address.
#[cfg(test)]
const _: () = assert!(UnixAddress::MAXIMUM > "/proc/self/fd/2147483647/".len() + 32);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::address::sealed::Encoded;

    #[test]
    fn an_address_through_a_directory_names_it() {
        let directory: OwnedFd = std::fs::File::open("/").unwrap().into();
        let number = directory.as_raw_fd();
        let shown = |raw: RawAddress| UnixAddress::decode(raw.as_bytes()).unwrap().to_string();
        assert_eq!(shown(beneath(&directory, "socket")), format!("/proc/self/fd/{number}/socket"));
        assert_eq!(shown(through(&directory)), format!("/proc/self/fd/{number}"));
    }
}
