//! tcp(7).

use std::{
    io::{IoSlice, IoSliceMut},
    net::SocketAddr,
    thread,
    time::{Duration, Instant},
};

use linux_support_base::{Errno, Reason, Signal};
use linux_support_fd::{
    BlockedSignals,
    socket::{
        Connect, Connection, Direction, Exchange, IpVersion, Outgoing, ReceiveFlags, SendFlags, Socket,
        TcpListener, TcpStream, Unconnected, UnixStream, ancillary::Ancillary, option,
    },
};

use super::{anywhere, connected};
use crate::{
    open::Open,
    runtime::{async_fd, block_on, mio_finds_readable, readable},
};

#[test]
fn bytes_arrive_over_both_versions() {
    let _open = Open::watched();
    for address in ["127.0.0.1:0", "[::1]:0"] {
        let listener = TcpListener::bind(&address.parse().unwrap()).unwrap();
        let here = TcpStream::connect(&listener.local_address().unwrap()).unwrap();
        let (there, _) = listener.accept().unwrap();
        assert_eq!(here.peer_address().unwrap(), listener.local_address().unwrap());
        here.send_all(b"0123456789").unwrap();
        let mut bytes = [0; 10];
        there.receive_all(&mut bytes).unwrap();
        assert_eq!(&bytes, b"0123456789");
        assert_eq!(there.try_receive(&mut bytes).unwrap(), None);
        here.shut_down(Direction::Sending).unwrap();
        assert_eq!(there.receive(&mut bytes).unwrap(), 0);
        let error = there.receive_all(&mut bytes).unwrap_err();
        assert_eq!(error.reason(), &Reason::System(Errno::PIPE));
    }
}

#[test]
fn parts_are_sent_and_received_in_order() {
    let _open = Open::watched();
    let (here, there) = connected();
    let parts = [IoSlice::new(b"ab"), IoSlice::new(b""), IoSlice::new(b"cde")];
    assert_eq!(here.try_send_vectored(&parts).unwrap(), Some(5));
    assert!(there.wait_readable(Some(Duration::from_secs(10))).unwrap());
    let (mut one, mut two) = ([0; 3], [0; 9]);
    let parts = &mut [IoSliceMut::new(&mut one), IoSliceMut::new(&mut two)];
    assert_eq!(there.try_receive_vectored(parts).unwrap(), Some(5));
    assert_eq!((&one, &two[..2]), (b"abc", &b"de"[..]));
}

#[test]
fn a_time_out_ends_waiting() {
    let _open = Open::watched();
    let (here, _there) = connected();
    let before = Instant::now();
    assert_eq!(here.receive_within(&mut [0; 8], Duration::from_millis(30)).unwrap(), None);
    assert!(before.elapsed() >= Duration::from_millis(30));
    let full = vec![0; 1 << 20];
    while here.try_send(&full).unwrap().is_some() {}
    assert_eq!(here.send_within(&full, Duration::from_millis(10)).unwrap(), None);
    let listener = TcpListener::bind(&anywhere()).unwrap();
    assert!(listener.accept_within(Duration::from_millis(10)).unwrap().is_none());
}

#[test]
fn a_stream_as_large_as_no_buffer_arrives_whole() {
    let _open = Open::watched();
    let (here, there) = connected();
    let data: Vec<u8> = (0..8 << 20).map(|byte: u32| (byte >> 3) as u8).collect();
    let copy = data.clone();
    let sender = thread::spawn(move || here.send_all(&copy).unwrap());
    let mut received = vec![0; data.len()];
    there.receive_all(&mut received).unwrap();
    sender.join().unwrap();
    assert!(received == data);
}

#[test]
fn a_peer_that_has_gone_is_an_error_and_no_signal() {
    let _open = Open::watched();
    // A signal that is blocked waits, even if it is ignored otherwise.
    let _blocked = BlockedSignals::block(Signal::PIPE).unwrap();
    let waits = || {
        let status = std::fs::read_to_string("/proc/thread-self/status").unwrap();
        let pending = status.lines().find_map(|line| line.strip_prefix("SigPnd:\t")).unwrap();
        u64::from_str_radix(pending, 16).unwrap() & (1 << (Signal::PIPE.number() - 1)) != 0
    };
    let (here, there) = UnixStream::pair().unwrap();
    drop(there);
    let gone = &Reason::System(Errno::PIPE);
    assert_eq!(here.try_send(b"x").unwrap_err().reason(), gone);
    let parts = [IoSlice::new(b"x")];
    assert_eq!(here.try_send_message(&Outgoing::new(&parts)).unwrap_err().reason(), gone);
    assert!(!waits());
    assert_eq!(rustix::io::write(&here, b"x"), Err(Errno::PIPE));
    assert!(waits());
}

#[test]
fn a_port_that_nobody_listens_at_refuses() {
    let _open = Open::watched();
    let address = TcpListener::bind(&anywhere()).unwrap().local_address().unwrap();
    let error = TcpStream::connect(&address).unwrap_err();
    assert_eq!(error.reason(), &Reason::System(Errno::CONNREFUSED));
    assert!(error.to_string().starts_with(&format!("connect to {address}: ")), "{error}");
    match TcpStream::try_connect(&address) {
        Err(error) => assert_eq!(error.reason(), &Reason::System(Errno::CONNREFUSED)),
        Ok(Connect::Pending(connecting)) => {
            assert_eq!(connecting.finish().unwrap_err().reason(), &Reason::System(Errno::CONNREFUSED));
        }
        Ok(other) => panic!("{other:?}"),
    }
}

#[test]
fn a_connection_on_its_way_is_finished_later() {
    let _open = Open::watched();
    let listener = TcpListener::bind(&anywhere()).unwrap();
    let address = listener.local_address().unwrap();
    let connection = match TcpStream::try_connect(&address).unwrap() {
        Connect::Done(connection) => connection,
        Connect::Pending(connecting) => connecting.finish().unwrap(),
        Connect::NotNow(_) => panic!("TCP has room"),
    };
    assert_eq!(connection.peer_address().unwrap(), address);
    let socket = Unconnected::<TcpStream>::of_version(IpVersion::V4).unwrap();
    assert!(socket.connect_within(&address, Some(Duration::from_secs(10))).unwrap().is_some());
}

#[test]
fn an_address_in_use_is_named() {
    let _open = Open::watched();
    let listener = TcpListener::bind(&anywhere()).unwrap();
    let address = listener.local_address().unwrap();
    let error = TcpListener::bind(&address).unwrap_err();
    assert_eq!(error.reason(), &Reason::System(Errno::ADDRINUSE));
    assert!(error.to_string().contains(&address.to_string()), "{error}");
}

#[test]
fn urgent_data_goes_beside_the_stream() {
    let _open = Open::watched();
    let (here, there) = connected();
    let parts = [IoSlice::new(b"!")];
    here.send_message(&Outgoing::new(&parts).flags(SendFlags::OUT_OF_BAND)).unwrap();
    let mut byte = [0];
    let mut ancillary = Ancillary::default();
    let mut received = None;
    while received.is_none() {
        let parts = &mut [IoSliceMut::new(&mut byte)];
        // EINVAL says that none has come yet.
        received = there.try_receive_with(parts, &mut ancillary, ReceiveFlags::OUT_OF_BAND).unwrap_or(None);
    }
    assert!(received.unwrap().out_of_band);
    assert_eq!(&byte, b"!");
}

#[test]
fn peeking_leaves_what_is_there() {
    let _open = Open::watched();
    let (here, there) = connected();
    here.send_all(b"abc").unwrap();
    there.wait_readable(None).unwrap();
    let mut bytes = [0; 3];
    for _ in 0..2 {
        let parts = &mut [IoSliceMut::new(&mut bytes)];
        let peeked = there.try_receive_with(parts, &mut Ancillary::default(), ReceiveFlags::PEEK);
        assert_eq!(peeked.unwrap().unwrap().stored, 3);
    }
    assert_eq!(there.receive(&mut bytes).unwrap(), 3);
}

#[test]
fn a_connection_that_was_broken_off_is_an_error_once() {
    let _open = Open::watched();
    let (here, there) = connected();
    here.set_option(option::Linger(Some(Duration::ZERO))).unwrap();
    drop(here);
    there.wait_readable(None).unwrap();
    assert_eq!(there.take_error().unwrap(), Some(Errno::CONNRESET));
    assert_eq!(there.take_error().unwrap(), None);
}

#[test]
fn tokio_and_mio_wait_for_it() {
    let _open = Open::watched();
    let (here, there) = connected();
    let received = block_on(async {
        let there = async_fd(there);
        let sender = thread::spawn(move || here.send_all(b"abc").unwrap());
        let mut bytes = [0; 8];
        let received = readable(&there, |there| there.try_receive(&mut bytes).unwrap()).await;
        sender.join().unwrap();
        received
    });
    assert_eq!(received, 3);
    let listener = TcpListener::bind(&anywhere()).unwrap();
    let _here = TcpStream::connect(&listener.local_address().unwrap()).unwrap();
    assert!(mio_finds_readable(&listener));
}

#[test]
fn multipath_connections_are_streams_as_well() {
    let _open = Open::watched();
    let Ok(socket) = Unconnected::<TcpStream>::multipath(IpVersion::V4) else {
        return println!("skipped: this kernel has no Multipath TCP");
    };
    socket.bind(&anywhere()).unwrap();
    let listener = socket.listen(5).unwrap();
    let address: SocketAddr = listener.local_address().unwrap();
    let here = TcpStream::connect(&address).unwrap();
    let (there, _) = listener.accept().unwrap();
    here.send_all(b"x").unwrap();
    assert_eq!(there.receive(&mut [0; 4]).unwrap(), 1);
}
