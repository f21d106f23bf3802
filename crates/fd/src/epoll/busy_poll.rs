//! Polling network devices while waiting.

use core::time::Duration;
use std::os::fd::AsFd;

use linux_support_base::{Errno, Error, Reason, Requirement};

use super::{Epoll, Token};
use crate::sys::epoll::{BusyPollParameters, busy_poll, set_busy_poll};

/// How a wait polls the network devices of the sockets that are watched, in place of waiting for their interrupts.
///
/// # Kernel
/// Since 6.9, with `CONFIG_NET_RX_BUSY_POLL`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[doc(alias = "epoll_params")]
pub struct BusyPoll {
    /// For how long; whole microseconds up to 2,147,483,647, and 0 for not at all.
    pub duration: Duration,
    /// How many packets at most are taken in one go; above 64 needs CAP_NET_ADMIN.
    pub budget: u16,
    /// Whether polling comes before interrupts.
    pub prefer: bool,
}

const NEEDS: Requirement =
    Requirement::none().since(6, 9).configuration("CONFIG_NET_RX_BUSY_POLL").capability("CAP_NET_ADMIN");

impl<T: Token> Epoll<T> {
    /// How it polls network devices.
    ///
    /// # Errors
    /// The kernel can't: see [`BusyPoll`].
    #[doc(alias = "EPIOCGPARAMS")]
    pub fn busy_poll(&self) -> Result<BusyPoll, Error> {
        let parameters = busy_poll(self.as_fd()).map_err(|errno| error("read busy polling of", errno))?;
        Ok(BusyPoll {
            duration: Duration::from_micros(parameters.microseconds.into()),
            budget: parameters.budget,
            prefer: parameters.prefer != 0,
        })
    }

    /// Says how it polls network devices.
    ///
    /// # Errors
    /// The kernel can't: see [`BusyPoll`]; the duration is out of range; the budget needs a capability.
    #[doc(alias = "EPIOCSPARAMS")]
    pub fn set_busy_poll(&self, busy_poll: BusyPoll) -> Result<(), Error> {
        let microseconds = i32::try_from(busy_poll.duration.as_micros()).map_err(|_| {
            Error::invalid("set busy polling of", "epoll", "takes up to 2147483647 microseconds")
        })?;
        let parameters =
            BusyPollParameters::new(microseconds.unsigned_abs(), busy_poll.budget, busy_poll.prefer);
        set_busy_poll(self.as_fd(), parameters).map_err(|errno| error("set busy polling of", errno))
    }
}

fn error(operation: &'static str, errno: Errno) -> Error {
    match errno {
        // No such request.
        Errno::NOTTY | Errno::INVAL | Errno::OPNOTSUPP => {
            Error::new(operation, "epoll", Reason::NotConfigured { needs: NEEDS })
        }
        errno => Error::system(operation, "epoll", errno).explained(NEEDS, None),
    }
}
