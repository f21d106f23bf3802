//! What the terminal does by itself.

use bitflags::bitflags;
use linux_raw_sys::general as raw;

bitflags! {
    /// What the terminal does by itself.
    ///
    /// # Source
    /// termios(3): `c_lflag`.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct LocalModes: u32 {
        /// The characters interrupt, quit and suspend send their signals.
        #[doc(alias = "ISIG")]
        const SIGNALS = raw::ISIG;
        /// Input comes a line at a time, and lines can be edited.
        #[doc(alias = "ICANON")]
        const CANONICAL = raw::ICANON;
        /// Upper case is written with a backslash: it does nothing in Linux.
        #[doc(alias = "XCASE")]
        const UPPER_CASE_ESCAPED = raw::XCASE;
        /// What is typed is shown.
        const ECHO = raw::ECHO;
        /// Erasing takes the character off the screen.
        #[doc(alias = "ECHOE")]
        const ECHO_ERASE = raw::ECHOE;
        /// Killing a line shows a new line.
        #[doc(alias = "ECHOK")]
        const ECHO_KILL = raw::ECHOK;
        /// A new line is shown even where nothing else is.
        #[doc(alias = "ECHONL")]
        const ECHO_NEW_LINE = raw::ECHONL;
        /// Control characters are shown as `^X`.
        #[doc(alias = "ECHOCTL")]
        const ECHO_CONTROL = raw::ECHOCTL;
        /// Erased characters are shown, as on paper.
        #[doc(alias = "ECHOPRT")]
        const ECHO_PRINT = raw::ECHOPRT;
        /// Killing a line takes each of its characters off the screen.
        #[doc(alias = "ECHOKE")]
        const ECHO_KILL_ERASES = raw::ECHOKE;
        /// The signals leave the queues as they are.
        #[doc(alias = "NOFLSH")]
        const NO_FLUSH = raw::NOFLSH;
        /// Writing from the background sends SIGTTOU.
        #[doc(alias = "TOSTOP")]
        const STOP_BACKGROUND_OUTPUT = raw::TOSTOP;
        /// What goes out is being thrown away: it does nothing in Linux.
        #[doc(alias = "FLUSHO")]
        const FLUSHING_OUTPUT = raw::FLUSHO;
        /// What is in the input queue is shown again with the next character: it does nothing in Linux.
        #[doc(alias = "PENDIN")]
        const REPRINT_PENDING = raw::PENDIN;
        /// The characters of extended editing serve: second end of line, word erase, reprint, literal next.
        #[doc(alias = "IEXTEN")]
        const EXTENDED = raw::IEXTEN;
        /// Somebody outside edits the lines: see [`PacketStatus::MODES_CHANGED`](crate::PacketStatus).
        #[doc(alias = "EXTPROC")]
        const EXTERNAL_PROCESSING = raw::EXTPROC;
        const _ = !0;
    }
}
