//! userfaultfd(2).

mod bad_input;
mod changes;

use std::{
    fs::File,
    os::fd::OwnedFd,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use linux_support_base::{AddressRange, Bytes, Errno, Error, Pid, Reason};
use linux_support_fd::{
    Descriptor, MemFd, Seals,
    user_fault::{
        FaultAccess, FaultFlags, FaultOperations, FillFlags, PageFault, Pages, Region, UserFault,
        UserFaultEvent, UserFaultFeatures, WatchedFaults,
    },
};
use rustix::process::getuid;

use crate::{
    child::Child,
    open::Open,
    runtime::{async_fd, block_on, mio_finds_readable, readable},
    signals::{interrupted, this_thread},
};

fn page() -> u64 {
    rustix::param::page_size() as u64
}

fn pages(count: u64) -> Bytes {
    Bytes::new(count * page())
}

fn filled(byte: u8) -> Vec<u8> {
    vec![byte; page() as usize]
}

fn reason<T>(result: Result<T, Error>) -> Reason {
    result.map(|_| ()).unwrap_err().reason().clone()
}

/// The byte at the beginning of a page.
fn first(region: &Region, number: u64) -> u8 {
    let mut byte = [0];
    region.read(number * page(), &mut byte).unwrap();
    byte[0]
}

fn part(region: &Region, number: u64, count: u64) -> Pages<'_> {
    region.part(number * page(), pages(count)).unwrap()
}

fn fault(event: UserFaultEvent) -> PageFault {
    match event {
        UserFaultEvent::PageFault(fault) => fault,
        event => panic!("{event:?}"),
    }
}

/// A handler that watches all of `region`; `None` says that this kernel has not the features.
fn watching(
    region: &Region,
    features: UserFaultFeatures,
    faults: WatchedFaults,
) -> Option<(UserFault, FaultOperations)> {
    let access = FaultAccess::UserModeOnly;
    if !UserFault::features(access).unwrap().contains(features) {
        return None;
    }
    let handler = UserFault::new(access, features).unwrap();
    let operations = handler.register(region.pages(), faults).unwrap();
    Some((handler, operations))
}

#[test]
fn a_missing_page_is_given_and_its_thread_is_told() {
    let _open = Open::watched();
    let region = Region::private(pages(4)).unwrap();
    let features = UserFaultFeatures::THREAD | UserFaultFeatures::EXACT_ADDRESS;
    let (handler, operations) = watching(&region, features, WatchedFaults::MISSING).unwrap();
    assert!(operations.contains(FaultOperations::COPY | FaultOperations::ZERO | FaultOperations::WAKE));
    assert!(handler.try_read().unwrap().is_none());
    thread::scope(|threads| {
        let handler = handler;
        let toucher = threads.spawn(|| {
            let mut byte = [0];
            region.read(page() + 9, &mut byte).unwrap();
            region.write(2 * page(), b"w").unwrap();
            (this_thread(), byte)
        });
        let read = fault(handler.read().unwrap());
        assert_eq!(read.address, region.address() + page() + 9);
        assert_eq!(read.flags, FaultFlags::empty());
        let to = region.address() + page();
        assert_eq!(handler.copy(to, &filled(7), FillFlags::empty()).unwrap(), page());
        assert_eq!(reason(handler.copy(to, &filled(8), FillFlags::empty())), Reason::System(Errno::EXIST));
        let written = fault(handler.read().unwrap());
        assert_eq!(written.flags, FaultFlags::WRITE);
        assert_eq!(handler.zero(part(&region, 2, 2).range(), FillFlags::empty()).unwrap(), 2 * page());
        let (thread, byte) = toucher.join().unwrap();
        assert_eq!(byte, [7]);
        assert_eq!((read.thread, written.thread), (Pid::new(thread), read.thread));
        assert_eq!((first(&region, 2), first(&region, 3)), (b'w', 0));
        handler.unregister(region.pages()).unwrap();
        assert_eq!(first(&region, 0), 0, "nobody watches any more");
    });
}

#[test]
fn who_is_not_woken_waits_on() {
    let _open = Open::watched();
    let region = Region::private(pages(1)).unwrap();
    let (handler, _) = watching(&region, UserFaultFeatures::empty(), WatchedFaults::MISSING).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|threads| {
        let handler = handler;
        threads.spawn(|| {
            assert_eq!(first(&region, 0), 3);
            done.store(true, Ordering::SeqCst);
        });
        let address = fault(handler.read().unwrap()).address;
        handler.copy(address, &filled(3), FillFlags::DO_NOT_WAKE).unwrap();
        thread::sleep(Duration::from_millis(20));
        assert!(!done.load(Ordering::SeqCst));
        handler.wake(region.pages().range()).unwrap();
    });
    assert!(done.load(Ordering::SeqCst));
}

#[test]
fn a_protected_page_is_written_when_that_is_allowed() {
    let _open = Open::watched();
    let region = Region::private(pages(2)).unwrap();
    region.write(0, b"a").unwrap();
    region.write(page(), b"b").unwrap();
    let faults = WatchedFaults::WRITE_PROTECTED;
    let (handler, operations) = watching(&region, UserFaultFeatures::WRITE_PROTECTION, faults).unwrap();
    assert!(operations.contains(FaultOperations::WRITE_PROTECT));
    let all = region.pages().range();
    assert_eq!(handler.write_protect(all).unwrap(), all.length());
    assert_eq!(first(&region, 1), b'b', "reading is no fault");
    thread::scope(|threads| {
        let handler = handler;
        let writer = threads.spawn(|| region.write(page(), b"c").unwrap());
        let fault = fault(handler.read().unwrap());
        assert_eq!(fault.flags, FaultFlags::WRITE | FaultFlags::WRITE_PROTECTED);
        assert_eq!(first(&region, 1), b'b');
        let second = part(&region, 1, 1).range();
        assert_eq!(handler.allow_writes(second, FillFlags::empty()).unwrap(), page());
        writer.join().unwrap();
        assert_eq!(first(&region, 1), b'c');
    });
}

#[test]
fn a_page_in_the_cache_is_mapped_as_it_is() {
    let _open = Open::watched();
    let memory = MemFd::sealable("minor").unwrap();
    memory.set_length(pages(2)).unwrap();
    memory.add_seals(Seals::SHRINK).unwrap();
    let (watched, other) =
        (Region::shared(&memory, pages(2)).unwrap(), Region::shared(&memory, pages(2)).unwrap());
    let features = UserFaultFeatures::MINOR_SHARED_MEMORY;
    let (handler, operations) = watching(&watched, features, WatchedFaults::MINOR).unwrap();
    assert!(operations.contains(FaultOperations::CONTINUE));
    other.write(page(), b"x").unwrap();
    thread::scope(|threads| {
        let handler = handler;
        let reader = threads.spawn(|| first(&watched, 1));
        assert_eq!(fault(handler.read().unwrap()).flags, FaultFlags::MINOR);
        other.write(page(), b"y").unwrap();
        let second = part(&watched, 1, 1).range();
        assert_eq!(handler.resume(second, FillFlags::empty()).unwrap(), page());
        assert_eq!(reader.join().unwrap(), b'y');
        let absent = handler.resume(part(&watched, 0, 1).range(), FillFlags::empty());
        assert_eq!(reason(absent), Reason::System(Errno::FAULT));
    });
}

#[test]
fn pages_are_moved_and_missing_where_they_were() {
    let _open = Open::watched();
    let (watched, source) = (Region::private(pages(2)).unwrap(), Region::private(pages(2)).unwrap());
    source.write(0, b"m").unwrap();
    let Some((handler, operations)) = watching(&watched, UserFaultFeatures::MOVE, WatchedFaults::MISSING)
    else {
        return assert!(
            !UserFault::features(FaultAccess::UserModeOnly).unwrap().contains(UserFaultFeatures::MOVE)
        );
    };
    assert!(operations.contains(FaultOperations::MOVE));
    let hole = handler.move_pages(source.pages(), watched.address(), FillFlags::DO_NOT_WAKE);
    assert_eq!(hole.unwrap(), page(), "as far as there is something");
    assert_eq!((first(&watched, 0), first(&source, 0)), (b'm', 0));
    source.pages().discard().unwrap();
    let second = watched.address() + page();
    let one = part(&source, 0, 1);
    assert_eq!(reason(handler.move_pages(one, second, FillFlags::empty())), Reason::System(Errno::NOENT));
    assert_eq!(handler.move_pages(one, second, FillFlags::ALLOW_HOLES).unwrap(), page());
}

#[test]
fn a_poisoned_page_is_a_bus_error() {
    let _open = Open::watched();
    let region = Region::private(pages(1)).unwrap();
    let Some((handler, _)) = watching(&region, UserFaultFeatures::POISON, WatchedFaults::MISSING) else {
        return assert!(
            !UserFault::features(FaultAccess::UserModeOnly).unwrap().contains(UserFaultFeatures::POISON)
        );
    };
    assert_eq!(handler.poison(region.pages().range(), FillFlags::empty()).unwrap(), page());
    let child = Child::doing(|| {
        rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable).unwrap();
        first(&region, 0);
    });
    assert_eq!(child.end().terminating_signal(), Some(libc::SIGBUS));
}

#[test]
fn what_is_pending_makes_an_operation_say_how_far_it_came() {
    let _open = Open::watched();
    let region = Region::private(pages(3)).unwrap();
    let features = UserFaultFeatures::REMOVE_EVENTS;
    let (handler, _) = watching(&region, features, WatchedFaults::MISSING).unwrap();
    thread::scope(|threads| {
        let handler = handler;
        let remover = threads.spawn(|| part(&region, 0, 1).discard().unwrap());
        while !mio_finds_readable(&handler) {}
        let second = region.address() + page();
        assert_eq!(handler.copy(second, &filled(1), FillFlags::empty()).unwrap(), 0);
        assert_eq!(handler.zero(part(&region, 1, 2).range(), FillFlags::empty()).unwrap(), 0);
        assert!(matches!(handler.read().unwrap(), UserFaultEvent::Remove(_)));
        remover.join().unwrap();
        assert_eq!(handler.copy(second, &filled(1), FillFlags::empty()).unwrap(), page());
        // The second of these pages is there by now.
        assert_eq!(handler.zero(region.pages().range(), FillFlags::empty()).unwrap(), page());
    });
}

#[test]
fn the_faults_of_programs_are_everyones_and_those_of_system_calls_are_not() {
    let _open = Open::watched();
    let setting = std::fs::read_to_string("/proc/sys/vm/unprivileged_userfaultfd").unwrap();
    let everyone = setting.trim() == "1";
    if getuid().is_root() {
        UserFault::new(FaultAccess::All, UserFaultFeatures::empty()).unwrap();
        UserFault::new(FaultAccess::Device, UserFaultFeatures::empty()).unwrap();
    }
    let child = Child::doing(move || {
        if getuid().is_root() {
            let nobody = rustix::process::Uid::from_raw(65534);
            rustix::thread::set_thread_res_uid(nobody, nobody, nobody).unwrap();
        }
        UserFault::new(FaultAccess::UserModeOnly, UserFaultFeatures::empty()).unwrap();
        let all = UserFault::new(FaultAccess::All, UserFaultFeatures::empty());
        if !everyone {
            let capability = Some("CAP_SYS_PTRACE");
            assert_eq!(reason(all), Reason::PermissionDenied { capability });
        }
        let device = UserFault::new(FaultAccess::Device, UserFaultFeatures::empty());
        assert!(device.is_ok() || matches!(reason(device), Reason::PermissionDenied { .. } | Reason::Absent));
    });
    assert_eq!(child.end().exit_status(), Some(0));
}

#[test]
fn tokio_and_mio_wait_for_it_and_interruptions_are_not_seen() {
    let _open = Open::watched();
    let region = Region::private(pages(3)).unwrap();
    let (handler, _) = watching(&region, UserFaultFeatures::empty(), WatchedFaults::MISSING).unwrap();
    thread::scope(|threads| {
        let handler = handler;
        threads.spawn(|| {
            thread::sleep(Duration::from_millis(20));
            (0..3).for_each(|number| assert_eq!(first(&region, number), 5));
        });
        let give = |fault: PageFault| handler.copy(fault.address, &filled(5), FillFlags::empty()).unwrap();
        give(fault(interrupted(|| handler.read().unwrap())));
        assert!(mio_finds_readable(&handler));
        give(fault(handler.try_read().unwrap().unwrap()));
        block_on(async {
            let handler = async_fd(handler.try_clone().unwrap());
            give(fault(readable(&handler, |handler| handler.try_read().unwrap()).await));
        });
    });
}
