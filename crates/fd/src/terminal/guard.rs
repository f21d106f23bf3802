//! Modes for a while.

use linux_support_base::{Error, Reason, Signal};

use super::{Terminal, TerminalModes, WhenToChange};
use crate::BlockedSignals;

/// Other modes for a while: dropping it, in a panic as well, brings back those from before.
///
/// A process that is ended by a signal drops nothing: keep the signals that end it from doing so, with
/// [`BlockedSignals`], and leave by yourself.
#[derive(Debug)]
#[must_use = "dropping it restores the modes"]
pub struct ChangedModes<'t> {
    terminal: &'t Terminal,
    before: TerminalModes,
}

impl Terminal {
    /// Lets bytes come and go as they are: see [`TerminalModes::make_raw`].
    ///
    /// # Errors
    /// Those of [`set_modes`](Self::set_modes).
    pub fn raw(&self) -> Result<ChangedModes<'_>, Error> {
        self.change_modes(WhenToChange::Now, TerminalModes::make_raw)
    }

    /// Lets what is typed come at once and unseen: see [`TerminalModes::make_cbreak`].
    ///
    /// # Errors
    /// Those of [`set_modes`](Self::set_modes).
    pub fn cbreak(&self) -> Result<ChangedModes<'_>, Error> {
        self.change_modes(WhenToChange::Now, TerminalModes::make_cbreak)
    }

    /// Hides what is typed: see [`TerminalModes::make_secret`]. What was typed before is thrown away, as it was
    /// seen.
    ///
    /// # Errors
    /// Those of [`set_modes`](Self::set_modes).
    pub fn secret(&self) -> Result<ChangedModes<'_>, Error> {
        self.change_modes(WhenToChange::Flushed, TerminalModes::make_secret)
    }

    /// Changes the modes for a while.
    ///
    /// # Errors
    /// Those of [`set_modes`](Self::set_modes).
    pub fn change_modes(
        &self,
        when: WhenToChange,
        change: impl FnOnce(&mut TerminalModes),
    ) -> Result<ChangedModes<'_>, Error> {
        let before = self.modes()?;
        let mut modes = before;
        change(&mut modes);
        // From here on: even a change that fails half-way is undone.
        let changed = ChangedModes { terminal: self, before };
        self.set_modes(&modes, when)?;
        Ok(changed)
    }
}

impl ChangedModes<'_> {
    /// The modes from before.
    #[must_use]
    pub fn before(&self) -> &TerminalModes {
        &self.before
    }

    /// Brings back the modes from before, and says whether that was done.
    ///
    /// # Errors
    /// The terminal was hung up, or has other modes nevertheless.
    pub fn restore(self) -> Result<(), Error> {
        let restored = self.bring_back();
        core::mem::forget(self);
        if restored? {
            return Ok(());
        }
        let reason = Reason::Invalid("the driver did not take the modes that it had".to_owned());
        Err(Error::new("restore modes of", super::OBJECT, reason))
    }

    /// Leaves the changed modes in force.
    pub fn keep(self) {
        core::mem::forget(self);
    }

    /// Whether the modes are those from before again. From the background, too: the signal that would stop the
    /// process there is held back. At once, since to wait for what was written to go out could take for ever.
    fn bring_back(&self) -> Result<bool, Error> {
        let _background = BlockedSignals::block(Signal::TTOU)?;
        Ok(self.terminal.set_modes(&self.before, WhenToChange::Now)? == self.before)
    }
}

impl Drop for ChangedModes<'_> {
    fn drop(&mut self) {
        // A terminal that was hung up has no modes to restore.
        let _ = self.bring_back();
    }
}
