//! Who is at the other end of a Unix socket: unix(7).

use libc::c_int;
use linux_raw_sys::net::{SO_PEERCRED, SO_PEERGROUPS, SO_PEERSEC, SOL_SOCKET};
use linux_support_base::{ByteString, Errno, Error, GroupId, Reason, Requirement};

use crate::{
    Descriptor, PidFd,
    socket::{Datagram, Sequenced, Stream, Unix, ancillary::Credentials},
    sys::socket::get_option,
};

/// Who is at the other end of a Unix socket: a stream, a connection of sequenced packets, or one of a pair of datagram
/// sockets.
///
/// It is who connected, listened or made the pair, at that time: a process that was handed the socket since isn't told.
///
/// ```
/// use linux_support_fd::socket::{UnixPeer, UnixStream, ancillary::Credentials};
///
/// let (here, _there) = UnixStream::pair()?;
/// let own = Credentials::own();
/// assert_eq!(here.peer_credentials()?.process, own.process);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
pub trait UnixPeer: Descriptor {
    /// Who it is: its number, its effective user and its effective group.
    ///
    /// # Errors
    /// There is no other end (a process of number 0 and a user of number -1 would be given).
    #[doc(alias = "SO_PEERCRED")]
    fn peer_credentials(&self) -> Result<Credentials, Error> {
        let mut bytes = [0; 12];
        let length = ask(self, SO_PEERCRED, &mut bytes)?;
        let credentials = bytes.get(..length).and_then(Credentials::decode);
        match credentials {
            Some(credentials) if !credentials.user.is_none() => Ok(credentials),
            Some(_) => Err(Error::system("ask for other end of", Self::NAME, Errno::NOTCONN)),
            None => Err(Error::system("ask for other end of", Self::NAME, Errno::BADMSG)),
        }
    }

    /// The process, as a pidfd: which is never another's. Since Linux 6.16 it is had even if the process has ended and
    /// was waited for.
    ///
    /// # Errors
    /// It has ended and was waited for, on an older kernel (`Gone`), or there is no other end (ENODATA).
    ///
    /// # Kernel
    /// Since 6.5.
    #[doc(alias = "SO_PEERPIDFD")]
    fn peer_pidfd(&self) -> Result<PidFd, Error> {
        let process = crate::sys::socket_message::peer_pidfd(self.as_fd()).map(PidFd::of_kernel);
        process.map_err(|errno| match errno {
            Errno::NOPROTOOPT => Error::new("ask for other end of", Self::NAME, Reason::Absent)
                .explained(Requirement::none().since(6, 5), crate::socket::option::running()),
            // What is said of a process that was waited for.
            Errno::INVAL => Error::new("ask for other end of", Self::NAME, Reason::Gone),
            errno => Error::system("ask for other end of", Self::NAME, errno),
        })
    }

    /// Its supplementary groups.
    ///
    /// # Errors
    /// There is no other end (ENODATA).
    #[doc(alias = "SO_PEERGROUPS")]
    fn peer_groups(&self) -> Result<Vec<GroupId>, Error> {
        let bytes = ask_for_all(self, SO_PEERGROUPS, 64 * 4)?;
        let (groups, _) = bytes.as_chunks();
        Ok(groups.iter().map(|group| GroupId::new(u32::from_ne_bytes(*group))).collect())
    }

    /// Its security label.
    ///
    /// # Errors
    /// The kernel has no security module that labels processes.
    #[doc(alias = "SO_PEERSEC")]
    fn peer_security_label(&self) -> Result<ByteString, Error> {
        let bytes = ask_for_all(self, SO_PEERSEC, 256)?;
        Ok(bytes.strip_suffix(b"\0").unwrap_or(&bytes).into())
    }
}

impl UnixPeer for Stream<Unix> {}
impl UnixPeer for Sequenced<Unix> {}
impl UnixPeer for Datagram<Unix> {}

fn ask<S: Descriptor>(socket: &S, option: u32, bytes: &mut [u8]) -> Result<usize, Error> {
    get_option(socket.as_fd(), SOL_SOCKET as c_int, option as c_int, bytes)
        .map_err(|errno| Error::system("ask for other end of", S::NAME, errno))
}

/// Asks with this room, and with more as long as it isn't enough.
fn ask_for_all<S: Descriptor>(socket: &S, option: u32, room: usize) -> Result<Vec<u8>, Error> {
    let mut bytes = vec![0; room];
    loop {
        match get_option(socket.as_fd(), SOL_SOCKET as c_int, option as c_int, &mut bytes) {
            Ok(length) => {
                bytes.truncate(length);
                return Ok(bytes);
            }
            // No process has more than 65,536 groups.
            Err(Errno::RANGE) if bytes.len() < 1 << 19 => bytes.resize(4 * bytes.len(), 0),
            Err(errno) => return Err(Error::system("ask for other end of", S::NAME, errno)),
        }
    }
}
