use core::time::Duration;

use linux_support_base::{
    ByteString, Directory, Error, Machine, ParseError, Pid, Reason, Requirement, UserId, text::decimal,
};
use linux_support_security::namespace::{GroupIdMap, UserIdMap};

use crate::{
    command_line::CommandLine,
    core_dump_filter::CoreDumpFilter,
    io::InputOutput,
    limits::Limits,
    name::ProcessName,
    oom::{OomScore, OomScoreAdjustment},
    personality::Personality,
    schedstat::RunTimes,
    scheduling::Autogroup,
    serialize::plain_number,
    stat::Stat,
    statm::MemoryPages,
    status::Status,
};

plain_number! {
    /// The number of a session of the audit system.
    AuditSession(u32), "The number of a session of the audit system."
}

/// What a process and a thread have in common: a directory of `/proc`, held open.
///
/// On a live machine everything that is read through a `Task` is of the task for which it was opened: after that
/// has ended, reading fails with [`Reason::Gone`], even if another has the same number by now.
#[derive(Debug)]
pub struct Task<'m> {
    machine: &'m Machine,
    directory: Directory,
    pid: Pid,
}

pub(crate) const PTRACE: Requirement = Requirement::none().capability("CAP_SYS_PTRACE");

impl<'m> Task<'m> {
    pub(crate) fn new(machine: &'m Machine, directory: Directory, pid: Pid) -> Self {
        Self { machine, directory, pid }
    }

    /// Its number.
    #[must_use]
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// The machine that it runs on.
    #[must_use]
    pub fn machine(&self) -> &'m Machine {
        self.machine
    }

    /// Its directory of `/proc`, for files that this library has no model of.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// On a live machine, that it is still there, if only as a zombie. What was read before is then of it.
    ///
    /// # Errors
    /// It has ended and was waited for ([`Reason::Gone`]).
    pub fn ensure_alive(&self) -> Result<(), Error> {
        if self.machine.is_live() && !self.directory.exists("stat") {
            return Err(Error::new("read", self.directory.path(), Reason::Gone));
        }
        Ok(())
    }

    /// Whether a file that counts the threads of the process was written while that was there. Of one that was just waited
    /// for, the kernel still writes `stat` and `status`, with nothing in them for its parent, its signals and its threads.
    pub(crate) fn is_whole(&self, threads: u32) -> bool {
        threads != 0 || !self.machine.is_live()
    }

    fn if_whole<T>(&self, name: &str, value: T, threads: u32) -> Result<T, Error> {
        if self.is_whole(threads) {
            return Ok(value);
        }
        let file = [self.directory.path(), b"/", name.as_bytes()].concat();
        Err(Error::new("read", file, Reason::Gone))
    }

    /// `error` with its reason: that the task has ended, or what the file needs.
    #[cold]
    pub(crate) fn explain(&self, error: Error, needs: Requirement) -> Error {
        // Of a task that is just ending, some files are empty.
        if matches!(error.reason(), Reason::Absent | Reason::Malformed(_)) && self.ensure_alive().is_err() {
            return Error::new(error.operation(), error.object().clone(), Reason::Gone);
        }
        self.machine.explain(error, needs)
    }

    pub(crate) fn parse<T>(
        &self,
        name: &str,
        needs: Requirement,
        parse: impl FnOnce(&[u8]) -> Result<T, ParseError>,
    ) -> Result<T, Error> {
        self.directory.parse(name, parse).map_err(|error| self.explain(error, needs))
    }

    /// As [`parse`](Self::parse), for files that the kernel makes in one piece.
    pub(crate) fn parse_full<T>(
        &self,
        name: &str,
        needs: Requirement,
        parse: impl FnOnce(&[u8]) -> Result<T, ParseError>,
    ) -> Result<T, Error> {
        self.directory.parse_full(name, parse).map_err(|error| self.explain(error, needs))
    }

    /// What it is doing and has used.
    ///
    /// # Errors
    /// It has ended ([`Reason::Gone`]), or its file can't be read or is malformed: so for all that follow.
    pub fn stat(&self) -> Result<Stat, Error> {
        let stat = self.parse_full("stat", PTRACE, Stat::parse)?;
        let threads = stat.threads;
        self.if_whole("stat", stat, threads)
    }

    /// Who it is, what it may do, and how much memory it has.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat).
    pub fn status(&self) -> Result<Status, Error> {
        let status = self.parse_full("status", PTRACE, Status::parse)?;
        let threads = status.threads;
        self.if_whole("status", status, threads)
    }

    /// Its memory in pages.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat).
    #[doc(alias = "statm")]
    pub fn memory_pages(&self) -> Result<MemoryPages, Error> {
        self.parse_full("statm", PTRACE, MemoryPages::parse)
    }

    /// The arguments that it was started with.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat).
    #[doc(alias = "cmdline")]
    pub fn command_line(&self) -> Result<CommandLine, Error> {
        self.parse("cmdline", PTRACE, CommandLine::parse)
    }

    /// Its name.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat).
    ///
    /// # Kernel
    /// Since 2.6.33.
    #[doc(alias = "comm")]
    pub fn name(&self) -> Result<ProcessName, Error> {
        self.parse_full("comm", Requirement::none().since(2, 6), ProcessName::parse)
    }

    /// What it has read and written.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat); also without the permission to inspect it.
    ///
    /// # Kernel
    /// With CONFIG_TASK_IO_ACCOUNTING.
    #[doc(alias = "io")]
    pub fn input_output(&self) -> Result<InputOutput, Error> {
        self.parse_full("io", PTRACE.configuration("CONFIG_TASK_IO_ACCOUNTING"), InputOutput::parse)
    }

    /// Its resource limits.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat).
    pub fn limits(&self) -> Result<Limits, Error> {
        self.parse_full("limits", PTRACE, Limits::parse)
    }

    /// How long it ran and waited for a CPU.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat).
    ///
    /// # Kernel
    /// With CONFIG_SCHED_INFO.
    #[doc(alias = "schedstat")]
    pub fn run_times(&self) -> Result<RunTimes, Error> {
        self.parse("schedstat", PTRACE.configuration("CONFIG_SCHED_INFO"), RunTimes::parse)
    }

    /// How likely it is to be killed when memory runs out.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat).
    pub fn oom_score(&self) -> Result<OomScore, Error> {
        self.parse("oom_score", PTRACE, OomScore::parse)
    }

    /// What is added to that.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat).
    #[doc(alias = "oom_score_adj")]
    pub fn oom_score_adjustment(&self) -> Result<OomScoreAdjustment, Error> {
        self.parse("oom_score_adj", PTRACE.since(2, 6), OomScoreAdjustment::parse)
    }

    /// The user who logged in and from whom it descends; `None` where nobody did.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat).
    ///
    /// # Kernel
    /// With CONFIG_AUDIT.
    #[doc(alias = "loginuid")]
    pub fn login_user(&self) -> Result<Option<UserId>, Error> {
        self.parse("loginuid", PTRACE.configuration("CONFIG_AUDIT"), |text| {
            UserId::parse(text.trim_ascii()).map(|user| (!user.is_none()).then_some(user))
        })
    }

    /// The session of the audit system; `None` where nobody logged in.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat).
    ///
    /// # Kernel
    /// With CONFIG_AUDIT.
    #[doc(alias = "sessionid")]
    pub fn audit_session(&self) -> Result<Option<AuditSession>, Error> {
        self.parse("sessionid", PTRACE.configuration("CONFIG_AUDIT"), |text| {
            let number = decimal(text.trim_ascii())?;
            Ok((number != u32::MAX).then_some(AuditSession::new(number)))
        })
    }

    /// Its personality.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat); also without the permission to inspect it.
    pub fn personality(&self) -> Result<Personality, Error> {
        self.parse("personality", PTRACE, Personality::parse)
    }

    /// The function of the kernel in which it waits; `None` where it does not wait, or the reader may not know.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat).
    ///
    /// # Kernel
    /// With CONFIG_KALLSYMS.
    #[doc(alias = "wchan")]
    pub fn wait_channel(&self) -> Result<Option<ByteString>, Error> {
        self.parse("wchan", PTRACE.configuration("CONFIG_KALLSYMS"), |text| match text.trim_ascii() {
            b"" | b"0" => Ok(None),
            name => Ok(Some(name.into())),
        })
    }

    /// The group of its session; `None` where it is in none.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat).
    ///
    /// # Kernel
    /// With CONFIG_SCHED_AUTOGROUP.
    pub fn autogroup(&self) -> Result<Option<Autogroup>, Error> {
        self.parse("autogroup", PTRACE.configuration("CONFIG_SCHED_AUTOGROUP"), Autogroup::parse)
    }

    /// How its user namespace numbers users.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat).
    ///
    /// # Kernel
    /// With CONFIG_USER_NS.
    #[doc(alias = "uid_map")]
    pub fn user_id_map(&self) -> Result<UserIdMap, Error> {
        self.parse("uid_map", PTRACE.configuration("CONFIG_USER_NS"), UserIdMap::parse)
    }

    /// How its user namespace numbers groups.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat).
    ///
    /// # Kernel
    /// With CONFIG_USER_NS.
    #[doc(alias = "gid_map")]
    pub fn group_id_map(&self) -> Result<GroupIdMap, Error> {
        self.parse("gid_map", PTRACE.configuration("CONFIG_USER_NS"), GroupIdMap::parse)
    }

    /// By how much its timers may be late, so that several can expire together; 0 for real-time threads.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat); for tasks other than the caller also without CAP_SYS_NICE.
    ///
    /// # Kernel
    /// Since 4.6.
    #[doc(alias = "timerslack_ns")]
    pub fn timer_slack(&self) -> Result<Duration, Error> {
        let needs = Requirement::none().since(4, 6).capability("CAP_SYS_NICE");
        self.parse("timerslack_ns", needs, |text| decimal(text.trim_ascii()).map(Duration::from_nanos))
    }

    /// Which kinds of memory go into its core dump; `None` where it has no memory: kernel threads.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat).
    ///
    /// # Kernel
    /// With CONFIG_ELF_CORE.
    #[doc(alias = "coredump_filter")]
    pub fn core_dump_filter(&self) -> Result<Option<CoreDumpFilter>, Error> {
        self.parse("coredump_filter", PTRACE.configuration("CONFIG_ELF_CORE"), |text| {
            match text.trim_ascii() {
                b"" => Ok(None),
                text => CoreDumpFilter::parse(text).map(Some),
            }
        })
    }
}
