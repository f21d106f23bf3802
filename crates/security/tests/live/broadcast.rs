//! Changes for all threads.

use std::{
    collections::BTreeSet,
    fs,
    sync::{
        Arc, Barrier,
        atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst},
        mpsc,
    },
    thread,
    time::Duration,
};

use linux_support_base::{SignalSet, UserId};
use linux_support_fd::BlockedSignals;
use linux_support_security::{
    Scope,
    capability::{Capability, CapabilitySet},
    has_no_new_privileges,
    identity::Credentials,
    set_no_new_privileges,
};

use crate::{has, in_child};

/// The lines of that key in the status of every thread.
pub(crate) fn lines_of_threads(key: &str) -> BTreeSet<String> {
    let mut lines = BTreeSet::new();
    for thread in fs::read_dir("/proc/self/task").unwrap() {
        let Ok(status) = fs::read_to_string(thread.unwrap().path().join("status")) else { continue };
        lines.extend(status.lines().filter(|line| line.starts_with(key)).map(str::to_owned));
    }
    lines
}

/// Threads that wait, compute, sleep, and take and give back memory all the time.
pub(crate) fn busy_threads() -> (Arc<AtomicBool>, Arc<AtomicUsize>) {
    let (end, turns) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let ready = Arc::new(Barrier::new(7));
    for number in 0..6 {
        let (end, turns, ready) = (end.clone(), turns.clone(), ready.clone());
        thread::spawn(move || {
            ready.wait();
            while !end.load(SeqCst) {
                match number {
                    0 => thread::sleep(Duration::from_millis(3)),
                    1 => drop(mpsc::channel::<u8>().1.recv_timeout(Duration::from_millis(5))),
                    2 => drop(thread::spawn(|| vec![0u8; 4096]).join()),
                    _ => drop(vec![vec![1u8; 100]; 50]),
                }
                turns.fetch_add(1, SeqCst);
            }
        });
    }
    ready.wait();
    (end, turns)
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator's own threads are among those of /proc")]
fn threads_that_take_memory_and_start_others_are_stopped_and_go_on() {
    if !in_child("broadcast::threads_that_take_memory_and_start_others_are_stopped_and_go_on") {
        return;
    }
    let users = Credentials::<UserId>::of_caller().unwrap();
    let (end, turns) = busy_threads();
    for _ in 0..300 {
        users.set(Scope::Process).unwrap();
    }
    let before = turns.load(SeqCst);
    while turns.load(SeqCst) < before + 100 {
        thread::yield_now();
    }
    end.store(true, SeqCst);
    assert_eq!(Credentials::<UserId>::of_caller().unwrap(), users);
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator's own threads are among those of /proc")]
pub(crate) fn all_threads_become_another_user() {
    if !in_child("broadcast::all_threads_become_another_user")
        || !has(CapabilitySet::of([Capability::SETUID]))
    {
        return;
    }
    let (end, _) = busy_threads();
    Credentials::all(UserId::new(4321)).set(Scope::Process).unwrap();
    assert_eq!(lines_of_threads("Uid:").into_iter().collect::<Vec<_>>(), ["Uid:\t4321\t4321\t4321\t4321"]);
    let error = Credentials::all(UserId::ROOT).set(Scope::Process).unwrap_err();
    assert_eq!(error.to_string(), "set user ids: permission denied: needs CAP_SETUID");
    assert_eq!(lines_of_threads("Uid:").len(), 1);
    end.store(true, SeqCst);
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator keeps user ids for the whole process")]
fn a_thread_becomes_another_user_alone() {
    if !in_child("broadcast::a_thread_becomes_another_user_alone")
        || !has(CapabilitySet::of([Capability::SETUID]))
    {
        return;
    }
    let users = Credentials { filesystem: UserId::new(7), ..Credentials::all(UserId::ROOT) };
    users.set(Scope::Thread).unwrap();
    assert_eq!(Credentials::<UserId>::of_caller().unwrap(), users);
    assert!(lines_of_threads("Uid:").contains("Uid:\t0\t0\t0\t7"));
    assert_eq!(lines_of_threads("Uid:").len(), 2);
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator's own threads are among those of /proc")]
fn many_threads_may_ask_at_once() {
    if !in_child("broadcast::many_threads_may_ask_at_once") {
        return;
    }
    let users = Credentials::<UserId>::of_caller().unwrap();
    let threads: Vec<_> =
        (0..8).map(|_| thread::spawn(move || (0..40).all(|_| users.set(Scope::Process).is_ok()))).collect();
    assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator's own threads are among those of /proc")]
fn a_thread_that_blocks_every_signal_is_named_and_nothing_is_changed() {
    if !in_child("broadcast::a_thread_that_blocks_every_signal_is_named_and_nothing_is_changed") {
        return;
    }
    let (to_end, end) = mpsc::channel::<()>();
    let (to_know, known) = mpsc::channel();
    let blocked = thread::spawn(move || {
        let blocked = BlockedSignals::block(SignalSet::from_bits(u64::MAX)).unwrap();
        to_know.send(rustix::thread::gettid().as_raw_nonzero().get()).unwrap();
        end.recv().unwrap();
        // What waited must be gone: it would end the process.
        drop(blocked);
        thread::sleep(Duration::from_millis(20));
    });
    let number = known.recv().unwrap();
    let before = lines_of_threads("Uid:");
    let users = Credentials::<UserId>::of_caller().unwrap();
    let error = users.set(Scope::Process).unwrap_err().to_string();
    assert!(error.contains(&format!("thread {number} blocks signal")), "{error}");
    assert!(error.contains("nothing was changed"), "{error}");
    assert_eq!(lines_of_threads("Uid:"), before);
    to_end.send(()).unwrap();
    blocked.join().unwrap();
    users.set(Scope::Process).unwrap();
}

#[test]
fn a_number_of_nobody_is_refused() {
    let users = Credentials { saved: UserId::new(u32::MAX), ..Credentials::<UserId>::of_caller().unwrap() };
    let error = users.set(Scope::Thread).unwrap_err();
    assert_eq!(error.to_string(), "set user ids: 4294967295 is no id of anyone");
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator's own threads are among those of /proc")]
fn no_thread_gets_new_privileges() {
    if !in_child("broadcast::no_thread_gets_new_privileges") {
        return;
    }
    let (end, _) = busy_threads();
    set_no_new_privileges(Scope::Process).unwrap();
    assert!(has_no_new_privileges().unwrap());
    assert_eq!(lines_of_threads("NoNewPrivs:").into_iter().collect::<Vec<_>>(), ["NoNewPrivs:\t1"]);
    end.store(true, SeqCst);
}
