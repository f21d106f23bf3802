//! pty(7).

use std::{os::fd::OwnedFd, thread, time::Duration};

use linux_support_base::Reason;
use linux_support_fd::{
    ControlCharacter, Descriptor, InputModes, LocalModes, PacketStatus, PseudoTerminal, Terminal,
    TerminalBuffers, TerminalFlow, TerminalPacket, WhenToChange, WindowSize,
};

use super::{pair, read};
use crate::{
    open::Open,
    runtime::{async_fd, block_on, mio_finds_readable, readable},
    signals::interrupted,
};

#[test]
fn both_sides_speak_to_each_other_and_never_wait_unasked() {
    let _open = Open::watched();
    let (controller, terminal) = pair();
    assert!(controller.is_nonblocking().unwrap() && terminal.is_nonblocking().unwrap());
    assert!(controller.is_close_on_exec().unwrap() && terminal.is_close_on_exec().unwrap());
    assert_eq!(controller.try_read(&mut [0; 9]).unwrap(), None);
    assert_eq!(terminal.try_read(&mut [0; 9]).unwrap(), None);
    assert_eq!(terminal.try_write(b"prompt\n").unwrap(), Some(7));
    assert_eq!(read(|buffer| controller.read(buffer).unwrap()), b"prompt\r\n");
    controller.write(b"line\nmore").unwrap();
    assert_eq!(read(|buffer| terminal.read(buffer).unwrap()), b"line\n");
    assert_eq!(terminal.try_read(&mut [0; 9]).unwrap(), None);
}

#[test]
fn the_number_the_name_and_the_other_side_belong_together() {
    let _open = Open::watched();
    let (controller, terminal) = pair();
    let name = format!("/dev/pts/{}", controller.number().unwrap());
    assert_eq!(controller.name().unwrap(), name.as_str());
    assert_eq!(terminal.name().unwrap().unwrap(), name.as_str());
    let again = Terminal::open(&name).unwrap();
    again.set_window(WindowSize { rows: 3, columns: 5, width: 7, height: 9 }).unwrap();
    let window = controller.window().unwrap();
    assert_eq!((window.rows, window.columns, window.width, window.height), (3, 5, 7, 9));
    assert_eq!(terminal.window().unwrap(), window);
}

#[test]
fn a_terminal_is_known_from_what_is_none() {
    let _open = Open::watched();
    let (_controller, terminal) = pair();
    assert!(Terminal::is_terminal(&terminal));
    assert!(!Terminal::is_terminal(std::io::pipe().unwrap().0));
}

#[test]
fn the_controlling_side_reads_the_end_where_nobody_has_the_terminal_open() {
    let _open = Open::watched();
    let (controller, terminal) = pair();
    terminal.write(b"last").unwrap();
    drop(terminal);
    assert_eq!(read(|buffer| controller.read(buffer).unwrap()), b"last");
    assert_eq!(
        (controller.read(&mut [0; 9]).unwrap(), controller.try_read(&mut [0; 9]).unwrap()),
        (0, Some(0))
    );
    let again = controller.peer().unwrap();
    assert_eq!(controller.try_read(&mut [0; 9]).unwrap(), None);
    drop(again);
}

#[test]
fn the_terminal_reads_the_end_and_writes_nothing_where_it_was_hung_up() {
    let _open = Open::watched();
    let (controller, terminal) = pair();
    drop(controller);
    assert_eq!((terminal.read(&mut [0; 9]).unwrap(), terminal.try_read(&mut [0; 9]).unwrap()), (0, Some(0)));
    let error = terminal.write(b"x").unwrap_err();
    assert_eq!(
        (error.to_string().as_str(), error.reason()),
        ("write terminal: gone meanwhile", &Reason::Gone)
    );
}

#[test]
fn packets_tell_what_happens_to_the_terminal() {
    let _open = Open::watched();
    let (controller, terminal) = pair();
    let mut buffer = [0; 64];
    let error = controller.try_read_packet(&mut buffer).unwrap_err();
    assert!(error.to_string().ends_with("the packet mode is off"), "{error}");
    controller.set_packet_mode(true).unwrap();
    assert!(controller.is_packet_mode().unwrap());
    assert_eq!(controller.try_read_packet(&mut buffer).unwrap(), None);
    let error = controller.read_packet(&mut [0]).unwrap_err();
    assert!(error.to_string().ends_with("takes a buffer of at least 2 bytes"), "{error}");

    let mut next = || match controller.read_packet(&mut buffer).unwrap() {
        Some(TerminalPacket::Status(status)) => status,
        packet => panic!("{packet:?}"),
    };
    terminal.discard(TerminalBuffers::Both).unwrap();
    assert_eq!(next(), PacketStatus::INPUT_DISCARDED | PacketStatus::OUTPUT_DISCARDED);
    terminal.flow(TerminalFlow::HoldOutput).unwrap();
    assert_eq!(next(), PacketStatus::HELD);
    terminal.flow(TerminalFlow::ResumeOutput).unwrap();
    assert_eq!(next(), PacketStatus::RESUMED);
    let mut modes = terminal.modes().unwrap();
    modes.set_input(modes.input() - InputModes::OUTPUT_FLOW_CONTROL);
    terminal.set_modes(&modes, WhenToChange::Now).unwrap();
    assert_eq!(next(), PacketStatus::NO_FLOW_CHARACTERS);
    modes.set_input(modes.input() | InputModes::OUTPUT_FLOW_CONTROL);
    terminal.set_modes(&modes, WhenToChange::Now).unwrap();
    assert_eq!(next(), PacketStatus::FLOW_CHARACTERS);
    modes.set_local(modes.local() | LocalModes::EXTERNAL_PROCESSING);
    terminal.set_modes(&modes, WhenToChange::Now).unwrap();
    assert_eq!(next(), PacketStatus::MODES_CHANGED);

    terminal.write(b"text").unwrap();
    assert_eq!(controller.read_packet(&mut buffer).unwrap(), Some(TerminalPacket::Data(b"text")));
    drop(terminal);
    assert_eq!(controller.read_packet(&mut buffer).unwrap(), None);
    assert_eq!(controller.try_read_packet(&mut buffer).unwrap(), Some(None));
    controller.set_packet_mode(false).unwrap();
    assert!(!controller.is_packet_mode().unwrap());
}

#[test]
fn what_is_typed_into_a_full_terminal_waits_for_a_reader() {
    let _open = Open::watched();
    let (controller, terminal) = pair();
    terminal.raw().unwrap().keep();
    let mut typed = 0;
    while let Some(more) = controller.try_write(&[b'x'; 4096]).unwrap() {
        typed += more;
    }
    let reader = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        let (mut buffer, mut sum) = ([0; 4096], 0);
        loop {
            let length = terminal.read(&mut buffer).unwrap();
            sum += length;
            if buffer[..length].contains(&b'y') {
                return sum;
            }
        }
    });
    assert_eq!(controller.write(b"y").unwrap(), 1);
    assert_eq!(reader.join().unwrap(), typed + 1);
}

#[test]
fn what_is_typed_where_nobody_has_the_terminal_open_waits_for_who_opens_it() {
    let _open = Open::watched();
    let controller = PseudoTerminal::open().unwrap();
    controller.write(b"early\n").unwrap();
    let terminal = controller.peer().unwrap();
    assert_eq!(read(|buffer| terminal.read(buffer).unwrap()), b"early\n");
    drop(terminal);
    controller.write(b"between\n").unwrap();
    let terminal = controller.peer().unwrap();
    assert_eq!(read(|buffer| terminal.read(buffer).unwrap()), b"between\n");
}

#[test]
fn descriptors_from_elsewhere_become_what_they_are() {
    let _open = Open::watched();
    let (controller, terminal) = pair();
    let controller = PseudoTerminal::try_from(OwnedFd::from(controller)).unwrap();
    let terminal = Terminal::try_from(OwnedFd::from(terminal)).unwrap();
    let (second, twin) = (terminal.try_clone().unwrap(), controller.try_clone().unwrap());
    second.write(b"ok").unwrap();
    assert_eq!(read(|buffer| twin.read(buffer).unwrap()), b"ok");
    let opened_again = Terminal::of(&terminal).unwrap();
    assert!(opened_again.is_nonblocking().unwrap());
    drop((terminal, second));
    opened_again.write(b"again").unwrap();
    assert_eq!(read(|buffer| controller.read(buffer).unwrap()), b"again");
}

#[test]
fn control_d_is_the_end_of_a_reading_and_not_of_the_terminal() {
    let _open = Open::watched();
    let (controller, terminal) = pair();
    let end = terminal.modes().unwrap().character(ControlCharacter::EndOfFile).unwrap();
    controller.write(&[end]).unwrap();
    assert_eq!(terminal.read(&mut [0; 9]).unwrap(), 0);
    controller.write(b"x\n").unwrap();
    assert_eq!(terminal.read(&mut [0; 9]).unwrap(), 2);
}

#[test]
fn an_interrupted_read_goes_on() {
    let _open = Open::watched();
    let (controller, terminal) = pair();
    let writer = thread::spawn(move || {
        thread::sleep(Duration::from_millis(50));
        controller.write(b"late\n").unwrap();
        controller
    });
    interrupted(|| assert_eq!(terminal.read(&mut [0; 9]).unwrap(), 5));
    writer.join().unwrap();
}

#[test]
fn tokio_and_mio_wait_for_both_sides() {
    let _open = Open::watched();
    let (controller, terminal) = pair();
    let length = block_on(async {
        let controller = async_fd(controller);
        let writer = thread::spawn(move || {
            terminal.write(b"from a thread").unwrap();
            terminal
        });
        let length = readable(&controller, |controller| controller.try_read(&mut [0; 64]).unwrap()).await;
        writer.join().unwrap();
        length
    });
    assert_eq!(length, 13);
    let (controller, terminal) = pair();
    controller.write(b"line\n").unwrap();
    assert!(mio_finds_readable(&terminal));
}
