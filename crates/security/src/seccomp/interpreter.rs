//! Runs a filter here, as the kernel would.

use linux_support_base::Error;

use super::{Action, AuditArchitecture, Instruction, Program};

/// A system call as a filter sees it.
///
/// # Source
/// seccomp(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "seccomp_data")]
pub struct Call {
    /// Its number.
    pub number: u32,
    /// The architecture by whose numbers it was made.
    pub architecture: AuditArchitecture,
    /// Where in the program it was made.
    pub instruction_pointer: u64,
    /// What it was called with.
    pub arguments: [u64; 6],
}

/// What a filter says of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// What happens to it.
    pub action: Action,
    /// How many instructions were run to find that out.
    pub instructions: usize,
}

impl Call {
    /// One of this number, without arguments.
    #[must_use]
    pub const fn new(architecture: AuditArchitecture, number: u32) -> Self {
        Self { number, architecture, instruction_pointer: 0, arguments: [0; 6] }
    }

    /// The word at `offset` of the kernel's record of it, on machines whose lower half comes first.
    fn word(&self, offset: u32) -> Option<u32> {
        if !offset.is_multiple_of(4) {
            return None;
        }
        let half = |whole: u64| if offset.is_multiple_of(8) { whole as u32 } else { (whole >> 32) as u32 };
        match offset {
            0 => Some(self.number),
            4 => Some(self.architecture.number()),
            8 | 12 => Some(half(self.instruction_pointer)),
            16..64 => Some(half(self.arguments[(offset as usize - 16) / 8])),
            _ => None,
        }
    }
}

const LOAD_NUMBER: u16 = (libc::BPF_LD | libc::BPF_IMM) as u16;
const LOAD_LENGTH: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_LEN) as u16;
const LOAD_MEMORY: u16 = (libc::BPF_LD | libc::BPF_MEM) as u16;
const LOAD_INDEX_NUMBER: u16 = (libc::BPF_LDX | libc::BPF_IMM) as u16;
const LOAD_INDEX_LENGTH: u16 = (libc::BPF_LDX | libc::BPF_W | libc::BPF_LEN) as u16;
const LOAD_INDEX_MEMORY: u16 = (libc::BPF_LDX | libc::BPF_MEM) as u16;
const STORE: u16 = libc::BPF_ST as u16;
const STORE_INDEX: u16 = libc::BPF_STX as u16;
const TO_INDEX: u16 = (libc::BPF_MISC | libc::BPF_TAX) as u16;
const FROM_INDEX: u16 = (libc::BPF_MISC | libc::BPF_TXA) as u16;
const RETURN_ACCUMULATOR: u16 = (libc::BPF_RET | libc::BPF_A) as u16;

/// How long the kernel says that its record of a call is.
const LENGTH: u32 = 64;

/// Two registers and sixteen words.
#[derive(Default)]
struct State {
    accumulator: u32,
    index: u32,
    memory: [u32; 16],
}

impl State {
    fn arithmetic(&mut self, instruction: Instruction) -> Option<()> {
        let by = if instruction.code & libc::BPF_X as u16 != 0 { self.index } else { instruction.operand };
        let value = self.accumulator;
        self.accumulator = match u32::from(instruction.code & 0xf0) {
            libc::BPF_ADD => value.wrapping_add(by),
            libc::BPF_SUB => value.wrapping_sub(by),
            libc::BPF_MUL => value.wrapping_mul(by),
            libc::BPF_DIV => value.checked_div(by)?,
            libc::BPF_OR => value | by,
            libc::BPF_AND => value & by,
            libc::BPF_XOR => value ^ by,
            libc::BPF_LSH => value.checked_shl(by)?,
            libc::BPF_RSH => value.checked_shr(by)?,
            libc::BPF_NEG => value.wrapping_neg(),
            _ => return None,
        };
        Some(())
    }

    /// How many instructions are passed over.
    fn jump(&self, instruction: Instruction) -> Option<usize> {
        let than = if instruction.code & libc::BPF_X as u16 != 0 { self.index } else { instruction.operand };
        let holds = match u32::from(instruction.code & 0xf0) {
            libc::BPF_JA => return Some(instruction.operand as usize),
            libc::BPF_JEQ => self.accumulator == than,
            libc::BPF_JGT => self.accumulator > than,
            libc::BPF_JGE => self.accumulator >= than,
            libc::BPF_JSET => self.accumulator & than != 0,
            _ => return None,
        };
        Some(usize::from(if holds { instruction.if_true } else { instruction.if_false }))
    }

    fn step(&mut self, instruction: Instruction, call: &Call) -> Option<()> {
        let slot = instruction.operand as usize;
        match instruction.code {
            Instruction::LOAD => self.accumulator = call.word(instruction.operand)?,
            LOAD_NUMBER => self.accumulator = instruction.operand,
            LOAD_LENGTH => self.accumulator = LENGTH,
            LOAD_MEMORY => self.accumulator = *self.memory.get(slot)?,
            LOAD_INDEX_NUMBER => self.index = instruction.operand,
            LOAD_INDEX_LENGTH => self.index = LENGTH,
            LOAD_INDEX_MEMORY => self.index = *self.memory.get(slot)?,
            STORE => *self.memory.get_mut(slot)? = self.accumulator,
            STORE_INDEX => *self.memory.get_mut(slot)? = self.index,
            TO_INDEX => self.index = self.accumulator,
            FROM_INDEX => self.accumulator = self.index,
            _ => self.arithmetic(instruction)?,
        }
        Some(())
    }
}

impl Program {
    /// What it says of a call, without asking the kernel, and by how many instructions.
    ///
    /// # Errors
    /// An instruction that seccomp does not take, a jump behind the end, or a division by zero; never of a program
    /// that was compiled here.
    pub fn run(&self, call: &Call) -> Result<Verdict, Error> {
        let mut state = State::default();
        let mut at = 0;
        let mut instructions = 0;
        while let Some(&instruction) = self.instructions().get(at) {
            instructions += 1;
            at += 1;
            let class = u32::from(instruction.code & 7);
            let done = match (class, instruction.code) {
                (_, Instruction::RETURN) => {
                    return Ok(Verdict { action: Action::from_answer(instruction.operand), instructions });
                }
                (_, RETURN_ACCUMULATOR) => {
                    return Ok(Verdict { action: Action::from_answer(state.accumulator), instructions });
                }
                (libc::BPF_JMP, _) => state.jump(instruction).map(|passed| at += passed),
                _ => state.step(instruction, call),
            };
            if done.is_none() {
                let place = format!("instruction {}: {instruction}", at.saturating_sub(1));
                return Err(Error::invalid("run", place, "what seccomp takes"));
            }
        }
        Err(Error::invalid("run", "a filter", "a jump that ends within it, and a return at the end"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(instructions: &[(u16, u8, u8, u32)]) -> Program {
        let instructions = instructions
            .iter()
            .map(|&(code, if_true, if_false, operand)| Instruction { code, if_true, if_false, operand })
            .collect();
        Program::new(instructions).unwrap()
    }

    #[test]
    fn words_of_a_call_lie_where_the_kernel_has_them() {
        let call = Call {
            number: 1,
            architecture: AuditArchitecture::X86_64,
            instruction_pointer: 0x1111_2222_3333_4444,
            arguments: [0x5555_6666_7777_8888, 0, 0, 0, 0, 0x9999_0000_aaaa_bbbb],
        };
        let words = [(0, 1), (4, 0xc000_003e), (8, 0x3333_4444), (12, 0x1111_2222), (16, 0x7777_8888)];
        for (offset, word) in
            words.into_iter().chain([(20, 0x5555_6666), (56, 0xaaaa_bbbb), (60, 0x9999_0000)])
        {
            assert_eq!(call.word(offset), Some(word), "{offset}");
        }
        assert_eq!((call.word(64), call.word(2)), (None, None));
    }

    #[test]
    fn a_program_counts_what_it_runs() {
        let filter = program(&[
            (Instruction::LOAD, 0, 0, 0),
            (Instruction::IF_EQUAL, 0, 1, 39),
            (Instruction::RETURN, 0, 0, 0x7fff_0000),
            (LOAD_NUMBER, 0, 0, 0x0005_0001),
            (RETURN_ACCUMULATOR, 0, 0, 0),
        ]);
        let verdict = |number| filter.run(&Call::new(AuditArchitecture::X86_64, number)).unwrap();
        assert_eq!(verdict(39), Verdict { action: Action::Allow, instructions: 3 });
        assert_eq!(verdict(40), Verdict { action: Action::Errno(1), instructions: 4 });
    }

    #[test]
    fn what_the_kernel_would_refuse_is_an_error() {
        let call = Call::new(AuditArchitecture::X86_64, 0);
        for instructions in [
            &[(Instruction::LOAD, 0, 0, 64)][..],
            &[(Instruction::JUMP, 0, 0, u32::MAX)],
            &[(0xffff, 0, 0, 0)],
            &[((libc::BPF_ALU | libc::BPF_DIV) as u16, 0, 0, 0)],
            &[(STORE, 0, 0, 16)],
        ] {
            assert!(program(instructions).run(&call).is_err(), "{instructions:?}");
        }
        assert!(Program::new(Vec::new()).is_err());
        assert!(Program::new(vec![Instruction::plain(Instruction::RETURN, 0); 4097]).is_err());
    }
}
