//! What waits in a terminal.

use std::{thread, time::Duration};

use linux_support_base::{Bytes, Errno, Reason};
use linux_support_fd::{Terminal, TerminalBuffers, TerminalFlow};
use rustix::thread::{CapabilitySet, capabilities, set_capabilities};

use super::{pair, read, soon};
use crate::open::Open;

#[test]
fn what_came_in_is_counted_and_thrown_away() {
    let _open = Open::watched();
    let (controller, terminal) = pair();
    controller.write(b"12345\nrest").unwrap();
    assert!(soon(|| terminal.queued_input().unwrap() == Bytes::new(6)));
    terminal.discard(TerminalBuffers::Input).unwrap();
    assert_eq!(terminal.queued_input().unwrap(), Bytes::new(0));
    controller.write(b"x\n").unwrap();
    assert_eq!(read(|buffer| terminal.read(buffer).unwrap()), b"x\n");
    assert_eq!(terminal.queued_output().unwrap(), Bytes::new(0));
}

#[test]
fn what_goes_out_is_held_and_resumed() {
    let _open = Open::watched();
    let (controller, terminal) = pair();
    terminal.flow(TerminalFlow::HoldOutput).unwrap();
    assert_eq!(terminal.try_write(b"held").unwrap(), None);
    terminal.flow(TerminalFlow::ResumeOutput).unwrap();
    assert_eq!(terminal.try_write(b"gone").unwrap(), Some(4));
    terminal.drain().unwrap();
    assert_eq!(read(|buffer| controller.read(buffer).unwrap()), b"gone");
}

#[test]
fn holding_the_input_types_the_stop_character_to_the_other_side() {
    let _open = Open::watched();
    let (controller, terminal) = pair();
    terminal.flow(TerminalFlow::HoldInput).unwrap();
    assert_eq!(read(|buffer| controller.read(buffer).unwrap()), [0x13]);
    terminal.flow(TerminalFlow::ResumeInput).unwrap();
    assert_eq!(read(|buffer| controller.read(buffer).unwrap()), [0x11]);
}

#[test]
fn a_break_does_nothing_here_and_one_of_minutes_is_a_mistake() {
    let _open = Open::watched();
    let (_controller, terminal) = pair();
    terminal.send_break(None).unwrap();
    terminal.send_break(Some(Duration::from_millis(150))).unwrap();
    drop(terminal.begin_break().unwrap());
    let error = terminal.send_break(Some(Duration::from_secs(61))).unwrap_err();
    assert!(matches!(error.reason(), Reason::Invalid(_)), "{error}");
}

#[test]
fn others_are_kept_out_for_as_long_as_the_guard_lives() {
    let _open = Open::watched();
    let (controller, terminal) = pair();
    let name = controller.name().unwrap();
    // Who may administer the system may pass it.
    let open = || {
        thread::scope(|scope| {
            let thread = scope.spawn(|| {
                let mut sets = capabilities(None).unwrap();
                sets.effective -= CapabilitySet::SYS_ADMIN;
                set_capabilities(None, sets).unwrap();
                Terminal::open(&name).map(drop)
            });
            thread.join().unwrap()
        })
    };
    assert!(!terminal.is_exclusive().unwrap());
    open().unwrap();
    let exclusive = terminal.exclusive().unwrap();
    assert!(terminal.is_exclusive().unwrap());
    assert_eq!(open().unwrap_err().reason(), &Reason::System(Errno::BUSY));
    drop(exclusive);
    assert!(!terminal.is_exclusive().unwrap());
    open().unwrap();
}
