use core::fmt;

use linux_support_base::Error;

use super::Action;

/// The most instructions that the kernel takes in one filter.
#[doc(alias = "BPF_MAXINSNS")]
pub const LONGEST: usize = 4096;

/// One instruction of a filter, as the kernel takes it: classic BPF.
///
/// # Source
/// `Documentation/networking/filter.rst`, `include/uapi/linux/filter.h`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(C)]
#[doc(alias = "sock_filter")]
pub struct Instruction {
    /// What it does.
    pub code: u16,
    /// How many instructions are passed over if its test holds.
    pub if_true: u8,
    /// How many are passed over if it doesn't.
    pub if_false: u8,
    /// The number that it is about.
    pub operand: u32,
}

impl Instruction {
    pub(super) const LOAD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    pub(super) const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    pub(super) const AND: u16 = (libc::BPF_ALU | libc::BPF_AND | libc::BPF_K) as u16;
    pub(super) const JUMP: u16 = (libc::BPF_JMP | libc::BPF_JA) as u16;
    pub(super) const IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    pub(super) const IF_GREATER: u16 = (libc::BPF_JMP | libc::BPF_JGT | libc::BPF_K) as u16;
    pub(super) const IF_GREATER_OR_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JGE | libc::BPF_K) as u16;

    /// One that does not jump.
    pub(super) const fn plain(code: u16, operand: u32) -> Self {
        Self { code, if_true: 0, if_false: 0, operand }
    }
}

impl fmt::Display for Instruction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operand = self.operand;
        let test = |f: &mut fmt::Formatter<'_>, sign: &str| {
            write!(f, "if {sign} {operand:#x} +{} else +{}", self.if_true, self.if_false)
        };
        match self.code {
            Self::LOAD => match operand {
                0 => f.write_str("load number"),
                4 => f.write_str("load architecture"),
                8 => f.write_str("load address, lower half"),
                12 => f.write_str("load address, upper half"),
                16..64 => {
                    let half = if operand.is_multiple_of(8) { "lower" } else { "upper" };
                    write!(f, "load argument {}, {half} half", (operand - 16) / 8)
                }
                _ => write!(f, "load {operand}"),
            },
            Self::RETURN => write!(f, "return {}", Action::from_answer(operand)),
            Self::AND => write!(f, "and {operand:#x}"),
            Self::JUMP => write!(f, "jump +{operand}"),
            Self::IF_EQUAL => test(f, "="),
            Self::IF_GREATER => test(f, ">"),
            Self::IF_GREATER_OR_EQUAL => test(f, ">="),
            code => write!(f, "{code:#06x} {operand:#x} +{} +{}", self.if_true, self.if_false),
        }
    }
}

/// A filter in the form that the kernel runs.
///
/// Shown as text, it is a listing with a line an instruction.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Program(Vec<Instruction>);

impl Program {
    /// A program of these instructions, from wherever they come. Whether they make sense is for the kernel to say.
    ///
    /// # Errors
    /// There is none, or more than the kernel takes: 4,096.
    pub fn new(instructions: Vec<Instruction>) -> Result<Self, Error> {
        match instructions.len() {
            1..=LONGEST => Ok(Self(instructions)),
            length => Err(Error::invalid(
                "take",
                format!("a filter of {length} instructions"),
                "from 1 to 4096: fewer rules with conditions, or calls of one action in one rule, make it shorter",
            )),
        }
    }

    /// Its instructions.
    #[must_use]
    pub fn instructions(&self) -> &[Instruction] {
        &self.0
    }
}

impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, instruction) in self.0.iter().enumerate() {
            writeln!(f, "{index:4}  {instruction}")?;
        }
        Ok(())
    }
}
