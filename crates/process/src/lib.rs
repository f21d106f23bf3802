//! Processes of a Linux machine: `/proc/PID` and what it says, typed.
//!
//! - [`ProcessList`]: all processes as `ps` lists them, each a [`ProcessSummary`]; [`ProcessTree`]: who descends
//!   from whom.
//! - [`processes`]: the same listing, as it is read: [`Stat`], [`Status`] and [`CommandLine`] of each.
//! - [`Process`]: one process, held by its open directory, so that a number that is used again is never taken for
//!   it; [`Process::thread`]: its threads. [`Task`] has what can be asked of both, and [`ProcessDetail`] is all of it
//!   at once.
//! - [`ProcessHandle`]: a process of the running machine with a pidfd, to be signalled and waited for as well.
//! - [`LiveTask`]: a task to be changed: its [scheduling], its limits for each [resource].
//! - [`memory`]: the memory of another process, read and written.
//! - [`spawn`]: programs, started in namespaces, control groups and with whatever else a child can have.
//! - [`learning`]: what a program asks of the kernel, learned to allow that alone.
//! - [`thread`]: threads that are configured before they run, and that wait until the process is locked down.
//! - [`daemon`]: becoming a daemon the classic way.
//! - [`own`]: what the calling process and thread ask of the kernel for themselves.
//! - [`signals`]: sent, waited for, and handled so that nothing unsafe is done in a handler.
//! - [`DescriptorInfo`]: what the kernel says of a descriptor, by its kind; [`NetworkTables`]: sockets, interfaces and
//!   routes as a process sees them; [`SocketList`]: all sockets, with the processes that hold them.
//! - [`AuxiliaryVector`], [`Environment`], [`InKernel`], [`KernelStack`], [`PosixTimer`] …: the other files of a task,
//!   each with a method of [`Task`] that reads it.
//! - [`Users`], [`Groups`]: the names in `/etc/passwd` and `/etc/group`.
//!
//! ```
//! use linux_support_base::Machine;
//! use linux_support_process::{Capability, Process};
//!
//! let machine = Machine::live()?;
//! let status = Process::of_caller(&machine)?.status()?;
//! let admin = Capability::from_name("CAP_SYS_ADMIN").unwrap();
//! let capable = status.capabilities_effective.is_some_and(|set| set.contains(admin));
//! println!("user {}, may administer: {capable}", status.users.effective);
//! # Ok::<(), linux_support_base::Error>(())
//! ```
//!
//! # Which process was read
//!
//! The number of a process that has ended is given to another sooner or later. Three things keep them apart:
//! reading through a [`Process`] or a [`Thread`] fails with [`Reason::Gone`](linux_support_base::Reason::Gone) after
//! the end of the one for which it was opened; a record of [`processes`] is made only of files that were proved to be
//! of one process (see [`ProcessRecord`]); and lists of threads, children and descriptors are given only if the
//! process was there after the last of them was read. Between two calls a process may of course change: it may run
//! another program, or another user's.
//!
//! # What is not here
//!
//! `maps`, `smaps` and `pagemap` are memory's, `mountinfo` is the file systems', `cgroup` is the control groups'
//! concern: see the crates of those names. The environment is read only where it is asked for, and never shown: it may
//! hold secrets.
#![deny(unsafe_code)]

mod architecture_status;
mod auxiliary;
mod command_line;
mod core_dump_filter;
mod cpu_use;
pub mod daemon;
mod descriptor;
mod detail;
mod environment;
mod handle;
mod io;
mod kernel_stack;
mod latency;
pub mod learning;
mod limit_use;
mod limits;
mod live_task;
pub mod memory;
mod mount_statistics;
mod name;
mod namespace;
mod namespace_list;
mod namespace_relations;
mod network;
mod oom;
pub mod own;
mod page_merging;
mod patch_state;
mod personality;
mod posix_timers;
mod process;
mod program_name;
pub mod resource;
mod resource_groups;
mod scan;
mod schedstat;
mod scheduler_debug;
pub mod scheduling;
mod seccomp_cache;
mod security_attribute;
mod security_label;
mod serialize;
pub mod signals;
mod socket_list;
pub mod spawn;
mod start_time;
mod stat;
mod state;
mod statm;
mod status;
mod summary;
#[allow(unsafe_code)]
mod sys;
mod system_call;
mod task;
mod task_changes;
mod task_debugging;
mod task_links;
mod terminal;
pub mod thread;
mod tree;

pub use architecture_status::ArchitectureStatus;
pub use auxiliary::{AuxiliaryEntry, AuxiliaryKey, AuxiliaryVector, WordSize};
pub use command_line::CommandLine;
pub use core_dump_filter::CoreDumpFilter;
pub use cpu_use::{CpuSample, CpuUse};
pub use descriptor::{
    BpfId, BpfLink, BpfMap, BpfMapType, BpfProgram, BpfProgramType, Descriptor, DescriptorDetail,
    DescriptorInfo, DescriptorNumber, DescriptorTarget, DmaBuffer, EventCounter, FanotifyGroup,
    GraphicsClient, GraphicsEngine, GraphicsMemory, HandleOfFile, InodeNumber, InotifyWatch, MarkedObject,
    MountNumber, ObjectMark, OpenFlags, PathLink, PidTarget, RegisteredBuffer, RegisteredFile,
    RingCompletion, RingPoll, RingState, RingSubmission, SubmissionThread, TimerState, UserFaultState,
};
pub use detail::{DescriptorReport, ProcessDetail, ThreadSummary};
pub use environment::{Environment, EnvironmentEntry};
pub use handle::{AllProcesses, ProcessHandle, ProcessHandles, ThreadHandle, ThreadHandles};
pub use io::InputOutput;
pub use kernel_stack::{KernelFrame, KernelFunction, KernelStack};
pub use latency::Latency;
pub use limit_use::LimitUse;
pub use limits::{Limits, OtherLimit, ResourceLimit};
pub use linux_support_security::{
    capability::{Capability, CapabilitySet},
    identity::{Credentials, Group, Groups, User, Users},
    namespace::{
        ClockOffset, GroupIdMap, GroupSetting, IdCount, IdMap, IdRange, ProjectId, ProjectIdMap, TimeOffsets,
        UserIdMap,
    },
};
pub use live_task::LiveTask;
pub use mount_statistics::{MountStatistics, MountStatisticsIter};
pub use name::ProcessName;
pub use namespace::{Namespace, NamespaceKind, NamespaceLink};
pub use namespace_list::{NamespaceDescriptor, NamespaceEntry, NamespaceList, NamespaceMount};
pub use namespace_relations::NamespaceRelations;
pub use network::{
    ArpEntry, EtherType, InterfaceCounts, InterfaceIndex, InterfaceName, InternetSocket, InternetSockets,
    InternetState, InternetTable, Ipv4Membership, Ipv4Memberships, Ipv4Route, Ipv6InterfaceAddress,
    Ipv6Membership, Ipv6Route, Ipv6Scope, NetlinkSocketEntry, NetworkProtocol, NetworkTables, PacketHandler,
    PacketSocketEntry, ProtocolCounters, ReceivedCounts, RouteFlags, SentCounts, SocketKind, SocketTimer,
    TcpTimes, UnixName, UnixSocketEntry, UnixSockets, UnixState, ipv6_counters,
};
pub use oom::{OomScore, OomScoreAdjustment};
pub use page_merging::PageMerging;
pub use patch_state::PatchState;
pub use personality::{ExecutionDomain, Personality, PersonalityFlags};
pub use posix_timers::{PosixClock, PosixTimer, TimerNotification};
pub use process::{Process, Thread};
pub use program_name::ProgramName;
pub use resource_groups::ResourceGroups;
pub use scan::{ProcessRecord, Processes, processes};
pub use schedstat::RunTimes;
pub use scheduler_debug::SchedulerDebug;
pub use scheduling::{Autogroup, Nice, Priority, RealTimePriority, SchedulingPolicy};
pub use seccomp_cache::SeccompCacheEntry;
pub use security_attribute::SecurityAttribute;
pub use security_label::{AppArmorMode, SecurityLabel};
pub use signals::{Signal, SignalQueue, SignalSet};
pub use socket_list::{
    MissingTable, NamespaceSockets, Socket, SocketAddress, SocketHolder, SocketList, SocketTable,
    UnlistedSocket,
};
pub use start_time::UnixSeconds;
pub use stat::{Address, ProcessFlags, Stat};
pub use state::State;
pub use statm::MemoryPages;
pub use status::{MemoryUse, NamespacePids, OtherLine, SeccompMode, Speculation, Status, Umask};
pub use summary::{ProcessList, ProcessOwner, ProcessSummary, SummaryContext, UnreadableProcess};
pub use system_call::{InKernel, SystemCallNumber};
pub use task::{AuditSession, Task};
pub use task_changes::MemoryRecord;
pub use tree::ProcessTree;
