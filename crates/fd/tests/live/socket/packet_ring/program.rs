//! A program of bpf(2) that says who gets a packet.

mod lab {
    mod any {
        #![expect(unsafe_code, reason = "nothing safe loads a program")]

        use std::{
            os::fd::{FromRawFd, OwnedFd},
            time::Duration,
        };

        use linux_support_base::{Errno, Reason};
        use linux_support_fd::{
            BpfDescriptor, BpfObject,
            socket::packet::{
                Fanout, FanoutFlags,
                ring::{ReceiveRingOptions, SendRingOptions},
            },
        };

        use super::super::super::{contents, receiving, send, sending, turn_loopback_on};
        use crate::open::Open;

        /// A program for packets of sockets that returns a number.
        fn returning(number: i32) -> BpfDescriptor {
            const LOAD: libc::c_long = 5;
            const SOCKET_FILTER: u32 = 1;
            // r0 = number; exit
            let first = u64::from(number as u32) << 32 | 0xb7;
            let code: [[u8; 8]; 2] = [first.to_le_bytes(), 0x95_u64.to_le_bytes()];
            let licence = c"MIT";
            let mut attributes = [0_u64; 16];
            attributes[0] =
                u64::from_ne_bytes([SOCKET_FILTER, 2].map(u32::to_ne_bytes).concat().try_into().unwrap());
            attributes[1] = code.as_ptr().addr() as u64;
            attributes[2] = licence.as_ptr().addr() as u64;
            // SAFETY: BPF_PROG_LOAD reads this many bytes of attributes, and through them the code and the licence, all
            // of which outlive the call.
            let program = unsafe { libc::syscall(libc::SYS_bpf, LOAD, attributes.as_ptr(), 128) };
            assert!(program >= 0, "{}", std::io::Error::last_os_error());
            // SAFETY: the kernel has just opened it for the caller.
            let program = unsafe { OwnedFd::from_raw_fd(program as i32) };
            BpfDescriptor::try_from(program).unwrap()
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_group_shares_as_a_loaded_program_says() {
            let _open = Open::watched();
            turn_loopback_on();
            let mut rings = [(); 2].map(|()| receiving(ReceiveRingOptions::default()));
            let (by, flags) = (Fanout::Program, FanoutFlags::IGNORE_OUTGOING);
            let group = rings[0].socket().share_anew(by, flags).unwrap();
            rings[1].socket().share(group, by, flags).unwrap();
            let mut sent = sending(SendRingOptions::default());
            for chosen in [1, 0] {
                let program = returning(chosen as i32);
                assert_eq!(program.object().unwrap(), BpfObject::Program);
                rings[0].socket().share_by(&program).unwrap();
                // The group keeps it.
                drop(program);
                for _ in 0..5 {
                    send(&mut sent, b"shared");
                }
                sent.flush().unwrap();
                assert_eq!(contents(&mut rings[chosen], 5).0.len(), 5);
                assert!(rings[1 - chosen].block_within(Duration::from_millis(50)).unwrap().is_none());
            }
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_group_of_another_way_takes_no_loaded_program() {
            let _open = Open::watched();
            turn_loopback_on();
            let ring = receiving(ReceiveRingOptions::default());
            ring.socket().share_anew(Fanout::Hash, FanoutFlags::empty()).unwrap();
            let error = ring.socket().share_by(&returning(0)).unwrap_err();
            assert_eq!(error.reason(), &Reason::System(Errno::INVAL));
        }
    }
}
