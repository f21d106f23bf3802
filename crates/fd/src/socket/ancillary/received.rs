//! Where ancillary data is received.

use std::os::fd::OwnedFd;

use super::{ControlMessages, room};
use crate::{
    PidFd,
    sys::socket_message::{Adopted, control_bytes},
};

/// Room for what comes along with messages, to be used for one after the other. It owns the descriptors that came with
/// the last one, until they are taken.
#[derive(Debug, Default)]
pub struct Ancillary {
    pub(crate) control: Vec<u64>,
    pub(crate) length: usize,
    pub(crate) adopted: Adopted,
    pub(crate) truncated: bool,
}

impl Ancillary {
    /// Room for so many bytes of control messages, with their headers of 16 bytes each.
    #[must_use]
    pub fn with_capacity(bytes: usize) -> Self {
        Self { control: vec![0; bytes.div_ceil(8)], ..Self::default() }
    }

    /// Room for so many descriptors, for who sent them, and for a packet's times and addresses.
    #[must_use]
    pub fn for_descriptors(count: usize) -> Self {
        Self::with_capacity(room(4 * count) + 512)
    }

    /// What came with the last message.
    #[must_use]
    pub fn messages(&self) -> ControlMessages<'_> {
        ControlMessages::parse(&control_bytes(&self.control)[..self.length])
    }

    /// The descriptors that came with the last message, which are closed when the next one comes, or when this is
    /// dropped.
    pub fn take_descriptors(&mut self) -> Vec<OwnedFd> {
        core::mem::take(&mut self.adopted.descriptors)
    }

    /// The process that sent the last message, if [`PassPidFd`](crate::socket::option::PassPidFd) asked for it.
    pub fn take_pidfd(&mut self) -> Option<PidFd> {
        self.adopted.pidfd.take().map(PidFd::of_kernel)
    }

    /// Whether there was not enough room, or the process had no descriptor left. All descriptors that came with the
    /// message were closed then: half of them are of no use.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.truncated
    }
}
