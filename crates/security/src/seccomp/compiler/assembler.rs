//! Writes a program from its end to its beginning.
//!
//! All jumps of a filter lead forward, so that what they lead to is there when they are written.

use std::collections::HashMap;

use crate::seccomp::{Action, Instruction};

/// An instruction that was written, by how many there were when it was, itself included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Label(usize);

/// The instructions so far, the last one first.
#[derive(Debug, Default)]
pub(super) struct Assembler {
    backwards: Vec<Instruction>,
    /// Where each answer is returned, nearest to the beginning.
    answers: HashMap<u32, Label>,
}

/// How far a test can jump.
const NEAR: usize = u8::MAX as usize;

impl Assembler {
    fn write(&mut self, instruction: Instruction) -> Label {
        self.backwards.push(instruction);
        Label(self.backwards.len())
    }

    /// How many instructions one that is written next would pass over to go on at `label`.
    fn distance(&self, label: Label) -> usize {
        self.backwards.len() - label.0
    }

    /// Ends with this action. One that is near is used again.
    pub(super) fn answer(&mut self, action: Action) -> Label {
        let answer = action.answer();
        match self.answers.get(&answer) {
            // What is written before a jump to it keeps it within reach.
            Some(&label) if self.distance(label) < NEAR / 2 => label,
            _ => {
                let label = self.write(Instruction::plain(Instruction::RETURN, answer));
                self.answers.insert(answer, label);
                label
            }
        }
    }

    /// Loads a word of the kernel's record, and goes on with what was written last.
    pub(super) fn load(&mut self, offset: u32) -> Label {
        self.write(Instruction::plain(Instruction::LOAD, offset))
    }

    /// Keeps some bits of what was loaded, and goes on with what was written last.
    pub(super) fn and(&mut self, mask: u32) -> Label {
        self.write(Instruction::plain(Instruction::AND, mask))
    }

    /// Tests what was loaded.
    pub(super) fn branch(&mut self, code: u16, operand: u32, if_true: Label, if_false: Label) -> Label {
        // The second may still move the first by one.
        let (if_true, if_false) = if self.distance(if_true) >= self.distance(if_false) {
            let if_true = self.within(if_true, NEAR - 1);
            (if_true, self.within(if_false, NEAR))
        } else {
            let if_false = self.within(if_false, NEAR - 1);
            (self.within(if_true, NEAR), if_false)
        };
        let [if_true, if_false] = [if_true, if_false].map(|label| self.distance(label) as u8);
        self.write(Instruction { code, if_true, if_false, operand })
    }

    /// A label no further away than `reach`, from which it goes on at `label`.
    fn within(&mut self, label: Label, reach: usize) -> Label {
        let distance = self.distance(label);
        if distance <= reach {
            return label;
        }
        self.write(Instruction::plain(Instruction::JUMP, distance as u32))
    }

    /// The program, first instruction first.
    pub(super) fn finish(mut self) -> Vec<Instruction> {
        self.backwards.reverse();
        self.backwards
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seccomp::{AuditArchitecture, Call, Program};

    #[test]
    fn what_is_far_is_reached_by_a_jump() {
        let mut assembler = Assembler::default();
        let far = assembler.answer(Action::Allow);
        let further = assembler.answer(Action::Log);
        for _ in 0..1000 {
            assembler.and(u32::MAX);
        }
        assembler.branch(Instruction::IF_EQUAL, 7, far, further);
        assembler.load(0);
        let program = Program::new(assembler.finish()).unwrap();
        let action = |number| program.run(&Call::new(AuditArchitecture::X86_64, number)).unwrap().action;
        assert_eq!((action(7), action(8)), (Action::Allow, Action::Log));
    }

    #[test]
    fn an_answer_is_written_once_where_it_is_near() {
        let mut assembler = Assembler::default();
        let first = assembler.answer(Action::Allow);
        assert_eq!(assembler.answer(Action::Allow), first);
        for _ in 0..300 {
            assembler.and(0);
        }
        assert_ne!(assembler.answer(Action::Allow), first);
    }
}
