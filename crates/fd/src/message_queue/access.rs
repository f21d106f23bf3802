//! What a queue is open for.

use rustix::fs::OFlags;

mod sealed {
    pub trait Sealed {}
}

/// What a queue is open for: [`Sending`], [`Receiving`] or [`SendingAndReceiving`].
pub trait QueueAccess: sealed::Sealed {
    /// What it is called in errors.
    const NAME: &'static str;
    #[doc(hidden)]
    const FLAGS: u32;
}

/// An access with which messages can be sent.
pub trait SendsMessages: QueueAccess {}

/// An access with which messages can be received.
pub trait ReceivesMessages: QueueAccess {}

/// Open for sending.
#[derive(Debug)]
pub enum Sending {}

/// Open for receiving.
#[derive(Debug)]
pub enum Receiving {}

/// Open for both.
#[derive(Debug)]
pub enum SendingAndReceiving {}

impl sealed::Sealed for Sending {}
impl sealed::Sealed for Receiving {}
impl sealed::Sealed for SendingAndReceiving {}

impl QueueAccess for Sending {
    const NAME: &'static str = "message queue open for sending";
    const FLAGS: u32 = OFlags::WRONLY.bits();
}

impl QueueAccess for Receiving {
    const NAME: &'static str = "message queue open for receiving";
    const FLAGS: u32 = OFlags::RDONLY.bits();
}

impl QueueAccess for SendingAndReceiving {
    const NAME: &'static str = "message queue open for sending and receiving";
    const FLAGS: u32 = OFlags::RDWR.bits();
}

impl SendsMessages for Sending {}
impl SendsMessages for SendingAndReceiving {}
impl ReceivesMessages for Receiving {}
impl ReceivesMessages for SendingAndReceiving {}

/// What an open file with these flags is called; `None` if it is open for neither.
pub(super) fn name_of(flags: OFlags) -> Option<&'static str> {
    let names = [
        (OFlags::WRONLY, Sending::NAME),
        (OFlags::RDONLY, Receiving::NAME),
        (OFlags::RDWR, SendingAndReceiving::NAME),
    ];
    let access = flags & OFlags::RWMODE;
    names
        .into_iter()
        .find(|(known, _)| access == *known && !flags.contains(OFlags::PATH))
        .map(|(_, name)| name)
}

/// Whether an open file with these flags allows what `A` does.
pub(super) fn allows<A: QueueAccess>(flags: OFlags) -> bool {
    let access = flags & OFlags::RWMODE;
    !flags.contains(OFlags::PATH) && (access == OFlags::RDWR || access == OFlags::from_bits_retain(A::FLAGS))
}
