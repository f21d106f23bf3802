//! What was written and is not out, and what came in and is not read.

use core::time::Duration;

use linux_support_base::{Bytes, Error};

use super::{Terminal, failed};
use crate::sys::terminal::{Order, Question, ask, order};

/// What to throw away.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TerminalBuffers {
    /// What came in and was not read.
    #[doc(alias = "TCIFLUSH")]
    Input,
    /// What was written and is not out.
    #[doc(alias = "TCOFLUSH")]
    Output,
    /// Both.
    #[doc(alias = "TCIOFLUSH")]
    Both,
}

/// What to hold or resume.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TerminalFlow {
    /// Holds what goes out. A serial port still takes what it has room for.
    #[doc(alias = "TCOOFF")]
    HoldOutput,
    /// Resumes what goes out.
    #[doc(alias = "TCOON")]
    ResumeOutput,
    /// Sends the stop character, so that the other side holds.
    #[doc(alias = "TCIOFF")]
    HoldInput,
    /// Sends the start character, so that the other side resumes.
    #[doc(alias = "TCION")]
    ResumeInput,
}

/// A break that lasts until this is dropped.
#[derive(Debug)]
#[must_use = "dropping it ends the break"]
pub struct LineBreak<'t>(&'t Terminal);

impl Drop for LineBreak<'_> {
    fn drop(&mut self) {
        // What could begin a break can end it, unless the terminal was hung up.
        let _ = order(self.0, Order::BreakOff, 0);
    }
}

impl Terminal {
    /// Waits until all that was written is out: as long as the flow is held, too.
    ///
    /// # Errors
    /// The terminal was hung up.
    #[doc(alias = "tcdrain")]
    #[doc(alias = "TCSBRK")]
    pub fn drain(&self) -> Result<(), Error> {
        rustix::io::retry_on_intr(|| order(self, Order::DrainOrBreak, 1))
            .map_err(|errno| failed("drain", errno))
    }

    /// Throws away what is in the buffers.
    ///
    /// # Errors
    /// The terminal was hung up.
    #[doc(alias = "tcflush")]
    #[doc(alias = "TCFLSH")]
    pub fn discard(&self, buffers: TerminalBuffers) -> Result<(), Error> {
        order(self, Order::Flush, buffers as u32).map_err(|errno| failed("discard the buffers of", errno))
    }

    /// Holds or resumes one of the directions.
    ///
    /// # Errors
    /// The terminal was hung up.
    #[doc(alias = "tcflow")]
    #[doc(alias = "TCXONC")]
    pub fn flow(&self, flow: TerminalFlow) -> Result<(), Error> {
        order(self, Order::Flow, flow as u32).map_err(|errno| failed("hold or resume", errno))
    }

    /// How much came in and can be read: with lines, of whole ones.
    ///
    /// # Errors
    /// The terminal was hung up.
    #[doc(alias = "TIOCINQ")]
    #[doc(alias = "FIONREAD")]
    pub fn queued_input(&self) -> Result<Bytes, Error> {
        self.queue(Question::InputQueue)
    }

    /// How much was written and is not out.
    ///
    /// # Errors
    /// The terminal was hung up.
    #[doc(alias = "TIOCOUTQ")]
    pub fn queued_output(&self) -> Result<Bytes, Error> {
        self.queue(Question::OutputQueue)
    }

    fn queue(&self, question: Question) -> Result<Bytes, Error> {
        let bytes = ask(self, question).map_err(|errno| failed("query the buffers of", errno))?;
        Ok(Bytes::new(u64::try_from(bytes).unwrap_or(0)))
    }

    /// Sends a break when all that was written is out: for a quarter of a second, or for `time`, rounded up to
    /// tenths of a second and at least one. A terminal that has none, such as a pseudo-terminal, does nothing.
    ///
    /// # Errors
    /// A signal's handler cut it short ([`Errno::INTR`](linux_support_base::Errno::INTR)): to restart it would make it
    /// longer. The terminal was hung up. `time` is above a minute, which is taken for a mistake: [`LineBreak`] has no limit.
    #[doc(alias = "tcsendbreak")]
    #[doc(alias = "TCSBRKP")]
    pub fn send_break(&self, time: Option<Duration>) -> Result<(), Error> {
        let sent = match time {
            None => order(self, Order::DrainOrBreak, 0),
            Some(time) if time > Duration::from_secs(60) => {
                return Err(Error::invalid("send a break to", super::OBJECT, "takes up to a minute"));
            }
            Some(time) => {
                let tenths = time.as_millis().div_ceil(100).max(1) as u32;
                order(self, Order::BreakFor, tenths)
            }
        };
        sent.map_err(|errno| failed("send a break to", errno))
    }

    /// Begins a break, which ends when the guard is dropped. A terminal that has none does nothing.
    ///
    /// # Errors
    /// The terminal was hung up.
    #[doc(alias = "TIOCSBRK")]
    #[doc(alias = "TIOCCBRK")]
    pub fn begin_break(&self) -> Result<LineBreak<'_>, Error> {
        order(self, Order::BreakOn, 0).map_err(|errno| failed("begin a break of", errno))?;
        Ok(LineBreak(self))
    }
}

const _: () = {
    use linux_raw_sys::general::{TCIFLUSH, TCIOFF, TCIOFLUSH, TCION, TCOFLUSH, TCOOFF, TCOON};
    assert!(TerminalBuffers::Input as u32 == TCIFLUSH && TerminalBuffers::Output as u32 == TCOFLUSH);
    assert!(TerminalBuffers::Both as u32 == TCIOFLUSH);
    assert!(TerminalFlow::HoldOutput as u32 == TCOOFF && TerminalFlow::ResumeOutput as u32 == TCOON);
    assert!(TerminalFlow::HoldInput as u32 == TCIOFF && TerminalFlow::ResumeInput as u32 == TCION);
};
