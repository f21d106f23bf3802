use proptest::prelude::*;

use super::*;

/// A siginfo with these words at these bytes; the code comes where the architecture has it.
fn siginfo(signal: Signal, code: i32, fields: &[(usize, u32)]) -> SignalInformation {
    let mut bytes = [0; 128];
    let (error_at, code_at) = if MIPS { (8, 4) } else { (4, 8) };
    bytes[..4].copy_from_slice(&u32::from(signal.number()).to_ne_bytes());
    bytes[code_at..code_at + 4].copy_from_slice(&code.to_ne_bytes());
    bytes[error_at..error_at + 4].copy_from_slice(&77_i32.to_ne_bytes());
    for &(at, value) in fields {
        bytes[at..at + 4].copy_from_slice(&value.to_ne_bytes());
    }
    SignalInformation::parse(&bytes).unwrap()
}

fn record(signal: Signal, code: i32, fields: &[(usize, u32)]) -> SignalInformation {
    let mut bytes = [0; 128];
    bytes[..4].copy_from_slice(&u32::from(signal.number()).to_ne_bytes());
    bytes[8..12].copy_from_slice(&code.to_ne_bytes());
    for &(at, value) in fields {
        bytes[at..at + 4].copy_from_slice(&value.to_ne_bytes());
    }
    SignalInformation::parse_record(&bytes).unwrap()
}

/// The words of a number of 64 bits at a byte.
fn long(at: usize, value: u64) -> [(usize, u32); 2] {
    let bytes = value.to_ne_bytes();
    [
        (at, u32::from_ne_bytes(bytes[..4].try_into().unwrap())),
        (at + 4, u32::from_ne_bytes(bytes[4..].try_into().unwrap())),
    ]
}

const SENDER: Sender = Sender { process: Pid::new(5), user: UserId::new(1000) };

#[test]
fn a_record_has_its_fields_where_the_c_library_has_them() {
    use core::mem::offset_of;
    use libc::signalfd_siginfo as c;
    let offsets = [
        offset_of!(c, ssi_pid),
        offset_of!(c, ssi_uid),
        offset_of!(c, ssi_fd),
        offset_of!(c, ssi_tid),
        offset_of!(c, ssi_band),
        offset_of!(c, ssi_overrun),
        offset_of!(c, ssi_status),
        offset_of!(c, ssi_int),
        offset_of!(c, ssi_ptr),
        offset_of!(c, ssi_utime),
        offset_of!(c, ssi_stime),
        offset_of!(c, ssi_addr),
        offset_of!(c, ssi_addr_lsb),
        offset_of!(c, ssi_syscall),
        offset_of!(c, ssi_call_addr),
        offset_of!(c, ssi_arch),
    ];
    assert_eq!(offsets, [12, 16, 20, 24, 28, 32, 40, 44, 48, 56, 64, 72, 80, 84, 88, 96]);
    let record = record(Signal::SYS, 1, &[(84, 59), (88, 4096), (96, 0xc000_003e)]);
    let expected = SignalCause::SystemCall {
        refusal: SystemCallRefusal::Filter { data: 0 },
        number: 59,
        address: if cfg!(target_endian = "big") { 4096 << 32 } else { 4096 },
        architecture: AuditArchitecture::X86_64,
    };
    assert_eq!(record.cause, expected);
}

#[test]
fn each_way_of_sending_is_told_apart_whatever_the_signal() {
    let words = [(16, 5), (20, 1000), (24, 7)];
    let value = siginfo(Signal::TERM, -1, &words).cause;
    let SignalCause::Queued { sender: SENDER, value } = value else { panic!("{value:?}") };
    assert_eq!(value.number, 7);
    for signal in [Signal::TERM, Signal::SEGV, Signal::CHLD, Signal::IO, Signal::SYS] {
        for (code, cause) in [
            (0, SignalCause::Sent { sender: SENDER }),
            (0x80, SignalCause::Kernel),
            (libc::SI_TIMER, SignalCause::Timer { timer: 5, overrun: 1000, value }),
            (libc::SI_MESGQ, SignalCause::MessageQueue { sender: SENDER, value }),
            (libc::SI_ASYNCIO, SignalCause::AsynchronousIo { sender: SENDER, value }),
            (-6, SignalCause::SentToThread { sender: SENDER }),
            (-7, SignalCause::ReplacedByExec { sender: SENDER }),
            (-60, SignalCause::NameLookup { sender: SENDER, value }),
            (-61, SignalCause::OtherCode { code: -61, sender: SENDER, value }),
        ] {
            assert_eq!(siginfo(signal, code, &words).cause, cause, "{signal} {code}");
        }
    }
    let outside = siginfo(Signal::TERM, 0, &[]).cause;
    assert_eq!(outside.sender().unwrap().process, None);
}

#[test]
fn faults_have_an_address_and_a_kind() {
    let address = 0x7f12_3456_7000;
    let memory = |code, more: &[(usize, u32)]| {
        let fields: Vec<_> = long(16, address).into_iter().chain(more.iter().copied()).collect();
        let SignalCause::MemoryFault { address: told, fault } = siginfo(Signal::SEGV, code, &fields).cause
        else {
            panic!("{code}")
        };
        assert_eq!(told, address);
        fault
    };
    assert_eq!(memory(1, &[]), MemoryFault::NotMapped);
    assert_eq!(memory(2, &[]), MemoryFault::NotPermitted);
    let bounds: Vec<_> = long(32, 0x1000).into_iter().chain(long(40, 0x2000)).collect();
    let expected = PointerBounds { lower: 0x1000, upper: 0x2000 };
    assert_eq!(memory(3, &bounds), MemoryFault::OutOfBounds { bounds: Some(expected) });
    assert_eq!(memory(4, &[(32, 9)]), MemoryFault::ProtectionKey { key: Some(9) });
    assert_eq!(memory(8, &[]), MemoryFault::MemoryTagAsynchronous);
    assert_eq!(memory(9, &[]), MemoryFault::MemoryTag);
    assert_eq!(memory(10, &[]), MemoryFault::ControlProtection);
    assert_eq!(memory(11, &[]), MemoryFault::Unknown(11));

    let cause = siginfo(Signal::FPE, 1, &long(16, address)).cause;
    assert_eq!(cause, SignalCause::Arithmetic { address, fault: ArithmeticFault::IntegerDivision });
    let cause = siginfo(Signal::ILL, 2, &long(16, address)).cause;
    assert_eq!(cause, SignalCause::Instruction { address, fault: InstructionFault::Operand });
    let perf: Vec<_> = [long(16, address), long(24, 42), [(32, 5), (36, 1)]].into_iter().flatten().collect();
    let cause = siginfo(Signal::TRAP, 6, &perf).cause;
    let event = PerfTrap { data: 42, event_type: 5, flags: 1 };
    assert_eq!(cause, SignalCause::Trap { address, trap: Trap::Perf { event: Some(event) } });
    assert!(event.is_asynchronous() && cause.is_fault());
}

#[test]
fn broken_memory_is_told_with_its_size_and_others_without() {
    // A number of 16 bits at byte 24.
    let low_bit = |bits: u16| {
        let [a, b] = bits.to_ne_bytes();
        u32::from_ne_bytes([a, b, 0, 0])
    };
    let cause = |code, bits| {
        let fields: Vec<_> = long(16, 0x7f00_0012_3000).into_iter().chain([(24, low_bit(bits))]).collect();
        let SignalCause::BusError { error, .. } = siginfo(Signal::BUS, code, &fields).cause else {
            panic!("{code}")
        };
        error
    };
    let BusError::Broken(failure) = cause(4, 21) else { panic!() };
    assert_eq!(failure.range.to_string(), "7f0000000000-7f0000200000");
    assert_eq!(failure.urgency, crate::signal::FailureUrgency::ActionRequired);
    assert!(matches!(cause(5, 12), BusError::Broken(failure) if failure.range.length() == 4096));
    assert_eq!(
        [cause(1, 0), cause(2, 0), cause(3, 0)],
        [BusError::Alignment, BusError::NoMemory, BusError::Object]
    );
    // Such a size there can't be: the code is kept.
    assert_eq!([cause(4, 64), cause(6, 0)], [BusError::Unknown(4), BusError::Unknown(6)]);
}

#[test]
fn children_descriptors_and_system_calls_have_their_own() {
    let fields: Vec<_> =
        [(16, 5), (20, 1000), (24, 9)].into_iter().chain(long(32, 3)).chain(long(40, 4)).collect();
    let cause = SignalCause::Child {
        child: SENDER,
        event: ChildEvent::Killed { signal: Signal::KILL, core_dumped: false },
        user_time: ClockTicks::new(3),
        system_time: ClockTicks::new(4),
    };
    assert_eq!(siginfo(Signal::CHLD, libc::CLD_KILLED, &fields).cause, cause);

    let ready = |event| SignalCause::Ready { event, descriptor: 3, readiness: Readiness::READABLE };
    let real_time = Signal::real_time(0).unwrap();
    for (signal, code) in [(Signal::IO, 1), (real_time, 1), (Signal::USR1, 1)] {
        assert_eq!(record(signal, code, &[(20, 3), (28, 1)]).cause, ready(ReadyEvent::Readable));
        if cfg!(not(target_arch = "sparc64")) {
            let fields: Vec<_> = long(16, 1).into_iter().chain([(24, 3)]).collect();
            assert_eq!(siginfo(signal, code, &fields).cause, ready(ReadyEvent::Readable));
        }
    }
    assert_eq!(record(Signal::IO, -5, &[(20, 3), (28, 1)]).cause, ready(ReadyEvent::Queued));
    assert_eq!(record(Signal::USR1, 7, &[]).cause, SignalCause::Unknown { code: 7 });
    assert_eq!(record(Signal::IO, 7, &[(20, 3), (28, 1)]).cause, ready(ReadyEvent::Unknown(7)));

    let fields: Vec<_> = long(16, 0x1000).into_iter().chain([(24, 59), (28, 0xc000_00b7)]).collect();
    let cause = SignalCause::SystemCall {
        refusal: SystemCallRefusal::Filter { data: 77 },
        number: 59,
        address: 0x1000,
        architecture: AuditArchitecture::AARCH64,
    };
    assert_eq!(siginfo(Signal::SYS, 1, &fields).cause, cause);
}

#[test]
fn a_tracer_is_told_what_was_done() {
    let traced = |signal, code| siginfo(signal, code, &[]).cause;
    assert_eq!(traced(Signal::TRAP, 0x405), SignalCause::Traced(TraceEvent::Exec));
    assert_eq!(traced(Signal::TRAP, 0x85), SignalCause::Traced(TraceEvent::SystemCall));
    assert_eq!(traced(Signal::TERM, 0x405), SignalCause::Unknown { code: 0x405 });
    let stop = 0x8000 | i32::from(Signal::STOP.number());
    assert_eq!(traced(Signal::STOP, stop), SignalCause::Traced(TraceEvent::Stop));
}

#[test]
fn a_record_that_was_cut_short_is_an_error() {
    let mut bytes = vec![0; 128 + 5];
    bytes[..4].copy_from_slice(&1_u32.to_ne_bytes());
    let records: Vec<_> = SignalInformation::parse_records(&bytes).collect();
    assert!(records[0].is_ok() && records.len() == 2);
    let error = records[1].as_ref().unwrap_err().to_string();
    assert!(error.contains("expected a record of 128 bytes"), "{error}");
    assert_eq!(SignalInformation::parse_records(b"").count(), 0);
    assert!(SignalInformation::parse(&bytes[..127]).is_err());
    let error = SignalInformation::parse(&[0; 128]).unwrap_err().to_string();
    assert!(error.contains("si_signo") && error.contains("a signal from 1 to 128"), "{error}");
}

#[test]
fn a_value_is_a_number_or_a_pointer() {
    let value = SignalValue::of_number(-2);
    assert_eq!(SignalValue::of_pointer(value.pointer).number, -2);
    assert_eq!(SignalValue::of_pointer(0x1_0000_0001).pointer, 0x1_0000_0001);
    let queued = SignalInformation::queued(Signal::TERM, SENDER, value);
    let information = SignalInformation::parse(&queued).unwrap();
    assert_eq!(information.cause, SignalCause::Queued { sender: SENDER, value });
    assert_eq!((information.signal, information.error), (Signal::TERM, 0));
}

proptest! {
    #[test]
    fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for information in SignalInformation::parse_records(&bytes).flatten() {
            prop_assert!(!information.cause.description().is_empty());
        }
    }

    #[test]
    fn every_code_of_every_signal_is_decoded_or_kept(number in 1_u8..=64, code: i8, rest in any::<[u8; 112]>()) {
        let mut bytes = [0; 128];
        bytes[16..].copy_from_slice(&rest);
        let code_at = if MIPS { 4 } else { 8 };
        bytes[..4].copy_from_slice(&u32::from(number).to_ne_bytes());
        bytes[code_at..code_at + 4].copy_from_slice(&i32::from(code).to_ne_bytes());
        let information = SignalInformation::parse(&bytes).unwrap();
        prop_assert_eq!(information.code, i32::from(code));
        if let SignalCause::Unknown { code: kept } | SignalCause::OtherCode { code: kept, .. } = information.cause {
            prop_assert_eq!(kept, i32::from(code));
        }
    }
}
