//! That a compiled filter says what its policy says, of every call, by few instructions.

use linux_support_base::Errno;
use linux_support_security::seccomp::{
    Action, AuditArchitecture, Call, Comparison, Condition, NAMED_ARCHITECTURES, Policy, SystemCall,
    SystemCallGroup, SystemCallSet, X32_BIT,
};
use proptest::{collection::vec, prelude::*, sample};

fn comparison() -> impl Strategy<Value = Comparison> {
    // Numbers near one another, and near the borders of the halves.
    let number =
        prop_oneof![0u64..4, (0u64..4).prop_map(|n| n << 32), Just(u64::from(u32::MAX)), any::<u64>()];
    let number = number.boxed();
    prop_oneof![
        number.clone().prop_map(Comparison::Equal),
        number.clone().prop_map(Comparison::NotEqual),
        number.clone().prop_map(Comparison::Less),
        number.clone().prop_map(Comparison::LessOrEqual),
        number.clone().prop_map(Comparison::Greater),
        number.clone().prop_map(Comparison::GreaterOrEqual),
        (number.clone(), number.clone())
            .prop_map(|(mask, value)| Comparison::Masked { mask, value: value & mask }),
        (number.clone(), number).prop_map(|(a, b)| Comparison::Within { first: a.min(b), last: a.max(b) }),
    ]
}

fn condition() -> impl Strategy<Value = Condition> {
    (0u8..6, comparison(), any::<bool>()).prop_filter_map("impossible", |(argument, comparison, long)| {
        let condition = if long { Condition::long } else { Condition::int };
        condition(argument, comparison).ok()
    })
}

fn action() -> impl Strategy<Value = Action> {
    sample::select(vec![
        Action::Allow,
        Action::Log,
        Action::Errno(1),
        Action::Trap(3),
        Action::Notify,
        Action::KillThread,
    ])
}

fn call() -> impl Strategy<Value = SystemCall> {
    sample::select(SystemCall::all().collect::<Vec<_>>())
}

fn policy() -> impl Strategy<Value = Policy> {
    let plain = vec((vec(call(), 1..40), action()), 0..4);
    let conditional = vec((call(), vec(condition(), 0..3), action()), 0..12);
    (action(), action(), conditional, plain).prop_map(|(default, foreign, conditional, plain)| {
        let mut policy = Policy::new(default).foreign(foreign);
        for (call, conditions, action) in conditional {
            policy = policy.clone().rule(call, conditions, action).unwrap_or(policy);
        }
        for (calls, action) in plain {
            for call in calls {
                policy = policy.clone().rule(call, [], action).unwrap_or(policy);
            }
        }
        policy
    })
}

fn arguments() -> impl Strategy<Value = [u64; 6]> {
    let number = prop_oneof![0u64..4, (0u64..4).prop_map(|n| n << 32 | 1), any::<u64>()];
    [
        number.clone().boxed(),
        number.clone().boxed(),
        number.clone().boxed(),
        number.clone().boxed(),
        number.clone().boxed(),
        number.boxed(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    #[cfg_attr(user_emulation, ignore = "so many calls take minutes there")]
    fn a_program_says_what_its_policy_says(policy in policy(), arguments in vec(arguments(), 4)) {
        for architecture in NAMED_ARCHITECTURES {
            let program = policy.compile(architecture).unwrap();
            for number in 0..500 {
                let call = SystemCall::of(architecture, number);
                for arguments in &arguments {
                    let made = Call { arguments: *arguments, ..Call::new(architecture, number) };
                    let expected = policy.action(call, arguments);
                    prop_assert_eq!(program.run(&made).unwrap().action, expected, "{} {:?}\n{}", call, arguments, &program);
                }
            }
            let foreign = Call::new(AuditArchitecture::X86, 3);
            prop_assert_eq!(program.run(&foreign).unwrap().action, policy.foreign_action());
        }
    }
}

/// Allows some 300 calls of x86_64, chosen so that their numbers lie as far apart as they can: refused ones between.
fn scattered() -> (Policy, Vec<SystemCall>) {
    let all: Vec<SystemCall> =
        SystemCall::all().filter(|call| call.number(AuditArchitecture::X86_64).is_some()).collect();
    let mut by_number = all;
    by_number.sort_by_key(|call| call.number(AuditArchitecture::X86_64));
    let allowed: Vec<SystemCall> = by_number
        .iter()
        .copied()
        .enumerate()
        .filter(|(place, _)| place % 5 != 0)
        .map(|(_, call)| call)
        .take(300)
        .collect();
    let set: SystemCallSet = allowed.iter().copied().collect();
    (Policy::new(Action::error(Errno::PERM)).allow(set).unwrap(), allowed)
}

#[test]
fn three_hundred_scattered_calls_take_twelve_instructions_at_most() {
    let (policy, allowed) = scattered();
    assert_eq!(allowed.len(), 300);
    let program = policy.compile(AuditArchitecture::X86_64).unwrap();
    for call in allowed {
        let number = call.number(AuditArchitecture::X86_64).unwrap();
        let verdict = program.run(&Call::new(AuditArchitecture::X86_64, number)).unwrap();
        assert_eq!(verdict.action, Action::Allow);
        assert!(verdict.instructions <= 12, "{call}: {}\n{program}", verdict.instructions);
    }
}

#[test]
fn calls_of_x32_and_of_other_architectures_are_foreign() {
    let policy = Policy::new(Action::Allow);
    let program = policy.compile(AuditArchitecture::X86_64).unwrap();
    let action = |architecture, number| program.run(&Call::new(architecture, number)).unwrap().action;
    assert_eq!(action(AuditArchitecture::X86_64, 1), Action::Allow);
    assert_eq!(action(AuditArchitecture::X86_64, X32_BIT | 1), Action::KillProcess);
    assert_eq!(action(AuditArchitecture::X86, 1), Action::KillProcess);
    assert_eq!(action(AuditArchitecture::X86_64, u32::MAX - 1), Action::KillProcess);
    assert_eq!(action(AuditArchitecture::X86_64, u32::MAX), Action::Allow);
    // No architecture but x86_64 has x32.
    let program = policy.compile(AuditArchitecture::AARCH64).unwrap();
    let call = Call::new(AuditArchitecture::AARCH64, X32_BIT | 1);
    assert_eq!(program.run(&call).unwrap().action, Action::Allow);
}

#[test]
fn what_is_made_often_is_found_sooner() {
    let (policy, allowed) = scattered();
    let often = allowed[137];
    let instructions = |policy: &Policy| {
        let number = often.number(AuditArchitecture::X86_64).unwrap();
        let program = policy.compile(AuditArchitecture::X86_64).unwrap();
        program.run(&Call::new(AuditArchitecture::X86_64, number)).unwrap().instructions
    };
    let counted = policy.clone().frequencies([(often, 1_000_000)]);
    assert!(instructions(&counted) < instructions(&policy));
    assert!(instructions(&counted) <= 7);
}

#[test]
fn rules_that_contradict_each_other_are_refused_by_name() {
    let read = SystemCall::from_name("read").unwrap();
    let policy = Policy::new(Action::KillProcess).allow(read).unwrap();
    let error = policy.clone().rule(read, [], Action::Log).unwrap_err().to_string();
    assert!(error.contains("read") && error.contains("log"), "{error}");
    let condition = Condition::int(0, Comparison::Equal(0)).unwrap();
    assert!(policy.clone().rule(read, [condition], Action::Log).is_err());
    assert!(policy.clone().allow(read).is_ok());
    // The other way around, the narrower rule goes first.
    let policy = Policy::new(Action::KillProcess).rule(read, [condition], Action::Log).unwrap();
    let policy = policy.allow(read).unwrap();
    assert_eq!(policy.action(read, &[0; 6]), Action::Log);
    assert_eq!(policy.action(read, &[1, 0, 0, 0, 0, 0]), Action::Allow);
}

#[test]
fn a_filter_that_is_too_long_says_so() {
    let calls = SystemCallGroup::Files.calls();
    let mut policy = Policy::new(Action::KillProcess);
    for value in 0..40 {
        for (place, call) in calls.iter().enumerate() {
            let condition = Condition::long(0, Comparison::Equal(value * 1000 + place as u64)).unwrap();
            policy = policy.rule(call, [condition], Action::Allow).unwrap();
        }
    }
    let error = policy.compile(AuditArchitecture::X86_64).unwrap_err().to_string();
    assert!(error.contains("4096"), "{error}");
}

#[test]
fn calls_that_an_architecture_lacks_are_told() {
    let policy =
        Policy::new(Action::KillProcess).allow(SystemCallSet::of(&["open", "openat"]).unwrap()).unwrap();
    assert!(policy.absent(AuditArchitecture::X86_64).is_empty());
    let absent = policy.absent(AuditArchitecture::AARCH64);
    assert_eq!(absent, SystemCallSet::of(&["open"]).unwrap());
    assert!(policy.compile(AuditArchitecture::new(7)).unwrap_err().to_string().contains("0x7"));
}
