//! Sockets used with nothing but the C library.
#![expect(unsafe_code, reason = "bare calls have no safe interface")]

use std::os::fd::{AsRawFd, OwnedFd};

/// Two sockets that are connected with each other.
pub(crate) struct BarePair([OwnedFd; 2]);

impl BarePair {
    pub(crate) fn new(here: OwnedFd, there: OwnedFd) -> Self {
        Self([here, there])
    }

    /// Sends `ping` here, receives it there, and the same in return.
    pub(crate) fn round_trip(&self, ping: &[u8], pong: &mut [u8]) {
        let [here, there] = &self.0;
        for (from, to) in [(here, there), (there, here)] {
            let (from, to) = (from.as_raw_fd(), to.as_raw_fd());
            // SAFETY: the bytes are valid for as many as the call is told, and outlive it.
            let sent = unsafe { libc::send(from, ping.as_ptr().cast(), ping.len(), libc::MSG_NOSIGNAL) };
            assert_eq!(sent, ping.len() as isize);
            // SAFETY: as above, and they are borrowed mutably.
            let received = unsafe { libc::recv(to, pong.as_mut_ptr().cast(), pong.len(), 0) };
            assert_eq!(received, pong.len() as isize);
        }
    }
}
