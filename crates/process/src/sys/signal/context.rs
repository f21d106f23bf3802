//! The registers of a thread that a signal interrupted.

use core::{ffi::c_void, fmt};

/// The registers of the thread that a signal interrupted, by name. There are none of architectures that this library
/// doesn't know: it knows x86_64, aarch64 and riscv64.
#[derive(Clone, Copy)]
pub struct Registers {
    values: [u64; NAMES.len()],
    count: usize,
}

#[cfg(target_arch = "x86_64")]
const NAMES: [&str; 23] = [
    "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rdi", "rsi", "rbp", "rbx", "rdx", "rax", "rcx",
    "rsp", "rip", "eflags", "csgsfs", "err", "trapno", "oldmask", "cr2",
];
#[cfg(target_arch = "x86_64")]
const PLACES: (usize, usize) = (16, 15);

#[cfg(target_arch = "aarch64")]
const NAMES: [&str; 35] = [
    "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13", "x14", "x15",
    "x16", "x17", "x18", "x19", "x20", "x21", "x22", "x23", "x24", "x25", "x26", "x27", "x28", "x29", "x30",
    "sp", "pc", "pstate", "fault",
];
#[cfg(target_arch = "aarch64")]
const PLACES: (usize, usize) = (32, 31);

#[cfg(target_arch = "riscv64")]
const NAMES: [&str; 32] = [
    "pc", "ra", "sp", "gp", "tp", "t0", "t1", "t2", "s0", "s1", "a0", "a1", "a2", "a3", "a4", "a5", "a6",
    "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
];
#[cfg(target_arch = "riscv64")]
const PLACES: (usize, usize) = (0, 2);

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
const NAMES: [&str; 0] = [];
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
const PLACES: (usize, usize) = (0, 0);

impl Registers {
    /// Those in the context that the kernel gave a handler; none if it gave none.
    ///
    /// # Safety
    /// `context` is null, or the third argument of a handler with `SA_SIGINFO` that has not returned.
    pub(super) unsafe fn of_context(context: *const c_void) -> Self {
        let mut registers = Self { values: [0; NAMES.len()], count: 0 };
        let context = context.cast::<libc::ucontext_t>();
        // SAFETY: the caller says that it is null or the kernel's, which lives as long as the handler runs.
        if let Some(context) = unsafe { context.as_ref() } {
            registers.fill(context);
        }
        registers
    }

    #[cfg(target_arch = "x86_64")]
    fn fill(&mut self, context: &libc::ucontext_t) {
        for (value, register) in self.values.iter_mut().zip(context.uc_mcontext.gregs) {
            *value = register.cast_unsigned();
        }
        self.count = NAMES.len();
    }

    #[cfg(target_arch = "aarch64")]
    fn fill(&mut self, context: &libc::ucontext_t) {
        let machine = &context.uc_mcontext;
        let last = [machine.sp, machine.pc, machine.pstate, machine.fault_address];
        for (value, register) in self.values.iter_mut().zip(machine.regs.iter().chain(&last)) {
            *value = *register;
        }
        self.count = NAMES.len();
    }

    #[cfg(target_arch = "riscv64")]
    fn fill(&mut self, context: &libc::ucontext_t) {
        for (value, register) in self.values.iter_mut().zip(context.uc_mcontext.__gregs) {
            *value = register;
        }
        self.count = NAMES.len();
    }

    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
    fn fill(&mut self, _: &libc::ucontext_t) {}

    /// The names and what they held.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
        NAMES.into_iter().zip(self.values).take(self.count)
    }

    /// Where the next instruction is.
    #[must_use]
    #[doc(alias = "program counter")]
    pub fn instruction_pointer(&self) -> Option<u64> {
        self.values.get(PLACES.0).copied().filter(|_| self.count > 0)
    }

    /// Where the stack ends.
    #[must_use]
    pub fn stack_pointer(&self) -> Option<u64> {
        self.values.get(PLACES.1).copied().filter(|_| self.count > 0)
    }
}

impl fmt::Debug for Registers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter()).finish()
    }
}
