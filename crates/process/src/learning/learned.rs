use std::collections::{BTreeMap, btree_map::Entry};

use linux_support_base::Error;
use linux_support_security::seccomp::{
    Action, AuditArchitecture, Condition, Policy, PolicyConfiguration, SystemCall, SystemCallSet,
};

/// What a program asked of the kernel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Learned {
    architecture: AuditArchitecture,
    calls: BTreeMap<SystemCall, LearnedCall>,
    pub(super) foreign: Vec<(AuditArchitecture, u32)>,
    pub(super) is_cut: bool,
}

/// How a program made a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LearnedCall {
    /// How often.
    pub count: u64,
    /// What held of the arguments that choose what the call does (an `ioctl`'s request, a `socket`'s family), each time
    /// one of these. None are there where no argument chooses, and where there were more than 32 values.
    pub conditions: Vec<Vec<Condition>>,
}

impl Learned {
    pub(super) fn new(architecture: AuditArchitecture) -> Self {
        Self { architecture, calls: BTreeMap::new(), foreign: Vec::new(), is_cut: false }
    }

    pub(super) fn note(&mut self, call: SystemCall, learned: LearnedCall) {
        match self.calls.entry(call) {
            Entry::Vacant(place) => drop(place.insert(learned)),
            Entry::Occupied(mut place) => {
                let known = place.get_mut();
                known.count = known.count.saturating_add(learned.count);
                if known.conditions.is_empty() || learned.conditions.is_empty() {
                    known.conditions.clear();
                } else {
                    known.conditions.extend(learned.conditions);
                    known.conditions.sort_unstable();
                    known.conditions.dedup();
                }
            }
        }
    }

    /// The calls that were made.
    #[must_use]
    pub fn calls(&self) -> SystemCallSet {
        self.calls.keys().copied().collect()
    }

    /// How a call was made; `None` if it was not.
    #[must_use]
    pub fn get(&self, call: SystemCall) -> Option<&LearnedCall> {
        self.calls.get(&call)
    }

    /// Calls by the numbers of another architecture than the caller's, such as those of 32-bit programs. No policy can
    /// allow them one by one.
    #[must_use]
    pub fn foreign(&self) -> &[(AuditArchitecture, u32)] {
        &self.foreign
    }

    /// Whether all was noted: not where there were hundreds of calls that are unknown here, or foreign.
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        !self.is_cut
    }

    /// What was learned in both runs, of the same program with other input.
    ///
    /// # Errors
    /// They are of different architectures.
    pub fn join(mut self, other: Self) -> Result<Self, Error> {
        if self.architecture != other.architecture {
            let object = format!("what was learned on {}", other.architecture);
            return Err(Error::invalid("join", object, format!("what was learned on {}", self.architecture)));
        }
        for (call, learned) in other.calls {
            self.note(call, learned);
        }
        for call in other.foreign {
            if !self.foreign.contains(&call) {
                self.foreign.push(call);
            }
        }
        self.is_cut |= other.is_cut;
        Ok(self)
    }

    /// The smallest policy that would have allowed the run: each call that was made, with the arguments that choose what
    /// it does as they were. Beside these there is `exit_group`, which ends a child that can't run the program.
    ///
    /// # Errors
    /// There were foreign calls, or not [all](Self::is_whole) was noted.
    pub fn policy(&self, default: Action) -> Result<Policy, Error> {
        self.checked()?.calls.iter().try_fold(self.beginning(default)?, |policy, (call, learned)| {
            if learned.conditions.is_empty() {
                return policy.allow(*call);
            }
            learned.conditions.iter().try_fold(policy, |policy, conditions| {
                policy.rule(*call, conditions.iter().copied(), Action::Allow)
            })
        })
    }

    /// As [`policy`](Self::policy), whatever the arguments: it holds longer, and allows more.
    ///
    /// # Errors
    /// As there.
    pub fn policy_of_calls(&self, default: Action) -> Result<Policy, Error> {
        self.checked()?.beginning(default)?.allow(self.calls())
    }

    /// [`policy`](Self::policy), to be written down.
    ///
    /// # Errors
    /// As there.
    pub fn configuration(&self, default: Action) -> Result<PolicyConfiguration, Error> {
        self.policy(default).map(|policy| policy.configuration())
    }

    fn beginning(&self, default: Action) -> Result<Policy, Error> {
        let counts = self.calls.iter().map(|(call, learned)| (*call, learned.count));
        Policy::new(default).frequencies(counts).allow(SystemCall::from_name("exit_group")?)
    }

    fn checked(&self) -> Result<&Self, Error> {
        let refuse = |why: String| Err(Error::invalid("make a policy of", "what was learned", why));
        match self.foreign.first() {
            Some((architecture, number)) => refuse(format!(
                "a program of {}: there was call {number} of another architecture, {architecture}",
                self.architecture
            )),
            None if self.is_cut => refuse("fewer than 256 calls that are unknown here".into()),
            None => Ok(self),
        }
    }
}

#[cfg(test)]
mod tests {
    use linux_support_security::seccomp::Comparison;

    use super::*;

    fn call(name: &str) -> SystemCall {
        SystemCall::from_name(name).unwrap()
    }

    fn learned(name: &str, values: &[u64]) -> Learned {
        let mut learned = Learned::new(AuditArchitecture::X86_64);
        let condition = |value: &u64| vec![Condition::int(0, Comparison::Equal(*value)).unwrap()];
        let conditions = values.iter().map(condition).collect();
        learned.note(call(name), LearnedCall { count: 1, conditions });
        learned
    }

    #[test]
    fn runs_are_joined() {
        let both = learned("prctl", &[1, 2]).join(learned("prctl", &[2, 3])).unwrap();
        assert_eq!(both.get(call("prctl")).map(|it| (it.count, it.conditions.len())), Some((2, 3)));
        let any = both.join(learned("prctl", &[])).unwrap().join(learned("read", &[])).unwrap();
        assert!(any.get(call("prctl")).unwrap().conditions.is_empty());
        assert_eq!(any.calls().len(), 2);
        assert!(any.join(Learned::new(AuditArchitecture::AARCH64)).is_err());
    }

    #[test]
    fn what_is_written_down_is_the_policy() {
        let learned = learned("prctl", &[1]).join(learned("read", &[])).unwrap();
        let policy = learned.policy(Action::Errno(1)).unwrap();
        let written = learned.configuration(Action::Errno(1)).unwrap();
        let read = Policy::try_from(&written).unwrap();
        for (name, argument) in [("prctl", 1), ("prctl", 2), ("read", 0), ("write", 0), ("exit_group", 0)] {
            let arguments = [argument, 0, 0, 0, 0, 0];
            assert_eq!(read.action(call(name), &arguments), policy.action(call(name), &arguments), "{name}");
        }
        assert_eq!(policy.action(call("write"), &[0; 6]), Action::Errno(1));
    }
}
