//! Waiting for what the kernel puts into a ring.

use std::{
    thread,
    time::{Duration, Instant},
};

use linux_support_base::Error;
use rustix::net::{RecvFlags, recv};

use super::NAME;
use crate::{
    readiness::attempt,
    socket::{PacketSocket, Socket},
    sys::packet_ring::Ring,
};

/// Drops what waits at the socket itself, which would make it readable for ever.
pub(super) fn drain(socket: &PacketSocket) {
    while let Ok(Some(_)) = attempt(|| recv(socket, &mut [0_u8; 0], RecvFlags::DONTWAIT | RecvFlags::TRUNC)) {
    }
}

/// Waits until the part of this number is the program's, or until the time is out.
pub(super) fn wait(
    ring: &Ring,
    socket: &PacketSocket,
    next: usize,
    timeout: Option<Duration>,
) -> Result<(), Error> {
    let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    while !ring.is_ours(next) {
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        if !socket.wait_readable(left)? || ring.is_ours(next) {
            break;
        }
        if let Some(errno) = socket.take_error()? {
            return Err(Error::system("wait for", NAME, errno));
        }
        // Something else waits at the socket, such as the time of a packet that was sent.
        thread::sleep(left.unwrap_or(Duration::MAX).min(Duration::from_millis(1)));
    }
    Ok(())
}
