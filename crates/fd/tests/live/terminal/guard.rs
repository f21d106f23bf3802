//! Modes for a while.

use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};

use linux_support_base::Reason;
use linux_support_fd::{DataBits, InputModes, LocalModes, OutputModes, Parity, WhenToChange};

use super::{pair, read};
use crate::open::Open;

#[test]
fn raw_modes_hand_on_every_byte_and_go_with_their_guard() {
    let _open = Open::watched();
    let (controller, terminal) = pair();
    let before = terminal.modes().unwrap();
    let raw = terminal.raw().unwrap();
    assert_eq!(raw.before(), &before);
    let all: Vec<u8> = (0..=255).collect();
    controller.write(&all).unwrap();
    let mut typed = Vec::new();
    while typed.len() < all.len() {
        typed.extend(read(|buffer| terminal.read(buffer).unwrap()));
    }
    assert_eq!(typed, all);
    terminal.write(b"a\n").unwrap();
    assert_eq!(read(|buffer| controller.read(buffer).unwrap()), b"a\n");
    let modes = terminal.modes().unwrap();
    assert_eq!((modes.data_bits(), modes.parity()), (DataBits::Eight, Parity::None));
    raw.restore().unwrap();
    assert_eq!(terminal.modes().unwrap(), before);
}

#[test]
fn modes_are_restored_by_a_panic() {
    let _open = Open::watched();
    let (_controller, terminal) = pair();
    let before = terminal.modes().unwrap();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _raw = terminal.raw().unwrap();
        assert_ne!(terminal.modes().unwrap(), before);
        // Not by `panic!`: the message would be taken for a failure by who reads the log.
        panic_any(());
    }));
    assert!(panicked.is_err());
    assert_eq!(terminal.modes().unwrap(), before);
}

#[test]
fn guards_within_guards_restore_what_each_found() {
    let _open = Open::watched();
    let (_controller, terminal) = pair();
    let before = terminal.modes().unwrap();
    let cbreak = terminal.cbreak().unwrap();
    let between = terminal.modes().unwrap();
    assert!(between.local().contains(LocalModes::SIGNALS));
    assert!(!between.local().intersects(LocalModes::CANONICAL | LocalModes::ECHO));
    assert_eq!(between.input(), before.input());
    drop(terminal.raw().unwrap());
    assert_eq!(terminal.modes().unwrap(), between);
    drop(cbreak);
    assert_eq!(terminal.modes().unwrap(), before);
}

#[test]
fn a_secret_is_not_shown_and_what_was_typed_before_is_not_part_of_it() {
    let _open = Open::watched();
    let (controller, terminal) = pair();
    controller.write(b"seen").unwrap();
    assert_eq!(read(|buffer| controller.read(buffer).unwrap()), b"seen");
    let secret = terminal.secret().unwrap();
    controller.write(b"pasX\x7fsword\n").unwrap();
    assert_eq!(read(|buffer| terminal.read(buffer).unwrap()), b"password\n");
    assert_eq!(read(|buffer| controller.read(buffer).unwrap()), b"\r\n");
    drop(secret);
    controller.write(b"x").unwrap();
    assert_eq!(read(|buffer| controller.read(buffer).unwrap()), b"x");
}

#[test]
fn other_changes_are_guarded_too_or_kept() {
    let _open = Open::watched();
    let (_controller, terminal) = pair();
    let changed = terminal.change_modes(WhenToChange::Drained, |modes| {
        modes.set_input(modes.input() | InputModes::UTF8 | InputModes::ANY_RESTARTS);
    });
    drop(changed.unwrap());
    assert!(!terminal.modes().unwrap().input().contains(InputModes::ANY_RESTARTS));
    let changed = terminal.change_modes(WhenToChange::Now, |modes| {
        modes.set_output(modes.output() | OutputModes::LOWER_TO_UPPER_CASE);
    });
    changed.unwrap().keep();
    assert!(terminal.modes().unwrap().output().contains(OutputModes::LOWER_TO_UPPER_CASE));
}

#[test]
fn a_terminal_that_was_hung_up_meanwhile_says_so_where_it_is_asked() {
    let _open = Open::watched();
    let (controller, terminal) = pair();
    let raw = terminal.raw().unwrap();
    let other = terminal.cbreak().unwrap();
    drop(controller);
    drop(other);
    let error = raw.restore().unwrap_err();
    assert!(matches!(error.reason(), Reason::System(_)), "{error}");
}
