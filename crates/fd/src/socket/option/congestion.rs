//! How TCP guesses what the network takes: tcp(7), TCP_CONGESTION.

use linux_raw_sys::net::TCP_CONGESTION;
use linux_support_base::ByteString;

use super::{codec::Name, options};

options! { Tcp = libc::IPPROTO_TCP;
    /// The algorithm that guesses what the network takes, by its name: `cubic`, `reno`, `bbr` … Those that
    /// `/proc/sys/net/ipv4/tcp_allowed_congestion_control` doesn't name need CAP_NET_ADMIN.
    CongestionControl(ByteString as Name) = TCP_CONGESTION, "TCP_CONGESTION",
        needs linux_support_base::Requirement::none().capability("CAP_NET_ADMIN") => read write;
}
