//! What is watched for, and what was found.

use linux_support_base::Error;
pub use linux_support_base::Readiness;

/// When a descriptor that is ready is told again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Trigger {
    /// By every wait, for as long as it is ready.
    #[default]
    Level,
    /// Once, and again when more arrives: who is told has to read or write until "not now".
    #[doc(alias = "EPOLLET")]
    Edge,
}

/// Who is told that a descriptor is ready.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Delivery {
    /// Every epoll that watches it.
    #[default]
    All,
    /// The first wait that finds it; then it is off until it is [modified](super::Epoll::modify).
    #[doc(alias = "EPOLLONESHOT")]
    OneShot,
    /// One or a few of the epolls that watch it, not all of them: for many threads that each have their own. Takes no
    /// readiness but readable and writable, and can't be modified later.
    #[doc(alias = "EPOLLEXCLUSIVE")]
    Exclusive,
}

/// What is to be told of a descriptor, and how.
///
/// ```
/// use linux_support_fd::Interest;
///
/// let accept = Interest::READABLE.edge_triggered().exclusive();
/// let send = Interest::WRITABLE.and(Interest::PEER_CLOSED).one_shot();
/// # let _ = (accept, send);
/// ```
///
/// # Source
/// epoll_ctl(2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Interest {
    /// What for. Errors and hang-ups are told anyway.
    pub readiness: Readiness,
    /// When it is told again.
    pub trigger: Trigger,
    /// Who is told.
    pub delivery: Delivery,
    /// Whether the machine must not go to sleep between the event and the next wait. Without the capability
    /// CAP_BLOCK_SUSPEND the kernel ignores it.
    #[doc(alias = "EPOLLWAKEUP")]
    pub wake_up: bool,
}

const EXCLUSIVE: u32 = 1 << 28;
const WAKE_UP: u32 = 1 << 29;
const ONE_SHOT: u32 = 1 << 30;
const EDGE: u32 = 1 << 31;

impl Interest {
    /// In nothing but errors and hang-ups.
    pub const NONE: Self = Self::of(Readiness::empty());
    /// In what is to be read.
    pub const READABLE: Self = Self::of(Readiness::READABLE);
    /// In room to write.
    pub const WRITABLE: Self = Self::of(Readiness::WRITABLE);
    /// In what is exceptional.
    pub const PRIORITY: Self = Self::of(Readiness::PRIORITY);
    /// In the other side's end of writing.
    pub const PEER_CLOSED: Self = Self::of(Readiness::PEER_CLOSED);

    /// In this, told to all as long as it is so.
    #[must_use]
    pub const fn of(readiness: Readiness) -> Self {
        Self { readiness, trigger: Trigger::Level, delivery: Delivery::All, wake_up: false }
    }

    /// In the readiness of `other` too.
    #[must_use]
    pub const fn and(mut self, other: Self) -> Self {
        self.readiness = self.readiness.union(other.readiness);
        self
    }

    /// Told once: see [`Trigger::Edge`].
    #[must_use]
    pub const fn edge_triggered(mut self) -> Self {
        self.trigger = Trigger::Edge;
        self
    }

    /// Told to the first wait only: see [`Delivery::OneShot`].
    #[must_use]
    pub const fn one_shot(mut self) -> Self {
        self.delivery = Delivery::OneShot;
        self
    }

    /// Told to one of many: see [`Delivery::Exclusive`].
    #[must_use]
    pub const fn exclusive(mut self) -> Self {
        self.delivery = Delivery::Exclusive;
        self
    }

    /// Keeping the machine awake: see [`wake_up`](Self::wake_up).
    #[must_use]
    pub const fn waking_up(mut self) -> Self {
        self.wake_up = true;
        self
    }

    /// From the kernel's bits. Errors and hang-ups, which the kernel adds to all, are left out.
    pub(super) const fn from_bits(bits: u32) -> Self {
        let modes = EXCLUSIVE | WAKE_UP | ONE_SHOT | EDGE;
        let always = Readiness::ERROR.union(Readiness::HANG_UP);
        Self {
            readiness: Readiness::from_bits_retain(bits & !modes).difference(always),
            trigger: if bits & EDGE != 0 { Trigger::Edge } else { Trigger::Level },
            delivery: match (bits & ONE_SHOT != 0, bits & EXCLUSIVE != 0) {
                (true, _) => Delivery::OneShot,
                (false, true) => Delivery::Exclusive,
                (false, false) => Delivery::All,
            },
            wake_up: bits & WAKE_UP != 0,
        }
    }

    /// The kernel's bits.
    pub(super) fn bits(self) -> Result<u32, Error> {
        let delivery = match self.delivery {
            Delivery::All => 0,
            Delivery::OneShot => ONE_SHOT,
            Delivery::Exclusive => EXCLUSIVE,
        };
        let exclusive = Readiness::READABLE | Readiness::WRITABLE | Readiness::ERROR | Readiness::HANG_UP;
        if self.delivery == Delivery::Exclusive && !exclusive.contains(self.readiness) {
            return Err(Error::invalid(
                "watch",
                "epoll",
                "an exclusive interest takes nothing but readable and writable",
            ));
        }
        if self.readiness.bits() & (EXCLUSIVE | WAKE_UP | ONE_SHOT | EDGE) != 0 {
            return Err(Error::invalid("watch", "epoll", "trigger and delivery are no readiness"));
        }
        Ok(self.readiness.bits()
            | delivery
            | if self.trigger == Trigger::Edge { EDGE } else { 0 }
            | if self.wake_up { WAKE_UP } else { 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interest_has_the_kernels_bits() {
        let bits = |interest: Interest| interest.bits().unwrap() as i32;
        assert_eq!(bits(Interest::NONE), 0);
        assert_eq!(bits(Interest::READABLE.and(Interest::WRITABLE)), libc::EPOLLIN | libc::EPOLLOUT);
        assert_eq!(
            bits(Interest::PRIORITY.and(Interest::PEER_CLOSED).edge_triggered().one_shot()),
            libc::EPOLLPRI | libc::EPOLLRDHUP | libc::EPOLLET | libc::EPOLLONESHOT
        );
        assert_eq!(
            bits(Interest::READABLE.exclusive().waking_up()),
            libc::EPOLLIN | libc::EPOLLEXCLUSIVE | libc::EPOLLWAKEUP
        );
    }

    #[test]
    fn what_the_kernel_would_refuse_is_refused_with_the_reason() {
        let error = Interest::PRIORITY.exclusive().bits().unwrap_err();
        assert!(error.to_string().contains("nothing but readable and writable"), "{error}");
        assert!(Interest::of(Readiness::from_bits_retain(1 << 31)).bits().is_err());
    }
}
