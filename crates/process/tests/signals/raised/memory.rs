//! SIGSEGV and SIGBUS.
#![expect(unsafe_code, reason = "faults come of what is unsafe")]

use std::{fs::File, os::fd::AsRawFd, ptr};

use linux_raw_sys::general::{__NR_pkey_alloc, __NR_pkey_mprotect};
use linux_support_base::{
    Signal,
    signal::{BusError, MemoryFault, SignalCause},
};

use super::{map, page};
use crate::child::{raises, skip};

/// Where faults are made, told by the low bits alone: the parent doesn't know the rest.
const INSIDE: usize = 0x123;

fn use_unmapped() {
    let memory = map(1, libc::PROT_READ);
    // SAFETY: the fault is what is wanted: the process ends by it.
    unsafe {
        assert_eq!(libc::munmap(memory.cast(), page()), 0);
        memory.add(INSIDE).read_volatile();
    }
}

fn write_to_read_only() {
    // SAFETY: as above.
    unsafe { map(1, libc::PROT_READ).add(INSIDE).write_volatile(1) };
}

fn run_what_may_not_be_run() {
    let memory = map(1, libc::PROT_READ | libc::PROT_WRITE);
    // SAFETY: as above.
    let function: extern "C" fn() = unsafe { std::mem::transmute(memory) };
    function();
}

fn use_beyond_the_end_of_a_file() {
    let file: File = tempfile::tempfile().unwrap();
    file.set_len(page() as u64).unwrap();
    let flags = (libc::PROT_READ, libc::MAP_SHARED);
    // SAFETY: as above.
    unsafe {
        let memory =
            libc::mmap(ptr::null_mut(), 2 * page(), flags.0, flags.1, file.as_raw_fd(), 0).cast::<u8>();
        assert_eq!(
            memory.cast(),
            libc::mmap(memory.cast(), 2 * page(), flags.0, flags.1 | libc::MAP_FIXED, file.as_raw_fd(), 0)
        );
        memory.read_volatile();
        memory.add(page() + INSIDE).read_volatile();
    }
}

fn use_with_another_key() {
    // SAFETY: the calls take numbers, and a range that is this process's own.
    unsafe {
        let memory = map(1, libc::PROT_READ | libc::PROT_WRITE);
        const NO_ACCESS: usize = 1;
        let key = libc::syscall(libc::c_long::from(__NR_pkey_alloc), 0_usize, NO_ACCESS);
        if key < 0 {
            skip("the processor has no protection keys");
        }
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        assert_eq!(libc::syscall(libc::c_long::from(__NR_pkey_mprotect), memory, page(), protection, key), 0);
        memory.add(INSIDE).read_volatile();
    }
}

#[cfg(target_arch = "x86_64")]
fn use_no_address() {
    // SAFETY: as above: no such address is ever mapped on x86_64.
    unsafe { ptr::with_exposed_provenance::<u8>(0x8000_0000_0000_0000).read_volatile() };
}

#[cfg(target_arch = "x86_64")]
fn use_what_is_not_aligned() {
    let memory = map(1, libc::PROT_READ | libc::PROT_WRITE);
    // SAFETY: as above; where the processor does not check, the flag is cleared again.
    unsafe {
        core::arch::asm!(
            "pushfq",
            "or qword ptr [rsp], 0x40000",
            "popfq",
            "mov {value}, qword ptr [{memory} + 1]",
            "pushfq",
            "and qword ptr [rsp], ~0x40000",
            "popfq",
            memory = in(reg) memory,
            value = out(reg) _,
        );
    }
    skip("the processor does not check the alignment (an emulated one need not)");
}

fn memory_fault(cause: SignalCause) -> (u64, MemoryFault) {
    match cause {
        SignalCause::MemoryFault { address, fault } => (address, fault),
        other => panic!("{other:?}"),
    }
}

raises! {
    any:
    memory_that_is_not_mapped: use_unmapped() => |told| {
        let (address, fault) = memory_fault(told.cause);
        assert_eq!((told.signal, fault, address as usize % page()), (Signal::SEGV, MemoryFault::NotMapped, INSIDE));
    };
    a_write_to_memory_that_is_read_only: write_to_read_only() => |told| {
        let (address, fault) = memory_fault(told.cause);
        assert_eq!((fault, address as usize % page()), (MemoryFault::NotPermitted, INSIDE));
    };
    code_where_nothing_may_be_run: run_what_may_not_be_run() => |told| {
        let (address, fault) = memory_fault(told.cause);
        assert_eq!((fault, address as usize % page()), (MemoryFault::NotPermitted, 0));
    };
    a_protection_key_that_denies: use_with_another_key() => |told| {
        let (address, fault) = memory_fault(told.cause);
        assert_eq!(address as usize % page(), INSIDE);
        assert!(matches!(fault, MemoryFault::ProtectionKey { key: Some(1..=15) }), "{fault:?}");
    };
    a_mapping_beyond_the_end_of_its_file: use_beyond_the_end_of_a_file() => |told| {
        let SignalCause::BusError { address, error } = told.cause else { panic!("{told:?}") };
        assert_eq!((told.signal, error), (Signal::BUS, BusError::NoMemory));
        assert_eq!(address as usize % page(), INSIDE);
    };
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use super::*;

    raises! {
        numa:
        an_address_that_is_none_is_told_without_it: use_no_address() => |told| {
            assert_eq!((told.signal, told.cause), (Signal::SEGV, SignalCause::Kernel));
        };
        an_address_that_is_not_aligned: use_what_is_not_aligned() => |told| {
            // This architecture does not tell which.
            let cause = SignalCause::BusError { address: 0, error: BusError::Alignment };
            assert_eq!((told.signal, told.cause), (Signal::BUS, cause));
        };
    }
}
