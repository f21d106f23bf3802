//! What signals do: for this process, and for the programs that it runs.

use std::{
    io::Write,
    os::unix::process::ExitStatusExt,
    process::{Command, Stdio},
};

use linux_support_base::{Signal, SignalSet};
use linux_support_process::{
    Status,
    signals::{
        BlockedSignals, Disposition, Reaction, ResetSignals, SignalHandler, disposition, ignore,
        reset_signals, set_default, set_signals_of_command,
    },
};

use crate::child::{in_child, test_path};

#[test]
fn a_guard_puts_back_what_was_before() {
    let signal = Signal::real_time(20).unwrap();
    assert_eq!(disposition(signal).unwrap(), Disposition::Default);
    let handler = SignalHandler::new(Reaction::nothing()).install(signal).unwrap();
    let ignored = ignore(signal).unwrap();
    assert_eq!(disposition(signal).unwrap(), Disposition::Ignored);
    let default = set_default(signal).unwrap();
    assert_eq!(disposition(signal).unwrap(), Disposition::Default);
    drop(default);
    assert_eq!(disposition(signal).unwrap(), Disposition::Ignored);
    drop(ignored);
    assert_eq!(disposition(signal).unwrap(), Disposition::Handled);
    drop(handler);
    assert_eq!(disposition(signal).unwrap(), Disposition::Default);
    for signal in [Signal::KILL, Signal::new(33).unwrap()] {
        assert!(ignore(signal).is_err() && set_default(signal).is_err());
    }
}

#[test]
#[cfg_attr(user_emulation, ignore = "the child would need the emulator to run")]
fn a_pipe_that_nobody_reads_is_an_error_or_the_end() {
    let name = test_path!(a_pipe_that_nobody_reads_is_an_error_or_the_end);
    let child = in_child(name, || {
        let (reader, mut writer) = std::io::pipe().unwrap();
        drop(reader);
        // As Rust's runtime has it.
        assert_eq!(disposition(Signal::PIPE).unwrap(), Disposition::Ignored);
        assert_eq!(writer.write(b"x").unwrap_err().kind(), std::io::ErrorKind::BrokenPipe);
        set_default(Signal::PIPE).unwrap().keep();
        let _ = writer.write(b"x");
        std::process::exit(7);
    });
    assert_eq!(child.status.signal(), Some(i32::from(Signal::PIPE.number())), "{child:?}");
}

#[test]
#[cfg_attr(user_emulation, ignore = "the child would need the emulator to run")]
fn all_are_reset_and_those_that_are_ignored_if_asked() {
    let child = in_child(test_path!(all_are_reset_and_those_that_are_ignored_if_asked), || {
        SignalHandler::new(Reaction::nothing()).install(Signal::USR1).unwrap().keep();
        ignore(Signal::HUP).unwrap().keep();
        reset_signals(ResetSignals::Handled).unwrap();
        assert_eq!(disposition(Signal::USR1).unwrap(), Disposition::Default);
        // Rust's own, of stacks that run over.
        assert_eq!(disposition(Signal::SEGV).unwrap(), Disposition::Default);
        assert_eq!(disposition(Signal::HUP).unwrap(), Disposition::Ignored);
        reset_signals(ResetSignals::IgnoredToo).unwrap();
        assert_eq!(disposition(Signal::HUP).unwrap(), Disposition::Default);
        assert_eq!(disposition(Signal::PIPE).unwrap(), Disposition::Default);
    });
    assert!(child.status.success(), "{child:?}");
}

fn status_of(command: &mut Command) -> Status {
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    Status::parse(&output.stdout).unwrap()
}

#[test]
#[cfg_attr(user_emulation, ignore = "the file is the emulator's")]
fn a_program_begins_with_what_was_asked_for() {
    let signal = Signal::real_time(21).unwrap();
    let ignored = ignore(signal).unwrap();
    let blocked = BlockedSignals::block(Signal::USR2).unwrap();
    let mut inherits = Command::new("cat");
    let before = status_of(inherits.arg("/proc/self/status"));
    // The standard library lets all in, and leaves what is ignored.
    assert!(before.signals_ignored.unwrap().contains(signal));

    let mut command = Command::new("cat");
    command.arg("/proc/self/status");
    set_signals_of_command(&mut command, Signal::PIPE, Signal::HUP).unwrap();
    let status = status_of(&mut command);
    assert_eq!(status.signals_ignored, Some(SignalSet::from(Signal::PIPE)));
    assert_eq!(status.signals_blocked, Some(SignalSet::from(Signal::HUP)));
    assert_eq!(status.signals_caught, Some(SignalSet::EMPTY));
    drop((ignored, blocked));

    let error = set_signals_of_command(&mut command, Signal::KILL, SignalSet::EMPTY).unwrap_err();
    assert!(error.to_string().contains("neither caught nor ignored"), "{error}");
}
