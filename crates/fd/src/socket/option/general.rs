//! Options of all sockets: socket(7); and of Unix sockets: unix(7).

use std::time::Duration;

use linux_raw_sys::net::*;
use linux_support_base::{ByteString, Bytes, Cpu, Requirement};

use super::{
    codec::{
        Codec, Encoded, Flag, Microseconds, Name, Number, OrMinusOne, OrNone, Own, READ_ONLY, Size, int,
    },
    options,
};
use crate::socket::Interface;

const NET_ADMIN: Requirement = Requirement::none().capability("CAP_NET_ADMIN");

/// A clock that a packet's time to be sent is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransmitClock {
    /// That of the discipline "etf", mostly: CLOCK_TAI.
    InternationalAtomicTime,
    /// That of the discipline "fq": CLOCK_MONOTONIC.
    Monotonic,
    /// CLOCK_REALTIME.
    RealTime,
    /// Of a number that this library does not know.
    Unknown(i32),
}

/// How packets are sent at a certain time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransmitTiming {
    /// The clock.
    pub clock: TransmitClock,
    /// The time is a deadline: the packet may be sent before.
    pub deadline: bool,
    /// Packets whose time had passed come to the error queue.
    pub report_errors: bool,
}

/// What a socket's memory is used for, in bytes unless something else is said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Memory {
    /// Received, and not yet taken.
    pub received: u32,
    /// The most of that.
    pub receive_buffer: u32,
    /// Handed to devices to be sent.
    pub sending: u32,
    /// The most of that.
    pub send_buffer: u32,
    /// Reserved beforehand, and not yet used.
    pub forward_allocated: u32,
    /// Queued to be sent.
    pub queued: u32,
    /// For options and such.
    pub options: u32,
    /// Received while the socket was in use, and not yet handled.
    pub backlog: u32,
    /// How many packets were dropped.
    pub drops: Option<u32>,
}

/// Which buffer sizes the kernel leaves as they were set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LockedBuffers {
    /// That to send.
    pub send: bool,
    /// That to receive.
    pub receive: bool,
}

options! { General = SOL_SOCKET;
    /// Whether an address may be taken that connections of before still have, or another socket that says so too.
    ReuseAddress(bool as Flag) = SO_REUSEADDR, "SO_REUSEADDR" => read write;
    /// Whether several sockets of one user share an address, among which the kernel spreads what comes: see [`Steering`](super::Steering).
    ReusePort(bool as Flag) = SO_REUSEPORT, "SO_REUSEPORT" => read write;
    /// Whether the other end is asked now and then whether it is still there.
    KeepAlive(bool as Flag) = SO_KEEPALIVE, "SO_KEEPALIVE" => read write;
    /// Whether datagrams may go to all on the link.
    Broadcast(bool as Flag) = SO_BROADCAST, "SO_BROADCAST" => read write;
    /// Whether only machines on the link are reached.
    DoNotRoute(bool as Flag) = SO_DONTROUTE, "SO_DONTROUTE" => read write;
    /// Whether urgent data stays in its place in the stream.
    OutOfBandInline(bool as Flag) = SO_OOBINLINE, "SO_OOBINLINE" => read write;
    /// How long closing waits for what is still to be sent, in whole seconds; 0 breaks the connection off. `None`: it
    /// doesn't wait, and the kernel goes on sending.
    Linger(Option<Duration> as Own) = SO_LINGER, "SO_LINGER" => read write;
    /// The room to receive. The kernel doubles what is set, for its own needs, and takes no more than
    /// `/proc/sys/net/core/rmem_max`; what is read is doubled.
    ReceiveBuffer(Bytes as Size) = SO_RCVBUF, "SO_RCVBUF" => read write;
    /// The room to send; as [`ReceiveBuffer`], and `wmem_max`.
    SendBuffer(Bytes as Size) = SO_SNDBUF, "SO_SNDBUF" => read write;
    /// [`ReceiveBuffer`] beyond the limit.
    ReceiveBufferForced(Bytes as Size) = SO_RCVBUFFORCE, "SO_RCVBUFFORCE", needs NET_ADMIN => write;
    /// [`SendBuffer`] beyond the limit.
    SendBufferForced(Bytes as Size) = SO_SNDBUFFORCE, "SO_SNDBUFFORCE", needs NET_ADMIN => write;
    /// Which of these sizes the kernel doesn't adjust.
    BufferLock(LockedBuffers as Own) = SO_BUF_LOCK, "SO_BUF_LOCK" => read write;
    /// How many bytes there must be before the socket is readable.
    ReceiveLowWater(Bytes as Size) = SO_RCVLOWAT, "SO_RCVLOWAT" => read write;
    /// The priority of packets: 0 to 6; others need the capability.
    Priority(u32 as Number) = SO_PRIORITY, "SO_PRIORITY", needs NET_ADMIN => read write;
    /// The mark of packets, for routing and the firewall.
    Mark(u32 as Number) = SO_MARK, "SO_MARK", needs NET_ADMIN => read write;
    /// The interface that alone is used, by name.
    BoundDevice(Option<ByteString> as Name) = SO_BINDTODEVICE, "SO_BINDTODEVICE", needs Requirement::none().capability("CAP_NET_RAW") => read write;
    /// The interface that alone is used.
    BoundInterface(Option<Interface> as OrNone) = SO_BINDTOIFINDEX, "SO_BINDTOIFINDEX" => read write;
    /// The CPU that handled the last packet of the connection. Set on sockets that share a port, it has each get what
    /// comes to its CPU.
    IncomingCpu(Option<Cpu> as OrMinusOne) = SO_INCOMING_CPU, "SO_INCOMING_CPU" => read write;
    /// The receive queue that the last packet came by: 0 if it is not known.
    IncomingQueue(u32 as Number) = SO_INCOMING_NAPI_ID, "SO_INCOMING_NAPI_ID" => read;
    /// How long receiving asks the device itself, in place of waiting for its interrupt.
    BusyPoll(Duration as Microseconds) = SO_BUSY_POLL, "SO_BUSY_POLL", needs NET_ADMIN => read write;
    /// Whether interrupts stay off as long as the process asks often enough.
    PreferBusyPoll(bool as Flag) = SO_PREFER_BUSY_POLL, "SO_PREFER_BUSY_POLL", needs NET_ADMIN => read write;
    /// How many packets are taken at once where the device is asked.
    BusyPollBudget(u16 as Number) = SO_BUSY_POLL_BUDGET, "SO_BUSY_POLL_BUDGET", needs NET_ADMIN => write;
    /// Whether each message says when it came, in microseconds.
    ReceiveTimestamps(bool as Flag) = SO_TIMESTAMP_OLD, "SO_TIMESTAMP" => read write;
    /// Whether each message says when it came, in nanoseconds.
    ReceiveTimestampsNanoseconds(bool as Flag) = SO_TIMESTAMPNS_OLD, "SO_TIMESTAMPNS" => read write;
    /// Whether each message says how many were dropped so far.
    ReceiveDropped(bool as Flag) = SO_RXQ_OVFL, "SO_RXQ_OVFL" => read write;
    /// Whether each message says its mark.
    ReceiveMark(bool as Flag) = SO_RCVMARK, "SO_RCVMARK", needs NET_ADMIN.since(5, 19) => read write;
    /// Whether each message says its priority.
    ReceivePriority(bool as Flag) = SO_RCVPRIORITY, "SO_RCVPRIORITY", needs Requirement::none().since(6, 14) => read write;
    /// That packets are sent at the time that each of them names.
    TransmitTime(TransmitTiming as Own) = SO_TXTIME, "SO_TXTIME", needs NET_ADMIN => read write;
    /// The most bytes a second that are sent.
    MaximumPacingRate(u64 as Number) = SO_MAX_PACING_RATE, "SO_MAX_PACING_RATE" => read write;
    /// Memory that the socket has for itself alone, and need not ask for. It is charged to the control group.
    ReservedMemory(Bytes as Size) = SO_RESERVE_MEM, "SO_RESERVE_MEM", needs Requirement::none().since(5, 16) => read write;
    /// Where peeking begins, in bytes; each time that something is peeked at moves it on. `None`: at the beginning, always.
    PeekOffset(Option<u32> as OrMinusOne) = SO_PEEK_OFF, "SO_PEEK_OFF" => read write;
    /// What its memory is used for.
    MemoryInformation(Memory as Own) = SO_MEMINFO, "SO_MEMINFO" => read;
    /// A number that no other socket of the machine has or had.
    Cookie(u64 as Number) = SO_COOKIE, "SO_COOKIE" => read;
    /// A number that no other network namespace has or had.
    NamespaceCookie(u64 as Number) = SO_NETNS_COOKIE, "SO_NETNS_COOKIE", needs Requirement::none().since(5, 14) => read;
    /// Whether data can be sent without a copy: [`ZeroCopy`](crate::socket::ZeroCopy) sets it.
    ZeroCopyAllowed(bool as Flag) = SO_ZEROCOPY, "SO_ZEROCOPY" => read write;
    /// Whether nobody can take the filter off any more.
    FilterLock(bool as Flag) = SO_LOCK_FILTER, "SO_LOCK_FILTER" => read write;
    /// Whether poll says that there is urgent data (POLLPRI) where something is in the error queue.
    SelectErrorQueue(bool as Flag) = SO_SELECT_ERR_QUEUE, "SO_SELECT_ERR_QUEUE" => read write;
    /// Whether the path through the network is chosen anew where packets are lost: 0 no, 1 yes, 255 as the system says.
    TransmitRehash(u8 as Number) = SO_TXREHASH, "SO_TXREHASH", needs Requirement::none().since(5, 18) => read write;
}

options! { Unix = SOL_SOCKET;
    /// Whether each message says who sent it.
    PassCredentials(bool as Flag) = SO_PASSCRED, "SO_PASSCRED" => read write;
    /// Whether each message brings the process that sent it.
    PassPidFd(bool as Flag) = SO_PASSPIDFD, "SO_PASSPIDFD", needs Requirement::none().since(6, 5) => read write;
    /// Whether each message says the security label of who sent it.
    PassSecurity(bool as Flag) = SO_PASSSEC, "SO_PASSSEC" => read write;
    /// Whether messages may bring descriptors, as they may unless this is cleared.
    PassDescriptors(bool as Flag) = SO_PASSRIGHTS, "SO_PASSRIGHTS", needs Requirement::none().since(6, 16) => read write;
}

impl Codec<Option<Duration>> for Own {
    fn encode(value: &Option<Duration>) -> Result<Encoded, &'static str> {
        let seconds = value.unwrap_or_default();
        let whole = i32::try_from(seconds.as_secs()).ok().filter(|_| seconds.subsec_nanos() == 0);
        let whole = whole.ok_or("takes whole seconds up to 2147483647")?;
        let bytes = [i32::from(value.is_some()).to_ne_bytes(), whole.to_ne_bytes()].concat();
        Encoded::new(&bytes).ok_or(READ_ONLY)
    }

    fn decode(bytes: &[u8]) -> Option<Option<Duration>> {
        let (on, seconds) = bytes.split_at_checked(4)?;
        let seconds = Duration::from_secs(int(seconds)?.try_into().ok()?);
        Some((int(on)? != 0).then_some(seconds))
    }
}

impl Codec<LockedBuffers> for Own {
    fn encode(value: &LockedBuffers) -> Result<Encoded, &'static str> {
        let send = if value.send { SOCK_SNDBUF_LOCK } else { 0 };
        let receive = if value.receive { SOCK_RCVBUF_LOCK } else { 0 };
        Ok(Encoded::number(send | receive))
    }

    fn decode(bytes: &[u8]) -> Option<LockedBuffers> {
        let flags = int(bytes)? as u32;
        Some(LockedBuffers { send: flags & SOCK_SNDBUF_LOCK != 0, receive: flags & SOCK_RCVBUF_LOCK != 0 })
    }
}

impl Codec<TransmitTiming> for Own {
    fn encode(value: &TransmitTiming) -> Result<Encoded, &'static str> {
        let clock = match value.clock {
            TransmitClock::RealTime => libc::CLOCK_REALTIME,
            TransmitClock::Monotonic => libc::CLOCK_MONOTONIC,
            TransmitClock::InternationalAtomicTime => libc::CLOCK_TAI,
            TransmitClock::Unknown(number) => number,
        };
        let flags = u32::from(value.deadline) | u32::from(value.report_errors) << 1;
        Encoded::new(&[clock.to_ne_bytes(), flags.to_ne_bytes()].concat()).ok_or(READ_ONLY)
    }

    fn decode(bytes: &[u8]) -> Option<TransmitTiming> {
        let (clock, flags) = bytes.split_at_checked(4)?;
        let flags = int(flags)?;
        let clock = match int(clock)? {
            libc::CLOCK_REALTIME => TransmitClock::RealTime,
            libc::CLOCK_MONOTONIC => TransmitClock::Monotonic,
            libc::CLOCK_TAI => TransmitClock::InternationalAtomicTime,
            number => TransmitClock::Unknown(number),
        };
        Some(TransmitTiming { clock, deadline: flags & 1 != 0, report_errors: flags & 2 != 0 })
    }
}

impl Codec<Memory> for Own {
    fn encode(_: &Memory) -> Result<Encoded, &'static str> {
        Err(READ_ONLY)
    }

    fn decode(bytes: &[u8]) -> Option<Memory> {
        let (numbers, _) = bytes.as_chunks::<4>();
        let number = |index: usize| numbers.get(index).map(|number| u32::from_ne_bytes(*number));
        Some(Memory {
            received: number(0)?,
            receive_buffer: number(1)?,
            sending: number(2)?,
            send_buffer: number(3)?,
            forward_allocated: number(4)?,
            queued: number(5)?,
            options: number(6)?,
            backlog: number(7)?,
            drops: number(8),
        })
    }
}
