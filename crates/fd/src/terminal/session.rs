//! Whose terminal it is: setsid(2), tcsetpgrp(3).

use std::{
    os::fd::AsFd,
    process::{Command, Stdio},
};

use linux_support_base::{Errno, Error, Pid};

use super::{Terminal, failed};
use crate::sys::terminal::{
    Order, Question, Setting, ask, become_standard_streams, begin_session, begin_session_in_child, order, set,
};

impl Terminal {
    /// The process group in the foreground: it may read, and gets the signals of the keyboard. `None` if there is
    /// none, or none that the caller can see.
    ///
    /// # Errors
    /// It is not the controlling terminal of the process ([`Errno::NOTTY`]).
    #[doc(alias = "tcgetpgrp")]
    #[doc(alias = "TIOCGPGRP")]
    pub fn foreground(&self) -> Result<Option<Pid>, Error> {
        ask(self, Question::ForegroundGroup)
            .map(Pid::new)
            .map_err(|errno| failed("find the foreground of", errno))
    }

    /// Puts a process group of the same session in the foreground. From the background this stops the process by
    /// SIGTTOU, unless the signal is blocked or ignored.
    ///
    /// # Errors
    /// It is not the controlling terminal of the process ([`Errno::NOTTY`]); there is no such group
    /// ([`Reason::Gone`](linux_support_base::Reason::Gone)), or it is of another session.
    #[doc(alias = "tcsetpgrp")]
    #[doc(alias = "TIOCSPGRP")]
    pub fn set_foreground(&self, group: Pid) -> Result<(), Error> {
        set(self, Setting::ForegroundGroup, group.number())
            .map_err(|errno| failed("set the foreground of", errno))
    }

    /// The leader of the session whose controlling terminal it is.
    ///
    /// # Errors
    /// It is not the controlling terminal of the process ([`Errno::NOTTY`]).
    #[doc(alias = "tcgetsid")]
    #[doc(alias = "TIOCGSID")]
    pub fn session(&self) -> Result<Option<Pid>, Error> {
        ask(self, Question::Session).map(Pid::new).map_err(|errno| failed("find the session of", errno))
    }

    /// Makes it the controlling terminal of the process, which leads a session without one.
    ///
    /// # Errors
    /// The process leads no session or has a terminal, or another session has this one: permission is denied.
    #[doc(alias = "TIOCSCTTY")]
    pub fn make_controlling(&self) -> Result<(), Error> {
        order(self, Order::MakeControlling, 0).map_err(|errno| failed("take as controlling", errno))
    }

    /// As [`make_controlling`](Self::make_controlling), and takes it away from a session that has it.
    ///
    /// # Errors
    /// As for [`make_controlling`](Self::make_controlling).
    ///
    /// # Capabilities
    /// `CAP_SYS_ADMIN`.
    pub fn steal_controlling(&self) -> Result<(), Error> {
        order(self, Order::MakeControlling, 1).map_err(|errno| failed("take as controlling", errno))
    }

    /// Gives up the controlling terminal of the process. If the process leads the session, the whole session does,
    /// and those in the foreground get SIGHUP and SIGCONT.
    ///
    /// # Errors
    /// It is not the controlling terminal of the process ([`Errno::NOTTY`]).
    #[doc(alias = "TIOCNOTTY")]
    pub fn give_up_controlling(&self) -> Result<(), Error> {
        order(self, Order::GiveUpControlling, 0).map_err(|errno| failed("give up", errno))
    }

    /// Makes the calling process the leader of a session whose controlling terminal this is, and its standard
    /// streams this terminal.
    ///
    /// It allocates nothing and takes no lock: a child may call it between `fork` and `execve`. For
    /// [`Command`] there is [`attach`](Self::attach), which needs no unsafe code.
    ///
    /// # Errors
    /// The process leads a process group already, or another session has the terminal.
    #[doc(alias = "login_tty")]
    pub fn login(&self) -> Result<(), Errno> {
        begin_session(self.as_fd())?;
        become_standard_streams(self.as_fd())
    }

    /// Has the child that `command` will start lead a session of its own, with this as its controlling terminal and
    /// standard streams: what a shell or a login expects.
    ///
    /// ```
    /// use std::process::Command;
    /// use linux_support_fd::PseudoTerminal;
    ///
    /// let controller = PseudoTerminal::open()?;
    /// let mut command = Command::new("sh");
    /// command.args(["-c", "read word < /dev/tty; echo got $word"]);
    /// controller.peer()?.attach(&mut command)?;
    /// let mut child = command.spawn().unwrap();
    /// drop(command); // It holds the terminal's side open.
    ///
    /// controller.write(b"it\n")?;
    /// let mut output = String::new();
    /// std::io::Read::read_to_string(&mut &controller, &mut output).unwrap();
    /// assert_eq!(output, "it\r\ngot it\r\n");
    /// assert!(child.wait().unwrap().success());
    /// # Ok::<(), linux_support_base::Error>(())
    /// ```
    ///
    /// # Errors
    /// There is no descriptor left, or the terminal may not be opened.
    pub fn attach(&self, command: &mut Command) -> Result<(), Error> {
        let terminal = self.waiting()?;
        let clone =
            || rustix::io::fcntl_dupfd_cloexec(&terminal, 3).map_err(|errno| failed("duplicate", errno));
        command.stdin(Stdio::from(clone()?)).stdout(Stdio::from(clone()?)).stderr(Stdio::from(clone()?));
        begin_session_in_child(command, clone()?);
        Ok(())
    }

    /// Hangs it up, as a lost carrier would: every open file of it is dead from then on, here and in all other
    /// processes, so that nobody from before sees who logs in next.
    ///
    /// vhangup(2) does the same with the controlling terminal of the process.
    ///
    /// # Errors
    /// Permission is denied.
    ///
    /// # Capabilities
    /// `CAP_SYS_ADMIN`.
    #[doc(alias = "vhangup")]
    #[doc(alias = "TIOCVHANGUP")]
    pub fn hang_up(&self) -> Result<(), Error> {
        order(self, Order::Hangup, 0).map_err(|errno| failed("hang up", errno))
    }
}
