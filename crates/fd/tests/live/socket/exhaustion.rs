//! No descriptor left.

use std::{
    io::{IoSlice, IoSliceMut},
    os::fd::AsFd,
};

use linux_support_base::{Errno, Reason};
use linux_support_fd::socket::{
    Exchange, Outgoing, ReceiveBatch, Socket, TcpListener, TcpStream, UnixDatagram, UnixStream,
    ancillary::{Ancillary, ControlBuffer},
};

use super::anywhere;
use crate::{
    exhaustion::exhausted,
    open::{Open, open},
};

#[test]
fn a_connection_waits_until_there_is_a_descriptor() {
    let _open = Open::watched();
    let listener = TcpListener::bind(&anywhere()).unwrap();
    let here = TcpStream::connect(&listener.local_address().unwrap()).unwrap();
    let errors = exhausted(|| {
        [TcpStream::connect(&anywhere()).err(), listener.accept().err(), UnixStream::pair().err()]
    });
    for error in errors {
        assert_eq!(error.unwrap().reason(), &Reason::System(Errno::MFILE));
    }
    here.send_all(b"x").unwrap();
    let (there, _) = listener.accept().unwrap();
    assert_eq!(there.receive(&mut [0; 4]).unwrap(), 1);
}

/// Sends two descriptors along with a byte.
fn send_two(socket: &UnixDatagram) {
    let null = std::fs::File::open("/dev/null").unwrap();
    let mut control = ControlBuffer::new();
    control.descriptors(&[null.as_fd(), null.as_fd()]).unwrap();
    let parts = [IoSlice::new(b"x")];
    socket.send_message(&Outgoing::new(&parts).with(&control)).unwrap();
}

#[test]
fn descriptors_that_find_no_place_are_closed_and_said_to_be_missing() {
    let _open = Open::watched();
    let (here, there) = UnixDatagram::pair().unwrap();
    send_two(&here);
    send_two(&here);
    let mut ancillary = Ancillary::for_descriptors(2);
    let mut batch = ReceiveBatch::new(4, 16, 64);
    let before = open();
    let (length, received) = exhausted(|| {
        let mut bytes = [0; 4];
        let message = there.receive_message(&mut [IoSliceMut::new(&mut bytes)], &mut ancillary).unwrap();
        (message.length, batch.receive(&there).unwrap())
    });
    assert_eq!((length, received), (1, 1));
    assert!(ancillary.is_truncated() && ancillary.take_descriptors().is_empty());
    let mut message = batch.messages::<UnixDatagram>().next().unwrap();
    assert!(message.is_control_truncated && message.take_descriptors().is_empty());
    assert_eq!(open(), before);
}
