//! Runs of numbers of one outcome.

use std::collections::BTreeMap;

use super::Outcome;
use crate::seccomp::{AuditArchitecture, Policy, SystemCall, X32_BIT};

/// The numbers from `first` to the next run's, all of one outcome.
#[derive(Clone, Debug)]
pub(super) struct Run {
    pub(super) first: u32,
    /// How many numbers it has; more than 32 bits for a run of all.
    pub(super) length: u64,
    pub(super) outcome: Outcome,
    /// How often its calls are made.
    pub(super) weight: u64,
}

/// The runs of all numbers, in their order.
pub(super) fn runs(policy: &Policy, architecture: AuditArchitecture) -> Vec<Run> {
    let default = Outcome::always(policy.default_action());
    let chains = policy.numbered(architecture);
    let mut outcomes: BTreeMap<u32, (Outcome, u64)> = BTreeMap::new();
    if default.may_permit() {
        for number in SystemCall::all().filter_map(|call| call.number(architecture)) {
            outcomes.insert(number, (default.clone(), 1));
        }
    }
    for (number, (chain, weight)) in chains {
        let outcome = Outcome::new(chain, policy.default_action());
        let weight = if outcome.may_permit() { weight } else { 0 };
        outcomes.insert(number, (outcome, weight));
    }
    // What tracers write in place of a number to have a call passed over is no call of x32.
    if architecture == AuditArchitecture::X86_64 {
        outcomes.entry(u32::MAX).or_insert((default.clone(), 0));
    }
    let foreign = Outcome::always(policy.foreign_action());
    let foreign_from = if architecture == AuditArchitecture::X86_64 { u64::from(X32_BIT) } else { u64::MAX };
    let mut runs = Runs(Vec::new());
    let mut next = 0u64;
    let gap = |from: u64, to: u64, runs: &mut Runs| {
        runs.extend(from, to.min(foreign_from), &default, 0);
        runs.extend(from.max(foreign_from), to, &foreign, 0);
    };
    for (number, (outcome, weight)) in outcomes {
        let number = u64::from(number);
        gap(next, number, &mut runs);
        runs.extend(number, number + 1, &outcome, weight);
        next = number + 1;
    }
    gap(next, 1 << 32, &mut runs);
    runs.0
}

struct Runs(Vec<Run>);

impl Runs {
    /// Adds the numbers from `from` to below `to`.
    fn extend(&mut self, from: u64, to: u64, outcome: &Outcome, weight: u64) {
        if from >= to {
            return;
        }
        match self.0.last_mut() {
            Some(last) if last.outcome == *outcome => {
                last.length += to - from;
                last.weight = last.weight.saturating_add(weight);
            }
            _ => self.0.push(Run { first: from as u32, length: to - from, outcome: outcome.clone(), weight }),
        }
    }
}
