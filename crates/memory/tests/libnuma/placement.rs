use std::num::NonZeroU8;

use libtest_mimic::Failed;
use linux_support_base::{Bytes, NumaNodeSet};
use linux_support_memory::{
    mapping::{MapOptions, Mapping, Private, ReadWrite},
    numa::{self, InterleaveWeights, MemoryPolicy, Moving, PageStatus, ThreadPolicy},
};

use crate::{library::Libnuma, node, usable};

const PAGES: usize = 64;

fn length() -> usize {
    PAGES * rustix::param::page_size()
}

fn mapped(policy: MemoryPolicy) -> Result<Mapping<Private, ReadWrite>, linux_support_base::Error> {
    MapOptions::new().policy(policy).populate().private(Bytes::new(length() as u64))
}

fn addresses(memory: &Mapping<Private, ReadWrite>) -> Vec<u64> {
    (memory.range().start()..memory.range().end()).step_by(rustix::param::page_size()).collect()
}

fn numbers(placement: &[PageStatus]) -> Vec<i32> {
    placement.iter().map(|page| page.node().map_or(-1, |node| node.number() as i32)).collect()
}

pub(crate) fn on_each_node(library: Libnuma) -> Result<(), Failed> {
    for node in &usable() {
        let wanted = vec![node.number() as i32; PAGES];
        let ours = mapped(MemoryPolicy::bind(node))?;
        assert_eq!(library.statuses(&addresses(&ours)), wanted);
        assert_eq!(numbers(&ours.placement()?), wanted);
        assert_eq!(numa::node_of_address(ours.range().start())?, node);
        let theirs = library.allocate_on(length(), node.number());
        assert_eq!(numbers(&numa::placement(None, &theirs.pages())?), wanted);
    }
    Ok(())
}

pub(crate) fn interleaved(library: Libnuma) -> Result<(), Failed> {
    let usable = usable();
    let ours = mapped(MemoryPolicy::interleave(usable.clone()))?;
    let theirs = library.allocate(c"numa_alloc_interleaved", length());
    let (ours, theirs) = (ours.placement()?, numa::placement(None, &theirs.pages())?);
    let count =
        |placement: &[PageStatus], node| placement.iter().filter(|page| page.node() == Some(node)).count();
    for node in &usable {
        // Each range begins with the node that its address gives.
        assert_eq!((count(&ours, node), count(&theirs, node)), (PAGES / usable.len(), PAGES / usable.len()));
    }
    let turn =
        |placement: &[PageStatus]| placement.windows(2).all(|pair| usable.len() == 1 || pair[0] != pair[1]);
    assert!(turn(&ours) && turn(&theirs));
    Ok(())
}

pub(crate) fn moved(library: Libnuma) -> Result<(), Failed> {
    let mut memory = mapped(MemoryPolicy::preferred(node(0)))?;
    memory.as_bytes_mut().fill(7);
    for to in &usable() {
        let statuses = memory.move_to(to)?;
        assert!(statuses.iter().all(|page| *page == PageStatus::On(to)), "{statuses:?}");
        assert_eq!(library.statuses(&addresses(&memory)), vec![to.number() as i32; PAGES]);
        assert!(memory.as_bytes().iter().all(|&byte| byte == 7));
    }
    Ok(())
}

pub(crate) fn migrated(library: Libnuma) -> Result<(), Failed> {
    let set = |number| NumaNodeSet::from(node(number));
    let memory = mapped(MemoryPolicy::preferred(node(1)))?;
    assert_eq!(numbers(&memory.placement()?), [1; PAGES]);
    numa::migrate_pages(None, &set(1), &set(2))?;
    assert_eq!(library.statuses(&addresses(&memory)), [2; PAGES]);
    assert!(library.migrate(&set(2), &set(1)) >= 0);
    assert_eq!(numbers(&memory.placement()?), [1; PAGES]);
    Ok(())
}

pub(crate) fn bound(_: Libnuma) -> Result<(), Failed> {
    let memory = mapped(MemoryPolicy::preferred(node(0)))?;
    let to = MemoryPolicy::bind(node(2));
    let error = memory.set_policy(&to, Moving::Check).unwrap_err();
    assert!(error.to_string().contains("set for a range bind:2"), "{error}");
    assert_eq!(numbers(&memory.placement()?), [0; PAGES]);
    memory.set_policy(&to, Moving::OwnStrictly)?;
    assert_eq!(numbers(&memory.placement()?), [2; PAGES]);
    memory.set_policy(&to, Moving::Check)?;
    memory.set_policy(&MemoryPolicy::bind(node(3)), Moving::AllStrictly)?;
    assert_eq!(numbers(&memory.placement()?), [3; PAGES]);
    Ok(())
}

pub(crate) fn home(_: Libnuma) -> Result<(), Failed> {
    let _local = ThreadPolicy::set(&MemoryPolicy::local())?;
    for home in [1, 2] {
        let mut memory = MapOptions::new().private(Bytes::new(length() as u64))?;
        memory.set_policy(&MemoryPolicy::bind("1-2".parse::<NumaNodeSet>()?), Moving::Nothing)?;
        numa::set_home_node(memory.range(), node(home))?;
        memory.as_bytes_mut().fill(1);
        assert_eq!(numbers(&memory.placement()?), [home as i32; PAGES]);
    }
    Ok(())
}

/// libnuma 2.0.16 has no weights; what is set is read back, and pages are counted.
pub(crate) fn weighted(_: Libnuma) -> Result<(), Failed> {
    let machine = crate::machine();
    let before = match InterleaveWeights::read(&machine) {
        Ok(weights) => weights,
        Err(error) if error.reason().name() == "kernel-too-old" => {
            println!("skipped: {error}");
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    let both: NumaNodeSet = "0-1".parse()?;
    for (index, weight) in [(0, 3), (1, 1)] {
        let weight = NonZeroU8::new(weight).ok_or("weights are above 0")?;
        numa::set_interleave_weight(machine.as_live()?, node(index), weight)?;
        assert_eq!(InterleaveWeights::read(&machine)?.weight(node(index)), Some(weight.get()));
    }
    let memory = mapped(MemoryPolicy::weighted_interleave(both))?;
    let placement = numbers(&memory.placement()?);
    let count = |wanted| placement.iter().filter(|&&node| node == wanted).count();
    assert_eq!((count(0), count(1)), (PAGES / 4 * 3, PAGES / 4));
    numa::reset_interleave_weights(machine.as_live()?)?;
    if before.automatic.value() != Some(&false) {
        assert_eq!(InterleaveWeights::read(&machine)?.weights, before.weights);
    }
    Ok(())
}
