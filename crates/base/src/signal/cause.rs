//! Why a signal came.

use super::{
    ArithmeticFault, AuditArchitecture, BusError, ChildEvent, EmulatorTrap, InstructionFault, MemoryFault,
    TraceEvent, Trap, code::codes,
};
use crate::{ClockTicks, Pid, Readiness, UserId};

/// Why a signal came: one variant for each way in which the kernel tells it, with all that it tells.
///
/// # Source
/// sigaction(2), `include/uapi/asm-generic/siginfo.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
#[doc(alias = "si_code")]
pub enum SignalCause {
    /// A process sent it, with kill(2).
    #[doc(alias = "SI_USER")]
    Sent {
        /// Who.
        sender: Sender,
    },
    /// A process sent it to this thread, with tgkill(2).
    #[doc(alias = "SI_TKILL")]
    SentToThread {
        /// Who.
        sender: Sender,
    },
    /// A process queued it with a value, with sigqueue(3).
    #[doc(alias = "SI_QUEUE")]
    Queued {
        /// Who.
        sender: Sender,
        /// The value.
        value: SignalValue,
    },
    /// The kernel sent it, and says no more: the terminal, SIGPIPE, and on x86 a reference to an address that is none
    /// (not canonical), as SIGSEGV.
    #[doc(alias = "SI_KERNEL")]
    Kernel,
    /// A timer of timer_create(2) ran out.
    #[doc(alias = "SI_TIMER")]
    Timer {
        /// The kernel's number of the timer.
        timer: u32,
        /// How often beyond the once.
        overrun: u32,
        /// The value that it was created with.
        value: SignalValue,
    },
    /// A message came into an empty queue.
    #[doc(alias = "SI_MESGQ")]
    MessageQueue {
        /// Who sent the message.
        sender: Sender,
        /// The value that was asked for.
        value: SignalValue,
    },
    /// An asynchronous operation ended.
    #[doc(alias = "SI_ASYNCIO")]
    AsynchronousIo {
        /// Who sent it: the C library, for this process, or nobody where the kernel did.
        sender: Sender,
        /// The value that was asked for.
        value: SignalValue,
    },
    /// A name was looked up, as getaddrinfo_a(3) was asked to.
    #[doc(alias = "SI_ASYNCNL")]
    NameLookup {
        /// Who sent it: the C library, for this process.
        sender: Sender,
        /// The value that was asked for.
        value: SignalValue,
    },
    /// Another thread of the process runs another program, which ends this one.
    #[doc(alias = "SI_DETHREAD")]
    ReplacedByExec {
        /// Who.
        sender: Sender,
    },
    /// Something became of a descriptor: SIGIO, and what `F_SETSIG` of fcntl(2) asked for in its place.
    #[doc(alias = "SIGPOLL")]
    #[doc(alias = "SI_SIGIO")]
    Ready {
        /// What.
        event: ReadyEvent,
        /// Which descriptor.
        descriptor: i32,
        /// All that it is ready for.
        readiness: Readiness,
    },
    /// Something became of a child.
    #[doc(alias = "SIGCHLD")]
    Child {
        /// Which, and its real user.
        child: Sender,
        /// What.
        event: ChildEvent,
        /// Its CPU time in user mode.
        user_time: ClockTicks,
        /// Its CPU time in the kernel.
        system_time: ClockTicks,
    },
    /// Memory could not be used.
    #[doc(alias = "SIGSEGV")]
    MemoryFault {
        /// Where.
        address: u64,
        /// Why.
        fault: MemoryFault,
    },
    /// Memory that is mapped could not be had.
    #[doc(alias = "SIGBUS")]
    BusError {
        /// Where.
        address: u64,
        /// Why.
        error: BusError,
    },
    /// An instruction was wrong.
    #[doc(alias = "SIGILL")]
    Instruction {
        /// Where it is.
        address: u64,
        /// What is wrong.
        fault: InstructionFault,
    },
    /// Something could not be calculated.
    #[doc(alias = "SIGFPE")]
    Arithmetic {
        /// Where the instruction is.
        address: u64,
        /// What could not be.
        fault: ArithmeticFault,
    },
    /// An instruction was trapped.
    #[doc(alias = "SIGTRAP")]
    Trap {
        /// Where it is, or what it used.
        address: u64,
        /// Why.
        trap: Trap,
    },
    /// An emulator trapped.
    #[doc(alias = "SIGEMT")]
    EmulatorTrap {
        /// Where.
        address: u64,
        /// Why.
        trap: EmulatorTrap,
    },
    /// A system call was not made.
    #[doc(alias = "SIGSYS")]
    SystemCall {
        /// Why.
        refusal: SystemCallRefusal,
        /// The number of the call.
        number: i32,
        /// Where it was made.
        address: u64,
        /// The architecture by which it was made.
        architecture: AuditArchitecture,
    },
    /// A tracer was told of what a process did, by its reading of the signal.
    #[doc(alias = "PTRACE_GETSIGINFO")]
    Traced(TraceEvent),
    /// A process sent it, with a code of its own.
    OtherCode {
        /// The code, which is below 0.
        code: i32,
        /// Who says that they sent it.
        sender: Sender,
        /// The value.
        value: SignalValue,
    },
    /// The kernel sent it, with a code that this library does not know for this signal.
    Unknown {
        /// The code.
        code: i32,
    },
}

/// Who sent a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Sender {
    /// The process; `None` for the kernel, and for one outside of the namespace.
    #[doc(alias = "si_pid")]
    pub process: Option<Pid>,
    /// Its real user.
    #[doc(alias = "si_uid")]
    pub user: UserId,
}

/// What a sender put into a signal: a number or a pointer, whichever was meant.
///
/// # Source
/// sigqueue(3), sigval(3type).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "sigval")]
pub struct SignalValue {
    /// As a number.
    #[doc(alias = "sival_int")]
    pub number: i32,
    /// As a pointer of the sender, or a longer number.
    #[doc(alias = "sival_ptr")]
    pub pointer: u64,
}

impl SignalValue {
    /// A number.
    #[must_use]
    pub const fn of_number(number: i32) -> Self {
        Self { number, pointer: Self::with_number(number) }
    }

    /// A pointer, or a longer number.
    #[must_use]
    pub const fn of_pointer(pointer: u64) -> Self {
        let [a, b, c, d, ..] = pointer.to_ne_bytes();
        Self { number: i32::from_ne_bytes([a, b, c, d]), pointer }
    }

    /// The union of both, of which the number has the first bytes.
    const fn with_number(number: i32) -> u64 {
        let [a, b, c, d] = number.to_ne_bytes();
        u64::from_ne_bytes([a, b, c, d, 0, 0, 0, 0])
    }
}

impl From<i32> for SignalValue {
    fn from(number: i32) -> Self {
        Self::of_number(number)
    }
}

codes! {
    /// What became of a descriptor.
    ///
    /// # Source
    /// sigaction(2), `include/uapi/asm-generic/siginfo.h`.
    ReadyEvent {
        "POLL_IN" Readable = 1: "there is data to read", "There is data to read.";
        "POLL_OUT" Writable = 2: "it can be written", "It can be written.";
        "POLL_MSG" Message = 3: "there is a message to read", "There is a message to read.";
        "POLL_ERR" Error = 4: "it has an error", "It has an error.";
        "POLL_PRI" Priority = 5: "there is urgent data", "There is urgent data.";
        "POLL_HUP" HangUp = 6: "the other side hung up", "The other side hung up.";
        "SI_SIGIO" Queued = -5: "it is ready", "It is ready, which is told by a signal with codes of its own.";
    }
}

/// Why a system call was not made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum SystemCallRefusal {
    /// A seccomp filter trapped it.
    #[doc(alias = "SYS_SECCOMP")]
    Filter {
        /// What the filter said beside, up to 65535.
        #[doc(alias = "SECCOMP_RET_DATA")]
        data: i32,
    },
    /// The process has its calls given back to itself.
    #[doc(alias = "SYS_USER_DISPATCH")]
    UserDispatch,
    /// A code that this library does not know.
    Unknown(i32),
}

impl SignalCause {
    /// In a few words. Allocates nothing, so that a handler may use it.
    #[must_use]
    pub const fn description(&self) -> &'static str {
        match self {
            Self::Sent { .. } => "sent by a process",
            Self::SentToThread { .. } => "sent to the thread by a process",
            Self::Queued { .. } => "queued by a process",
            Self::Kernel => "sent by the kernel",
            Self::Timer { .. } => "a timer ran out",
            Self::MessageQueue { .. } => "a message came into an empty queue",
            Self::AsynchronousIo { .. } => "an asynchronous operation ended",
            Self::NameLookup { .. } => "a name was looked up",
            Self::ReplacedByExec { .. } => "another thread runs another program",
            Self::Ready { event, .. } => event.description(),
            Self::Child { .. } => "something became of a child",
            Self::MemoryFault { fault, .. } => fault.description(),
            Self::BusError { error, .. } => error.description(),
            Self::Instruction { fault, .. } => fault.description(),
            Self::Arithmetic { fault, .. } => fault.description(),
            Self::Trap { trap, .. } => trap.description(),
            Self::EmulatorTrap { trap, .. } => trap.description(),
            Self::SystemCall { refusal: SystemCallRefusal::Filter { .. }, .. } => {
                "a filter refused a system call"
            }
            Self::SystemCall { .. } => "a system call was not made",
            Self::Traced(event) => event.description(),
            Self::OtherCode { .. } => "sent by a process with a code of its own",
            Self::Unknown { .. } => "of a code that is not known",
        }
    }

    /// Who sent it, where a process did.
    #[must_use]
    pub const fn sender(&self) -> Option<Sender> {
        match *self {
            Self::Sent { sender }
            | Self::SentToThread { sender }
            | Self::Queued { sender, .. }
            | Self::MessageQueue { sender, .. }
            | Self::AsynchronousIo { sender, .. }
            | Self::NameLookup { sender, .. }
            | Self::ReplacedByExec { sender }
            | Self::OtherCode { sender, .. } => Some(sender),
            _ => None,
        }
    }

    /// The address at fault, where an instruction was.
    #[must_use]
    #[doc(alias = "si_addr")]
    pub const fn address(&self) -> Option<u64> {
        match *self {
            Self::MemoryFault { address, .. }
            | Self::BusError { address, .. }
            | Self::Instruction { address, .. }
            | Self::Arithmetic { address, .. }
            | Self::Trap { address, .. }
            | Self::EmulatorTrap { address, .. }
            | Self::SystemCall { address, .. } => Some(address),
            _ => None,
        }
    }

    /// Whether an instruction of the thread itself caused it, so that the thread can't just go on.
    #[must_use]
    pub const fn is_fault(&self) -> bool {
        self.address().is_some()
    }
}
