//! SIGTRAP.
#![expect(unsafe_code, reason = "traps come of what is unsafe")]

use std::os::fd::{FromRawFd, OwnedFd};

use linux_support_base::{
    Signal,
    signal::{PerfTrap, SignalCause, Trap},
};

use crate::child::{raises, skip};

fn meet_a_breakpoint() {
    // SAFETY: the process ends by it.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        core::arch::asm!("int3");
        #[cfg(target_arch = "aarch64")]
        core::arch::asm!("brk #0");
        #[cfg(target_arch = "riscv64")]
        core::arch::asm!("ebreak");
    }
}

#[cfg(target_arch = "x86_64")]
fn meet_an_in_circuit_breakpoint() {
    // SAFETY: as above.
    unsafe { core::arch::asm!(".byte 0xf1") };
}

#[cfg(target_arch = "x86_64")]
fn make_a_step() {
    // SAFETY: as above: the flag traps after the instruction that follows.
    unsafe { core::arch::asm!("pushfq", "or qword ptr [rsp], 0x100", "popfq", "nop") };
}

/// What the event is opened with.
const DATA: u64 = 0x1234_5678_9abc_def0;
static mut WATCHED: u64 = 0;

/// `struct perf_event_attr` up to its seventh form.
#[repr(C)]
#[derive(Default)]
struct Attributes {
    event_type: u32,
    size: u32,
    config: u64,
    period: u64,
    sample_type: u64,
    read_format: u64,
    flags: u64,
    wakeup: u32,
    breakpoint_type: u32,
    address: u64,
    length: u64,
    branches: u64,
    user_registers: u64,
    user_stack: u32,
    clock: i32,
    interrupt_registers: u64,
    watermark: u32,
    stack: u16,
    reserved: u16,
    auxiliary_size: u32,
    reserved_too: u32,
    signal_data: u64,
}

const BREAKPOINT: u32 = 5;

fn write_to_what_perf_watches() {
    const ON_WRITE: u32 = 2;
    const CLOSE_ON_EXEC: u64 = 1 << 3;
    const EXCLUDE_KERNEL: u64 = 1 << 5;
    const EXCLUDE_HYPERVISOR: u64 = 1 << 6;
    const REMOVE_ON_EXEC: u64 = 1 << 36;
    const SIGNAL: u64 = 1 << 37;
    let attributes = Attributes {
        event_type: BREAKPOINT,
        size: size_of::<Attributes>() as u32,
        period: 1,
        flags: EXCLUDE_KERNEL | EXCLUDE_HYPERVISOR | REMOVE_ON_EXEC | SIGNAL,
        breakpoint_type: ON_WRITE,
        address: &raw const WATCHED as u64,
        length: 8,
        signal_data: DATA,
        ..Attributes::default()
    };
    // SAFETY: the attributes outlive the call; what is watched is this process's own.
    let event =
        unsafe { libc::syscall(libc::SYS_perf_event_open, &raw const attributes, 0, -1, -1, CLOSE_ON_EXEC) };
    if event < 0 {
        skip(format_args!("no hardware breakpoint by perf: {}", std::io::Error::last_os_error()));
    }
    // SAFETY: it was just opened; as above.
    unsafe {
        let _event = OwnedFd::from_raw_fd(event as i32);
        (&raw mut WATCHED).write_volatile(1);
    }
    skip("the processor does not watch memory (an emulated one need not)");
}

fn trap(cause: SignalCause) -> (u64, Trap) {
    match cause {
        SignalCause::Trap { address, trap } => (address, trap),
        other => panic!("{other:?}"),
    }
}

raises! {
    any:
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))]
    a_breakpoint: meet_a_breakpoint() => |told| {
        assert_eq!(told.signal, Signal::TRAP);
        if cfg!(target_arch = "x86_64") {
            // This architecture tells nothing of it.
            assert_eq!(told.cause, SignalCause::Kernel);
        } else {
            let (address, trap) = trap(told.cause);
            assert_eq!(trap, Trap::Breakpoint);
            assert_ne!(address, 0);
        }
    };
    memory_that_perf_watches: write_to_what_perf_watches() => |told| {
        let (address, trap) = trap(told.cause);
        let event = PerfTrap { data: DATA, event_type: BREAKPOINT, flags: 0 };
        assert_eq!(trap, Trap::Perf { event: Some(event) });
        assert_ne!(address, 0);
    };
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::*;

    raises! {
        numa:
        an_in_circuit_breakpoint: meet_an_in_circuit_breakpoint() => |told| {
            if told.signal == Signal::ILL {
                return println!("skipped: the processor has no such instruction (an emulated one need not)");
            }
            let (address, trap) = trap(told.cause);
            assert!(matches!(trap, Trap::Breakpoint | Trap::Step), "{trap:?}");
            assert_ne!(address, 0);
        };
        one_step: make_a_step() => |told| {
            let (address, trap) = trap(told.cause);
            assert_eq!(trap, Trap::Step);
            assert_ne!(address, 0);
        };
    }
}
