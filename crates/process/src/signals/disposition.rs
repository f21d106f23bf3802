//! What signals do: by default, nothing, or what a handler does.

use std::process::Command;

use linux_support_base::{Errno, Error, Signal, SignalSet};

use crate::sys::signal::{Action, reset_all, set_before_exec};

/// What a signal does in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Disposition {
    /// [What the kernel does](Signal::default_action) by itself.
    #[doc(alias = "SIG_DFL")]
    Default,
    /// Nothing.
    #[doc(alias = "SIG_IGN")]
    Ignored,
    /// A handler runs.
    Handled,
}

/// What `signal` does in this process. That of other processes is in [`Status`](crate::Status).
///
/// # Errors
/// It belongs to the C library.
///
/// # Source
/// sigaction(2).
pub fn disposition(signal: Signal) -> Result<Disposition, Error> {
    check("read action of", signal, false)?;
    let action = Action::of(signal).map_err(|errno| failed("read action of", signal, errno))?;
    Ok(if action.is_default() {
        Disposition::Default
    } else if action.is_ignored() {
        Disposition::Ignored
    } else {
        Disposition::Handled
    })
}

/// An action of a signal that holds until this is dropped; then the one before does.
///
/// The guards of one signal are to be dropped in the reverse order.
#[derive(Debug)]
#[must_use = "the action holds as long as this lives"]
pub struct TemporaryDisposition {
    signal: Signal,
    before: Action,
}

/// Ignores `signal`. Programs that this one runs ignore it too, unless they are [reset](set_signals_of_command).
///
/// Rust's runtime does so with SIGPIPE before `main`, so that a write to a pipe without a reader is an error: see
/// [`set_default`] for the reverse. To ignore SIGCHLD has the kernel wait for children by itself.
///
/// ```
/// use linux_support_base::Signal;
/// use linux_support_process::signals::{Disposition, disposition, ignore, set_default};
///
/// // A filter that is to end when nobody reads what it writes, as others do.
/// let piped = set_default(Signal::PIPE)?;
/// assert_eq!(disposition(Signal::PIPE)?, Disposition::Default);
/// drop(piped);
/// ignore(Signal::HUP)?.keep();
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Errors
/// It can't be ignored, or belongs to the C library.
pub fn ignore(signal: Signal) -> Result<TemporaryDisposition, Error> {
    change("ignore", signal, Action::ignored())
}

/// Has `signal` do what it does by default.
///
/// # Errors
/// It belongs to the C library, or has only that.
pub fn set_default(signal: Signal) -> Result<TemporaryDisposition, Error> {
    change("set to default", signal, Action::default_action())
}

fn change(operation: &'static str, signal: Signal, action: Action) -> Result<TemporaryDisposition, Error> {
    check(operation, signal, true)?;
    let before = action.set(signal).map_err(|errno| failed(operation, signal, errno))?;
    Ok(TemporaryDisposition { signal, before })
}

impl TemporaryDisposition {
    /// Leaves the action as it is.
    pub fn keep(self) {
        core::mem::forget(self);
    }
}

impl Drop for TemporaryDisposition {
    fn drop(&mut self) {
        // What was the signal's action can be again.
        let _ = self.before.set(self.signal);
    }
}

/// Which signals [`reset_signals`] sets back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ResetSignals {
    /// Those with a handler.
    Handled,
    /// Those that are ignored too, which a program that is run would ignore from then on.
    IgnoredToo,
}

/// Sets signals back to what they do by default. Neither allocates nor locks, so that a child may do it between `fork`
/// and `exec`.
///
/// Handlers that are [installed](super::SignalHandler) no longer run; their guards are to be kept or dropped before.
/// Rust's own handlers, which tell of a stack that has run over, are gone too.
///
/// # Errors
/// None that is known.
pub fn reset_signals(which: ResetSignals) -> Result<(), Errno> {
    reset_all(which == ResetSignals::IgnoredToo)
}

/// Has the program of `command` begin with all signals at their default action, but those of `ignored`, and with those
/// of `blocked` blocked.
///
/// Of itself, a program inherits what is ignored and what is blocked; the standard library's `Command` only lets all
/// signals in and has SIGPIPE end the program.
///
/// ```
/// use linux_support_base::{Signal, SignalSet};
/// use linux_support_process::signals::set_signals_of_command;
///
/// let mut command = std::process::Command::new("sh");
/// command.args(["-c", "kill -HUP $$; echo still here"]);
/// set_signals_of_command(&mut command, Signal::HUP, SignalSet::EMPTY)?;
/// assert_eq!(command.output()?.stdout, b"still here\n");
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
/// One of `ignored` can't be ignored, or belongs to the C library.
pub fn set_signals_of_command(
    command: &mut Command,
    ignored: impl Into<SignalSet>,
    blocked: impl Into<SignalSet>,
) -> Result<(), Error> {
    let ignored = ignored.into();
    for signal in ignored.iter() {
        check("ignore", signal, true)?;
    }
    set_before_exec(command, ignored, blocked.into() - SignalSet::OF_C_LIBRARY);
    Ok(())
}

/// Refuses signals of the C library and, where something is `changed`, those that can't be.
pub(super) fn check(operation: &'static str, signal: Signal, changed: bool) -> Result<(), Error> {
    let refused = if signal.is_of_c_library() {
        "it belongs to the C library"
    } else if changed && !signal.can_be_caught() {
        "it can be neither caught nor ignored"
    } else {
        return Ok(());
    };
    Err(Error::invalid(operation, signal.to_string(), refused))
}

pub(super) fn failed(operation: &'static str, signal: Signal, errno: Errno) -> Error {
    match errno {
        Errno::INVAL => Error::invalid(operation, signal.to_string(), "there is no such signal here"),
        errno => Error::system(operation, signal.to_string(), errno),
    }
}
