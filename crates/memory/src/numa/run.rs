use core::marker::PhantomData;

use linux_support_base::{Cpu, CpuSet, Error, Machine, NumaNode, NumaNodeSet, syscall, text};
use rustix::io::Errno;

use super::{NEEDS, ROOT, online};

/// The CPUs of `nodes`.
///
/// # Errors
/// One of them is not online.
pub fn cpus_of_nodes(machine: &Machine, nodes: &NumaNodeSet) -> Result<CpuSet, Error> {
    let mut cpus = CpuSet::new();
    for node in nodes {
        let path = format!("{ROOT}/node{node}/cpulist");
        let of_node =
            machine.parse_needing(&path, NEEDS, CpuSet::parse_list).map_err(|error| {
                match online(machine) {
                    Ok(online) if !online.contains(node) => Error::invalid(
                        "find the CPUs of",
                        format!("node {node}").as_bytes(),
                        format!("nodes {online} are online"),
                    ),
                    _ => error,
                }
            })?;
        cpus = &cpus | &of_node;
    }
    Ok(cpus)
}

/// The node of `cpu`.
///
/// # Errors
/// No node that is online has it.
#[doc(alias = "numa_node_of_cpu")]
pub fn node_of_cpu(machine: &Machine, cpu: Cpu) -> Result<NumaNode, Error> {
    for node in &online(machine)? {
        // A node may go meanwhile.
        let cpus = machine.parse(format!("{ROOT}/node{node}/cpulist"), CpuSet::parse_list);
        if cpus.is_ok_and(|cpus| cpus.contains(cpu)) {
            return Ok(node);
        }
    }
    Err(Error::invalid("find the node of", format!("CPU {cpu}").as_bytes(), "no node that is online has it"))
}

/// The CPUs on which the calling thread may run.
///
/// # Errors
/// The kernel has more CPUs than this library can count.
#[doc(alias = "sched_getaffinity")]
pub fn thread_cpus() -> Result<CpuSet, Error> {
    syscall::thread_affinity(None).map_err(|errno| Error::system("read", "CPUs of the thread", errno))
}

/// The calling thread runs on the CPUs of some nodes only, until this is dropped: then on those from before.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_memory::numa::{self, RunOn, thread_cpus};
///
/// let machine = Machine::live()?;
/// let before = thread_cpus()?;
/// let nodes = numa::NodeSets::read(&machine).has_cpu.value().cloned().unwrap_or_default();
/// let run = RunOn::nodes(&machine, &nodes)?;
/// assert!(thread_cpus()?.is_subset(&numa::cpus_of_nodes(&machine, &nodes)?));
/// run.restore()?;
/// assert_eq!(thread_cpus()?, before);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "the CPUs from before come back when this is dropped"]
#[doc(alias = "numa_run_on_node_mask")]
pub struct RunOn {
    before: CpuSet,
    /// They belong to the thread.
    thread: PhantomData<*const ()>,
}

impl RunOn {
    /// On the CPUs of `nodes`, as far as the task's cpuset has them.
    ///
    /// # Errors
    /// A node is not online; the nodes have no CPUs, or none that this task may use. Then nothing is changed.
    pub fn nodes(machine: &Machine, nodes: &NumaNodeSet) -> Result<Self, Error> {
        let cpus = cpus_of_nodes(machine, nodes)?;
        let refused = |accepted| Error::invalid("run on", format!("nodes {nodes}").as_bytes(), accepted);
        if cpus.is_empty() {
            let with_cpus = super::set(machine, "has_cpu")?;
            return Err(refused(format!("they have no CPUs: nodes {with_cpus} have")));
        }
        let before = thread_cpus()?;
        match syscall::set_thread_affinity(None, &cpus) {
            Ok(()) => Ok(Self { before, thread: PhantomData }),
            Err(Errno::INVAL) => Err(refused(format!("this task may use none of the CPUs {cpus}"))),
            Err(errno) => Err(Error::system("run on", format!("nodes {nodes}").as_bytes(), errno)),
        }
    }

    /// On the CPUs of the node that has `cpu`.
    ///
    /// # Errors
    /// As for [`nodes`](Self::nodes); no node has this CPU.
    pub fn node_of(machine: &Machine, cpu: Cpu) -> Result<Self, Error> {
        Self::nodes(machine, &node_of_cpu(machine, cpu)?.into())
    }

    /// The CPUs that are to come back.
    #[must_use]
    pub fn before(&self) -> &CpuSet {
        &self.before
    }

    /// Ends it, and says whether the CPUs from before are back.
    ///
    /// # Errors
    /// None of them is allowed any more.
    pub fn restore(self) -> Result<(), Error> {
        syscall::set_thread_affinity(None, &self.before)
            .map_err(|errno| Error::system("run on", format!("CPUs {}", self.before).as_bytes(), errno))
    }
}

impl Drop for RunOn {
    fn drop(&mut self) {
        let _ = syscall::set_thread_affinity(None, &self.before);
    }
}

/// The node of the device at `path` in `/sys`, or the nearest above it that has one.
pub(super) fn node_of_device(machine: &Machine, path: &str) -> Result<NumaNode, Error> {
    let mut place = path.trim_end_matches('/');
    while place.starts_with("/sys/devices/") {
        let file = format!("{place}/numa_node");
        if machine.exists(&file) {
            let node: i64 = machine.parse(&file, |bytes| text::decimal(text::trim(bytes)))?;
            if let Some(node) = u32::try_from(node).ok().and_then(NumaNode::new) {
                return Ok(node);
            }
        }
        place = place.rsplit_once('/').map_or("", |(above, _)| above);
    }
    Err(Error::invalid("find the node of", path, "the firmware tells none: give the node by number"))
}
