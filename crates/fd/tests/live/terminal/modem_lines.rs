//! Lines beside the data that the other side switches: a USB port and its gadget, wired by the kernel.

mod lab {
    mod devices {
        use std::{
            fs,
            path::Path,
            process::Command,
            thread,
            time::{Duration, Instant},
        };

        use linux_support_fd::{ModemLines, Terminal};

        use crate::{open::Open, terminal::soon};

        const GADGET: &str = "/dev/ttyGS0";
        const PORT: &str = "/dev/ttyACM0";
        const THEIRS: ModemLines = ModemLines::CARRIER_DETECT.union(ModemLines::DATA_SET_READY);

        fn run(program: &str, arguments: &[&str]) -> bool {
            Command::new(program).args(arguments).status().is_ok_and(|status| status.success())
        }

        /// Both ends of a cable, until this is dropped.
        struct Cable;

        impl Cable {
            fn new() -> Option<Self> {
                for module in ["usb_f_acm", "cdc_acm", "dummy_hcd", "g_serial"] {
                    if !run("modprobe", &[module]) {
                        println!("skipped: this kernel has no module {module}");
                        return None;
                    }
                }
                let cable = Self;
                let end = Instant::now() + Duration::from_secs(20);
                while !(Path::new(GADGET).exists() && Path::new(PORT).exists()) {
                    assert!(Instant::now() < end, "no port came");
                    thread::sleep(Duration::from_millis(20));
                }
                Some(cable)
            }
        }

        impl Drop for Cable {
            fn drop(&mut self) {
                for module in ["g_serial", "dummy_hcd"] {
                    run("modprobe", &["-r", module]);
                }
            }
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_wait_ends_when_the_other_side_switches_its_lines() {
            let _open = Open::watched();
            let Some(_cable) = Cable::new() else { return };
            let port = Terminal::open(PORT).unwrap();
            assert!(soon(|| !port.modem_lines().unwrap().intersects(THEIRS)));
            let before = port.line_counters().unwrap();
            let gadget = thread::scope(|scope| {
                let wait = scope.spawn(|| port.wait_for_modem_lines(THEIRS));
                // So that it waits already.
                thread::sleep(Duration::from_millis(500));
                assert!(!wait.is_finished());
                let gadget = fs::File::open(GADGET).unwrap();
                wait.join().unwrap().unwrap();
                gadget
            });
            assert!(soon(|| port.modem_lines().unwrap().contains(THEIRS)));
            let up = port.line_counters().unwrap();
            assert!(up.carrier_detect > before.carrier_detect, "{before:?} {up:?}");
            assert!(up.data_set_ready > before.data_set_ready, "{before:?} {up:?}");
            drop(gadget);
            assert!(soon(|| !port.modem_lines().unwrap().intersects(THEIRS)));
            assert!(port.line_counters().unwrap().carrier_detect > up.carrier_detect);
        }
    }
}
