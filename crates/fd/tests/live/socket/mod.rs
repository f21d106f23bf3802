//! Sockets of each kind.

mod ancillary;
mod batch;
mod can;
mod exhaustion;
mod interruption;
mod kind;
mod option;
mod packet;
mod packet_ring;
mod raw;
mod steering;
mod tcp;
mod udp;
mod unix;
mod unix_path;
mod unix_peer;
mod vsock;
mod zero_copy;

use std::net::SocketAddr;

use linux_support_fd::socket::{Socket, TcpListener, TcpStream, UdpSocket};

/// A port of this machine, to be chosen by the kernel.
fn anywhere() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 0))
}

/// Two ends of a new connection.
fn connected() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind(&anywhere()).unwrap();
    let here = TcpStream::connect(&listener.local_address().unwrap()).unwrap();
    let (there, from) = listener.accept().unwrap();
    assert_eq!(from, Some(here.local_address().unwrap()));
    (here, there)
}

/// Two sockets that are connected with each other.
fn connected_udp() -> (UdpSocket, UdpSocket) {
    let (here, there) = (UdpSocket::bind(&anywhere()).unwrap(), UdpSocket::bind(&anywhere()).unwrap());
    here.connect(&there.local_address().unwrap()).unwrap();
    there.connect(&here.local_address().unwrap()).unwrap();
    (here, there)
}
