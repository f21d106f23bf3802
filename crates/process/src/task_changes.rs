//! Files of a task that are written to.

use core::time::Duration;

use linux_support_base::{Errno, Error, Reason, Requirement};

use crate::{core_dump_filter::CoreDumpFilter, live_task::LiveTask, oom::OomScoreAdjustment, own};

const PTRACE: Requirement = Requirement::none().capability("CAP_SYS_PTRACE");

/// What [`LiveTask::clear_references`] makes anew.
///
/// # Source
/// proc_pid_clear_refs(5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[doc(alias = "clear_refs")]
pub enum MemoryRecord {
    /// Which pages were used: of all its memory.
    Referenced,
    /// Which pages were used: of memory without a file.
    ReferencedAnonymous,
    /// Which pages were used: of files.
    ReferencedFiles,
    /// Which pages were written to. Needs CONFIG_MEM_SOFT_DIRTY.
    SoftDirty,
    /// How much memory it had at most: `VmHWM`. Since 4.0.
    PeakResidentSize,
}

impl MemoryRecord {
    fn number(self) -> &'static [u8] {
        match self {
            Self::Referenced => b"1",
            Self::ReferencedAnonymous => b"2",
            Self::ReferencedFiles => b"3",
            Self::SoftDirty => b"4",
            Self::PeakResidentSize => b"5",
        }
    }
}

impl LiveTask<'_, '_> {
    /// Begins a record of its memory anew.
    ///
    /// # Errors
    /// It has ended, or may not be changed.
    ///
    /// # Kernel
    /// With CONFIG_PROC_PAGE_MONITOR.
    #[doc(alias = "clear_refs")]
    pub fn clear_references(self, record: MemoryRecord) -> Result<(), Error> {
        self.write(
            "thread-self",
            "clear_refs",
            record.number(),
            PTRACE.configuration("CONFIG_PROC_PAGE_MONITOR"),
        )
    }

    /// Gives it another name, of which the first 15 bytes are kept. Only a thread of the caller's own process can be
    /// named.
    ///
    /// # Errors
    /// A name that is longer, empty or holds a NUL; it has ended, or is of another process.
    #[doc(alias = "comm")]
    pub fn set_name(self, name: impl AsRef<[u8]>) -> Result<(), Error> {
        let name = name.as_ref();
        if name.is_empty() || name.len() > 15 || name.contains(&0) {
            return Err(Error::invalid("name thread", name, "1 to 15 bytes without NUL"));
        }
        match self.write("thread-self", "comm", name, Requirement::none()) {
            // So the kernel says that it is a thread of another process.
            Err(error) if *error.reason() == Reason::System(Errno::INVAL) => Err(Error::invalid(
                "name thread",
                error.object().clone(),
                "a thread of the caller's own process",
            )),
            outcome => outcome,
        }
    }

    /// Sets which kinds of memory go into its core dump.
    ///
    /// # Errors
    /// As for [`clear_references`](Self::clear_references).
    ///
    /// # Kernel
    /// With CONFIG_ELF_CORE.
    #[doc(alias = "coredump_filter")]
    pub fn set_core_dump_filter(self, filter: CoreDumpFilter) -> Result<(), Error> {
        let text = format!("0x{:x}", filter.bits());
        self.write("self", "coredump_filter", text.as_bytes(), PTRACE.configuration("CONFIG_ELF_CORE"))
    }

    /// Sets by how much its timers may be late; zero for the slack that it began with. Has no effect on real-time
    /// threads.
    ///
    /// # Errors
    /// As for [`clear_references`](Self::clear_references); also more nanoseconds than 64 bits hold.
    ///
    /// # Capabilities
    /// CAP_SYS_NICE for tasks other than the caller.
    #[doc(alias = "timerslack_ns")]
    pub fn set_timer_slack(self, slack: Duration) -> Result<(), Error> {
        if self.task().is_none() {
            return own::set_timer_slack(Some(slack).filter(|slack| !slack.is_zero()));
        }
        let nanoseconds = u64::try_from(slack.as_nanos())
            .map_err(|_| Error::invalid("set timer slack", format!("{slack:?}"), "less than 585 years"))?;
        let needs = Requirement::none().since(4, 6).capability("CAP_SYS_NICE");
        self.write("self", "timerslack_ns", nanoseconds.to_string().as_bytes(), needs)
    }

    /// Sets what is added to its score when memory runs out.
    ///
    /// # Errors
    /// As for [`clear_references`](Self::clear_references).
    ///
    /// # Capabilities
    /// CAP_SYS_RESOURCE to go below the least value that a privileged process has set.
    #[doc(alias = "oom_score_adj")]
    pub fn set_oom_score_adjustment(self, adjustment: OomScoreAdjustment) -> Result<(), Error> {
        let needs = Requirement::none().since(2, 6).capability("CAP_SYS_RESOURCE");
        self.write("thread-self", "oom_score_adj", adjustment.get().to_string().as_bytes(), needs)
    }
}
