//! Serial ports.

#[path = "../../../examples/serial_port.rs"]
mod example;

mod lab {
    mod devices {
        //! Two ports of the machine, `/dev/ttyS1` and `/dev/ttyS2`, whose lines cross.

        use std::{thread, time::Duration};

        use linux_support_base::{Bytes, Errno, Reason};
        use linux_support_fd::{
            ChangedModes, ControlModes, DataBits, InputModes, LineSpeed, ModemLines, Parity, Rs485,
            Rs485Flags, SerialFlags, SerialPortKind, StopBits, Terminal, TerminalBuffers, WhenToChange,
        };

        use super::super::example;
        use crate::{open::Open, signals::interrupted, terminal::soon};

        fn ports() -> (Terminal, Terminal) {
            (Terminal::open("/dev/ttyS1").unwrap(), Terminal::open("/dev/ttyS2").unwrap())
        }

        /// Raw, at this speed, without modem lines.
        fn plain(port: &Terminal, speed: u32) -> ChangedModes<'_> {
            port.change_modes(WhenToChange::Flushed, |modes| {
                modes.make_raw();
                modes.set_speed(LineSpeed::new(speed));
                modes.set_control(ControlModes::RECEIVE | ControlModes::LOCAL);
            })
            .unwrap()
        }

        /// So many bytes.
        fn read(port: &Terminal, length: usize) -> Vec<u8> {
            let mut bytes = vec![0; length];
            let mut read = 0;
            while read < length {
                read += port.read(&mut bytes[read..]).unwrap();
            }
            bytes
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn the_example_of_the_documentation_runs() {
            let _open = Open::watched();
            let (_, other) = ports();
            let _plain = plain(&other, 57_600);
            example::main().unwrap();
            assert_eq!(read(&other, 6), b"hello\n");
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn what_one_port_sends_the_other_receives_at_common_speeds() {
            let _open = Open::watched();
            let (one, other) = ports();
            for speed in [9600, 57_600, 115_200] {
                let (_one, _other) = (plain(&one, speed), plain(&other, speed));
                assert_eq!(one.modes().unwrap().output_speed(), LineSpeed::new(speed));
                let text: Vec<u8> = (0..=255).collect();
                std::io::Write::write_all(&mut &one, &text).unwrap();
                assert_eq!(read(&other, 256), text);
                other.write(b"back").unwrap();
                assert_eq!(read(&one, 4), b"back");
                one.drain().unwrap();
                assert_eq!(one.queued_output().unwrap(), Bytes::new(0));
            }
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_speed_without_a_name_is_taken_as_near_as_the_divisor_allows() {
            let _open = Open::watched();
            let (one, _other) = ports();
            let _plain = plain(&one, 9600);
            let mut modes = one.modes().unwrap();
            modes.set_speed(LineSpeed::new(31_250));
            let set = one.set_modes(&modes, WhenToChange::Now).unwrap();
            let speed = set.output_speed().bits_per_second();
            assert!(speed.abs_diff(31_250) <= 31_250 / 25, "{speed}");
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn size_parity_and_stop_bits_are_what_was_asked_for() {
            let _open = Open::watched();
            let (one, _other) = ports();
            let _plain = plain(&one, 9600);
            let settings = [
                (DataBits::Seven, Parity::Even, StopBits::Two),
                (DataBits::Five, Parity::Odd, StopBits::One),
                (DataBits::Eight, Parity::Mark, StopBits::One),
                (DataBits::Eight, Parity::Space, StopBits::One),
            ];
            for (bits, parity, stop) in settings {
                let mut modes = one.modes().unwrap();
                modes.set_data_bits(bits);
                modes.set_parity(parity);
                modes.set_stop_bits(stop);
                let set = one.set_modes(&modes, WhenToChange::Drained).unwrap();
                assert_eq!((set.data_bits(), set.parity(), set.stop_bits()), (bits, parity, stop));
            }
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn our_modem_lines_are_switched_one_by_one() {
            let _open = Open::watched();
            let (one, _other) = ports();
            let _plain = plain(&one, 9600);
            let ours = ModemLines::DATA_TERMINAL_READY | ModemLines::REQUEST_TO_SEND;
            let lines = || one.modem_lines().unwrap() & ours;
            one.switch_modem_lines_on(ours).unwrap();
            assert_eq!(lines(), ours);
            one.switch_modem_lines_off(ModemLines::REQUEST_TO_SEND).unwrap();
            assert_eq!(lines(), ModemLines::DATA_TERMINAL_READY);
            one.set_modem_lines(ModemLines::REQUEST_TO_SEND).unwrap();
            assert_eq!(lines(), ModemLines::REQUEST_TO_SEND);
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn bytes_and_breaks_are_counted() {
            let _open = Open::watched();
            let (one, other) = ports();
            let (_one, _other) = (plain(&one, 115_200), plain(&other, 115_200));
            let (sent, received) = (one.line_counters().unwrap(), other.line_counters().unwrap());
            one.write(b"12345").unwrap();
            read(&other, 5);
            one.drain().unwrap();
            assert_eq!(one.line_counters().unwrap().sent - sent.sent, 5);
            assert_eq!(other.line_counters().unwrap().received - received.received, 5);
            one.send_break(Some(Duration::from_millis(100))).unwrap();
            drop(one.begin_break().unwrap());
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn the_port_says_what_it_is_made_of() {
            let _open = Open::watched();
            let (one, _other) = ports();
            let port = one.serial_port().unwrap();
            assert_eq!((port.kind, port.line), (SerialPortKind::Ns16550A, 1));
            assert_eq!((port.baud_base, port.fifo_size), (115_200, 16));
            one.set_low_latency(true).unwrap();
            assert!(one.serial_port().unwrap().flags.contains(SerialFlags::LOW_LATENCY));
            one.set_low_latency(false).unwrap();
            assert!(!one.serial_port().unwrap().flags.contains(SerialFlags::LOW_LATENCY));
            one.set_custom_divisor(Some(4)).unwrap();
            assert!(one.serial_port().unwrap().flags.contains(SerialFlags::SPEED_HIGH));
            one.set_custom_divisor(None).unwrap();
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn this_chip_shares_no_line() {
            let _open = Open::watched();
            let (one, _other) = ports();
            let sharing = Rs485 { flags: Rs485Flags::ENABLED, ..Rs485::default() };
            match one.set_rs485(&sharing) {
                Ok(set) => assert!(!set.flags.contains(Rs485Flags::ENABLED)),
                Err(error) => assert_eq!(error.reason(), &Reason::System(Errno::NOTTY), "{error}"),
            }
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn what_came_in_is_counted_and_thrown_away() {
            let _open = Open::watched();
            let (one, other) = ports();
            let (_one, _other) = (plain(&one, 115_200), plain(&other, 115_200));
            one.write(b"123").unwrap();
            assert!(soon(|| other.queued_input().unwrap() == Bytes::new(3)));
            other.discard(TerminalBuffers::Both).unwrap();
            thread::sleep(Duration::from_millis(20));
            assert_eq!(other.try_read(&mut [0; 9]).unwrap(), None);
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn the_stop_character_holds_what_goes_out() {
            let _open = Open::watched();
            let (one, other) = ports();
            let (_one, _other) = (plain(&one, 115_200), plain(&other, 115_200));
            let mut modes = one.modes().unwrap();
            modes.set_input(modes.input() | InputModes::OUTPUT_FLOW_CONTROL);
            one.set_modes(&modes, WhenToChange::Now).unwrap();
            other.write(&[0x13]).unwrap();
            assert!(soon(|| {
                one.write(b"x").unwrap();
                thread::sleep(Duration::from_millis(100));
                other.try_read(&mut [0; 9]).unwrap().is_none()
            }));
            assert_eq!(one.queued_output().unwrap(), Bytes::new(1));
            other.write(&[0x11]).unwrap();
            assert_eq!(read(&other, 1), b"x");
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn in_a_loop_our_lines_are_those_of_the_other_side() {
            let _open = Open::watched();
            let (one, _other) = ports();
            let _plain = plain(&one, 9600);
            let theirs = ModemLines::CLEAR_TO_SEND | ModemLines::DATA_SET_READY;
            let lines = |ours| {
                one.set_modem_lines(ModemLines::LOOP_BACK | ours).unwrap();
                one.modem_lines().unwrap() & theirs
            };
            assert_eq!(lines(ModemLines::REQUEST_TO_SEND), ModemLines::CLEAR_TO_SEND);
            assert_eq!(lines(ModemLines::DATA_TERMINAL_READY), ModemLines::DATA_SET_READY);
            assert_eq!(lines(ModemLines::empty()), ModemLines::empty());
            one.switch_modem_lines_off(ModemLines::LOOP_BACK).unwrap();
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_wait_for_modem_lines_is_ended_by_a_signal() {
            let _open = Open::watched();
            let (one, _other) = ports();
            let _plain = plain(&one, 9600);
            let error = interrupted(|| one.wait_for_modem_lines(ModemLines::RING).unwrap_err());
            assert_eq!(error.reason(), &Reason::System(Errno::INTR), "{error}");
        }
    }

    mod arm {
        use std::time::Duration;

        use linux_support_base::{Errno, Reason};
        use linux_support_fd::{Rs485, Rs485Flags, Terminal};

        use crate::open::Open;

        /// Of a chip whose driver takes a line with others: the machine's console.
        const PORT: &str = "/dev/ttyAMA0";

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_port_shares_its_line_as_its_driver_can() {
            let _open = Open::watched();
            let port = Terminal::open(PORT).unwrap();
            let before = port.rs485().unwrap();
            assert!(!before.flags.contains(Rs485Flags::ENABLED), "{before:?}");

            let flags = Rs485Flags::ENABLED | Rs485Flags::RTS_ON_SEND | Rs485Flags::RECEIVE_OWN;
            let mut sharing = Rs485 {
                flags: flags | Rs485Flags::TERMINATE,
                delay_before_send: Duration::from_millis(2),
                // No driver waits for more than a tenth of a second.
                delay_after_send: Duration::from_millis(200),
                ..Rs485::default()
            };
            let set = port.set_rs485(&sharing).unwrap();
            assert_eq!(set.flags, flags, "it can't terminate the line");
            assert_eq!(set.delay_before_send, Duration::from_millis(2));
            assert_eq!(set.delay_after_send, Duration::from_millis(100));
            assert_eq!((set.receive_address, set.destination_address), (None, None));
            assert_eq!(port.rs485().unwrap(), set);
            port.write(b"a shared line\n").unwrap();
            port.drain().unwrap();

            sharing.flags = flags | Rs485Flags::ADDRESS_MODE;
            sharing.receive_address = Some(3);
            let error = port.set_rs485(&sharing).unwrap_err();
            assert_eq!(error.reason(), &Reason::System(Errno::INVAL), "it knows no addresses: {error}");
            assert_eq!(port.rs485().unwrap(), set);

            let off = port.set_rs485(&Rs485::default()).unwrap();
            assert!(!off.flags.contains(Rs485Flags::ENABLED), "{off:?}");
        }
    }
}
