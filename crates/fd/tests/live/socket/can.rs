//! CAN: the kernel's Documentation/networking/can.rst.

#[path = "../../../examples/can.rs"]
mod example;

mod lab {
    mod devices {
        use std::time::Duration;

        use linux_support_base::{Errno, Reason};
        use linux_support_fd::socket::{CanSocket, Interface, Socket, can::*};

        use super::super::example;
        use crate::open::Open;

        /// A bus that is all in memory, made for the test, which takes frames of every kind.
        struct Bus(String);

        impl Bus {
            fn new(name: &str, mtu: &str) -> Self {
                ip(&["link", "add", name, "type", "vcan"]);
                let bus = Self(name.to_owned());
                ip(&["link", "set", name, "mtu", mtu]);
                ip(&["link", "set", name, "up"]);
                bus
            }

            fn open(&self) -> CanSocket {
                CanSocket::open(Some(Interface::named(&self.0).unwrap())).unwrap()
            }
        }

        impl Drop for Bus {
            fn drop(&mut self) {
                ip(&["link", "delete", &self.0]);
            }
        }

        fn ip(arguments: &[&str]) {
            let status = std::process::Command::new("ip").args(arguments).status().unwrap();
            assert!(status.success(), "ip {arguments:?}");
        }

        fn id(number: u16) -> CanId {
            CanId::standard(number).unwrap()
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn the_example_of_the_documentation_runs() {
            let _open = Open::watched();
            let _bus = Bus::new("vcan0", "72");
            Interface::named("vcan0").unwrap();
            example::main().unwrap();
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn frames_come_to_the_others_on_the_bus() {
            let _open = Open::watched();
            let bus = Bus::new("vcan-one", "72");
            let (here, there) = (bus.open(), bus.open());
            let classic = ClassicFrame::new(id(0x123), &[1, 2, 3]).unwrap();
            here.send(&classic.into()).unwrap();
            assert_eq!(there.receive().unwrap(), classic.into());
            assert_eq!(here.try_receive().unwrap(), None);
            let request = ClassicFrame::request(CanId::extended(0x1234_5678).unwrap(), 4).unwrap();
            here.send(&request.into()).unwrap();
            assert_eq!(there.receive().unwrap(), request.into());

            let flexible = FlexibleFrame::new(id(5), FlexibleFlags::RATE_SWITCHED, &[7; 64]).unwrap();
            let error = here.try_send(&flexible.into()).unwrap_err();
            assert_eq!(error.reason(), &Reason::System(Errno::INVAL));
            here.set_option(FlexibleDataRate(true)).unwrap();
            there.set_option(FlexibleDataRate(true)).unwrap();
            here.send(&flexible.into()).unwrap();
            let CanFrame::Flexible(frame) = there.receive().unwrap() else { panic!() };
            assert_eq!((frame.id(), frame.data()), (id(5), &[7; 64][..]));
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn filters_let_through_what_they_say() {
            let _open = Open::watched();
            let bus = Bus::new("vcan-two", "16");
            let (here, there) = (bus.open(), bus.open());
            let send = |number| here.send(&ClassicFrame::new(id(number), &[]).unwrap().into()).unwrap();
            let received = || {
                let mut numbers = Vec::new();
                while there.wait_readable(Some(Duration::from_millis(50))).unwrap() {
                    let CanFrame::Classic(frame) = there.receive().unwrap() else { panic!() };
                    numbers.push(frame.id().number());
                }
                numbers
            };
            there.set_filters(&[CanFilter::exactly(id(1)), CanFilter::masked(id(0x20), 0x7f0)]).unwrap();
            [1, 2, 0x2f, 0x30].into_iter().for_each(send);
            assert_eq!(received(), [1, 0x2f]);
            there.set_filters(&[CanFilter::exactly(id(1)).inverted()]).unwrap();
            [1, 2].into_iter().for_each(send);
            assert_eq!(received(), [2]);
            let both = [CanFilter::masked(id(1), 1), CanFilter::masked(id(2), 2)];
            there.set_option(JoinFilters(true)).unwrap();
            there.set_filters(&both).unwrap();
            [1, 2, 3].into_iter().for_each(send);
            assert_eq!(received(), [3]);
            there.set_filters(&[]).unwrap();
            [1, 2, 3].into_iter().for_each(send);
            assert!(received().is_empty());
            assert!(there.set_filters(&[CanFilter::EVERYTHING; 513]).is_err());
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn what_a_socket_sends_comes_back_if_asked_for_and_to_nobody_if_not_looped() {
            let _open = Open::watched();
            let bus = Bus::new("vcan-three", "16");
            let (here, there) = (bus.open(), bus.open());
            let frame = CanFrame::from(ClassicFrame::new(id(1), &[1]).unwrap());
            here.set_option(ReceiveOwn(true)).unwrap();
            here.send(&frame).unwrap();
            assert_eq!((here.receive().unwrap(), there.receive().unwrap()), (frame.clone(), frame.clone()));
            here.set_option(Loopback(false)).unwrap();
            here.send(&frame).unwrap();
            assert!(!there.wait_readable(Some(Duration::from_millis(50))).unwrap());
            let classes = CanErrorClasses::BUS_OFF | CanErrorClasses::CONTROLLER;
            here.set_option(ReceiveErrorFrames(classes)).unwrap();
            assert_eq!(here.option::<ReceiveErrorFrames>().unwrap().0, classes);
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_long_frame_passes_where_the_kernel_has_them() {
            let _open = Open::watched();
            let here = CanSocket::open(None).unwrap();
            if let Err(error) = here.set_option(ExtendedLength(true)) {
                assert!(error.is_absent(), "{error}");
                return println!("skipped: {error}");
            }
            let bus = Bus::new("vcan-four", "2060");
            let (here, there) = (bus.open(), bus.open());
            here.set_option(ExtendedLength(true)).unwrap();
            there.set_option(ExtendedLength(true)).unwrap();
            let frame = CanFrame::from(ExtendedFrame::new(3, 1, 0xabcd, vec![9; 2048]).unwrap());
            here.send(&frame).unwrap();
            assert_eq!(there.receive().unwrap(), frame);
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_bus_that_goes_is_told() {
            let _open = Open::watched();
            let bus = Bus::new("vcan-five", "16");
            let here = bus.open();
            drop(bus);
            let error = here.try_receive().unwrap_err();
            assert!(error.is_absent() || error.reason() == &Reason::System(Errno::NETDOWN), "{error}");
        }
    }
}
