//! Who is at the other end.

use linux_support_base::GroupId;
use linux_support_fd::{
    Descriptor, DescriptorKind,
    socket::{
        UnixAddress, UnixDatagram, UnixListener, UnixPeer, UnixSequenced, UnixStream, ancillary::Credentials,
    },
};
use rustix::process::{getegid, geteuid, getgroups};

use crate::open::Open;

#[test]
fn the_other_end_is_this_process() {
    let _open = Open::watched();
    fn asks<S: UnixPeer>(socket: &S) {
        let peer = socket.peer_credentials().unwrap();
        assert_eq!(peer.process, Credentials::own().process);
        assert_eq!((peer.user.number(), peer.group.number()), (geteuid().as_raw(), getegid().as_raw()));
        let mut groups: Vec<_> =
            getgroups().unwrap().into_iter().map(|group| GroupId::new(group.as_raw())).collect();
        let mut found = socket.peer_groups().unwrap();
        groups.sort();
        found.sort();
        assert_eq!(found, groups);
    }
    asks(&UnixStream::pair().unwrap().0);
    asks(&UnixSequenced::pair().unwrap().0);
    asks(&UnixDatagram::pair().unwrap().0);
}

#[test]
fn the_process_at_the_other_end_is_a_pidfd() {
    let _open = Open::watched();
    let (here, _there) = UnixStream::pair().unwrap();
    match here.peer_pidfd() {
        Ok(pidfd) => {
            assert_eq!(DescriptorKind::of(&pidfd).unwrap(), DescriptorKind::PidFd);
            assert!(pidfd.is_close_on_exec().unwrap() && !pidfd.has_ended().unwrap());
            pidfd.send_signal(linux_support_base::Signal::CONT).unwrap();
        }
        Err(error) => assert!(error.is_absent(), "{error}"),
    }
}

mod lab {
    mod devices {
        use std::io::{IoSlice, IoSliceMut};

        use linux_support_fd::socket::{
            Exchange, Outgoing, Socket,
            ancillary::{Ancillary, ControlMessage},
            option,
        };

        use super::super::*;

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn the_label_of_a_security_module_comes_from_the_other_end_and_with_messages() {
            let _open = Open::watched();
            let own = std::fs::read("/proc/self/attr/current").unwrap();
            let own = own.trim_ascii_end().strip_suffix(b"\0").unwrap_or(own.trim_ascii_end());
            assert!(!own.is_empty());
            let (stream, _other) = UnixStream::pair().unwrap();
            assert_eq!(stream.peer_security_label().unwrap().as_bytes(), own);
            let (here, there) = UnixDatagram::pair().unwrap();
            there.set_option(option::PassSecurity(true)).unwrap();
            here.send_message(&Outgoing::new(&[IoSlice::new(b"content")])).unwrap();
            let mut ancillary = Ancillary::with_capacity(256);
            there.receive_message(&mut [IoSliceMut::new(&mut [0; 16])], &mut ancillary).unwrap();
            let messages: Vec<_> = ancillary.messages().collect();
            assert_eq!(messages, [ControlMessage::SecurityLabel(own.into())]);
        }
    }
}

#[test]
fn a_listener_without_a_peer_says_so() {
    let _open = Open::watched();
    let socket = UnixDatagram::bind(&UnixAddress::UNNAMED).unwrap();
    let error = socket.peer_credentials().unwrap_err();
    assert!(error.to_string().contains(UnixDatagram::NAME), "{error}");
    let listener = UnixListener::bind(&UnixAddress::UNNAMED).unwrap();
    let stream = UnixStream::connect(&linux_support_fd::socket::Socket::local_address(&listener).unwrap());
    assert_eq!(stream.unwrap().peer_credentials().unwrap().process, Credentials::own().process);
}
