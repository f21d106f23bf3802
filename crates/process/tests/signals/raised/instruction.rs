//! SIGILL.
#![expect(unsafe_code, reason = "faults come of what is unsafe")]

use linux_support_base::{
    Signal,
    signal::{InstructionFault, SignalCause},
};

use crate::child::raises;

fn run_what_is_no_instruction() {
    // SAFETY: the process ends by it.
    unsafe {
        #[cfg(target_arch = "x86_64")]
        core::arch::asm!("ud2");
        #[cfg(target_arch = "aarch64")]
        core::arch::asm!("udf #0");
        #[cfg(target_arch = "riscv64")]
        core::arch::asm!("unimp");
    }
}

raises! {
    any:
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))]
    an_instruction_that_there_is_not: run_what_is_no_instruction() => |told| {
        let SignalCause::Instruction { address, fault } = told.cause else { panic!("{told:?}") };
        let expected = if cfg!(target_arch = "x86_64") {
            InstructionFault::Operand
        } else {
            InstructionFault::Operation
        };
        assert_eq!((told.signal, fault), (Signal::ILL, expected));
        assert_ne!(address, 0);
    };
}
