//! Waking through a counter and an epoll, beside the same calls made bare.

use std::os::fd::AsFd;

use linux_support_fd::{Epoll, EventFd, Events, Interest};

use crate::{
    pair::Side,
    sys::BareWake,
    table::{
        Row,
        Target::{self, Within},
    },
};

const TARGET: &[Target] = &[Within(1.02)];

/// The name of the measurement.
pub(crate) const NAME: &str = "wake";

/// One round trip: the counter is written, the epoll tells of it, and the counter is read. By us, and bare.
pub(crate) fn sides() -> [Side<'static>; 2] {
    let counter = EventFd::counter(0).expect("an eventfd can be had");
    let epoll = Epoll::new().expect("an epoll can be had");
    epoll.add(&counter, Interest::READABLE, 7_u64).expect("an eventfd can be watched");
    let mut events = Events::with_capacity(16);
    let mut bare = BareWake::new(
        counter.as_fd().try_clone_to_owned().expect("a descriptor can be had"),
        epoll.as_fd().try_clone_to_owned().expect("a descriptor can be had"),
    );
    let ours = move || {
        assert!(counter.try_write(1).expect("an eventfd is written"));
        epoll.wait(&mut events, None).expect("an epoll is waited for");
        assert!(events.iter().all(|event| event.token == 7));
        assert_eq!(counter.try_read().expect("an eventfd is read"), Some(1));
    };
    [Box::new(ours), Box::new(move || bare.round_trip())]
}

/// The round trip, measured.
pub(crate) fn row(rounds: usize) -> Row {
    Row::beside_bare(NAME, &mut sides(), TARGET, rounds)
}
