//! What a tracer reads of signals, with PTRACE_GETSIGINFO, and is told by waitid.
#![cfg(all(target_arch = "x86_64", target_env = "gnu"))]
#![expect(unsafe_code, reason = "ptrace has no safe interface here")]

use std::{
    io,
    mem::{MaybeUninit, offset_of},
    os::unix::process::CommandExt,
    process::{Child, Command, Stdio},
};

use linux_support_base::{
    Pid, Signal,
    signal::{ChildEvent, SignalCause, SignalInformation, TraceEvent, Trap},
};
use linux_support_fd::{PidFd, WaitFor};

/// A program that this thread traces, from its first instruction on.
struct Traced {
    child: Child,
    process: PidFd,
}

impl Traced {
    /// `None`, having said so, where tracing is not allowed.
    fn start() -> Option<Self> {
        let mut command = Command::new("sleep");
        command.arg("60").stdout(Stdio::null());
        let trace = || {
            // SAFETY: it takes numbers.
            match unsafe { libc::ptrace(libc::PTRACE_TRACEME, 0, 0, 0) } {
                0 => Ok(()),
                _ => Err(io::Error::last_os_error()),
            }
        };
        // SAFETY: it makes one system call.
        let child = match unsafe { command.pre_exec(trace) }.spawn() {
            Ok(child) => child,
            Err(error) => {
                println!("skipped: no tracing: {error}");
                return None;
            }
        };
        let process = PidFd::open(Pid::new(child.id() as i32).unwrap()).unwrap();
        let traced = Self { child, process };
        assert_eq!(traced.wait(), ChildEvent::Trapped { signal: Signal::TRAP, event: None });
        Some(traced)
    }

    fn wait(&self) -> ChildEvent {
        self.process.wait(WaitFor::STOPPED | WaitFor::ENDED).unwrap().event
    }

    fn request(&self, request: libc::c_uint, address: usize, data: usize) {
        // SAFETY: the requests of these tests read and write nothing here, but for those with a pointer to a value of
        // their type.
        let done = unsafe { libc::ptrace(request, self.child.id(), address, data) };
        assert_eq!(done, 0, "{}", io::Error::last_os_error());
    }

    fn information(&self) -> SignalInformation {
        let mut bytes = [0_u8; SignalInformation::SIZE];
        self.request(libc::PTRACE_GETSIGINFO, 0, bytes.as_mut_ptr() as usize);
        SignalInformation::parse(&bytes).unwrap()
    }

    fn next_instruction(&self) -> u64 {
        let mut registers = MaybeUninit::<libc::user_regs_struct>::zeroed();
        self.request(libc::PTRACE_GETREGS, 0, registers.as_mut_ptr() as usize);
        // SAFETY: it is made of integers.
        unsafe { registers.assume_init() }.rip
    }
}

impl Drop for Traced {
    fn drop(&mut self) {
        let _ = self.child.kill();
        // It stops once more before it ends.
        while let Ok(waited) = self.process.wait(WaitFor::STOPPED | WaitFor::ENDED) {
            match waited.event {
                ChildEvent::Exited(_) | ChildEvent::Killed { .. } => break,
                // SAFETY: it takes numbers.
                _ => unsafe { libc::ptrace(libc::PTRACE_CONT, self.child.id(), 0, 0) },
            };
        }
    }
}

/// To the next system call, in it or out of it.
fn to_system_call(traced: &Traced) {
    const OPTIONS: libc::c_int = libc::PTRACE_O_TRACESYSGOOD | libc::PTRACE_O_TRACEEXIT;
    traced.request(libc::PTRACE_SETOPTIONS, 0, OPTIONS as usize);
    traced.request(libc::PTRACE_SYSCALL, 0, 0);
    let event = Some(TraceEvent::SystemCall);
    assert_eq!(traced.wait(), ChildEvent::Trapped { signal: Signal::TRAP, event });
    assert_eq!(traced.information().cause, SignalCause::Traced(TraceEvent::SystemCall));
}

fn events() {
    let Some(traced) = Traced::start() else { return };
    to_system_call(&traced);
    traced.request(libc::PTRACE_CONT, 0, libc::SIGTERM as usize);
    let event = Some(TraceEvent::Exit);
    // It is told of the signal, as of one that the kernel has sent, and may still take it away.
    let told = traced.wait();
    assert_eq!(told, ChildEvent::Trapped { signal: Signal::TERM, event: None });
    assert_eq!(traced.information().cause, SignalCause::Kernel);
    traced.request(libc::PTRACE_CONT, 0, libc::SIGTERM as usize);
    assert_eq!(traced.wait(), ChildEvent::Trapped { signal: Signal::TRAP, event });
    assert_eq!(traced.information().cause, SignalCause::Traced(TraceEvent::Exit));
    traced.request(libc::PTRACE_CONT, 0, 0);
    assert_eq!(traced.wait(), ChildEvent::Killed { signal: Signal::TERM, core_dumped: false });
}

fn steps_and_breakpoints() {
    let Some(traced) = Traced::start() else { return };
    traced.request(libc::PTRACE_SINGLESTEP, 0, 0);
    assert_eq!(traced.wait(), ChildEvent::Trapped { signal: Signal::TRAP, event: None });
    let cause = traced.information().cause;
    assert!(matches!(cause, SignalCause::Trap { trap: Trap::Step, .. }), "{cause:?}");

    // Out of a system call, the next instruction is where the breakpoint is.
    to_system_call(&traced);
    to_system_call(&traced);
    let place = traced.next_instruction();
    let registers = offset_of!(libc::user, u_debugreg);
    const ENABLED: usize = 1;
    traced.request(libc::PTRACE_POKEUSER, registers, place as usize);
    traced.request(libc::PTRACE_POKEUSER, registers + 7 * size_of::<usize>(), ENABLED);
    traced.request(libc::PTRACE_CONT, 0, 0);
    assert_eq!(traced.wait(), ChildEvent::Trapped { signal: Signal::TRAP, event: None });
    let expected = SignalCause::Trap { address: place, trap: Trap::HardwareBreakpoint };
    assert_eq!(traced.information().cause, expected);
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator can't be traced")]
fn a_tracer_is_told_of_calls_signals_and_the_end() {
    events();
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator can't be traced")]
fn a_tracer_is_told_of_steps_and_of_breakpoints_of_the_hardware() {
    steps_and_breakpoints();
}

mod lab {
    mod numa {
        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_tracer_is_told_of_calls_signals_and_the_end() {
            super::super::events();
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_tracer_is_told_of_steps_and_of_breakpoints_of_the_hardware() {
            super::super::steps_and_breakpoints();
        }
    }
}
