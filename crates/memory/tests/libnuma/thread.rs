use libtest_mimic::Failed;
use linux_support_base::{Cpu, NumaNode, NumaNodeSet};
use linux_support_memory::numa::{
    self, MemoryPolicy, PolicyFlags, PolicyMode, RunOn, ThreadPolicy, set_thread_policy, thread_policy,
};

use crate::{library::Libnuma, machine, node, usable};

pub(crate) fn ours(library: Libnuma) -> Result<(), Failed> {
    let usable = usable();
    let _bound = ThreadPolicy::set(&MemoryPolicy::bind(usable.clone()))?;
    assert_eq!(library.set::<NumaNode>(c"numa_get_membind"), usable);
    for node in &usable {
        let _bound = ThreadPolicy::set(&MemoryPolicy::bind(node))?;
        assert_eq!(library.set::<NumaNode>(c"numa_get_membind"), node.into());
        let _preferred = ThreadPolicy::set(&MemoryPolicy::preferred(node))?;
        assert_eq!(library.number(c"numa_preferred"), node.number() as i32);
    }
    let _interleaved = ThreadPolicy::set(&MemoryPolicy::interleave(usable.clone()))?;
    assert_eq!(library.set::<NumaNode>(c"numa_get_interleave_mask"), usable);
    let next = numa::next_interleaved_node()?.ok_or("no next node")?;
    assert_eq!(library.number(c"numa_get_interleave_node"), next.number() as i32);
    Ok(())
}

pub(crate) fn theirs(library: Libnuma) -> Result<(), Failed> {
    let (usable, before) = (usable(), thread_policy()?);
    library.give(c"numa_set_membind", &usable);
    assert_eq!(thread_policy()?, MemoryPolicy::bind(usable.clone()));
    library.give(c"numa_set_interleave_mask", &usable);
    assert_eq!(thread_policy()?, MemoryPolicy::interleave(usable.clone()));
    for node in &usable {
        library.with_number(c"numa_set_preferred", node.number());
        let ours = thread_policy()?;
        assert!([PolicyMode::Preferred, PolicyMode::PreferredMany].contains(&ours.mode()), "{ours}");
        assert_eq!(ours.nodes(), &node.into());
    }
    library.nothing(c"numa_set_localalloc");
    let local = thread_policy()?;
    assert!([PolicyMode::Local, PolicyMode::Default].contains(&local.mode()), "{local}");
    set_thread_policy(&before)?;
    Ok(())
}

/// The newer ways to set a policy, and those that set two things at once.
pub(crate) fn more_of_theirs(library: Libnuma) -> Result<(), Failed> {
    let (usable, before) = (usable(), thread_policy()?);
    library.give(c"numa_set_membind_balancing", &usable);
    let balancing = MemoryPolicy::bind(usable.clone()).with_flags(PolicyFlags::BALANCING);
    assert_eq!(thread_policy()?, balancing);
    let many = ThreadPolicy::set(&MemoryPolicy::preferred_many(usable.clone()));
    let known = library.number(c"numa_has_preferred_many") != 0;
    assert_eq!(many.is_ok(), known);
    if known {
        library.give(c"numa_set_preferred_many", &usable);
        assert_eq!(thread_policy()?, MemoryPolicy::preferred_many(usable.clone()));
        assert_eq!(library.set::<NumaNode>(c"numa_preferred_many"), usable);
    }
    drop(many);
    set_thread_policy(&before)?;

    let (machine, cpus) = (machine(), numa::thread_cpus()?);
    for node in numa::NodeSets::read(&machine).has_cpu.value().ok_or("no nodes")? {
        library.give(c"numa_bind", &NumaNodeSet::from(node));
        let theirs = (numa::thread_cpus()?, thread_policy()?);
        set_thread_policy(&before)?;
        library.set_affinity(0, &cpus);
        let _run = RunOn::nodes(&machine, &node.into())?;
        let _bound = ThreadPolicy::set(&MemoryPolicy::bind(node))?;
        assert_eq!(theirs, (numa::thread_cpus()?, thread_policy()?));
    }
    library.set_affinity(0, &cpus);
    set_thread_policy(&before)?;
    Ok(())
}

/// On which CPUs, as libnuma sets and sees it.
pub(crate) fn cpus(library: Libnuma) -> Result<(), Failed> {
    let (machine, before) = (machine(), numa::thread_cpus()?);
    assert_eq!(library.affinity::<Cpu>(0), before);
    let first = before.first().ok_or("no CPU")?;
    assert!(library.set_affinity::<Cpu>(0, &first.into()) >= 0);
    assert_eq!(numa::thread_cpus()?, first.into());
    assert!(library.set_affinity(0, &before) >= 0);
    let with_cpus = numa::NodeSets::read(&machine).has_cpu.value().cloned().ok_or("no nodes")?;
    for name in [c"numa_run_on_node_mask", c"numa_run_on_node_mask_all"] {
        for node in &with_cpus {
            assert_eq!(library.of_set(name, &NumaNodeSet::from(node)), 0, "{name:?}");
            let theirs = numa::thread_cpus()?;
            assert!(library.set_affinity(0, &before) >= 0);
            let run = RunOn::nodes(&machine, &node.into())?;
            assert_eq!(numa::thread_cpus()?, theirs, "{name:?} of node {node}");
            run.restore()?;
        }
    }
    assert_eq!(numa::thread_cpus()?, before);
    Ok(())
}

pub(crate) fn runs(library: Libnuma) -> Result<(), Failed> {
    let machine = machine();
    let sets = numa::NodeSets::read(&machine);
    let before = numa::thread_cpus()?;
    for node in sets.has_cpu.value().ok_or("no nodes")? {
        let run = RunOn::nodes(&machine, &node.into())?;
        assert_eq!(library.set::<NumaNode>(c"numa_get_run_node_mask"), node.into());
        let ours = numa::thread_cpus()?;
        run.restore()?;
        assert_eq!(library.of_number(c"numa_run_on_node", node.number()), 0);
        assert_eq!(numa::thread_cpus()?, ours);
        // Back to where it began.
        let all: NumaNodeSet =
            before.iter().map(|cpu: Cpu| numa::node_of_cpu(&machine, cpu)).collect::<Result<_, _>>()?;
        assert_eq!(library.of_number(c"numa_run_on_node", u32::MAX), 0);
        drop(RunOn::nodes(&machine, &all)?);
    }
    Ok(())
}

pub(crate) fn memory_only(_: Libnuma) -> Result<(), Failed> {
    let before = numa::thread_cpus()?;
    let error = RunOn::nodes(&machine(), &node(3).into()).unwrap_err();
    assert!(error.to_string().contains("they have no CPUs: nodes 0-2 have"), "{error}");
    assert_eq!(numa::thread_cpus()?, before);
    Ok(())
}
