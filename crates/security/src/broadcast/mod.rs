//! Doing something in one thread, or in all threads of the process at once.
//!
//! The kernel keeps user ids, groups, capabilities and the like for each thread; only the C library's functions make
//! it look otherwise, each in its own way and with locks of its own. Here all other threads are stopped in a handler
//! of a real-time signal that nobody uses. When, and only when, the last one has stopped, the calling thread takes
//! the steps; if that succeeds, all others take them too, and go on. So a thread that can't be stopped, or a missing
//! privilege, leaves every thread as it was.
//!
//! # Source
//! nptl(7), "NPTL and the POSIX standard"; signal(7), signal-safety(7).

mod failure;
mod step;
mod threads;

use std::time::{Duration, Instant};

pub(crate) use failure::Failure;
use linux_support_base::{Error, Reason, Requirement};
use rustix::io::Errno;
pub(crate) use step::{Confined, Step, perform};

use crate::sys::broadcast::{Halt, Turn};

/// For whom something is changed.
///
/// A change for the whole process stops all other threads for a moment. It fails, with nothing changed, if a thread
/// does not stop within five seconds: since it blocks all real-time signals that nobody uses, or waits in the kernel
/// for what no signal interrupts. Calls that a signal interrupts in spite of `SA_RESTART` (waiting for descriptors, for
/// one) return `EINTR` in the stopped threads: see signal(7). Workers of io_uring and of vhost keep what they have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// The calling thread, and those that it starts later.
    Thread,
    /// All threads of the process.
    Process,
}

/// How long the threads may take to stop.
const PATIENCE: Duration = Duration::from_secs(5);

/// Takes the steps.
pub(crate) fn apply(scope: Scope, steps: &[Step<'_>]) -> Result<(), Error> {
    match scope {
        Scope::Thread => perform(steps).map_err(|failure| failed(steps, failure, None)),
        Scope::Process => everywhere(steps),
    }
}

/// Why the threads could not be stopped.
enum Stuck {
    /// There are more of them than there was room for.
    NoRoom,
    Unlisted(Errno),
    /// Not all stopped in time; this one blocks the signal.
    Late(Option<i32>),
}

fn everywhere(steps: &[Step<'_>]) -> Result<(), Error> {
    let turn = Turn::wait();
    let mut watch = threads::Watch::open()?;
    if watch.is_alone()? {
        return perform(steps).map_err(|failure| failed(steps, failure, None));
    }
    let mut taken = Vec::new();
    loop {
        let signal = watch.signal(&taken)?;
        let halt = Halt::begin(&turn, signal);
        let halt = halt.map_err(|errno| Error::system("stop", "all threads", errno))?;
        let Some(halt) = halt else {
            taken.push(signal);
            continue;
        };
        let deadline = Instant::now() + PATIENCE;
        // Nothing takes memory from here on, until `halt` is gone.
        let outcome = loop {
            match watch.ask_all(&halt) {
                Ok(threads::Progress::AllStopped) => break Ok(()),
                Ok(threads::Progress::Waiting) if Instant::now() < deadline => threads::pause(),
                Ok(threads::Progress::Waiting) => break Err(Stuck::Late(watch.held_back(signal))),
                Ok(threads::Progress::NoRoom) => break Err(Stuck::NoRoom),
                Err(errno) => break Err(Stuck::Unlisted(errno)),
            }
        };
        match outcome {
            Ok(()) => {
                let done = halt.perform(steps);
                return done.map_err(|(failure, other)| failed(steps, failure, Some(other)));
            }
            Err(why) => {
                drop(halt);
                match why {
                    Stuck::NoRoom => watch.make_room(),
                    Stuck::Unlisted(errno) => return Err(Error::system("list", "/proc/self/task", errno)),
                    Stuck::Late(held_back) => return Err(threads::not_stopped(signal, held_back)),
                }
            }
        }
    }
}

/// What is said of a step that failed; `elsewhere` says whether other threads exist, and whether it was one of them.
#[cold]
fn failed(steps: &[Step<'_>], failure: Failure, elsewhere: Option<bool>) -> Error {
    let step = steps.get(failure.step as usize);
    let (operation, object, capability) = step
        .map_or(("set", "credentials", None), |step| (step.operation(), step.object(), step.capability()));
    let error = match failure.way_back() {
        Some(way) => {
            Error::invalid(operation, object, format!("{way} succeeded, so that it is not left for good"))
        }
        None => {
            let error = Error::system(operation, object, failure.errno());
            match capability {
                Some(capability) => error.explained(Requirement::none().capability(capability), None),
                None => error,
            }
        }
    };
    let done: Vec<_> = steps[..(failure.step as usize).min(steps.len())].iter().map(Step::object).collect();
    let before = if done.is_empty() { String::new() } else { format!("; done before: {}", done.join(", ")) };
    let state = match elsewhere {
        Some(true) => "; the calling thread has it, another thread has not: the process is best ended",
        Some(false) if !done.is_empty() => ", in the calling thread only",
        _ => "",
    };
    if before.is_empty() && state.is_empty() {
        return error;
    }
    Error::new(operation, object, Reason::Invalid(format!("{}{before}{state}", error.reason())))
}
