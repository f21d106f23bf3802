//! Being told of a message.

use std::{
    thread,
    time::{Duration, Instant},
};

use linux_support_base::{Errno, Reason, Signal};

use super::{PLAIN, apart, small};
use crate::{
    open::Open,
    signals::{handle_usr2, handled},
};

/// Whether the handler of SIGUSR2 runs more than `before` times within half a second.
fn is_told_after(before: u64) -> bool {
    let end = Instant::now() + Duration::from_millis(500);
    while handled() == before && Instant::now() < end {
        thread::sleep(Duration::from_millis(1));
    }
    handled() > before
}

#[test]
fn the_first_message_in_an_empty_queue_is_told_once() {
    let _open = Open::watched();
    handle_usr2();
    apart(|| {
        let queue = small("told");
        let before = handled();
        let notification = queue.notify(Signal::USR2, 7).unwrap();
        queue.send(b"1", PLAIN).unwrap();
        assert!(is_told_after(before));
        let again = queue.notify(Signal::USR2, 7).unwrap();
        // The first registration has served, and its guard leaves the second alone.
        drop(notification);
        assert_eq!(queue.notify_nobody().unwrap_err().reason(), &Reason::System(Errno::BUSY));
        again.end().unwrap();
        queue.notify_nobody().unwrap().end().unwrap();
    });
}

#[test]
fn a_registration_ends_with_its_guard() {
    let _open = Open::watched();
    handle_usr2();
    apart(|| {
        let queue = small("ended");
        let before = handled();
        drop(queue.notify(Signal::USR2, 0).unwrap());
        queue.send(b"1", PLAIN).unwrap();
        thread::sleep(Duration::from_millis(20));
        assert_eq!(handled(), before);
    });
}
