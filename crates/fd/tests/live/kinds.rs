//! Descriptors from elsewhere.

use std::{fs::File, os::fd::OwnedFd};

use linux_support_base::{Error, Reason};
use linux_support_fd::{
    BpfDescriptor, Clock, Epoll, EventFd, Fanotify, FanotifyClass, Inotify, MemFd, PerfEvent, PidFd,
    SecretMemory, SignalFd, TimerFd,
    block_device::BlockDevice,
    directory::{DirectoryHandle, PathHandle},
    namespace::Namespace,
    user_fault::UserFault,
};

use crate::open::Open;

fn take<T: TryFrom<OwnedFd, Error = Error>>(descriptor: &OwnedFd) -> Option<Error> {
    T::try_from(descriptor.try_clone().unwrap()).err()
}

/// Tries to take a descriptor as each kind but a timer, and gives the errors.
fn take_as_each(descriptor: &OwnedFd) -> Vec<Option<Error>> {
    let group = Fanotify::from_descriptor(descriptor.try_clone().unwrap(), FanotifyClass::Notification);
    vec![
        take::<Epoll<u64>>(descriptor),
        take::<EventFd>(descriptor),
        take::<Inotify>(descriptor),
        take::<MemFd>(descriptor),
        take::<Namespace>(descriptor),
        take::<PidFd>(descriptor),
        take::<SecretMemory>(descriptor),
        take::<SignalFd>(descriptor),
        take::<UserFault>(descriptor),
        take::<DirectoryHandle>(descriptor),
        take::<PathHandle>(descriptor),
        take::<BlockDevice>(descriptor),
        take::<BpfDescriptor>(descriptor),
        take::<PerfEvent>(descriptor),
        group.err(),
    ]
}

#[test]
fn standard_input_is_no_listener_of_any_kind() {
    let _open = Open::watched();
    // A call that fails gives -1, and a careless one 0: both would be some descriptor.
    let input = rustix::io::dup(std::io::stdin()).unwrap();
    for error in take_as_each(&input).into_iter().chain([take::<TimerFd>(&input)]) {
        let error = error.expect("standard input was taken");
        assert!(matches!(error.reason(), Reason::OtherDescriptor { .. }), "{error}");
    }
}

#[test]
fn no_kind_is_taken_for_another() {
    let _open = Open::watched();
    let timer: OwnedFd = TimerFd::new(Clock::Monotonic).unwrap().into();
    for error in take_as_each(&timer) {
        let error = error.expect("a timer was taken");
        assert!(error.to_string().ends_with("but timerfd"), "{error}");
    }
    let file: OwnedFd = File::open("/dev/null").unwrap().into();
    assert!(take_as_each(&file).iter().all(Option::is_some));
}
