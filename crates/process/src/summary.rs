//! Processes as `ps` lists them.

use core::time::Duration;

use linux_support_base::{ByteString, Bytes, Cpu, DeviceNumber, Error, Machine, Pid, Reading, UserId};
use linux_support_security::identity::Users;

use crate::{
    command_line::CommandLine,
    name::ProcessName,
    program_name::ProgramName,
    scan::{ProcessRecord, processes},
    scheduling::{Nice, Priority, RealTimePriority, SchedulingPolicy},
    start_time::UnixSeconds,
    stat::Stat,
    state::State,
    terminal::TerminalNames,
};

/// The user for whom a process acts.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProcessOwner {
    /// The effective user's number.
    pub id: UserId,
    /// The user's name, where `/etc/passwd` knows it.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub name: Option<ByteString>,
}

/// A process as `ps` shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProcessSummary {
    /// Its number.
    pub pid: Pid,
    /// Its parent; `None` where it has none, or none in the reader's namespace.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub parent: Option<Pid>,
    /// The user for whom it acts.
    pub user: Reading<ProcessOwner>,
    /// What it is doing.
    pub state: State,
    /// How many threads it has.
    pub threads: u32,
    /// Its CPU time; `None` in a captured tree that does not say how many clock ticks make a second.
    #[cfg_attr(
        feature = "serde",
        serde(
            rename = "cpu_time_seconds",
            serialize_with = "crate::serialize::seconds::optional",
            skip_serializing_if = "Option::is_none"
        )
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub cpu_time: Option<Duration>,
    /// When it was started, since the machine's start; `None` as for the CPU time.
    #[cfg_attr(
        feature = "serde",
        serde(
            rename = "start_seconds_after_boot",
            serialize_with = "crate::serialize::seconds::optional",
            skip_serializing_if = "Option::is_none"
        )
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub start: Option<Duration>,
    /// How much memory it has: 0 for kernel threads and processes that have ended.
    #[doc(alias = "RSS")]
    pub resident: Reading<Bytes>,
    /// How much address space it has.
    #[doc(alias = "VSZ")]
    pub virtual_memory: Bytes,
    /// Its nice value.
    pub nice: Nice,
    /// Its priority.
    pub priority: Priority,
    /// Its scheduling policy.
    pub policy: SchedulingPolicy,
    /// Its real-time priority; `None` where it has none.
    #[cfg_attr(feature = "serde", serde(serialize_with = "crate::scheduling::zero_for_none"))]
    #[cfg_attr(feature = "schema", schemars(with = "RealTimePriority"))]
    pub real_time_priority: Option<RealTimePriority>,
    /// The CPU on which it last ran.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub cpu: Option<Cpu>,
    /// Its terminal: the name below `/dev`, or the device's number where no name is known.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub terminal: Option<ByteString>,
    /// Whether it is a thread of the kernel's own.
    pub kernel_thread: bool,
    /// Its name.
    pub name: ProcessName,
    /// What it was started with; empty for kernel threads and processes that have ended.
    pub command_line: Reading<CommandLine>,
}

impl ProcessSummary {
    /// The name of its program. The file that it runs is not asked for: see [`ProgramName::of`].
    #[must_use]
    pub fn program(&self) -> ProgramName {
        ProgramName::of(self.kernel_thread, self.command_line.value(), Some(&self.name), None)
            .unwrap_or(ProgramName::Thread(ByteString::default()))
    }

    /// When it was started, on a machine that was started at `boot`.
    #[must_use]
    pub fn started(&self, boot: UnixSeconds) -> Option<UnixSeconds> {
        Some(boot.after(self.start?))
    }

    /// What `ps` shows as the command: the arguments; the name in brackets where there are none.
    #[must_use]
    pub fn command(&self) -> ByteString {
        match self.command_line.value() {
            Some(line) if !line.is_empty() => line.joined(),
            _ => {
                let ended = if self.state == State::Zombie { &b" <defunct>"[..] } else { b"" };
                [b"[", self.name.as_bytes(), b"]", ended].concat().into()
            }
        }
    }
}

/// A process that could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct UnreadableProcess {
    /// Its number.
    pub pid: Pid,
    /// Why.
    pub error: Error,
}

/// The processes of a machine, as `ps` lists them.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_process::ProcessList;
///
/// let list = ProcessList::read(&Machine::live()?)?;
/// for process in &list.processes {
///     println!("{:>7} {:<12} {}", process.pid, process.state, process.command());
/// }
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProcessList {
    /// When the machine was started, in seconds since 1970; the processes' starts count from it.
    #[cfg_attr(feature = "serde", serde(rename = "boot_unix_seconds"))]
    pub boot_time: Reading<UnixSeconds>,
    /// The processes, by number. Those that ended while the list was made are not in it.
    pub processes: Vec<ProcessSummary>,
    /// Those that there are, but could not be read.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty", default))]
    pub unreadable: Vec<UnreadableProcess>,
}

impl ProcessList {
    /// Reads all processes of `machine`.
    ///
    /// # Errors
    /// `/proc` can't be listed.
    #[doc(alias = "ps")]
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        let records = processes(machine)?;
        let mut context = SummaryContext::new(machine);
        let mut list = Self {
            boot_time: UnixSeconds::of_boot(machine).into(),
            processes: Vec::with_capacity(records.remaining()),
            unreadable: Vec::new(),
        };
        for record in records {
            let pid = record.pid;
            match context.summarize(record) {
                Ok(summary) => list.processes.push(summary),
                Err(error) => list.unreadable.push(UnreadableProcess { pid, error }),
            }
        }
        Ok(list)
    }
}

/// What summaries need besides the files of their process: names of users and terminals, units.
#[derive(Debug)]
pub struct SummaryContext<'m> {
    machine: &'m Machine,
    users: Users,
    terminals: TerminalNames<'m>,
}

impl<'m> SummaryContext<'m> {
    /// Reads what there is; where `/etc/passwd` can't be read, users stay numbers.
    #[must_use]
    pub fn new(machine: &'m Machine) -> Self {
        let users = Users::read(machine).unwrap_or_default();
        Self { machine, users, terminals: TerminalNames::new(machine) }
    }

    /// The owner of this number, with the name.
    #[must_use]
    pub fn owner(&self, id: UserId) -> ProcessOwner {
        ProcessOwner { id, name: self.users.name(id).cloned() }
    }

    /// The terminal's name below `/dev`, or the device's number where no name is known.
    fn terminal(&mut self, device: DeviceNumber) -> ByteString {
        self.terminals.name(device).unwrap_or_else(|| device.to_string().into())
    }

    /// The summary of one process.
    ///
    /// # Errors
    /// Its `stat` could not be read.
    pub fn summarize(&mut self, record: ProcessRecord) -> Result<ProcessSummary, Error> {
        let ProcessRecord { pid, stat, status, command_line } = record;
        let stat = stat.into_result()?;
        let user = match &status {
            Reading::Value(status) => Reading::Value(self.owner(status.users.effective)),
            Reading::Unavailable(error) => Reading::Unavailable(error.clone()),
        };
        let resident = match status.value().and_then(|status| status.memory.resident) {
            Some(bytes) => Reading::Value(bytes),
            None if stat.resident.get() == 0 => Reading::Value(Bytes::default()),
            None => self.machine.page_size().map(|size| stat.resident.bytes(size)).into(),
        };
        let ticks = self.machine.facts().clock_ticks_per_second;
        let terminal = stat.terminal.map(|device| self.terminal(device));
        let Stat { parent, state, threads, virtual_memory, nice, priority, policy, cpu, .. } = stat;
        Ok(ProcessSummary {
            pid,
            parent,
            user,
            state,
            threads,
            cpu_time: ticks.map(|per_second| stat.cpu_time().duration(per_second)),
            start: ticks.map(|per_second| stat.start.duration(per_second)),
            resident,
            virtual_memory,
            nice,
            priority,
            policy,
            real_time_priority: stat.real_time_priority,
            cpu,
            terminal,
            kernel_thread: stat.flags.is_kernel_thread(),
            name: stat.name,
            command_line,
        })
    }
}
