//! Shields: CPUs kept free for one program, as `cset shield` does.
//!
//! A [`Shield`] is raised in a group of version 2 as a partition, or in a hierarchy of version 1 with two groups: one for
//! the CPUs that are kept free, one for everything else. Whatever may run on the CPUs and is not of the shield goes away from
//! them; of what can't, such as threads of the kernel that are each CPU's own, there is a [report](RaisedShield::left).
//!
//! ```no_run
//! use linux_support_base::{CpuSet, Machine};
//! use linux_support_cgroup::live::{GroupName, LiveGroup};
//! use linux_support_cpu::shield::Shield;
//!
//! let machine = Machine::live()?;
//! let root = LiveGroup::root(machine.as_live()?)?;
//! let cpus: CpuSet = "2-3".parse()?;
//! let mut shield = Shield::new(cpus).raise(root, &GroupName::new("network-stack")?)?;
//! shield.take_caller()?;
//! for occupant in shield.left() {
//!     println!("{} {} stays on {}", occupant.thread, occupant.name, occupant.cpus);
//! }
//! // … and when the program ends:
//! shield.restore()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Interrupts and workqueues are not the business of groups: see [`interrupt`](crate::interrupt) and
//! [`Workqueues`](crate::Workqueues); [`isolation`](crate::isolation) says what is left of both.

mod affinities;
mod legacy;
mod occupant;
mod raised;
mod unified;

use linux_support_base::{CpuSet, Error, LiveMachine, NumaNodeSet};
use linux_support_cgroup::{
    PartitionKind,
    live::{GroupName, LegacyCpusetGroup, LiveGroup},
};

pub use self::{
    occupant::{Occupant, OccupantKind},
    raised::RaisedShield,
};

/// Which CPUs to keep free, and how.
///
/// # Source
/// Documentation/admin-guide/cgroup-v2.rst, "Cpuset"; Documentation/admin-guide/cgroup-v1/cpusets.rst; cset-shield(1).
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "cset")]
pub struct Shield {
    cpus: CpuSet,
    nodes: Option<NumaNodeSet>,
    is_balanced: bool,
    own_nodes: bool,
}

impl Shield {
    /// Keeps `cpus` free, for threads that are each put on its CPU: the scheduler moves nothing among them.
    #[must_use]
    pub fn new(cpus: CpuSet) -> Self {
        Self { cpus, nodes: None, is_balanced: false, own_nodes: false }
    }

    /// Lets the scheduler spread the threads within over the CPUs: a partition of the kind `root`, and not `isolated`.
    #[must_use]
    pub fn balanced(mut self) -> Self {
        self.is_balanced = true;
        self
    }

    /// Gives those within memory of `nodes` alone. What they have elsewhere moves there with them.
    #[must_use]
    pub fn on_nodes(mut self, nodes: NumaNodeSet) -> Self {
        self.nodes = Some(nodes);
        self
    }

    /// Gives nobody else memory of the nodes, in version 1 (`cpuset.mem_exclusive`). Version 2 has no such thing: there it
    /// is an error.
    #[must_use]
    #[doc(alias = "cpuset.mem_exclusive")]
    pub fn with_nodes_of_its_own(mut self) -> Self {
        self.own_nodes = true;
        self
    }

    /// Raises it as the new group `name` in `parent`: the root, another partition, or since 6.7 any group, whose own CPUs
    /// must have those of the shield. The controller `cpuset` is switched on where it is not.
    ///
    /// # Errors
    /// The CPUs are not online, are all that there are, or belong to another partition; the group is there already; the
    /// kernel says why it can't be a partition. Nothing is changed then.
    ///
    /// # Capabilities
    /// Root's, to write the files; `CAP_SYS_NICE` for threads that the kernel leaves to be moved.
    pub fn raise<'m>(&self, parent: LiveGroup<'m>, name: &GroupName) -> Result<RaisedShield<'m>, Error> {
        let machine = parent.machine();
        self.check(machine)?;
        if self.own_nodes {
            let accepted = "nodes that others may have too: groups of version 2 have none of their own alone";
            return Err(Error::invalid("raise a shield with", self.nodes_text(), accepted));
        }
        unified::raise(self, parent, name)
    }

    /// Raises it in the uppermost group of version 1: `name` for those within, and `others` for what was in the uppermost
    /// group and can be moved.
    ///
    /// # Errors
    /// The CPUs are not online, are all that there are, or a group that is there has them too, which the error names; one of
    /// the two groups is there already. Nothing is changed then.
    ///
    /// # Capabilities
    /// As for [`raise`](Self::raise).
    pub fn raise_legacy<'m>(
        &self,
        root: LegacyCpusetGroup<'m>,
        name: &GroupName,
        others: &GroupName,
    ) -> Result<RaisedShield<'m>, Error> {
        self.check(root.machine())?;
        legacy::raise(self, root, name, others)
    }

    fn check(&self, machine: LiveMachine<'_>) -> Result<(), Error> {
        let online = crate::each::online(&machine)?;
        let accepted = if self.cpus.is_empty() {
            format!("a CPU at least; {online} are online")
        } else if !self.cpus.is_subset(&online) {
            format!("CPUs that are online: {online}")
        } else if online.is_subset(&self.cpus) {
            format!("not all of the CPUs that are online ({online}): the others need one")
        } else if self.nodes.as_ref().is_some_and(NumaNodeSet::is_empty)
            || (self.own_nodes && self.nodes.is_none())
        {
            "a memory node at least".to_owned()
        } else {
            return Ok(());
        };
        Err(Error::invalid("raise a shield over", self.cpus.to_string(), accepted))
    }

    fn nodes_text(&self) -> String {
        format!("memory nodes {}", self.nodes.as_ref().map(ToString::to_string).unwrap_or_default())
    }

    fn kind(&self) -> PartitionKind {
        if self.is_balanced { PartitionKind::Root } else { PartitionKind::Isolated }
    }
}

#[cfg(test)]
mod tests {
    use linux_support_base::{Cpu, Machine};

    use super::*;

    #[test]
    fn cpus_that_can_not_be_shielded_are_refused_with_those_that_can() {
        let machine = Machine::live().unwrap();
        let live = machine.as_live().unwrap();
        let online = crate::each::online(&machine).unwrap();
        let refused = |shield: Shield| shield.check(live).unwrap_err().to_string();
        assert!(refused(Shield::new(CpuSet::new())).contains("a CPU at least"));
        assert!(refused(Shield::new(online.clone())).contains("the others need one"));
        let error = refused(Shield::new(Cpu::new(65_535).unwrap().into()));
        assert!(error.contains("65535") && error.contains(&online.to_string()), "{error}");
        let first = CpuSet::from(online.first().unwrap());
        if online.len() > 1 {
            let shield = Shield::new(first);
            assert!(shield.check(live).is_ok());
            assert!(refused(shield.clone().on_nodes(NumaNodeSet::new())).contains("node"));
            assert!(refused(shield.with_nodes_of_its_own()).contains("node"));
        }
    }
}
