//! Signals, sets of them, and why they came.
//!
//! [`SignalInformation`] is what the kernel says of one that came, by whichever way it is told; [`SignalCause`] has a
//! variant for each cause.

mod audit_architecture;
mod cause;
mod child;
mod code;
mod default_action;
mod fault;
mod information;
mod memory_failure;
mod set;
mod text;
mod trace_event;

use core::fmt;

pub use audit_architecture::AuditArchitecture;
pub use cause::{ReadyEvent, Sender, SignalCause, SignalValue, SystemCallRefusal};
pub use child::ChildEvent;
pub use default_action::DefaultAction;
pub use fault::{
    ArithmeticFault, BusError, EmulatorTrap, InstructionFault, MemoryFault, PerfTrap, PointerBounds, Trap,
};
pub use information::SignalInformation;
pub use memory_failure::{FailureUrgency, MemoryFailure};
pub use set::SignalSet;
pub use trace_event::TraceEvent;

/// A signal, by the kernel's number for it: from 1 to 64 (128 on MIPS).
///
/// The constants have the numbers of the architecture for which the program is built: those of MIPS and SPARC are
/// others than those of the rest. `Display` is the name (`SIGTERM`), `SIGRTMIN+n` for the real-time signals that
/// programs may use, and the number for the others. `FromStr` reads these and more.
///
/// The first real-time signals belong to the C library, which cancels threads and changes their users with them: 32
/// and 33 to glibc, and 34 too to musl. What programs call `SIGRTMIN` is the one that follows: see
/// [`real_time`](Self::real_time).
///
/// ```
/// use linux_support_base::{Signal, SignalSet};
///
/// let stop: SignalSet = [Signal::TERM, Signal::INT, Signal::real_time(3).unwrap()].into_iter().collect();
/// assert!(stop.contains(Signal::TERM) && !stop.contains(Signal::HUP));
/// assert_eq!(Signal::from_name(b"TERM"), Some(Signal::TERM));
/// ```
///
/// # Source
/// signal(7).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signal(u8);

/// How an architecture numbers the standard signals.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Numbering {
    Usual,
    Mips,
    Sparc,
}

const NUMBERING: Numbering = if cfg!(any(
    target_arch = "mips",
    target_arch = "mips32r6",
    target_arch = "mips64",
    target_arch = "mips64r6"
)) {
    Numbering::Mips
} else if cfg!(any(target_arch = "sparc", target_arch = "sparc64")) {
    Numbering::Sparc
} else {
    Numbering::Usual
};

/// The highest number that the kernel has.
const LAST: u8 = if matches!(NUMBERING, Numbering::Mips) { 128 } else { 64 };

const fn number(numbering: Numbering, usual: u8, mips: u8, sparc: u8) -> u8 {
    match numbering {
        Numbering::Usual => usual,
        Numbering::Mips => mips,
        Numbering::Sparc => sparc,
    }
}

macro_rules! standard {
    ($($name:ident, $text:literal: $usual:literal, $mips:literal, $sparc:literal, $doc:literal;)*) => {
        impl Signal {
            $(
                #[doc = $doc]
                #[doc(alias = $text)]
                pub const $name: Self = Self(number(NUMBERING, $usual, $mips, $sparc));
            )*
        }

        /// The names by number.
        const fn names(numbering: Numbering) -> [&'static str; 32] {
            let mut names = [""; 32];
            $(names[number(numbering, $usual, $mips, $sparc) as usize] = $text;)*
            // One signal is not the same everywhere.
            match numbering {
                Numbering::Usual => names[16] = "SIGSTKFLT",
                Numbering::Mips | Numbering::Sparc => names[7] = "SIGEMT",
            }
            names
        }
    };
}

standard! {
    HUP, "SIGHUP": 1, 1, 1, "The terminal was hung up; to a daemon: read the configuration again.";
    INT, "SIGINT": 2, 2, 2, "Interrupted from the keyboard.";
    QUIT, "SIGQUIT": 3, 3, 3, "Quit from the keyboard, with a core dump.";
    ILL, "SIGILL": 4, 4, 4, "An instruction that the processor doesn't have.";
    TRAP, "SIGTRAP": 5, 5, 5, "A trace or break point.";
    ABRT, "SIGABRT": 6, 6, 6, "The program aborts.";
    BUS, "SIGBUS": 7, 10, 10, "Memory that is not there, such as a mapping beyond the end of its file.";
    FPE, "SIGFPE": 8, 8, 8, "Arithmetic that can't be done.";
    KILL, "SIGKILL": 9, 9, 9, "Ends the process; can't be caught, blocked or ignored.";
    USR1, "SIGUSR1": 10, 16, 30, "For the program's own use.";
    SEGV, "SIGSEGV": 11, 11, 11, "A reference to memory that is not mapped or not permitted.";
    USR2, "SIGUSR2": 12, 17, 31, "For the program's own use.";
    PIPE, "SIGPIPE": 13, 13, 13, "A write to a pipe or socket that nobody reads.";
    ALRM, "SIGALRM": 14, 14, 14, "The timer of alarm(2) or of real time ran out.";
    TERM, "SIGTERM": 15, 15, 15, "Asks the process to end.";
    CHLD, "SIGCHLD": 17, 18, 20, "A child ended, was stopped or went on.";
    CONT, "SIGCONT": 18, 25, 19, "Goes on after a stop.";
    STOP, "SIGSTOP": 19, 23, 17, "Stops the process; can't be caught, blocked or ignored.";
    TSTP, "SIGTSTP": 20, 24, 18, "Stopped from the keyboard.";
    TTIN, "SIGTTIN": 21, 26, 21, "A read from the terminal in the background.";
    TTOU, "SIGTTOU": 22, 27, 22, "A write to the terminal in the background.";
    URG, "SIGURG": 23, 21, 16, "Urgent data on a socket.";
    XCPU, "SIGXCPU": 24, 30, 24, "More CPU time than the limit.";
    XFSZ, "SIGXFSZ": 25, 31, 25, "A file larger than the limit.";
    VTALRM, "SIGVTALRM": 26, 28, 26, "The timer of the process's own CPU time ran out.";
    PROF, "SIGPROF": 27, 29, 27, "The timer of the process's CPU time, with the kernel's for it, ran out.";
    WINCH, "SIGWINCH": 28, 20, 28, "The terminal's window changed its size.";
    IO, "SIGIO": 29, 22, 23, "Input or output became possible.";
    PWR, "SIGPWR": 30, 19, 29, "The power fails.";
    SYS, "SIGSYS": 31, 12, 12, "A system call that there isn't, or that a filter refuses.";
}

const NAMES: [&str; 32] = names(NUMBERING);

impl Signal {
    /// An error of a coprocessor's stack; the kernel never sends it.
    #[cfg(not(any(
        target_arch = "mips",
        target_arch = "mips32r6",
        target_arch = "mips64",
        target_arch = "mips64r6",
        target_arch = "sparc",
        target_arch = "sparc64"
    )))]
    #[doc(alias = "SIGSTKFLT")]
    pub const STKFLT: Self = Self(16);

    /// An emulator's trap.
    #[cfg(any(
        target_arch = "mips",
        target_arch = "mips32r6",
        target_arch = "mips64",
        target_arch = "mips64r6",
        target_arch = "sparc",
        target_arch = "sparc64"
    ))]
    #[doc(alias = "SIGEMT")]
    pub const EMT: Self = Self(7);

    /// The first of the real-time signals as the kernel counts, 32: the C library's.
    const FIRST_OF_KERNEL: u8 = 32;
    /// The first of them that programs may use.
    const FIRST_OF_PROGRAMS: u8 = if cfg!(target_env = "musl") { 35 } else { 34 };

    /// The signal of this number; `None` for 0, and above 128.
    #[must_use]
    pub const fn new(number: u8) -> Option<Self> {
        if number == 0 || number > 128 { None } else { Some(Self(number)) }
    }

    /// The real-time signal so many after the first that programs may use (which is 34, and with musl 35): what a C
    /// program calls `SIGRTMIN + offset`, and systemd too. `None` above the last.
    #[must_use]
    #[doc(alias = "SIGRTMIN")]
    pub const fn real_time(offset: u8) -> Option<Self> {
        match Self::FIRST_OF_PROGRAMS.checked_add(offset) {
            Some(number) if number <= LAST => Some(Self(number)),
            _ => None,
        }
    }

    /// The standard signal of this name, with or without `SIG` before it.
    #[must_use]
    pub fn from_name(name: &[u8]) -> Option<Self> {
        let name = name.strip_prefix(b"SIG").unwrap_or(name);
        let at = (1..NAMES.len()).find(|&number| &NAMES[number].as_bytes()[3..] == name)?;
        Some(Self(at as u8))
    }

    /// The kernel's number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Its name, where it is none of the real-time signals.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        NAMES.get(usize::from(self.0)).copied()
    }

    /// Whether it is a real-time signal: these wait in a queue, each with its value, in the order of their numbers.
    #[must_use]
    pub const fn is_real_time(self) -> bool {
        self.0 >= Self::FIRST_OF_KERNEL
    }

    /// Whether it belongs to the C library (32 and 33, and with musl 34): to block it, to wait for it or to send it
    /// breaks the library's threads.
    #[must_use]
    pub const fn is_of_c_library(self) -> bool {
        self.0 >= Self::FIRST_OF_KERNEL && self.0 < Self::FIRST_OF_PROGRAMS
    }

    /// Whether a process may catch, block or ignore it: all but [`KILL`](Self::KILL) and [`STOP`](Self::STOP).
    #[must_use]
    pub const fn can_be_caught(self) -> bool {
        self.0 != Self::KILL.0 && self.0 != Self::STOP.0
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.name(), self.0) {
            (Some(name), _) => f.pad(name),
            (None, Self::FIRST_OF_PROGRAMS) => f.pad("SIGRTMIN"),
            (None, number @ ..Self::FIRST_OF_PROGRAMS) => number.fmt(f),
            (None, number) => f.pad(&format!("SIGRTMIN+{}", number - Self::FIRST_OF_PROGRAMS)),
        }
    }
}

impl fmt::Debug for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signal({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_the_names_that_kill_prints() {
        let names: Vec<_> = SignalSet::parse(b"0000000180000200").unwrap().names().collect();
        assert_eq!(names, [NAMES[10], "32", "33"]);
        assert_eq!(Signal::real_time(0).unwrap().to_string(), "SIGRTMIN");
        assert_eq!(Signal::real_time(3).unwrap().to_string(), "SIGRTMIN+3");
        assert_eq!(Signal::TERM.to_string(), "SIGTERM");
        assert_eq!((Signal::new(0), Signal::new(129)), (None, None));
    }

    #[test]
    fn every_numbering_names_all_of_1_to_31_once() {
        for numbering in [Numbering::Usual, Numbering::Mips, Numbering::Sparc] {
            let mut names = names(numbering);
            assert_eq!(names[0], "");
            names.sort_unstable();
            assert!(names.windows(2).all(|pair| pair[0] != pair[1]), "{names:?}");
        }
        let numbers = |numbering| {
            ["SIGBUS", "SIGUSR1", "SIGCHLD", "SIGSTOP", "SIGIO", "SIGSYS", "SIGPWR"]
                .map(|name| names(numbering).iter().position(|&other| other == name).unwrap())
        };
        assert_eq!(numbers(Numbering::Usual), [7, 10, 17, 19, 29, 31, 30]);
        assert_eq!(numbers(Numbering::Mips), [10, 16, 18, 23, 22, 12, 19]);
        assert_eq!(numbers(Numbering::Sparc), [10, 30, 20, 17, 23, 12, 29]);
    }

    #[test]
    #[cfg(target_arch = "x86_64")]
    fn the_constants_are_the_kernels() {
        let kernel = |signal: rustix::process::Signal| signal.as_raw();
        for (ours, theirs) in [
            (Signal::HUP, rustix::process::Signal::HUP),
            (Signal::BUS, rustix::process::Signal::BUS),
            (Signal::STKFLT, rustix::process::Signal::STKFLT),
            (Signal::CHLD, rustix::process::Signal::CHILD),
            (Signal::URG, rustix::process::Signal::URG),
            (Signal::SYS, rustix::process::Signal::SYS),
        ] {
            assert_eq!(i32::from(ours.number()), kernel(theirs));
        }
    }

    #[test]
    fn the_first_real_time_signals_belong_to_the_c_library() {
        assert_eq!(i32::from(Signal::real_time(0).unwrap().number()), libc::SIGRTMIN());
        let last = Signal::new(LAST).unwrap();
        assert_eq!(Signal::real_time(LAST - Signal::FIRST_OF_PROGRAMS), Some(last));
        assert_eq!(Signal::real_time(LAST - Signal::FIRST_OF_PROGRAMS + 1), None);
        assert_eq!(Signal::real_time(u8::MAX), None);
        let theirs: Vec<_> =
            SignalSet::OF_C_LIBRARY.iter().map(|signal| i32::from(signal.number())).collect();
        assert_eq!(theirs, (32..libc::SIGRTMIN()).collect::<Vec<_>>());
        assert!(SignalSet::OF_C_LIBRARY.iter().all(Signal::is_of_c_library));
        assert!(!Signal::real_time(0).unwrap().is_of_c_library() && !Signal::SYS.is_of_c_library());
    }

    #[test]
    fn a_signal_is_found_by_its_name() {
        for number in 1..=31 {
            let signal = Signal::new(number).unwrap();
            assert_eq!(Signal::from_name(signal.to_string().as_bytes()), Some(signal));
        }
        assert_eq!(Signal::from_name(b"HUP"), Some(Signal::HUP));
        for name in ["", "SIG", "sigterm", "SIGRTMIN", "SIGTERMX"] {
            assert_eq!(Signal::from_name(name.as_bytes()), None, "{name}");
        }
    }
}
