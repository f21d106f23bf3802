//! Unix sockets: who is at the other end, and their places in the file system.

mod connect;
mod peer;

pub(super) use connect::connect_path;
pub use peer::UnixPeer;
