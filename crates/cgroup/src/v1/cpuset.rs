//! The controller `cpuset` of version 1.

use linux_support_base::{CpuSet, NumaNodeSet};

use crate::format::{boolean, count, cpus, integer, interface_files, nodes};

interface_files! {
    /// The CPUs and memory nodes of a group of version 1.
    ///
    /// # Source
    /// Documentation/admin-guide/cgroup-v1/cpusets.rst, `cpuset(7)`.
    pub struct LegacyCpuset of "cpuset" {
        /// The CPUs that it has, or will have again when they are online; none means that no process can be
        /// put here.
        cpus: CpuSet = "cpuset.cpus" Everywhere by cpus;
        /// The memory nodes that it has.
        mems: NumaNodeSet = "cpuset.mems" Everywhere by nodes;
        /// Those CPUs of it that are online.
        effective_cpus: CpuSet = "cpuset.effective_cpus" Everywhere since 3 17 by cpus;
        /// Those nodes of it that have memory online.
        effective_mems: NumaNodeSet = "cpuset.effective_mems" Everywhere since 3 17 by nodes;
        /// Whether no group beside it may have its CPUs.
        cpu_exclusive: bool = "cpuset.cpu_exclusive" Everywhere by boolean;
        /// Whether no group beside it may have its memory nodes.
        mem_exclusive: bool = "cpuset.mem_exclusive" Everywhere by boolean;
        /// Whether the kernel's memory for it, too, comes from its nodes.
        mem_hardwall: bool = "cpuset.mem_hardwall" Everywhere by boolean;
        /// Whether memory moves where the nodes are changed.
        memory_migrate: bool = "cpuset.memory_migrate" Everywhere by boolean;
        /// How fast its processes ask for memory that must be found: thousandths of requests a second.
        memory_pressure: u64 = "cpuset.memory_pressure" Everywhere by count;
        /// Whether cached files are spread over the nodes.
        memory_spread_page: bool = "cpuset.memory_spread_page" Everywhere by boolean;
        /// Whether the kernel's objects for files are spread over the nodes.
        memory_spread_slab: bool = "cpuset.memory_spread_slab" Everywhere by boolean;
        /// Whether the scheduler moves threads among its CPUs.
        sched_load_balance: bool = "cpuset.sched_load_balance" Everywhere by boolean;
        /// How far the scheduler looks for an idle CPU: -1 is the system's choice.
        sched_relax_domain_level: i64 = "cpuset.sched_relax_domain_level" Everywhere by integer;
    }
}
