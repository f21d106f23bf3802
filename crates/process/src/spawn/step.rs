use core::time::Duration;
use std::{
    ffi::{CString, OsStr},
    os::{
        fd::{AsFd, OwnedFd, RawFd},
        unix::ffi::OsStrExt,
    },
};

use linux_support_base::{CpuSet, Error, GroupId, Pid, Requirement, Signal, SignalSet, UserId};
use linux_support_fd::namespace::Namespace;
use linux_support_security::{
    capability::{Capabilities, CapabilitySet, SecureBits},
    seccomp::{self, Action, AuditArchitecture, Call, SystemCall},
    speculation::{Permission, Weakness},
};

use crate::{
    limits::ResourceLimit,
    oom::OomScoreAdjustment,
    personality::Personality,
    resource::Resource,
    scheduling::{IoPriority, Nice, SchedulingAttributes},
    status::Umask,
    sys::spawn::{CapabilitySets, Operation},
};

/// Something that a child does before it runs its program: a system call or a few, with all that it needs.
///
/// Steps are prepared where they are made, and refused there if they can't be right. The child only makes the calls.
#[derive(Debug)]
pub struct Step {
    pub(super) operation: Operation,
    /// A verb, and to what.
    pub(super) does: &'static str,
    pub(super) object: String,
    pub(super) needs: Requirement,
}

impl Step {
    pub(super) fn of(operation: Operation, does: &'static str, object: impl Into<String>) -> Self {
        Self { operation, does, object: object.into(), needs: Requirement::none() }
    }

    fn needing(self, capability: &'static str) -> Self {
        Self { needs: self.needs.capability(capability), ..self }
    }

    /// Sets the process's limit of `resource`.
    ///
    /// # Errors
    /// A time that is not whole in the kernel's unit.
    ///
    /// # Capabilities
    /// CAP_SYS_RESOURCE to raise a hard limit.
    #[doc(alias = "setrlimit")]
    pub fn limit<T>(resource: Resource<T>, limit: ResourceLimit<T>) -> Result<Self, Error> {
        let (number, pair) = resource.numbers(limit)?;
        Ok(Self::of(Operation::Limit(number, pair), "set", resource.name()).needing("CAP_SYS_RESOURCE"))
    }

    /// Has the scheduler treat it so.
    ///
    /// # Errors
    /// The attributes hold what can't be set.
    ///
    /// # Capabilities
    /// CAP_SYS_NICE, but for what its limits allow.
    #[doc(alias = "sched_setattr")]
    pub fn scheduling(attributes: &SchedulingAttributes) -> Result<Self, Error> {
        let raw = attributes.encode()?;
        let object = format!("scheduling {}", attributes.scheduling);
        Ok(Self::of(Operation::Scheduling(raw), "set", object).needing("CAP_SYS_NICE"))
    }

    /// Sets its nice value.
    ///
    /// # Capabilities
    /// CAP_SYS_NICE for less than its limit allows.
    #[must_use]
    #[doc(alias = "setpriority")]
    pub fn nice(nice: Nice) -> Self {
        Self::of(Operation::Nice(nice.get().into()), "set", format!("nice value {nice}"))
            .needing("CAP_SYS_NICE")
    }

    /// Sets the priority of its input and output.
    ///
    /// # Capabilities
    /// CAP_SYS_NICE or CAP_SYS_ADMIN for the real-time class.
    #[must_use]
    #[doc(alias = "ioprio_set")]
    pub fn io_priority(priority: IoPriority) -> Self {
        Self::of(Operation::IoPriority(priority.bits()), "set", "I/O priority").needing("CAP_SYS_NICE")
    }

    /// Lets it run on these CPUs only.
    #[must_use]
    #[doc(alias = "sched_setaffinity")]
    pub fn cpus(cpus: &CpuSet) -> Self {
        Self::of(Operation::Affinity(cpus.as_words().to_vec()), "set", format!("CPUs {cpus}"))
    }

    /// Sets its personality.
    ///
    /// # Errors
    /// All bits are set, which the kernel takes for a question.
    pub fn personality(personality: Personality) -> Result<Self, Error> {
        let object = format!("personality {personality}");
        if personality.bits() == u32::MAX {
            return Err(Error::invalid("set", object, "the kernel takes it for a question"));
        }
        Ok(Self::of(Operation::Personality(personality.bits()), "set", object))
    }

    /// Sets by how much its timers may be late. The program keeps it.
    ///
    /// # Errors
    /// The time is 0, or has more nanoseconds than fit in 63 bits.
    #[doc(alias = "PR_SET_TIMERSLACK")]
    pub fn timer_slack(slack: Duration) -> Result<Self, Error> {
        match i64::try_from(slack.as_nanos()) {
            Ok(nanoseconds @ 1..) => {
                let operation = Operation::TimerSlack(nanoseconds.cast_unsigned());
                Ok(Self::of(operation, "set", "timer slack"))
            }
            _ => Err(Error::invalid("set", format!("timer slack {slack:?}"), "expected 1 ns to 2^63 ns")),
        }
    }

    /// Sets which permissions the files that it makes don't get.
    #[must_use]
    pub fn umask(umask: Umask) -> Self {
        Self::of(Operation::Umask(umask.bits().into()), "set", format!("file mode mask {umask}"))
    }

    /// Sets what is added to its score when memory runs out.
    ///
    /// # Capabilities
    /// CAP_SYS_RESOURCE to go below the least value that a privileged process has set.
    #[must_use]
    pub fn oom_score_adjustment(adjustment: OomScoreAdjustment) -> Self {
        let path = c"/proc/self/oom_score_adj".to_owned();
        let text = adjustment.get().to_string().into_bytes().into();
        Self::of(Operation::WriteFile(path, text), "write", "/proc/self/oom_score_adj")
            .needing("CAP_SYS_RESOURCE")
    }

    /// Writes `text` to the file at `path`, which is there, in one call. `/proc/self` is the child's.
    ///
    /// # Errors
    /// `path` holds a NUL.
    pub fn write_file(path: impl AsRef<OsStr>, text: impl AsRef<[u8]>) -> Result<Self, Error> {
        let path = path.as_ref();
        let object = path.to_string_lossy().into_owned();
        Ok(Self::of(Operation::WriteFile(c_string("write", path)?, text.as_ref().into()), "write", object))
    }

    /// Enters a namespace: but for one of process numbers, into which only children come.
    ///
    /// # Errors
    /// Its kind can't be had.
    ///
    /// # Capabilities
    /// CAP_SYS_ADMIN, in it and in the child's own user namespace.
    #[doc(alias = "setns")]
    pub fn enter_namespace(namespace: &Namespace) -> Result<Self, Error> {
        let kind = namespace.kind()?;
        let descriptor = duplicate(namespace, "namespace")?;
        let flag = kind.flag().unwrap_or_default().bits();
        Ok(Self::of(Operation::Namespace(descriptor, flag), "enter", format!("{kind:?} namespace"))
            .needing("CAP_SYS_ADMIN"))
    }

    /// Makes `path` its root directory. It does not go there: a working directory is taken anew afterwards.
    ///
    /// # Errors
    /// `path` holds a NUL.
    ///
    /// # Capabilities
    /// CAP_SYS_CHROOT.
    #[doc(alias = "chroot")]
    pub fn root(path: impl AsRef<OsStr>) -> Result<Self, Error> {
        let path = path.as_ref();
        let object = path.to_string_lossy().into_owned();
        Ok(Self::of(Operation::Root(c_string("change root to", path)?), "change root to", object)
            .needing("CAP_SYS_CHROOT"))
    }

    pub(super) fn directory(path: &OsStr) -> Result<Self, Error> {
        const DOES: &str = "change directory to";
        Ok(Self::of(Operation::Directory(c_string(DOES, path)?), DOES, path.to_string_lossy()))
    }

    pub(super) fn directory_of(directory: impl AsFd) -> Result<Self, Error> {
        let directory = duplicate(directory, "directory")?;
        Ok(Self::of(Operation::DirectoryOf(directory), "change directory to", "a descriptor"))
    }

    pub(super) fn groups(groups: &[GroupId]) -> Self {
        let numbers = groups.iter().map(|group| group.number()).collect();
        Self::of(Operation::Groups(numbers), "set", "supplementary groups").needing("CAP_SETGID")
    }

    pub(super) fn group(group: GroupId) -> Self {
        Self::of(Operation::GroupIds([group.number(); 3]), "set", format!("group {group}"))
            .needing("CAP_SETGID")
    }

    pub(super) fn user(user: UserId) -> Self {
        Self::of(Operation::UserIds([user.number(); 3]), "set", format!("user {user}")).needing("CAP_SETUID")
    }

    /// Allows the processor to speculate for it, or forbids that.
    ///
    /// # Errors
    /// The permission can't be set, or ends when the program is run.
    #[doc(alias = "PR_SET_SPECULATION_CTRL")]
    pub fn speculation(weakness: Weakness, permission: Permission) -> Result<Self, Error> {
        const OBJECT: &str = "speculation";
        if permission == Permission::ForbiddenUntilExec {
            return Err(Error::invalid("set", OBJECT, "it would be allowed again when the program runs"));
        }
        Ok(Self::of(Operation::Speculation(weakness.number(), permission.number()?), "set", OBJECT))
    }

    pub(super) fn drop_bounding(capabilities: u64) -> Self {
        Self::of(Operation::DropBounding(capabilities), "drop", "the bounding set").needing("CAP_SETPCAP")
    }

    pub(super) fn keep_capabilities() -> Self {
        Self::of(Operation::KeepCapabilities, "set", "keep-capabilities")
    }

    pub(super) fn capabilities(sets: &Capabilities) -> Self {
        let [effective, permitted, inheritable] =
            [sets.effective, sets.permitted, sets.inheritable].map(CapabilitySet::bits);
        let sets = CapabilitySets::new(effective, permitted, inheritable);
        Self::of(Operation::Capabilities(sets), "set", "capabilities")
    }

    pub(super) fn ambient(capabilities: CapabilitySet) -> Self {
        Self::of(Operation::Ambient(capabilities.bits()), "set", "the ambient set")
    }

    pub(super) fn secure_bits(bits: SecureBits) -> Self {
        Self::of(Operation::SecureBits(bits.bits()), "set", "secure bits").needing("CAP_SETPCAP")
    }

    pub(super) fn root_refused() -> Self {
        Self::of(Operation::RootRefused, "give up", "the user root for good")
    }

    pub(super) fn no_new_privileges() -> Self {
        Self::of(Operation::NoNewPrivileges, "set", "no new privileges")
    }

    pub(super) fn filter(filter: &seccomp::Program, how: seccomp::Enforcement) -> Result<Self, Error> {
        // A child whose end is refused would never end.
        let end = AuditArchitecture::NATIVE.and_then(|native| {
            let number = SystemCall::from_name("exit_group").ok()?.number(native)?;
            Some(Call { arguments: [127, 0, 0, 0, 0, 0], ..Call::new(native, number) })
        });
        let held = end.is_some_and(|end| {
            let ends = |action: Action| {
                action.permits() || matches!(action, Action::KillProcess | Action::KillThread)
            };
            !filter.run(&end).is_ok_and(|verdict| ends(verdict.action))
        });
        if held {
            return Err(Error::invalid(
                "enforce",
                "a filter of system calls",
                "must allow exit_group, by which a child ends that can't run its program",
            ));
        }
        let operation = Operation::Filter(filter.instructions().into(), how.flags());
        Ok(Self::of(operation, "enforce", "a filter of system calls").needing("CAP_SYS_ADMIN"))
    }

    pub(super) fn parent_death_signal(signal: Signal, parent: OwnedFd) -> Self {
        let operation = Operation::ParentDeathSignal(signal.number().into(), parent);
        Self::of(operation, "set", format!("{signal} at the parent's end"))
    }

    pub(super) fn new_session() -> Self {
        Self::of(Operation::NewSession, "begin", "a session")
    }

    pub(super) fn process_group(group: Option<Pid>) -> Self {
        let object =
            group.map_or_else(|| "a new process group".into(), |group| format!("process group {group}"));
        Self::of(Operation::ProcessGroup(group.map_or(0, Pid::number)), "join", object)
    }

    pub(super) fn controlling_terminal(terminal: OwnedFd) -> Self {
        Self::of(Operation::ControllingTerminal(terminal), "take", "a controlling terminal")
    }

    pub(super) fn default_signals(except: SignalSet) -> Self {
        Self::of(Operation::DefaultSignals { except }, "reset", "signals")
    }

    pub(super) fn ignore_signals(signals: SignalSet) -> Self {
        Self::of(Operation::IgnoreSignals(signals), "ignore", "signals")
    }

    pub(super) fn block_signals(signals: SignalSet) -> Self {
        Self::of(Operation::BlockSignals(signals), "block", "signals")
    }

    pub(super) fn close_others() -> Self {
        Self::of(Operation::CloseOnExecFrom(3), "close", "other descriptors")
    }

    pub(super) fn descriptor(descriptor: OwnedFd, number: RawFd) -> Self {
        Self::of(Operation::Descriptor(descriptor, number), "give a child", format!("descriptor {number}"))
    }
}

fn duplicate(descriptor: impl AsFd, what: &str) -> Result<OwnedFd, Error> {
    let copy = descriptor.as_fd().try_clone_to_owned();
    copy.map_err(|error| super::descriptors::io_error("duplicate", what, &error))
}

/// The text for the kernel.
pub(super) fn c_string(operation: &'static str, text: &OsStr) -> Result<CString, Error> {
    CString::new(text.as_bytes())
        .map_err(|_| Error::invalid(operation, text.as_bytes(), "expected a text without the byte NUL"))
}
