//! `/proc/PID/status`: who a process is, what it may do, and how much memory it has.

mod parse;

use core::fmt;

use linux_support_base::{ByteString, Bytes, CpuSet, GroupId, NumaNodeSet, Pid, UserId};
use smallvec::SmallVec;

use crate::{
    capability::CapabilitySet,
    name::ProcessName,
    signal::{SignalQueue, SignalSet},
    state::State,
};

/// The four ids of one kind that a thread has.
///
/// # Source
/// credentials(7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Credentials<T> {
    /// Who started it.
    pub real: T,
    /// For whom it acts: what most permissions are checked against.
    pub effective: T,
    /// What it may become again.
    pub saved: T,
    /// What access to files is checked against: mostly the effective one.
    pub filesystem: T,
}

/// The permission bits that new files do not get.
///
/// `Display` is octal with four digits: `0022`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Umask(u16);

impl Umask {
    /// The mask of these bits.
    #[must_use]
    pub const fn new(bits: u16) -> Self {
        Self(bits)
    }

    /// The bits.
    #[must_use]
    pub const fn bits(self) -> u16 {
        self.0
    }
}

impl fmt::Display for Umask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04o}", self.0)
    }
}

crate::serialize::as_text!(Umask, "Umask", "Permission bits that new files do not get, in octal.");

/// Whether system calls are filtered.
///
/// # Source
/// seccomp(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SeccompMode {
    /// They are not.
    Disabled,
    /// Only read, write, exit and the return from signals are allowed.
    Strict,
    /// By programs.
    Filter,
    /// A number that is not known here.
    Unknown(u32),
}

impl SeccompMode {
    /// The mode of the kernel's number.
    #[must_use]
    pub const fn from_number(number: u32) -> Self {
        match number {
            0 => Self::Disabled,
            1 => Self::Strict,
            2 => Self::Filter,
            number => Self::Unknown(number),
        }
    }
}

impl fmt::Display for SeccompMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Disabled => "disabled",
            Self::Strict => "strict",
            Self::Filter => "filter",
            Self::Unknown(number) => return f.pad(&number.to_string()),
        })
    }
}

crate::serialize::as_text!(SeccompMode, "SeccompMode", "disabled, strict, filter, or a number.");

/// How the processor may speculate for a thread, in the kernel's words (`vulnerable`, `thread mitigated`,
/// `always enabled`, `conditional force disabled` …).
///
/// # Source
/// Documentation/userspace-api/spec_ctrl.rst.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Speculation {
    /// `not vulnerable`, `not affected`: the processor does not have the weakness.
    NotAffected,
    /// `vulnerable`, `always enabled`: it has, and nothing is done.
    Enabled,
    /// `thread vulnerable`, `conditional enabled`: allowed to this thread.
    ThreadEnabled,
    /// `thread mitigated`, `conditional disabled`: forbidden to this thread.
    ThreadDisabled,
    /// `thread force mitigated`, `conditional force disabled`: forbidden to this thread for good.
    ThreadForceDisabled,
    /// `globally mitigated`, `always disabled`: forbidden to all.
    Disabled,
    /// Other words, such as `unknown` and `unsupported`.
    Other(ByteString),
}

impl From<&[u8]> for Speculation {
    fn from(text: &[u8]) -> Self {
        match text {
            b"not vulnerable" | b"not affected" => Self::NotAffected,
            b"vulnerable" | b"always enabled" => Self::Enabled,
            b"thread vulnerable" | b"conditional enabled" => Self::ThreadEnabled,
            b"thread mitigated" | b"conditional disabled" => Self::ThreadDisabled,
            b"thread force mitigated" | b"conditional force disabled" => Self::ThreadForceDisabled,
            b"globally mitigated" | b"always disabled" => Self::Disabled,
            other => Self::Other(other.into()),
        }
    }
}

impl fmt::Display for Speculation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NotAffected => "not-affected",
            Self::Enabled => "enabled",
            Self::ThreadEnabled => "thread-enabled",
            Self::ThreadDisabled => "thread-disabled",
            Self::ThreadForceDisabled => "thread-force-disabled",
            Self::Disabled => "disabled",
            Self::Other(text) => return text.fmt(f),
        })
    }
}

crate::serialize::as_text!(
    Speculation,
    "Speculation",
    "not-affected, enabled, disabled, thread-enabled, thread-disabled, thread-force-disabled, or the kernel's words."
);

/// The numbers that one process, group or session has in each namespace of process numbers, from the reader's
/// inwards; `None` where it has none. Empty on kernels before 4.1.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct NamespacePids(SmallVec<[Option<Pid>; 4]>);

impl NamespacePids {
    #[inline]
    fn push(&mut self, pid: Option<Pid>) {
        self.0.push(pid);
    }
}

impl FromIterator<Option<Pid>> for NamespacePids {
    fn from_iter<I: IntoIterator<Item = Option<Pid>>>(pids: I) -> Self {
        Self(pids.into_iter().collect())
    }
}

impl core::ops::Deref for NamespacePids {
    type Target = [Option<Pid>];

    fn deref(&self) -> &[Option<Pid>] {
        &self.0
    }
}

impl fmt::Debug for NamespacePids {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for NamespacePids {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0[..].serialize(serializer)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for NamespacePids {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "NamespacePids".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        <Vec<Option<Pid>>>::json_schema(generator)
    }
}

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

optional_fields! {
    /// The memory of a process, by kinds: exact to a page, in units of 1,024 bytes. All `None` for kernel threads
    /// and processes that have ended.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct MemoryUse {
        ;
        /// VmPeak: the most address space that it ever had.
        pub virtual_peak: Option<Bytes>,
        /// VmSize: its address space.
        pub virtual_size: Option<Bytes>,
        /// VmLck: what `mlock(2)` keeps in memory.
        pub locked: Option<Bytes>,
        /// VmPin: what may not be moved, because devices access it. Since 3.2.
        pub pinned: Option<Bytes>,
        /// VmHWM: the most that it ever had in memory.
        pub resident_peak: Option<Bytes>,
        /// VmRSS: what it has in memory.
        pub resident: Option<Bytes>,
        /// RssAnon: of it, what is not of files. Since 4.5.
        pub resident_anonymous: Option<Bytes>,
        /// RssFile: of it, what is of files. Since 4.5.
        pub resident_file: Option<Bytes>,
        /// RssShmem: of it, what is shared memory: tmpfs, System V, anonymous shared mappings. Since 4.5.
        pub resident_shared: Option<Bytes>,
        /// VmData: private writable address space, but for the stack.
        pub data: Option<Bytes>,
        /// VmStk: its stack.
        pub stack: Option<Bytes>,
        /// VmExe: its program's code.
        pub code: Option<Bytes>,
        /// VmLib: code of shared libraries.
        pub libraries: Option<Bytes>,
        /// VmPTE: its page tables.
        pub page_tables: Option<Bytes>,
        /// VmPMD: page tables of the second level. 4.0 to 4.14.
        pub page_tables_second_level: Option<Bytes>,
        /// VmSwap: what of its anonymous memory is swapped out. Since 2.6.34.
        pub swapped: Option<Bytes>,
        /// HugetlbPages: memory in huge pages of pools. Since 4.4.
        pub huge_pages: Option<Bytes>,
        ;
    }
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
