//! Becoming a daemon the classic way, for service managers that know no better: the process is forked twice, and goes on
//! without a terminal in a session that it doesn't lead, while whoever started it waits until it is ready.
//!
//! Under systemd and its like a daemon simply runs: there this is of no use.
//!
//! ```no_run
//! use linux_support_process::daemon::{Daemon, Fork};
//!
//! match Daemon::new().pid_file("/run/example.pid").fork()? {
//!     Fork::Starter(pid) => println!("runs as {pid}"),
//!     Fork::Daemon(starting) => {
//!         // Open sockets, read the configuration …
//!         let daemon = starting.ready()?;
//!         // … and serve, until:
//!         drop(daemon);
//!     }
//! }
//! # Ok::<(), linux_support_base::Error>(())
//! ```
//!
//! # Source
//! daemon(7), "SysV Daemons".

mod pid_file;
mod report;

use std::path::{Path, PathBuf};

use linux_support_base::{Error, Pid};
pub use pid_file::PidFile;
use report::Writer;
use rustix::{
    fs::{CWD, Mode, OFlags, openat},
    io::{Errno, retry_on_intr},
    process::{WaitOptions, chdir, umask, waitpid},
};

use crate::{
    own,
    status::Umask,
    sys::fork::{Side, exit_at_once, fork_alone},
};

/// How a process becomes a daemon.
#[derive(Clone, Debug)]
#[must_use = "nothing becomes a daemon before `fork`"]
#[doc(alias = "daemon(3)")]
pub struct Daemon {
    directory: PathBuf,
    umask: Umask,
    pid_file: Option<PathBuf>,
    keep_error: bool,
}

/// Which of the two this process is.
#[derive(Debug)]
#[must_use = "one of them is the daemon"]
pub enum Fork {
    /// That which called: the daemon, with this number, is ready. It is to end now.
    Starter(Pid),
    /// The daemon, for which the other waits.
    Daemon(StartingDaemon),
}

/// A daemon that is not ready yet. If this is dropped before it says so, whoever started it is told that it ended.
#[derive(Debug)]
#[must_use = "the starter waits until the daemon is ready, or told that it failed"]
pub struct StartingDaemon {
    report: Writer,
    pid_file: Option<PidFile>,
}

/// A daemon that is ready.
#[derive(Debug)]
#[must_use = "the file with the daemon's number is removed when this is dropped"]
pub struct RunningDaemon {
    pid_file: Option<PidFile>,
}

impl Default for Daemon {
    fn default() -> Self {
        Self { directory: "/".into(), umask: Umask::new(0o022), pid_file: None, keep_error: false }
    }
}

impl Daemon {
    /// In the directory `/`, with the file mode mask `0022` and no file for its number.
    pub fn new() -> Self {
        Self::default()
    }

    /// Its working directory.
    pub fn directory(mut self, path: impl AsRef<Path>) -> Self {
        self.directory = path.as_ref().to_owned();
        self
    }

    /// Which permissions the files that it makes don't get.
    pub fn umask(mut self, umask: Umask) -> Self {
        self.umask = umask;
        self
    }

    /// The file that has its number as long as it runs, and that no second one can have: see [`PidFile`]. A path that does
    /// not begin with `/` goes on from the daemon's working directory.
    pub fn pid_file(mut self, path: impl AsRef<Path>) -> Self {
        self.pid_file = Some(path.as_ref().to_owned());
        self
    }

    /// Its standard error stays what it is, and becomes `/dev/null` no more than its other streams: for one that is a log.
    pub fn keep_standard_error(mut self) -> Self {
        self.keep_error = true;
        self
    }

    /// Forks twice. In the daemon it returns at once; in the process that called, when the daemon is ready.
    ///
    /// Descriptors other than the standard streams stay open in both: a daemon opens what it needs itself.
    ///
    /// # Errors
    /// In the process that called: it has other threads, which would not be there afterwards; it can't be forked; what the
    /// daemon could not do, among that what it told of itself by [`StartingDaemon::failed`]; the daemon ended before it
    /// was ready. A daemon that can't be what it is to be never returns from here: it ends.
    #[doc(alias = "setsid")]
    pub fn fork(self) -> Result<Fork, Error> {
        let (reader, writer) = report::pipe()?;
        match fork_alone().map_err(failed)? {
            Side::Parent(between) => {
                drop(writer);
                // Only collects it: it has nothing to tell.
                let between = rustix::process::Pid::from_raw(between.number());
                let _ = retry_on_intr(|| waitpid(between, WaitOptions::empty()));
                reader.outcome().map(Fork::Starter)
            }
            Side::Child => {
                drop(reader);
                // A leader of a session can take a terminal as its own by opening it: the one between is that leader.
                let second = own::new_session().and_then(|()| fork_alone().map_err(failed));
                match second {
                    Ok(Side::Parent(_)) => exit_at_once(0),
                    Ok(Side::Child) => match self.become_daemon() {
                        Ok(pid_file) => Ok(Fork::Daemon(StartingDaemon { report: writer, pid_file })),
                        Err(error) => {
                            writer.failed(&error);
                            exit_at_once(1)
                        }
                    },
                    Err(error) => {
                        writer.failed(&error);
                        exit_at_once(1)
                    }
                }
            }
        }
    }

    fn become_daemon(&self) -> Result<Option<PidFile>, Error> {
        umask(Mode::from_raw_mode(self.umask.bits().into()));
        chdir(&self.directory).map_err(|errno| {
            Error::system("change directory to", self.directory.as_os_str().as_encoded_bytes(), errno)
        })?;
        let null = openat(CWD, "/dev/null", OFlags::RDWR | OFlags::CLOEXEC | OFlags::NOCTTY, Mode::empty())
            .map_err(|errno| Error::system("open", "/dev/null", errno))?;
        let error = |()| if self.keep_error { Ok(()) } else { rustix::stdio::dup2_stderr(&null) };
        rustix::stdio::dup2_stdin(&null)
            .and_then(|()| rustix::stdio::dup2_stdout(&null))
            .and_then(error)
            .map_err(|errno| Error::system("replace", "standard streams", errno))?;
        self.pid_file.as_deref().map(PidFile::create).transpose()
    }
}

#[cold]
fn failed(errno: Errno) -> Error {
    match errno {
        Errno::DEADLK => Error::invalid(
            "fork",
            "the calling process",
            "has other threads, which would not go on: become a daemon before there are any",
        ),
        errno => Error::system("fork", "the calling process", errno),
    }
}

impl StartingDaemon {
    /// It is ready: the process that started it goes on, and mostly ends.
    ///
    /// # Errors
    /// The process that started it has ended.
    pub fn ready(self) -> Result<RunningDaemon, Error> {
        self.report.ready(own::pid())?;
        Ok(RunningDaemon { pid_file: self.pid_file })
    }

    /// It can't start: the process that started it is given the error's text. The daemon is to end now.
    pub fn failed(self, error: &Error) {
        self.report.failed(error);
    }
}

impl RunningDaemon {
    /// The file with its number.
    #[must_use]
    pub const fn pid_file(&self) -> Option<&PidFile> {
        self.pid_file.as_ref()
    }
}
