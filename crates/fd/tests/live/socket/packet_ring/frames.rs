//! Rings of frames for packets that come in, and rings both ways.

use std::thread;

use linux_support_base::Bytes;
use linux_support_fd::socket::{
    PacketKind, PacketSocket, Socket, option,
    packet::ring::{FrameRing, FrameRingOptions, ReceiveRingOptions, SendRingOptions, ring_pair},
};

use super::{LONG, PROTOCOL, contents, loopback, receiving, send, sending};

fn framed(options: FrameRingOptions) -> FrameRing {
    let ring = FrameRing::new(PacketSocket::open(0).unwrap(), options).unwrap();
    ring.socket().set_option(option::IgnoreOutgoing(true)).unwrap();
    ring.socket().bind(&loopback()).unwrap();
    ring
}

fn small() -> FrameRingOptions {
    let mut options = FrameRingOptions::default();
    (options.frame_size, options.frames) = (Bytes::new(256), 1);
    options
}

/// What the next packet has behind the header of the link.
fn next(ring: &mut FrameRing) -> Vec<u8> {
    let frame = ring.frame_within(LONG).unwrap().expect("a packet");
    frame.packet().unwrap().bytes[14..].to_vec()
}

pub(super) fn packets_come_one_by_one_and_in_order() {
    let mut ring = framed(small());
    let mut sent = sending(SendRingOptions::default());
    assert!(ring.try_frame().is_none());
    assert!(ring.frame_within(std::time::Duration::from_millis(5)).unwrap().is_none());
    let before = std::time::SystemTime::now() - std::time::Duration::from_millis(20);
    // Several times around.
    for number in 0..5 * ring.frames() as u32 {
        send(&mut sent, &number.to_ne_bytes());
        sent.flush().unwrap();
        assert_eq!(next(&mut ring), number.to_ne_bytes());
    }
    // One that doesn't fit is cut short, and says how long it was.
    send(&mut sent, &[7; 500]);
    sent.flush().unwrap();
    let frame = ring.frame().unwrap();
    let packet = frame.packet().unwrap();
    assert_eq!((packet.length, packet.network_offset), (514, 14));
    assert!((128..256).contains(&packet.bytes.len()) && packet.bytes[14..].iter().all(|&byte| byte == 7));
    assert_eq!((packet.from.interface, packet.from.protocol), (loopback().interface, PROTOCOL));
    assert_eq!((packet.from.kind, packet.vlan, packet.hash), (PacketKind::Host, None, None));
    assert!(packet.time >= before && packet.time <= before + 10 * LONG, "{packet:?}");
}

pub(super) fn a_frame_that_is_held_keeps_its_packet_and_a_full_ring_loses_what_comes() {
    let mut ring = framed(small());
    let room = ring.frames();
    let mut sent = sending(SendRingOptions::default());
    send(&mut sent, b"first");
    sent.flush().unwrap();
    let held = ring.frame_within(LONG).unwrap().unwrap();
    for number in 0..room as u32 + 3 {
        send(&mut sent, &number.to_ne_bytes());
        sent.flush().unwrap();
    }
    assert_eq!(&held.packet().unwrap().bytes[14..], b"first");
    drop(held);
    let counts = ring.socket().option::<option::PacketStatistics>().unwrap().0;
    assert_eq!((counts.packets as usize, counts.drops, counts.freezes), (room + 4, 4, None));
    // The oldest are kept, and it goes on.
    for number in 0..room as u32 - 1 {
        assert_eq!(next(&mut ring), number.to_ne_bytes());
    }
    assert!(ring.try_frame().is_none());
    send(&mut sent, b"last");
    sent.flush().unwrap();
    assert_eq!(next(&mut ring), b"last");
}

pub(super) fn options_out_of_range_are_refused_in_words() {
    let refused = |size: u64, frames: u32, why: &str| {
        let mut options = FrameRingOptions::default();
        (options.frame_size, options.frames) = (Bytes::new(size), frames);
        let error = FrameRing::new(PacketSocket::open(0).unwrap(), options).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    };
    refused(64, 1, "power of two from 128");
    refused(3000, 1, "power of two from 128");
    refused(2048, 0, "takes from 1");
    let ring = framed(small());
    let twin = ring.socket().try_clone().unwrap();
    let error = FrameRing::new(twin, small()).unwrap_err();
    assert!(error.to_string().ends_with("takes a socket that has no ring"), "{error}");
}

pub(super) fn one_socket_has_a_ring_each_way() {
    let pair = || {
        let socket = PacketSocket::open(0).unwrap();
        let mut options = SendRingOptions::default();
        (options.frame_size, options.frames) = (Bytes::new(512), 8);
        let (receive, mut sent) = ring_pair(socket, ReceiveRingOptions::default(), options).unwrap();
        assert_eq!(sent.frames(), rustix::param::page_size() / 512);
        let mut frame = sent.frame().unwrap();
        assert_eq!(frame.buffer().len(), 512 - 48);
        let error = frame.commit(512 - 47).unwrap_err();
        assert!(error.to_string().ends_with("takes packets from 1 to 464 bytes"), "{error}");
        receive.socket().set_option(option::IgnoreOutgoing(true)).unwrap();
        receive.socket().bind(&loopback()).unwrap();
        (receive, sent)
    };
    let ((mut receive, sent), (other, mut sent_by_other)) = (pair(), pair());
    drop(other);
    // Around several times, from another thread than that which receives.
    let expected: Vec<_> = (0..200_u32).map(|number| number.to_ne_bytes().to_vec()).collect();
    thread::scope(|scope| {
        scope.spawn(|| {
            for content in &expected {
                send(&mut sent_by_other, content);
                sent_by_other.flush().unwrap();
            }
        });
        assert_eq!(contents(&mut receive, expected.len()).0, expected);
    });
    // Either half lives on without the other.
    drop(receive);
    let mut receive = receiving(ReceiveRingOptions::default());
    let mut sent = sent;
    send(&mut sent, b"alone");
    sent.flush().unwrap();
    assert_eq!(contents(&mut receive, 1).0, [b"alone"]);
}
