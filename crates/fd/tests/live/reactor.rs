//! The reactor.

use std::{
    io::{Read, Write},
    os::{fd::AsRawFd, unix::net::UnixStream},
    time::Duration,
};

use linux_support_fd::{EventFd, Interest, Key, Next, Reactor};

use crate::open::{Open, open};

const NOW: Option<Duration> = Some(Duration::ZERO);

#[test]
fn handlers_add_others_and_are_removed() {
    let _open = Open::watched();
    let (mut peer, served) = UnixStream::pair().unwrap();
    served.set_nonblocking(true).unwrap();
    let wake = EventFd::counter(1).unwrap();
    let mut served = Some(served);
    let mut reactor = Reactor::new(Vec::new()).unwrap();
    reactor
        .add(wake, Interest::READABLE, move |wake, _, reactor| {
            assert_eq!(wake.try_read().unwrap(), Some(1));
            let added = reactor.add(served.take().unwrap(), Interest::READABLE, |stream, _, reactor| {
                let mut bytes = [0; 16];
                match stream.read(&mut bytes) {
                    Ok(0) => Next::Remove,
                    Ok(length) => {
                        reactor.state_mut().extend_from_slice(&bytes[..length]);
                        Next::Keep
                    }
                    Err(error) => panic!("{error}"),
                }
            });
            added.unwrap();
            Next::Remove
        })
        .unwrap();
    assert_eq!((reactor.turn(None).unwrap(), reactor.len()), (1, 1));
    assert_eq!(reactor.turn(NOW).unwrap(), 0);
    peer.write_all(b"hello").unwrap();
    assert_eq!(reactor.turn(None).unwrap(), 1);
    drop(peer);
    reactor.run().unwrap();
    assert!(reactor.is_empty());
    assert_eq!(reactor.into_state(), b"hello");
}

#[test]
fn an_event_of_one_that_was_removed_is_not_taken_for_its_successor() {
    let _open = Open::watched();
    let mut reactor = Reactor::new((Vec::<Key>::new(), 0)).unwrap();
    for _ in 0..2 {
        let key = reactor
            .add(EventFd::counter(1).unwrap(), Interest::READABLE, |_, _, reactor| {
                // Whichever comes first removes both, and puts one that is not ready in their place.
                for key in std::mem::take(&mut reactor.state_mut().0) {
                    assert!(reactor.remove(key) && !reactor.remove(key));
                }
                reactor
                    .add(EventFd::counter(0).unwrap(), Interest::READABLE, |_, _, reactor| {
                        reactor.state_mut().1 += 1;
                        Next::Keep
                    })
                    .unwrap();
                Next::Keep
            })
            .unwrap();
        reactor.state_mut().0.push(key);
    }
    assert_eq!(reactor.turn(NOW).unwrap(), 1);
    assert_eq!((reactor.len(), reactor.turn(NOW).unwrap()), (1, 0));
    assert_eq!(reactor.into_state().1, 0);
}

#[test]
fn a_duplicate_elsewhere_keeps_no_event_coming_after_removal() {
    let _open = Open::watched();
    let wake = EventFd::counter(1).unwrap();
    let twin = wake.try_clone().unwrap();
    let mut reactor = Reactor::new(()).unwrap();
    reactor.add(wake, Interest::READABLE, |_, _, _| Next::Remove).unwrap();
    assert_eq!(reactor.turn(NOW).unwrap(), 1);
    assert_eq!(twin.try_read().unwrap(), Some(1));
    twin.write(1).unwrap();
    assert_eq!(reactor.turn(NOW).unwrap(), 0);
}

#[test]
fn a_one_shot_watch_is_armed_again_and_a_stop_ends_the_run() {
    let _open = Open::watched();
    let mut reactor = Reactor::new(0).unwrap();
    let count = |_: &mut EventFd, _, reactor: &mut Reactor<i32>| {
        *reactor.state_mut() += 1;
        Next::Stop
    };
    let key = reactor.add(EventFd::counter(1).unwrap(), Interest::READABLE.one_shot(), count).unwrap();
    reactor.run().unwrap();
    assert_eq!((reactor.turn(NOW).unwrap(), *reactor.state()), (0, 1));
    reactor.modify(key, Interest::READABLE.one_shot()).unwrap();
    reactor.run().unwrap();
    assert_eq!(*reactor.state(), 2);
    assert!(reactor.remove(key) && reactor.modify(key, Interest::READABLE).is_err());
}

#[test]
fn what_the_reactor_owns_is_closed_with_it() {
    let _open = Open::watched();
    let before = open();
    let mut reactor = Reactor::new(()).unwrap();
    let wake = EventFd::counter(0).unwrap();
    let number = wake.as_raw_fd() as u32;
    reactor.add(wake, Interest::READABLE, |_, _, _| Next::Keep).unwrap();
    assert!(open().contains_key(&number));
    drop(reactor);
    assert_eq!(open(), before);
}
