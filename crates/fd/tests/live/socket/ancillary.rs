//! What goes along with messages.

use std::{
    fs::File,
    io::{IoSlice, IoSliceMut, Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    os::fd::AsFd,
    time::{Duration, SystemTime},
};

use linux_support_base::Errno;
use linux_support_fd::{
    Descriptor, DescriptorKind,
    socket::{
        Exchange, Incoming, Interface, Outgoing, Socket, UdpSocket, UnixDatagram, UnixStream,
        ancillary::{Ancillary, ControlBuffer, ControlMessage, Credentials},
        option::{self, TimestampingFlags},
    },
};

use super::connected_udp;
use crate::open::{Open, open};

fn send<S: Exchange>(socket: &S, control: &ControlBuffer<'_>) {
    let parts = [IoSlice::new(b"x")];
    socket.send_message(&Outgoing::new(&parts).with(control)).unwrap();
}

fn receive<S: Exchange>(socket: &S, ancillary: &mut Ancillary) -> Incoming<S::Address> {
    socket.receive_message(&mut [IoSliceMut::new(&mut [0; 8])], ancillary).unwrap()
}

#[test]
fn descriptors_are_handed_over() {
    let _open = Open::watched();
    let (here, there) = UnixStream::pair().unwrap();
    let (mut reader, writer) = std::io::pipe().unwrap();
    let null = File::open("/dev/null").unwrap();
    let mut control = ControlBuffer::new();
    control.descriptors(&[writer.as_fd(), null.as_fd()]).unwrap();
    send(&here, &control);
    drop(writer);
    let mut ancillary = Ancillary::for_descriptors(2);
    receive(&there, &mut ancillary);
    let descriptors = ancillary.take_descriptors();
    let kinds: Vec<_> = descriptors.iter().map(|it| DescriptorKind::of(it).unwrap()).collect();
    assert!(matches!(&kinds[..], [DescriptorKind::Pipe, DescriptorKind::CharacterDevice(_)]));
    for descriptor in &descriptors {
        assert!(rustix::io::fcntl_getfd(descriptor).unwrap().contains(rustix::io::FdFlags::CLOEXEC));
    }
    File::from(descriptors.into_iter().next().unwrap()).write_all(b"y").unwrap();
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert_eq!(text, "y");
}

#[test]
fn descriptors_that_nobody_takes_are_closed() {
    let _open = Open::watched();
    let (here, there) = UnixStream::pair().unwrap();
    let null = File::open("/dev/null").unwrap();
    let mut control = ControlBuffer::new();
    control.descriptors(&[null.as_fd(); 3]).unwrap();
    send(&here, &control);
    send(&here, &ControlBuffer::new());
    let mut ancillary = Ancillary::for_descriptors(3);
    let before = open().len();
    receive(&there, &mut ancillary);
    assert_eq!(open().len(), before + 3);
    receive(&there, &mut ancillary);
    assert_eq!((open().len(), ancillary.messages().count()), (before, 0));
    send(&here, &control);
    receive(&there, &mut ancillary);
    drop(ancillary);
    assert_eq!(open().len(), before);
}

#[test]
fn where_there_is_too_little_room_all_descriptors_are_closed() {
    let _open = Open::watched();
    let (here, there) = UnixDatagram::pair().unwrap();
    let null = File::open("/dev/null").unwrap();
    let mut control = ControlBuffer::new();
    control.descriptors(&[null.as_fd(); 5]).unwrap();
    let before = open();
    for room in (0..=40).step_by(4) {
        send(&here, &control);
        let mut ancillary = Ancillary::with_capacity(room);
        receive(&there, &mut ancillary);
        // 16 bytes of header and 20 of numbers; rooms are of whole words.
        let enough = room > 32;
        assert_eq!(ancillary.is_truncated(), !enough, "{room}");
        assert_eq!(ancillary.take_descriptors().len(), if enough { 5 } else { 0 }, "{room}");
        drop(ancillary);
        assert_eq!(open(), before, "{room}");
    }
}

#[test]
fn who_sends_is_said_and_can_be_claimed_only_if_true() {
    let _open = Open::watched();
    let (here, there) = UnixStream::pair().unwrap();
    there.set_option(option::PassCredentials(true)).unwrap();
    let mut ancillary = Ancillary::for_descriptors(0);
    send(&here, &ControlBuffer::new());
    receive(&there, &mut ancillary);
    let own = Credentials::own();
    assert_eq!(ancillary.messages().collect::<Vec<_>>(), [ControlMessage::Credentials(own)]);
    let mut control = ControlBuffer::new();
    control.credentials(own);
    send(&here, &control);
    receive(&there, &mut ancillary);
    assert_eq!(ancillary.messages().next(), Some(ControlMessage::Credentials(own)));

    // No process has this number, whoever asks.
    let mut control = ControlBuffer::new();
    let mut nobody = own;
    nobody.process = linux_support_base::Pid::new(i32::MAX);
    control.credentials(nobody);
    let parts = [IoSlice::new(b"x")];
    assert!(here.send_message(&Outgoing::new(&parts).with(&control)).is_err());
}

#[test]
fn the_process_that_sends_comes_as_a_pidfd() {
    let _open = Open::watched();
    let (here, there) = UnixStream::pair().unwrap();
    if let Err(error) = there.set_option(option::PassPidFd(true)) {
        assert!(error.is_absent(), "{error}");
        return println!("skipped: {error}");
    }
    send(&here, &ControlBuffer::new());
    let mut ancillary = Ancillary::for_descriptors(0);
    receive(&there, &mut ancillary);
    let pidfd = ancillary.take_pidfd().unwrap();
    assert_eq!(DescriptorKind::of(&pidfd).unwrap(), DescriptorKind::PidFd);
    assert!(pidfd.is_close_on_exec().unwrap() && !pidfd.has_ended().unwrap());
    send(&here, &ControlBuffer::new());
    receive(&there, &mut ancillary);
    let Some(ControlMessage::PidFd(Ok(_))) = ancillary.messages().next() else { panic!() };
}

#[test]
fn a_pidfd_without_room_is_closed() {
    let _open = Open::watched();
    let (here, there) = UnixStream::pair().unwrap();
    if let Err(error) = there.set_option(option::PassPidFd(true)) {
        return println!("skipped: {error}");
    }
    let before = open();
    for room in [0, 8, 16] {
        send(&here, &ControlBuffer::new());
        let mut ancillary = Ancillary::with_capacity(room);
        receive(&there, &mut ancillary);
        assert!(ancillary.is_truncated() && ancillary.take_pidfd().is_none(), "{room}");
        assert_eq!(open(), before, "{room}");
    }
}

#[test]
fn a_datagram_says_when_and_where_it_came_in_and_how() {
    let _open = Open::watched();
    let (here, there) = connected_udp();
    there.set_option(option::ReceivePacketInformation(true)).unwrap();
    there.set_option(option::ReceiveTimeToLive(true)).unwrap();
    there.set_option(option::ReceiveTypeOfService(true)).unwrap();
    there.set_option(option::ReceiveTimestampsNanoseconds(true)).unwrap();
    here.set_option(option::TypeOfService(0x28)).unwrap();
    let mut control = ControlBuffer::new();
    control.ipv4_hop_limit(9);
    send(&here, &control);
    let mut ancillary = Ancillary::with_capacity(256);
    receive(&there, &mut ancillary);
    let messages: Vec<_> = ancillary.messages().collect();
    assert!(messages.contains(&ControlMessage::HopLimit(9)), "{messages:?}");
    assert!(messages.contains(&ControlMessage::TrafficClass(0x28)), "{messages:?}");
    let came = messages.iter().find_map(|message| match message {
        ControlMessage::PacketInformation(information) => Some(*information),
        _ => None,
    });
    let came = came.unwrap();
    assert_eq!(came.destination, IpAddr::V4(Ipv4Addr::LOCALHOST));
    assert_eq!((came.local, came.interface), (Some(Ipv4Addr::LOCALHOST), Interface::named("lo").ok()));
    let when = messages.iter().find_map(|message| match message {
        ControlMessage::Timestamp(time) => Some(*time),
        _ => None,
    });
    let age = SystemTime::now().duration_since(when.unwrap()).unwrap();
    assert!(age < Duration::from_secs(60), "{age:?}");
}

#[test]
fn a_datagram_of_ipv6_says_where_it_came_in_and_how() {
    let _open = Open::watched();
    let there = UdpSocket::bind(&"[::1]:0".parse().unwrap()).unwrap();
    let here = UdpSocket::bind(&"[::1]:0".parse().unwrap()).unwrap();
    here.connect(&there.local_address().unwrap()).unwrap();
    there.set_option(option::Ipv6ReceivePacketInformation(true)).unwrap();
    there.set_option(option::ReceiveHopLimit(true)).unwrap();
    there.set_option(option::ReceiveTrafficClass(true)).unwrap();
    let mut control = ControlBuffer::new();
    control.ipv6_hop_limit(9).ipv6_traffic_class(0x28).ipv6_source(None, Ipv6Addr::LOCALHOST);
    send(&here, &control);
    let mut ancillary = Ancillary::with_capacity(256);
    receive(&there, &mut ancillary);
    let messages: Vec<_> = ancillary.messages().collect();
    assert!(messages.contains(&ControlMessage::HopLimit(9)), "{messages:?}");
    assert!(messages.contains(&ControlMessage::TrafficClass(0x28)), "{messages:?}");
    let to_here = |message: &ControlMessage<'_>| matches!(message, ControlMessage::PacketInformation(it) if it.destination == IpAddr::V6(Ipv6Addr::LOCALHOST));
    assert!(messages.iter().any(to_here), "{messages:?}");
}

/// The numbers of the packets whose times come by the error queue, so many of them.
fn times_of(socket: &UdpSocket, count: usize) -> Vec<u32> {
    let mut ancillary = Ancillary::with_capacity(256);
    let mut numbers = Vec::new();
    while numbers.len() < count {
        socket.wait_readable(Some(Duration::from_secs(10))).unwrap();
        if socket.try_receive_error(&mut [], &mut ancillary).unwrap().is_none() {
            continue;
        }
        for message in ancillary.messages() {
            match message {
                ControlMessage::Timestamps(times) => assert!(times.software.is_some()),
                ControlMessage::Error(error) => {
                    assert_eq!(error.error, Some(Errno::NOMSG));
                    numbers.push(error.data);
                }
                other => panic!("{other:?}"),
            }
        }
    }
    assert!(socket.try_receive_error(&mut [], &mut ancillary).unwrap().is_none());
    numbers
}

const REPORTED: TimestampingFlags =
    TimestampingFlags::SOFTWARE.union(TimestampingFlags::NUMBERED).union(TimestampingFlags::TIMES_ONLY);

#[test]
fn times_of_what_was_sent_come_by_the_error_queue() {
    let _open = Open::watched();
    let (here, _there) = connected_udp();
    let flags = REPORTED | TimestampingFlags::TRANSMIT_SOFTWARE;
    here.set_option(option::Timestamping(flags)).unwrap();
    assert_eq!(here.option::<option::Timestamping>().unwrap().0, flags);
    here.send(b"one").unwrap();
    here.send(b"two").unwrap();
    assert_eq!(times_of(&here, 2), [0, 1]);
}

#[test]
fn times_are_taken_of_the_messages_that_ask_for_it() {
    let _open = Open::watched();
    let (here, _there) = connected_udp();
    here.set_option(option::Timestamping(REPORTED)).unwrap();
    let mut control = ControlBuffer::new();
    assert!(control.timestamps(TimestampingFlags::RECEIVE_SOFTWARE).is_err());
    control.timestamps(TimestampingFlags::TRANSMIT_SOFTWARE).unwrap();
    here.send(b"no time of this").unwrap();
    here.send_message(&Outgoing::new(&[IoSlice::new(b"one")]).with(&control)).unwrap();
    here.send_message(&Outgoing::new(&[IoSlice::new(b"two")]).with(&control)).unwrap();
    assert_eq!(times_of(&here, 2), [0, 1]);
}

#[test]
fn messages_say_how_many_were_dropped() {
    let _open = Open::watched();
    let (here, there) = connected_udp();
    there.set_option(option::ReceiveDropped(true)).unwrap();
    there.set_option(option::ReceiveBuffer(linux_support_base::Bytes::new(4096))).unwrap();
    for _ in 0..100 {
        here.send(&[0; 1000]).unwrap();
    }
    let mut ancillary = Ancillary::with_capacity(64);
    let mut received = 0;
    while there.try_receive_message(&mut [], &mut ancillary).unwrap().is_some() {
        received += 1;
    }
    assert!(received < 100);
    here.send(b"last").unwrap();
    receive(&there, &mut ancillary);
    let dropped = ancillary.messages().next();
    assert_eq!(dropped, Some(ControlMessage::Dropped(100 - received)));
}

#[test]
fn a_stream_says_how_much_is_left() {
    let _open = Open::watched();
    let (here, there) = super::connected();
    there.set_option(option::ReceiveBytesWaiting(true)).unwrap();
    here.send_all(b"0123456789").unwrap();
    let mut ancillary = Ancillary::with_capacity(64);
    assert_eq!(receive(&there, &mut ancillary).stored, 8);
    assert_eq!(ancillary.messages().next(), Some(ControlMessage::BytesWaiting(2)));
}
