//! The system call that a task is in: `/proc/PID/syscall`.

use linux_support_base::{
    ParseError,
    text::{decimal, find_near, take_hexadecimal},
};

use crate::{serialize::plain_number, stat::Address};

plain_number! {
    /// The number of a system call, on the architecture and in the mode in which the task made it.
    SystemCallNumber(u32), "The number of a system call."
}

/// What a task is doing in the kernel.
///
/// # Source
/// proc_pid_syscall(5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum InKernel {
    /// It runs, in the kernel or not.
    Running,
    /// It waits in a system call.
    Call {
        /// Which.
        number: SystemCallNumber,
        /// What it was called with; those that it does not take are what happened to be in the registers.
        arguments: [u64; 6],
        /// The stack pointer of the program.
        stack_pointer: Address,
        /// Where the program goes on.
        program_counter: Address,
    },
    /// It waits elsewhere: after a page fault or a trap.
    Elsewhere {
        /// The stack pointer of the program.
        stack_pointer: Address,
        /// Where the program goes on.
        program_counter: Address,
    },
}

impl InKernel {
    /// Reads the file.
    ///
    /// # Errors
    /// A field that is missing or is no number.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let text = text.trim_ascii();
        if text == b"running" {
            return Ok(Self::Running);
        }
        let end = find_near(b' ', text).unwrap_or(text.len());
        let (number, mut rest) = text.split_at(end);
        let number: i64 = decimal(number).map_err(|error| error.in_field("system call"))?;
        let mut word = |field| {
            let [b' ', b'0', b'x', digits @ ..] = rest else {
                return Err(ParseError::expected("a space, 0x and a number", rest).in_field(field));
            };
            rest = digits;
            take_hexadecimal(&mut rest).map_err(|error| error.in_field(field))
        };
        if number < 0 {
            return Ok(Self::Elsewhere {
                stack_pointer: Address::new(word("stack pointer")?),
                program_counter: Address::new(word("program counter")?),
            });
        }
        let number = u32::try_from(number)
            .map_err(|_| ParseError::expected("a number of 32 bits", text).in_field("system call"))?;
        let mut arguments = [0; 6];
        for argument in &mut arguments {
            *argument = word("argument")?;
        }
        Ok(Self::Call {
            number: SystemCallNumber::new(number),
            arguments,
            stack_pointer: Address::new(word("stack pointer")?),
            program_counter: Address::new(word("program counter")?),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_call_has_six_arguments() {
        let text = b"61 0xffffffff 0x7ffc7edbf430 0x0 0x0 0x1 0x8 0x7ffc7edbf408 0x7fd9123b1bd3\n";
        let expected = InKernel::Call {
            number: SystemCallNumber::new(61),
            arguments: [0xffff_ffff, 0x7ffc_7edb_f430, 0, 0, 1, 8],
            stack_pointer: Address::new(0x7ffc_7edb_f408),
            program_counter: Address::new(0x7fd9_123b_1bd3),
        };
        assert_eq!(InKernel::parse(text), Ok(expected));
        assert_eq!(InKernel::parse(text.trim_ascii_end()), Ok(expected));
    }

    #[test]
    fn a_task_need_not_be_in_a_call() {
        assert_eq!(InKernel::parse(b"running\n"), Ok(InKernel::Running));
        let expected = InKernel::Elsewhere {
            stack_pointer: Address::new(0x7ffc),
            program_counter: Address::new(0x7fd9),
        };
        assert_eq!(InKernel::parse(b"-1 0x7ffc 0x7fd9\n"), Ok(expected));
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(InKernel::parse(b"").unwrap_err().field(), Some("system call"));
        assert_eq!(InKernel::parse(b"61 0x0").unwrap_err().field(), Some("argument"));
        assert_eq!(InKernel::parse(b"61 0x0 0 0 0 0 0 0 0").unwrap_err().field(), Some("argument"));
        assert_eq!(InKernel::parse(b"-1 0x0").unwrap_err().field(), Some("program counter"));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "(-?[0-9]{1,20}|0x[0-9a-f]{0,18}| |\n){0,24}", bytes: Vec<u8>) {
            let _ = (InKernel::parse(text.as_bytes()), InKernel::parse(&bytes));
        }
    }
}
