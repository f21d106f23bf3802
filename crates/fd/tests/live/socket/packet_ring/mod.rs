//! packet(7): rings that are shared with the kernel, and who of a group gets a packet.

mod frames;
mod program;

use std::{collections::BTreeSet, time::Duration};

use linux_support_base::{Bytes, Errno, Reason};
use linux_support_fd::socket::{
    Interface, LinkAddress, PacketKind, PacketSocket, Socket, option,
    packet::{
        ClassicInstruction, Fanout, FanoutFlags,
        ring::{PacketStatus, ReceiveRing, ReceiveRingOptions, SendRing, SendRingOptions},
    },
};

use crate::{child::Child, open::Open};

/// One for experiments.
const PROTOCOL: u16 = 0x88b6;
const LONG: Duration = Duration::from_secs(5);

fn loopback() -> LinkAddress {
    LinkAddress::new(Some(Interface::named("lo").unwrap()), PROTOCOL)
}

fn receiving(options: ReceiveRingOptions) -> ReceiveRing {
    let ring = ReceiveRing::new(PacketSocket::open(0).unwrap(), options).unwrap();
    ring.socket().set_option(option::IgnoreOutgoing(true)).unwrap();
    ring.socket().bind(&loopback()).unwrap();
    ring
}

fn sending(options: SendRingOptions) -> SendRing {
    let ring = SendRing::new(PacketSocket::open(0).unwrap(), options).unwrap();
    ring.socket().bind(&LinkAddress::new(loopback().interface, 0)).unwrap();
    ring
}

/// Sends a frame of the link with this content behind its header.
fn send(ring: &mut SendRing, content: &[u8]) {
    let mut frame = ring.frame().unwrap();
    let buffer = frame.buffer();
    buffer[..14].copy_from_slice(b"\0\0\0\0\0\0\0\0\0\0\0\0\x88\xb6");
    buffer[14..14 + content.len()].copy_from_slice(content);
    frame.commit(14 + content.len()).unwrap();
}

/// The contents of all packets of `count` that come, and how many blocks they took.
fn contents(ring: &mut ReceiveRing, count: usize) -> (Vec<Vec<u8>>, usize) {
    let mut contents = Vec::new();
    let mut blocks = 0;
    while contents.len() < count {
        let block = ring.block_within(LONG).unwrap().expect("a block");
        blocks += 1;
        contents.extend(block.packets().map(|packet| packet.unwrap().bytes[14..].to_vec()));
    }
    (contents, blocks)
}

fn packets_go_through_both_rings_in_order() {
    let mut receive = receiving(ReceiveRingOptions::default());
    let mut options = SendRingOptions::default();
    options.frames = 8;
    let mut sent = sending(options);
    // Several times around.
    let expected: Vec<_> = (0..100_u32).map(|number| number.to_ne_bytes().to_vec()).collect();
    for content in &expected {
        send(&mut sent, content);
    }
    sent.flush().unwrap();
    assert_eq!(contents(&mut receive, expected.len()).0, expected);
    assert!(receive.try_block().is_none());
    let counts = receive.socket().option::<option::PacketStatistics>().unwrap().0;
    assert_eq!((counts.packets, counts.drops, counts.freezes), (100, 0, Some(0)));
}

fn a_packet_says_where_it_came_from_and_when() {
    let mut options = ReceiveRingOptions::default();
    options.hashes = true;
    let mut receive = receiving(options);
    receive.socket().set_option(option::HardwareTime(false)).unwrap();
    assert_eq!(receive.socket().option::<option::HardwareTime>().unwrap(), option::HardwareTime(false));
    let mut sent = sending(SendRingOptions::default());
    let before = std::time::SystemTime::now() - Duration::from_millis(20);
    send(&mut sent, b"content");
    assert_eq!(sent.flush().unwrap(), Bytes::new(21));
    let block = receive.block().unwrap();
    assert!(block.has_waited() && block.sequence() > 0);
    let packet = block.packets().next().unwrap().unwrap();
    assert_eq!((&packet.bytes[14..], packet.length, packet.network_offset), (&b"content"[..], 21, 14));
    assert_eq!((packet.from.interface, packet.from.protocol), (loopback().interface, PROTOCOL));
    assert_eq!((packet.from.kind, packet.vlan), (PacketKind::Host, None));
    assert!(packet.time >= before && packet.time <= before + LONG, "{packet:?}");
    assert!(!packet.status.contains(PacketStatus::HARDWARE_TIME), "{packet:?}");
}

fn a_block_that_is_held_keeps_its_packets_and_one_that_is_dropped_is_filled_again() {
    let page = rustix::param::page_size() as u64;
    let mut options = ReceiveRingOptions::default();
    (options.block_size, options.blocks) = (Bytes::new(page), 2);
    let mut receive = receiving(options);
    let mut sent = sending(SendRingOptions::default());
    send(&mut sent, b"first");
    sent.flush().unwrap();
    let held = receive.block_within(LONG).unwrap().unwrap();
    // More than the other block has room for.
    for _ in 0..2 * page / 1000 {
        send(&mut sent, &[7; 1000]);
        sent.flush().unwrap();
    }
    assert_eq!(&held.packets().next().unwrap().unwrap().bytes[14..], b"first");
    drop(held);
    let counts = receive.socket().option::<option::PacketStatistics>().unwrap().0;
    assert!(counts.drops > 0 && counts.freezes > Some(0), "{counts:?}");
    let (all, _) = contents(&mut receive, 1);
    assert_eq!(all[0], [7; 1000]);
    // It goes on.
    send(&mut sent, b"last");
    sent.flush().unwrap();
    while !contents(&mut receive, 1).0.iter().any(|content| content == b"last") {}
}

fn frames_are_the_programs_until_they_are_committed() {
    let mut options = SendRingOptions::default();
    (options.frame_size, options.frames) = (Bytes::new(128), 1);
    let mut ring = sending(options);
    let count = ring.frames();
    assert_eq!(count, rustix::param::page_size() / 128);
    let mut frame = ring.try_frame().unwrap();
    assert_eq!(frame.buffer().len(), 96);
    frame.buffer()[0] = 9;
    drop(frame);
    // It was not sent, so it is the next one again.
    assert_eq!(ring.flush().unwrap(), Bytes::new(0));
    assert_eq!(ring.try_frame().unwrap().buffer()[0], 9);
    for length in [0, 97] {
        let error = ring.try_frame().unwrap().commit(length).unwrap_err();
        assert!(error.to_string().ends_with("takes packets from 1 to 96 bytes"), "{error}");
    }
    for _ in 0..count {
        send(&mut ring, b"x");
    }
    assert!(ring.try_frame().is_none());
    assert_eq!(ring.flush().unwrap(), Bytes::new(15 * count as u64));
    assert!(ring.frame().unwrap().buffer().starts_with(&[0; 12]));
}

fn what_the_device_does_not_take_holds_nothing_up() {
    let mut receive = receiving(ReceiveRingOptions::default());
    let mut sent = sending(SendRingOptions::default());
    let mut frame = sent.frame().unwrap();
    frame.buffer()[0] = 0;
    // Shorter than the header of the link.
    frame.commit(1).unwrap();
    send(&mut sent, b"after");
    let _ = sent.flush();
    sent.flush().unwrap();
    assert_eq!(contents(&mut receive, 1).0, [b"after"]);
}

fn without_a_header_the_address_makes_it() {
    let mut receive = receiving(ReceiveRingOptions::default());
    let socket = PacketSocket::without_header(0).unwrap();
    let mut sent = SendRing::new(socket, SendRingOptions::default()).unwrap();
    let mut frame = sent.frame().unwrap();
    frame.buffer()[..4].copy_from_slice(b"bare");
    frame.commit(4).unwrap();
    assert_eq!(sent.flush().unwrap_err().reason(), &Reason::Gone, "it isn't bound");
    sent.flush_to(&loopback().to_machine(&[2, 0, 0, 0, 0, 9]).unwrap()).unwrap();
    let block = receive.block_within(LONG).unwrap().unwrap();
    let packet = block.packets().next().unwrap().unwrap();
    assert_eq!(packet.bytes, b"\x02\0\0\0\0\x09\0\0\0\0\0\0\x88\xb6bare");
    assert_eq!(packet.from.kind, PacketKind::OtherHost);
}

fn options_out_of_range_are_refused_in_words() {
    let refused = |change: &dyn Fn(&mut ReceiveRingOptions), why: &str| {
        let mut options = ReceiveRingOptions::default();
        change(&mut options);
        let error = ReceiveRing::new(PacketSocket::open(0).unwrap(), options).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    };
    refused(&|options| options.block_size = Bytes::new(1000), "multiple of the page size");
    refused(&|options| options.block_size = Bytes::new(0), "multiple of the page size");
    refused(&|options| options.block_size = Bytes::new(1 << 32), "below 4 GiB");
    refused(&|options| options.blocks = 0, "at least one block");
    refused(&|options| options.longest_wait = Some(Duration::from_micros(1)), "from 1 ms");
    let refused = |size: u64, frames: u32, why: &str| {
        let mut options = SendRingOptions::default();
        (options.frame_size, options.frames) = (Bytes::new(size), frames);
        let error = SendRing::new(PacketSocket::open(0).unwrap(), options).unwrap_err();
        assert!(error.to_string().contains(why), "{error}");
    };
    refused(64, 1, "power of two from 128");
    refused(3000, 1, "power of two from 128");
    refused(2048, 0, "takes from 1");
    let ring = receiving(ReceiveRingOptions::default());
    let twin = ring.socket().try_clone().unwrap();
    let error = ReceiveRing::new(twin, ReceiveRingOptions::default()).unwrap_err();
    assert!(error.to_string().ends_with("takes a socket that has no ring"), "{error}");
}

fn a_group_shares_as_a_program_says() {
    let mut rings = [(); 2].map(|()| receiving(ReceiveRingOptions::default()));
    let by = Fanout::ClassicProgram;
    let group = rings[0].socket().share_anew(by, FanoutFlags::IGNORE_OUTGOING).unwrap();
    rings[1].socket().share(group, by, FanoutFlags::IGNORE_OUTGOING).unwrap();
    // All to the second.
    let code = (libc::BPF_RET | libc::BPF_K) as u16;
    let second = ClassicInstruction { code, if_true: 0, if_false: 0, operand: 1 };
    rings[0].socket().share_by_classic(&[second]).unwrap();
    let error = rings[0].socket().share_by_classic(&[]).unwrap_err();
    assert_eq!(error.reason(), &Reason::System(Errno::INVAL));
    let mut sent = sending(SendRingOptions::default());
    for _ in 0..5 {
        send(&mut sent, b"shared");
    }
    sent.flush().unwrap();
    assert_eq!(contents(&mut rings[1], 5).0.len(), 5);
    assert!(rings[0].block_within(Duration::from_millis(50)).unwrap().is_none());
}

fn what_one_has_no_room_for_goes_to_another() {
    let page = Bytes::new(rustix::param::page_size() as u64);
    let mut options = ReceiveRingOptions::default();
    (options.block_size, options.blocks) = (page, 1);
    let rings = [(); 2].map(|()| receiving(options));
    for ring in &rings {
        let flags = FanoutFlags::ROLLOVER | FanoutFlags::IGNORE_OUTGOING;
        ring.socket().share(99, Fanout::Hash, flags).unwrap();
    }
    let mut sent = sending(SendRingOptions::default());
    for _ in 0..3 * page.get() / 1000 {
        send(&mut sent, &[1; 1000]);
        sent.flush().unwrap();
    }
    let counts = rings.each_ref().map(|ring| ring.socket().option::<option::RolloverStatistics>().unwrap().0);
    assert!(counts.iter().any(|counts| counts.all > 0), "{counts:?}");
}

type Check = (&'static str, fn());

const CHECKS: [Check; 13] = [
    ("packets go through both rings in order", packets_go_through_both_rings_in_order),
    ("a packet says where it came from and when", a_packet_says_where_it_came_from_and_when),
    ("blocks", a_block_that_is_held_keeps_its_packets_and_one_that_is_dropped_is_filled_again),
    ("frames", frames_are_the_programs_until_they_are_committed),
    ("what the device does not take", what_the_device_does_not_take_holds_nothing_up),
    ("without a header", without_a_header_the_address_makes_it),
    ("options", options_out_of_range_are_refused_in_words),
    ("a program", a_group_shares_as_a_program_says),
    ("no room", what_one_has_no_room_for_goes_to_another),
    ("frames of packets", frames::packets_come_one_by_one_and_in_order),
    ("a full ring of frames", frames::a_frame_that_is_held_keeps_its_packet_and_a_full_ring_loses_what_comes),
    ("options of frames", frames::options_out_of_range_are_refused_in_words),
    ("a pair", frames::one_socket_has_a_ring_each_way),
];

fn check() {
    let names: BTreeSet<_> = CHECKS.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), CHECKS.len());
    for (name, check) in CHECKS {
        // Past the harness, whose locks a child may have inherited.
        let _ = rustix::io::write(std::io::stderr(), format!("{name}\n").as_bytes());
        check();
    }
}

/// Turns the loopback interface of the network namespace on.
#[expect(unsafe_code, reason = "nothing safe does")]
fn turn_loopback_on() {
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    let mut name = [0; libc::IFNAMSIZ];
    (name[0], name[1]) = (b'l' as libc::c_char, b'o' as libc::c_char);
    let flags = libc::__c_anonymous_ifr_ifru { ifru_flags: libc::IFF_UP as libc::c_short };
    let request = libc::ifreq { ifr_name: name, ifr_ifru: flags };
    // SAFETY: the kernel reads the record, which outlives the call.
    let done = unsafe {
        libc::ioctl(std::os::fd::AsRawFd::as_raw_fd(&socket), libc::SIOCSIFFLAGS as _, &raw const request)
    };
    assert_eq!(done, 0, "{}", std::io::Error::last_os_error());
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator doesn't know the options of packet sockets")]
#[expect(unsafe_code, reason = "rustix has it unsafe for the sake of shared descriptors")]
fn rings_work_in_a_network_namespace_that_needs_no_root() {
    use rustix::thread::{UnshareFlags, unshare_unsafe};
    let _open = Open::watched();
    let child = Child::doing(|| {
        // SAFETY: the child has one thread, so nobody shares what is unshared.
        if let Err(errno) = unsafe { unshare_unsafe(UnshareFlags::NEWUSER | UnshareFlags::NEWNET) } {
            let why = format!("skipped: no network namespace of its own: {errno}\n");
            let _ = rustix::io::write(std::io::stdout(), why.as_bytes());
            return;
        }
        turn_loopback_on();
        check();
    });
    assert_eq!(child.end().exit_status(), Some(0));
}

mod lab {
    mod any {
        use super::super::*;

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn rings_work_for_root() {
            let _open = Open::watched();
            check();
        }
    }
}
