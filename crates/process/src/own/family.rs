use linux_support_base::{Errno, Error, Requirement, Signal};
use rustix::process;

/// Whether processes that lose their parent, of those that descend from this one, become its children.
///
/// # Errors
/// None is known.
#[doc(alias = "PR_GET_CHILD_SUBREAPER")]
pub fn is_subreaper() -> Result<bool, Error> {
    process::child_subreaper()
        .map(|reaper| reaper.is_some())
        .map_err(|errno| Error::system("read", "whether this process is a sub-reaper", errno))
}

/// Makes this process the parent of those that lose theirs, of all that descend from it; or no longer. It must wait for
/// them, or they stay as zombies.
///
/// # Errors
/// None is known.
#[doc(alias = "PR_SET_CHILD_SUBREAPER")]
pub fn set_subreaper(enabled: bool) -> Result<(), Error> {
    // It is a switch: rustix takes any number but 0 for "on".
    process::set_child_subreaper(enabled.then(process::getpid))
        .map_err(|errno| Error::system("set", "whether this process is a sub-reaper", errno))
}

/// The signal that this process is sent when the thread that started it ends.
///
/// # Errors
/// None is known.
#[doc(alias = "PR_GET_PDEATHSIG")]
pub fn parent_death_signal() -> Result<Option<Signal>, Error> {
    let signal = process::parent_process_death_signal()
        .map_err(|errno| Error::system("read", "the signal of the parent's death", errno))?;
    Ok(signal.and_then(|signal| u8::try_from(signal.as_raw()).ok()).and_then(Signal::new))
}

/// Has this process sent `signal` when the thread that started it ends; `None` for nothing.
///
/// The parent may have ended before: ask for it afterwards ([`Stat::parent`](crate::Stat::parent)). Running a program
/// with other privileges takes it back.
///
/// # Errors
/// The signal is above 64.
#[doc(alias = "PR_SET_PDEATHSIG")]
pub fn set_parent_death_signal(signal: Option<Signal>) -> Result<(), Error> {
    let object = "the signal of the parent's death";
    let raw = match signal {
        None => None,
        Some(signal) => match rustix::process::Signal::from_named_raw(signal.number().into()) {
            Some(raw) => Some(raw),
            None => {
                let accepted =
                    format!("{signal} can't be sent like this: expected one of the standard signals");
                return Err(Error::invalid("set", object, accepted));
            }
        },
    };
    process::set_parent_process_death_signal(raw).map_err(|errno| match errno {
        Errno::INVAL => Error::invalid("set", object, "expected a signal from 1 to 64"),
        errno => Error::system("set", object, errno).explained(Requirement::none(), None),
    })
}
