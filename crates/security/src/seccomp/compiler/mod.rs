//! From a policy to a program.
//!
//! The numbers of calls are cut into runs of one outcome each; a search tree over the runs, the cheapest one by how
//! often calls are made, finds that of a call; there, the conditions on its arguments are tried in their order.

mod assembler;
mod outcome;
mod runs;
mod search_tree;

use linux_support_base::Error;

use self::{assembler::Assembler, outcome::Outcome, runs::Run, search_tree::SearchTree};
use super::{AuditArchitecture, Instruction, Policy, Program};

/// Where the kernel's record of a call has its number and its architecture.
const NUMBER: u32 = 0;
const ARCHITECTURE: u32 = 4;

pub(super) fn compile(policy: &Policy, architecture: AuditArchitecture) -> Result<Program, Error> {
    let runs = runs::runs(policy, architecture);
    let tree = SearchTree::cheapest(&runs);
    let mut assembler = Assembler::default();
    let foreign = assembler.answer(policy.foreign_action());
    emit(&tree, &runs, &mut assembler);
    let known = assembler.load(NUMBER);
    assembler.branch(Instruction::IF_EQUAL, architecture.number(), known, foreign);
    assembler.load(ARCHITECTURE);
    Program::new(assembler.finish())
}

/// Writes the code of a tree, and gives where it begins.
fn emit(tree: &SearchTree, runs: &[Run], assembler: &mut Assembler) -> assembler::Label {
    let leaf = |run: &Run, assembler: &mut Assembler| run.outcome.emit(assembler);
    match tree {
        SearchTree::Leaf(run) => leaf(&runs[*run], assembler),
        SearchTree::Only { run, others } => {
            let others = leaf(&runs[*others], assembler);
            let only = leaf(&runs[*run], assembler);
            assembler.branch(Instruction::IF_EQUAL, runs[*run].first, only, others)
        }
        SearchTree::Split { from, below, above } => {
            let above = emit(above, runs, assembler);
            let below = emit(below, runs, assembler);
            assembler.branch(Instruction::IF_GREATER_OR_EQUAL, runs[*from].first, above, below)
        }
    }
}
