//! How far a TCP connection has come, and what its ends agreed on: tcp(7).

/// The state of a TCP connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TcpState {
    /// Both ends may send.
    Established,
    /// The other end was asked.
    SynSent,
    /// The other end asked, and was answered.
    SynReceived,
    /// This end was closed.
    FinWait1,
    /// This end was closed, and the other knows.
    FinWait2,
    /// All is done, but late packets may still come.
    TimeWait,
    /// There is no connection.
    Close,
    /// The other end was closed.
    CloseWait,
    /// Both ends were closed, and the other doesn't know yet.
    LastAck,
    /// Connections are waited for.
    Listen,
    /// Both ends were closed at the same time.
    Closing,
    /// The other end asked, and is not known yet.
    NewSynReceived,
    /// Of a number that this library does not know.
    Unknown(u8),
}

impl TcpState {
    pub(super) fn of_number(number: u8) -> Self {
        match number {
            1 => Self::Established,
            2 => Self::SynSent,
            3 => Self::SynReceived,
            4 => Self::FinWait1,
            5 => Self::FinWait2,
            6 => Self::TimeWait,
            7 => Self::Close,
            8 => Self::CloseWait,
            9 => Self::LastAck,
            10 => Self::Listen,
            11 => Self::Closing,
            12 => Self::NewSynReceived,
            number => Self::Unknown(number),
        }
    }
}

bitflags::bitflags! {
    /// What both ends agreed on.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct TcpOptions: u8 {
        /// Times in packets.
        const TIMESTAMPS = 1;
        /// Acknowledgements of packets out of order.
        const SELECTIVE_ACKNOWLEDGEMENTS = 2;
        /// Windows beyond 64 KiB.
        const WINDOW_SCALE = 4;
        /// Marks of congestion.
        const CONGESTION_NOTIFICATION = 8;
        /// Such a mark was seen.
        const CONGESTION_SEEN = 16;
        /// The first packet brought data, which was taken.
        const SYN_DATA = 32;
        /// Times in microseconds.
        const MICROSECOND_TIMESTAMPS = 64;
        /// The connection was opened while it was closed before.
        const TIME_WAIT_REUSED = 128;
    }
}
