//! SIGFPE. Other processors than x86 give a result and raise nothing.
#![cfg(target_arch = "x86_64")]
#![expect(unsafe_code, reason = "faults come of what is unsafe")]

use linux_support_base::{
    Signal,
    signal::{ArithmeticFault, SignalCause},
};

use crate::child::{raises, skip};

fn divide(dividend: i32, divisor: i32) {
    // SAFETY: the process ends by it.
    unsafe {
        core::arch::asm!("cdq", "idiv {0:e}", in(reg) divisor, inout("eax") dividend => _, out("edx") _);
    }
}

/// Does a calculation with only the exception of this bit not masked.
fn calculate(exception: u32, left: f64, right: f64, multiply: bool) {
    let all_masked: u32 = 0x1f80;
    let control: u32 = all_masked & !(exception << 7);
    // SAFETY: the process ends by it; where the processor raises nothing, all is masked again.
    unsafe {
        core::arch::asm!("ldmxcsr [{}]", in(reg) &raw const control);
        if multiply {
            core::arch::asm!("mulsd {}, {}", inout(xmm_reg) left => _, in(xmm_reg) right);
        } else {
            core::arch::asm!("divsd {}, {}", inout(xmm_reg) left => _, in(xmm_reg) right);
        }
        core::arch::asm!("ldmxcsr [{}]", in(reg) &raw const all_masked);
    }
    skip("the processor raises no floating-point exceptions (an emulated one need not)");
}

const INVALID: u32 = 1;
const DIVISION: u32 = 4;
const OVERFLOW: u32 = 8;
const UNDERFLOW: u32 = 16;
const INEXACT: u32 = 32;

fn check(cause: SignalCause, expected: ArithmeticFault) {
    let SignalCause::Arithmetic { address, fault } = cause else { panic!("{cause:?}") };
    assert_eq!(fault, expected);
    assert_ne!(address, 0);
}

raises! {
    numa:
    an_integer_divided_by_zero: divide(1, 0) => |told| {
        assert_eq!(told.signal, Signal::FPE);
        check(told.cause, ArithmeticFault::IntegerDivision);
    };
    a_quotient_that_is_too_large: divide(i32::MIN, -1) => |told| {
        check(told.cause, ArithmeticFault::IntegerDivision);
    };
    a_division_by_zero: calculate(DIVISION, 1.0, 0.0, false) => |told| {
        check(told.cause, ArithmeticFault::Division);
    };
    an_invalid_operation: calculate(INVALID, 0.0, 0.0, false) => |told| {
        check(told.cause, ArithmeticFault::Invalid);
    };
    a_number_that_is_too_large: calculate(OVERFLOW, f64::MAX, 2.0, true) => |told| {
        check(told.cause, ArithmeticFault::Overflow);
    };
    a_number_that_is_too_small: calculate(UNDERFLOW, f64::MIN_POSITIVE, 0.1, true) => |told| {
        check(told.cause, ArithmeticFault::Underflow);
    };
    a_result_that_is_not_exact: calculate(INEXACT, 1.0, 3.0, false) => |told| {
        check(told.cause, ArithmeticFault::Inexact);
    };
}
