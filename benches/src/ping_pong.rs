//! 64 bytes to and fro over a Unix socket, beside the same calls made bare.

use linux_support_fd::socket::UnixStream;

use crate::{
    bare_socket::BarePair,
    pair::Side,
    table::{
        Row,
        Target::{self, Within},
    },
};

const TARGET: &[Target] = &[Within(1.02)];

/// How many bytes go to and fro.
const LENGTH: usize = 64;

/// The name of the measurement.
pub(crate) const NAME: &str = "ping-pong";

/// One round trip: sent here, received there, sent there, received here. By us, and bare.
pub(crate) fn sides() -> [Side<'static>; 2] {
    let (here, there) = UnixStream::pair().expect("a pair of sockets can be had");
    let bare = {
        let (here, there) = UnixStream::pair().expect("a pair of sockets can be had");
        BarePair::new(here.into(), there.into())
    };
    let (ping, mut pong) = ([7; LENGTH], [0; LENGTH]);
    let ours = move || {
        for (from, to) in [(&here, &there), (&there, &here)] {
            assert_eq!(from.try_send(&ping).expect("a socket is sent to"), Some(LENGTH));
            assert_eq!(to.try_receive(&mut pong).expect("a socket is received from"), Some(LENGTH));
        }
    };
    let (ping, mut pong) = ([7; LENGTH], [0; LENGTH]);
    [Box::new(ours), Box::new(move || bare.round_trip(&ping, &mut pong))]
}

/// The round trip, measured.
pub(crate) fn row(rounds: usize) -> Row {
    Row::beside_bare(NAME, &mut sides(), TARGET, rounds)
}
