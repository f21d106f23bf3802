use linux_support_base::{Errno, Error, Pid, Requirement};
use rustix::process::{self, DumpableBehavior, PTracer};

use super::failed;
use crate::sys;

/// Who may look into a process: by ptrace(2), by the files of its directory in `/proc`, and in its core dump.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[doc(alias = "SUID_DUMP_USER")]
pub enum Dumpable {
    /// No one but root: there is no core dump, and its files in `/proc` belong to root.
    No,
    /// Its own user.
    Yes,
    /// No one but root, who gets core dumps: set by the kernel alone, by `/proc/sys/fs/suid_dumpable`.
    RootOnly,
}

/// Who may look into this process.
///
/// # Errors
/// None is known.
#[doc(alias = "PR_GET_DUMPABLE")]
pub fn dumpable() -> Result<Dumpable, Error> {
    match process::dumpable_behavior() {
        Ok(DumpableBehavior::NotDumpable) => Ok(Dumpable::No),
        Ok(DumpableBehavior::Dumpable) => Ok(Dumpable::Yes),
        Ok(DumpableBehavior::DumpableReadableOnlyByRoot) => Ok(Dumpable::RootOnly),
        Err(errno) => Err(Error::system("read", "whether this process is dumpable", errno)),
    }
}

/// Lets this process's user look into it, or only root. Running a program sets it anew.
///
/// # Errors
/// [`Dumpable::RootOnly`], which is the kernel's to set.
#[doc(alias = "PR_SET_DUMPABLE")]
pub fn set_dumpable(dumpable: Dumpable) -> Result<(), Error> {
    let object = "whether this process is dumpable";
    let behaviour = match dumpable {
        Dumpable::No => DumpableBehavior::NotDumpable,
        Dumpable::Yes => DumpableBehavior::Dumpable,
        Dumpable::RootOnly => {
            return Err(Error::invalid("set", object, "only the kernel sets it so: expected no or yes"));
        }
    };
    process::set_dumpable_behavior(behaviour).map_err(|errno| Error::system("set", object, errno))
}

/// Who, beside its ancestors, may trace this process where Yama restricts that to descendants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Tracer {
    /// No one else.
    Nobody,
    /// This process, and those that descend from it.
    Process(Pid),
    /// Anyone who may otherwise.
    Anyone,
}

/// Sets who, beside its ancestors, may trace this process.
///
/// # Errors
/// There is no such process; the kernel is built without Yama.
///
/// # Source
/// Documentation/admin-guide/LSM/Yama.rst.
#[doc(alias = "PR_SET_PTRACER")]
pub fn set_tracer(tracer: Tracer) -> Result<(), Error> {
    let raw = match tracer {
        Tracer::Nobody => PTracer::None,
        Tracer::Anyone => PTracer::Any,
        Tracer::Process(pid) => match rustix::process::Pid::from_raw(pid.number()) {
            Some(pid) => PTracer::ProcessID(pid),
            None => PTracer::None,
        },
    };
    process::set_ptracer(raw).map_err(|errno| {
        let needs = Requirement::none().configuration("CONFIG_SECURITY_YAMA");
        match (errno, tracer) {
            (Errno::INVAL, Tracer::Process(pid))
                if std::path::Path::new("/proc/sys/kernel/yama").exists() =>
            {
                Error::invalid("set", "who may trace this process", format!("there is no process {pid}"))
            }
            _ => failed("set", "who may trace this process", needs, errno),
        }
    })
}

/// Whether this process refuses to make memory executable that was not, or that can be written.
///
/// # Errors
/// The kernel is older than 6.3.
#[doc(alias = "PR_GET_MDWE")]
pub fn refuses_executable_changes() -> Result<bool, Error> {
    sys::control::memory_deny()
        .map(|bits| bits & 1 != 0)
        .map_err(|errno| failed("read", "memory-deny-write-execute", Requirement::none().since(6, 3), errno))
}

/// From now on, this process can map nothing both writable and executable, and make nothing executable that was not.
/// There is no way back; with `for_children`, the same holds for them.
///
/// # Errors
/// The kernel is older than 6.3, or 6.6 where children are to be left out; it was set otherwise before.
#[doc(alias = "PR_SET_MDWE")]
pub fn refuse_executable_changes(for_children: bool) -> Result<(), Error> {
    let since = if for_children { (6, 3) } else { (6, 6) };
    sys::control::set_memory_deny(if for_children { 1 } else { 3 }).map_err(|errno| match errno {
        Errno::PERM => {
            Error::invalid("set", "memory-deny-write-execute", "it is set otherwise, and can't be changed")
        }
        errno => {
            failed("set", "memory-deny-write-execute", Requirement::none().since(since.0, since.1), errno)
        }
    })
}
