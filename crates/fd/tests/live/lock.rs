//! flock(2), and the locks and leases of fcntl(2).

use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    path::Path,
    thread,
    time::{Duration, Instant},
};

use linux_support_base::{Errno, Machine, Reason, Signal};
use linux_support_fd::{
    BlockedSignals,
    file::ByteRange,
    lock::{
        FileIdentity, FileLock, HeldLocks, Lease, LeaseMode, LeaseState, LockChange, LockKind, LockMode,
        LockRange, LockScope, LockState,
    },
};
use rustix::fs::{FlockOperation, Mode, OFlags, flock};

use crate::{child::Child, open::Open, signals::interrupted};

const SCOPES: [LockScope; 2] = [LockScope::WholeFile, LockScope::Records(LockRange::ALL)];

fn both(path: &Path) -> File {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(path).unwrap()
}

/// A file, opened twice.
fn opened_twice() -> (tempfile::NamedTempFile, File, File) {
    let file = tempfile::NamedTempFile::new().unwrap();
    let (one, two) = (both(file.path()), both(file.path()));
    (file, one, two)
}

fn bytes(start: u64, length: u64) -> LockRange {
    ByteRange::new(start, length).unwrap().into()
}

#[test]
fn open_files_share_or_exclude_each_other_and_a_guards_end_lets_go() {
    let _open = Open::watched();
    let (_file, one, two) = opened_twice();
    for scope in SCOPES {
        let lock = FileLock::try_lock(&one, scope, LockMode::Shared).unwrap().unwrap();
        let shared = FileLock::try_lock(&two, scope, LockMode::Shared).unwrap().unwrap();
        drop(shared);
        assert!(FileLock::try_lock(&two, scope, LockMode::Exclusive).unwrap().is_none());
        lock.unlock().unwrap();
        let lock = FileLock::lock(&two, scope, LockMode::Exclusive).unwrap();
        assert!(FileLock::try_lock(&one, scope, LockMode::Shared).unwrap().is_none());
        drop(lock);
        assert!(FileLock::try_lock(&one, scope, LockMode::Exclusive).unwrap().is_some());
    }
}

#[test]
fn records_conflict_only_where_they_share_a_byte() {
    let _open = Open::watched();
    let (_file, one, two) = opened_twice();
    let lock = FileLock::lock(&one, LockScope::Records(bytes(10, 5)), LockMode::Exclusive).unwrap();
    let other = |start, length| {
        FileLock::try_lock(&two, LockScope::Records(bytes(start, length)), LockMode::Shared)
            .unwrap()
            .is_some()
    };
    assert!(other(0, 10) && other(15, 1) && !other(14, 1) && !other(0, 11));
    let conflict = FileLock::conflict(&two, LockScope::Records(LockRange::ALL), LockMode::Shared).unwrap();
    let conflict = conflict.unwrap();
    assert_eq!((conflict.range, conflict.mode, conflict.holder), (bytes(10, 5), LockMode::Exclusive, None));
    let process = LockScope::ProcessRecords(LockRange::ALL);
    assert!(FileLock::try_lock(&two, process, LockMode::Shared).unwrap().is_none());
    drop(lock);
    assert_eq!(FileLock::conflict(&two, process, LockMode::Shared).unwrap(), None);
}

#[test]
fn a_time_out_runs_out_or_ends_with_the_lock() {
    let _open = Open::watched();
    let (_file, one, two) = opened_twice();
    for scope in SCOPES {
        let lock = FileLock::lock(&one, scope, LockMode::Exclusive).unwrap();
        let begin = Instant::now();
        let timeout = Duration::from_millis(30);
        assert!(FileLock::lock_within(&two, scope, LockMode::Shared, timeout).unwrap().is_none());
        assert!(begin.elapsed() >= timeout);
        thread::scope(|threads| {
            let waiter = threads.spawn(|| {
                FileLock::lock_within(&two, scope, LockMode::Shared, Duration::from_secs(60))
                    .unwrap()
                    .is_some()
            });
            thread::sleep(Duration::from_millis(20));
            drop(lock);
            assert!(waiter.join().unwrap());
        });
    }
}

#[test]
fn a_lock_that_is_waited_for_comes_with_the_end_of_the_other() {
    let _open = Open::watched();
    let (_file, one, two) = opened_twice();
    for scope in SCOPES {
        let lock = FileLock::lock(&one, scope, LockMode::Exclusive).unwrap();
        thread::scope(|threads| {
            let waiter = threads.spawn(|| FileLock::lock(&two, scope, LockMode::Exclusive).unwrap().mode());
            let machine = Machine::live().unwrap();
            let identity = FileIdentity::of(&one).unwrap();
            while !HeldLocks::read(&machine).unwrap().of(identity).any(|lock| lock.is_waiting()) {
                thread::sleep(Duration::from_millis(1));
            }
            drop(lock);
            assert_eq!(waiter.join().unwrap(), Some(LockMode::Exclusive));
        });
    }
}

#[test]
fn modes_change_or_stay_and_a_whole_files_lock_is_taken_again() {
    let _open = Open::watched();
    let (_file, one, two) = opened_twice();
    for scope in SCOPES {
        let mut lock = FileLock::lock(&one, scope, LockMode::Exclusive).unwrap();
        assert_eq!(lock.try_change(LockMode::Shared).unwrap(), LockChange::Changed);
        let other = FileLock::try_lock(&two, scope, LockMode::Shared).unwrap().unwrap();
        assert_eq!(lock.try_change(LockMode::Exclusive).unwrap(), LockChange::Unchanged);
        let short = Duration::from_millis(5);
        assert_eq!(lock.change_within(LockMode::Exclusive, short).unwrap(), LockChange::Unchanged);
        assert_eq!(lock.mode(), Some(LockMode::Shared));
        assert!(FileLock::try_lock(&two, scope, LockMode::Exclusive).unwrap().is_none(), "{scope:?}");
        drop(other);
        lock.change(LockMode::Exclusive).unwrap();
        assert!(FileLock::try_lock(&two, scope, LockMode::Shared).unwrap().is_none());
    }
}

#[test]
fn a_whole_files_lock_that_another_took_meanwhile_is_lost() {
    let _open = Open::watched();
    let (_file, one, two) = opened_twice();
    let mut lock = FileLock::lock(&one, LockScope::WholeFile, LockMode::Shared).unwrap();
    // Somebody who shares the open file releases it.
    flock(one.try_clone().unwrap(), FlockOperation::Unlock).unwrap();
    let other = FileLock::try_lock(&two, LockScope::WholeFile, LockMode::Exclusive).unwrap().unwrap();
    assert_eq!(lock.try_change(LockMode::Exclusive).unwrap(), LockChange::Lost);
    assert_eq!(lock.mode(), None);
    drop(other);
    lock.change(LockMode::Shared).unwrap();
    assert_eq!(lock.mode(), Some(LockMode::Shared));
}

#[test]
fn the_holder_in_another_process_is_found() {
    let _open = Open::watched();
    let file = tempfile::NamedTempFile::new().unwrap();
    let ours = both(file.path());
    for scope in
        [LockScope::WholeFile, LockScope::ProcessRecords(bytes(3, 2)), LockScope::Records(bytes(3, 2))]
    {
        let (mut ready, said) = std::io::pipe().unwrap();
        let path = file.path();
        let child = Child::doing(|| {
            let mut said = said;
            let _lock = FileLock::lock(both(path), scope, LockMode::Exclusive).unwrap();
            said.write_all(b"!").unwrap();
            thread::sleep(Duration::from_secs(60));
        });
        ready.read_exact(&mut [0]).unwrap();
        let conflict = FileLock::conflict(&ours, scope, LockMode::Shared).unwrap().unwrap();
        let machine = Machine::live().unwrap();
        let locks = HeldLocks::read(&machine).unwrap();
        let identity = FileIdentity::of(&ours).unwrap();
        let held = locks.conflicts(identity, scope, LockMode::Shared).next().unwrap();
        match scope {
            LockScope::Records(_) => {
                assert_eq!((conflict.holder, held.process), (None, None));
                assert_eq!(held.kind, LockKind::Records);
            }
            _ => assert_eq!((conflict.holder, held.process), (Some(child.pid()), Some(child.pid()))),
        }
        assert_eq!(HeldLocks::holders(&machine, held).unwrap(), [child.pid()]);
        drop(child);
    }
}

#[test]
fn a_deadlock_of_processes_is_an_error_of_one_of_them() {
    let _open = Open::watched();
    let file = tempfile::NamedTempFile::new().unwrap();
    let ours = both(file.path());
    let scope = |start| LockScope::ProcessRecords(bytes(start, 1));
    let first = FileLock::lock(&ours, scope(0), LockMode::Exclusive).unwrap();
    let path = file.path();
    let (mut ready, said) = std::io::pipe().unwrap();
    let child = Child::doing(|| {
        let mut said = said;
        let theirs = both(path);
        let _second = FileLock::lock(&theirs, scope(1), LockMode::Exclusive).unwrap();
        said.write_all(b"!").unwrap();
        let _first = FileLock::lock(&theirs, scope(0), LockMode::Exclusive).unwrap();
    });
    ready.read_exact(&mut [0]).unwrap();
    let (machine, identity) = (Machine::live().unwrap(), FileIdentity::of(&ours).unwrap());
    while !HeldLocks::read(&machine).unwrap().of(identity).any(|lock| lock.is_waiting()) {
        thread::sleep(Duration::from_millis(1));
    }
    let error = FileLock::lock(&ours, scope(1), LockMode::Exclusive).unwrap_err();
    assert_eq!(error.reason(), &Reason::System(Errno::DEADLK));
    drop(first);
    assert_eq!(child.end().exit_status(), Some(0));
}

#[test]
fn a_file_that_is_not_open_for_it_is_refused() {
    let _open = Open::watched();
    let file = tempfile::NamedTempFile::new().unwrap();
    let reader = File::open(file.path()).unwrap();
    let scope = LockScope::Records(LockRange::ALL);
    let error = FileLock::try_lock(&reader, scope, LockMode::Exclusive).unwrap_err();
    assert!(matches!(error.reason(), Reason::Invalid(_)), "{error}");
    assert!(FileLock::try_lock(&reader, scope, LockMode::Shared).unwrap().is_some());
    let writer = OpenOptions::new().write(true).open(file.path()).unwrap();
    assert!(FileLock::try_lock(&writer, scope, LockMode::Shared).is_err());
    assert!(FileLock::try_lock(&reader, LockScope::WholeFile, LockMode::Exclusive).unwrap().is_some());
}

#[test]
fn a_lock_that_was_left_stays_until_the_file_is_closed() {
    let _open = Open::watched();
    let (_file, one, two) = opened_twice();
    for scope in SCOPES {
        let one = one.try_clone().unwrap();
        FileLock::lock(&one, scope, LockMode::Exclusive).unwrap().leave();
        assert!(FileLock::try_lock(&two, scope, LockMode::Shared).unwrap().is_none());
        FileLock::lock(&one, scope, LockMode::Exclusive).unwrap().unlock().unwrap();
        assert!(FileLock::try_lock(&two, scope, LockMode::Shared).unwrap().is_some());
    }
}

#[test]
fn an_interrupted_wait_goes_on() {
    let _open = Open::watched();
    let (_file, one, two) = opened_twice();
    for scope in SCOPES {
        let lock = FileLock::lock(&one, scope, LockMode::Exclusive).unwrap();
        thread::scope(|threads| {
            threads.spawn(|| {
                thread::sleep(Duration::from_millis(30));
                drop(lock);
            });
            let lock = interrupted(|| FileLock::lock(&two, scope, LockMode::Exclusive).unwrap());
            assert_eq!(lock.mode(), Some(LockMode::Exclusive));
        });
    }
}

#[test]
fn a_lease_is_broken_by_who_opens_the_file() {
    let _open = Open::watched();
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path();
    let _blocked = BlockedSignals::block(Signal::USR1).unwrap();
    let reader = File::open(path).unwrap();
    let refused = Lease::take(&reader, LeaseMode::Read, Signal::USR1).unwrap_err();
    assert_eq!(refused.reason(), &Reason::System(Errno::AGAIN), "it is open for writing");
    drop(reader);
    let path = file.into_temp_path();

    let holder = File::open(&path).unwrap();
    let mut lease = Lease::take(&holder, LeaseMode::Write, Signal::USR1).unwrap();
    lease.signal_calling_thread().unwrap();
    assert_eq!((lease.state().unwrap(), lease.give_way().unwrap()), (LeaseState::Held, LeaseState::Held));
    let impatient = rustix::fs::open(&*path, OFlags::RDONLY | OFlags::NONBLOCK, Mode::empty());
    assert_eq!(impatient.unwrap_err(), Errno::AGAIN);
    assert_eq!(pending(), Some(Signal::USR1));
    assert_eq!(lease.state().unwrap(), LeaseState::BreakingToRead);
    let machine = Machine::live().unwrap();
    let identity = FileIdentity::of(&holder).unwrap();
    let states: Vec<_> =
        HeldLocks::read(&machine).unwrap().of(identity).map(|lock| lock.state.clone()).collect();
    assert_eq!(states, [LockState::Breaking]);

    thread::scope(|threads| {
        let opener = threads.spawn(|| File::open(&path).unwrap());
        // The lease is given up as far as it was asked for, and the opener goes on.
        assert_eq!(lease.give_way().unwrap(), LeaseState::BreakingToRead);
        let _theirs = opener.join().unwrap();
    });
    assert_eq!((lease.mode(), lease.state().unwrap()), (Some(LeaseMode::Read), LeaseState::Held));
    let truncated =
        rustix::fs::open(&*path, OFlags::WRONLY | OFlags::TRUNC | OFlags::NONBLOCK, Mode::empty());
    assert_eq!(truncated.unwrap_err(), Errno::AGAIN);
    assert_eq!(lease.give_way().unwrap(), LeaseState::BreakingToEnd);
    assert_eq!(lease.mode(), None);
    let _ = pending();
    drop(OpenOptions::new().write(true).open(&path).unwrap());
}

#[test]
fn a_lease_on_a_file_open_for_writing_ends_when_it_gives_way() {
    let _open = Open::watched();
    let path = tempfile::NamedTempFile::new().unwrap().into_temp_path();
    let _blocked = BlockedSignals::block(Signal::USR1).unwrap();
    let writer = both(&path);
    let mut lease = Lease::take(&writer, LeaseMode::Write, Signal::USR1).unwrap();
    lease.signal_calling_thread().unwrap();
    thread::scope(|threads| {
        let opener = threads.spawn(|| File::open(&path).unwrap());
        while lease.state().unwrap() == LeaseState::Held {
            thread::sleep(Duration::from_millis(1));
        }
        assert_eq!(lease.give_way().unwrap(), LeaseState::BreakingToRead);
        drop(opener.join().unwrap());
    });
    assert_eq!(lease.mode(), None);
    assert_eq!(pending(), Some(Signal::USR1));
}

/// Takes SIGUSR1, if it waits for the calling thread.
#[expect(unsafe_code, reason = "nothing safe takes a signal")]
fn pending() -> Option<Signal> {
    // SAFETY: a set of zeros is valid, and is made what the call takes; all pointers are to locals.
    let taken = unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigaddset(&raw mut set, libc::SIGUSR1);
        let none = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        libc::sigtimedwait(&raw const set, std::ptr::null_mut(), &raw const none)
    };
    Signal::new(u8::try_from(taken).ok()?)
}

#[test]
fn a_child_that_ends_lets_go() {
    let _open = Open::watched();
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path();
    let child = Child::doing(|| {
        let lock = FileLock::lock(both(path), LockScope::ProcessRecords(LockRange::ALL), LockMode::Exclusive);
        std::mem::forget(lock);
    });
    assert_eq!(child.end().exit_status(), Some(0));
    let ours = both(path);
    let scope = LockScope::Records(LockRange::ALL);
    assert!(FileLock::try_lock(&ours, scope, LockMode::Exclusive).unwrap().is_some());
}
