//! packet(7).

mod lab {
    mod any {
        use std::{
            io::{IoSlice, IoSliceMut},
            time::Duration,
        };

        use linux_support_fd::socket::{
            Exchange, Interface, LinkAddress, Outgoing, PacketKind, PacketSocket, Socket,
            ancillary::{Ancillary, ControlMessage},
            option,
            packet::{Fanout, FanoutFlags, Membership},
        };

        use crate::open::Open;

        /// One for experiments.
        const PROTOCOL: u16 = 0x88b5;

        fn on_loopback() -> LinkAddress {
            LinkAddress::new(Some(Interface::named("lo").unwrap()), PROTOCOL)
        }

        fn bound() -> PacketSocket {
            let socket = PacketSocket::without_header(PROTOCOL).unwrap();
            socket.bind(&on_loopback()).unwrap();
            socket
        }

        fn send(socket: &PacketSocket, content: &[u8]) {
            let to = on_loopback().to_machine(&[0; 6]).unwrap();
            socket.send_message(&Outgoing::new(&[IoSlice::new(content)]).to(&to)).unwrap();
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_packet_comes_with_its_address_and_its_length() {
            let _open = Open::watched();
            let (here, there) = (bound(), bound());
            there.set_option(option::ReceiveAuxiliary(true)).unwrap();
            there.set_option(option::IgnoreOutgoing(true)).unwrap();
            send(&here, b"content");
            let mut bytes = [0; 4];
            let mut ancillary = Ancillary::with_capacity(64);
            let packet = there.receive_message(&mut [IoSliceMut::new(&mut bytes)], &mut ancillary).unwrap();
            assert_eq!((packet.stored, packet.length, &bytes), (4, 7, b"cont"));
            let from = packet.from.unwrap();
            assert_eq!((from.protocol, from.kind), (PROTOCOL, PacketKind::Host));
            assert_eq!((from.hardware, from.hardware_address()), (772, &[0; 6][..]));
            let Some(ControlMessage::PacketAuxiliary(about)) = ancillary.messages().next() else { panic!() };
            assert_eq!((about.length, about.captured, about.vlan), (7, 7, None));
            assert!(there.try_receive_message(&mut [], &mut ancillary).unwrap().is_none());
            let counts = there.option::<option::PacketStatistics>().unwrap().0;
            assert_eq!((counts.packets, counts.drops), (1, 0));
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_raw_socket_gets_the_header_of_the_link() {
            let _open = Open::watched();
            let there = PacketSocket::open(PROTOCOL).unwrap();
            there.bind(&on_loopback()).unwrap();
            there.set_option(option::IgnoreOutgoing(true)).unwrap();
            send(&bound(), b"content");
            let mut bytes = [0; 64];
            let packet =
                there.receive_message(&mut [IoSliceMut::new(&mut bytes)], &mut Ancillary::default()).unwrap();
            assert_eq!((packet.length, &bytes[12..21]), (21, &b"\x88\xb5content"[..]));
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_group_shares_packets_in_turn() {
            let _open = Open::watched();
            let sharing = [bound(), bound()];
            for socket in &sharing {
                socket.share(7, Fanout::RoundRobin, FanoutFlags::IGNORE_OUTGOING).unwrap();
            }
            assert!(bound().share(7, Fanout::Hash, FanoutFlags::IGNORE_OUTGOING).is_err());
            let here = bound();
            for _ in 0..6 {
                send(&here, b"x");
            }
            for socket in &sharing {
                for _ in 0..3 {
                    assert!(socket.wait_readable(Some(Duration::from_secs(5))).unwrap());
                    assert!(
                        socket.try_receive_message(&mut [], &mut Ancillary::default()).unwrap().is_some()
                    );
                }
                assert!(socket.try_receive_message(&mut [], &mut Ancillary::default()).unwrap().is_none());
            }
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn an_interface_takes_more_while_it_is_asked_to() {
            let _open = Open::watched();
            let socket = bound();
            let loopback = Interface::named("lo").unwrap();
            assert!(socket.join(Interface::new(i32::MAX).unwrap(), Membership::Promiscuous).is_err());
            for membership in [Membership::Promiscuous, Membership::AllMulticast] {
                socket.join(loopback, membership).unwrap();
                socket.leave(loopback, membership).unwrap();
            }
        }
    }
}
