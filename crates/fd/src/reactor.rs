//! A loop for daemons without an asynchronous runtime.

use core::fmt;
use std::{os::fd::AsFd, time::Duration};

use linux_support_base::Error;

use crate::epoll::{Epoll, Events, Interest, Readiness, Token};

/// Owns descriptors, waits for them and calls whoever looks after each.
///
/// A descriptor is deleted from the epoll before it is closed, and an event of one that was removed meanwhile is
/// never taken for one of its successor. Handlers get the reactor, so that they can add, remove and stop, and through
/// it the program's `state`.
///
/// ```
/// use std::time::Duration;
/// use linux_support_fd::{EventFd, Interest, Next, Reactor};
///
/// let wake = EventFd::counter(0)?;
/// let other = wake.try_clone()?;
/// let mut reactor = Reactor::new(0_u64)?;
/// reactor.add(wake, Interest::READABLE, |wake, _readiness, reactor| {
///     *reactor.state_mut() += wake.try_read().ok().flatten().unwrap_or_default();
///     Next::Stop
/// })?;
///
/// std::thread::spawn(move || other.write(3));
/// reactor.run()?;
/// assert_eq!(reactor.into_state(), 3);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
pub struct Reactor<S = ()> {
    epoll: Epoll<Key>,
    /// Room for events, but while they are dispatched.
    events: Option<Events<Key>>,
    slots: Vec<Slot<S>>,
    free: Vec<u32>,
    stopped: bool,
    state: S,
}

/// What a [`Reactor`] knows a descriptor by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Key {
    slot: u32,
    /// How many the slot had before.
    generation: u32,
}

/// What becomes of a descriptor that was looked after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is watched on.
    Keep,
    /// It is removed and closed.
    Remove,
    /// It is watched on, and [`Reactor::run`] returns after the events that it has.
    Stop,
}

struct Slot<S> {
    generation: u32,
    /// `None` while its handler runs, and where there is none.
    watched: Option<Box<dyn Watched<S>>>,
    taken: bool,
}

/// A descriptor with its handler.
trait Watched<S> {
    fn handle(&mut self, readiness: Readiness, reactor: &mut Reactor<S>) -> Next;
    fn delete_from(&self, epoll: &Epoll<Key>);
    fn modify_in(&self, epoll: &Epoll<Key>, interest: Interest, key: Key) -> Result<(), Error>;
}

struct Pair<D, H> {
    descriptor: D,
    handler: H,
}

impl<S, D, H> Watched<S> for Pair<D, H>
where
    D: AsFd,
    H: FnMut(&mut D, Readiness, &mut Reactor<S>) -> Next,
{
    fn handle(&mut self, readiness: Readiness, reactor: &mut Reactor<S>) -> Next {
        (self.handler)(&mut self.descriptor, readiness, reactor)
    }

    fn delete_from(&self, epoll: &Epoll<Key>) {
        // It fails only if the handler exchanged the descriptor, whose old one is deleted by closing.
        let _ = epoll.delete(&self.descriptor);
    }

    fn modify_in(&self, epoll: &Epoll<Key>, interest: Interest, key: Key) -> Result<(), Error> {
        epoll.modify(&self.descriptor, interest, key)
    }
}

impl Token for Key {
    fn into_bits(self) -> u64 {
        u64::from(self.generation) << 32 | u64::from(self.slot)
    }

    fn from_bits(bits: u64) -> Self {
        Self { slot: bits as u32, generation: (bits >> 32) as u32 }
    }
}

impl<S> Reactor<S> {
    /// How many events are taken by one wait.
    const EVENTS: usize = 64;

    /// A reactor that watches nothing yet.
    ///
    /// # Errors
    /// There is no descriptor left.
    pub fn new(state: S) -> Result<Self, Error> {
        Ok(Self {
            epoll: Epoll::new()?,
            events: None,
            slots: Vec::new(),
            free: Vec::new(),
            stopped: false,
            state,
        })
    }

    /// Takes `descriptor` and calls `handler` whenever it is ready.
    ///
    /// # Errors
    /// Those of [`Epoll::add`]; the descriptor is closed then.
    pub fn add<D, H>(&mut self, descriptor: D, interest: Interest, handler: H) -> Result<Key, Error>
    where
        D: AsFd + 'static,
        H: FnMut(&mut D, Readiness, &mut Self) -> Next + 'static,
    {
        let slot = match self.free.last() {
            Some(&slot) => slot,
            None => u32::try_from(self.slots.len())
                .map_err(|_| Error::invalid("watch", "reactor", "takes fewer than 2^32 descriptors"))?,
        };
        let generation = self.slots.get(slot as usize).map_or(0, |slot| slot.generation);
        let key = Key { slot, generation };
        self.epoll.add(&descriptor, interest, key)?;
        let watched = Some(Box::new(Pair { descriptor, handler }) as Box<dyn Watched<S>>);
        let filled = Slot { generation, watched, taken: true };
        match self.free.pop() {
            Some(slot) => self.slots[slot as usize] = filled,
            None => self.slots.push(filled),
        }
        Ok(key)
    }

    /// Watches for something else, or again after an event that was told [once](crate::Delivery::OneShot).
    ///
    /// # Errors
    /// There is none of this key, its handler is running, or those of [`Epoll::modify`].
    pub fn modify(&mut self, key: Key, interest: Interest) -> Result<(), Error> {
        let watched = self.slot(key).and_then(|slot| slot.watched.as_ref());
        let watched = watched.ok_or_else(|| {
            Error::invalid("modify", "reactor", "the descriptor was removed, or its handler is running")
        })?;
        watched.modify_in(&self.epoll, interest, key)
    }

    /// Removes a descriptor and closes it; says whether there was one. A handler may remove its own: it is closed
    /// when the handler returns.
    pub fn remove(&mut self, key: Key) -> bool {
        let Some(slot) = self.slots.get_mut(key.slot as usize) else { return false };
        if slot.generation != key.generation || !slot.taken {
            return false;
        }
        slot.generation = slot.generation.wrapping_add(1);
        slot.taken = false;
        let watched = slot.watched.take();
        self.free.push(key.slot);
        if let Some(watched) = watched {
            watched.delete_from(&self.epoll);
        }
        true
    }

    /// How many descriptors are watched.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Whether none is watched.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits once, for so long at most, and calls the handlers of all that is ready; gives how many were called.
    ///
    /// # Errors
    /// Those of [`Epoll::wait`].
    pub fn turn(&mut self, timeout: Option<Duration>) -> Result<usize, Error> {
        // A handler may turn the reactor too: then it waits with events of its own.
        let mut events = self.events.take().unwrap_or_else(|| Events::with_capacity(Self::EVENTS));
        let waited = self.epoll.wait(&mut events, timeout);
        let called = events.iter().filter(|event| self.dispatch(event.token, event.readiness)).count();
        self.events = Some(events);
        waited.map(|_| called)
    }

    /// Turns until a handler says [`Next::Stop`] or [`stop`](Self::stop)s it, or nothing is watched any more.
    ///
    /// # Errors
    /// Those of [`Epoll::wait`].
    pub fn run(&mut self) -> Result<(), Error> {
        self.stopped = false;
        while !self.stopped && !self.is_empty() {
            self.turn(None)?;
        }
        Ok(())
    }

    /// Makes [`run`](Self::run) return after the events that it has.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// The program's state.
    #[must_use]
    pub fn state(&self) -> &S {
        &self.state
    }

    /// The program's state, to be changed.
    #[must_use]
    pub fn state_mut(&mut self) -> &mut S {
        &mut self.state
    }

    /// Closes all descriptors, and gives the program's state.
    #[must_use]
    pub fn into_state(self) -> S {
        self.state
    }

    fn slot(&self, key: Key) -> Option<&Slot<S>> {
        self.slots.get(key.slot as usize).filter(|slot| slot.generation == key.generation)
    }

    /// Calls the handler of `key`, if it is still there.
    fn dispatch(&mut self, key: Key, readiness: Readiness) -> bool {
        let slot = self.slots.get_mut(key.slot as usize).filter(|slot| slot.generation == key.generation);
        let Some(mut watched) = slot.and_then(|slot| slot.watched.take()) else { return false };
        let next = watched.handle(readiness, self);
        self.stopped |= next == Next::Stop;
        match self.slots.get_mut(key.slot as usize) {
            Some(slot) if slot.generation == key.generation => {
                slot.watched = Some(watched);
                if next == Next::Remove {
                    self.remove(key);
                }
            }
            // It removed itself.
            _ => watched.delete_from(&self.epoll),
        }
        true
    }
}

impl<S: fmt::Debug> fmt::Debug for Reactor<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reactor").field("watched", &self.len()).field("state", &self.state).finish()
    }
}
