//! udp(7).

use std::{
    io::{IoSlice, IoSliceMut},
    thread,
    time::Duration,
};

use linux_support_base::{Errno, Reason};
use linux_support_fd::socket::{
    Exchange, Interface, IpVersion, Outgoing, Record, Socket, UdpSocket,
    ancillary::{Ancillary, ControlBuffer, ControlMessage, ErrorOrigin},
    option,
};

use super::{anywhere, connected_udp};
use crate::{
    open::Open,
    runtime::{async_fd, block_on, readable},
};

#[test]
fn a_datagram_cut_short_says_how_long_it_was() {
    let _open = Open::watched();
    let (here, there) = connected_udp();
    here.send(b"0123456789").unwrap();
    let mut bytes = [0; 4];
    assert_eq!(there.receive(&mut bytes).unwrap(), Record { stored: 4, length: 10 });
    here.send(b"").unwrap();
    let (record, from) = there.receive_from(&mut bytes).unwrap();
    assert!(record.is_whole() && record.stored == 0);
    assert_eq!(from, Some(here.local_address().unwrap()));
    assert_eq!(there.try_receive(&mut bytes).unwrap(), None);
    assert_eq!(there.receive_within(&mut bytes, Duration::from_millis(5)).unwrap(), None);
}

#[test]
fn a_connected_socket_takes_from_its_peer_alone_until_it_is_disconnected() {
    let _open = Open::watched();
    let (here, there) = connected_udp();
    let stranger = UdpSocket::unbound(IpVersion::V4).unwrap();
    assert_eq!(stranger.peer_address().unwrap(), None);
    let address = there.local_address().unwrap();
    stranger.send_to(b"no", &address).unwrap();
    here.send(b"yes").unwrap();
    let mut bytes = [0; 4];
    assert_eq!(there.receive(&mut bytes).unwrap().stored, 3);
    assert_eq!(there.peer_address().unwrap(), Some(here.local_address().unwrap()));
    there.disconnect().unwrap();
    assert_eq!(there.peer_address().unwrap(), None);
}

#[test]
fn a_port_that_nobody_has_is_an_error_of_the_next_call_and_in_the_error_queue() {
    let _open = Open::watched();
    let here = UdpSocket::bind(&anywhere()).unwrap();
    let gone = UdpSocket::bind(&anywhere()).unwrap().local_address().unwrap();
    here.set_option(option::ReceiveErrors(true)).unwrap();
    here.connect(&gone).unwrap();
    here.send(b"x").unwrap();
    assert!(here.wait_readable(Some(Duration::from_secs(10))).unwrap());
    let error = here.try_receive(&mut [0; 4]).unwrap_err();
    assert_eq!(error.reason(), &Reason::System(Errno::CONNREFUSED));

    let mut bytes = [0; 4];
    let mut ancillary = Ancillary::with_capacity(128);
    let parts = &mut [IoSliceMut::new(&mut bytes)];
    let about = here.try_receive_error(parts, &mut ancillary).unwrap().unwrap();
    assert!(about.of_error_queue && about.from == Some(gone));
    let Some(ControlMessage::Error(error)) = ancillary.messages().next() else { panic!() };
    assert_eq!((error.error, error.origin), (Some(Errno::CONNREFUSED), ErrorOrigin::Icmp));
    assert_eq!((error.kind, error.code), (3, 3));
    assert!(error.offender.unwrap().ip().is_loopback());
    assert!(here.try_receive_error(&mut [], &mut ancillary).unwrap().is_none());
}

#[test]
fn a_datagram_too_long_is_refused() {
    let _open = Open::watched();
    let (here, _there) = connected_udp();
    assert_eq!(here.send(&[0; 65_508]).unwrap_err().reason(), &Reason::System(Errno::MSGSIZE));
}

#[test]
fn one_message_is_sent_as_many_datagrams_and_received_as_one() {
    let _open = Open::watched();
    let (here, there) = connected_udp();
    let data: Vec<u8> = (0..2500).map(|byte: u32| byte as u8).collect();
    let mut control = ControlBuffer::new();
    control.segment_size(1000);
    let parts = [IoSlice::new(&data)];
    assert_eq!(here.send_message(&Outgoing::new(&parts).with(&control)).unwrap(), 2500);
    let mut bytes = [0; 4000];
    let lengths: Vec<_> = (0..3).map(|_| there.receive(&mut bytes).unwrap().length).collect();
    assert_eq!(lengths, [1000, 1000, 500]);

    there.set_option(option::ReceiveOffload(true)).unwrap();
    here.set_option(option::SegmentSize(1000)).unwrap();
    here.send(&data).unwrap();
    let mut ancillary = Ancillary::with_capacity(64);
    let message = there.receive_message(&mut [IoSliceMut::new(&mut bytes)], &mut ancillary).unwrap();
    assert_eq!(message.length, 2500);
    assert_eq!(bytes[..2500], data);
    assert_eq!(ancillary.messages().collect::<Vec<_>>(), [ControlMessage::SegmentSize(1000)]);
}

#[test]
fn a_group_is_joined_and_left() {
    let _open = Open::watched();
    let group = "239.255.77.1".parse().unwrap();
    let loopback = Interface::named("lo").unwrap();
    let there = UdpSocket::bind(&"0.0.0.0:0".parse().unwrap()).unwrap();
    there.join_group(group, Some(loopback)).unwrap();
    let error = there.join_group(group, Some(loopback)).unwrap_err();
    assert_eq!(error.reason(), &Reason::System(Errno::ADDRINUSE));
    let here = UdpSocket::bind(&anywhere()).unwrap();
    here.send_groups_through(Some(loopback)).unwrap();
    let port = there.local_address().unwrap().port();
    here.send_to(b"all", &(group, port).into()).unwrap();
    let record = there.receive_within(&mut [0; 8], Duration::from_secs(10)).unwrap();
    assert_eq!(record, Some(Record { stored: 3, length: 3 }));
    there.leave_group(group, Some(loopback)).unwrap();
    assert!(there.leave_group(group, Some(loopback)).is_err());

    let six = UdpSocket::bind(&"[::]:0".parse().unwrap()).unwrap();
    let group = "ff01::4d".parse().unwrap();
    six.join_group_v6(group, Some(loopback)).unwrap();
    six.leave_group_v6(group, Some(loopback)).unwrap();
}

#[test]
fn tokio_waits_for_a_datagram() {
    let _open = Open::watched();
    let (here, there) = connected_udp();
    let record = block_on(async {
        let there = async_fd(there);
        let sender = thread::spawn(move || here.send(b"abc").unwrap());
        let record = readable(&there, |there| there.try_receive(&mut [0; 8]).unwrap()).await;
        sender.join().unwrap();
        record
    });
    assert_eq!(record.stored, 3);
}
