//! What happens where there is no descriptor left.

use linux_support_base::{Errno, Error, Reason};
use linux_support_fd::{Epoll, EventFd, Reactor, directory::DirectoryHandle};
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
    let mut errors = vec![("counter", EventFd::counter(0).err())];
    errors.push(("semaphore", EventFd::semaphore(0).err()));
    errors.push(("epoll", Epoll::<u64>::new().err()));
    errors.push(("reactor", Reactor::new(()).err()));
    errors.push(("directory", DirectoryHandle::open("/").err()));
    errors
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
