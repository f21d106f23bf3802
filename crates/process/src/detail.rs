use core::time::Duration;
use std::time::SystemTime;

use linux_support_base::{ByteString, ClockTicks, Cpu, Error, Pid, Reading, Reason, UserId};

use crate::{
    command_line::CommandLine,
    core_dump_filter::CoreDumpFilter,
    descriptor::{Descriptor, DescriptorInfo, PathLink},
    io::InputOutput,
    limits::Limits,
    live_task::LiveTask,
    name::ProcessName,
    namespace::NamespaceLink,
    oom::{OomScore, OomScoreAdjustment},
    personality::Personality,
    process::Process,
    program_name::ProgramName,
    schedstat::RunTimes,
    scheduling::{
        Autogroup, IoPriority, Nice, Priority, RealTimePriority, SchedulingAttributes, SchedulingPolicy,
    },
    start_time::UnixSeconds,
    stat::Stat,
    state::State,
    statm::MemoryPages,
    status::Status,
    task::AuditSession,
    terminal::terminal_name,
};
use linux_support_security::namespace::{GroupIdMap, UserIdMap};

/// A thread, in short.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ThreadSummary {
    /// Its number.
    pub tid: Pid,
    /// Its name.
    pub name: ProcessName,
    /// What it is doing.
    pub state: State,
    /// Its CPU time, in clock ticks.
    #[cfg_attr(feature = "serde", serde(rename = "cpu_time_ticks"))]
    pub cpu_time: ClockTicks,
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
}

impl From<Stat> for ThreadSummary {
    fn from(stat: Stat) -> Self {
        Self {
            tid: stat.pid,
            state: stat.state,
            cpu_time: stat.cpu_time(),
            nice: stat.nice,
            priority: stat.priority,
            policy: stat.policy,
            real_time_priority: stat.real_time_priority,
            cpu: stat.cpu,
            name: stat.name,
        }
    }
}

/// A file descriptor, with what the kernel says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct DescriptorReport {
    /// The descriptor.
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub descriptor: Descriptor,
    /// How it was opened, where it stands, and what there is to say of its kind.
    pub info: Reading<DescriptorInfo>,
}

/// All that this library knows of one process. Each part is read by itself, so that one that is absent or may not be
/// read hides no other.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ProcessDetail {
    /// Its number.
    pub pid: Pid,
    /// The name of its program.
    pub program: Reading<ProgramName>,
    /// When it was started, in seconds since 1970.
    #[cfg_attr(feature = "serde", serde(rename = "started_unix_seconds"))]
    pub started: Reading<UnixSeconds>,
    /// The terminal that controls it: the name below `/dev`, or the device's number where no name is known; `None` where
    /// it has none.
    pub terminal: Reading<Option<ByteString>>,
    /// How the scheduler treats its first thread: the kernel tells it of running machines only.
    pub scheduling: Reading<SchedulingAttributes>,
    /// The priority of its first thread's input and output; of running machines only.
    #[doc(alias = "ionice")]
    pub io_priority: Reading<IoPriority>,
    /// What it is doing and has used.
    pub stat: Reading<Stat>,
    /// Who it is, what it may do, and how much memory it has.
    pub status: Reading<Status>,
    /// What it was started with.
    pub command_line: Reading<CommandLine>,
    /// The program that it runs; absent for kernel threads.
    pub executable: Reading<PathLink>,
    /// The directory that its relative paths begin at.
    pub working_directory: Reading<PathLink>,
    /// The directory that its absolute paths begin at.
    pub root: Reading<PathLink>,
    /// Its memory in pages.
    pub memory_pages: Reading<MemoryPages>,
    /// Its threads, by number.
    pub threads: Reading<Vec<ThreadSummary>>,
    /// The processes that it has started and not waited for.
    pub children: Reading<Vec<Pid>>,
    /// What it has read and written.
    pub input_output: Reading<InputOutput>,
    /// How long its first thread ran and waited for a CPU.
    pub run_times: Reading<RunTimes>,
    /// Its resource limits.
    pub limits: Reading<Limits>,
    /// Its file descriptors, by number.
    pub descriptors: Reading<Vec<DescriptorReport>>,
    /// Its namespaces, by name.
    pub namespaces: Reading<Vec<NamespaceLink>>,
    /// How its user namespace numbers users.
    pub user_id_map: Reading<UserIdMap>,
    /// How its user namespace numbers groups.
    pub group_id_map: Reading<GroupIdMap>,
    /// How likely it is to be killed when memory runs out.
    pub oom_score: Reading<OomScore>,
    /// What is added to that.
    pub oom_score_adjustment: Reading<OomScoreAdjustment>,
    /// The user who logged in and from whom it descends; `None` where nobody did.
    pub login_user: Reading<Option<UserId>>,
    /// The session of the audit system; `None` where nobody logged in.
    pub audit_session: Reading<Option<AuditSession>>,
    /// Its personality.
    pub personality: Reading<Personality>,
    /// The function of the kernel in which it waits; `None` where it does not, or the reader may not know.
    pub wait_channel: Reading<Option<ByteString>>,
    /// The group of its session; `None` where it is in none.
    pub autogroup: Reading<Option<Autogroup>>,
    /// By how much its timers may be late.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "timer_slack_seconds", serialize_with = "crate::serialize::seconds::reading")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Reading<f64>"))]
    pub timer_slack: Reading<Duration>,
    /// Which kinds of memory go into its core dump; `None` for kernel threads.
    pub core_dump_filter: Reading<Option<CoreDumpFilter>>,
}

impl ProcessDetail {
    /// Reads all parts.
    ///
    /// # Errors
    /// The process has ended ([`Reason::Gone`]), also if that was only before the
    /// last part was read. A captured tree never errs.
    pub fn read(process: &Process<'_>) -> Result<Self, Error> {
        let threads = process.thread_stats();
        let stat = process.stat();
        let detail = Self {
            pid: process.pid(),
            program: process.program_name().into(),
            started: started(process).into(),
            terminal: terminal(process, &stat).into(),
            scheduling: asked(process, "scheduling attributes", LiveTask::scheduling).into(),
            io_priority: asked(process, "I/O priority", LiveTask::io_priority).into(),
            stat: stat.into(),
            status: process.status().into(),
            command_line: process.command_line().into(),
            executable: process.executable().into(),
            working_directory: process.working_directory().into(),
            root: process.root().into(),
            memory_pages: process.memory_pages().into(),
            threads: threads.map(|stats| stats.into_iter().map(ThreadSummary::from).collect()).into(),
            children: process.children().into(),
            input_output: process.input_output().into(),
            run_times: process.run_times().into(),
            limits: process.limits().into(),
            descriptors: descriptors(process).into(),
            namespaces: process.namespaces().into(),
            user_id_map: process.user_id_map().into(),
            group_id_map: process.group_id_map().into(),
            oom_score: process.oom_score().into(),
            oom_score_adjustment: process.oom_score_adjustment().into(),
            login_user: process.login_user().into(),
            audit_session: process.audit_session().into(),
            personality: process.personality().into(),
            wait_channel: process.wait_channel().into(),
            autogroup: process.autogroup().into(),
            timer_slack: process.timer_slack().into(),
            core_dump_filter: process.core_dump_filter().into(),
        };
        process.ensure_alive()?;
        Ok(detail)
    }
}

/// What only a system call tells, so that a captured machine has none of it.
fn asked<'p, 'm, T>(
    process: &'p Process<'m>,
    what: &'static str,
    ask: impl FnOnce(LiveTask<'p, 'm>) -> Result<T, Error>,
) -> Result<T, Error> {
    let missing = |_| Error::new("find", format!("the {what} of process {}", process.pid()), Reason::Absent);
    process.as_live().map_err(missing).and_then(ask)
}

/// When it was started, in whole seconds.
fn started(process: &Process<'_>) -> Result<UnixSeconds, Error> {
    let after = process.start_time()?.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Ok(UnixSeconds::new(after.as_secs()))
}

fn terminal(process: &Process<'_>, stat: &Result<Stat, Error>) -> Result<Option<ByteString>, Error> {
    let stat = stat.as_ref().map_err(Clone::clone)?;
    Ok(stat.terminal.map(|device| terminal_name(process.machine(), device)))
}

/// The descriptors with what the kernel says of each; one that is closed meanwhile has the error of a file that is absent.
fn descriptors(process: &Process<'_>) -> Result<Vec<DescriptorReport>, Error> {
    let descriptors = process.descriptors()?;
    Ok(descriptors
        .into_iter()
        .map(|descriptor| {
            let info = process.descriptor_info(descriptor.number).into();
            DescriptorReport { descriptor, info }
        })
        .collect())
}
