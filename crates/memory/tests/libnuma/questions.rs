use std::ffi::CString;

use libtest_mimic::Failed;
use linux_support_base::{Cpu, CpuSet, NumaNode, NumaNodeSet};
use linux_support_memory::numa::{self, CpuExpression, NodeExpression, NodeSets, SetExpression};

use crate::{library::Libnuma, machine, node};

pub(crate) fn nodes(library: Libnuma) -> Result<(), Failed> {
    let machine = machine();
    let online = numa::online(&machine)?;
    let last = online.last().ok_or("no node")?;
    assert_eq!(library.number(c"numa_max_node"), last.number() as i32);
    assert_eq!(library.number(c"numa_num_configured_nodes"), online.len() as i32);
    let nodes = numa::nodes(&machine)?;
    for from in &nodes {
        for (to, distance) in online.iter().zip(from.distances.value().ok_or("no distances")?) {
            assert_eq!(library.distance(from.node.number(), to.number()), *distance as i32);
        }
    }
    Ok(())
}

/// How many there are, of each kind that libnuma counts.
pub(crate) fn counts(library: Libnuma) -> Result<(), Failed> {
    let machine = machine();
    let sets = NodeSets::read(&machine);
    let possible = sets.possible.value().and_then(NumaNodeSet::last).ok_or("no node")?;
    // libnuma means how far numbers can go in the kernel's masks, which is more than this machine can have.
    assert!(library.number(c"numa_max_possible_node") >= possible.number() as i32);
    assert_eq!(library.number(c"numa_num_possible_nodes"), library.number(c"numa_max_possible_node") + 1);
    let file = |name: &str| machine.parse(format!("/sys/devices/system/cpu/{name}"), CpuSet::parse_list);
    assert_eq!(library.number(c"numa_num_configured_cpus"), file("present")?.len() as i32);
    assert!(library.number(c"numa_num_possible_cpus") >= file("possible")?.len() as i32);
    assert_eq!(
        u64::from(library.number(c"numa_pagesize").unsigned_abs()),
        machine.page_size()?.bytes().get()
    );
    for name in [c"numa_num_task_cpus", c"numa_num_thread_cpus"] {
        assert_eq!(library.number(name), numa::thread_cpus()?.len() as i32, "{name:?}");
    }
    for name in [c"numa_num_task_nodes", c"numa_num_thread_nodes"] {
        assert_eq!(library.number(name), numa::allowed_nodes()?.len() as i32, "{name:?}");
    }
    for node in numa::nodes(&machine)? {
        let size = node.size().ok_or("no size")?.get();
        assert_eq!(library.of_number_long(c"numa_node_size", node.node.number()), size as i64);
    }
    Ok(())
}

/// Expressions where all that exists is allowed.
pub(crate) fn all_expressions(library: Libnuma) -> Result<(), Failed> {
    let machine = machine();
    let online = numa::online(&machine)?;
    let cpus = machine.parse("/sys/devices/system/cpu/online", CpuSet::parse_list)?;
    let last = online.last().ok_or("no node")?.number();
    for text in ["all".to_owned(), "0".into(), "+0".into(), format!("0-{last}"), format!("{}", last + 1)] {
        let ours = text.parse::<SetExpression<NumaNode>>()?.resolve(&online, &online).ok();
        let theirs = library.parse::<NumaNode>(c"numa_parse_nodestring_all", &CString::new(&*text)?);
        assert_eq!(ours, theirs, "{text}");
    }
    let last = cpus.last().ok_or("no CPU")?.number();
    for text in ["all".to_owned(), "0".into(), "+0".into(), format!("0-{last}"), "65535".into()] {
        let ours = text.parse::<CpuExpression>()?.resolve(&cpus, &cpus).ok();
        let theirs = library.parse::<Cpu>(c"numa_parse_cpustring_all", &CString::new(&*text)?);
        assert_eq!(ours, theirs, "{text}");
    }
    Ok(())
}

pub(crate) fn sizes(library: Libnuma) -> Result<(), Failed> {
    for node in numa::nodes(&machine())? {
        let size = node.size().ok_or("no size")?;
        assert_eq!(library.node_size(node.node.number()), size.get() as i64, "node {}", node.node);
    }
    Ok(())
}

pub(crate) fn cpus(library: Libnuma) -> Result<(), Failed> {
    let machine = machine();
    for node in numa::nodes(&machine)? {
        let cpus: CpuSet = library.cpus_of_node(node.node.number());
        assert_eq!(node.cpus.value(), Some(&cpus));
        assert_eq!(numa::cpus_of_nodes(&machine, &node.node.into())?, cpus);
        for cpu in &cpus {
            let theirs = library.of_number(c"numa_node_of_cpu", cpu.number());
            assert_eq!(numa::node_of_cpu(&machine, cpu)?.number() as i32, theirs);
        }
    }
    Ok(())
}

pub(crate) fn allowed(library: Libnuma) -> Result<(), Failed> {
    assert_eq!(numa::allowed_nodes()?, library.set::<NumaNode>(c"numa_get_mems_allowed"));
    Ok(())
}

pub(crate) fn node_expressions(library: Libnuma) -> Result<(), Failed> {
    let machine = machine();
    let last = numa::online(&machine)?.last().ok_or("no node")?.number();
    let mut texts: Vec<String> = [
        "all",
        "0",
        "+0",
        "0-0",
        "x",
        "+x",
        "0-",
        "netdev:lo",
        "netdev:no-such",
        "pci:ff:1f.7",
        "ip:127.0.0.1",
    ]
    .map(String::from)
    .into();
    texts.extend([
        last.to_string(),
        format!("0-{last}"),
        format!("0,{last}"),
        format!("+{last}"),
        (last + 1).to_string(),
    ]);
    if last > 0 {
        texts.extend(["!0".into(), format!("!{last}"), "!+0".into(), "+0-1".into(), "0,2".into()]);
    }
    for text in texts {
        let ours =
            text.parse::<NodeExpression>().ok().and_then(|expression| expression.resolve(&machine).ok());
        let theirs = library.parse::<NumaNode>(c"numa_parse_nodestring", &CString::new(&*text)?);
        assert_eq!(ours, theirs, "{text}");
    }
    Ok(())
}

pub(crate) fn cpu_expressions(library: Libnuma) -> Result<(), Failed> {
    let machine = machine();
    let allowed = numa::thread_cpus()?;
    let (first, last) = (allowed.first().ok_or("no CPU")?, allowed.last().ok_or("no CPU")?);
    let mut texts =
        vec!["all".to_string(), "+0".into(), first.to_string(), last.to_string(), "x".into(), "65535".into()];
    if allowed.len() > 1 {
        texts.extend([format!("!{first}"), "+0-1".into(), "!+0".into(), format!("{first},{last}")]);
    }
    for text in texts {
        let ours =
            text.parse::<CpuExpression>().ok().and_then(|expression| expression.resolve_on(&machine).ok());
        let theirs = library.parse::<Cpu>(c"numa_parse_cpustring", &CString::new(&*text)?);
        assert_eq!(ours, theirs, "{text}");
    }
    Ok(())
}

pub(crate) fn the_labs_machine(_: Libnuma) -> Result<(), Failed> {
    let sets = NodeSets::read(&machine());
    let four: NumaNodeSet = "0-3".parse()?;
    assert_eq!(sets.online.value(), Some(&four));
    assert_eq!(
        sets.has_memory.value().ok_or("no nodes with memory")?
            - sets.has_cpu.value().ok_or("no nodes with CPUs")?,
        node(3).into()
    );
    Ok(())
}

/// The machine's one disk is below a bridge of node 1.
pub(crate) fn near(library: Libnuma) -> Result<(), Failed> {
    for text in ["pci:41:00.0", "pci:0000:41:00", "block:nvme0n1", "file:/dev/nvme0n1"] {
        let ours = text.parse::<NodeExpression>()?.resolve(&machine())?;
        assert_eq!(ours, node(1).into(), "{text}");
        let theirs = library.parse::<NumaNode>(c"numa_parse_nodestring", &CString::new(text)?);
        // libnuma wants a function, and finds no namespace's device.
        if let Some(theirs) = theirs {
            assert_eq!(ours, theirs, "{text}");
        }
    }
    Ok(())
}
