//! Options of TCP: tcp(7).

use std::{os::fd::AsFd, time::Duration};

use linux_raw_sys::net::*;
use linux_support_base::{ByteString, Bytes, Error, Requirement};

use super::{
    codec::{Flag, Microseconds, Milliseconds, Name, Number, Seconds, Size},
    options,
};
use crate::{
    socket::{Internet, Stream},
    sys::socket::get_option,
};

options! { Tcp = libc::IPPROTO_TCP;
    /// Whether each packet is sent at once, and not kept to be filled.
    NoDelay(bool as Flag) = TCP_NODELAY, "TCP_NODELAY" => read write;
    /// Whether only full packets are sent, for up to 200 milliseconds, until this is cleared.
    Cork(bool as Flag) = TCP_CORK, "TCP_CORK" => read write;
    /// Whether packets are acknowledged at once. The kernel takes it back when it sees fit.
    QuickAcknowledge(bool as Flag) = TCP_QUICKACK, "TCP_QUICKACK" => read write;
    /// How long a listener waits for a connection's first bytes before it lets it be accepted. The kernel rounds it up
    /// to a time at which it would have sent again.
    DeferAccept(Duration as Seconds) = TCP_DEFER_ACCEPT, "TCP_DEFER_ACCEPT" => read write;
    /// How many connections that bring data with their first packet may be under way to a listener; 0 for none.
    FastOpen(u32 as Number) = TCP_FASTOPEN, "TCP_FASTOPEN" => read write;
    /// Whether connecting waits for the first bytes, to send them with the first packet.
    FastOpenConnect(bool as Flag) = TCP_FASTOPEN_CONNECT, "TCP_FASTOPEN_CONNECT" => read write;
    /// Whether that is so without a cookie of before.
    FastOpenWithoutCookie(bool as Flag) = TCP_FASTOPEN_NO_COOKIE, "TCP_FASTOPEN_NO_COOKIE" => read write;
    /// How long nothing is received before the other end is asked whether it is there: 1 to 32,767 seconds.
    KeepAliveIdle(Duration as Seconds) = TCP_KEEPIDLE, "TCP_KEEPIDLE" => read write;
    /// How long is waited for an answer before it is asked again: 1 to 32,767 seconds.
    KeepAliveInterval(Duration as Seconds) = TCP_KEEPINTVL, "TCP_KEEPINTVL" => read write;
    /// How often it is asked before it counts as gone: 1 to 127.
    KeepAliveProbes(u8 as Number) = TCP_KEEPCNT, "TCP_KEEPCNT" => read write;
    /// How long what was sent may go without an answer before the connection counts as broken; 0 for the system's.
    UserTimeout(Duration as Milliseconds) = TCP_USER_TIMEOUT, "TCP_USER_TIMEOUT" => read write;
    /// How often a connection is asked for: 1 to 127.
    SynRetries(u8 as Number) = TCP_SYNCNT, "TCP_SYNCNT" => read write;
    /// How long an end that was closed waits for the other to close as well.
    FinTimeout(Duration as Seconds) = TCP_LINGER2, "TCP_LINGER2" => read write;
    /// The most bytes in a packet: 88 to 32,767. Before the connection, it is what the other end is told.
    MaximumSegment(u16 as Number) = TCP_MAXSEG, "TCP_MAXSEG" => read write;
    /// How many bytes may wait to be sent before the socket counts as not writable.
    NotSentLowWater(u32 as Number) = TCP_NOTSENT_LOWAT, "TCP_NOTSENT_LOWAT" => read write;
    /// The most that the other end is told it may send, in bytes.
    WindowClamp(Bytes as Size) = TCP_WINDOW_CLAMP, "TCP_WINDOW_CLAMP" => read write;
    /// Whether the first packets of connections are kept, for [`Stream::saved_syn`](crate::socket::Stream::saved_syn).
    SaveSyn(bool as Flag) = TCP_SAVE_SYN, "TCP_SAVE_SYN" => read write;
    /// Whether each receiving says how many bytes are left.
    ReceiveBytesWaiting(bool as Flag) = TCP_INQ, "TCP_INQ" => read write;
    /// Whether a stream of few packets is sent again after the same time each time.
    ThinLinearTimeouts(bool as Flag) = TCP_THIN_LINEAR_TIMEOUTS, "TCP_THIN_LINEAR_TIMEOUTS" => read write;
    /// How long each packet is held back, to try how things are over a long way.
    TransmitDelay(Duration as Microseconds) = TCP_TX_DELAY, "TCP_TX_DELAY" => read write;
    /// The protocol above that the kernel speaks: `tls`.
    UpperLayerProtocol(ByteString as Name) = TCP_ULP, "TCP_ULP" => read write;
    /// Whether the connection takes several ways.
    IsMultipath(bool as Flag) = TCP_IS_MPTCP, "TCP_IS_MPTCP" => read;
    /// The longest time after which a packet is sent again: 1 to 120 seconds.
    MaximumRetransmissionTimeout(Duration as Milliseconds) = TCP_RTO_MAX_MS, "TCP_RTO_MAX_MS", needs Requirement::none().since(6, 15) => read write;
    /// The shortest time after which a packet is sent again.
    MinimumRetransmissionTimeout(Duration as Microseconds) = TCP_RTO_MIN_US, "TCP_RTO_MIN_US" => read write;
    /// The longest time that an acknowledgement is held back.
    MaximumAcknowledgementDelay(Duration as Microseconds) = TCP_DELACK_MAX_US, "TCP_DELACK_MAX_US" => read write;
}

impl Stream<Internet> {
    /// The headers of IP and TCP of the connection's first packet, if [`SaveSyn`] had its listener keep them; they are
    /// given once. Empty, if there are none.
    ///
    /// # Errors
    /// None that is known.
    #[doc(alias = "TCP_SAVED_SYN")]
    pub fn saved_syn(&self) -> Result<Vec<u8>, Error> {
        let mut headers = vec![0; 512];
        let length = get_option(self.as_fd(), libc::IPPROTO_TCP, TCP_SAVED_SYN as libc::c_int, &mut headers)
            .map_err(|errno| Error::system("read", "TCP_SAVED_SYN", errno))?;
        headers.truncate(length);
        Ok(headers)
    }
}
