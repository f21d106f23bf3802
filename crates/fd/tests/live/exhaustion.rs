//! What happens where there is no descriptor left.

use linux_support_base::{Errno, Error, Pid, Reason, SignalSet};
use linux_support_fd::{
    Clock, Epoll, EventFd, Fanotify, FanotifyOptions, FanotifyReport, HandleMount, Inotify, InotifyMask,
    InotifyTree, MemFd, PidFd, Reactor, SignalFd, TimerFd,
    character_device::{NullDevice, RandomDevice},
    directory::{DirectoryHandle, OpenHow, PathHandle},
    namespace::Namespace,
    pipe,
    socket::{UnixPeer, UnixStream},
    user_fault::{FaultAccess, UserFault, UserFaultFeatures},
};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::open::{Open, open};

/// Runs `work` where the process may have no descriptor but number 0.
pub(crate) fn exhausted<T>(work: impl FnOnce() -> T) -> T {
    let limit = getrlimit(Resource::Nofile);
    let none = Rlimit { current: Some(1), ..limit };
    setrlimit(Resource::Nofile, none).unwrap();
    let value = work();
    setrlimit(Resource::Nofile, limit).unwrap();
    value
}

/// Creates each kind, and gives the errors.
fn create_each() -> Vec<(&'static str, Option<Error>)> {
    let mut told_by_handle = FanotifyOptions::default();
    told_by_handle.report = FanotifyReport::FILE;
    vec![
        ("counter", EventFd::counter(0).err()),
        ("directory", DirectoryHandle::open("/").err()),
        ("epoll", Epoll::<u64>::new().err()),
        ("fanotify", Fanotify::new(told_by_handle).err()),
        ("inotify", Inotify::new().err()),
        ("memfd", MemFd::new("name").err()),
        ("namespace", Namespace::open("/proc/self/ns/uts").err()),
        ("null device", NullDevice::open().err()),
        ("pidfd", PidFd::open(Pid::new(std::process::id() as i32).unwrap()).err()),
        ("pipe", pipe().err()),
        ("reactor", Reactor::new(()).err()),
        ("semaphore", EventFd::semaphore(0).err()),
        ("signalfd", SignalFd::new(SignalSet::EMPTY).err()),
        ("timerfd", TimerFd::new(Clock::Monotonic).err()),
        ("userfaultfd", UserFault::new(FaultAccess::UserModeOnly, UserFaultFeatures::empty()).err()),
    ]
}

#[test]
fn what_others_are_asked_for_finds_no_place_either() {
    let _open = Open::watched();
    let folder = tempfile::tempdir().unwrap();
    let directory = DirectoryHandle::open(folder.path()).unwrap();
    let place = PathHandle::open(folder.path()).unwrap();
    let this = PidFd::open(Pid::new(std::process::id() as i32).unwrap()).unwrap();
    let memory = MemFd::new("name").unwrap();
    let (socket, _other) = UnixStream::pair().unwrap();
    let mut entries = Vec::new();
    let before = open();
    let errors = exhausted(|| {
        vec![
            ("a descriptor of another process", this.duplicate_descriptor(0).err()),
            ("a descriptor for reading alone", memory.open_read_only().err()),
            ("a file by its place", place.reopen(OpenHow::reading()).err()),
            ("a file without a name", directory.create_nameless().err()),
            ("entries", directory.entries(&mut entries).err()),
            ("a mount", HandleMount::open("/").err()),
            ("a place", PathHandle::open("/").err()),
            ("a tree", InotifyTree::new(folder.path(), InotifyMask::CREATED).err()),
            ("random numbers", RandomDevice::open().err()),
            ("the peer's process", socket.peer_pidfd().err()),
        ]
    });
    for (kind, error) in errors {
        let error = error.unwrap_or_else(|| panic!("{kind}: there was a place"));
        // The kernel may be too old to give a process by its socket.
        assert!(error.reason() == &Reason::System(Errno::MFILE) || error.is_absent(), "{kind}: {error}");
    }
    assert_eq!(open(), before);
}

#[test]
fn every_kind_says_that_there_is_no_descriptor_left() {
    let _open = Open::watched();
    let counter = EventFd::counter(0).unwrap();
    let before = open();
    let (errors, clone) = exhausted(|| (create_each(), counter.try_clone().err()));
    for (kind, error) in errors.into_iter().chain([("clone", clone)]) {
        let error = error.unwrap_or_else(|| panic!("{kind} was created"));
        assert_eq!(error.reason(), &Reason::System(Errno::MFILE), "{kind}: {error}");
    }
    assert_eq!(open(), before);
}
