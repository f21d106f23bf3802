//! Which packets' times are taken, and how they are reported: the kernel's
//! Documentation/networking/timestamping.rst.

use linux_raw_sys::net::{SO_TIMESTAMPING_OLD, SOL_SOCKET};

use super::{
    codec::{Codec, Encoded, Own, int},
    options,
};

bitflags::bitflags! {
    /// Which times are taken and how they are reported.
    ///
    /// No device that the lab emulates takes times: those of devices are decoded as the kernel documents them, and
    /// were never seen.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    #[doc(alias = "SOF_TIMESTAMPING")]
    pub struct TimestampingFlags: u32 {
        /// Take the device's time when it sends.
        const TRANSMIT_HARDWARE = 1 << 0;
        /// Take the kernel's time when it gives a packet to the device.
        const TRANSMIT_SOFTWARE = 1 << 1;
        /// Take the device's time when a packet comes.
        const RECEIVE_HARDWARE = 1 << 2;
        /// Take the kernel's time when a packet comes.
        const RECEIVE_SOFTWARE = 1 << 3;
        /// Report the kernel's times.
        const SOFTWARE = 1 << 4;
        /// Report the device's times, by the system's clock: no kernel of today does.
        const SYSTEM_HARDWARE = 1 << 5;
        /// Report the device's times, by its own clock.
        const RAW_HARDWARE = 1 << 6;
        /// Number the packets sent.
        const NUMBERED = 1 << 7;
        /// Take the time when a packet comes to the queueing discipline.
        const TRANSMIT_SCHEDULED = 1 << 8;
        /// Take the time when the other end acknowledges a packet.
        const TRANSMIT_ACKNOWLEDGED = 1 << 9;
        /// Say where a packet went, along with its time.
        const WITH_CONTROL = 1 << 10;
        /// Leave the packet's content out.
        const TIMES_ONLY = 1 << 11;
        /// Give statistics of the connection, along with an acknowledged packet's time.
        const STATISTICS = 1 << 12;
        /// Say which device took the time.
        const SOURCE = 1 << 13;
        /// Report both the kernel's and the device's time of a packet sent.
        const BOTH = 1 << 14;
        /// Times are by one of the device's virtual clocks.
        const VIRTUAL_CLOCK = 1 << 15;
        /// Numbers of a stream begin with the next byte.
        const NUMBERED_FROM_HERE = 1 << 16;
        /// Report times of what comes only if this socket asked for them to be taken.
        const RECEIVE_IF_ASKED = 1 << 17;
        /// Take the time when the device reports that it has sent.
        const TRANSMIT_COMPLETED = 1 << 18;
    }
}

impl TimestampingFlags {
    /// Those that say when times of what is sent are taken.
    #[doc(alias = "SOF_TIMESTAMPING_TX_RECORD_MASK")]
    pub const TRANSMIT: Self = Self::TRANSMIT_HARDWARE
        .union(Self::TRANSMIT_SOFTWARE)
        .union(Self::TRANSMIT_SCHEDULED)
        .union(Self::TRANSMIT_ACKNOWLEDGED)
        .union(Self::TRANSMIT_COMPLETED);
}

options! { General = SOL_SOCKET;
    /// Which packets' times are taken, and how they are reported.
    Timestamping(TimestampingFlags as Own) = SO_TIMESTAMPING_OLD, "SO_TIMESTAMPING" => read write;
}

impl Codec<TimestampingFlags> for Own {
    fn encode(value: &TimestampingFlags) -> Result<Encoded, &'static str> {
        Ok(Encoded::number(value.bits()))
    }

    /// The flags; the kernel may add which virtual clock it is.
    fn decode(bytes: &[u8]) -> Option<TimestampingFlags> {
        int(bytes.get(..4)?).map(|flags| TimestampingFlags::from_bits_retain(flags as u32))
    }
}
