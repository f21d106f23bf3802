//! What the controlling side of a pseudo-terminal reads in packet mode.

use bitflags::bitflags;
use linux_raw_sys::general as raw;

/// What the controlling side reads in packet mode.
///
/// # Source
/// ioctl_tty(2): `TIOCPKT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TerminalPacket<'b> {
    /// What was written to the terminal.
    #[doc(alias = "TIOCPKT_DATA")]
    Data(&'b [u8]),
    /// What happened to the terminal.
    Status(PacketStatus),
}

bitflags! {
    /// What happened to the terminal.
    ///
    /// # Source
    /// ioctl_tty(2): `TIOCPKT`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct PacketStatus: u8 {
        /// What came in and was not read was thrown away.
        #[doc(alias = "TIOCPKT_FLUSHREAD")]
        const INPUT_DISCARDED = raw::TIOCPKT_FLUSHREAD as u8;
        /// What was written and is not out was thrown away.
        #[doc(alias = "TIOCPKT_FLUSHWRITE")]
        const OUTPUT_DISCARDED = raw::TIOCPKT_FLUSHWRITE as u8;
        /// What goes out is held.
        #[doc(alias = "TIOCPKT_STOP")]
        const HELD = raw::TIOCPKT_STOP as u8;
        /// What goes out was resumed.
        #[doc(alias = "TIOCPKT_START")]
        const RESUMED = raw::TIOCPKT_START as u8;
        /// The characters that hold and resume are no longer control S and control Q.
        #[doc(alias = "TIOCPKT_NOSTOP")]
        const NO_FLOW_CHARACTERS = raw::TIOCPKT_NOSTOP as u8;
        /// The characters that hold and resume are control S and control Q again.
        #[doc(alias = "TIOCPKT_DOSTOP")]
        const FLOW_CHARACTERS = raw::TIOCPKT_DOSTOP as u8;
        /// The modes were changed, where
        /// [`LocalModes::EXTERNAL_PROCESSING`](super::LocalModes::EXTERNAL_PROCESSING) is set or was.
        #[doc(alias = "TIOCPKT_IOCTL")]
        const MODES_CHANGED = raw::TIOCPKT_IOCTL as u8;
        const _ = !0;
    }
}

impl<'b> TerminalPacket<'b> {
    /// Decodes what was read; `None` if that is nothing.
    ///
    /// ```
    /// use linux_support_fd::{TerminalPacket, PacketStatus};
    ///
    /// assert_eq!(TerminalPacket::decode(b"\0text"), Some(TerminalPacket::Data(b"text")));
    /// let status = PacketStatus::INPUT_DISCARDED | PacketStatus::OUTPUT_DISCARDED;
    /// assert_eq!(TerminalPacket::decode(&[3]), Some(TerminalPacket::Status(status)));
    /// ```
    #[must_use]
    pub fn decode(read: &'b [u8]) -> Option<Self> {
        let (first, data) = read.split_first()?;
        Some(match first {
            0 => Self::Data(data),
            status => Self::Status(PacketStatus::from_bits_retain(*status)),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_is_no_packet_and_unknown_bits_are_kept() {
        assert_eq!(TerminalPacket::decode(b""), None);
        assert_eq!(TerminalPacket::decode(b"\0"), Some(TerminalPacket::Data(b"")));
        let status = PacketStatus::from_bits_retain(0x80) | PacketStatus::HELD;
        assert_eq!(TerminalPacket::decode(&[0x84, 1]), Some(TerminalPacket::Status(status)));
    }

    proptest! {
        #[test]
        fn nothing_panics_and_data_is_what_was_written(text in prop::collection::vec(any::<u8>(), 0..20)) {
            match TerminalPacket::decode(&text) {
                None => prop_assert!(text.is_empty()),
                Some(TerminalPacket::Data(data)) => prop_assert_eq!(&text[1..], data),
                Some(TerminalPacket::Status(status)) => prop_assert_eq!(status.bits(), text[0]),
            }
        }
    }
}
