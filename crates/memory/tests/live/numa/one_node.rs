//! What can be seen with node 0 alone, which every machine has.

use linux_support_base::{Machine, NumaNodeSet};
use linux_support_memory::{
    mapping::MapOptions,
    numa::{
        self, CpuExpression, InterleaveWeights, MemoryPolicy, Moving, NodeExpression, PageStatus,
        PolicyFlags, PolicyMode, RunOn, ThreadPolicy,
    },
};

use super::{node, nodes};
use crate::mapping::{page, pages};

fn known() -> Vec<MemoryPolicy> {
    let zero = || NumaNodeSet::from(node(0));
    vec![
        MemoryPolicy::local(),
        MemoryPolicy::bind(zero()),
        MemoryPolicy::bind(zero()).with_flags(PolicyFlags::STATIC),
        MemoryPolicy::bind(zero()).with_flags(PolicyFlags::RELATIVE),
        MemoryPolicy::bind(zero()).with_flags(PolicyFlags::BALANCING),
        MemoryPolicy::bind(zero()).with_flags(PolicyFlags::STATIC | PolicyFlags::BALANCING),
        MemoryPolicy::preferred(node(0)),
        MemoryPolicy::preferred_many(zero()),
        MemoryPolicy::interleave(zero()),
        MemoryPolicy::interleave(zero()).with_flags(PolicyFlags::RELATIVE),
        MemoryPolicy::weighted_interleave(zero()),
        MemoryPolicy::default(),
    ]
}

fn is_too_new(error: &linux_support_base::Error) -> bool {
    error.reason().name() == "kernel-too-old"
}

#[test]
fn a_threads_policy_is_what_was_set_and_ends_with_its_guard() {
    let before = numa::thread_policy().unwrap();
    for policy in known() {
        let guard = match ThreadPolicy::set(&policy) {
            Err(error) if is_too_new(&error) => continue,
            guard => guard.unwrap(),
        };
        assert_eq!(numa::thread_policy().unwrap(), policy);
        assert_eq!(guard.before(), &before);
        drop(guard);
        assert_eq!(numa::thread_policy().unwrap(), before);
    }
}

#[test]
fn a_threads_policy_is_its_own() {
    let _guard = ThreadPolicy::set(&MemoryPolicy::bind(node(0))).unwrap();
    // Threads inherit from the one that starts them, and then go their own way.
    std::thread::spawn(|| {
        assert_eq!(numa::thread_policy().unwrap(), MemoryPolicy::bind(node(0)));
        numa::set_thread_policy(&MemoryPolicy::default()).unwrap();
    })
    .join()
    .unwrap();
    assert_eq!(numa::thread_policy().unwrap(), MemoryPolicy::bind(node(0)));
}

#[test]
fn a_ranges_policy_is_what_was_set() {
    let memory = MapOptions::new().private(pages(4)).unwrap();
    for policy in known() {
        for moving in [Moving::Nothing, Moving::Check, Moving::Own, Moving::OwnStrictly] {
            match memory.set_policy(&policy, moving) {
                Err(error) if is_too_new(&error) => continue,
                done => done.unwrap(),
            }
            assert_eq!(numa::policy_of_address(memory.range().start()).unwrap(), policy, "{policy}");
        }
    }
}

#[test]
fn numa_maps_names_a_policy_as_we_do() {
    let memory = MapOptions::new().private(pages(4)).unwrap();
    for policy in known().into_iter().filter(|policy| policy.mode() != PolicyMode::Default) {
        if memory.set_policy(&policy, Moving::Nothing).is_err_and(|error| is_too_new(&error)) {
            continue;
        }
        let text = Machine::live().unwrap().read("/proc/self/numa_maps").unwrap();
        let text = String::from_utf8(text).unwrap();
        let start = format!("{:08x} ", memory.range().start());
        let line = text.lines().find_map(|line| line.strip_prefix(&start)).unwrap();
        assert!(line.starts_with(&policy.to_string()), "{line}: {policy}");
        assert_eq!(policy.to_string().parse::<MemoryPolicy>().unwrap(), policy);
    }
}

#[test]
fn pages_are_found_where_they_are_and_those_not_used_are_nowhere() {
    let mut memory = MapOptions::new().private(pages(3)).unwrap();
    memory.as_bytes_mut()[page()] = 1;
    let placement = memory.placement().unwrap();
    assert_eq!(placement[1], PageStatus::On(node(0)));
    assert!(placement[0].node().is_none() && placement[2].node().is_none(), "{placement:?}");
    assert_eq!(numa::node_of_address(memory.range().start() + page() as u64).unwrap(), node(0));
    let moved = memory.move_to(node(0)).unwrap();
    assert_eq!(moved[1], PageStatus::On(node(0)));
    let unmapped = numa::placement(None, &[0]).unwrap();
    assert!(matches!(unmapped[..], [PageStatus::NotMapped | PageStatus::NotPresent]), "{unmapped:?}");
    assert_eq!(numa::placement(None, &[]).unwrap(), []);
}

#[test]
fn pages_of_another_process_are_found_by_its_number() {
    let memory = MapOptions::new().populate().private(pages(1)).unwrap();
    let own = linux_support_base::Pid::new(std::process::id() as i32);
    let found = numa::placement(own, &[memory.range().start()]).unwrap();
    assert_eq!(found, [PageStatus::On(node(0))]);
    assert_eq!(numa::migrate_pages(own, &nodes("0"), &nodes("0")).unwrap(), 0);
}

#[test]
fn memory_comes_from_the_node_of_its_policy() {
    let on_zero = MapOptions::new().policy(MemoryPolicy::bind(node(0))).populate();
    let memory = on_zero.private(pages(8)).unwrap();
    assert!(memory.placement().unwrap().iter().all(|page| page.node() == Some(node(0))));
    let memory = on_zero.shared(pages(8)).unwrap();
    assert!(memory.placement().unwrap().iter().all(|page| page.node() == Some(node(0))));
    assert_eq!(numa::policy_of_address(memory.range().start()).unwrap(), MemoryPolicy::bind(node(0)));
}

#[test]
fn a_home_node_needs_a_policy_with_nodes() {
    let memory = MapOptions::new().private(pages(1)).unwrap();
    memory.set_policy(&MemoryPolicy::bind(node(0)), Moving::Nothing).unwrap();
    match numa::set_home_node(memory.range(), node(0)) {
        Err(error) if is_too_new(&error) => return println!("skipped: {error}"),
        done => done.unwrap(),
    }
    memory.set_policy(&MemoryPolicy::interleave(node(0)), Moving::Nothing).unwrap();
    let error = numa::set_home_node(memory.range(), node(0)).unwrap_err();
    assert!(error.to_string().contains("policy is bind or prefer (many)"), "{error}");
    memory.set_policy(&MemoryPolicy::bind(node(0)), Moving::Nothing).unwrap();
    let error = numa::set_home_node(memory.range(), node(1000)).unwrap_err();
    assert!(error.to_string().contains("node 1000 is not online"), "{error}");
}

#[test]
fn the_nodes_that_are_allowed_are_those_of_status() {
    let machine = Machine::live().unwrap();
    let status = machine.read("/proc/self/status").unwrap();
    let status = String::from_utf8(status).unwrap();
    let list = status.lines().find_map(|line| line.strip_prefix("Mems_allowed_list:")).unwrap();
    assert_eq!(numa::allowed_nodes().unwrap(), nodes(list.trim()));
}

#[test]
fn the_next_node_is_known_while_the_thread_interleaves() {
    assert_eq!(numa::next_interleaved_node().unwrap(), None);
    let _guard = ThreadPolicy::set(&MemoryPolicy::interleave(node(0))).unwrap();
    assert_eq!(numa::next_interleaved_node().unwrap(), Some(node(0)));
}

#[test]
fn a_thread_runs_on_the_cpus_of_a_node_until_the_guard_goes() {
    let machine = Machine::live().unwrap();
    let before = numa::thread_cpus().unwrap();
    let cpu = before.first().unwrap();
    let near = numa::node_of_cpu(&machine, cpu).unwrap();
    let of_node = numa::cpus_of_nodes(&machine, &near.into()).unwrap();
    let guard = RunOn::node_of(&machine, cpu).unwrap();
    assert!(numa::thread_cpus().unwrap().is_subset(&of_node));
    drop(guard);
    assert_eq!(numa::thread_cpus().unwrap(), before);
}

#[test]
fn expressions_are_resolved_against_this_machine() {
    let machine = Machine::live().unwrap();
    let all: NodeExpression = "all".parse().unwrap();
    assert_eq!(all.resolve(&machine).unwrap(), numa::allowed_nodes().unwrap());
    let first: NodeExpression = "+0".parse().unwrap();
    assert_eq!(first.resolve(&machine).unwrap().first(), numa::allowed_nodes().unwrap().first());
    let cpus: CpuExpression = "all".parse().unwrap();
    assert_eq!(cpus.resolve_on(&machine).unwrap(), numa::thread_cpus().unwrap());
    for text in ["netdev:no-such", "file:/no/such", "block:no-such", "pci:ff:1f.7"] {
        let error = text.parse::<NodeExpression>().unwrap().resolve(&machine).unwrap_err();
        assert!(error.is_absent(), "{error}");
    }
}

#[test]
fn weights_are_read_where_the_kernel_has_them() {
    let machine = Machine::live().unwrap();
    match InterleaveWeights::read(&machine) {
        Ok(weights) => {
            assert!(weights.weight(node(0)).is_some_and(|weight| weight > 0), "{weights:?}");
            assert!(weights.automatic.error().is_none_or(|error| error.is_absent()), "{weights:?}");
        }
        Err(error) => assert!(error.is_absent(), "{error}"),
    }
}
