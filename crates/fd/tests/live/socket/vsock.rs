//! vsock(7).

#[path = "../../../examples/vsock.rs"]
mod example;

mod lab {
    mod devices {
        use linux_support_fd::{
            Descriptor,
            socket::{
                Connection, ContextId, Socket, VsockAddress, VsockListener, VsockSequenced,
                VsockSequencedListener, VsockStream, option,
            },
        };

        use super::super::example;
        use crate::open::Open;

        /// Anywhere on this machine, which reaches itself through a transport of its own.
        fn anywhere() -> VsockAddress {
            let status = std::process::Command::new("modprobe").arg("vsock_loopback").status().unwrap();
            assert!(status.success());
            VsockAddress::new(ContextId::LOCAL, VsockAddress::ANY_PORT)
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn the_example_of_the_documentation_runs() {
            let _open = Open::watched();
            let listener = VsockListener::bind(&anywhere()).unwrap();
            VsockStream::connect(&listener.local_address().unwrap()).unwrap();
            example::main().unwrap();
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn bytes_arrive_at_this_machine_itself() {
            let _open = Open::watched();
            let listener = VsockListener::bind(&anywhere()).unwrap();
            let address = listener.local_address().unwrap();
            let here = VsockStream::connect(&address).unwrap();
            let (there, from) = listener.accept().unwrap();
            // Who connects without having been bound has no number of a machine of its own, but a port.
            let port = here.local_address().unwrap().port;
            assert_eq!(from, Some(VsockAddress::new(ContextId::LOCAL, port)));
            assert_eq!(there.peer_address().ok(), from);
            here.send_all(b"abc").unwrap();
            assert_eq!(there.receive(&mut [0; 8]).unwrap(), 3);
            assert!(there.is_nonblocking().unwrap());
            let size = linux_support_base::Bytes::new(100_000);
            here.set_option(option::VsockBuffer(size)).unwrap();
            assert_eq!(here.option::<option::VsockBuffer>().unwrap().0, size);
            drop(here);
            assert_eq!(there.receive(&mut [0; 8]).unwrap(), 0);
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn sequenced_packets_keep_their_bounds() {
            let _open = Open::watched();
            let listener = VsockSequencedListener::bind(&anywhere()).unwrap();
            let here = VsockSequenced::connect(&listener.local_address().unwrap()).unwrap();
            let (there, _) = listener.accept().unwrap();
            here.send(b"one").unwrap();
            here.send(b"twenty-one").unwrap();
            let mut bytes = [0; 4];
            assert!(there.receive(&mut bytes).unwrap().is_whole());
            assert_eq!(there.receive(&mut bytes).unwrap().length, 10);
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn this_machine_has_a_number() {
            let _open = Open::watched();
            match ContextId::own() {
                Ok(own) => assert!(own != ContextId::HYPERVISOR, "{own}"),
                Err(error) => assert!(error.is_absent(), "{error}"),
            }
        }
    }
}
