use std::{
    ffi::{OsStr, OsString},
    os::fd::{AsFd, OwnedFd},
    path::Path,
};

use linux_support_base::{CpuSet, Error, GroupId, Pid, Signal, SignalSet, UserId};

use super::{Step, Stream, privileges::Privileges};
use crate::{
    descriptor::DescriptorNumber, environment::Environment, limits::ResourceLimit, resource::Resource,
    scheduling::SchedulingAttributes, status::Umask,
};

/// A program that is to be started, and how. It can be started any number of times.
///
/// What a method can't take is told by [`spawn`](Self::spawn), before there is a child.
///
/// # The order of what the child does
/// 1. signals: as the kernel treats them, but for those that are to be ignored;
/// 2. session, process group, controlling terminal;
/// 3. the caller's user in a new user namespace;
/// 4. the [steps](Self::step), in their order: the methods for limits, scheduling and CPUs add such;
/// 5. the file mode mask; the bounding set, groups, group and user, capabilities and secure bits, and the proof that root
///    can't be had again;
/// 6. the working directory, as that user;
/// 7. descriptors and standard streams; all others are closed when the program runs;
/// 8. the [last steps](Self::last_step), in their order;
/// 9. the signal of the parent's end, no new privileges, the signals that are blocked, the filters of system calls; the
///    program.
#[derive(Debug)]
#[doc(alias = "posix_spawn")]
#[doc(alias = "Command")]
pub struct Program {
    pub(super) file: File,
    pub(super) first_argument: Option<OsString>,
    pub(super) arguments: Vec<OsString>,
    pub(super) environment: Vec<(OsString, OsString)>,
    pub(super) streams: [Stream; 3],
    pub(super) descriptors: Vec<(DescriptorNumber, OwnedFd)>,
    pub(super) keep_others: bool,
    pub(super) directory: Option<Step>,
    pub(super) umask: Option<Step>,
    pub(super) family: Vec<Step>,
    pub(super) privileges: Privileges,
    pub(super) steps: Vec<Step>,
    pub(super) last_steps: Vec<Step>,
    pub(super) ignored: SignalSet,
    pub(super) blocked: SignalSet,
    pub(super) parent_death: Option<Signal>,
    pub(super) namespaces: u64,
    pub(super) mapped: Option<(UserId, GroupId)>,
    pub(super) numbers: Vec<Pid>,
    pub(super) cgroup: Option<OwnedFd>,
    pub(super) when_dropped: WhenDropped,
    /// The first that a method could not take.
    pub(super) refused: Option<Error>,
}

/// What is run.
#[derive(Debug)]
pub(super) enum File {
    Path(OsString),
    Descriptor(OwnedFd),
}

/// What becomes of a program when its [`Started`](super::Started) is dropped before it was waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WhenDropped {
    /// It goes on. At its end it stays as a zombie until somebody waits for it, or the caller ends.
    #[default]
    Leave,
    /// It is ended by SIGKILL and waited for, which takes until the kernel has done so.
    Kill,
}

impl Program {
    /// The program in the file `path`, which is taken as it is: `PATH` is not searched.
    #[must_use]
    pub fn new(path: impl AsRef<OsStr>) -> Self {
        Self::of(File::Path(path.as_ref().to_owned()))
    }

    /// The program in the file of this descriptor, whatever is at its path by then. A script needs one that is not closed
    /// on exec, since its interpreter opens it.
    #[must_use]
    #[doc(alias = "fexecve")]
    pub fn of_descriptor(file: impl Into<OwnedFd>) -> Self {
        Self::of(File::Descriptor(file.into()))
    }

    fn of(file: File) -> Self {
        Self {
            file,
            first_argument: None,
            arguments: Vec::new(),
            environment: Vec::new(),
            streams: Default::default(),
            descriptors: Vec::new(),
            keep_others: false,
            directory: None,
            umask: None,
            family: Vec::new(),
            privileges: Privileges::default(),
            steps: Vec::new(),
            last_steps: Vec::new(),
            ignored: SignalSet::EMPTY,
            blocked: SignalSet::EMPTY,
            parent_death: None,
            namespaces: 0,
            mapped: None,
            numbers: Vec::new(),
            cgroup: None,
            when_dropped: WhenDropped::default(),
            refused: None,
        }
    }

    pub(super) fn take(mut self, step: Result<Step, Error>, place: impl FnOnce(&mut Self, Step)) -> Self {
        match step {
            Ok(step) => place(&mut self, step),
            Err(error) => self.refuse(error),
        }
        self
    }

    pub(super) fn refuse(&mut self, error: Error) {
        self.refused.get_or_insert(error);
    }

    /// One more argument.
    #[must_use]
    pub fn argument(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.arguments.push(argument.as_ref().to_owned());
        self
    }

    /// More arguments.
    #[must_use]
    pub fn arguments<A: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(|argument| argument.as_ref().to_owned()));
        self
    }

    /// What the program finds as its own name; its path, if this is not called.
    #[must_use]
    #[doc(alias = "argv0")]
    pub fn first_argument(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.first_argument = Some(argument.as_ref().to_owned());
        self
    }

    /// More variables. There are none but these.
    #[must_use]
    #[doc(alias = "environ")]
    pub fn environment<N: AsRef<OsStr>, V: AsRef<OsStr>>(
        mut self,
        variables: impl IntoIterator<Item = (N, V)>,
    ) -> Self {
        let owned = |(name, value): (N, V)| (name.as_ref().to_owned(), value.as_ref().to_owned());
        self.environment.extend(variables.into_iter().map(owned));
        self
    }

    /// Those variables of an environment that a list allows: see [`Environment::allowed`].
    #[must_use]
    pub fn environment_of(self, environment: &Environment, allowed: &[&[u8]]) -> Self {
        self.environment(environment.allowed(allowed))
    }

    /// Its working directory; the caller's, if this is not called.
    #[must_use]
    #[doc(alias = "chdir")]
    pub fn directory(self, path: impl AsRef<Path>) -> Self {
        let step = Step::directory(path.as_ref().as_os_str());
        self.take(step, |program, step| program.directory = Some(step))
    }

    /// Its working directory, by descriptor.
    #[must_use]
    #[doc(alias = "fchdir")]
    pub fn directory_of(self, directory: impl AsFd) -> Self {
        self.take(Step::directory_of(directory), |program, step| program.directory = Some(step))
    }

    /// Which permissions the files that it makes don't get; the caller's mask, if this is not called.
    #[must_use]
    pub fn umask(mut self, umask: Umask) -> Self {
        self.umask = Some(Step::umask(umask));
        self
    }

    /// It leads a session of its own, without a terminal.
    #[must_use]
    #[doc(alias = "setsid")]
    pub fn new_session(mut self) -> Self {
        self.family.push(Step::new_session());
        self
    }

    /// It leads a session of its own, which has this terminal.
    #[must_use]
    #[doc(alias = "TIOCSCTTY")]
    pub fn session_on(mut self, terminal: impl Into<OwnedFd>) -> Self {
        self.family.extend([Step::new_session(), Step::controlling_terminal(terminal.into())]);
        self
    }

    /// It joins a process group of the caller's session; `None` for one of its own.
    #[must_use]
    #[doc(alias = "setpgid")]
    pub fn process_group(mut self, group: Option<Pid>) -> Self {
        self.family.push(Step::process_group(group));
        self
    }

    /// The child does this too, after the steps that were added before.
    #[must_use]
    pub fn step(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// The child does this too, after nearly all else and as the user of the program, after the last steps that were
    /// added before.
    #[must_use]
    pub fn last_step(mut self, step: Step) -> Self {
        self.last_steps.push(step);
        self
    }

    /// Its limit of `resource`: as the step of [`Step::limit`].
    #[must_use]
    pub fn limit<T>(self, resource: Resource<T>, limit: ResourceLimit<T>) -> Self {
        self.take(Step::limit(resource, limit), |program, step| program.steps.push(step))
    }

    /// How the scheduler treats it: as the step of [`Step::scheduling`].
    #[must_use]
    pub fn scheduling(self, attributes: &SchedulingAttributes) -> Self {
        self.take(Step::scheduling(attributes), |program, step| program.steps.push(step))
    }

    /// On which CPUs it may run: as the step of [`Step::cpus`].
    #[must_use]
    pub fn cpus(self, cpus: &CpuSet) -> Self {
        self.step(Step::cpus(cpus))
    }

    /// It begins with these signals ignored; all others are treated as the kernel does of itself, also those that the
    /// caller ignores. (Programs in Rust ignore SIGPIPE, and what they start must not.)
    #[must_use]
    #[doc(alias = "SIG_IGN")]
    pub fn ignored_signals(mut self, signals: impl Into<SignalSet>) -> Self {
        self.ignored = signals.into();
        self
    }

    /// It begins with these signals blocked, and no others.
    #[must_use]
    #[doc(alias = "sigprocmask")]
    pub fn blocked_signals(mut self, signals: impl Into<SignalSet>) -> Self {
        self.blocked = signals.into() - SignalSet::OF_C_LIBRARY;
        self
    }

    /// It is sent this signal when the thread that starts it ends. If that has ended before it could be set, the program
    /// is not run. A program with other privileges (set-user-ID, file capabilities) has it taken back.
    #[must_use]
    #[doc(alias = "PR_SET_PDEATHSIG")]
    pub fn parent_death_signal(mut self, signal: Signal) -> Self {
        self.parent_death = Some(signal);
        self
    }

    /// What becomes of it when its [`Started`](super::Started) is dropped before it was waited for.
    #[must_use]
    pub fn when_dropped(mut self, when_dropped: WhenDropped) -> Self {
        self.when_dropped = when_dropped;
        self
    }

    /// What errors call it.
    pub(super) fn name(&self) -> String {
        match &self.file {
            File::Path(path) => path.to_string_lossy().into_owned(),
            File::Descriptor(_) => "the program of a descriptor".into(),
        }
    }
}
