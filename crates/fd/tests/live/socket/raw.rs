//! raw(7).

mod lab {
    mod any {
        use std::{
            io::{IoSlice, IoSliceMut},
            net::SocketAddr,
            os::fd::OwnedFd,
        };

        use linux_support_fd::socket::{
            Exchange, IpVersion, Outgoing, RawSocket, Socket, ancillary::Ancillary, option,
        };

        use crate::open::Open;

        /// The sum of all halves.
        fn checksum(bytes: &[u8]) -> u16 {
            let mut sum: u32 = bytes.chunks(2).map(|half| u32::from(half[0]) << 8 | u32::from(half[1])).sum();
            while sum > 0xffff {
                sum = (sum & 0xffff) + (sum >> 16);
            }
            !(sum as u16)
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn an_echo_is_answered() {
            let _open = Open::watched();
            let socket = RawSocket::open(IpVersion::V4, 1).unwrap();
            socket.take_icmp([0]).unwrap();
            assert!(socket.take_icmp([32]).is_err());
            socket.set_option(option::TimeToLive(9)).unwrap();
            let local: SocketAddr = "127.0.0.1:0".parse().unwrap();
            socket.connect(&local).unwrap();
            let mut request = *b"\x08\0\0\0\x12\x34\0\x01hello ping";
            let sum = checksum(&request);
            request[2..4].copy_from_slice(&sum.to_be_bytes());
            socket.send_message(&Outgoing::new(&[IoSlice::new(&request)])).unwrap();
            let mut bytes = [0; 100];
            let answer = socket
                .receive_message(&mut [IoSliceMut::new(&mut bytes)], &mut Ancillary::default())
                .unwrap();
            assert_eq!((answer.length, bytes[20], &bytes[24..38]), (38, 0, &request[4..]));
            let socket = RawSocket::try_from(OwnedFd::from(socket)).unwrap();
            socket.set_option(option::HeaderIncluded(true)).unwrap();
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn the_kernel_makes_the_sum_of_a_packet_of_ipv6() {
            let _open = Open::watched();
            let (here, there) =
                (RawSocket::open(IpVersion::V6, 253).unwrap(), RawSocket::open(IpVersion::V6, 253).unwrap());
            here.checksum_at(Some(2)).unwrap();
            assert!(here.checksum_at(Some(1)).is_err());
            let local: SocketAddr = "[::1]:0".parse().unwrap();
            there.bind(&local).unwrap();
            here.send_message(&Outgoing::new(&[IoSlice::new(&[1, 2, 0, 0, 5, 6])]).to(&local)).unwrap();
            let mut bytes = [0; 16];
            let message =
                there.receive_message(&mut [IoSliceMut::new(&mut bytes)], &mut Ancillary::default()).unwrap();
            assert_eq!((message.length, &bytes[..2]), (6, &[1, 2][..]));
            assert_ne!(bytes[2..4], [0, 0]);
            let echo = RawSocket::open(IpVersion::V6, 58).unwrap();
            echo.take_icmp_v6([129]).unwrap();
            assert!(echo.take_icmp([0]).is_err());
        }
    }
}
