//! What is no terminal.

use std::{fs::File, os::fd::OwnedFd};

use linux_support_base::{Errno, Reason};
use linux_support_fd::{LineSpeed, ModemLines, PseudoTerminal, Rs485, Terminal};

use super::pair;
use crate::open::Open;

#[test]
fn other_descriptors_are_refused_and_closed() {
    let _open = Open::watched();
    let null = || OwnedFd::from(File::open("/dev/null").unwrap());
    let error = Terminal::try_from(null()).unwrap_err();
    assert!(error.to_string().ends_with("is no terminal, but character device 1:3"), "{error}");
    let error = PseudoTerminal::try_from(null()).unwrap_err();
    assert!(error.to_string().ends_with("is no pseudo-terminal, but character device 1:3"), "{error}");
    let error = Terminal::of(null()).unwrap_err();
    assert!(matches!(error.reason(), Reason::OtherDescriptor { expected: "terminal", .. }));
    let error = Terminal::open("/dev/null").unwrap_err();
    assert!(matches!(error.reason(), Reason::OtherDescriptor { expected: "terminal", .. }));
}

#[test]
fn the_sides_are_not_taken_for_each_other() {
    let _open = Open::watched();
    let (controller, terminal) = pair();
    let error = PseudoTerminal::try_from(OwnedFd::from(terminal)).unwrap_err();
    assert!(error.to_string().ends_with("is no pseudo-terminal, but terminal"), "{error}");
    let error = Terminal::try_from(OwnedFd::from(controller)).unwrap_err();
    assert!(
        error.to_string().ends_with("is no terminal, but controlling side of a pseudo-terminal"),
        "{error}"
    );
}

#[test]
fn paths_that_are_absent_too_long_or_cut_by_a_nul_are_errors() {
    let _open = Open::watched();
    let reason = |path: &str| Terminal::open(path).unwrap_err().reason().clone();
    assert_eq!(reason("/dev/none"), Reason::Absent);
    assert_eq!(reason(&format!("/dev/{}", "n".repeat(256))), Reason::System(Errno::NAMETOOLONG));
    assert_eq!(reason("/dev/null\0"), Reason::System(Errno::INVAL));
}

#[test]
fn a_pseudo_terminal_has_no_serial_port() {
    let _open = Open::watched();
    let (_controller, terminal) = pair();
    let lines = ModemLines::DATA_TERMINAL_READY;
    for error in [
        terminal.modem_lines().unwrap_err(),
        terminal.set_modem_lines(lines).unwrap_err(),
        terminal.switch_modem_lines_on(lines).unwrap_err(),
        terminal.switch_modem_lines_off(lines).unwrap_err(),
        terminal.wait_for_modem_lines(ModemLines::RING).unwrap_err(),
        terminal.line_counters().unwrap_err(),
        terminal.rs485().unwrap_err(),
        terminal.set_rs485(&Rs485::default()).unwrap_err(),
        terminal.serial_port().unwrap_err(),
        terminal.set_low_latency(true).unwrap_err(),
        terminal.set_custom_divisor(Some(3)).unwrap_err(),
    ] {
        assert!(matches!(error.reason(), Reason::System(Errno::NOTTY | Errno::INVAL)), "{error}");
    }
}

#[test]
fn lines_of_which_no_change_is_told_can_not_be_waited_for() {
    let _open = Open::watched();
    let (_controller, terminal) = pair();
    for lines in [ModemLines::empty(), ModemLines::REQUEST_TO_SEND, ModemLines::all()] {
        let error = terminal.wait_for_modem_lines(lines).unwrap_err();
        assert!(matches!(error.reason(), Reason::Invalid(_)), "{error}");
    }
}

#[test]
fn modes_of_a_terminal_that_was_hung_up_can_not_be_had() {
    let _open = Open::watched();
    let (controller, terminal) = pair();
    let mut modes = terminal.modes().unwrap();
    drop(controller);
    modes.set_speed(LineSpeed::HANG_UP);
    for error in [
        terminal.modes().unwrap_err(),
        terminal.set_modes(&modes, linux_support_fd::WhenToChange::Now).unwrap_err(),
        terminal.window().unwrap_err(),
        terminal.raw().unwrap_err(),
    ] {
        assert_eq!(error.reason(), &Reason::System(Errno::IO), "{error}");
    }
}
