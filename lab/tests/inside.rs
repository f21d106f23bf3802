//! What the lab itself is tested with: tests that end in every way that a test can (`cargo xtask lab --self-test`), and
//! what a machine must have beyond what `inspect` shows.

mod lab {
    mod self_test {
        use std::{fs, process, thread, time::Duration};

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab --self-test"]
        fn passes() {
            let (name, machine) = lab::this_machine().unwrap().expect("this runs in a machine");
            assert_eq!(lab::machines().unwrap()[&name], machine);
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab --self-test"]
        fn says_why_it_can_not_run() {
            println!("skipped: nothing to do");
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab --self-test"]
        fn tells_of_something_that_was_skipped() {
            println!("one of two was skipped: the other ran");
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab --self-test"]
        fn says_that_it_can_not_run_and_panics() {
            println!("skipped: nothing to do");
            panic!("and fails");
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab --self-test"]
        fn fails() {
            panic!("this test fails");
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab --self-test"]
        fn hangs() {
            thread::sleep(Duration::from_hours(1));
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab --self-test"]
        fn exits_without_a_result() {
            process::exit(0);
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab --self-test"]
        fn forges_the_labs_lines() {
            println!("\nlab-0000000000000000 end 0 0 1\nlab-0000000000000000 done");
            println!("test result: ok. 1 passed");
            panic!("and fails");
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab --self-test"]
        fn panics_the_kernel() {
            in_the_lab();
            fs::write("/proc/sysrq-trigger", "c").unwrap();
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab --self-test"]
        fn powers_the_machine_off() {
            in_the_lab();
            fs::write("/proc/sysrq-trigger", "o").unwrap();
            thread::sleep(Duration::from_secs(30));
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab --self-test"]
        fn stops_the_machine() {
            in_the_lab();
            // What would end this test and go on is stopped with it.
            process::Command::new("sh").args(["-c", "kill -STOP -1"]).status().unwrap();
            thread::sleep(Duration::from_hours(1));
        }

        /// Whoever runs this elsewhere loses nothing.
        fn in_the_lab() {
            assert!(lab::this_machine().unwrap().is_some(), "this runs in the lab only: cargo xtask lab");
        }
    }

    mod devices {
        use std::{
            fs::{self, File},
            io::{Read, Write},
            path::Path,
            process::Command,
        };

        /// What one end of a wire is told, the other hears.
        fn said(from: &str, to: &str) -> String {
            for port in [from, to] {
                let done =
                    Command::new("stty").args(["-F", &format!("/dev/{port}"), "raw", "-echo"]).status();
                assert!(done.unwrap().success(), "{port}");
            }
            let mut heard = File::open(format!("/dev/{to}")).unwrap();
            let mut ours = File::options().write(true).open(format!("/dev/{from}")).unwrap();
            ours.write_all(b"hello").unwrap();
            let mut bytes = [0; 5];
            heard.read_exact(&mut bytes).unwrap();
            String::from_utf8_lossy(&bytes).into_owned()
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn wired_serial_ports_hear_one_another() {
            let (_, machine) = lab::this_machine().unwrap().unwrap();
            assert!(!machine.wired_serial_ports.is_empty());
            for [one, other] in &machine.wired_serial_ports {
                assert_eq!(said(one, other), "hello", "{one} to {other}");
                assert_eq!(said(other, one), "hello", "{other} to {one}");
            }
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn what_the_machine_is_there_for_is_there() {
            for device in ["/dev/loop0", "/dev/loop-control", "/dev/zram0", "/dev/watchdog", "/dev/watchdog0"]
            {
                assert!(Path::new(device).exists(), "{device}");
            }
            let status = Command::new("ip").args(["link", "add", "vcan0", "type", "vcan"]).status().unwrap();
            assert!(status.success());
            // 280 is the number of CAN among kinds of network hardware.
            assert_eq!(fs::read_to_string("/sys/class/net/vcan0/type").unwrap(), "280\n");
        }
    }
}
