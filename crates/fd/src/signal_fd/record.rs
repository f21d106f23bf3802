//! What is told of a signal.

use linux_support_base::{ClockTicks, ParseError, Pid, Signal, UserId};

use crate::{Readiness, child_event::ChildEvent, record::Record};

/// A signal that was read, with all that the kernel says of it: `signalfd_siginfo`.
///
/// The plain fields mean something only for some signals; [`cause`](Self::cause) knows which.
///
/// # Source
/// signalfd(2), sigaction(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[doc(alias = "signalfd_siginfo")]
pub struct SignalRecord {
    /// Which signal.
    #[doc(alias = "ssi_signo")]
    pub signal: Signal,
    /// An error's number; mostly 0.
    #[doc(alias = "ssi_errno")]
    pub error: i32,
    /// Why it came.
    #[doc(alias = "ssi_code")]
    pub code: i32,
    /// The process that sent it, or of which it tells; `None` for the kernel, and for one outside of the namespace.
    #[doc(alias = "ssi_pid")]
    pub process: Option<Pid>,
    /// That process's user.
    #[doc(alias = "ssi_uid")]
    pub user: UserId,
    /// The descriptor that is ready, of SIGIO.
    #[doc(alias = "ssi_fd")]
    pub descriptor: i32,
    /// The timer that ran out, by the kernel's number.
    #[doc(alias = "ssi_tid")]
    pub timer: u32,
    /// What the descriptor is ready for, of SIGIO.
    #[doc(alias = "ssi_band")]
    pub band: u32,
    /// How often the timer ran out beyond the once.
    #[doc(alias = "ssi_overrun")]
    pub overrun: u32,
    /// The number of the trap, of a hardware fault.
    #[doc(alias = "ssi_trapno")]
    pub trap: u32,
    /// The status or signal, of SIGCHLD.
    #[doc(alias = "ssi_status")]
    pub status: i32,
    /// The number that the sender put in.
    #[doc(alias = "ssi_int")]
    pub value: i32,
    /// The pointer, or the long number, that the sender put in.
    #[doc(alias = "ssi_ptr")]
    pub pointer: u64,
    /// The child's CPU time in user mode, of SIGCHLD.
    #[doc(alias = "ssi_utime")]
    pub user_time: ClockTicks,
    /// The child's CPU time in the kernel, of SIGCHLD.
    #[doc(alias = "ssi_stime")]
    pub system_time: ClockTicks,
    /// The address at fault, of a hardware fault.
    #[doc(alias = "ssi_addr")]
    pub address: u64,
    /// The lowest bit of that address that is exact, of SIGBUS for broken memory.
    #[doc(alias = "ssi_addr_lsb")]
    pub address_low_bit: u16,
    /// The system call that was refused, of SIGSYS.
    #[doc(alias = "ssi_syscall")]
    pub system_call: i32,
    /// Where that call was made.
    #[doc(alias = "ssi_call_addr")]
    pub call_address: u64,
    /// The architecture by which it was made, as AUDIT_ARCH counts.
    #[doc(alias = "ssi_arch")]
    pub architecture: u32,
}

/// Why a signal came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SignalCause {
    /// A process sent it, with kill(2).
    #[doc(alias = "SI_USER")]
    Sent,
    /// A process sent it to this thread, with tgkill(2).
    #[doc(alias = "SI_TKILL")]
    SentToThread,
    /// A process queued it with a value, with sigqueue(3).
    #[doc(alias = "SI_QUEUE")]
    Queued {
        /// The value as a number.
        value: i32,
        /// The value as a pointer of the sender.
        pointer: u64,
    },
    /// The kernel sent it for a reason of its own.
    #[doc(alias = "SI_KERNEL")]
    Kernel,
    /// A timer of timer_create(2) ran out.
    #[doc(alias = "SI_TIMER")]
    Timer {
        /// How often beyond the once.
        overrun: u32,
        /// The value that it was created with.
        value: i32,
    },
    /// A message came into an empty queue.
    #[doc(alias = "SI_MESGQ")]
    MessageQueue {
        /// The value that was asked for.
        value: i32,
    },
    /// An asynchronous operation ended.
    #[doc(alias = "SI_ASYNCIO")]
    AsynchronousIo {
        /// The value that was asked for.
        value: i32,
    },
    /// A descriptor became ready.
    #[doc(alias = "SIGIO")]
    Ready {
        /// Which.
        descriptor: i32,
        /// What for.
        readiness: Readiness,
    },
    /// Something became of a child.
    Child(ChildEvent),
    /// An instruction or a reference went wrong.
    Fault {
        /// Where.
        address: u64,
    },
    /// A filter refused a system call.
    #[doc(alias = "SYS_SECCOMP")]
    SystemCall {
        /// Which.
        number: i32,
        /// Where it was made.
        address: u64,
        /// The architecture by which it was made.
        architecture: u32,
    },
    /// Something that is not known here, with the kernel's code.
    Unknown(i32),
}

impl SignalRecord {
    /// The length of a record.
    pub const SIZE: usize = 128;

    /// Reads one record.
    ///
    /// # Errors
    /// It is not 128 bytes long, or is of no signal that there can be.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let short = || ParseError::expected("a record of 128 bytes", bytes);
        if bytes.len() != Self::SIZE {
            return Err(short());
        }
        let record = Record(bytes);
        let number = record.u32(0).ok_or_else(short)?;
        let signal = u8::try_from(number).ok().and_then(Signal::new).ok_or_else(|| {
            ParseError::expected("a signal from 1 to 128", &bytes[..4]).in_field("ssi_signo")
        })?;
        let fields = || {
            Some(Self {
                signal,
                error: record.i32(4)?,
                code: record.i32(8)?,
                process: Pid::new(record.i32(12)?),
                user: UserId::new(record.u32(16)?),
                descriptor: record.i32(20)?,
                timer: record.u32(24)?,
                band: record.u32(28)?,
                overrun: record.u32(32)?,
                trap: record.u32(36)?,
                status: record.i32(40)?,
                value: record.i32(44)?,
                pointer: record.u64(48)?,
                user_time: ClockTicks::new(record.u64(56)?),
                system_time: ClockTicks::new(record.u64(64)?),
                address: record.u64(72)?,
                address_low_bit: record.u16(80)?,
                system_call: record.i32(84)?,
                call_address: record.u64(88)?,
                architecture: record.u32(96)?,
            })
        };
        fields().ok_or_else(short)
    }

    /// Reads the records that one read gave. Bytes at the end that make no whole record are an error.
    pub fn parse_all(bytes: &[u8]) -> impl Iterator<Item = Result<Self, ParseError>> {
        bytes.chunks(Self::SIZE).map(Self::parse)
    }

    /// Why it came.
    #[must_use]
    pub fn cause(&self) -> SignalCause {
        match (self.code, self.signal) {
            (SI_USER, _) => SignalCause::Sent,
            (SI_KERNEL, _) => SignalCause::Kernel,
            (SI_QUEUE, _) => SignalCause::Queued { value: self.value, pointer: self.pointer },
            (SI_TIMER, _) => SignalCause::Timer { overrun: self.overrun, value: self.value },
            (SI_MESGQ, _) => SignalCause::MessageQueue { value: self.value },
            (SI_ASYNCIO, _) => SignalCause::AsynchronousIo { value: self.value },
            (SI_SIGIO, _) => self.ready(),
            (SI_TKILL, _) => SignalCause::SentToThread,
            (..=0, _) => SignalCause::Unknown(self.code),
            (code, Signal::CHLD) => SignalCause::Child(ChildEvent::from_code(code, self.status)),
            (_, Signal::IO) => self.ready(),
            (_, Signal::SYS) => SignalCause::SystemCall {
                number: self.system_call,
                address: self.call_address,
                architecture: self.architecture,
            },
            (_, Signal::SEGV | Signal::BUS | Signal::ILL | Signal::FPE | Signal::TRAP) => {
                SignalCause::Fault { address: self.address }
            }
            // What fcntl's F_SETSIG asked for in place of SIGIO.
            (1..=6, signal) if signal.is_real_time() => self.ready(),
            _ => SignalCause::Unknown(self.code),
        }
    }
}

impl SignalRecord {
    fn ready(&self) -> SignalCause {
        SignalCause::Ready { descriptor: self.descriptor, readiness: Readiness::from_bits_retain(self.band) }
    }
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn record(signal: Signal, code: i32, fields: &[(usize, u32)]) -> SignalRecord {
        let mut bytes = [0; 128];
        bytes[..4].copy_from_slice(&u32::from(signal.number()).to_ne_bytes());
        bytes[8..12].copy_from_slice(&code.to_ne_bytes());
        for &(at, value) in fields {
            bytes[at..at + 4].copy_from_slice(&value.to_ne_bytes());
        }
        SignalRecord::parse(&bytes).unwrap()
    }

    #[test]
    fn every_field_has_its_place() {
        use core::mem::offset_of;
        use libc::signalfd_siginfo as c;
        let offsets = [
            offset_of!(c, ssi_fd),
            offset_of!(c, ssi_overrun),
            offset_of!(c, ssi_status),
            offset_of!(c, ssi_ptr),
            offset_of!(c, ssi_stime),
            offset_of!(c, ssi_addr),
            offset_of!(c, ssi_addr_lsb),
            offset_of!(c, ssi_syscall),
            offset_of!(c, ssi_call_addr),
            offset_of!(c, ssi_arch),
        ];
        assert_eq!(offsets, [20, 32, 40, 48, 64, 72, 80, 84, 88, 96]);
        let record = record(Signal::SYS, 1, &[(12, 5), (84, 59), (88, 4096), (96, 0xc000_003e)]);
        assert_eq!((record.process, record.system_call), (Pid::new(5), 59));
        assert_eq!(
            record.cause(),
            SignalCause::SystemCall { number: 59, address: 4096, architecture: 0xc000_003e }
        );
    }

    #[test]
    fn the_cause_is_by_code_and_signal() {
        let child = record(Signal::CHLD, libc::CLD_KILLED, &[(40, 9)]);
        let event = ChildEvent::Killed { signal: Signal::KILL, core_dumped: false };
        assert_eq!(child.cause(), SignalCause::Child(event));
        assert_eq!(record(Signal::CHLD, SI_USER, &[]).cause(), SignalCause::Sent);
        let ready = SignalCause::Ready { descriptor: 3, readiness: Readiness::READABLE };
        let real_time = Signal::real_time(0).unwrap();
        for (signal, code) in [(Signal::IO, 1), (Signal::IO, SI_SIGIO), (real_time, 1)] {
            assert_eq!(record(signal, code, &[(20, 3), (28, 1)]).cause(), ready);
        }
        assert_eq!(record(Signal::SEGV, 1, &[(72, 8)]).cause(), SignalCause::Fault { address: 8 });
        assert_eq!(record(Signal::TERM, SI_KERNEL, &[]).cause(), SignalCause::Kernel);
        assert_eq!(record(Signal::TERM, -60, &[]).cause(), SignalCause::Unknown(-60));
        assert_eq!(record(Signal::TERM, 77, &[]).cause(), SignalCause::Unknown(77));
    }

    #[test]
    fn a_record_that_was_cut_short_is_an_error() {
        let mut bytes = vec![0; 128 + 5];
        bytes[..4].copy_from_slice(&1_u32.to_ne_bytes());
        let records: Vec<_> = SignalRecord::parse_all(&bytes).collect();
        assert!(records[0].is_ok() && records[1].is_err() && records.len() == 2);
        assert_eq!(SignalRecord::parse_all(b"").count(), 0);
        assert!(SignalRecord::parse(&[0; 128]).is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
            for record in SignalRecord::parse_all(&bytes).flatten() {
                let _ = record.cause();
            }
        }
    }
}
