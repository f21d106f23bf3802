//! Signals and sets of them.

use core::fmt;

use linux_support_base::{
    ParseError,
    text::{decimal, hexadecimal},
};

/// A signal, by the kernel's number for it: from 1 to 64 (128 on MIPS).
///
/// `Display` is its name (`SIGTERM`), or `SIGRTMIN+n` as the kernel counts: from 32, of which the C library
/// keeps the first two for itself.
///
/// # Source
/// signal(7): the numbers are those of x86, arm and most others; alpha, MIPS, PA-RISC and SPARC differ.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(u8);

const NAMES: [&str; 31] = [
    "SIGHUP",
    "SIGINT",
    "SIGQUIT",
    "SIGILL",
    "SIGTRAP",
    "SIGABRT",
    "SIGBUS",
    "SIGFPE",
    "SIGKILL",
    "SIGUSR1",
    "SIGSEGV",
    "SIGUSR2",
    "SIGPIPE",
    "SIGALRM",
    "SIGTERM",
    "SIGSTKFLT",
    "SIGCHLD",
    "SIGCONT",
    "SIGSTOP",
    "SIGTSTP",
    "SIGTTIN",
    "SIGTTOU",
    "SIGURG",
    "SIGXCPU",
    "SIGXFSZ",
    "SIGVTALRM",
    "SIGPROF",
    "SIGWINCH",
    "SIGIO",
    "SIGPWR",
    "SIGSYS",
];

impl Signal {
    /// The signal of this number; `None` for 0, and above 128.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number == 0 || number > 128 { None } else { Some(Self(number)) }
    }

    /// The kernel's number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Its name, where it is none of the real-time signals.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        NAMES.get(usize::from(self.0) - 1).copied()
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name(), self.0) {
            (Some(name), _) => f.pad(name),
            (None, 32) => f.pad("SIGRTMIN"),
            (None, number) => f.pad(&format!("SIGRTMIN+{}", number - 32)),
        }
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signal({self})")
    }
}

crate::serialize::as_text!(Signal, "Signal", "The name of a signal, such as SIGTERM.");

/// A set of the signals 1 to 64.
///
/// `Display` is the kernel's format: 16 hexadecimal digits.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
#[doc(alias = "sigset_t")]
pub struct SignalSet(u64);

impl SignalSet {
    /// The set whose bit `n - 1` says whether it has the signal `n`.
    #[must_use]
    pub const fn from_bits(bits: u64) -> Self {
        Self(bits)
    }

    /// The bits: see [`from_bits`](Self::from_bits).
    #[must_use]
    pub const fn bits(self) -> u64 {
        self.0
    }

    /// Reads hexadecimal digits, as in `/proc/PID/status`.
    ///
    /// # Errors
    /// Anything else, and more than 64 bits.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        hexadecimal(text).map(Self)
    }

    /// Whether `signal` is in the set.
    #[must_use]
    pub const fn contains(self, signal: Signal) -> bool {
        signal.0 <= 64 && self.0 >> (signal.0 - 1) & 1 == 1
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The signals, by number.
    pub fn iter(self) -> impl Iterator<Item = Signal> {
        (1..=64).map(Signal).filter(move |&signal| self.contains(signal))
    }

    /// Their names.
    pub fn names(self) -> impl Iterator<Item = String> {
        self.iter().map(|signal| signal.to_string())
    }
}

impl fmt::Display for SignalSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for SignalSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

crate::serialize::as_names!(SignalSet, "SignalSet", "The names of the signals.");

/// Signals that wait, of all processes of a user, and how many may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SignalQueue {
    /// How many wait.
    pub queued: u64,
    /// How many may wait.
    #[doc(alias = "RLIMIT_SIGPENDING")]
    pub limit: u64,
}

impl SignalQueue {
    /// Reads `queued/limit`.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let (queued, limit) = linux_support_base::text::split_once(text, b'/')
            .ok_or_else(|| ParseError::expected("queued/limit", text))?;
        Ok(Self { queued: decimal(queued)?, limit: decimal(limit)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_the_names_that_kill_prints() {
        let names: Vec<_> = SignalSet::parse(b"0000000180004200").unwrap().names().collect();
        assert_eq!(names, ["SIGUSR1", "SIGTERM", "SIGRTMIN", "SIGRTMIN+1"]);
        assert_eq!(Signal::new(31).unwrap().to_string(), "SIGSYS");
        assert_eq!((Signal::new(0), Signal::new(129)), (None, None));
    }

    #[test]
    fn a_set_comes_back() {
        let text = "7be3c0fe28014a03";
        assert_eq!(SignalSet::parse(text.as_bytes()).unwrap().to_string(), text);
        assert!(!SignalSet::from_bits(u64::MAX).contains(Signal::new(65).unwrap()));
        assert_eq!(SignalSet::from_bits(u64::MAX).iter().count(), 64);
    }

    #[test]
    fn a_queue_has_both_numbers() {
        assert_eq!(SignalQueue::parse(b"0/96364"), Ok(SignalQueue { queued: 0, limit: 96364 }));
        for text in ["", "1", "/", "1/", "a/b"] {
            assert!(SignalQueue::parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
