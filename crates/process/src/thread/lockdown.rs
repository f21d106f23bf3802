use core::time::Duration;
use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use linux_support_base::Error;

/// The locking down of a process, while its threads wait for it at a [`LockdownBarrier`].
///
/// Capabilities, users, seccomp filters and Landlock rules are a thread's own. Threads that are started before the
/// process gives up its privileges must not work until that is done, and not at all where it has failed. If this is
/// dropped without a word, it has failed.
#[derive(Debug)]
#[must_use = "the threads that wait are told that it failed when this is dropped"]
pub struct Lockdown(Option<Arc<Shared>>);

/// Where threads wait until their process is locked down. Each thread has a clone.
#[derive(Clone, Debug)]
pub struct LockdownBarrier(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    waiting: usize,
    outcome: Option<Result<(), Error>>,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing that holds it can panic half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, outcome: Result<(), Error>) {
        self.state().outcome = Some(outcome);
        self.changed.notify_all();
    }

    /// Waits until `ready`; `false` says that the time ran out.
    fn wait_until(
        &self,
        timeout: Option<Duration>,
        ready: impl Fn(&State) -> bool,
    ) -> (MutexGuard<'_, State>, bool) {
        let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
        let mut state = self.state();
        loop {
            if ready(&state) {
                return (state, true);
            }
            state = match deadline {
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(deadline) => match deadline.checked_duration_since(Instant::now()) {
                    Some(left) if !left.is_zero() => {
                        self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0
                    }
                    _ => return (state, false),
                },
            };
        }
    }
}

impl Lockdown {
    /// One that is to come, and where to wait for it.
    pub fn new() -> (Self, LockdownBarrier) {
        let shared = Arc::new(Shared::default());
        (Self(Some(Arc::clone(&shared))), LockdownBarrier(shared))
    }

    /// Waits until so many threads wait for it: none of them does anything else from then on; `false` says that the time
    /// ran out.
    #[must_use]
    pub fn wait_for_threads(&self, threads: usize, timeout: Option<Duration>) -> bool {
        let reached = |state: &State| state.waiting >= threads;
        self.0.as_ref().is_some_and(|shared| shared.wait_until(timeout, reached).1)
    }

    /// The process is locked down: the threads go on.
    pub fn completed(mut self) {
        self.end(Ok(()));
    }

    /// It could not be: each of the threads is given the error.
    pub fn failed(mut self, error: Error) {
        self.end(Err(error));
    }

    fn end(&mut self, outcome: Result<(), Error>) {
        if let Some(shared) = self.0.take() {
            shared.end(outcome);
        }
    }
}

impl Drop for Lockdown {
    fn drop(&mut self) {
        self.end(Err(Error::invalid("lock down", "the process", "was given up before it was done")));
    }
}

impl LockdownBarrier {
    /// Waits until the process is locked down.
    ///
    /// # Errors
    /// It could not be, for this reason.
    pub fn wait(&self) -> Result<(), Error> {
        self.arrive(None).unwrap_or(Ok(()))
    }

    /// Waits until the process is locked down, or `timeout` has passed: then it is `None`.
    ///
    /// # Errors
    /// It could not be, for this reason.
    pub fn wait_for(&self, timeout: Duration) -> Result<Option<()>, Error> {
        self.arrive(Some(timeout)).transpose()
    }

    fn arrive(&self, timeout: Option<Duration>) -> Option<Result<(), Error>> {
        self.0.state().waiting += 1;
        self.0.changed.notify_all();
        let (mut state, _) = self.0.wait_until(timeout, |state| state.outcome.is_some());
        state.waiting -= 1;
        state.outcome.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Option<Duration> = Some(Duration::from_secs(60));

    #[test]
    fn threads_wait_until_the_process_is_locked_down() {
        let (lockdown, barrier) = Lockdown::new();
        let threads: Vec<_> = (0..3)
            .map(|_| {
                let barrier = barrier.clone();
                std::thread::spawn(move || barrier.wait())
            })
            .collect();
        assert!(lockdown.wait_for_threads(3, LONG));
        assert!(!lockdown.wait_for_threads(4, Some(Duration::from_millis(1))));
        assert_eq!(barrier.wait_for(Duration::from_millis(1)), Ok(None));
        assert!(threads.iter().all(|thread| !thread.is_finished()));
        lockdown.completed();
        for thread in threads {
            assert_eq!(thread.join().unwrap(), Ok(()));
        }
        assert_eq!(barrier.wait_for(Duration::ZERO), Ok(Some(())));
    }

    #[test]
    fn a_failure_is_told_to_each_thread_and_to_those_that_come_later() {
        let (lockdown, barrier) = Lockdown::new();
        let early = {
            let barrier = barrier.clone();
            std::thread::spawn(move || barrier.wait())
        };
        assert!(lockdown.wait_for_threads(1, LONG));
        let error = Error::invalid("set", "a filter", "this and no other");
        lockdown.failed(error.clone());
        assert_eq!(early.join().unwrap(), Err(error.clone()));
        assert_eq!(barrier.wait(), Err(error));
    }

    #[test]
    fn what_is_given_up_has_failed() {
        let (lockdown, barrier) = Lockdown::new();
        drop(lockdown);
        assert!(barrier.wait().unwrap_err().to_string().contains("given up"));
    }
}
