//! Both ways through one socket.

use linux_raw_sys::if_packet::PACKET_RX_RING;
use linux_support_base::Error;

use super::{
    ReceiveRing, ReceiveRingOptions, SendRing, SendRingOptions, Version, failed, send::leave_out_malformed,
    set, set_version,
};
use crate::socket::PacketSocket;

/// Gives a socket a ring each way: one binding, one place in a group that shares packets, one number of the network
/// stack for both. Each ring is used by itself, from whatever thread.
///
/// ```
/// use linux_support_fd::socket::{
///     Interface, LinkAddress, PacketSocket,
///     packet::ring::{ReceiveRingOptions, SendRingOptions, ring_pair},
/// };
///
/// let socket = match PacketSocket::open(0) {
///     Ok(socket) => socket,
///     Err(error) => return Ok(println!("{error}")), // without CAP_NET_RAW
/// };
/// let (receive, mut send) = ring_pair(socket, ReceiveRingOptions::default(), SendRingOptions::default())?;
/// // For both.
/// receive.socket().bind(&LinkAddress::new(Some(Interface::named("lo")?), 0x88b5))?;
/// let mut frame = send.frame()?;
/// frame.buffer()[12..21].copy_from_slice(b"\x88\xb5content");
/// frame.commit(21)?;
/// assert_eq!(send.flush()?.get(), 21);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Errors
/// The options are out of range, there is no memory or no descriptor left, or the socket has a ring.
///
/// # Source
/// packet(7), PACKET_RX_RING and PACKET_TX_RING; of the third version.
#[doc(alias = "TPACKET_V3")]
pub fn ring_pair(
    socket: PacketSocket,
    receive: ReceiveRingOptions,
    send: SendRingOptions,
) -> Result<(ReceiveRing, SendRing), Error> {
    let (request, layout) = (receive.request()?, send.layout()?);
    let twin = socket.try_clone()?;
    set_version(&socket, Version::Third).map_err(failed)?;
    leave_out_malformed(&socket)?;
    set(&socket, PACKET_RX_RING, &request).map_err(failed)?;
    SendRing::request_beside_blocks(&socket, &layout)?;
    // The kernel maps both at once or none: each value has a mapping of both, and uses its own ring in it.
    let before = receive.block_size.get() as usize * receive.blocks as usize;
    let receive = ReceiveRing::map(socket, receive, layout.bytes())?;
    Ok((receive, SendRing::map_beside_blocks(twin, &layout, before)?))
}
