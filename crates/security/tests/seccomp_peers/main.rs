//! Filters beside those of libseccomp and of the crate `seccompiler`: the same verdicts, by fewer instructions.
#![deny(unsafe_code)]

#[allow(unsafe_code)]
mod libseccomp;
mod random;

use std::collections::BTreeMap;

use libseccomp::Libseccomp;
use linux_support_security::seccomp::{
    Action, AuditArchitecture, Call, Comparison, Condition, Instruction, NAMED_ARCHITECTURES, Policy,
    Program, SystemCall, SystemCallGroup, SystemCallSet,
};
use random::Random;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
    TargetArch,
};

type Rules = Vec<(u32, Vec<Condition>, Action)>;

const DEFAULT: Action = Action::Errno(1);

fn library() -> Option<Libseccomp> {
    let library = Libseccomp::load();
    if library.is_none() {
        println!("skipped: libseccomp.so.2 is not here: install libseccomp2");
    }
    library
}

fn condition(random: &mut Random, argument: u8) -> Condition {
    loop {
        let value = random.number();
        let comparison = match random.below(7) {
            0 => Comparison::NotEqual(value),
            1 => Comparison::Less(value),
            2 => Comparison::LessOrEqual(value),
            3 => Comparison::Equal(value),
            4 => Comparison::GreaterOrEqual(value),
            5 => Comparison::Greater(value),
            _ => {
                let mask = random.number() | 1;
                Comparison::Masked { mask, value: value & mask }
            }
        };
        if let Ok(condition) = Condition::long(argument, comparison) {
            return condition;
        }
    }
}

/// Rules that all three can express: what is allowed, each by conditions on different arguments.
fn rules(random: &mut Random, several: bool) -> Rules {
    let native = AuditArchitecture::NATIVE.unwrap();
    let mut rules = Rules::new();
    for call in SystemCall::all() {
        // libseccomp of Debian 12 knows the calls of Linux 5.17.
        let Some(number) = call.number(native).filter(|&number| number < 450) else { continue };
        match random.below(4) {
            0 => {}
            1 if random.below(3) == 0 => {
                for _ in 0..=if several { random.below(3) } else { 0 } {
                    let first = random.below(5) as u8;
                    let mut conditions = vec![condition(random, first)];
                    if random.below(2) == 0 {
                        conditions.push(condition(random, 5));
                    }
                    rules.push((number, conditions, Action::Allow));
                }
            }
            _ => rules.push((number, Vec::new(), Action::Allow)),
        }
    }
    rules
}

fn ours(rules: &Rules) -> Program {
    let native = AuditArchitecture::NATIVE.unwrap();
    let mut policy = Policy::new(DEFAULT);
    for (number, conditions, action) in rules {
        let call = SystemCall::of(native, *number);
        policy = policy.clone().rule(call, conditions.iter().copied(), *action).unwrap_or(policy);
    }
    policy.compile(native).unwrap()
}

fn seccompilers(rules: &Rules) -> Program {
    let mut map: BTreeMap<i64, Vec<SeccompRule>> = BTreeMap::new();
    for (number, conditions, _) in rules {
        let conditions: Vec<_> = conditions
            .iter()
            .map(|condition| {
                let (operation, value) = match condition.comparison() {
                    Comparison::NotEqual(value) => (SeccompCmpOp::Ne, value),
                    Comparison::Less(value) => (SeccompCmpOp::Lt, value),
                    Comparison::LessOrEqual(value) => (SeccompCmpOp::Le, value),
                    Comparison::Equal(value) => (SeccompCmpOp::Eq, value),
                    Comparison::GreaterOrEqual(value) => (SeccompCmpOp::Ge, value),
                    Comparison::Greater(value) => (SeccompCmpOp::Gt, value),
                    Comparison::Masked { mask, value } => (SeccompCmpOp::MaskedEq(mask), value),
                    other => panic!("seccompiler has no {other:?}"),
                };
                let argument = condition.argument().index() as u8;
                SeccompCondition::new(argument, SeccompCmpArgLen::Qword, operation, value).unwrap()
            })
            .collect();
        let chain = map.entry(i64::from(*number)).or_default();
        if !conditions.is_empty() {
            chain.push(SeccompRule::new(conditions).unwrap());
        }
    }
    let architecture: TargetArch = std::env::consts::ARCH.try_into().unwrap();
    let filter =
        SeccompFilter::new(map, SeccompAction::Errno(1), SeccompAction::Allow, architecture).unwrap();
    let program: BpfProgram = filter.try_into().unwrap();
    let instructions = program.iter().map(|instruction| Instruction {
        code: instruction.code,
        if_true: instruction.jt,
        if_false: instruction.jf,
        operand: instruction.k,
    });
    Program::new(instructions.collect()).unwrap()
}

fn call(random: &mut Random, native: AuditArchitecture) -> Call {
    let architecture = if random.below(50) == 0 { AuditArchitecture::X86 } else { native };
    // Of x32, `seccompiler` knows nothing.
    let number = if random.below(100) == 0 { random.below(1 << 30) } else { random.below(500) } as u32;
    let arguments = core::array::from_fn(|_| random.number());
    Call { architecture, number, instruction_pointer: random.number(), arguments }
}

/// The verdicts of `programs` on many calls; they must be the same where a program knows the call.
fn compare(programs: &[&Program], random: &mut Random, native: AuditArchitecture) -> usize {
    let calls = (0..50_000).map(|_| call(random, native));
    let permitted = calls.filter(|call| {
        let verdicts = programs.iter().map(|program| program.run(call).unwrap().action);
        let verdicts: Vec<_> = verdicts.collect();
        assert!(verdicts.iter().all(|verdict| *verdict == verdicts[0]), "{call:?}: {verdicts:?}");
        verdicts[0] == Action::Allow
    });
    permitted.count()
}

#[test]
#[cfg_attr(user_emulation, ignore = "a million calls take minutes there")]
fn a_million_random_calls_get_the_verdicts_of_libseccomp() {
    let (Some(library), Some(native)) = (library(), AuditArchitecture::NATIVE) else { return };
    let mut random = Random::new(0x5eed);
    let permitted: usize = (0..20)
        .map(|_| {
            // Several rules with orders for one call make libseccomp 2.5.4 err: it allows "above 3" and "below
            // 0x1_0000_0000", and refuses 0x1_0000_0000.
            let rules = rules(&mut random, false);
            let theirs = library.compile(DEFAULT, Action::KillProcess, &rules);
            compare(&[&ours(&rules), &theirs], &mut random, native)
        })
        .sum();
    // The test would say nothing if nearly all verdicts were one.
    assert!((300_000..900_000).contains(&permitted), "{permitted}");
}

#[test]
#[cfg_attr(user_emulation, ignore = "a million calls take minutes there")]
fn a_million_random_calls_get_the_verdicts_of_seccompiler() {
    let Some(native) = AuditArchitecture::NATIVE else { return };
    let mut random = Random::new(0xfeed);
    let permitted: usize = (0..20)
        .map(|_| {
            let rules = rules(&mut random, true);
            compare(&[&ours(&rules), &seccompilers(&rules)], &mut random, native)
        })
        .sum();
    assert!((300_000..900_000).contains(&permitted), "{permitted}");
}

#[test]
fn the_same_policy_takes_fewer_instructions_than_theirs() {
    let (Some(library), Some(native)) = (library(), AuditArchitecture::NATIVE) else { return };
    let common = SystemCallSet::all()
        - SystemCallGroup::Mounts
        - SystemCallGroup::Modules
        - SystemCallGroup::Reboot
        - SystemCallGroup::Keyrings
        - SystemCallGroup::Debugging
        - SystemCallGroup::Swap
        - SystemCallGroup::RawIo
        - SystemCallGroup::Obsolete;
    let few = SystemCallGroup::BasicIo.calls()
        | SystemCallGroup::Memory
        | SystemCallGroup::Threads
        | SystemCallGroup::Signals
        | SystemCallGroup::Events
        | SystemCallGroup::Network;
    for (name, calls) in [("common", common), ("few", few)] {
        let rules: Rules = calls
            .iter()
            .filter_map(|call| call.number(native))
            .filter(|&number| number < 450)
            .map(|number| (number, Vec::new(), Action::Allow))
            .collect();
        let instructions = |program: &Program| {
            let each = rules
                .iter()
                .map(|&(number, ..)| program.run(&Call::new(native, number)).unwrap().instructions);
            (each.clone().sum::<usize>() as f64 / rules.len() as f64, each.max().unwrap())
        };
        let (ours, longest) = instructions(&ours(&rules));
        let (theirs, _) = instructions(&library.compile(DEFAULT, Action::KillProcess, &rules));
        let (seccompilers, _) = instructions(&seccompilers(&rules));
        println!(
            "{name}, {} calls: {ours:.2} on average and {longest} at most; libseccomp {theirs:.2}, seccompiler {seccompilers:.2}",
            rules.len()
        );
        assert!(longest <= 12, "{name}: {longest}");
        assert!(ours < theirs && ours < seccompilers, "{name}: {ours}, {theirs}, {seccompilers}");
    }
}

#[test]
fn names_and_numbers_are_libseccomps() {
    let Some(library) = library() else { return };
    for architecture in NAMED_ARCHITECTURES {
        let mut compared = 0;
        for number in 0..450 {
            let name = library.name(architecture, number);
            let ours = SystemCall::of(architecture, number);
            if let (Some(theirs), Some(ours)) = (&name, ours.name()) {
                assert_eq!(theirs, ours, "{architecture} {number}");
                assert_eq!(library.number(architecture, theirs), Some(number));
                compared += 1;
            }
            // What they know, and not the other way: the library is older.
            assert!(name.is_none() || ours.name().is_some(), "{architecture} {number} {name:?}");
        }
        assert!(compared > 300, "{architecture}: {compared}");
    }
}
