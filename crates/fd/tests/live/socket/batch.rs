//! Many messages in one call.

use std::{fs::File, io::IoSlice, os::fd::AsFd};

use linux_support_base::{Errno, Reason};
use linux_support_fd::socket::{
    Outgoing, ReceiveBatch, SendBatch, Socket, UdpSocket, UnixDatagram, UnixStream,
    ancillary::{ControlBuffer, ControlMessage},
    option,
};

use super::{anywhere, connected_udp};
use crate::open::Open;

#[test]
fn each_message_keeps_its_bytes_its_sender_and_what_came_along() {
    let _open = Open::watched();
    let there = UdpSocket::bind(&anywhere()).unwrap();
    there.set_option(option::ReceiveTimeToLive(true)).unwrap();
    let (one, two) = (UdpSocket::bind(&anywhere()).unwrap(), UdpSocket::bind(&anywhere()).unwrap());
    let address = there.local_address().unwrap();
    let mut control = ControlBuffer::new();
    control.ipv4_hop_limit(7);
    let texts = [[IoSlice::new(b"first")], [IoSlice::new(b"a second one")]];
    let messages =
        [Outgoing::new(&texts[0]).to(&address), Outgoing::new(&texts[1]).to(&address).with(&control)];
    let mut sender = SendBatch::new(8);
    sender.send_all(&one, &messages).unwrap();
    assert_eq!((sender.sent_bytes(0), sender.sent_bytes(1), sender.sent_bytes(2)), (5, 12, 0));
    two.send_to(b"third", &address).unwrap();

    let mut batch = ReceiveBatch::new(8, 6, 64);
    assert_eq!(batch.receive(&there).unwrap(), 3);
    let seen: Vec<_> = batch
        .messages::<UdpSocket>()
        .map(|message| {
            let along: Vec<_> = message.control().map(|it| format!("{it:?}")).collect();
            (message.bytes.to_vec(), message.about.length, message.about.from, along)
        })
        .collect();
    let (from_one, from_two) = (one.local_address().ok(), two.local_address().ok());
    assert_eq!(
        seen,
        [
            (b"first".to_vec(), 5, from_one, vec!["HopLimit(64)".to_owned()]),
            (b"a seco".to_vec(), 12, from_one, vec!["HopLimit(7)".to_owned()]),
            (b"third".to_vec(), 5, from_two, vec!["HopLimit(64)".to_owned()]),
        ]
    );
    assert_eq!(batch.try_receive(&there).unwrap(), None);
    assert_eq!(batch.messages::<UdpSocket>().len(), 0);
}

#[test]
fn more_than_fit_are_left_for_the_next_call() {
    let _open = Open::watched();
    let (here, there) = connected_udp();
    let text = [IoSlice::new(b"x")];
    let messages = [Outgoing::new(&text); 10];
    let mut sender = SendBatch::new(4);
    assert_eq!(sender.try_send(&here, &messages).unwrap(), Some(4));
    sender.send_all(&here, &messages[4..]).unwrap();
    let mut batch = ReceiveBatch::new(6, 16, 0);
    assert_eq!((batch.receive(&there).unwrap(), batch.receive(&there).unwrap()), (6, 4));
    assert_eq!(sender.try_send(&here, &[]).unwrap(), Some(0));
}

#[test]
fn descriptors_of_each_message_are_its_own() {
    let _open = Open::watched();
    let (here, there) = UnixDatagram::pair().unwrap();
    let null = File::open("/dev/null").unwrap();
    let text = [IoSlice::new(b"x")];
    let mut controls = [ControlBuffer::new(), ControlBuffer::new(), ControlBuffer::new()];
    controls[0].descriptors(&[null.as_fd()]).unwrap();
    controls[2].descriptors(&[null.as_fd(); 3]).unwrap();
    let messages = controls.each_ref().map(|control| Outgoing::new(&text).with(control));
    SendBatch::new(3).send_all(&here, &messages).unwrap();

    let mut batch = ReceiveBatch::new(8, 16, 24);
    assert_eq!(batch.receive(&there).unwrap(), 3);
    let seen: Vec<_> = batch
        .messages::<UnixDatagram>()
        .map(|mut message| {
            let named = matches!(message.control().next(), Some(ControlMessage::Descriptors(_)));
            (named, message.is_control_truncated, message.take_descriptors().len())
        })
        .collect();
    // There is room for two descriptors: of three, none is kept.
    assert_eq!(seen, [(true, false, 1), (false, false, 0), (true, true, 0)]);
}

#[test]
fn the_error_of_the_first_message_is_told_and_of_another_as_soon_as_it_is_the_first() {
    let _open = Open::watched();
    let (here, there) = connected_udp();
    let long = vec![0; 70_000];
    let (good, bad) = ([IoSlice::new(b"x")], [IoSlice::new(&long)]);
    let messages = [Outgoing::new(&good), Outgoing::new(&bad)];
    let mut sender = SendBatch::new(2);
    assert_eq!(sender.try_send(&here, &messages).unwrap(), Some(1));
    let error = sender.try_send(&here, &messages[1..]).unwrap_err();
    assert_eq!(error.reason(), &Reason::System(Errno::MSGSIZE));
    assert_eq!(ReceiveBatch::new(4, 4, 0).receive(&there).unwrap(), 1);
}

#[test]
fn a_batch_can_be_used_with_one_socket_after_another() {
    let _open = Open::watched();
    let mut batch = ReceiveBatch::new(4, 16, 32);
    let (here, there) = UnixStream::pair().unwrap();
    here.send_all(b"abc").unwrap();
    assert_eq!(batch.receive(&there).unwrap(), 1);
    assert_eq!(batch.messages::<UnixStream>().next().unwrap().bytes, b"abc");
    let (here, there) = connected_udp();
    here.send(b"de").unwrap();
    assert_eq!(batch.receive(&there).unwrap(), 1);
    assert_eq!(batch.messages::<UdpSocket>().next().unwrap().bytes, b"de");
}
