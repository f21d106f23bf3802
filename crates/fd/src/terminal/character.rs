//! Characters with a meaning.

use linux_raw_sys::general as raw;

/// A character that has a meaning when it is typed.
///
/// # Source
/// termios(3): `c_cc`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ControlCharacter {
    /// Sends SIGINT: usually control C.
    #[doc(alias = "VINTR")]
    Interrupt,
    /// Sends SIGQUIT: usually control \.
    #[doc(alias = "VQUIT")]
    Quit,
    /// Erases the character before: usually DEL.
    #[doc(alias = "VERASE")]
    Erase,
    /// Erases the line: usually control U.
    #[doc(alias = "VKILL")]
    Kill,
    /// Ends the input, if it comes first in a line: usually control D.
    #[doc(alias = "VEOF")]
    EndOfFile,
    /// Ends a line, besides a new line.
    #[doc(alias = "VEOL")]
    EndOfLine,
    /// Ends a line, too.
    #[doc(alias = "VEOL2")]
    SecondEndOfLine,
    /// Switches to another shell layer: it does nothing in Linux.
    #[doc(alias = "VSWTC")]
    Switch,
    /// Resumes what goes out: usually control Q.
    #[doc(alias = "VSTART")]
    Start,
    /// Holds what goes out: usually control S.
    #[doc(alias = "VSTOP")]
    Stop,
    /// Sends SIGTSTP: usually control Z.
    #[doc(alias = "VSUSP")]
    Suspend,
    /// Shows what was typed again: usually control R.
    #[doc(alias = "VREPRINT")]
    Reprint,
    /// Throws away what goes out: it does nothing in Linux.
    #[doc(alias = "VDISCARD")]
    Discard,
    /// Erases the word before: usually control W.
    #[doc(alias = "VWERASE")]
    WordErase,
    /// Takes the meaning from the character behind: usually control V.
    #[doc(alias = "VLNEXT")]
    LiteralNext,
}

impl ControlCharacter {
    /// All of them.
    pub const ALL: [Self; 15] = [
        Self::Interrupt,
        Self::Quit,
        Self::Erase,
        Self::Kill,
        Self::EndOfFile,
        Self::EndOfLine,
        Self::SecondEndOfLine,
        Self::Switch,
        Self::Start,
        Self::Stop,
        Self::Suspend,
        Self::Reprint,
        Self::Discard,
        Self::WordErase,
        Self::LiteralNext,
    ];

    /// Its place in the kernel's list.
    pub(super) const fn index(self) -> usize {
        (match self {
            Self::Interrupt => raw::VINTR,
            Self::Quit => raw::VQUIT,
            Self::Erase => raw::VERASE,
            Self::Kill => raw::VKILL,
            Self::EndOfFile => raw::VEOF,
            Self::EndOfLine => raw::VEOL,
            Self::SecondEndOfLine => raw::VEOL2,
            Self::Switch => raw::VSWTC,
            Self::Start => raw::VSTART,
            Self::Stop => raw::VSTOP,
            Self::Suspend => raw::VSUSP,
            Self::Reprint => raw::VREPRINT,
            Self::Discard => raw::VDISCARD,
            Self::WordErase => raw::VWERASE,
            Self::LiteralNext => raw::VLNEXT,
        }) as usize
    }
}
