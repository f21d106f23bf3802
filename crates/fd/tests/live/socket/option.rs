//! Options.

use std::{fmt::Debug, time::Duration};

use linux_support_base::{Bytes, Errno, Reason};
use linux_support_fd::socket::{
    Interface, IpVersion, Socket, TcpListener, TcpStream, UdpSocket, Unconnected, UnixStream, option::*,
};

use super::{anywhere, connected};
use crate::open::Open;

/// Sets an option and reads it again.
fn round<S, O>(socket: &S, option: O)
where
    S: Socket + Takes<O::Level>,
    O: ReadableOption + WritableOption + Clone + PartialEq + Debug,
{
    match socket.set_option(option.clone()) {
        Ok(()) => assert_eq!(socket.option::<O>().unwrap(), option, "{}", O::NAME),
        // What this kernel doesn't have says so, and which has.
        Err(error) => {
            assert!(error.is_absent() && O::NEEDS != linux_support_base::Requirement::none(), "{error}")
        }
    }
}

#[test]
fn what_is_set_is_read_again() {
    let _open = Open::watched();
    let (here, there) = connected();
    for value in [true, false] {
        round(&here, KeepAlive(value));
        round(&here, OutOfBandInline(value));
        round(&here, DoNotRoute(value));
        round(&here, NoDelay(value));
        round(&here, Cork(value));
        round(&here, ReceiveBytesWaiting(value));
        round(&here, ThinLinearTimeouts(value));
        round(&here, SelectErrorQueue(value));
        round(&here, ReceiveTimestamps(value));
        round(&here, FreeBind(value));
        round(&here, ReceiveErrors(value));
        round(&here, SaveSyn(value));
        round(&here, ZeroCopyAllowed(value));
    }
    round(&here, QuickAcknowledge(false));
    round(&here, KeepAliveIdle(Duration::from_secs(61)));
    round(&here, KeepAliveInterval(Duration::from_secs(7)));
    round(&here, KeepAliveProbes(3));
    round(&here, UserTimeout(Duration::from_millis(30_001)));
    round(&here, SynRetries(3));
    round(&here, FinTimeout(Duration::from_secs(30)));
    round(&here, NotSentLowWater(16_384));
    round(&here, ReceiveLowWater(Bytes::new(100)));
    round(&here, Priority(3));
    round(&here, Linger(Some(Duration::from_secs(2))));
    round(&here, Linger(None));
    round(&here, MaximumPacingRate(1_000_000));
    round(&here, TypeOfService(0x28));
    round(&here, TimeToLive(33));
    round(&here, MinimumTimeToLive(2));
    round(&here, MtuDiscovery(PathMtu::Required));
    round(&here, CongestionControl("reno".into()));
    round(&here, PeekOffset(Some(4)));
    round(&here, PeekOffset(None));
    round(&here, BufferLock(LockedBuffers { send: true, receive: false }));
    round(&here, TransmitRehash(1));
    round(&here, MaximumRetransmissionTimeout(Duration::from_millis(5000)));
    round(&here, BoundInterface(Interface::named("lo").ok()));
    assert_eq!(here.option::<BoundDevice>().unwrap(), BoundDevice(Some("lo".into())));
    round(&here, BoundDevice(None));
    drop(there);
}

#[test]
fn a_datagram_socket_has_its_own() {
    let _open = Open::watched();
    let socket = UdpSocket::bind(&"[::1]:0".parse().unwrap()).unwrap();
    for value in [true, false] {
        round(&socket, Broadcast(value));
        round(&socket, ReceiveOffload(value));
        round(&socket, UdpCork(value));
        round(&socket, NoChecksumSent(value));
        round(&socket, NoChecksumTaken(value));
        round(&socket, ReceiveDropped(value));
        round(&socket, ReceivePriority(value));
        round(&socket, Ipv6ReceivePacketInformation(value));
        round(&socket, Ipv6ReceiveErrors(value));
        round(&socket, ReceiveHopLimit(value));
        round(&socket, ReceiveTrafficClass(value));
        round(&socket, Ipv6ReceiveOriginalDestination(value));
        round(&socket, Ipv6ReceiveFragmentSize(value));
        round(&socket, DoNotFragment(value));
        round(&socket, AutomaticFlowLabel(value));
        round(&socket, Ipv6MulticastLoop(value));
        round(&socket, Ipv6MulticastAll(value));
    }
    round(&socket, SegmentSize(1200));
    round(&socket, UnicastHops(Some(3)));
    round(&socket, MinimumHopCount(3));
    round(&socket, Ipv6TrafficClass(0x28));
    round(&socket, Ipv6MtuDiscovery(PathMtu::Probed));
    round(&socket, MulticastHops(Some(9)));
    round(&socket, Ipv6MulticastInterface(Interface::named("lo").ok()));
    let four = UdpSocket::unbound(IpVersion::V4).unwrap();
    for value in [true, false] {
        round(&four, ReceivePacketInformation(value));
        round(&four, ReceiveTimeToLive(value));
        round(&four, ReceiveTypeOfService(value));
        round(&four, ReceiveOriginalDestination(value));
        round(&four, ReceiveFragmentSize(value));
        round(&four, BindWithoutPort(value));
        round(&four, MulticastLoop(value));
        round(&four, MulticastAll(value));
    }
    round(&four, MulticastTimeToLive(4));
    round(&four, LocalPortRange(Ports { first: 40_000, last: 40_100 }));
    four.bind_to(&anywhere()).unwrap();
    if four.option::<LocalPortRange>().is_ok() {
        assert!((40_000..=40_100).contains(&four.local_address().unwrap().port()));
    }
}

#[test]
fn options_that_matter_before_are_set_before() {
    let _open = Open::watched();
    let address = "[::]:0".parse().unwrap();
    let socket = Unconnected::<TcpStream>::for_address(&address).unwrap();
    socket.set_option(Ipv6Only(true)).unwrap();
    socket.set_option(ReusePort(true)).unwrap();
    socket.set_option(MaximumSegment(1000)).unwrap();
    socket.set_option(DeferAccept(Duration::from_secs(3))).unwrap();
    socket.bind(&address).unwrap();
    let listener: TcpListener = socket.listen(5).unwrap();
    listener.set_option(FastOpen(5)).unwrap();
    assert_eq!(listener.option::<FastOpen>().unwrap(), FastOpen(5));
    assert!(listener.option::<Ipv6Only>().unwrap().0);
    assert!(listener.option::<DeferAccept>().unwrap().0 >= Duration::from_secs(3));
    let four = (std::net::Ipv4Addr::LOCALHOST, listener.local_address().unwrap().port()).into();
    assert!(TcpStream::connect(&four).is_err());
}

#[test]
fn the_first_packet_of_a_connection_is_kept_if_asked_for() {
    let _open = Open::watched();
    let listener = TcpListener::bind(&anywhere()).unwrap();
    listener.set_option(SaveSyn(true)).unwrap();
    let here = TcpStream::connect(&listener.local_address().unwrap()).unwrap();
    let (there, _) = listener.accept().unwrap();
    let headers = there.saved_syn().unwrap();
    assert_eq!((headers[0] >> 4, headers[9]), (4, 6), "{headers:?}");
    let port = u16::from_be_bytes([headers[20], headers[21]]);
    assert_eq!(port, here.local_address().unwrap().port());
    assert!(there.saved_syn().unwrap().is_empty());
}

#[test]
fn buffers_are_doubled_by_the_kernel() {
    let _open = Open::watched();
    let (here, _there) = UnixStream::pair().unwrap();
    here.set_option(SendBuffer(Bytes::new(20_000))).unwrap();
    assert_eq!(here.option::<SendBuffer>().unwrap(), SendBuffer(Bytes::new(40_000)));
    let memory = here.option::<MemoryInformation>().unwrap().0;
    assert_eq!((memory.send_buffer, memory.received), (40_000, 0));
    let error = here.set_option(SendBuffer(Bytes::new(1 << 32))).unwrap_err();
    assert!(error.to_string().starts_with("set SO_SNDBUF: takes up to"), "{error}");
}

#[test]
fn each_socket_has_a_cookie_and_its_namespace_another() {
    let _open = Open::watched();
    let (here, there) = connected();
    assert_ne!(here.option::<Cookie>().unwrap(), there.option::<Cookie>().unwrap());
    let namespace = here.option::<NamespaceCookie>().unwrap();
    assert_eq!(namespace, there.option::<NamespaceCookie>().unwrap());
}

#[test]
fn the_state_of_a_connection_is_told() {
    let _open = Open::watched();
    let (here, there) = connected();
    here.send_all(&[7; 5000]).unwrap();
    there.receive_all(&mut [0; 5000]).unwrap();
    let end = std::time::Instant::now() + Duration::from_secs(10);
    let information = loop {
        let information = here.option::<TcpInformation>().unwrap();
        if information.bytes_acknowledged >= Some(Bytes::new(5001)) || std::time::Instant::now() > end {
            break information;
        }
    };
    assert_eq!(information.state, TcpState::Established);
    assert_eq!(information.bytes_sent, Some(Bytes::new(5000)));
    // The packet that opened the connection counts as one.
    assert_eq!(information.bytes_acknowledged, Some(Bytes::new(5001)));
    assert!(information.options.contains(TcpOptions::SELECTIVE_ACKNOWLEDGEMENTS));
    assert!(information.round_trip > Duration::ZERO && information.congestion_window > 0);
    assert_eq!(there.option::<TcpInformation>().unwrap().bytes_received, Some(Bytes::new(5000)));
    let listener = TcpListener::bind(&anywhere()).unwrap();
    assert_eq!(listener.option::<TcpInformation>().unwrap().state, TcpState::Listen);
}

#[test]
fn what_is_out_of_range_is_refused_with_what_is_taken() {
    let _open = Open::watched();
    let (here, _there) = connected();
    let refused = |result: Result<(), linux_support_base::Error>, text: &str| {
        let error = result.unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
    };
    refused(here.set_option(KeepAliveIdle(Duration::from_millis(5))), "whole seconds");
    refused(here.set_option(Linger(Some(Duration::from_nanos(1)))), "whole seconds");
    refused(here.set_option(CongestionControl("a name of 16 bytes".into())), "up to 15 bytes");
    refused(here.set_option(BoundDevice(Some("".into()))), "1 to 15 bytes");
    refused(here.set_option(PeekOffset(Some(u32::MAX))), "0 to 2147483647");
    refused(here.set_option(LocalPortRange(Ports { first: 9, last: 8 })), "not above the last");
    let error = here.set_option(KeepAliveIdle(Duration::from_secs(32_768))).unwrap_err();
    assert_eq!(error.reason(), &Reason::System(Errno::INVAL));
    let error = here.set_option(CongestionControl("no-such".into())).unwrap_err();
    assert!(error.is_absent(), "{error}");
}

#[test]
fn a_filter_is_taken_off_even_if_there_is_none() {
    let _open = Open::watched();
    connected().0.detach_filter().unwrap();
}

mod lab {
    mod any {
        use super::super::*;

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn options_for_administrators_are_set() {
            let _open = Open::watched();
            let socket = UdpSocket::bind(&anywhere()).unwrap();
            round(&socket, Mark(77));
            round(&socket, Priority(9));
            round(&socket, Transparent(true));
            round(&socket, BusyPoll(Duration::from_micros(50)));
            round(&socket, PreferBusyPoll(true));
            socket.set_option(BusyPollBudget(16)).unwrap();
            round(&socket, ReceiveMark(true));
            let timing =
                TransmitTiming { clock: TransmitClock::Monotonic, deadline: true, report_errors: true };
            round(&socket, TransmitTime(timing));
            socket.set_option(ReceiveBufferForced(Bytes::new(8 << 20))).unwrap();
            assert_eq!(socket.option::<ReceiveBuffer>().unwrap(), ReceiveBuffer(Bytes::new(16 << 20)));
            socket.set_option(SendBufferForced(Bytes::new(8 << 20))).unwrap();
            assert_eq!(socket.option::<SendBuffer>().unwrap(), SendBuffer(Bytes::new(16 << 20)));
        }
    }
}
