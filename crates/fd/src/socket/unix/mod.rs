//! Unix sockets: who is at the other end, and their places in the file system.

mod connect;
mod peer;
mod socket_file;
mod walk;
mod workshop;

pub(super) use connect::connect_path;
pub use peer::UnixPeer;
pub use socket_file::{Placement, Published, SocketFile};
