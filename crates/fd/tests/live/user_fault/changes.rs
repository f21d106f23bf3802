//! What becomes of memory that is watched: forks, moves, discards.

use super::*;

#[test]
fn a_child_that_forks_off_in_the_middle_has_a_descriptor_of_its_own() {
    let _open = Open::watched();
    let region = Region::private(pages(2)).unwrap();
    region.write(0, b"p").unwrap();
    let features = UserFaultFeatures::FORK_EVENTS | UserFaultFeatures::THREAD;
    if !getuid().is_root() {
        let refused = UserFault::new(FaultAccess::UserModeOnly, features);
        assert!(matches!(reason(refused), Reason::PermissionDenied { .. }));
        return println!("skipped: needs root");
    }
    let handler = UserFault::new(FaultAccess::UserModeOnly, features).unwrap();
    handler.register(region.pages(), WatchedFaults::MISSING).unwrap();
    thread::scope(|threads| {
        let handler = handler;
        // This thread waits for a page while the other one forks.
        let toucher = threads.spawn(|| first(&region, 1));
        let own = fault(handler.read().unwrap());
        let forker = threads.spawn(|| Child::doing(|| assert_eq!(first(&region, 1), b'c')));
        let UserFaultEvent::Fork(of_child) = handler.read().unwrap() else { panic!("no fork") };
        assert!(of_child.is_close_on_exec().unwrap() && of_child.is_nonblocking().unwrap());
        let child = forker.join().unwrap();
        let theirs = fault(of_child.read().unwrap());
        assert_eq!(theirs.address, own.address);
        assert_ne!(theirs.thread, own.thread);
        of_child.copy(theirs.address, &filled(b'c'), FillFlags::empty()).unwrap();
        assert_eq!(child.end().exit_status(), Some(0));
        let gone = of_child.copy(theirs.address, &filled(b'c'), FillFlags::empty());
        assert_eq!(reason(gone), Reason::Gone);
        handler.copy(own.address, &filled(b'o'), FillFlags::empty()).unwrap();
        assert_eq!(toucher.join().unwrap(), b'o');
        assert!(handler.try_read().unwrap().is_none());
    });
}

#[test]
fn a_fork_event_without_a_descriptor_left_is_an_error_and_leaks_nothing() {
    let _open = Open::watched();
    if !getuid().is_root() {
        return println!("skipped: needs root");
    }
    let region = Region::private(pages(1)).unwrap();
    let handler = UserFault::new(FaultAccess::UserModeOnly, UserFaultFeatures::FORK_EVENTS).unwrap();
    handler.register(region.pages(), WatchedFaults::MISSING).unwrap();
    thread::scope(|threads| {
        let handler = handler;
        // The C library's own fork would keep us from allocating an error.
        let forker = threads.spawn(Child::doing_nothing);
        while !mio_finds_readable(&handler) {}
        let refused = crate::exhaustion::exhausted(|| handler.try_read());
        assert_eq!(reason(refused), Reason::System(Errno::MFILE));
        assert!(matches!(handler.read().unwrap(), UserFaultEvent::Fork(_)), "it is not lost");
        assert_eq!(forker.join().unwrap().end().exit_status(), Some(0));
    });
}

#[test]
fn moving_discarding_and_unmapping_wait_until_they_are_read_of() {
    let _open = Open::watched();
    let mut region = Region::private(pages(2)).unwrap();
    let features =
        UserFaultFeatures::REMAP_EVENTS | UserFaultFeatures::REMOVE_EVENTS | UserFaultFeatures::UNMAP_EVENTS;
    let (handler, _) = watching(&region, features, WatchedFaults::MISSING).unwrap();
    let before = region.pages().range();
    thread::scope(|threads| {
        let handler = handler;
        let changer = threads.spawn(move || {
            region.pages().discard().unwrap();
            // It has no room to grow where it is, or it has: then nothing moves.
            region.resize(pages(4096)).unwrap();
            let after = region.pages().range();
            drop(region);
            after
        });
        let removed = handler.read().unwrap();
        assert!(matches!(removed, UserFaultEvent::Remove(range) if range == before), "{removed:?}");
        let mut events = Vec::new();
        let mut after = None;
        while after.is_none() {
            if handler.try_read_into(&mut events).unwrap() == 0 {
                thread::sleep(Duration::from_millis(1));
            }
            if changer.is_finished() && handler.try_read_into(&mut events).unwrap() == 0 {
                after = Some(());
            }
        }
        let after = changer.join().unwrap();
        if after.start() != before.start() {
            let moved = (before.start(), after.start());
            let is_told = |event: &UserFaultEvent| matches!(event, UserFaultEvent::Remap { from, to, .. } if (*from, *to) == moved);
            assert!(events.iter().any(is_told), "{events:?}");
        }
        let unmapped = |event: &UserFaultEvent| matches!(event, UserFaultEvent::Unmap(range) if range.contains(after.start()));
        assert!(events.iter().any(unmapped), "{events:?}");
    });
}
