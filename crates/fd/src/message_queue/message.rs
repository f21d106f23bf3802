//! What is sent.

use core::fmt;

/// A message that was received, in the caller's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueMessage<'b> {
    /// What was sent: it may be empty.
    pub bytes: &'b [u8],
    /// With which priority.
    pub priority: MessagePriority,
}

/// The priority of a message, from 0 to 32767: higher ones are received first, equal ones in the order in which they
/// were sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "MQ_PRIO_MAX")]
pub struct MessagePriority(u16);

impl MessagePriority {
    /// 0.
    pub const LOWEST: Self = Self(0);
    /// 32767.
    pub const HIGHEST: Self = Self(0x7fff);

    /// The priority of this number; `None` above 32767.
    #[must_use]
    pub const fn new(priority: u16) -> Option<Self> {
        if priority > Self::HIGHEST.0 { None } else { Some(Self(priority)) }
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// What the kernel gave, which is in range.
    pub(super) fn of_kernel(priority: u32) -> Self {
        u16::try_from(priority).ok().and_then(Self::new).unwrap_or(Self::HIGHEST)
    }
}

impl fmt::Display for MessagePriority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priorities_end_at_32767() {
        assert_eq!(MessagePriority::new(32767), Some(MessagePriority::HIGHEST));
        assert_eq!((MessagePriority::new(32768), MessagePriority::new(u16::MAX)), (None, None));
        assert!(MessagePriority::HIGHEST > MessagePriority::LOWEST);
    }
}
