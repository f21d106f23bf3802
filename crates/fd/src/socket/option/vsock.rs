//! Options of sockets between a virtual machine and its host: vsock(7).

use std::time::Duration;

use linux_support_base::Bytes;

use super::{
    codec::{LongSize, Number, TimeValue},
    options,
};

options! { Vsock = libc::AF_VSOCK;
    /// The room to receive.
    VsockBuffer(Bytes as LongSize) = 0, "SO_VM_SOCKETS_BUFFER_SIZE" => read write;
    /// The least that it can be.
    VsockMinimumBuffer(Bytes as LongSize) = 1, "SO_VM_SOCKETS_BUFFER_MIN_SIZE" => read write;
    /// The most that it can be.
    VsockMaximumBuffer(Bytes as LongSize) = 2, "SO_VM_SOCKETS_BUFFER_MAX_SIZE" => read write;
    /// How long connecting may take.
    VsockConnectTimeout(Duration as TimeValue) = 6, "SO_VM_SOCKETS_CONNECT_TIMEOUT" => read write;
    /// The number of the machine at the other end, by the hypervisor of VMware.
    VsockPeerMachine(i32 as Number) = 3, "SO_VM_SOCKETS_PEER_HOST_VM_ID" => read;
}
