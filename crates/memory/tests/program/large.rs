//! Text, constants and variables that are each large enough to hold whole huge pages.

use core::sync::atomic::{AtomicU64, Ordering};

// Text of 4 MiB that begins at a huge page, in the file as in memory: the linker aligns the segment so, and the kernel
// loads it there. In its middle is a function that gives 42.
#[cfg(target_arch = "x86_64")]
core::arch::global_asm!(
    ".pushsection .text.linux_support_large, \"ax\", @progbits",
    ".p2align 21",
    ".skip 0x200000, 0x90",
    ".globl linux_support_large",
    "linux_support_large:",
    "mov eax, 42",
    "ret",
    ".skip 0x200000, 0x90",
    ".popsection",
);
#[cfg(target_arch = "aarch64")]
core::arch::global_asm!(
    ".pushsection .text.linux_support_large, \"ax\", @progbits",
    ".p2align 21",
    ".skip 0x200000, 0",
    ".globl linux_support_large",
    "linux_support_large:",
    "mov w0, 42",
    "ret",
    ".skip 0x200000, 0",
    ".popsection",
);

unsafe extern "C" {
    safe fn linux_support_large() -> i32;
}

/// What the function in the middle of the text says: 42.
pub(super) fn answer() -> i32 {
    linux_support_large()
}

/// Where it is.
pub(super) fn text() -> u64 {
    linux_support_large as *const () as u64
}

const COUNT: usize = 5 << 17;

static CONSTANTS: [u64; COUNT] = {
    let mut numbers = [0; COUNT];
    let mut index = 0;
    while index < COUNT {
        numbers[index] = index as u64 ^ 0x5555;
        index += 1;
    }
    numbers
};

static VARIABLES: [AtomicU64; COUNT] = [const { AtomicU64::new(7) }; COUNT];

/// Whether all constants are what they are.
pub(super) fn constants_are_right() -> bool {
    let numbers = core::hint::black_box(&CONSTANTS);
    numbers.iter().enumerate().all(|(index, &number)| number == index as u64 ^ 0x5555)
}

/// Where the middle of the constants is.
pub(super) fn constants() -> u64 {
    (&raw const CONSTANTS[COUNT / 2]).addr() as u64
}

/// Writes to every third variable what `factor` says.
pub(super) fn write(factor: u64) {
    for (index, variable) in VARIABLES.iter().enumerate().step_by(3) {
        variable.store(index as u64 * factor, Ordering::Relaxed);
    }
}

/// Whether all variables are as `write` left them.
pub(super) fn variables_are(factor: u64) -> bool {
    VARIABLES.iter().enumerate().all(|(index, variable)| {
        let wanted = if index % 3 == 0 { index as u64 * factor } else { 7 };
        variable.load(Ordering::Relaxed) == wanted
    })
}

/// Where the middle of the variables is.
pub(super) fn variables() -> u64 {
    (&raw const VARIABLES[COUNT / 2]).addr() as u64
}
