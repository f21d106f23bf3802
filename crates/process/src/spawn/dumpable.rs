//! Whether the caller's memory is dumped, which a child that becomes another user changes as long as it shares it.

use std::sync::{Mutex, PoisonError};

use linux_support_base::Error;

use crate::own::{Dumpable, dumpable, set_dumpable};

/// How many children are being started, and what was so before the first of them: threads that start some at the same time
/// see one another's changes.
static BEING_STARTED: Mutex<(usize, Option<Dumpable>)> = Mutex::new((0, None));

/// Does `start`, after which the memory is dumped if it was before.
pub(super) fn keeping_dumpable<T>(start: impl FnOnce() -> T) -> Result<T, Error> {
    let lock = || BEING_STARTED.lock().unwrap_or_else(PoisonError::into_inner);
    {
        let mut being_started = lock();
        if being_started.0 == 0 {
            being_started.1 = Some(dumpable()?);
        }
        being_started.0 += 1;
    }
    let started = start();
    let mut being_started = lock();
    being_started.0 -= 1;
    if being_started.1 == Some(Dumpable::Yes) && dumpable()? != Dumpable::Yes {
        set_dumpable(Dumpable::Yes)?;
    }
    Ok(started)
}
