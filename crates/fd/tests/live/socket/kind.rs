//! What is taken for what.

use std::{fs::File, os::fd::OwnedFd};

use linux_support_fd::{
    Descriptor,
    socket::{
        NetlinkSocket, Socket, TcpListener, TcpStream, UdpSocket, UnixAddress, UnixDatagram, UnixListener,
        UnixSequenced, UnixSequencedListener, UnixStream,
    },
};

use super::{anywhere, connected};
use crate::{kinds::takers, open::Open};

#[test]
fn each_socket_is_taken_by_its_own_type_alone() {
    let _open = Open::watched();
    let unnamed = &UnixAddress::UNNAMED;
    for (descriptor, name) in [
        (OwnedFd::from(connected().0), "TCP stream"),
        (TcpListener::bind(&anywhere()).unwrap().into(), "TCP listener"),
        (UdpSocket::bind(&"[::1]:0".parse().unwrap()).unwrap().into(), "UDP socket"),
        (UnixStream::pair().unwrap().0.into(), "Unix stream"),
        (UnixListener::bind(unnamed).unwrap().into(), "Unix listener"),
        (UnixSequenced::pair().unwrap().0.into(), "Unix sequenced-packet socket"),
        (UnixSequencedListener::bind(unnamed).unwrap().into(), "Unix sequenced-packet listener"),
        (UnixDatagram::pair().unwrap().0.into(), "Unix datagram socket"),
        (NetlinkSocket::open(0).unwrap().into(), "netlink socket"),
    ] {
        assert_eq!(takers(&descriptor), [name]);
    }
}

#[test]
fn what_is_no_socket_is_said_to_be_what_it_is() {
    let _open = Open::watched();
    let error = TcpStream::try_from(OwnedFd::from(File::open("/dev/null").unwrap())).unwrap_err();
    assert!(error.to_string().ends_with("is no TCP stream, but character device 1:3"), "{error}");
}

#[test]
fn sockets_of_std_become_ours_and_the_reverse() {
    let _open = Open::watched();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listener = TcpListener::try_from(listener).unwrap();
    assert!(listener.is_nonblocking().unwrap() && listener.is_close_on_exec().unwrap());
    assert!(listener.try_accept().unwrap().is_none());
    let std = std::net::TcpStream::connect(listener.local_address().unwrap()).unwrap();
    let here = TcpStream::try_from(std).unwrap();
    let (there, _) = listener.accept().unwrap();
    here.send_all(b"x").unwrap();
    let mut std = std::net::TcpStream::from(there);
    std.set_nonblocking(false).unwrap();
    let mut byte = [0];
    std::io::Read::read_exact(&mut std, &mut byte).unwrap();
    assert_eq!(&byte, b"x");

    let (one, _other) = std::os::unix::net::UnixDatagram::pair().unwrap();
    let ours = UnixDatagram::try_from(one).unwrap();
    let _back = std::os::unix::net::UnixDatagram::from(ours);
}

#[test]
fn all_are_close_on_exec_and_non_blocking_from_birth() {
    let _open = Open::watched();
    fn born<T: Descriptor>(socket: &T) {
        assert!(socket.is_close_on_exec().unwrap() && socket.is_nonblocking().unwrap(), "{}", T::NAME);
    }
    let (here, there) = connected();
    born(&here);
    born(&there);
    born(&UdpSocket::bind(&anywhere()).unwrap());
    let (one, other) = UnixSequenced::pair().unwrap();
    born(&one);
    born(&other);
    born(&one.try_clone().unwrap());
    let listener = UnixListener::bind(&UnixAddress::UNNAMED).unwrap();
    let near = UnixStream::connect(&listener.local_address().unwrap()).unwrap();
    born(&listener);
    born(&near);
    born(&listener.accept().unwrap().0);
}
