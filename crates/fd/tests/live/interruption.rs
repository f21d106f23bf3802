//! Reads of event records that a signal's handler interrupts: they go on, and lose nothing.

use std::{fs, thread, time::Duration};

use linux_support_base::Signal;
use linux_support_fd::{
    BlockedSignals, EventFd, Fanotify, FanotifyMark, FanotifyMask, FanotifyOptions, FanotifyReport, Inotify,
    InotifyMask, InotifyTree, SignalFd, TreeEvent,
};

use crate::{
    open::Open,
    signals::{interrupted, send, this_thread},
};

/// Interrupts `read` for a while, before and after `happen` gives it something to read.
fn interrupted_until<T>(happen: impl FnOnce() + Send, read: impl FnOnce() -> T) -> T {
    thread::scope(|threads| {
        threads.spawn(|| {
            thread::sleep(Duration::from_millis(50));
            happen();
        });
        interrupted(read)
    })
}

#[test]
fn reading_an_eventfd_goes_on() {
    let _open = Open::watched();
    let counter = EventFd::counter(0).unwrap();
    assert_eq!(interrupted_until(|| counter.write(3).unwrap(), || counter.read().unwrap()), 3);
}

#[test]
fn writing_to_a_full_eventfd_goes_on() {
    let _open = Open::watched();
    let counter = EventFd::counter(0).unwrap();
    counter.write(EventFd::MAXIMUM).unwrap();
    let make_room = || assert_eq!(counter.read().unwrap(), EventFd::MAXIMUM);
    interrupted_until(make_room, || counter.write(2).unwrap());
    assert_eq!(counter.try_read().unwrap(), Some(2));
}

#[test]
fn reading_signals_goes_on() {
    let _open = Open::watched();
    let _blocked = BlockedSignals::block(Signal::USR1).unwrap();
    let signals = SignalFd::new(Signal::USR1).unwrap();
    let reader = this_thread();
    let record = interrupted_until(|| send(reader, Signal::USR1), || signals.read().unwrap());
    assert_eq!(record.signal, Signal::USR1);
}

#[test]
fn reading_inotify_goes_on() {
    let _open = Open::watched();
    let folder = tempfile::tempdir().unwrap();
    let inotify = Inotify::new().unwrap();
    let _watch = inotify.watch(folder.path(), InotifyMask::CREATED).unwrap();
    let mut buffer = [0; 512];
    let make = || fs::create_dir(folder.path().join("name")).unwrap();
    let mut records = interrupted_until(make, || inotify.read(&mut buffer).unwrap());
    assert_eq!(records.next().unwrap().unwrap().name.unwrap(), b"name");
}

#[test]
fn reading_a_watched_tree_goes_on_and_keeps_its_time_out() {
    let _open = Open::watched();
    let folder = tempfile::tempdir().unwrap();
    let mut tree = InotifyTree::new(folder.path(), InotifyMask::CREATED).unwrap();
    let nothing = interrupted(|| tree.read(Some(Duration::from_millis(40))).unwrap());
    assert!(nothing.is_empty(), "{nothing:?}");
    let make = || fs::write(folder.path().join("name"), "").unwrap();
    let events = interrupted_until(make, || tree.read(None).unwrap());
    assert!(matches!(events[0], TreeEvent::Created { .. }), "{events:?}");
}

#[test]
fn reading_fanotify_goes_on() {
    let _open = Open::watched();
    let folder = tempfile::tempdir().unwrap();
    let mut options = FanotifyOptions::default();
    options.report = FanotifyReport::FILE | FanotifyReport::DIRECTORY | FanotifyReport::NAME;
    let group = Fanotify::new(options).unwrap();
    group.mark(folder.path(), FanotifyMark::inode(FanotifyMask::CREATED)).unwrap();
    let mut buffer = vec![0; 4096];
    let make = || fs::write(folder.path().join("name"), "").unwrap();
    let events = interrupted_until(make, || group.read(&mut buffer).unwrap());
    assert_eq!(events[0].mask(), FanotifyMask::CREATED);
}
