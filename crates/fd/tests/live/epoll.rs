//! epoll(7).

use std::{
    fs::File,
    io::Write,
    os::fd::{AsRawFd, OwnedFd},
    thread,
    time::{Duration, Instant},
};

use linux_support_base::{DeviceNumber, Errno, Reason, Signal, SignalSet};
use linux_support_fd::{
    BlockedSignals, BusyPoll, Descriptor, Epoll, EventFd, Events, Interest, Readiness, Token,
};

use crate::{
    open::Open,
    runtime::{async_fd, block_on, mio_finds_readable, readable},
    signals::{handle_usr2, interrupted, send, this_thread},
};

const NOW: Option<Duration> = Some(Duration::ZERO);

/// What a wait that doesn't wait finds.
fn ready<T: Token>(epoll: &Epoll<T>) -> Vec<(T, Readiness)> {
    let mut events = Events::with_capacity(8);
    assert_eq!(epoll.wait(&mut events, NOW).unwrap(), events.len());
    events.iter().map(|event| (event.token, event.readiness)).collect()
}

#[test]
fn a_token_may_be_any_type() {
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Source {
        Timer,
        Connection(u32),
    }
    impl Token for Source {
        fn into_bits(self) -> u64 {
            match self {
                Self::Timer => u64::MAX,
                Self::Connection(number) => number.into(),
            }
        }
        fn from_bits(bits: u64) -> Self {
            u32::try_from(bits).map_or(Self::Timer, Self::Connection)
        }
    }
    let _open = Open::watched();
    let epoll = Epoll::new().unwrap();
    let counters = [EventFd::counter(1).unwrap(), EventFd::counter(1).unwrap()];
    epoll.add(&counters[0], Interest::READABLE, Source::Timer).unwrap();
    epoll.add(&counters[1], Interest::WRITABLE, Source::Connection(9)).unwrap();
    let found = ready(&epoll);
    assert!(found.contains(&(Source::Timer, Readiness::READABLE)), "{found:?}");
    assert!(found.contains(&(Source::Connection(9), Readiness::WRITABLE)), "{found:?}");
}

#[test]
fn level_edge_and_one_shot_tell_as_often_as_they_say() {
    let _open = Open::watched();
    let epoll = Epoll::new().unwrap();
    let counters = [EventFd::counter(1).unwrap(), EventFd::counter(1).unwrap(), EventFd::counter(1).unwrap()];
    let interests = [Interest::READABLE, Interest::READABLE.edge_triggered(), Interest::READABLE.one_shot()];
    for ((counter, interest), token) in counters.iter().zip(interests).zip(0_u32..) {
        epoll.add(counter, interest, token).unwrap();
    }
    let tokens = || {
        let mut tokens: Vec<_> = ready(&epoll).into_iter().map(|(token, _)| token).collect();
        tokens.sort_unstable();
        tokens
    };
    assert_eq!(tokens(), [0, 1, 2]);
    assert_eq!(tokens(), [0]);
    counters.iter().for_each(|counter| counter.write(1).unwrap());
    assert_eq!(tokens(), [0, 1]);
    epoll.modify(&counters[2], Interest::READABLE.one_shot(), 7).unwrap();
    assert_eq!(tokens(), [0, 7]);
    epoll.delete(&counters[0]).unwrap();
    assert_eq!(tokens(), [0_u32; 0]);
}

#[test]
fn an_exclusive_watch_can_be_had_but_not_modified() {
    let _open = Open::watched();
    let epoll = Epoll::<u32>::new().unwrap();
    let counter = EventFd::counter(1).unwrap();
    epoll.add(&counter, Interest::READABLE.exclusive().edge_triggered().waking_up(), 1).unwrap();
    assert_eq!(ready(&epoll), [(1, Readiness::READABLE)]);
    let error = epoll.modify(&counter, Interest::READABLE, 1).unwrap_err();
    assert!(error.to_string().contains("exclusive and can't be modified"), "{error}");
}

#[test]
fn what_is_refused_is_refused_in_words() {
    let _open = Open::watched();
    let epoll = Epoll::<u32>::new().unwrap();
    let counter = EventFd::counter(0).unwrap();
    let file = File::open("/proc/self/exe").unwrap();
    epoll.add(&counter, Interest::READABLE, 0).unwrap();
    for (error, word) in [
        (epoll.add(&counter, Interest::READABLE, 0).unwrap_err(), "is watched already"),
        (epoll.add(&file, Interest::READABLE, 0).unwrap_err(), "is always ready"),
        (epoll.add(&epoll, Interest::READABLE, 0).unwrap_err(), "is this epoll itself"),
        (epoll.delete(&file).unwrap_err(), "is always ready"),
    ] {
        assert!(error.to_string().contains(word), "{error}");
        assert!(matches!(error.reason(), Reason::Invalid(_)));
    }
    epoll.delete(&counter).unwrap();
    assert!(epoll.delete(&counter).unwrap_err().to_string().ends_with("is not watched"));
}

#[test]
fn the_kernel_tells_what_is_watched() {
    let _open = Open::watched();
    let epoll = Epoll::new().unwrap();
    let counters = [EventFd::counter(0).unwrap(), EventFd::counter(0).unwrap()];
    let interests = [
        Interest::READABLE.and(Interest::WRITABLE).edge_triggered().exclusive(),
        Interest::PRIORITY.and(Interest::PEER_CLOSED).one_shot(),
    ];
    for ((counter, interest), token) in counters.iter().zip(interests).zip([7, u64::MAX]) {
        epoll.add(counter, interest, token).unwrap();
    }
    let mut watched = epoll.watched().unwrap();
    watched.sort_by_key(|watched| watched.token);
    for ((watched, counter), interest) in watched.iter().zip(&counters).zip(interests) {
        assert_eq!((watched.descriptor, watched.interest), (counter.as_raw_fd(), interest));
        let status = rustix::fs::fstat(counter).unwrap();
        assert_eq!(watched.inode, Some(status.st_ino));
        assert_eq!(watched.device, Some(DeviceNumber::from_dev_t(status.st_dev)));
    }
    assert_eq!(watched.iter().map(|watched| watched.token).collect::<Vec<_>>(), [7, u64::MAX]);
}

#[test]
fn a_watch_keeps_the_machine_awake_for_who_may_and_is_a_plain_one_for_others() {
    use rustix::thread::{CapabilitySet, capabilities, set_capabilities};
    let _open = Open::watched();
    let counter = EventFd::counter(0).unwrap();
    let is_kept_awake = || {
        let epoll = Epoll::new().unwrap();
        epoll.add(&counter, Interest::READABLE.waking_up(), 1_u64).unwrap();
        epoll.watched().unwrap()[0].interest.wake_up
    };
    let may = capabilities(None).unwrap().effective.contains(CapabilitySet::BLOCK_SUSPEND);
    let can_sleep = std::fs::exists("/sys/power/wakeup_count").unwrap();
    // The capability counts in the first user namespace alone.
    let is_first = std::fs::read_to_string("/proc/self/uid_map").unwrap().trim_end().ends_with(" 4294967295");
    if may && can_sleep && is_first {
        assert!(is_kept_awake());
    }
    thread::scope(|threads| {
        let without = threads.spawn(|| {
            let mut sets = capabilities(None).unwrap();
            sets.effective -= CapabilitySet::BLOCK_SUSPEND;
            set_capabilities(None, sets).unwrap();
            is_kept_awake()
        });
        assert!(!without.join().unwrap());
    });
}

#[test]
fn a_peer_that_is_gone_is_told() {
    let _open = Open::watched();
    let epoll = Epoll::<u32>::new().unwrap();
    let (reader, mut writer) = std::io::pipe().unwrap();
    epoll.add(&reader, Interest::READABLE, 0).unwrap();
    writer.write_all(b"x").unwrap();
    drop(writer);
    assert_eq!(ready(&epoll), [(0, Readiness::READABLE | Readiness::HANG_UP)]);

    let (one, other) = std::os::unix::net::UnixStream::pair().unwrap();
    epoll.add(&one, Interest::PEER_CLOSED, 1).unwrap();
    other.shutdown(std::net::Shutdown::Write).unwrap();
    assert!(ready(&epoll).contains(&(1, Readiness::PEER_CLOSED)));
}

#[test]
fn more_events_than_there_is_room_for_come_with_the_next_wait() {
    let _open = Open::watched();
    let epoll = Epoll::new().unwrap();
    let counters: Vec<_> = (0..5).map(|_| EventFd::counter(1).unwrap()).collect();
    for (token, counter) in (0_u32..).zip(&counters) {
        epoll.add(counter, Interest::READABLE.edge_triggered(), token).unwrap();
    }
    let mut events = Events::with_capacity(2);
    let mut seen = Vec::new();
    while epoll.wait(&mut events, NOW).unwrap() > 0 {
        seen.extend(events.iter().map(|event| event.token));
    }
    seen.sort_unstable();
    assert_eq!(seen, [0, 1, 2, 3, 4]);
}

#[test]
fn a_time_out_below_a_millisecond_is_kept() {
    let _open = Open::watched();
    let epoll = Epoll::<u32>::new().unwrap();
    let mut events = Events::with_capacity(1);
    let shortest = (0..20)
        .map(|_| {
            let start = Instant::now();
            assert_eq!(epoll.wait(&mut events, Some(Duration::from_micros(200))).unwrap(), 0);
            start.elapsed()
        })
        .min()
        .unwrap();
    assert!(shortest >= Duration::from_micros(200), "{shortest:?}");
    assert!(shortest < Duration::from_millis(1), "{shortest:?}");
}

#[test]
fn a_time_out_beyond_the_kernels_range_is_none() {
    let _open = Open::watched();
    let epoll = Epoll::new().unwrap();
    let counter = EventFd::counter(0).unwrap();
    epoll.add(&counter, Interest::READABLE, 3_u32).unwrap();
    let mut events = Events::with_capacity(1);
    thread::scope(|scope| {
        scope.spawn(|| {
            thread::sleep(Duration::from_millis(20));
            counter.write(1).unwrap();
        });
        assert_eq!(epoll.wait(&mut events, Some(Duration::MAX)).unwrap(), 1);
    });
}

#[test]
fn interrupted_waits_go_on_and_end_in_time() {
    let _open = Open::watched();
    let epoll = Epoll::<u32>::new().unwrap();
    let mut events = Events::with_capacity(1);
    let start = Instant::now();
    interrupted(|| assert_eq!(epoll.wait(&mut events, Some(Duration::from_millis(60))).unwrap(), 0));
    let elapsed = start.elapsed();
    assert!(elapsed >= Duration::from_millis(60) && elapsed < Duration::from_secs(2), "{elapsed:?}");
}

#[test]
fn a_signal_that_is_blocked_elsewhere_interrupts_the_wait_that_lets_it_in() {
    let _open = Open::watched();
    handle_usr2();
    let blocked = BlockedSignals::block(Signal::USR2).unwrap();
    let epoll = Epoll::<u32>::new().unwrap();
    let mut events = Events::with_capacity(1);
    send(this_thread(), Signal::USR2);
    assert_eq!(epoll.wait_blocking_signals(&mut events, NOW, Signal::USR2.into()).unwrap(), 0);
    let error = epoll
        .wait_blocking_signals(&mut events, Some(Duration::from_secs(10)), SignalSet::EMPTY)
        .unwrap_err();
    assert_eq!(error.reason(), &Reason::System(Errno::INTR));
    drop(blocked);
}

#[test]
fn busy_polling_is_set_and_read_or_said_to_be_missing() {
    let _open = Open::watched();
    let epoll = Epoll::<u32>::new().unwrap();
    let wanted = BusyPoll { duration: Duration::from_micros(50), budget: 8, prefer: true };
    match epoll.set_busy_poll(wanted) {
        Ok(()) => assert_eq!(epoll.busy_poll().unwrap(), wanted),
        Err(error) => assert!(error.is_absent(), "{error}"),
    }
    let error = epoll.set_busy_poll(BusyPoll { duration: Duration::MAX, ..wanted }).unwrap_err();
    assert!(matches!(error.reason(), Reason::Invalid(_)), "{error}");
}

#[test]
fn an_epoll_is_taken_and_another_kind_is_not() {
    let _open = Open::watched();
    let epoll = Epoll::<u32>::new().unwrap();
    assert!(epoll.is_close_on_exec().unwrap());
    let counter = EventFd::counter(1).unwrap();
    epoll.add(&counter, Interest::READABLE, 4).unwrap();
    let epoll = Epoll::<u32>::try_from(OwnedFd::from(epoll)).unwrap();
    assert_eq!(ready(&epoll), [(4, Readiness::READABLE)]);
    let error = Epoll::<u32>::try_from(OwnedFd::from(counter)).unwrap_err();
    assert!(error.to_string().ends_with("is no epoll, but eventfd"), "{error}");
}

#[test]
fn an_epoll_is_watched_by_tokio_and_mio() {
    let _open = Open::watched();
    let epoll = Epoll::<u32>::new().unwrap();
    let counter = EventFd::counter(1).unwrap();
    epoll.add(&counter, Interest::READABLE, 6).unwrap();
    assert!(mio_finds_readable(&epoll));
    let token = block_on(async {
        let epoll = async_fd(epoll);
        readable(&epoll, |epoll| ready(epoll).first().map(|event| event.0)).await
    });
    assert_eq!(token, 6);
}
