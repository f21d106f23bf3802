//! Stopping a group and ending it.

use std::time::{Duration, Instant};

use linux_support_base::{Error, Requirement};

use super::{LiveGroup, group::NOT_ROOT};
use crate::GroupEvents;

/// A group that is stopped, with all below it, until this is dropped.
#[derive(Debug)]
#[must_use = "the group goes on when this is dropped"]
pub struct FrozenGroup<'g, 'm> {
    group: &'g LiveGroup<'m>,
    thaws: bool,
}

const FREEZE: Requirement = NOT_ROOT.since(5, 2);
const KILL: Requirement = NOT_ROOT.since(5, 14);

impl<'m> LiveGroup<'m> {
    /// Stops all processes in it and below, and waits until they are stopped. Signals wait, but for the one that ends a
    /// process.
    ///
    /// # Errors
    /// It is the root, or gone; not all are stopped within `timeout`: then the group goes on.
    #[doc(alias = "cgroup.freeze")]
    pub fn freeze(&self, timeout: Duration) -> Result<FrozenGroup<'_, 'm>, Error> {
        self.write("cgroup.freeze", "1").map_err(|error| self.explain(error, FREEZE))?;
        let frozen = FrozenGroup { group: self, thaws: true };
        if self.wait_for(timeout, |events| events.frozen == Some(true))? {
            return Ok(frozen);
        }
        Err(self.invalid("stop", format!("processes that stop within {timeout:?}")))
    }

    /// Lets it go on.
    ///
    /// # Errors
    /// It is the root, or gone.
    pub fn thaw(&self) -> Result<(), Error> {
        self.write("cgroup.freeze", "0").map_err(|error| self.explain(error, FREEZE))
    }

    /// Ends all processes in it and below by SIGKILL, those too that are being started.
    ///
    /// # Errors
    /// It is the root or threaded, or gone.
    #[doc(alias = "cgroup.kill")]
    pub fn kill(&self) -> Result<(), Error> {
        self.write("cgroup.kill", "1").map_err(|error| self.explain(error, KILL))
    }

    /// Waits until there is no process in it or below; `false` if the time runs out before.
    ///
    /// # Errors
    /// It is the root, or gone.
    pub fn wait_until_empty(&self, timeout: Duration) -> Result<bool, Error> {
        self.wait_for(timeout, |events| !events.populated)
    }

    fn wait_for(&self, timeout: Duration, is_so: impl Fn(&GroupEvents) -> bool) -> Result<bool, Error> {
        let watch = self.watch_events()?;
        let end = Instant::now().checked_add(timeout);
        loop {
            if is_so(&watch.read()?) {
                return Ok(true);
            }
            let left = end.map(|end| end.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Ok(false);
            }
            watch.wait(left)?;
        }
    }
}

impl FrozenGroup<'_, '_> {
    /// Lets it go on, and says whether that was possible.
    ///
    /// # Errors
    /// It is gone.
    pub fn thaw(mut self) -> Result<(), Error> {
        self.thaws = false;
        self.group.thaw()
    }

    /// Leaves it stopped.
    pub fn keep(mut self) {
        self.thaws = false;
    }
}

impl Drop for FrozenGroup<'_, '_> {
    fn drop(&mut self) {
        if self.thaws {
            let _ = self.group.thaw();
        }
    }
}
