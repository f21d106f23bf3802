//! What a wait found.

use core::{fmt, marker::PhantomData};

use super::Readiness;

/// What a program knows a watched descriptor by: any type that fits into 64 bits.
///
/// ```
/// use linux_support_fd::Token;
///
/// #[derive(Clone, Copy, Debug, PartialEq)]
/// enum Source { Listener, Connection(u32) }
///
/// impl Token for Source {
///     fn into_bits(self) -> u64 {
///         match self {
///             Self::Listener => u64::MAX,
///             Self::Connection(number) => number.into(),
///         }
///     }
///     fn from_bits(bits: u64) -> Self {
///         u32::try_from(bits).map_or(Self::Listener, Self::Connection)
///     }
/// }
/// assert_eq!(Source::from_bits(Source::Connection(7).into_bits()), Source::Connection(7));
/// ```
#[doc(alias = "epoll_data_t")]
pub trait Token: Copy {
    /// As the kernel keeps it.
    fn into_bits(self) -> u64;

    /// As [`into_bits`](Self::into_bits) made it. Another process that has the same epoll may have given other bits.
    fn from_bits(bits: u64) -> Self;
}

macro_rules! tokens {
    ($($integer:ty)*) => {$(
        impl Token for $integer {
            #[inline]
            fn into_bits(self) -> u64 {
                self as u64
            }
            #[inline]
            fn from_bits(bits: u64) -> Self {
                bits as Self
            }
        }
    )*};
}

tokens! { u64 u32 u16 usize i32 }

/// A descriptor that is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event<T> {
    /// What for.
    pub readiness: Readiness,
    /// By what the program knows it.
    pub token: T,
}

/// Room for the events of a wait, used again and again.
pub struct Events<T = u64> {
    room: Box<[libc::epoll_event]>,
    ready: usize,
    token: PhantomData<fn() -> T>,
}

impl<T: Token> Events<T> {
    /// Room for so many events, for 1 at least and as many as the kernel takes at most (some 178 million). What finds no room is told by the next wait.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        let capacity = capacity.clamp(1, i32::MAX as usize / size_of::<libc::epoll_event>());
        let room = vec![libc::epoll_event { events: 0, u64: 0 }; capacity].into_boxed_slice();
        Self { room, ready: 0, token: PhantomData }
    }

    /// The events of the last wait.
    #[inline]
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Event<T>> {
        self.room[..self.ready].iter().map(|event| Event {
            readiness: Readiness::from_bits_retain(event.events),
            token: T::from_bits(event.u64),
        })
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ready
    }

    /// Whether there is none: the time ran out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ready == 0
    }

    /// The room, emptied.
    #[inline]
    pub(super) fn room(&mut self) -> &mut [libc::epoll_event] {
        self.ready = 0;
        &mut self.room
    }

    #[inline]
    pub(super) fn set_ready(&mut self, ready: usize) {
        self.ready = ready;
    }
}

impl<T: Token + fmt::Debug> fmt::Debug for Events<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_event_bits_are_kept() {
        let mut events = Events::<u64>::with_capacity(2);
        events.room()[0] = libc::epoll_event { events: 1 | 1 << 24, u64: 5 };
        events.set_ready(1);
        let event = events.iter().next().unwrap();
        assert_eq!((event.token, event.readiness.bits()), (5, 1 | 1 << 24));
        assert!(event.readiness.contains(Readiness::READABLE));
    }
}
