//! What a socket of the Internet's protocols is doing.

use core::fmt;

/// The state of a socket of the Internet's protocols; those other than TCP know `Established` (connected) and `Closed`
/// only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum InternetState {
    /// Connected.
    Established,
    /// A connection was asked for.
    SynSent,
    /// A connection was asked for by the other side.
    SynReceived,
    /// Closed here, and the other side does not know.
    FinWait1,
    /// Closed here.
    FinWait2,
    /// Closed by both sides, and remembered for a while.
    TimeWait,
    /// Not connected.
    Closed,
    /// Closed by the other side.
    CloseWait,
    /// Closed by both sides, and the last acknowledgment is missing.
    LastAck,
    /// Waits for connections.
    Listening,
    /// Closed by both sides at the same time.
    Closing,
    /// A connection that was asked for by the other side and has no socket yet.
    NewSynReceived,
    /// Bound, and nothing else. Since 6.8.
    BoundInactive,
    /// Another, by the kernel's number.
    Unknown(u8),
}

impl InternetState {
    /// The state of this number.
    #[must_use]
    pub const fn of_number(number: u8) -> Self {
        match number {
            1 => Self::Established,
            2 => Self::SynSent,
            3 => Self::SynReceived,
            4 => Self::FinWait1,
            5 => Self::FinWait2,
            6 => Self::TimeWait,
            7 => Self::Closed,
            8 => Self::CloseWait,
            9 => Self::LastAck,
            10 => Self::Listening,
            11 => Self::Closing,
            12 => Self::NewSynReceived,
            13 => Self::BoundInactive,
            number => Self::Unknown(number),
        }
    }
}

impl fmt::Display for InternetState {
    /// In the words of its JSON; another state by the kernel's number.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Established => "established",
            Self::SynSent => "syn-sent",
            Self::SynReceived => "syn-received",
            Self::FinWait1 => "fin-wait1",
            Self::FinWait2 => "fin-wait2",
            Self::TimeWait => "time-wait",
            Self::Closed => "closed",
            Self::CloseWait => "close-wait",
            Self::LastAck => "last-ack",
            Self::Listening => "listening",
            Self::Closing => "closing",
            Self::NewSynReceived => "new-syn-received",
            Self::BoundInactive => "bound-inactive",
            Self::Unknown(number) => return f.pad(&number.to_string()),
        })
    }
}

/// What the timer of a socket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum SocketTimer {
    /// No timer runs.
    None,
    /// To send again.
    Retransmit,
    /// To see whether the other side is there.
    KeepAlive,
    /// To forget it.
    TimeWait,
    /// To see whether the other side has room again.
    WindowProbe,
    /// Another, by the kernel's number.
    Unknown(u8),
}

impl SocketTimer {
    pub(super) const fn of_number(number: u8) -> Self {
        match number {
            0 => Self::None,
            1 => Self::Retransmit,
            2 => Self::KeepAlive,
            3 => Self::TimeWait,
            4 => Self::WindowProbe,
            number => Self::Unknown(number),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "serde")]
    #[test]
    fn states_are_shown_in_the_words_of_their_json() {
        for state in (1..=13).map(InternetState::of_number) {
            assert_eq!(serde_json::to_value(state).unwrap(), state.to_string());
        }
        assert_eq!(InternetState::of_number(99).to_string(), "99");
    }

    #[test]
    fn states_that_are_new_are_kept() {
        assert_eq!(InternetState::of_number(14), InternetState::Unknown(14));
    }
}
