//! Modes one by one.

use std::time::Duration;

use linux_support_base::Errno;
use linux_support_fd::{
    BackspaceDelay, CarriageReturnDelay, ControlCharacter, ControlModes, DataBits, FormFeedDelay, InputModes,
    LineDiscipline, LineSpeed, LocalModes, NewLineDelay, OutputModes, Parity, StopBits, TabDelay,
    VerticalTabDelay, WhenToChange,
};

use super::{pair, read};
use crate::open::Open;

#[test]
fn every_mode_of_input_output_and_the_terminal_itself_is_kept() {
    let _open = Open::watched();
    let (_controller, terminal) = pair();
    for flag in InputModes::all().iter() {
        let mut modes = terminal.modes().unwrap();
        modes.set_input(flag);
        assert_eq!(terminal.set_modes(&modes, WhenToChange::Now).unwrap().input(), flag);
    }
    for flag in OutputModes::all().iter() {
        let mut modes = terminal.modes().unwrap();
        modes.set_output(flag);
        modes.set_tab_delay(TabDelay::Second);
        let set = terminal.set_modes(&modes, WhenToChange::Drained).unwrap();
        assert_eq!((set.output(), set.tab_delay()), (flag, TabDelay::Second));
    }
    for flag in LocalModes::all().iter() {
        let mut modes = terminal.modes().unwrap();
        modes.set_local(flag);
        assert_eq!(terminal.set_modes(&modes, WhenToChange::Flushed).unwrap().local(), flag);
    }
    let kept = [
        ControlModes::RECEIVE,
        ControlModes::HANG_UP_ON_CLOSE,
        ControlModes::LOCAL,
        ControlModes::HARDWARE_FLOW_CONTROL,
    ];
    for flag in kept {
        let mut modes = terminal.modes().unwrap();
        modes.set_control(flag | ControlModes::RECEIVE);
        let set = terminal.set_modes(&modes, WhenToChange::Now).unwrap();
        assert_eq!((set.control(), set.data_bits()), (flag | ControlModes::RECEIVE, DataBits::Eight));
    }
}

#[test]
fn delays_stop_bits_and_parity_stand_in_their_own_bits() {
    let _open = Open::watched();
    let (_controller, terminal) = pair();
    let mut modes = terminal.modes().unwrap();
    modes.set_new_line_delay(NewLineDelay::Some);
    modes.set_carriage_return_delay(CarriageReturnDelay::Third);
    modes.set_tab_delay(TabDelay::Expand);
    modes.set_backspace_delay(BackspaceDelay::Some);
    modes.set_vertical_tab_delay(VerticalTabDelay::Some);
    modes.set_form_feed_delay(FormFeedDelay::Some);
    modes.set_stop_bits(StopBits::Two);
    let set = terminal.set_modes(&modes, WhenToChange::Now).unwrap();
    assert_eq!(set, modes);
    assert_eq!(set.carriage_return_delay(), CarriageReturnDelay::Third);
    assert_eq!((set.tab_delay(), set.stop_bits()), (TabDelay::Expand, StopBits::Two));
    assert_eq!(set.output(), terminal.modes().unwrap().output());
    modes.set_carriage_return_delay(CarriageReturnDelay::First);
    assert_eq!(modes.carriage_return_delay(), CarriageReturnDelay::First);
    for parity in [Parity::Even, Parity::Odd, Parity::Space, Parity::Mark, Parity::None] {
        modes.set_parity(parity);
        assert_eq!(modes.parity(), parity);
    }
    for bits in [DataBits::Five, DataBits::Six, DataBits::Seven, DataBits::Eight] {
        modes.set_data_bits(bits);
        assert_eq!((modes.data_bits(), modes.stop_bits()), (bits, StopBits::Two));
    }
}

#[test]
fn a_pseudo_terminal_has_eight_bits_whatever_was_asked_for_and_says_so() {
    let _open = Open::watched();
    let (_controller, terminal) = pair();
    let mut modes = terminal.modes().unwrap();
    modes.set_data_bits(DataBits::Seven);
    modes.set_parity(Parity::Even);
    let set = terminal.set_modes(&modes, WhenToChange::Now).unwrap();
    assert_ne!(set, modes);
    assert_eq!((set.data_bits(), set.parity() == Parity::Even), (DataBits::Eight, false));
}

#[test]
fn any_speed_is_kept_each_way() {
    let _open = Open::watched();
    let (_controller, terminal) = pair();
    for speed in [50, 9600, 115_200, 250_000, 31_250, 12_345_678, 4_000_000].map(LineSpeed::new) {
        let mut modes = terminal.modes().unwrap();
        modes.set_speed(speed);
        let set = terminal.set_modes(&modes, WhenToChange::Now).unwrap();
        assert_eq!((set.output_speed(), set.input_speed()), (speed, speed));
    }
    let mut modes = terminal.modes().unwrap();
    modes.set_speed(LineSpeed::new(31_250));
    modes.set_input_speed(LineSpeed::new(1200));
    let set = terminal.set_modes(&modes, WhenToChange::Now).unwrap();
    assert_eq!((set.output_speed().bits_per_second(), set.input_speed().bits_per_second()), (31_250, 1200));
}

#[test]
fn characters_have_their_meanings_until_these_are_taken_away() {
    let _open = Open::watched();
    let (controller, terminal) = pair();
    let mut modes = terminal.modes().unwrap();
    assert_eq!(modes.character(ControlCharacter::Interrupt), Some(3));
    assert_eq!(modes.character(ControlCharacter::EndOfLine), None);
    for (place, character) in ControlCharacter::ALL.into_iter().enumerate() {
        modes.set_character(character, Some(100 + place as u8));
    }
    let set = terminal.set_modes(&modes, WhenToChange::Now).unwrap();
    for (place, character) in ControlCharacter::ALL.into_iter().enumerate() {
        assert_eq!(set.character(character), Some(100 + place as u8), "{character:?}");
    }
    assert_eq!((set.minimum(), set.time()), (1, Duration::ZERO));

    // The byte 108 is `l`: the second end of line is 106, `j`.
    controller.write(b"abcj").unwrap();
    assert_eq!(read(|buffer| terminal.read(buffer).unwrap()), b"abcj");
    modes.set_character(ControlCharacter::SecondEndOfLine, None);
    terminal.set_modes(&modes, WhenToChange::Now).unwrap();
    controller.write(b"abcj\n").unwrap();
    assert_eq!(read(|buffer| terminal.read(buffer).unwrap()), b"abcj\n");
}

#[test]
fn a_reading_without_lines_waits_as_was_said() {
    let _open = Open::watched();
    let (_controller, terminal) = pair();
    let mut modes = terminal.modes().unwrap();
    modes.set_minimum(7);
    modes.set_time(Duration::from_millis(210)).unwrap();
    let set = terminal.set_modes(&modes, WhenToChange::Now).unwrap();
    assert_eq!((set.minimum(), set.time()), (7, Duration::from_millis(300)));
    modes.set_time(Duration::from_millis(25_500)).unwrap();
    let error = modes.set_time(Duration::from_millis(25_501)).unwrap_err();
    assert_eq!(error.to_string(), "set the time of terminal: takes up to 25.5 seconds");
}

#[test]
fn the_line_discipline_is_known_and_one_that_there_is_not_is_refused() {
    let _open = Open::watched();
    let (_controller, terminal) = pair();
    assert_eq!(terminal.discipline().unwrap(), LineDiscipline::Terminal);
    assert_eq!(terminal.modes().unwrap().discipline(), LineDiscipline::Terminal);
    let error = terminal.set_discipline(LineDiscipline::Unknown(1000)).unwrap_err();
    assert_eq!(error.reason(), &linux_support_base::Reason::System(Errno::INVAL));
    terminal.set_discipline(LineDiscipline::Terminal).unwrap();
}
