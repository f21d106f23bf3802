//! What becomes of the calls of one number.

use super::assembler::{Assembler, Label};
use crate::seccomp::{Action, Comparison, Condition, Instruction, Width, policy::Chain};

/// Rules that are tried in their order, and what follows the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outcome {
    pub(super) rules: Vec<(Vec<Condition>, Action)>,
    pub(super) last: Action,
}

impl Outcome {
    /// That of calls without rules.
    pub(super) const fn always(action: Action) -> Self {
        Self { rules: Vec::new(), last: action }
    }

    pub(super) fn new(chain: &Chain, default: Action) -> Self {
        let mut rules = Vec::new();
        let mut last = default;
        for (conditions, action) in &chain.rules {
            if conditions.is_empty() {
                last = *action;
                break;
            }
            rules.push((conditions.clone(), *action));
        }
        while rules.last().is_some_and(|(_, action)| *action == last) {
            rules.pop();
        }
        Self { rules, last }
    }

    /// Whether some call of it is made without anybody's asking.
    pub(super) fn may_permit(&self) -> bool {
        self.last.permits() || self.rules.iter().any(|(_, action)| action.permits())
    }

    /// Writes its code, and gives where it begins.
    pub(super) fn emit(&self, assembler: &mut Assembler) -> Label {
        let mut next = assembler.answer(self.last);
        for (conditions, action) in self.rules.iter().rev() {
            let mut holds = assembler.answer(*action);
            for &condition in conditions.iter().rev() {
                holds = test(condition, holds, next, assembler);
            }
            next = holds;
        }
        next
    }
}

/// Where the halves of an argument lie in the kernel's record, on machines whose lower half comes first.
fn halves(condition: Condition) -> (u32, u32) {
    let lower = 16 + 8 * condition.argument().index() as u32;
    (lower, lower + 4)
}

fn split(number: u64) -> (u32, u32) {
    (number as u32, (number >> 32) as u32)
}

/// Writes a test that goes on at `yes` or at `no`.
fn test(condition: Condition, yes: Label, no: Label, assembler: &mut Assembler) -> Label {
    let whole = match condition.width() {
        Width::Int => u64::from(u32::MAX),
        Width::Long => u64::MAX,
    };
    match (condition.width(), condition.comparison()) {
        (_, Comparison::NotEqual(value)) => masked(condition, whole, value, no, yes, assembler),
        (_, Comparison::Equal(value)) => masked(condition, whole, value, yes, no, assembler),
        (_, Comparison::Masked { mask, value }) => masked(condition, mask, value, yes, no, assembler),
        (_, Comparison::Less(value)) => at_least(condition, value, no, yes, assembler),
        (_, Comparison::GreaterOrEqual(value)) => at_least(condition, value, yes, no, assembler),
        (_, Comparison::LessOrEqual(value)) => above(condition, value, no, yes, assembler),
        (_, Comparison::Greater(value)) => above(condition, value, yes, no, assembler),
        (Width::Int, Comparison::Within { first, last }) => {
            let below_end = assembler.branch(Instruction::IF_GREATER, split(last).0, no, yes);
            assembler.branch(Instruction::IF_GREATER_OR_EQUAL, split(first).0, below_end, no);
            assembler.load(halves(condition).0)
        }
        (Width::Long, Comparison::Within { first, last }) => {
            let below_end = above(condition, last, no, yes, assembler);
            at_least(condition, first, below_end, no, assembler)
        }
    }
}

/// Compares the bits of a mask; of one half alone where it has none in the other.
fn masked(
    condition: Condition,
    mask: u64,
    value: u64,
    yes: Label,
    no: Label,
    assembler: &mut Assembler,
) -> Label {
    let (lower, upper) = halves(condition);
    let mut yes = yes;
    for (half, mask, value) in
        [(lower, split(mask).0, split(value).0), (upper, split(mask).1, split(value).1)]
    {
        if mask != 0 {
            assembler.branch(Instruction::IF_EQUAL, value, yes, no);
            if mask != u32::MAX {
                assembler.and(mask);
            }
            yes = assembler.load(half);
        }
    }
    yes
}

fn at_least(condition: Condition, value: u64, yes: Label, no: Label, assembler: &mut Assembler) -> Label {
    ordered(condition, Instruction::IF_GREATER_OR_EQUAL, value, yes, no, assembler)
}

fn above(condition: Condition, value: u64, yes: Label, no: Label, assembler: &mut Assembler) -> Label {
    ordered(condition, Instruction::IF_GREATER, value, yes, no, assembler)
}

/// Compares the upper halves, and the lower ones where those are equal.
fn ordered(
    condition: Condition,
    code: u16,
    value: u64,
    yes: Label,
    no: Label,
    assembler: &mut Assembler,
) -> Label {
    let (lower, upper) = halves(condition);
    let (value, upper_value) = split(value);
    assembler.branch(code, value, yes, no);
    let start = assembler.load(lower);
    if condition.width() == Width::Int {
        return start;
    }
    let not_above = assembler.branch(Instruction::IF_EQUAL, upper_value, start, no);
    assembler.branch(Instruction::IF_GREATER, upper_value, yes, not_above);
    assembler.load(upper)
}
