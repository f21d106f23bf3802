//! `/proc/PID/status`: who a process is, what it may do, and how much memory it has.

macro_rules! optional_fields {
    (
        $(#[$doc:meta])* pub struct $name:ident {
            $($(#[$required_doc:meta])* pub $required:ident: $required_type:ty,)*
            ;
            $($(#[$field_doc:meta])* pub $field:ident: Option<$type:ty>,)*
            ;
            $($(#[$list_doc:meta])* pub $list:ident: Vec<$item:ty>,)*
        }
    ) => {
        $(#[$doc])*
        #[cfg_attr(feature = "serde", derive(serde::Serialize))]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub struct $name {
            $($(#[$required_doc])* pub $required: $required_type,)*
            $(
                $(#[$field_doc])*
                #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
                pub $field: Option<$type>,
            )*
            $(
                $(#[$list_doc])*
                #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty", default))]
                pub $list: Vec<$item>,
            )*
        }
    };
}

mod in_order;
mod memory_use;
mod namespace_pids;
mod parse;
mod seccomp;
mod speculation;
mod umask;

use linux_support_base::{ByteString, CpuSet, GroupId, NumaNodeSet, Pid, UserId};

pub use memory_use::MemoryUse;
pub use namespace_pids::NamespacePids;
pub use seccomp::SeccompMode;
pub use speculation::Speculation;
pub use umask::Umask;

use crate::{
    name::ProcessName,
    signals::{SignalQueue, SignalSet},
    state::State,
};
use linux_support_security::{capability::CapabilitySet, identity::Credentials};

/// A line whose key is not known here.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OtherLine {
    /// What stands before the colon.
    pub key: ByteString,
    /// What stands after it, without the spaces around.
    pub value: ByteString,
}

optional_fields! {
    /// `/proc/PID/status` of a process, or `/proc/PID/task/TID/status` of one thread.
    ///
    /// Lines that older kernels, other architectures or other configurations lack are `None`; lines that are not
    /// known here are in [`other`](Self::other).
    ///
    /// ```
    /// use linux_support_base::{Machine, Pid};
    /// use linux_support_process::Process;
    ///
    /// let machine = Machine::live()?;
    /// let status = Process::of_caller(&machine)?.status()?;
    /// assert!(status.memory.resident.is_some());
    /// # Ok::<(), linux_support_base::Error>(())
    /// ```
    ///
    /// # Source
    /// proc(5), "/proc/PID/status"; Documentation/filesystems/proc.rst, table 1-2.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Status {
        /// Name: its name, without the escapes of the file.
        pub name: ProcessName,
        /// State: what it is doing.
        pub state: State,
        /// Tgid: the process that it is a thread of; its own number, for a process.
        pub process: Pid,
        /// Pid: its number.
        pub pid: Pid,
        /// PPid: the process that gets its exit status; `None` where that is outside of the reader's namespace.
        pub parent: Option<Pid>,
        /// TracerPid: the process that traces it.
        pub tracer: Option<Pid>,
        /// Uid: its users.
        pub users: Credentials<UserId>,
        /// Gid: its groups.
        pub groups: Credentials<GroupId>,
        /// Threads: how many its process has.
        pub threads: u32,
        /// The memory of its process.
        pub memory: MemoryUse,
        /// NStgid: the number of its process in each namespace of process numbers, from the reader's inwards. Since
        /// 4.1, as the three that follow.
        pub namespace_processes: NamespacePids,
        /// NSpid: its number in each.
        pub namespace_pids: NamespacePids,
        /// NSpgid: its process group in each; `None` where that has no number there.
        pub namespace_process_groups: NamespacePids,
        /// NSsid: its session in each; `None` where that has no number there.
        pub namespace_sessions: NamespacePids,
        ;
        /// Umask: the permission bits that its new files do not get. Since 4.7.
        pub umask: Option<Umask>,
        /// Ngid: its group for NUMA balancing. Since 3.13.
        pub numa_group: Option<Pid>,
        /// FDSize: how many file descriptors there is room for now.
        pub descriptor_slots: Option<u64>,
        /// Kthread: whether it is a thread of the kernel's own. Since 6.8.
        pub kernel_thread: Option<bool>,
        /// CoreDumping: whether its core is being dumped. Since 4.15.
        pub dumping_core: Option<bool>,
        /// THP_enabled: whether it may have transparent huge pages. Since 5.0.
        pub transparent_huge_pages: Option<bool>,
        /// untag_mask: the bits of an address that count, on x86 with linear address masking. Since 6.4.
        pub untag_mask: Option<u64>,
        /// SigQ: how many signals wait, for all processes of its real user.
        pub signal_queue: Option<SignalQueue>,
        /// SigPnd: signals that wait for this thread.
        pub signals_pending: Option<SignalSet>,
        /// ShdPnd: signals that wait for any thread of the process.
        pub signals_pending_process: Option<SignalSet>,
        /// SigBlk: signals that it blocks.
        pub signals_blocked: Option<SignalSet>,
        /// SigIgn: signals that it ignores.
        pub signals_ignored: Option<SignalSet>,
        /// SigCgt: signals that it catches.
        pub signals_caught: Option<SignalSet>,
        /// CapInh: capabilities that programs may get through it.
        pub capabilities_inheritable: Option<CapabilitySet>,
        /// CapPrm: capabilities that it may take into effect.
        pub capabilities_permitted: Option<CapabilitySet>,
        /// CapEff: capabilities that it has.
        pub capabilities_effective: Option<CapabilitySet>,
        /// CapBnd: capabilities that it may ever get by starting a program.
        pub capabilities_bounding: Option<CapabilitySet>,
        /// CapAmb: capabilities that unprivileged programs keep when it starts them. Since 4.3.
        pub capabilities_ambient: Option<CapabilitySet>,
        /// NoNewPrivs: whether starting a program can't give it more privileges. Since 4.10.
        pub no_new_privileges: Option<bool>,
        /// Seccomp: whether its system calls are filtered. Since 3.8.
        pub seccomp: Option<SeccompMode>,
        /// Seccomp_filters: how many filters there are. Since 5.9.
        pub seccomp_filters: Option<u32>,
        /// Speculation_Store_Bypass: whether stores may be speculated past. Since 4.17.
        pub speculative_store_bypass: Option<Speculation>,
        /// SpeculationIndirectBranch: whether indirect branches may be speculated. Since 5.17.
        pub speculative_indirect_branch: Option<Speculation>,
        /// Cpus_allowed_list: the CPUs that it may run on.
        pub cpus_allowed: Option<CpuSet>,
        /// Mems_allowed_list: the nodes that it may have memory from.
        pub nodes_allowed: Option<NumaNodeSet>,
        /// voluntary_ctxt_switches: how often it gave up the CPU to wait.
        pub voluntary_switches: Option<u64>,
        /// nonvoluntary_ctxt_switches: how often the CPU was taken from it.
        pub involuntary_switches: Option<u64>,
        /// x86_Thread_features: what is switched on for it: `shstk`, `wrss`. Since 6.6.
        pub thread_features: Option<Vec<ByteString>>,
        /// x86_Thread_features_locked: which of them can't be switched any more. Since 6.6.
        pub thread_features_locked: Option<Vec<ByteString>>,
        ;
        /// Groups: its supplementary groups.
        pub supplementary_groups: Vec<GroupId>,
        /// Lines that are not known here.
        pub other: Vec<OtherLine>,
    }
}

impl Status {
    /// The values before the first line.
    fn empty() -> Self {
        let users = UserId::ROOT;
        let groups = GroupId::ROOT;
        Self {
            name: ProcessName::default(),
            state: State::Unknown(0),
            process: Pid::INIT,
            pid: Pid::INIT,
            parent: None,
            tracer: None,
            users: Credentials { real: users, effective: users, saved: users, filesystem: users },
            groups: Credentials { real: groups, effective: groups, saved: groups, filesystem: groups },
            threads: 0,
            memory: MemoryUse::default(),
            umask: None,
            numa_group: None,
            descriptor_slots: None,
            kernel_thread: None,
            dumping_core: None,
            transparent_huge_pages: None,
            untag_mask: None,
            signal_queue: None,
            signals_pending: None,
            signals_pending_process: None,
            signals_blocked: None,
            signals_ignored: None,
            signals_caught: None,
            capabilities_inheritable: None,
            capabilities_permitted: None,
            capabilities_effective: None,
            capabilities_bounding: None,
            capabilities_ambient: None,
            no_new_privileges: None,
            seccomp: None,
            seccomp_filters: None,
            speculative_store_bypass: None,
            speculative_indirect_branch: None,
            cpus_allowed: None,
            nodes_allowed: None,
            voluntary_switches: None,
            involuntary_switches: None,
            thread_features: None,
            thread_features_locked: None,
            supplementary_groups: Vec::new(),
            namespace_processes: NamespacePids::default(),
            namespace_pids: NamespacePids::default(),
            namespace_process_groups: NamespacePids::default(),
            namespace_sessions: NamespacePids::default(),
            other: Vec::new(),
        }
    }
}
