use std::{
    ffi::{OsStr, OsString},
    os::fd::{AsFd, OwnedFd},
    path::Path,
};

use linux_support_base::{CpuSet, Error, GroupId, NamespaceKinds, Pid, Signal, SignalSet, UserId};
use linux_support_security::seccomp::Program as Filter;

use super::{Step, Stream};
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
/// 5. the file mode mask; groups, group and user, and the proof that root can't be had again;
/// 6. the working directory, as that user;
/// 7. descriptors and standard streams; all others are closed when the program runs;
/// 8. the [last steps](Self::last_step), in their order;
/// 9. the signal of the parent's end, no new privileges, the signals that are blocked, the [filters](Self::filter); the
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
    pub(super) credentials: Vec<Step>,
    pub(super) steps: Vec<Step>,
    pub(super) last_steps: Vec<Step>,
    pub(super) ignored: SignalSet,
    pub(super) blocked: SignalSet,
    pub(super) parent_death: Option<Signal>,
    pub(super) no_new_privileges: bool,
    pub(super) filters: Vec<Step>,
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
            credentials: Vec::new(),
            steps: Vec::new(),
            last_steps: Vec::new(),
            ignored: SignalSet::EMPTY,
            blocked: SignalSet::EMPTY,
            parent_death: None,
            no_new_privileges: false,
            filters: Vec::new(),
            namespaces: 0,
            mapped: None,
            numbers: Vec::new(),
            cgroup: None,
            when_dropped: WhenDropped::default(),
            refused: None,
        }
    }

    fn take(mut self, step: Result<Step, Error>, place: impl FnOnce(&mut Self, Step)) -> Self {
        match step {
            Ok(step) => place(&mut self, step),
            Err(error) => self.refuse(error),
        }
        self
    }

    fn refuse(&mut self, error: Error) {
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

    /// What it has as standard input.
    #[must_use]
    pub fn input(mut self, stream: impl Into<Stream>) -> Self {
        self.streams[0] = stream.into();
        self
    }

    /// What it has as standard output.
    #[must_use]
    pub fn output(mut self, stream: impl Into<Stream>) -> Self {
        self.streams[1] = stream.into();
        self
    }

    /// What it has as standard error.
    #[must_use]
    pub fn error(mut self, stream: impl Into<Stream>) -> Self {
        self.streams[2] = stream.into();
        self
    }

    /// The descriptor that it has as this number, from 3 on.
    #[must_use]
    pub fn descriptor(mut self, number: DescriptorNumber, descriptor: impl Into<OwnedFd>) -> Self {
        let refuse =
            |accepted: &str| Error::invalid("give a child", format!("descriptor {number}"), accepted);
        if self.descriptors.iter().any(|(other, _)| *other == number) {
            self.refuse(refuse("another has this number already"));
        } else if number.get() < 3 {
            self.refuse(refuse("expected 3 at least: those below are the standard streams"));
        } else if i32::try_from(number.get()).is_err() {
            self.refuse(refuse("expected 2147483647 at most"));
        } else {
            self.descriptors.push((number, descriptor.into()));
        }
        self
    }

    /// It also has those of the caller's descriptors that are not closed on exec. As a rule these were forgotten.
    #[must_use]
    pub fn keep_other_descriptors(mut self) -> Self {
        self.keep_others = true;
        self
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

    /// It runs as this user and group, with these further groups and no others, and can't become root again.
    ///
    /// # Capabilities
    /// CAP_SETUID and CAP_SETGID.
    #[must_use]
    #[doc(alias = "setresuid")]
    #[doc(alias = "setgroups")]
    pub fn credentials(mut self, user: UserId, group: GroupId, further: &[GroupId]) -> Self {
        if user.is_none() || group.is_none() || further.iter().any(|group| group.is_none()) {
            self.refuse(Error::invalid("set", "credentials", "expected numbers below 4294967295"));
            return self;
        }
        self.credentials = vec![Step::groups(further), Step::group(group), Step::user(user)];
        if user.number() != 0 {
            self.credentials.push(Step::root_refused());
        }
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

    /// Neither it nor what it starts gains privileges by running a program.
    #[must_use]
    #[doc(alias = "PR_SET_NO_NEW_PRIVS")]
    pub fn no_new_privileges(mut self) -> Self {
        self.no_new_privileges = true;
        self
    }

    /// It runs under this filter of system calls, and may run what it starts under no less. Of several, each further one must
    /// be allowed `seccomp` by those before. They must allow `execveat`, by which the program is run, and `exit_group`.
    ///
    /// # Capabilities
    /// CAP_SYS_ADMIN in its user namespace, or none with [`no_new_privileges`](Self::no_new_privileges).
    #[must_use]
    #[doc(alias = "seccomp")]
    pub fn filter(self, filter: &Filter) -> Self {
        self.take(Step::filter(filter), |program, step| program.filters.push(step))
    }

    /// It is born into new namespaces of these kinds.
    ///
    /// # Capabilities
    /// CAP_SYS_ADMIN, or a user namespace among them.
    #[must_use]
    #[doc(alias = "unshare")]
    pub fn new_namespaces(mut self, kinds: NamespaceKinds) -> Self {
        self.namespaces |= u64::from(kinds.bits());
        self
    }

    /// It is born into a new user namespace, where the caller's effective user and group have these numbers and nobody
    /// else has one. Further groups can't be set there. For other maps enter a namespace that has them, by
    /// [`Step::enter_namespace`].
    #[must_use]
    #[doc(alias = "uid_map")]
    pub fn new_user_namespace(mut self, user: UserId, group: GroupId) -> Self {
        self.mapped = Some((user, group));
        self.new_namespaces(NamespaceKinds::USER)
    }

    /// It has these numbers: the first in its own namespace of process numbers, each further one in the next outer.
    ///
    /// # Capabilities
    /// CAP_CHECKPOINT_RESTORE in each of these.
    #[must_use]
    #[doc(alias = "set_tid")]
    pub fn numbers(mut self, numbers: impl IntoIterator<Item = Pid>) -> Self {
        self.numbers = numbers.into_iter().collect();
        self
    }

    /// It is born into the control group of this directory (of cgroup v2): nothing of it ever ran, or was counted,
    /// elsewhere.
    #[must_use]
    #[doc(alias = "CLONE_INTO_CGROUP")]
    pub fn cgroup(mut self, directory: impl Into<OwnedFd>) -> Self {
        self.cgroup = Some(directory.into());
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
