//! Learning what a program asks of the kernel, to let it do that and no more.
//!
//! [`Learning`] runs a program under a filter that asks about every system call, and a thread of the caller that notes
//! the call and lets it be made: of the program, its threads and all processes that come from it. What was noted is
//! [`Learned`]: from it comes the smallest [`Policy`] that would have allowed
//! the run, as something to enforce ([`Program::system_call_filter`]) or to write down.
//!
//! ```
//! use linux_support_base::Errno;
//! use linux_support_process::{learning::Learning, spawn::Program};
//! use linux_support_security::seccomp::{Action, AuditArchitecture, Enforcement};
//!
//! # if cfg!(user_emulation) { return Ok(()) }
//! let program = || Program::new("/bin/sh").arguments(["-c", "exit 0"]).no_new_privileges();
//! let (learned, _) = Learning::begin(&program())?.finish()?;
//! let policy = learned.policy(Action::error(Errno::PERM))?;
//! let filter = policy.compile(AuditArchitecture::NATIVE.unwrap())?;
//! assert!(program().system_call_filter(&filter, Enforcement::of_thread()).spawn()?.wait()?.event.is_success());
//! # Ok::<(), linux_support_base::Error>(())
//! ```
//!
//! # What it can't see
//! Only what was done in the run: not what a program does on a bad day, with other input, or on another kernel. Run it
//! with all that it is tested with, and join what was learned ([`Learned::join`]). Calls that the kernel answers without
//! being entered (the clock, mostly) are not seen; where that is not so, the program needs `clock_gettime`. What another
//! filter refused was not made.
//!
//! Every call goes to the caller and back, so that the program is slow. A thread under a filter of this kind can have no
//! second one.
//!
//! # Source
//! seccomp_unotify(2).

mod learned;
mod record;
mod selector;

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
        mpsc,
    },
    thread::{self, JoinHandle},
    time::Duration,
};

pub use learned::{Learned, LearnedCall};
use linux_support_base::{Error, Reason, Requirement};
use linux_support_fd::Waited;
use linux_support_security::seccomp::{
    Action, AuditArchitecture, Enforcement, Listener, Policy, Program as Filter,
};
use record::Record;
use rustix::thread::{gettid, set_no_new_privs};

use crate::spawn::{Program, Started};

/// A program that runs while its system calls are noted.
///
/// Dropped, the program goes on, and its calls are let through until it ends.
pub struct Learning {
    started: Started,
    record: Arc<Mutex<Record>>,
    answering: JoinHandle<Result<(), Error>>,
}

impl Learning {
    /// Starts the program. Where the caller lacks the capability it is started without new privileges, so that files
    /// with a set-user-ID bit give none.
    ///
    /// # Errors
    /// As for [`Program::spawn`]; the calling thread is under a filter that has a listener; a machine whose calls have no
    /// names here.
    ///
    /// # Capabilities
    /// `CAP_SYS_ADMIN` for programs that gain privileges.
    ///
    /// # Kernel
    /// Since 6.0, with CONFIG_SECCOMP_FILTER.
    #[doc(alias = "SECCOMP_RET_USER_NOTIF")]
    pub fn begin(program: &Program) -> Result<Self, Error> {
        let Some(native) = AuditArchitecture::NATIVE else {
            let needs = Requirement::none().configuration("x86_64, aarch64 or riscv64");
            return Err(Error::new("learn", "system calls", Reason::NotConfigured { needs }));
        };
        let filter = Policy::new(Action::Notify).foreign(Action::Notify).compile(native)?;
        let record = Arc::new(Mutex::new(Record::new(native)));
        let handed = Arc::new(Handed::default());
        let (ready, is_ready) = mpsc::channel();
        // From when the filter is in force until the program was started, the starting thread may hold the allocator's
        // locks while it waits for an answer. So the answering one is ready by then, and takes no memory.
        let answering = thread::Builder::new().name("learning".into()).spawn({
            let (record, handed) = (Arc::clone(&record), Arc::clone(&handed));
            move || {
                let _ = ready.send(());
                drop(ready);
                handed.take().map_or(Ok(()), |listener| answer(&listener, &record))
            }
        });
        let answering = answering.map_err(|error| {
            let errno =
                error.raw_os_error().map_or(rustix::io::Errno::AGAIN, rustix::io::Errno::from_raw_os_error);
            Error::system("start", "a thread", errno)
        })?;
        let started = thread::scope(|scope| {
            let (filter, record, handed) = (&filter, &record, &handed);
            let starting = scope.spawn(move || {
                let _ = is_ready.recv();
                lock(record).spawner = Some(gettid().as_raw_nonzero().get());
                let listener = enforce(filter).inspect_err(|_| handed.none.store(true, SeqCst))?;
                handed.give(listener);
                program.spawn()
            });
            starting.join()
        });
        let started = match started {
            Ok(started) => started,
            Err(panic) => {
                handed.none.store(true, SeqCst);
                std::panic::resume_unwind(panic)
            }
        };
        match started {
            Ok(started) => Ok(Self { started, record, answering }),
            Err(error) => {
                // All that were under the filter have ended.
                let _ = answering.join();
                Err(error)
            }
        }
    }

    /// The program: its streams, its number, what became of it.
    pub const fn started(&mut self) -> &mut Started {
        &mut self.started
    }

    /// What was noted so far.
    #[must_use]
    pub fn so_far(&self) -> Learned {
        lock(&self.record).learned()
    }

    /// Waits for the end of the program and of all that came from it. Its standard input is closed first.
    ///
    /// # Errors
    /// As for [`Started::wait`].
    pub fn finish(mut self) -> Result<(Learned, Waited), Error> {
        let waited = self.started.wait()?;
        match self.answering.join() {
            Ok(answered) => answered?,
            Err(panic) => std::panic::resume_unwind(panic),
        }
        Ok((lock(&self.record).learned(), waited))
    }
}

impl fmt::Debug for Learning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Learning").field("started", &self.started).finish_non_exhaustive()
    }
}

/// Puts the filter in force for the calling thread.
fn enforce(filter: &Filter) -> Result<Listener, Error> {
    let enforcement = Enforcement::of_thread().waiting_until_answered();
    match enforcement.enforce_with_listener(filter) {
        Err(error) if matches!(error.reason(), Reason::PermissionDenied { .. }) => {
            set_no_new_privs(true).map_err(|errno| Error::system("set", "no_new_privs", errno))?;
            enforcement.enforce_with_listener(filter)
        }
        enforced => enforced,
    }
}

/// Notes each call and lets it be made. It takes no memory.
fn answer(listener: &Listener, record: &Mutex<Record>) -> Result<(), Error> {
    while let Some(question) = listener.receive()? {
        lock(record).note(question.thread(), question.call());
        // One who was ended meanwhile needs no answer.
        let _ = question.proceed();
    }
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where the listener goes from one thread to the other, without a system call of the first, which nobody would answer.
#[derive(Default)]
struct Handed {
    listener: Mutex<Option<Listener>>,
    /// There will be none.
    none: AtomicBool,
}

impl Handed {
    fn give(&self, listener: Listener) {
        let mut listener = Some(listener);
        while listener.is_some() {
            match self.listener.try_lock() {
                Ok(mut place) => *place = listener.take(),
                Err(_) => core::hint::spin_loop(),
            }
        }
    }

    fn take(&self) -> Option<Listener> {
        loop {
            if let Ok(mut place) = self.listener.try_lock()
                && let Some(listener) = place.take()
            {
                return Some(listener);
            }
            if self.none.load(SeqCst) {
                return None;
            }
            thread::sleep(Duration::from_micros(200));
        }
    }
}
