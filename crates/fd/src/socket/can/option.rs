//! Options of CAN sockets.

use super::CanErrorClasses;
use crate::socket::option::{
    codec::{Codec, Encoded, Flag, Own, int},
    options,
};

/// SOL_CAN_RAW.
const SOL_CAN_RAW: libc::c_int = 101;

options! { Can = SOL_CAN_RAW;
    /// Which reports of errors are received.
    ReceiveErrorFrames(CanErrorClasses as Own) = 2, "CAN_RAW_ERR_FILTER" => read write;
    /// Whether other sockets of this machine get what this one sends, as they do unless this is cleared.
    Loopback(bool as Flag) = 3, "CAN_RAW_LOOPBACK" => read write;
    /// Whether this socket gets what it sends itself.
    ReceiveOwn(bool as Flag) = 4, "CAN_RAW_RECV_OWN_MSGS" => read write;
    /// Whether frames with a flexible data rate, of up to 64 bytes, are exchanged as well.
    FlexibleDataRate(bool as Flag) = 5, "CAN_RAW_FD_FRAMES" => read write;
    /// Whether a frame must pass all filters, and not one of them.
    JoinFilters(bool as Flag) = 6, "CAN_RAW_JOIN_FILTERS" => read write;
    /// Whether frames of CAN XL, of up to 2,048 bytes, are exchanged as well.
    ExtendedLength(bool as Flag) = 7, "CAN_RAW_XL_FRAMES", needs linux_support_base::Requirement::none().since(6, 2) => read write;
}

impl Codec<CanErrorClasses> for Own {
    fn encode(value: &CanErrorClasses) -> Result<Encoded, &'static str> {
        Ok(Encoded::number(value.bits()))
    }

    fn decode(bytes: &[u8]) -> Option<CanErrorClasses> {
        int(bytes).map(|classes| CanErrorClasses::from_bits_retain(classes as u32))
    }
}
