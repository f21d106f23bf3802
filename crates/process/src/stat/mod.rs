//! `/proc/PID/stat`: what a process is doing and has used, in one line.

mod flags;
mod parse;

use linux_support_base::{AddressRange, ByteString, Bytes, ClockTicks, Cpu, DeviceNumber, Limit, Pages, Pid};

pub use flags::ProcessFlags;

use crate::{
    name::ProcessName,
    scheduling::{Nice, Priority, RealTimePriority, SchedulingPolicy},
    serialize::plain_number,
    signals::{Signal, SignalSet},
    state::State,
};

plain_number! {
    /// An address in the memory of another process. It is a number, and never to be made a reference.
    Address(u64), "An address in the memory of the process."
}

/// `/proc/PID/stat` of a process (all its threads together), or `/proc/PID/task/TID/stat` of one thread.
///
/// Addresses, the wait channel and [`exit_code`](Self::exit_code) are 0 (code addresses: 0 or 1) for readers who
/// may not inspect the process. Fields that older kernels lack are `None`.
///
/// ```
/// # use linux_support_process::{Stat, State};
/// # let line = b"7 (a) b) S 1 7 7 34816 -1 4194560 99 0 0 0 12 3 0 0 20 0 1 0 600101 3133440 413 \
/// #   18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n";
/// let stat = Stat::parse(line).unwrap();
/// assert_eq!((stat.name.as_str(), stat.state), (Some("a) b"), State::Sleeping));
/// assert_eq!(stat.cpu_time().duration(100).as_millis(), 150);
/// ```
///
/// # Source
/// proc(5), "/proc/PID/stat".
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Stat {
    /// Field 1: its number.
    pub pid: Pid,
    /// Field 2: its name, as it stood between the outermost brackets.
    pub name: ProcessName,
    /// Field 3: what it is doing.
    pub state: State,
    /// Field 4: the process that gets its exit status; `None` where that is outside of the reader's namespace,
    /// or there is none.
    #[doc(alias = "ppid")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub parent: Option<Pid>,
    /// Field 5: its process group; `None` for kernel threads.
    #[doc(alias = "pgrp")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub process_group: Option<Pid>,
    /// Field 6: its session; `None` for kernel threads.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub session: Option<Pid>,
    /// Field 7: the terminal that controls it.
    #[doc(alias = "tty_nr")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub terminal: Option<DeviceNumber>,
    /// Field 8: the process group that its terminal has in the foreground.
    #[doc(alias = "tpgid")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub terminal_process_group: Option<Pid>,
    /// Field 9: the kernel's flags.
    pub flags: ProcessFlags,
    /// Field 10: page faults that needed nothing to be read in.
    #[doc(alias = "minflt")]
    pub minor_faults: u64,
    /// Field 11: the same, of the children that it has waited for.
    #[doc(alias = "cminflt")]
    pub children_minor_faults: u64,
    /// Field 12: page faults for which something was read in.
    #[doc(alias = "majflt")]
    pub major_faults: u64,
    /// Field 13: the same, of the children that it has waited for.
    #[doc(alias = "cmajflt")]
    pub children_major_faults: u64,
    /// Field 14: CPU time in user mode, that of [guests](Self::guest_time) included.
    #[doc(alias = "utime")]
    #[cfg_attr(feature = "serde", serde(rename = "user_time_ticks"))]
    pub user_time: ClockTicks,
    /// Field 15: CPU time in the kernel.
    #[doc(alias = "stime")]
    #[cfg_attr(feature = "serde", serde(rename = "system_time_ticks"))]
    pub system_time: ClockTicks,
    /// Field 16: CPU time in user mode of the children that it has waited for.
    #[doc(alias = "cutime")]
    #[cfg_attr(feature = "serde", serde(rename = "children_user_time_ticks"))]
    pub children_user_time: ClockTicks,
    /// Field 17: CPU time in the kernel of the children that it has waited for.
    #[doc(alias = "cstime")]
    #[cfg_attr(feature = "serde", serde(rename = "children_system_time_ticks"))]
    pub children_system_time: ClockTicks,
    /// Field 18: its priority.
    pub priority: Priority,
    /// Field 19: its nice value.
    pub nice: Nice,
    /// Field 20: how many threads it has.
    #[doc(alias = "num_threads")]
    pub threads: u32,
    /// Field 21: when the next SIGALRM is due; 0 since 2.6.17.
    #[doc(alias = "itrealvalue")]
    pub interval_timer: i64,
    /// Field 22: when it was started, since the machine's start (the sleep of the machine included).
    #[doc(alias = "starttime")]
    #[cfg_attr(feature = "serde", serde(rename = "start_ticks"))]
    pub start: ClockTicks,
    /// Field 23: how much address space it has.
    #[doc(alias = "vsize")]
    pub virtual_memory: Bytes,
    /// Field 24: how many pages of it are in memory. `/proc/PID/status` and smaps are more exact.
    #[doc(alias = "rss")]
    #[cfg_attr(feature = "serde", serde(rename = "resident_pages"))]
    pub resident: Pages,
    /// Field 25: the limit of that, which Linux does not enforce.
    #[doc(alias = "rsslim")]
    pub resident_limit: Limit<Bytes>,
    /// Field 26: the first address of the program's code.
    pub start_code: Address,
    /// Field 27: the address after its last.
    pub end_code: Address,
    /// Field 28: the bottom of the stack.
    pub start_stack: Address,
    /// Field 29: the stack pointer; 0 but for tasks that are exiting or dumping core.
    #[doc(alias = "kstkesp")]
    pub stack_pointer: Address,
    /// Field 30: the instruction pointer; 0 but for tasks that are exiting or dumping core.
    #[doc(alias = "kstkeip")]
    pub instruction_pointer: Address,
    /// Field 31: signals 1 to 31 that wait for it. `/proc/PID/status` has all 64.
    pub signals_pending: SignalSet,
    /// Field 32: signals 1 to 31 that it blocks.
    pub signals_blocked: SignalSet,
    /// Field 33: signals 1 to 31 that it ignores.
    pub signals_ignored: SignalSet,
    /// Field 34: signals 1 to 31 that it catches.
    pub signals_caught: SignalSet,
    /// Field 35: the place in the kernel where it waits: an address in old kernels, 1 for "it waits" and 0 for
    /// "it does not" since 4.4.
    #[doc(alias = "wchan")]
    pub wait_channel: Address,
    /// Field 36: not maintained by Linux.
    #[doc(alias = "nswap")]
    pub swapped: u64,
    /// Field 37: not maintained by Linux.
    #[doc(alias = "cnswap")]
    pub children_swapped: u64,
    /// Field 38: the signal that its parent gets when it ends; `None` for none, and for threads.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub exit_signal: Option<Signal>,
    /// Field 39: the CPU on which it last ran.
    #[doc(alias = "processor")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub cpu: Option<Cpu>,
    /// Field 40: its real-time priority; `None` where it has none.
    #[doc(alias = "rt_priority")]
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::scheduling::zero_for_none"))]
    #[cfg_attr(feature = "schema", schemars(with = "RealTimePriority"))]
    pub real_time_priority: Option<RealTimePriority>,
    /// Field 41: its scheduling policy.
    pub policy: SchedulingPolicy,
    /// Field 42: how long it has waited for block devices, where delays are accounted for, else 0.
    ///
    /// # Kernel
    /// Since 2.6.18.
    #[doc(alias = "delayacct_blkio_ticks")]
    #[cfg_attr(
        feature = "serde",
        serde(rename = "block_input_output_delay_ticks", skip_serializing_if = "Option::is_none")
    )]
    pub block_input_output_delay: Option<ClockTicks>,
    /// Field 43: how long it ran virtual CPUs of guests.
    ///
    /// # Kernel
    /// Since 2.6.24.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "guest_time_ticks", skip_serializing_if = "Option::is_none")
    )]
    pub guest_time: Option<ClockTicks>,
    /// Field 44: the same, of the children that it has waited for.
    ///
    /// # Kernel
    /// Since 2.6.24.
    #[doc(alias = "cguest_time")]
    #[cfg_attr(
        feature = "serde",
        serde(rename = "children_guest_time_ticks", skip_serializing_if = "Option::is_none")
    )]
    pub children_guest_time: Option<ClockTicks>,
    /// Field 45: the first address of the program's data.
    ///
    /// # Kernel
    /// Since 3.3.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub start_data: Option<Address>,
    /// Field 46: the address after its last. Since 3.3.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub end_data: Option<Address>,
    /// Field 47: the address above which `brk(2)` makes the heap grow. Since 3.3.
    #[doc(alias = "start_brk")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub start_heap: Option<Address>,
    /// Field 48: the first address of its arguments. Since 3.5.
    #[doc(alias = "arg_start")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub start_arguments: Option<Address>,
    /// Field 49: the address after their last. Since 3.5.
    #[doc(alias = "arg_end")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub end_arguments: Option<Address>,
    /// Field 50: the first address of its environment. Since 3.5.
    #[doc(alias = "env_start")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub start_environment: Option<Address>,
    /// Field 51: the address after its last. Since 3.5.
    #[doc(alias = "env_end")]
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub end_environment: Option<Address>,
    /// Field 52: how it ended, as `waitpid(2)` gives it. Since 3.5.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub exit_code: Option<i32>,
    /// What stands after field 52: fields of a kernel newer than these words.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub other: Option<ByteString>,
}

impl Stat {
    /// Its CPU time: in user mode and in the kernel.
    #[must_use]
    pub const fn cpu_time(&self) -> ClockTicks {
        self.user_time.saturating_add(self.system_time)
    }

    /// Where its code lies, unless the reader may not know, or there is none.
    #[must_use]
    pub fn code(&self) -> Option<AddressRange> {
        AddressRange::new(self.start_code.get(), self.end_code.get()).filter(|range| range.length() > 0)
    }
}
