//! signalfd(2).

use std::{os::fd::OwnedFd, thread, time::Duration};

use linux_support_base::{Pid, Reason, Signal, SignalSet, UserId, signal::Sender};
use linux_support_fd::{BlockedSignals, Descriptor, EventFd, SignalCause, SignalFd, SignalInformation};

use crate::{
    open::Open,
    runtime::{async_fd, block_on, mio_finds_readable, readable},
    signals::{send, this_thread},
};

fn this_process() -> Option<Pid> {
    Pid::new(std::process::id() as i32)
}

#[test]
fn a_signal_comes_with_its_sender() {
    let _open = Open::watched();
    let _blocked = BlockedSignals::block(Signal::USR1).unwrap();
    let signals = SignalFd::new(Signal::USR1).unwrap();
    assert!(signals.is_close_on_exec().unwrap() && signals.try_read().unwrap().is_none());
    let thread = this_thread();
    let sender = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        send(thread, Signal::USR1);
    });
    let record = signals.read().unwrap();
    sender.join().unwrap();
    let user = UserId::new(rustix::process::getuid().as_raw());
    let sender = Sender { process: this_process(), user };
    assert_eq!((record.signal, record.cause), (Signal::USR1, SignalCause::SentToThread { sender }));
    assert!(signals.try_read().unwrap().is_none());
}

#[test]
fn many_signals_are_read_at_once_and_real_time_ones_each() {
    let _open = Open::watched();
    let queue = Signal::real_time(5).unwrap();
    let wanted: SignalSet = [Signal::USR1, queue].into_iter().collect();
    let _blocked = BlockedSignals::block(wanted).unwrap();
    let signals = SignalFd::new(wanted).unwrap();
    for signal in [queue, Signal::USR1, queue, Signal::USR1] {
        send(this_thread(), signal);
    }
    let mut buffer = [0; 5 * SignalInformation::SIZE + 3];
    let records: Vec<_> = SignalInformation::parse_records(signals.try_read_many(&mut buffer).unwrap())
        .map(|record| record.unwrap().signal)
        .collect();
    assert_eq!(records, [Signal::USR1, queue, queue]);
    assert!(signals.try_read_many(&mut buffer).unwrap().is_empty());
    assert!(signals.try_read_many(&mut buffer[..127]).is_err());
}

#[test]
fn signals_that_would_never_come_are_refused() {
    let _open = Open::watched();
    for (signal, word) in [
        (Signal::USR1, "SIGUSR1 is not blocked"),
        (Signal::KILL, "SIGKILL can't be caught"),
        (Signal::new(33).unwrap(), "signal 33 belongs to the C library"),
    ] {
        let error = SignalFd::new(signal).unwrap_err();
        assert!(error.to_string().contains(word), "{error}");
        assert!(matches!(error.reason(), Reason::Invalid(_)));
    }
}

#[test]
fn the_signals_can_be_changed() {
    let _open = Open::watched();
    let both: SignalSet = [Signal::USR1, Signal::WINCH].into_iter().collect();
    let _blocked = BlockedSignals::block(both).unwrap();
    let signals = SignalFd::new(Signal::USR1).unwrap();
    send(this_thread(), Signal::WINCH);
    assert!(signals.try_read().unwrap().is_none());
    signals.set_signals(both).unwrap();
    assert_eq!(signals.read().unwrap().signal, Signal::WINCH);
    let signals = SignalFd::try_from(OwnedFd::from(signals)).unwrap();
    assert!(signals.is_nonblocking().unwrap());
    let error = SignalFd::try_from(OwnedFd::from(EventFd::counter(0).unwrap())).unwrap_err();
    assert!(error.to_string().ends_with("is no signalfd, but eventfd"), "{error}");
}

#[test]
fn tokio_and_mio_wait_for_it() {
    let _open = Open::watched();
    let _blocked = BlockedSignals::block(Signal::USR1).unwrap();
    let signals = SignalFd::new(Signal::USR1).unwrap();
    send(this_thread(), Signal::USR1);
    assert!(mio_finds_readable(&signals));
    let record = block_on(async {
        let signals = async_fd(signals);
        readable(&signals, |signals| signals.try_read().unwrap()).await
    });
    assert_eq!(record.signal, Signal::USR1);
}
