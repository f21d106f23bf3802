//! What the kernel says of a signal, decoded.

use super::{
    ArithmeticFault, AuditArchitecture, BusError, ChildEvent, EmulatorTrap, InstructionFault, MemoryFailure,
    MemoryFault, PerfTrap, PointerBounds, ReadyEvent, Sender, Signal, SignalCause, SignalValue,
    SystemCallRefusal, TraceEvent, Trap,
};
use crate::{ClockTicks, ParseError, Pid, Readiness, UserId};

/// A signal, and why it came.
///
/// It is read from the 128 bytes of a `siginfo_t`, which handlers, sigtimedwait(2), waitid(2) and ptrace(2) give, and
/// from those of a `signalfd_siginfo`.
///
/// ```
/// use linux_support_base::{Signal, signal::{MemoryFault, SignalCause, SignalInformation}};
///
/// let mut bytes = [0; SignalInformation::SIZE];
/// bytes[..4].copy_from_slice(&11_u32.to_ne_bytes());
/// bytes[8..12].copy_from_slice(&1_u32.to_ne_bytes());
/// bytes[16..24].copy_from_slice(&0x1000_u64.to_ne_bytes());
/// # if cfg!(target_arch = "x86_64") {
/// let information = SignalInformation::parse(&bytes)?;
/// assert_eq!(information.signal, Signal::SEGV);
/// let cause = SignalCause::MemoryFault { address: 0x1000, fault: MemoryFault::NotMapped };
/// assert_eq!(information.cause, cause);
/// # }
/// # Ok::<(), linux_support_base::ParseError>(())
/// ```
///
/// # Source
/// sigaction(2), signalfd(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
#[doc(alias = "siginfo_t")]
#[doc(alias = "signalfd_siginfo")]
pub struct SignalInformation {
    /// Which signal.
    #[doc(alias = "si_signo")]
    pub signal: Signal,
    /// The number of an error; mostly 0, and a seccomp filter's data for SIGSYS.
    #[doc(alias = "si_errno")]
    pub error: i32,
    /// The kernel's code of the cause.
    #[doc(alias = "si_code")]
    pub code: i32,
    /// Why it came.
    pub cause: SignalCause,
}

/// MIPS has the code before the error.
const MIPS: bool = cfg!(any(target_arch = "mips64", target_arch = "mips64r6"));

impl SignalInformation {
    /// The length of a record.
    pub const SIZE: usize = 128;

    /// Reads a `siginfo_t` of the 64-bit kernel that runs this program.
    ///
    /// # Errors
    /// It is not 128 bytes long, or is of no signal that there can be.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let bytes = whole(bytes)?;
        let (error, code) = if MIPS { (8, 4) } else { (4, 8) };
        let word = |at| i32::from_ne_bytes(take(bytes, at));
        Self::new(bytes, "si_signo", word(error), word(code), &Fields::of_siginfo(bytes))
    }

    /// Reads a `signalfd_siginfo`, which a signalfd gives.
    ///
    /// # Errors
    /// It is not 128 bytes long, or is of no signal that there can be.
    pub fn parse_record(bytes: &[u8]) -> Result<Self, ParseError> {
        let bytes = whole(bytes)?;
        let word = |at| i32::from_ne_bytes(take(bytes, at));
        Self::new(bytes, "ssi_signo", word(4), word(8), &Fields::of_record(bytes))
    }

    /// Reads the records that one read of a signalfd gave. Bytes at the end that make no whole record are an error.
    pub fn parse_records(bytes: &[u8]) -> impl Iterator<Item = Result<Self, ParseError>> {
        bytes.chunks(Self::SIZE).map(Self::parse_record)
    }

    /// The `siginfo_t` of a signal that `sender` queues with a value: what the kernel takes for it.
    #[must_use]
    #[doc(alias = "rt_sigqueueinfo")]
    pub fn queued(signal: Signal, sender: Sender, value: SignalValue) -> [u8; Self::SIZE] {
        let mut bytes = [0; Self::SIZE];
        let mut put = |at: usize, word: [u8; 4]| bytes[at..at + 4].copy_from_slice(&word);
        put(0, u32::from(signal.number()).to_ne_bytes());
        put(if MIPS { 4 } else { 8 }, SI_QUEUE.to_ne_bytes());
        put(16, sender.process.map_or(0, Pid::number).to_ne_bytes());
        put(20, sender.user.number().to_ne_bytes());
        bytes[24..32].copy_from_slice(&value.pointer.to_ne_bytes());
        bytes
    }

    fn new(
        bytes: &[u8; Self::SIZE],
        field: &'static str,
        error: i32,
        code: i32,
        fields: &Fields,
    ) -> Result<Self, ParseError> {
        let number = u32::from_ne_bytes(take(bytes, 0));
        let signal = u8::try_from(number)
            .ok()
            .and_then(Signal::new)
            .ok_or_else(|| ParseError::expected("a signal from 1 to 128", &bytes[..4]).in_field(field))?;
        Ok(Self { signal, error, code, cause: fields.cause(signal, code, error) })
    }
}

fn whole(bytes: &[u8]) -> Result<&[u8; SignalInformation::SIZE], ParseError> {
    bytes.try_into().map_err(|_| ParseError::expected("a record of 128 bytes", bytes))
}

fn take<const N: usize>(bytes: &[u8; SignalInformation::SIZE], at: usize) -> [u8; N] {
    let mut taken = [0; N];
    taken.copy_from_slice(&bytes[at..at + N]);
    taken
}

/// All that a record may say, of which the signal and the code tell what it does say.
struct Fields {
    sender: Sender,
    value: SignalValue,
    timer: u32,
    overrun: u32,
    status: i32,
    user_time: u64,
    system_time: u64,
    address: u64,
    address_low_bit: u16,
    bounds: Option<PointerBounds>,
    key: Option<u32>,
    perf: Option<PerfTrap>,
    descriptor: i32,
    band: u32,
    call_address: u64,
    system_call: i32,
    architecture: u32,
}

impl Fields {
    fn of_siginfo(bytes: &[u8; SignalInformation::SIZE]) -> Self {
        let i32_at = |at| i32::from_ne_bytes(take(bytes, at));
        let u32_at = |at| u32::from_ne_bytes(take(bytes, at));
        let u64_at = |at| u64::from_ne_bytes(take(bytes, at));
        // SPARC's is an int, and that of the others a long.
        let (band, descriptor) =
            if cfg!(target_arch = "sparc64") { (u32_at(16), 20) } else { (u64_at(16) as u32, 24) };
        Self {
            sender: Sender { process: Pid::new(i32_at(16)), user: UserId::new(u32_at(20)) },
            value: SignalValue::of_pointer(u64_at(24)),
            timer: u32_at(16),
            overrun: u32_at(20),
            status: i32_at(24),
            user_time: u64_at(32),
            system_time: u64_at(40),
            address: u64_at(16),
            address_low_bit: u16::from_ne_bytes(take(bytes, 24)),
            bounds: Some(PointerBounds { lower: u64_at(32), upper: u64_at(40) }),
            key: Some(u32_at(32)),
            perf: Some(PerfTrap { data: u64_at(24), event_type: u32_at(32), flags: u32_at(36) }),
            descriptor: i32_at(descriptor),
            band,
            call_address: u64_at(16),
            system_call: i32_at(24),
            architecture: u32_at(28),
        }
    }

    fn of_record(bytes: &[u8; SignalInformation::SIZE]) -> Self {
        let i32_at = |at| i32::from_ne_bytes(take(bytes, at));
        let u32_at = |at| u32::from_ne_bytes(take(bytes, at));
        let u64_at = |at| u64::from_ne_bytes(take(bytes, at));
        Self {
            sender: Sender { process: Pid::new(i32_at(12)), user: UserId::new(u32_at(16)) },
            value: SignalValue { number: i32_at(44), pointer: u64_at(48) },
            timer: u32_at(24),
            overrun: u32_at(32),
            status: i32_at(40),
            user_time: u64_at(56),
            system_time: u64_at(64),
            address: u64_at(72),
            address_low_bit: u16::from_ne_bytes(take(bytes, 80)),
            bounds: None,
            key: None,
            perf: None,
            descriptor: i32_at(20),
            band: u32_at(28),
            call_address: u64_at(88),
            system_call: i32_at(84),
            architecture: u32_at(96),
        }
    }

    /// As the kernel's `siginfo_layout` decides: codes from 1 to 127 are of the signal, the others of the way of sending.
    fn cause(&self, signal: Signal, code: i32, error: i32) -> SignalCause {
        match code {
            1..SI_KERNEL => self.cause_by_signal(signal, code, error),
            _ => self.cause_by_way(signal, code),
        }
    }

    fn cause_by_way(&self, signal: Signal, code: i32) -> SignalCause {
        let (sender, value) = (self.sender, self.value);
        match code {
            SI_USER => SignalCause::Sent { sender },
            SI_KERNEL => SignalCause::Kernel,
            SI_QUEUE => SignalCause::Queued { sender, value },
            SI_TIMER => SignalCause::Timer { timer: self.timer, overrun: self.overrun, value },
            SI_MESGQ => SignalCause::MessageQueue { sender, value },
            SI_ASYNCIO => SignalCause::AsynchronousIo { sender, value },
            SI_SIGIO => self.ready(code),
            SI_TKILL => SignalCause::SentToThread { sender },
            SI_DETHREAD => SignalCause::ReplacedByExec { sender },
            SI_ASYNCNL => SignalCause::NameLookup { sender, value },
            ..0 => SignalCause::OtherCode { code, sender, value },
            // A tracer's: the signal, and the event above it.
            _ if code & 0x7f == i32::from(signal.number()) => {
                TraceEvent::from_status(code).map_or(SignalCause::Unknown { code }, SignalCause::Traced)
            }
            _ => SignalCause::Unknown { code },
        }
    }

    fn cause_by_signal(&self, signal: Signal, code: i32, error: i32) -> SignalCause {
        let address = self.address;
        match signal {
            Signal::SEGV => SignalCause::MemoryFault { address, fault: self.memory_fault(code) },
            Signal::BUS => SignalCause::BusError { address, error: self.bus_error(code) },
            Signal::ILL => SignalCause::Instruction { address, fault: InstructionFault::from_code(code) },
            Signal::FPE => SignalCause::Arithmetic { address, fault: ArithmeticFault::from_code(code) },
            Signal::TRAP => SignalCause::Trap { address, trap: self.trap(code) },
            signal if is_emulator_trap(signal) => {
                SignalCause::EmulatorTrap { address, trap: EmulatorTrap::from_code(code) }
            }
            Signal::CHLD => SignalCause::Child {
                child: self.sender,
                event: ChildEvent::from_code(code, self.status),
                user_time: ClockTicks::new(self.user_time),
                system_time: ClockTicks::new(self.system_time),
            },
            Signal::SYS => SignalCause::SystemCall {
                refusal: match code {
                    1 => SystemCallRefusal::Filter { data: error },
                    2 => SystemCallRefusal::UserDispatch,
                    code => SystemCallRefusal::Unknown(code),
                },
                number: self.system_call,
                address: self.call_address,
                architecture: AuditArchitecture::new(self.architecture),
            },
            Signal::IO => self.ready(code),
            // What fcntl's F_SETSIG asked for in place of SIGIO.
            _ if code <= 6 => self.ready(code),
            _ => SignalCause::Unknown { code },
        }
    }

    fn ready(&self, code: i32) -> SignalCause {
        SignalCause::Ready {
            event: ReadyEvent::from_code(code),
            descriptor: self.descriptor,
            readiness: Readiness::from_bits_retain(self.band),
        }
    }

    fn memory_fault(&self, code: i32) -> MemoryFault {
        match code {
            1 => MemoryFault::NotMapped,
            2 => MemoryFault::NotPermitted,
            3 => MemoryFault::OutOfBounds { bounds: self.bounds },
            4 => MemoryFault::ProtectionKey { key: self.key },
            5 => MemoryFault::TagsNotEnabled,
            6 => MemoryFault::TagMismatchDeferred,
            7 => MemoryFault::TagMismatch,
            8 => MemoryFault::MemoryTagAsynchronous,
            9 => MemoryFault::MemoryTag,
            10 => MemoryFault::ControlProtection,
            code => MemoryFault::Unknown(code),
        }
    }

    fn bus_error(&self, code: i32) -> BusError {
        match code {
            1 => BusError::Alignment,
            2 => BusError::NoMemory,
            3 => BusError::Object,
            code => MemoryFailure::from_signal(code, self.address, self.address_low_bit)
                .map_or(BusError::Unknown(code), BusError::Broken),
        }
    }

    fn trap(&self, code: i32) -> Trap {
        match code {
            1 => Trap::Breakpoint,
            2 => Trap::Step,
            3 => Trap::Branch,
            4 => Trap::HardwareBreakpoint,
            5 => Trap::Undiagnosed,
            6 => Trap::Perf { event: self.perf },
            code => Trap::Unknown(code),
        }
    }
}

/// SIGEMT is there with MIPS and SPARC alone.
fn is_emulator_trap(signal: Signal) -> bool {
    signal.name() == Some("SIGEMT")
}

const SI_USER: i32 = 0;
const SI_KERNEL: i32 = 0x80;
const SI_QUEUE: i32 = -1;
// MIPS has these three in another order.
const SI_TIMER: i32 = libc::SI_TIMER;
const SI_MESGQ: i32 = libc::SI_MESGQ;
const SI_ASYNCIO: i32 = libc::SI_ASYNCIO;
const SI_SIGIO: i32 = -5;
const SI_TKILL: i32 = -6;
const SI_DETHREAD: i32 = -7;
const SI_ASYNCNL: i32 = -60;

#[cfg(test)]
mod tests;
