use std::collections::BTreeMap;

use linux_support_base::Error;

use super::{
    Action, AuditArchitecture, Condition, NAMED_ARCHITECTURES, Program, SystemCall, SystemCallSet, compiler,
};

/// What a process may ask of the kernel: an action for each system call.
///
/// Of the rules for a call, the first whose conditions hold decides; if none does, the default action. A name stands
/// for the call wherever there is one, so that a policy serves every architecture.
///
/// ```
/// use linux_support_base::Errno;
/// use linux_support_security::seccomp::{
///     Action, AuditArchitecture, Call, Comparison, Condition, Policy, SystemCall, SystemCallGroup,
/// };
///
/// let socket = SystemCall::from_name("socket")?;
/// let policy = Policy::new(Action::error(Errno::PERM))
///     .allow(SystemCallGroup::BasicIo.calls() | SystemCallGroup::Memory.calls())?
///     .rule(socket, [Condition::int(0, Comparison::Equal(1))?], Action::Allow)?;
/// let program = policy.compile(AuditArchitecture::X86_64)?;
/// let unix = Call { arguments: [1, 0, 0, 0, 0, 0], ..Call::new(AuditArchitecture::X86_64, 41) };
/// assert_eq!(program.run(&unix)?.action, Action::Allow);
/// let internet = Call { arguments: [2, 0, 0, 0, 0, 0], ..unix };
/// assert_eq!(program.run(&internet)?.action, Action::Errno(1));
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// seccomp(2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    default: Action,
    foreign: Action,
    rules: BTreeMap<SystemCall, Chain>,
    frequencies: BTreeMap<SystemCall, u64>,
}

/// The rules for one call, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Chain {
    pub(super) rules: Vec<(Vec<Condition>, Action)>,
}

impl Policy {
    /// One that does this with every call for which there is no rule, and ends the process at a call of another
    /// architecture.
    #[must_use]
    pub const fn new(default: Action) -> Self {
        Self { default, foreign: Action::KillProcess, rules: BTreeMap::new(), frequencies: BTreeMap::new() }
    }

    /// What is done with calls by the numbers of another architecture than the one it is compiled for; those of x32
    /// are foreign to x86_64.
    ///
    /// A filter that let them through would be walked around: the numbers of `open` there are those of other calls
    /// here.
    #[must_use]
    pub const fn foreign(mut self, action: Action) -> Self {
        self.foreign = action;
        self
    }

    /// Allows calls without conditions.
    ///
    /// # Errors
    /// As for [`rule`](Self::rule).
    pub fn allow(self, calls: impl Into<SystemCallSet>) -> Result<Self, Error> {
        self.rule(calls, [], Action::Allow)
    }

    /// Adds a rule: `action` for calls for which all of `conditions` hold. The same rule twice is one.
    ///
    /// # Errors
    /// It could never decide anything, since an earlier rule for the same call always does before it; or it says
    /// otherwise than an earlier one of the same conditions. Both are told with the call's name.
    pub fn rule(
        mut self,
        calls: impl Into<SystemCallSet>,
        conditions: impl IntoIterator<Item = Condition>,
        action: Action,
    ) -> Result<Self, Error> {
        let mut conditions: Vec<Condition> = conditions.into_iter().collect();
        conditions.sort_unstable();
        conditions.dedup();
        for call in calls.into().iter() {
            self.rules.entry(call).or_default().add(call, conditions.clone(), action)?;
        }
        Ok(self)
    }

    /// How often calls are made, as somebody has counted: what is made often is found by fewer instructions. Calls
    /// that are not counted are taken to be made once.
    #[must_use]
    pub fn frequencies(mut self, counts: impl IntoIterator<Item = (SystemCall, u64)>) -> Self {
        self.frequencies.extend(counts);
        self
    }

    /// What it does with a call, by its rules and without a program.
    #[must_use]
    pub fn action(&self, call: SystemCall, arguments: &[u64; 6]) -> Action {
        self.rules.get(&call).and_then(|chain| chain.action(arguments)).unwrap_or(self.default)
    }

    /// The action for calls without a rule.
    #[must_use]
    pub const fn default_action(&self) -> Action {
        self.default
    }

    /// The action for calls of another architecture.
    #[must_use]
    pub const fn foreign_action(&self) -> Action {
        self.foreign
    }

    /// The calls that have rules, and that `architecture` has none of: their rules are left out of its program.
    #[must_use]
    pub fn absent(&self, architecture: AuditArchitecture) -> SystemCallSet {
        self.rules.keys().copied().filter(|call| call.number(architecture).is_none()).collect()
    }

    /// Compiles it for one architecture.
    ///
    /// The program finds a call by halves: for a policy of any size it runs at most twelve instructions for a call
    /// without conditions as long as the numbers of calls form no more than 256 runs of one action, which those of a
    /// few hundred calls do.
    ///
    /// # Errors
    /// The architecture is none of [`NAMED_ARCHITECTURES`], or the program would be longer than the kernel takes.
    pub fn compile(&self, architecture: AuditArchitecture) -> Result<Program, Error> {
        if !NAMED_ARCHITECTURES.contains(&architecture) {
            let object = format!("a filter for {architecture}");
            return Err(Error::invalid("compile", object, "x86_64, aarch64 or riscv64"));
        }
        compiler::compile(self, architecture)
    }

    /// The calls that have rules, and these.
    pub(super) fn chains(&self) -> impl Iterator<Item = (SystemCall, &Chain)> {
        self.rules.iter().map(|(call, chain)| (*call, chain))
    }

    /// The chains by number, and how often each call is made.
    pub(super) fn numbered(&self, architecture: AuditArchitecture) -> BTreeMap<u32, (&Chain, u64)> {
        let weight = |call| self.frequencies.get(call).copied().unwrap_or(1);
        self.rules
            .iter()
            .filter_map(|(call, chain)| Some((call.number(architecture)?, (chain, weight(call)))))
            .collect()
    }
}

impl Chain {
    fn add(&mut self, call: SystemCall, conditions: Vec<Condition>, action: Action) -> Result<(), Error> {
        // One answer has one form.
        let action = Action::from_answer(action.answer());
        for (earlier, decided) in &self.rules {
            if *earlier == conditions && *decided == action {
                return Ok(());
            }
            if earlier.iter().all(|condition| conditions.contains(condition)) {
                return Err(Error::invalid(
                    "add",
                    format!("a rule for {call}: {action}"),
                    format!("something else: an earlier rule always decides before it: {decided}"),
                ));
            }
        }
        self.rules.push((conditions, action));
        Ok(())
    }

    fn action(&self, arguments: &[u64; 6]) -> Option<Action> {
        let holds = |conditions: &[Condition]| conditions.iter().all(|condition| condition.holds(arguments));
        self.rules.iter().find(|(conditions, _)| holds(conditions)).map(|(_, action)| *action)
    }
}
