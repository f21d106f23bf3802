use linux_support_base::{Errno, Error, Pid, Reason};
use rustix::process::{setpgid, setsid};

use crate::sys::session::{getpgid, getsid};

fn raw(process: Option<Pid>) -> Option<rustix::process::Pid> {
    process.and_then(|process| rustix::process::Pid::from_raw(process.number()))
}

fn named(process: Option<Pid>) -> String {
    process.map_or_else(|| "this process".into(), |process| format!("process {process}"))
}

#[cold]
fn failed(operation: &'static str, process: Option<Pid>, errno: Errno) -> Error {
    Error::system(operation, named(process), errno)
}

/// The session of a process (`None` is the caller), by the number of its leader; `None` where that is not of this
/// namespace of process numbers.
///
/// # Errors
/// There is no such process.
#[doc(alias = "getsid")]
pub fn session_of(process: Option<Pid>) -> Result<Option<Pid>, Error> {
    getsid(process).map_err(|errno| failed("read the session of", process, errno))
}

/// The process group of a process (`None` is the caller), by the number of its leader; `None` where that is not of this
/// namespace of process numbers.
///
/// # Errors
/// There is no such process.
#[doc(alias = "getpgid")]
pub fn process_group_of(process: Option<Pid>) -> Result<Option<Pid>, Error> {
    getpgid(process).map_err(|errno| failed("read the group of", process, errno))
}

/// Makes the calling process the leader of a new session, and of a new group in it, without a terminal. Its number is
/// that of the session.
///
/// # Errors
/// It leads a process group already, which others may be in: a child of it can do this.
#[doc(alias = "setsid")]
pub fn new_session() -> Result<(), Error> {
    match setsid() {
        Ok(_) => Ok(()),
        Err(Errno::PERM) => Err(Error::invalid(
            "begin",
            "a session",
            "the process leads a process group, and only one that leads none can begin a session: fork first",
        )),
        Err(errno) => Err(failed("begin a session with", None, errno)),
    }
}

/// Moves a process (`None` is the caller) into a process group of its session; `None` for a new one that it leads.
///
/// # Errors
/// It is neither the caller nor a child of it that still runs the caller's program; it leads a session; there is no such
/// group in its session.
#[doc(alias = "setpgid")]
pub fn set_process_group(process: Option<Pid>, group: Option<Pid>) -> Result<(), Error> {
    setpgid(raw(process), raw(group)).map_err(|errno| {
        let invalid = |accepted: &str| Error::invalid("move", named(process), accepted);
        match errno {
            Errno::ACCESS => invalid("it has run another program since it was started: too late"),
            Errno::PERM => invalid("it leads a session, or the group is of another session"),
            Errno::SRCH => Error::new("move", named(process), Reason::Gone),
            errno => failed("move", process, errno),
        }
    })
}
