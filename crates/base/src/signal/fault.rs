//! What an instruction did that the processor or the kernel refused: the codes of SIGSEGV, SIGBUS, SIGILL, SIGFPE,
//! SIGTRAP and SIGEMT.

use super::{code::codes, memory_failure::MemoryFailure};

/// Why memory could not be used: of SIGSEGV.
///
/// # Source
/// sigaction(2), `include/uapi/asm-generic/siginfo.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum MemoryFault {
    /// Nothing is mapped there.
    #[doc(alias = "SEGV_MAPERR")]
    NotMapped,
    /// The mapping does not permit it: a write where it is read-only, code where nothing may be run.
    #[doc(alias = "SEGV_ACCERR")]
    NotPermitted,
    /// A pointer beyond its bounds, which the processor checked.
    #[doc(alias = "SEGV_BNDERR")]
    OutOfBounds {
        /// The bounds; a signalfd doesn't tell them.
        bounds: Option<PointerBounds>,
    },
    /// The thread's rights for the page's protection key don't permit it.
    #[doc(alias = "SEGV_PKUERR")]
    ProtectionKey {
        /// The number of the page's key; a signalfd doesn't tell it.
        key: Option<u32>,
    },
    /// Memory with tags of SPARC (ADI) is used where they are not on.
    #[doc(alias = "SEGV_ACCADI")]
    TagsNotEnabled,
    /// A tag of SPARC (ADI) did not match, which was told later.
    #[doc(alias = "SEGV_ADIDERR")]
    TagMismatchDeferred,
    /// A tag of SPARC (ADI) did not match.
    #[doc(alias = "SEGV_ADIPERR")]
    TagMismatch,
    /// A memory tag of Arm (MTE) did not match, some time before; the address is not told.
    #[doc(alias = "SEGV_MTEAERR")]
    MemoryTagAsynchronous,
    /// A memory tag of Arm (MTE) did not match.
    #[doc(alias = "SEGV_MTESERR")]
    MemoryTag,
    /// The flow of control was not as it must be: a return to where nothing was called from, by the shadow stack, or a
    /// jump to what is no target.
    #[doc(alias = "SEGV_CPERR")]
    ControlProtection,
    /// A code that this library does not know.
    Unknown(i32),
}

/// Between which addresses a pointer had to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PointerBounds {
    /// The lowest.
    #[doc(alias = "si_lower")]
    pub lower: u64,
    /// The highest.
    #[doc(alias = "si_upper")]
    pub upper: u64,
}

impl MemoryFault {
    /// In a few words.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::NotMapped => "nothing is mapped there",
            Self::NotPermitted => "the mapping does not permit it",
            Self::OutOfBounds { .. } => "the pointer is out of its bounds",
            Self::ProtectionKey { .. } => "the protection key does not permit it",
            Self::TagsNotEnabled => "memory tags are not enabled",
            Self::TagMismatchDeferred => "a memory tag did not match some time before",
            Self::TagMismatch | Self::MemoryTag => "the memory tag does not match",
            Self::MemoryTagAsynchronous => "a memory tag did not match some time before",
            Self::ControlProtection => "the flow of control is not as it must be",
            Self::Unknown(_) => "of a code that is not known",
        }
    }
}

/// Why memory that is mapped could not be had: of SIGBUS.
///
/// # Source
/// sigaction(2), `include/uapi/asm-generic/siginfo.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum BusError {
    /// The address is not aligned as the instruction needs it.
    #[doc(alias = "BUS_ADRALN")]
    Alignment,
    /// There is no memory at that address: a mapping beyond the end of its file.
    #[doc(alias = "BUS_ADRERR")]
    NoMemory,
    /// The object behind the mapping has an error.
    #[doc(alias = "BUS_OBJERR")]
    Object,
    /// The memory is broken: which, and whether the thread used it.
    #[doc(alias = "BUS_MCEERR_AR")]
    #[doc(alias = "BUS_MCEERR_AO")]
    Broken(MemoryFailure),
    /// A code that this library does not know.
    Unknown(i32),
}

impl BusError {
    /// In a few words.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Alignment => "the address is not aligned",
            Self::NoMemory => "there is no memory at that address",
            Self::Object => "the object behind the mapping has an error",
            Self::Broken(failure) => failure.urgency.description(),
            Self::Unknown(_) => "of a code that is not known",
        }
    }
}

codes! {
    /// What was wrong with an instruction: of SIGILL.
    ///
    /// # Source
    /// sigaction(2), `include/uapi/asm-generic/siginfo.h`.
    InstructionFault {
        "ILL_ILLOPC" Operation = 1: "an operation that there isn't", "There is no such operation.";
        "ILL_ILLOPN" Operand = 2: "an operand that there isn't", "There is no such operand.";
        "ILL_ILLADR" Addressing = 3: "a way to address that there isn't", "There is no such way to address.";
        "ILL_ILLTRP" Trap = 4: "a trap that there isn't", "There is no such trap.";
        "ILL_PRVOPC" PrivilegedOperation = 5: "an operation of the kernel", "It is the kernel's alone.";
        "ILL_PRVREG" PrivilegedRegister = 6: "a register of the kernel", "A register is the kernel's alone.";
        "ILL_COPROC" Coprocessor = 7: "an error of the coprocessor", "The coprocessor has an error.";
        "ILL_BADSTK" Stack = 8: "an error of the internal stack", "The processor's internal stack has an error.";
        "ILL_BADIADDR" Unimplemented = 9: "an address that is not implemented", "The address of the instruction is not implemented.";
        "__ILL_BREAK" Break = 10: "a break", "A break of Itanium.";
        "__ILL_BNDMOD" BundleUpdate = 11: "a bundle update in progress", "A bundle of Itanium was being changed.";
    }
}

codes! {
    /// What could not be calculated: of SIGFPE.
    ///
    /// # Source
    /// sigaction(2), `include/uapi/asm-generic/siginfo.h`.
    ArithmeticFault {
        "FPE_INTDIV" IntegerDivision = 1: "an integer divided by zero", "An integer was divided by zero; on x86 also where the quotient is too large.";
        "FPE_INTOVF" IntegerOverflow = 2: "an integer that is too large", "An integer is too large.";
        "FPE_FLTDIV" Division = 3: "a division by zero", "A floating-point number was divided by zero.";
        "FPE_FLTOVF" Overflow = 4: "a number that is too large", "A floating-point number is too large.";
        "FPE_FLTUND" Underflow = 5: "a number that is too small", "A floating-point number is too small.";
        "FPE_FLTRES" Inexact = 6: "a result that is not exact", "A floating-point result is not exact.";
        "FPE_FLTINV" Invalid = 7: "an invalid operation", "A floating-point operation is invalid, such as 0/0.";
        "FPE_FLTSUB" Subscript = 8: "a subscript out of range", "A subscript is out of range.";
        "__FPE_DECOVF" DecimalOverflow = 9: "a decimal number that is too large", "A decimal number is too large.";
        "__FPE_DECDIV" DecimalDivision = 10: "a decimal number divided by zero", "A decimal number was divided by zero.";
        "__FPE_DECERR" Decimal = 11: "an error of packed decimals", "Packed decimals have an error.";
        "__FPE_INVASC" AsciiDigit = 12: "an ASCII digit that there isn't", "There is no such ASCII digit.";
        "__FPE_INVDEC" DecimalDigit = 13: "a decimal digit that there isn't", "There is no such decimal digit.";
        "FPE_FLTUNK" Undiagnosed = 14: "an exception of an unknown kind", "A floating-point exception, the processor doesn't say which.";
        "FPE_CONDTRAP" Condition = 15: "a trap on a condition", "A trap on a condition.";
    }
}

codes! {
    /// What an emulator's trap was: of SIGEMT.
    ///
    /// # Source
    /// `include/uapi/asm-generic/siginfo.h`.
    EmulatorTrap {
        "EMT_TAGOVF" TagOverflow = 1: "the overflow of a tag", "A tag has overflown.";
    }
}

/// Why an instruction was trapped: of SIGTRAP.
///
/// # Source
/// sigaction(2), `include/uapi/asm-generic/siginfo.h`, perf_event_open(2) "sigtrap".
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Trap {
    /// A breakpoint.
    #[doc(alias = "TRAP_BRKPT")]
    Breakpoint,
    /// One step.
    #[doc(alias = "TRAP_TRACE")]
    Step,
    /// A branch that was taken.
    #[doc(alias = "TRAP_BRANCH")]
    Branch,
    /// A breakpoint or watchpoint of the hardware.
    #[doc(alias = "TRAP_HWBKPT")]
    HardwareBreakpoint,
    /// A trap of an unknown kind; to a tracer, also a system call.
    #[doc(alias = "TRAP_UNK")]
    Undiagnosed,
    /// An event of perf that is set to send signals.
    #[doc(alias = "TRAP_PERF")]
    Perf {
        /// Which event; a signalfd doesn't tell it.
        event: Option<PerfTrap>,
    },
    /// A code that this library does not know.
    Unknown(i32),
}

/// The event of perf that sent a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PerfTrap {
    /// What the event was opened with, in `sig_data`.
    #[doc(alias = "si_perf_data")]
    pub data: u64,
    /// The type of the event, of `enum perf_type_id`.
    #[doc(alias = "si_perf_type")]
    pub event_type: u32,
    /// The kernel's flags.
    #[doc(alias = "si_perf_flags")]
    pub flags: u32,
}

impl PerfTrap {
    /// Whether the signal came later than the event, since it could not be delivered at once.
    #[must_use]
    #[doc(alias = "TRAP_PERF_FLAG_ASYNC")]
    pub const fn is_asynchronous(self) -> bool {
        self.flags & 1 != 0
    }
}

impl Trap {
    /// In a few words.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::Breakpoint => "a breakpoint",
            Self::Step => "a step",
            Self::Branch => "a branch that was taken",
            Self::HardwareBreakpoint => "a breakpoint of the hardware",
            Self::Undiagnosed => "a trap of an unknown kind",
            Self::Perf { .. } => "an event of perf",
            Self::Unknown(_) => "of a code that is not known",
        }
    }
}
