//! Policies of ranges, and memory that libnuma allocates beside memory that is mapped here.

use libtest_mimic::Failed;
use linux_support_base::{AddressRange, Bytes, NumaNode, NumaNodeSet};
use linux_support_memory::{
    mapping::{Advice, MapOptions, Mapping, Private, ReadWrite},
    numa::{self, MemoryPolicy, Moving, PageStatus, RunOn, ThreadPolicy},
};

use crate::{library::Libnuma, machine, node, segment::Segment, usable};

const PAGES: usize = 16;

fn length() -> usize {
    PAGES * rustix::param::page_size()
}

fn fresh() -> Result<Mapping<Private, ReadWrite>, Failed> {
    let memory = MapOptions::new().private(Bytes::new(length() as u64))?;
    memory.advise(.., Advice::NoHugePages)?;
    Ok(memory)
}

fn on(statuses: &[PageStatus]) -> Vec<Option<NumaNode>> {
    statuses.iter().map(|status| status.node()).collect()
}

/// The policy of two ranges, one set by libnuma and one here, is the same, and so is where their pages come from.
fn alike(theirs: impl FnOnce(u64), ours: &MemoryPolicy) -> Result<(), Failed> {
    let (mut by_libnuma, mut by_us) = (fresh()?, fresh()?);
    theirs(by_libnuma.range().start());
    by_us.set_policy(ours, Moving::Nothing)?;
    let policy = |memory: &Mapping<Private, ReadWrite>| numa::policy_of_address(memory.range().start());
    assert_eq!(policy(&by_libnuma)?, policy(&by_us)?, "{ours}");
    by_libnuma.as_bytes_mut().fill(1);
    by_us.as_bytes_mut().fill(1);
    let count = |statuses: &[PageStatus]| {
        let mut nodes = on(statuses);
        nodes.sort();
        nodes
    };
    assert_eq!(count(&by_libnuma.placement()?), count(&by_us.placement()?), "{ours}");
    Ok(())
}

pub(crate) fn policies(library: Libnuma) -> Result<(), Failed> {
    let usable = usable();
    for node in &usable {
        // Bound, unless it was told to be lax.
        alike(
            |start| library.range_with_node(c"numa_tonode_memory", start, length(), node.number()),
            &MemoryPolicy::bind(node),
        )?;
    }
    alike(
        |start| library.range_with_set(c"numa_tonodemask_memory", start, length(), &usable),
        &MemoryPolicy::bind(usable.clone()),
    )?;
    alike(
        |start| library.range_with_set(c"numa_interleave_memory", start, length(), &usable),
        &MemoryPolicy::interleave(usable.clone()),
    )
}

/// libnuma asks for the preferred node of no nodes, which is the local one: the kernel says so in one way or the other.
pub(crate) fn local(library: Libnuma) -> Result<(), Failed> {
    let machine = machine();
    for near in numa::NodeSets::read(&machine).has_cpu.value().ok_or("no nodes")? {
        let _run = RunOn::nodes(&machine, &near.into())?;
        let (mut theirs, mut ours) = (fresh()?, fresh()?);
        library.range(c"numa_setlocal_memory", theirs.range().start(), length());
        ours.set_policy(&MemoryPolicy::local(), Moving::Nothing)?;
        theirs.as_bytes_mut().fill(1);
        ours.as_bytes_mut().fill(1);
        assert_eq!(on(&theirs.placement()?), on(&ours.placement()?));
        assert_eq!(on(&ours.placement()?), [Some(near); PAGES]);
        let theirs = library.allocate(c"numa_alloc_local", length());
        let mut ours =
            MapOptions::new().policy(MemoryPolicy::local()).private(Bytes::new(length() as u64))?;
        ours.as_bytes_mut().fill(1);
        assert_eq!(on(&numa::placement(None, &theirs.pages())?), on(&ours.placement()?));
        // Memory without a policy of its own has the thread's.
        let theirs = library.allocate(c"numa_alloc", length());
        let mut ours = fresh()?;
        ours.as_bytes_mut().fill(1);
        assert_eq!(on(&numa::placement(None, &theirs.pages())?), on(&ours.placement()?));
    }
    Ok(())
}

/// Without touching it, its pages are there.
pub(crate) fn policed(library: Libnuma) -> Result<(), Failed> {
    let (theirs, ours) = (fresh()?, fresh()?);
    library.range(c"numa_police_memory", theirs.range().start(), length());
    ours.advise(.., Advice::PopulateWrite)?;
    let there = |memory: &Mapping<Private, ReadWrite>| -> Result<_, Failed> {
        Ok(memory.residency(..)?.iter().all(|present| present))
    };
    assert!(there(&ours)?);
    assert!(there(&theirs)?);
    Ok(())
}

pub(crate) fn longer(library: Libnuma) -> Result<(), Failed> {
    for node in &usable() {
        let theirs = library.allocate_on(length(), node.number()).with_length(2 * length());
        let mut ours =
            MapOptions::new().policy(MemoryPolicy::bind(node)).private(Bytes::new(length() as u64))?;
        ours.as_bytes_mut().fill(1);
        ours.extend(Bytes::new(2 * length() as u64))?;
        ours.as_bytes_mut().fill(2);
        let start = theirs.pages()[0];
        assert_eq!(
            numa::policy_of_address(start)?.nodes(),
            numa::policy_of_address(ours.range().start())?.nodes()
        );
        assert_eq!(on(&ours.placement()?), vec![Some(node); 2 * PAGES]);
    }
    Ok(())
}

pub(crate) fn subset(library: Libnuma) -> Result<(), Failed> {
    let two: NumaNodeSet = "0,2".parse()?;
    let theirs = library.allocate_interleaved(length(), &two);
    let mut ours = MapOptions::new()
        .policy(MemoryPolicy::interleave(two.clone()))
        .private(Bytes::new(length() as u64))?;
    ours.as_bytes_mut().fill(1);
    assert_eq!(numa::policy_of_address(theirs.pages()[0])?, MemoryPolicy::interleave(two.clone()));
    let count = |statuses: &[PageStatus], node| on(statuses).iter().filter(|on| **on == Some(node)).count();
    for node in &two {
        let theirs = numa::placement(None, &theirs.pages())?;
        assert_eq!((count(&ours.placement()?, node), count(&theirs, node)), (PAGES / 2, PAGES / 2));
    }
    Ok(())
}

/// Of shared memory, the policy is the memory's own: `numactl --shm` sets it through a mapping of its own.
pub(crate) fn segment(library: Libnuma) -> Result<(), Failed> {
    for policy in [
        MemoryPolicy::interleave("1-2".parse::<NumaNodeSet>()?),
        MemoryPolicy::bind(node(3)),
        MemoryPolicy::preferred(node(2)),
    ] {
        let segment = Segment::new(length());
        let [first, second] = segment.addresses();
        let range = AddressRange::new(first, first + length() as u64).ok_or("a range")?;
        numa::set_policy(range, &policy, Moving::Nothing)?;
        assert_eq!(numa::policy_of_address(second)?, policy);
        assert_eq!(library.policy::<NumaNode>(second, 2).1, *policy.nodes());
        segment.fill(length());
        // Where they are is seen through the mapping that has used them.
        let used: Vec<u64> = (range.start()..range.end()).step_by(rustix::param::page_size()).collect();
        let nodes = on(&numa::placement(None, &used)?);
        assert!(
            nodes.iter().all(|on| on.is_some_and(|on| policy.nodes().contains(on))),
            "{policy}: {nodes:?}"
        );
        for node in policy.nodes() {
            let share = nodes.iter().filter(|on| **on == Some(node)).count();
            assert_eq!(share, PAGES / policy.nodes().len(), "{policy}: {nodes:?}");
        }
    }
    Ok(())
}

pub(crate) fn moved(library: Libnuma) -> Result<(), Failed> {
    let mut memory = fresh()?;
    memory.as_bytes_mut().fill(3);
    let (start, end) = (memory.range().start(), memory.range().end());
    let pages: Vec<u64> = (start..end).step_by(rustix::param::page_size()).collect();
    for to in &usable() {
        assert_eq!(library.move_to(&pages, to.number()), vec![to.number() as i32; PAGES]);
        assert_eq!(on(&memory.placement()?), [Some(to); PAGES]);
        let moves: Vec<_> = pages.iter().map(|page| (*page, node(0))).collect();
        let ours = numa::move_pages(None, &moves, numa::MoveScope::Own)?;
        assert_eq!(on(&ours), [Some(node(0)); PAGES]);
        assert_eq!(library.statuses(&pages), [0; PAGES]);
    }
    assert!(memory.as_bytes().iter().all(|byte| *byte == 3));
    Ok(())
}

/// The functions of numaif.h, which are the system calls.
pub(crate) fn numaif(library: Libnuma) -> Result<(), Failed> {
    let usable = usable();
    let before = numa::thread_policy()?;
    for policy in [
        MemoryPolicy::bind(usable.clone()),
        MemoryPolicy::interleave(usable.clone()),
        MemoryPolicy::preferred(usable.first().ok_or("no node")?),
    ] {
        let mode = i32::from(policy.mode().number());
        let _ours = ThreadPolicy::set(&policy)?;
        assert_eq!(library.policy(0, 0), (mode, policy.nodes().clone()));
        assert!(library.set_policy(0, &NumaNodeSet::new()));
        assert_eq!(numa::thread_policy()?, MemoryPolicy::default());
        assert!(library.set_policy(mode, policy.nodes()));
        assert_eq!(numa::thread_policy()?, policy);

        let memory = fresh()?;
        memory.set_policy(&policy, Moving::Nothing)?;
        let start = memory.range().start();
        assert_eq!(library.policy(start, 2), (mode, policy.nodes().clone()));
        assert!(library.bind::<NumaNode>(start, length(), 0, &NumaNodeSet::new(), 0));
        assert_eq!(numa::policy_of_address(start)?, MemoryPolicy::default());
        assert!(library.bind(start, length(), mode, policy.nodes(), 0));
        assert_eq!(numa::policy_of_address(start)?, policy);
    }
    numa::set_thread_policy(&before)?;
    // What the kernel refuses from there, it refuses from here.
    let far: NumaNodeSet = "1000".parse()?;
    assert!(!library.set_policy(2, &far));
    assert!(numa::set_thread_policy(&MemoryPolicy::bind(far)).is_err());
    Ok(())
}
