//! Waiting for what the kernel puts into a ring.

use std::{
    thread,
    time::{Duration, Instant},
};

use linux_support_base::{Errno, Error};
use rustix::net::{RecvFlags, recv};

use super::NAME;
use crate::{
    readiness::attempt,
    socket::{PacketSocket, Socket},
    sys::packet_ring::{Part, Ring},
};

/// Drops what waits at the socket itself, which would make it readable for ever.
fn drain(socket: &PacketSocket) {
    while let Ok(Some(_)) = attempt(|| recv(socket, &mut [0_u8; 0], RecvFlags::DONTWAIT | RecvFlags::TRUNC)) {
    }
}

/// A ring into which the kernel puts what comes in, and the part that is next.
#[derive(Debug)]
pub(super) struct Arrivals {
    // Unmapped before the socket is closed.
    pub(super) ring: Ring,
    pub(super) socket: PacketSocket,
    next: usize,
}

/// A part that was filled, which goes back to the kernel when it is dropped.
#[derive(Debug)]
pub(super) struct Arrived<'r> {
    part: Option<Part<'r>>,
    next: &'r mut usize,
}

impl Arrivals {
    /// Those of a ring that has just been mapped.
    pub(super) fn new(ring: Ring, socket: PacketSocket) -> Self {
        drain(&socket);
        Self { ring, socket, next: 0 }
    }

    /// The next part, if the kernel has filled it.
    pub(super) fn try_next(&mut self) -> Option<Arrived<'_>> {
        let part = self.ring.take(self.next)?;
        Some(Arrived { part: Some(part), next: &mut self.next })
    }

    /// Waits for the next part.
    pub(super) fn next(&mut self) -> Result<Arrived<'_>, Error> {
        self.next_within(None)?.ok_or_else(|| Error::system("wait for", NAME, Errno::AGAIN))
    }

    /// Waits for the next part, but no longer than this; `None` waits for ever.
    pub(super) fn next_within(&mut self, timeout: Option<Duration>) -> Result<Option<Arrived<'_>>, Error> {
        self.wait(timeout)?;
        Ok(self.try_next())
    }

    /// Waits until the next part is the program's, or until the time is out.
    fn wait(&self, timeout: Option<Duration>) -> Result<(), Error> {
        let end = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        while !self.ring.is_ours(self.next) {
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            if !self.socket.wait_readable(left)? || self.ring.is_ours(self.next) {
                break;
            }
            if let Some(errno) = self.socket.take_error()? {
                return Err(Error::system("wait for", NAME, errno));
            }
            // Something else waits at the socket, such as the time of a packet that was sent.
            thread::sleep(left.unwrap_or(Duration::MAX).min(Duration::from_millis(1)));
        }
        Ok(())
    }
}

impl Arrived<'_> {
    pub(super) fn bytes(&self) -> &[u8] {
        self.part.as_ref().map_or(&[], Part::bytes)
    }
}

impl Drop for Arrived<'_> {
    fn drop(&mut self) {
        if let Some(part) = self.part.take() {
            *self.next = part.following();
            part.give();
        }
    }
}
