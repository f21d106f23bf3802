//! SIGSYS.
#![expect(unsafe_code, reason = "filters are set with what is unsafe")]

use linux_support_base::{
    Signal,
    signal::{AuditArchitecture, SignalCause, SystemCallRefusal},
};

use crate::child::raises;
#[cfg(target_arch = "x86_64")]
use crate::child::skip;

/// What the filter says beside.
const DATA: u16 = 0xabcd;

fn call_what_a_filter_traps() {
    const RETURN: u16 = 0x06;
    const LOAD: u16 = 0x20;
    const IF_EQUAL: u16 = 0x15;
    const ALLOW: u32 = 0x7fff_0000;
    const TRAP: u32 = 0x0003_0000;
    let instruction = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };
    let mut filter = [
        // The number of the call.
        instruction(LOAD, 0, 0, 0),
        instruction(IF_EQUAL, 0, 1, libc::SYS_getpriority as u32),
        instruction(RETURN, 0, 0, TRAP | u32::from(DATA)),
        instruction(RETURN, 0, 0, ALLOW),
    ];
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: the program outlives the call, which takes a copy.
    unsafe {
        assert_eq!(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
        assert_eq!(libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const program), 0);
        libc::syscall(libc::SYS_getpriority, 0, 0);
    }
}

/// Runs `getpid` at an address from which calls are given back to the process.
#[cfg(target_arch = "x86_64")]
fn call_what_is_given_back() {
    const DISPATCH: i32 = 59;
    const ON: usize = 1;
    const BLOCK: u8 = 1;
    static SELECTOR: u8 = BLOCK;
    // mov eax, 39 (getpid); syscall; ret
    const CODE: [u8; 8] = [0xb8, 39, 0, 0, 0, 0x0f, 0x05, 0xc3];
    const PLACE: usize = 0x1000_0000;
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_FIXED_NOREPLACE;
    let protection = libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC;
    // SAFETY: the memory is new, and what runs there is what was written; calls from above it are let through, so that
    // the handler can make some.
    unsafe {
        let place = std::ptr::with_exposed_provenance_mut(PLACE);
        let memory = libc::mmap(place, super::page(), protection, flags, -1, 0);
        if memory != place {
            skip("the place for the code is taken");
        }
        memory.cast::<[u8; 8]>().write(CODE);
        let function: extern "C" fn() = std::mem::transmute(memory);
        let above = PLACE + super::page();
        if libc::prctl(DISPATCH, ON, above, (1_usize << 47) - above, &raw const SELECTOR) != 0 {
            skip(format_args!("no dispatch of system calls: {}", std::io::Error::last_os_error()));
        }
        function();
    }
}

fn architecture() -> AuditArchitecture {
    match std::env::consts::ARCH {
        "x86_64" => AuditArchitecture::X86_64,
        "aarch64" => AuditArchitecture::AARCH64,
        "riscv64" => AuditArchitecture::RISCV64,
        other => panic!("{other}"),
    }
}

raises! {
    any:
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))]
    a_call_that_a_filter_traps: call_what_a_filter_traps() => |told| {
        let SignalCause::SystemCall { refusal, number, address, architecture: of } = told.cause else {
            panic!("{told:?}")
        };
        assert_eq!((told.signal, refusal), (Signal::SYS, SystemCallRefusal::Filter { data: DATA.into() }));
        assert_eq!((i64::from(number), of), (libc::SYS_getpriority, architecture()));
        assert_ne!(address, 0);
    };
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::*;

    raises! {
        numa:
        a_call_that_is_given_back: call_what_is_given_back() => |told| {
            let SignalCause::SystemCall { refusal, number, address, architecture } = told.cause else {
                panic!("{told:?}")
            };
            assert_eq!((told.signal, refusal), (Signal::SYS, SystemCallRefusal::UserDispatch));
            assert_eq!((number, architecture), (39, AuditArchitecture::X86_64));
            assert_eq!(address, 0x1000_0007);
        };
    }
}
