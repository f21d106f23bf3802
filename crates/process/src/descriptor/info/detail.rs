use linux_support_base::{
    ByteString, Bytes, ParseError, Pid, SignalSet,
    text::{boolean, decimal, fields, hexadecimal},
};
use linux_support_fd::{
    Watched,
    user_fault::{FaultOperations, UserFaultFeatures},
};

use super::{
    BpfLink, BpfMap, BpfProgram, FanotifyGroup, GraphicsClient, InotifyWatch, RingState, TimerState,
    entries::Entries,
};

/// What fdinfo says of a descriptor of one kind.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(tag = "kind", content = "state", rename_all = "kebab-case")
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum DescriptorDetail {
    /// Nothing: files, pipes, and whatever has nothing to say.
    Plain,
    /// eventfd(2): its counter.
    Event(EventCounter),
    /// epoll(7): what it watches.
    #[cfg_attr(feature = "serde", serde(serialize_with = "super::foreign::watched"))]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<super::foreign::WatchedForm>"))]
    Epoll(Vec<Watched<u64>>),
    /// timerfd_create(2): its timer.
    Timer(TimerState),
    /// signalfd(2): the signals that it takes.
    Signals(SignalSet),
    /// inotify(7): its watches.
    Inotify(Vec<InotifyWatch>),
    /// fanotify(7): its group.
    Fanotify(FanotifyGroup),
    /// pidfd_open(2): the process.
    Process(PidTarget),
    /// io_uring(7): the ring.
    Ring(Box<RingState>),
    /// A map of BPF.
    BpfMap(BpfMap),
    /// A program of BPF.
    BpfProgram(BpfProgram),
    /// A link of BPF.
    BpfLink(BpfLink),
    /// A graphics device (DRM).
    Graphics(Box<GraphicsClient>),
    /// Memory that devices share.
    DmaBuffer(DmaBuffer),
    /// userfaultfd(2).
    UserFault(UserFaultState),
    /// A socket of the machine itself: how many descriptors are under way to it.
    UnixSocket {
        /// How many descriptors were sent to it and not received yet. Since 5.10.
        #[doc(alias = "scm_fds")]
        descriptors_in_flight: u32,
    },
    /// `/dev/net/tun`: the network interface.
    Tunnel {
        /// The interface's name; empty where it has none yet.
        #[doc(alias = "iff")]
        interface: ByteString,
    },
    /// The master's side of a pseudo-terminal.
    PseudoTerminal {
        /// The number of the other side in `/dev/pts`.
        #[doc(alias = "tty-index")]
        index: i32,
    },
    /// A device of VFIO. Since 6.18.
    Vfio {
        /// Its folder in `/sys/devices`.
        #[doc(alias = "vfio-device-syspath")]
        path: ByteString,
    },
    /// `/dev/fuse`: the connection.
    Fuse {
        /// Its number in `/sys/fs/fuse/connections`.
        #[doc(alias = "fuse_connection")]
        connection: u32,
    },
}

/// The counter of eventfd(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct EventCounter {
    /// The count.
    pub count: u64,
    /// Its number in the kernel: equal for descriptors that share the counter. Since 5.2.
    pub id: Option<i32>,
    /// Whether reading takes one and not all. Since 6.5.
    pub is_semaphore: Option<bool>,
}

/// The process of a pidfd.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(tag = "state", rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum PidTarget {
    /// It is there.
    Alive {
        /// Its number, seen from the namespace of `/proc`.
        pid: Pid,
        /// Its numbers in the namespaces below that one, the innermost last.
        namespace_pids: Vec<Pid>,
    },
    /// It is in a namespace that `/proc` does not see.
    Elsewhere,
    /// It has ended and was waited for.
    Ended,
}

/// Memory that devices share.
///
/// # Source
/// Documentation/driver-api/dma-buf.rst; drivers/dma-buf/dma-buf.c.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct DmaBuffer {
    /// How large it is.
    pub size: Bytes,
    /// How often it is referred to.
    pub references: i64,
    /// Whose it is.
    #[doc(alias = "exp_name")]
    pub exporter: ByteString,
    /// The name that it was given, where it was.
    pub name: Option<ByteString>,
}

/// The state of userfaultfd(2).
///
/// # Source
/// fs/userfaultfd.c.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct UserFaultState {
    /// Faults that nobody has read.
    pub pending: u64,
    /// All faults that wait.
    pub total: u64,
    /// The version of the interface.
    pub version: u64,
    /// The features that are in force, and some of the kernel's own.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::serialize::flags"))]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub features: UserFaultFeatures,
    /// The bits of all features and operations that the kernel has.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::serialize::flags"))]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<String>"))]
    pub available: FaultOperations,
}

impl DescriptorDetail {
    /// Takes the lines of whatever it is, by the first key that tells.
    pub(super) fn take(entries: &mut Entries<'_>) -> Result<Self, ParseError> {
        if entries.has("eventfd-count") {
            EventCounter::take(entries).map(Self::Event)
        } else if entries.has("tfd") {
            let watched = entries.take_all(|entry| entry.key == b"tfd");
            let watched = watched.iter().map(|entry| Watched::parse_all(entry.line));
            let watched: Vec<_> = watched.collect::<Result<_, _>>()?;
            Ok(Self::Epoll(watched.into_iter().flatten().collect()))
        } else if entries.has("scm_fds") {
            Ok(Self::UnixSocket { descriptors_in_flight: entries.required("scm_fds")? })
        } else if entries.has("clockid") {
            TimerState::take(entries).map(Self::Timer)
        } else if entries.has("sigmask") {
            entries.required_with("sigmask", SignalSet::parse).map(Self::Signals)
        } else if entries.has_line(b"inotify ") {
            InotifyWatch::take_all(entries).map(Self::Inotify)
        } else if entries.has_line(b"fanotify ") {
            FanotifyGroup::take(entries).map(Self::Fanotify)
        } else if entries.has("Pid") {
            PidTarget::take(entries).map(Self::Process)
        } else if entries.has("SqMask") {
            RingState::take(entries).map(|state| Self::Ring(Box::new(state)))
        } else if entries.has("map_type") {
            BpfMap::take(entries).map(Self::BpfMap)
        } else if entries.has("prog_type") {
            BpfProgram::take(entries).map(Self::BpfProgram)
        } else if entries.has("link_type") {
            BpfLink::take(entries).map(Self::BpfLink)
        } else if entries.has("drm-driver") {
            GraphicsClient::take(entries).map(|client| Self::Graphics(Box::new(client)))
        } else if entries.has("exp_name") {
            DmaBuffer::take(entries).map(Self::DmaBuffer)
        } else if entries.has("API") && entries.has("pending") {
            UserFaultState::take(entries).map(Self::UserFault)
        } else if let Some(interface) = entries.take("iff") {
            Ok(Self::Tunnel { interface: interface.into() })
        } else if entries.has("tty-index") {
            Ok(Self::PseudoTerminal { index: entries.required("tty-index")? })
        } else if let Some(path) = entries.take("vfio-device-syspath") {
            Ok(Self::Vfio { path: path.into() })
        } else if entries.has("fuse_connection") {
            Ok(Self::Fuse { connection: entries.required("fuse_connection")? })
        } else {
            Ok(Self::Plain)
        }
    }
}

impl EventCounter {
    fn take(entries: &mut Entries<'_>) -> Result<Self, ParseError> {
        Ok(Self {
            count: entries.required_with("eventfd-count", hexadecimal)?,
            id: entries.optional("eventfd-id")?,
            is_semaphore: entries.optional_with("eventfd-semaphore", boolean)?,
        })
    }
}

impl PidTarget {
    fn take(entries: &mut Entries<'_>) -> Result<Self, ParseError> {
        let number: i32 = entries.required("Pid")?;
        let numbers = entries.take("NSpid").unwrap_or_default();
        Ok(match Pid::new(number) {
            Some(pid) => {
                // The first of them is of the namespace of `/proc`: the number that is known already.
                let below = fields(numbers).skip(1).map(Pid::parse);
                let below = below.collect::<Result<_, _>>();
                Self::Alive { pid, namespace_pids: below.map_err(|error| error.in_field("NSpid"))? }
            }
            None if number == 0 => Self::Elsewhere,
            None => Self::Ended,
        })
    }
}

impl DmaBuffer {
    fn take(entries: &mut Entries<'_>) -> Result<Self, ParseError> {
        Ok(Self {
            size: Bytes::new(entries.required("size")?),
            references: entries.required("count")?,
            exporter: entries.required_with("exp_name", |name| Ok(name.into()))?,
            name: entries.take("name").map(ByteString::from),
        })
    }
}

impl UserFaultState {
    fn take(entries: &mut Entries<'_>) -> Result<Self, ParseError> {
        let pending = entries.required_with("pending", decimal)?;
        let total = entries.required_with("total", decimal)?;
        entries.required_with("API", |text| {
            let mut numbers = text.split(|&byte| byte == b':').map(hexadecimal::<u64>);
            let mut next =
                || numbers.next().unwrap_or_else(|| Err(ParseError::expected("three numbers", text)));
            Ok(Self {
                pending,
                total,
                version: next()?,
                features: UserFaultFeatures::from_bits_retain(next()?),
                available: FaultOperations::from_bits_retain(next()?),
            })
        })
    }
}
