//! The asynchronous runtimes that take our descriptors.

use std::{os::fd::AsRawFd, time::Duration};

use linux_support_fd::Descriptor;
use tokio::io::unix::AsyncFd;

/// Runs a future to its end, with tokio's reactor and timers.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// Registers with tokio what owns its descriptor.
#[expect(unsafe_code, reason = "tokio asks the caller to promise what a type that owns its descriptor keeps")]
pub(crate) fn async_fd<T: Descriptor>(descriptor: T) -> AsyncFd<T> {
    // SAFETY: a `Descriptor` of this crate owns its descriptor and never exchanges it, and nothing here closes it
    // behind its back.
    unsafe { AsyncFd::register(descriptor) }.unwrap()
}

/// Waits with tokio until `attempt` no longer says "not now".
pub(crate) async fn readable<T: Descriptor, V>(
    descriptor: &AsyncFd<T>,
    mut attempt: impl FnMut(&T) -> Option<V>,
) -> V {
    loop {
        let mut ready = descriptor.readable().await.unwrap();
        match attempt(ready.get_inner()) {
            Some(value) => return value,
            None => ready.clear_ready(),
        }
    }
}

/// Whether mio finds `descriptor` readable within ten seconds.
pub(crate) fn mio_finds_readable(descriptor: &impl AsRawFd) -> bool {
    let mut poll = mio::Poll::new().unwrap();
    let number = descriptor.as_raw_fd();
    let mut source = mio::unix::SourceFd(&number);
    poll.registry().register(&mut source, mio::Token(5), mio::Interest::READABLE).unwrap();
    let mut events = mio::Events::with_capacity(4);
    poll.poll(&mut events, Some(Duration::from_secs(10))).unwrap();
    events.iter().any(|event| event.token() == mio::Token(5) && event.is_readable())
}
