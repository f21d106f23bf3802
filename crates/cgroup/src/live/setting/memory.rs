use linux_support_base::{Bytes, Limit};

use super::{Checked, flag};

/// A setting of memory. The kernel rounds amounts down to whole pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MemorySetting {
    /// What is never taken from it.
    #[doc(alias = "memory.min")]
    Min(Limit<Bytes>),
    /// What is taken from it only if groups without protection have no more to give.
    #[doc(alias = "memory.low")]
    Low(Limit<Bytes>),
    /// Above this its processes are slowed down and memory is taken from it.
    #[doc(alias = "memory.high")]
    High(Limit<Bytes>),
    /// Above this its processes are ended.
    #[doc(alias = "memory.max")]
    Max(Limit<Bytes>),
    /// Whether all of its processes are ended if one has to be.
    #[doc(alias = "memory.oom.group")]
    OomGroup(bool),
    /// Above this its processes are slowed down while they swap.
    #[doc(alias = "memory.swap.high")]
    SwapHigh(Limit<Bytes>),
    /// The swap space that it may use.
    #[doc(alias = "memory.swap.max")]
    SwapMax(Limit<Bytes>),
    /// The compressed memory that it may use. Since 5.19.
    #[doc(alias = "memory.zswap.max")]
    ZswapMax(Limit<Bytes>),
    /// Whether what is compressed may go on to disk. Since 6.8.
    #[doc(alias = "memory.zswap.writeback")]
    ZswapWriteback(bool),
    /// Takes so much from it, now. Less is an error, [`Errno::AGAIN`](linux_support_base::Errno::AGAIN). Since 5.19.
    #[doc(alias = "memory.reclaim")]
    Reclaim {
        /// How much.
        amount: Bytes,
        /// How ready it is to swap for that, from 0 to 200; `None` for the machine's usual. Since 6.9.
        swappiness: Option<u8>,
    },
}

impl MemorySetting {
    pub(super) fn file(self) -> &'static str {
        match self {
            Self::Min(_) => "memory.min",
            Self::Low(_) => "memory.low",
            Self::High(_) => "memory.high",
            Self::Max(_) => "memory.max",
            Self::OomGroup(_) => "memory.oom.group",
            Self::SwapHigh(_) => "memory.swap.high",
            Self::SwapMax(_) => "memory.swap.max",
            Self::ZswapMax(_) => "memory.zswap.max",
            Self::ZswapWriteback(_) => "memory.zswap.writeback",
            Self::Reclaim { .. } => "memory.reclaim",
        }
    }

    pub(super) fn text(self) -> String {
        match self {
            Self::Min(limit)
            | Self::Low(limit)
            | Self::High(limit)
            | Self::Max(limit)
            | Self::SwapHigh(limit)
            | Self::SwapMax(limit)
            | Self::ZswapMax(limit) => limit.map(Bytes::get).to_string(),
            Self::OomGroup(value) | Self::ZswapWriteback(value) => flag(value),
            Self::Reclaim { amount, swappiness: None } => amount.get().to_string(),
            Self::Reclaim { amount, swappiness: Some(swappiness) } => {
                format!("{} swappiness={swappiness}", amount.get())
            }
        }
    }

    pub(super) fn check(self) -> Checked {
        match self {
            Self::Reclaim { swappiness: Some(201..), .. } => Err("a swappiness from 0 to 200"),
            _ => Ok(()),
        }
    }
}
