//! Descriptors from elsewhere: each type takes its own kind and no other.

use std::{
    fs::File,
    os::{fd::AsRawFd, fd::OwnedFd, unix::net::UnixListener as StdListener},
    path::Path,
};

use linux_support_base::{Bytes, Error, Pid, Reason, SignalSet};
use linux_support_fd::{
    BpfDescriptor, Clock, Descriptor, Epoll, EventFd, Fanotify, FanotifyClass, FanotifyOptions,
    FanotifyReport, Inotify, Interest, MemFd, MessageQueue, MessageQueueName, MessageQueueOptions,
    MessageReceiver, MessageSender, PerfEvent, PidFd, PipeReader, PipeWriter, PseudoTerminal, Receiving,
    SecretMemory, Sending, SignalFd, Terminal, TimerFd,
    block_device::BlockDevice,
    character_device::{CharacterDevice, FullDevice, NullDevice, RandomDevice, ZeroDevice},
    directory::{DirectoryHandle, OpenHow, PathHandle},
    make_fifo,
    namespace::Namespace,
    pipe,
    socket::{
        CanSocket, NetlinkSocket, PacketSocket, RawSocket, TcpListener, TcpStream, UdpSocket, UnixDatagram,
        UnixListener, UnixSequenced, UnixSequencedListener, UnixStream, VsockListener, VsockSequenced,
        VsockSequencedListener, VsockStream,
    },
    user_fault::{FaultAccess, UserFault, UserFaultFeatures},
};

use crate::open::Open;

/// The name of the type, if it takes the descriptor.
fn tried<T: Descriptor + TryFrom<OwnedFd, Error = Error>>(descriptor: OwnedFd) -> Option<&'static str> {
    match T::try_from(descriptor) {
        Ok(_) => Some(T::NAME),
        Err(error) => {
            let reason = error.reason();
            assert!(
                matches!(reason, Reason::OtherDescriptor { expected, .. } if *expected == T::NAME),
                "{}: {error}",
                T::NAME
            );
            None
        }
    }
}

/// Whether it is of fanotify, to which a class must be said.
fn tried_as_group(descriptor: OwnedFd) -> Option<&'static str> {
    let group = Fanotify::from_descriptor(descriptor, FanotifyClass::Notification);
    match group {
        Ok(_) => Some("fanotify"),
        Err(error) => {
            let reason = error.reason();
            assert!(matches!(reason, Reason::OtherDescriptor { expected: "fanotify", .. }), "{error}");
            None
        }
    }
}

/// Says which type it is, if that takes the descriptor.
type Taker = fn(OwnedFd) -> Option<&'static str>;

/// Types of what has no name in any file system, and so can't be standard input either.
const OF_NO_FILE: [Taker; 12] = [
    tried::<BpfDescriptor>,
    tried::<Epoll<u64>>,
    tried::<EventFd>,
    tried_as_group,
    tried::<Inotify>,
    tried::<Namespace>,
    tried::<PerfEvent>,
    tried::<PidFd>,
    tried::<SecretMemory>,
    tried::<SignalFd>,
    tried::<TimerFd>,
    tried::<UserFault>,
];

const OF_FILES: [Taker; 16] = [
    tried::<BlockDevice>,
    tried::<CharacterDevice>,
    tried::<DirectoryHandle>,
    tried::<FullDevice>,
    tried::<MemFd>,
    tried::<MessageQueue>,
    tried::<MessageReceiver>,
    tried::<MessageSender>,
    tried::<NullDevice>,
    tried::<PathHandle>,
    tried::<PipeReader>,
    tried::<PipeWriter>,
    tried::<PseudoTerminal>,
    tried::<RandomDevice>,
    tried::<Terminal>,
    tried::<ZeroDevice>,
];

const OF_SOCKETS: [Taker; 16] = [
    tried::<CanSocket>,
    tried::<NetlinkSocket>,
    tried::<PacketSocket>,
    tried::<RawSocket>,
    tried::<TcpListener>,
    tried::<TcpStream>,
    tried::<UdpSocket>,
    tried::<UnixDatagram>,
    tried::<UnixListener>,
    tried::<UnixSequenced>,
    tried::<UnixSequencedListener>,
    tried::<UnixStream>,
    tried::<VsockListener>,
    tried::<VsockSequenced>,
    tried::<VsockSequencedListener>,
    tried::<VsockStream>,
];

fn takers_among(types: impl IntoIterator<Item = Taker>, descriptor: &OwnedFd) -> Vec<&'static str> {
    types.into_iter().filter_map(|tried| tried(descriptor.try_clone().unwrap())).collect()
}

/// Which types take a descriptor, by their names; all there are have their turn.
pub(crate) fn takers(descriptor: &OwnedFd) -> Vec<&'static str> {
    takers_among(OF_NO_FILE.into_iter().chain(OF_FILES).chain(OF_SOCKETS), descriptor)
}

/// What every kernel lets anyone make, and who takes it.
fn of_each_kind() -> Vec<(OwnedFd, &'static [&'static str])> {
    let mut by_handle = FanotifyOptions::default();
    by_handle.report = FanotifyReport::FILE;
    let this = Pid::new(std::process::id() as i32).unwrap();
    let (reader, writer) = pipe().unwrap();
    let controller = PseudoTerminal::open().unwrap();
    let terminal = controller.peer().unwrap();
    let faults = UserFault::new(FaultAccess::UserModeOnly, UserFaultFeatures::empty());
    vec![
        (
            CharacterDevice::open("/dev/full", OpenHow::reading()).unwrap().into(),
            &["character device", "full device"],
        ),
        (DirectoryHandle::open("/").unwrap().into(), &["directory", "path handle"]),
        (File::open("/").unwrap().into(), &["directory"]),
        (Epoll::<u64>::new().unwrap().into(), &["epoll"]),
        (EventFd::counter(0).unwrap().into(), &["eventfd"]),
        (EventFd::semaphore(0).unwrap().into(), &["eventfd"]),
        (Fanotify::new(by_handle).unwrap().into(), &["fanotify"]),
        (Inotify::new().unwrap().into(), &["inotify"]),
        (MemFd::new("memory").unwrap().into(), &["memfd"]),
        (Namespace::open("/proc/self/ns/uts").unwrap().into(), &["namespace"]),
        (NullDevice::open().unwrap().into(), &["character device", "null device"]),
        (PathHandle::open("/proc/version").unwrap().into(), &["path handle"]),
        (PidFd::open(this).unwrap().into(), &["pidfd"]),
        (reader.into(), &["reading end of a pipe"]),
        (writer.into(), &["writing end of a pipe"]),
        (terminal.into(), &["character device", "terminal"]),
        (controller.into(), &["character device", "pseudo-terminal"]),
        (RandomDevice::open().unwrap().into(), &["character device", "random device"]),
        (SignalFd::new(SignalSet::EMPTY).unwrap().into(), &["signalfd"]),
        (TimerFd::new(Clock::Monotonic).unwrap().into(), &["timerfd"]),
        (UnixStream::pair().unwrap().0.into(), &["Unix stream"]),
        (faults.unwrap().into(), &["userfaultfd"]),
        (ZeroDevice::open().unwrap().into(), &["character device", "zero device"]),
        (File::open("/proc/version").unwrap().into(), &[]),
        (tempfile::tempfile().unwrap().into(), &[]),
    ]
}

#[test]
fn standard_input_is_no_listener_of_any_kind() {
    let _open = Open::watched();
    // A call that fails gives -1, and a careless one 0: both would be some descriptor.
    let input = rustix::io::dup(std::io::stdin()).unwrap();
    assert!(takers_among(OF_NO_FILE, &input).is_empty());
}

#[test]
fn every_kind_is_taken_by_its_own_type_alone() {
    let _open = Open::watched();
    for (descriptor, expected) in of_each_kind() {
        assert_eq!(takers(&descriptor), expected);
    }
    // Not every kernel has these.
    if let Ok(memory) = SecretMemory::new(Bytes::new(1 << 16)) {
        assert_eq!(takers(&memory.into()), ["secret memory"]);
    }
    let name = MessageQueueName::new(format!("/linux-support-{}-kinds", std::process::id())).unwrap();
    let options = MessageQueueOptions::new().create().capacity(1).message_size(Bytes::new(1));
    if let Ok(both) = options.clone().unlink_on_drop().open(&name) {
        let both: MessageQueue = both;
        let receiver: OwnedFd = options.open::<Receiving>(&name).unwrap().into();
        let sender: OwnedFd = options.open::<Sending>(&name).unwrap().into();
        assert_eq!(takers(&receiver), [<MessageReceiver as Descriptor>::NAME]);
        assert_eq!(takers(&sender), [<MessageSender as Descriptor>::NAME]);
        assert_eq!(takers(&both.into())[0], <MessageQueue as Descriptor>::NAME);
    }
}

#[test]
fn what_can_be_waited_for_is_watched_by_an_epoll_and_nothing_else_is() {
    let _open = Open::watched();
    let waited_for = [
        "epoll",
        "eventfd",
        "fanotify",
        "inotify",
        "pidfd",
        "pseudo-terminal",
        "random device",
        "reading end of a pipe",
        "signalfd",
        "terminal",
        "timerfd",
        "Unix stream",
        "userfaultfd",
        "writing end of a pipe",
    ];
    let epoll = Epoll::<u64>::new().unwrap();
    // Files of /proc can be waited for, and others not.
    for (descriptor, names) in of_each_kind().into_iter().filter(|(_, names)| !names.is_empty()) {
        let added = epoll.add(&descriptor, Interest::READABLE, 0);
        let expected = names.iter().any(|name| waited_for.contains(name));
        assert_eq!(added.is_ok(), expected, "{names:?}: {added:?}");
        if expected {
            epoll.delete(&descriptor).unwrap();
        }
    }
}

#[test]
fn what_is_open_for_its_path_alone_is_nothing_but_a_place() {
    let _open = Open::watched();
    let folder = tempfile::tempdir().unwrap();
    let fifo = folder.path().join("fifo");
    make_fifo(File::open(folder.path()).unwrap(), "fifo", 0o600).unwrap();
    let socket = folder.path().join("socket");
    let _listener = StdListener::bind(&socket).unwrap();
    for path in
        [&fifo, &socket, Path::new("/dev/null"), Path::new("/dev/ptmx"), Path::new("/proc/self/ns/uts")]
    {
        let place = PathHandle::open(path).unwrap().into();
        assert_eq!(takers(&place), ["path handle"], "{}", path.display());
    }
    // What has no name in any file system is found through /proc.
    for (descriptor, expected) in of_each_kind() {
        let path = format!("/proc/self/fd/{}", descriptor.as_raw_fd());
        let Ok(place) = PathHandle::open(&path) else { continue };
        let takers = takers(&place.into());
        if expected.contains(&"directory") {
            assert_eq!(takers, ["directory", "path handle"]);
        } else {
            assert_eq!(takers, ["path handle"], "{expected:?}");
        }
    }
    let null = PathHandle::open("/dev/null").unwrap();
    let error = NullDevice::try_from(OwnedFd::from(null)).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("is no null device, but character device 1:3 open for nothing but its path"),
        "{error}"
    );
}

mod lab {
    mod devices {
        use linux_support_fd::{
            block_device::BlockAccess,
            socket::{ContextId, IpVersion, LinkAddress, Socket, VsockAddress},
        };

        use super::super::*;

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn what_needs_root_or_a_module_is_taken_by_its_own_type_alone() {
            let _open = Open::watched();
            for module in ["vsock_loopback", "can_raw", "loop"] {
                let status = std::process::Command::new("modprobe").arg(module).status().unwrap();
                assert!(status.success(), "{module}");
            }
            let here = VsockAddress::new(ContextId::LOCAL, VsockAddress::ANY_PORT);
            let disk = BlockDevice::open("/dev/loop0", BlockAccess::Read).unwrap();
            let streams = VsockListener::bind(&here).unwrap();
            let packets = VsockSequencedListener::bind(&here).unwrap();
            let stream = VsockStream::connect(&streams.local_address().unwrap()).unwrap();
            let sequenced = VsockSequenced::connect(&packets.local_address().unwrap()).unwrap();
            for (descriptor, expected) in [
                (OwnedFd::from(disk), ["block device"]),
                (CanSocket::open(None).unwrap().into(), ["CAN socket"]),
                (PacketSocket::open(LinkAddress::EVERY_PROTOCOL).unwrap().into(), ["packet socket"]),
                (RawSocket::open(IpVersion::V4, 1).unwrap().into(), ["raw socket"]),
                (streams.into(), ["vsock listener"]),
                (packets.into(), ["vsock sequenced-packet listener"]),
                (stream.into(), ["vsock stream"]),
                (sequenced.into(), ["vsock sequenced-packet socket"]),
            ] {
                assert_eq!(takers(&descriptor), expected);
            }
        }
    }
}
