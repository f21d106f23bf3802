//! Sockets that share a port.

use std::time::Duration;

use linux_support_base::{Cpu, Errno, Reason};
use linux_support_fd::socket::{
    IpVersion, Socket, TcpListener, UdpSocket,
    option::{IncomingCpu, ReusePort, Steering},
};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use super::anywhere;
use crate::open::Open;

/// Sockets that share a port.
fn sharing(count: usize) -> Vec<UdpSocket> {
    let mut sockets: Vec<UdpSocket> = Vec::new();
    for _ in 0..count {
        let socket = UdpSocket::unbound(IpVersion::V4).unwrap();
        socket.set_option(ReusePort(true)).unwrap();
        let address = sockets.first().map_or_else(anywhere, |first| first.local_address().unwrap());
        socket.bind_to(&address).unwrap();
        sockets.push(socket);
    }
    sockets
}

/// Runs `work` on one CPU; `None` if the thread may not run there.
fn on<T>(cpu: usize, work: impl FnOnce() -> T) -> Option<T> {
    let before = sched_getaffinity(None).unwrap();
    let mut one = CpuSet::new();
    one.set(cpu);
    if !before.is_set(cpu) {
        return None;
    }
    sched_setaffinity(None, &one).unwrap();
    let value = work();
    sched_setaffinity(None, &before).unwrap();
    Some(value)
}

#[test]
fn a_datagram_comes_to_the_socket_of_the_cpu_that_handles_it() {
    let _open = Open::watched();
    let sockets = sharing(2);
    sockets[0].steer(Steering::Cpu { sockets: 2 }).unwrap();
    let address = sockets[0].local_address().unwrap();
    for cpu in [0, 1, 0, 1] {
        // Each from another port: by the addresses alone, they would be spread.
        for _ in 0..8 {
            let sender = UdpSocket::bind(&anywhere()).unwrap();
            if on(cpu, || sender.send_to(b"x", &address).unwrap()).is_none() {
                continue;
            }
            let record = sockets[cpu].receive_within(&mut [0; 4], Duration::from_secs(5)).unwrap();
            assert!(record.is_some(), "CPU {cpu}");
            assert_eq!(sockets[1 - cpu].try_receive(&mut [0; 4]).unwrap(), None);
        }
    }
    sockets[0].steer(Steering::Addresses).unwrap();
    sockets[0].steer(Steering::Addresses).unwrap();
}

#[test]
fn a_socket_says_and_asks_for_its_cpu() {
    let _open = Open::watched();
    let sockets = sharing(2);
    let address = sockets[0].local_address().unwrap();
    for (number, socket) in sockets.iter().enumerate() {
        let cpu = Cpu::new(number as u32);
        socket.set_option(IncomingCpu(cpu)).unwrap();
        assert_eq!(socket.option::<IncomingCpu>().unwrap(), IncomingCpu(cpu));
    }
    for cpu in [0, 1] {
        let sender = UdpSocket::bind(&anywhere()).unwrap();
        if on(cpu, || sender.send_to(b"x", &address).unwrap()).is_some() {
            let record = sockets[cpu].receive_within(&mut [0; 4], Duration::from_secs(5)).unwrap();
            assert!(record.is_some(), "CPU {cpu}");
        }
    }
}

#[test]
fn random_steering_needs_a_socket_and_a_shared_port() {
    let _open = Open::watched();
    let sockets = sharing(3);
    sockets[0].steer(Steering::Random { sockets: 3 }).unwrap();
    let error = sockets[0].steer(Steering::Random { sockets: 0 }).unwrap_err();
    assert!(matches!(error.reason(), Reason::Invalid(_)), "{error}");
    let alone = TcpListener::bind(&anywhere()).unwrap();
    let error = alone.steer(Steering::Cpu { sockets: 1 }).unwrap_err();
    assert_eq!(error.reason(), &Reason::System(Errno::INVAL));
}
