//! A terminal for one alone.

use linux_support_base::Error;

use super::{Terminal, failed};
use crate::sys::terminal::{Order, Question, ask, order};

/// Keeps others from opening the terminal until this is dropped. Those that have it open keep it, and
/// `CAP_SYS_ADMIN` may open it nevertheless.
#[derive(Debug)]
#[must_use = "dropping it lets others open the terminal"]
pub struct ExclusiveTerminal<'t>(&'t Terminal);

impl Terminal {
    /// Keeps others from opening it.
    ///
    /// # Errors
    /// The terminal was hung up.
    #[doc(alias = "TIOCEXCL")]
    #[doc(alias = "TIOCNXCL")]
    pub fn exclusive(&self) -> Result<ExclusiveTerminal<'_>, Error> {
        order(self, Order::Exclusive, 0).map_err(|errno| failed("make exclusive", errno))?;
        Ok(ExclusiveTerminal(self))
    }

    /// Whether others are kept from opening it.
    ///
    /// # Errors
    /// The terminal was hung up.
    #[doc(alias = "TIOCGEXCL")]
    pub fn is_exclusive(&self) -> Result<bool, Error> {
        ask(self, Question::Exclusive).map(|answer| answer != 0).map_err(|errno| failed("query", errno))
    }
}

impl Drop for ExclusiveTerminal<'_> {
    fn drop(&mut self) {
        // A terminal that was hung up is nobody's any more.
        let _ = order(self.0, Order::NotExclusive, 0);
    }
}
