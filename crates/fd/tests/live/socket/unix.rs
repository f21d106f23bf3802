//! unix(7).

use std::{thread, time::Duration};

use linux_support_base::{Errno, Reason};
use linux_support_fd::socket::{
    Connect, Connection, Exchange, Socket, Unconnected, UnixAddress, UnixDatagram, UnixListener,
    UnixSequenced, UnixSequencedListener, UnixStream,
};

use crate::open::Open;

/// A listener with room for one connection more than 0, and what fills it.
fn full() -> (UnixListener, Vec<UnixStream>) {
    let socket = Unconnected::<UnixStream>::for_address(&UnixAddress::UNNAMED).unwrap();
    socket.bind(&UnixAddress::UNNAMED).unwrap();
    let listener = socket.listen(0).unwrap();
    let address = listener.local_address().unwrap();
    let mut connections = Vec::new();
    while let Connect::Done(connection) = UnixStream::try_connect(&address).unwrap() {
        connections.push(connection);
    }
    assert!(!connections.is_empty());
    (listener, connections)
}

#[test]
fn a_full_listener_says_not_now_and_is_waited_for() {
    let _open = Open::watched();
    let (listener, connections) = full();
    let address = listener.local_address().unwrap();
    assert!(matches!(UnixStream::try_connect(&address).unwrap(), Connect::NotNow(_)));
    assert!(UnixStream::connect_within(&address, Duration::from_millis(30)).unwrap().is_none());
    let waiting = thread::spawn(move || UnixStream::connect(&address).unwrap());
    thread::sleep(Duration::from_millis(20));
    for _ in 0..connections.len() {
        listener.accept().unwrap();
    }
    let late = waiting.join().unwrap();
    late.send_all(b"late").unwrap();
    let (there, _) = listener.accept().unwrap();
    assert_eq!(there.receive(&mut [0; 8]).unwrap(), 4);
    use linux_support_fd::Descriptor;
    assert!(late.is_nonblocking().unwrap());
}

#[test]
fn the_kernel_chooses_an_abstract_name() {
    let _open = Open::watched();
    let listener = UnixListener::bind(&UnixAddress::UNNAMED).unwrap();
    let address = listener.local_address().unwrap();
    assert_eq!(address.as_abstract_name().unwrap().len(), 5);
    let here = UnixStream::connect(&address).unwrap();
    assert!(here.local_address().unwrap().is_unnamed());
    assert_eq!(here.peer_address().unwrap(), address);
    let (there, from) = listener.accept().unwrap();
    assert!(from.unwrap().is_unnamed() && there.peer_address().unwrap().is_unnamed());
}

#[test]
fn an_abstract_name_may_be_any_bytes_and_is_taken_once() {
    let _open = Open::watched();
    let name = format!("\0\n{}", std::process::id());
    let address = UnixAddress::abstract_name(name.as_bytes()).unwrap();
    let listener = UnixListener::bind(&address).unwrap();
    assert_eq!(listener.local_address().unwrap(), address);
    let error = UnixListener::bind(&address).unwrap_err();
    assert_eq!(error.reason(), &Reason::System(Errno::ADDRINUSE));
    drop(listener);
    UnixListener::bind(&address).unwrap();
}

#[test]
fn sequenced_packets_keep_their_bounds() {
    let _open = Open::watched();
    let listener = UnixSequencedListener::bind(&UnixAddress::UNNAMED).unwrap();
    let here = UnixSequenced::connect(&listener.local_address().unwrap()).unwrap();
    let (there, _) = listener.accept().unwrap();
    here.send(b"one").unwrap();
    here.send(b"twenty-one").unwrap();
    let mut bytes = [0; 4];
    let record = there.receive(&mut bytes).unwrap();
    assert!(record.is_whole() && record.length == 3);
    let record = there.receive(&mut bytes).unwrap();
    assert_eq!((record.stored, record.length, &bytes), (4, 10, b"twen"));
    assert_eq!(there.receive_within(&mut bytes, Duration::from_millis(5)).unwrap(), None);
    drop(here);
    assert_eq!(there.receive(&mut bytes).unwrap().length, 0);
    assert_eq!(there.send(b"x").unwrap_err().reason(), &Reason::System(Errno::PIPE));
}

#[test]
fn a_full_datagram_socket_says_not_now_and_is_waited_for() {
    let _open = Open::watched();
    let there = UnixDatagram::bind(&UnixAddress::UNNAMED).unwrap();
    let address = there.local_address().unwrap();
    let here = UnixDatagram::unbound().unwrap();
    let mut sent = 0;
    while here.try_send_to(b"x", &address).unwrap() {
        sent += 1;
    }
    assert!(sent > 0);
    let waiting = thread::spawn(move || here.send_to(b"last", &address).unwrap());
    let mut bytes = [0; 8];
    for _ in 0..sent {
        let (record, from) = there.receive_from(&mut bytes).unwrap();
        assert!(record.length == 1 && from.is_none_or(|from| from.is_unnamed()));
    }
    assert_eq!(there.receive(&mut bytes).unwrap().length, 4);
    waiting.join().unwrap();
}

#[test]
fn messages_are_exchanged_by_a_pair_of_datagram_sockets() {
    let _open = Open::watched();
    let (here, there) = UnixDatagram::pair().unwrap();
    here.send(b"abc").unwrap();
    assert_eq!(there.receive(&mut [0; 2]).unwrap().length, 3);
    drop(there);
    assert_eq!(here.send(b"x").unwrap_err().reason(), &Reason::System(Errno::CONNREFUSED));
    assert!(here.try_send_message(&linux_support_fd::socket::Outgoing::new(&[])).is_err());
}
