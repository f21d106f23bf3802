use linux_support_base::Error;

use super::{
    Action, Condition, Policy, SystemCall, SystemCallGroup, SystemCallSet, policy::Chain,
    system_call::LONGEST_NAME,
};

/// A policy as it is written down: names of calls and of groups, conditions and actions as texts.
///
/// With the feature `serde` it is read from TOML, JSON and the like, and written to them:
///
/// ```toml
/// default = "errno 1"
/// allow = ["@basic-io", "openat", "exit_group"]
///
/// [[rules]]
/// calls = ["socket"]
/// when = ["int argument 0 = 0x1"]
/// action = "allow"
/// ```
///
/// ```
/// use linux_support_security::seccomp::{Action, Policy, PolicyConfiguration};
///
/// let mut written = PolicyConfiguration::new(Action::Errno(1));
/// written.allow = vec!["@basic-io".into(), "openat".into()];
/// let policy = Policy::try_from(&written)?;
/// assert!(policy.configuration().allow.contains(&"read".to_owned()));
/// written.allow = vec!["@basic-oi".into()];
/// let error = Policy::try_from(&written).unwrap_err();
/// assert!(error.to_string().contains("basic-io"));
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields, rename_all = "kebab-case")
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct PolicyConfiguration {
    /// What is done with calls that have no rule.
    pub default: Action,
    /// What is done with calls by the numbers of another architecture; the process is ended if this is not said.
    #[cfg_attr(feature = "serde", serde(default = "kill"))]
    pub foreign: Action,
    /// Calls that are allowed whatever their arguments: names, and groups with `@` before them.
    #[cfg_attr(feature = "serde", serde(default))]
    pub allow: Vec<String>,
    /// Further rules, in their order.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub rules: Vec<RuleConfiguration>,
}

/// A rule as it is written down.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(deny_unknown_fields, rename_all = "kebab-case")
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct RuleConfiguration {
    /// The calls that it is for: names, and groups with `@` before them.
    pub calls: Vec<String>,
    /// What must hold of their arguments, all of it.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub when: Vec<Condition>,
    /// What is done with them.
    pub action: Action,
}

#[cfg(feature = "serde")]
const fn kill() -> Action {
    Action::KillProcess
}

impl PolicyConfiguration {
    /// One without rules.
    #[must_use]
    pub const fn new(default: Action) -> Self {
        Self { default, foreign: Action::KillProcess, allow: Vec::new(), rules: Vec::new() }
    }
}

/// The calls that are named, and those of the groups that are named.
fn calls(names: &[String]) -> Result<SystemCallSet, Error> {
    let mut calls = SystemCallSet::default();
    for name in names {
        match name.strip_prefix('@') {
            Some(group) => calls |= SystemCallGroup::from_name(group).ok_or_else(|| unknown_group(group))?,
            None => calls |= SystemCall::from_name(name)?,
        }
    }
    Ok(calls)
}

#[cold]
fn unknown_group(name: &str) -> Error {
    let names = SystemCallGroup::ALL.iter().map(|group| group.name());
    let nearest =
        names.filter(|_| name.len() <= LONGEST_NAME).min_by_key(|known| strsim::osa_distance(name, known));
    let accepted = match nearest {
        Some(nearest) => format!("there is none of that name; the nearest is {nearest}"),
        None => "there is none of that name".into(),
    };
    Error::invalid("name", format!("group of system calls {name}"), accepted)
}

impl TryFrom<&PolicyConfiguration> for Policy {
    type Error = Error;

    /// # Errors
    /// An unknown call or group, with the nearest name; rules that contradict one another: see [`Policy::rule`].
    fn try_from(written: &PolicyConfiguration) -> Result<Self, Error> {
        let policy = Self::new(written.default).foreign(written.foreign).allow(calls(&written.allow)?)?;
        written.rules.iter().try_fold(policy, |policy, rule| {
            policy.rule(calls(&rule.calls)?, rule.when.iter().copied(), rule.action)
        })
    }
}

impl Policy {
    /// It, to be written down. What is known of how often calls are made is left out.
    #[must_use]
    pub fn configuration(&self) -> PolicyConfiguration {
        let mut written = PolicyConfiguration::new(self.default_action());
        written.foreign = self.foreign_action();
        for (call, Chain { rules }) in self.chains() {
            match &rules[..] {
                [(conditions, Action::Allow)] if conditions.is_empty() => {
                    written.allow.push(call.to_string())
                }
                rules => written.rules.extend(rules.iter().map(|(conditions, action)| RuleConfiguration {
                    calls: vec![call.to_string()],
                    when: conditions.clone(),
                    action: *action,
                })),
            }
        }
        written
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seccomp::Comparison;

    fn policy() -> Policy {
        let unix = Condition::int(0, Comparison::Equal(1)).unwrap();
        let call = |name| SystemCall::from_name(name).unwrap();
        Policy::new(Action::Errno(1))
            .foreign(Action::KillThread)
            .allow(SystemCallSet::from(call("read")) | call("#1999"))
            .unwrap()
            .rule(call("socket"), [unix], Action::Allow)
            .unwrap()
            .rule(call("socket"), [], Action::Trap(3))
            .unwrap()
            .rule(call("ptrace"), [], Action::KillProcess)
            .unwrap()
    }

    #[test]
    fn a_policy_is_written_and_read() {
        let written = policy().configuration();
        assert_eq!(written.allow, ["read", "#1999"]);
        assert_eq!(written.rules.len(), 3);
        assert_eq!(Policy::try_from(&written), Ok(policy()));
    }

    #[test]
    fn what_is_not_known_is_told_with_the_nearest() {
        let mut written = PolicyConfiguration::new(Action::Allow);
        written.allow = vec!["raed".into()];
        assert!(Policy::try_from(&written).unwrap_err().to_string().contains("nearest is read"));
        written.allow = vec!["@netwrk".into()];
        assert!(Policy::try_from(&written).unwrap_err().to_string().contains("nearest is network"));
        written.allow = vec!["read".into()];
        let rule = RuleConfiguration { calls: vec!["read".into()], when: vec![], action: Action::Log };
        written.rules = vec![rule];
        assert!(Policy::try_from(&written).unwrap_err().to_string().contains("always decides before it"));
    }

    #[cfg(feature = "serde")]
    #[test]
    fn texts_are_read_back() {
        let text = serde_json::to_string(&policy().configuration()).unwrap();
        assert!(text.contains(r#""when":["int argument 0 = 0x1"],"action":"allow""#), "{text}");
        let read: PolicyConfiguration = serde_json::from_str(&text).unwrap();
        assert_eq!(Policy::try_from(&read), Ok(policy()));
        let error = |text: &str| serde_json::from_str::<PolicyConfiguration>(text).unwrap_err().to_string();
        assert!(error(r#"{"default":"alow"}"#).contains("alow"));
        assert!(error(r#"{"default":"allow","alow":[]}"#).contains("alow"));
        let condition = r#"{"default":"allow","rules":[{"calls":["read"],"when":["int argument 7 = 0x1"],"action":"log"}]}"#;
        assert!(error(condition).contains("argument 7"));
        let short: PolicyConfiguration = serde_json::from_str(r#"{"default":"errno 1"}"#).unwrap();
        assert_eq!(short, PolicyConfiguration::new(Action::Errno(1)));
    }
}
