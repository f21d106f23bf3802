//! From a [`Program`] to a child.

use std::{
    ffi::{CString, OsStr, OsString},
    os::{
        fd::{AsFd, AsRawFd, RawFd},
        unix::ffi::OsStrExt,
    },
};

use linux_support_base::{Errno, Error, Pid, Reason, Requirement};
use linux_support_fd::{PidFd, WaitFor};
use rustix::process::{getegid, geteuid};

use super::{
    Program, Started, Step, descriptors::Numbers, dumpable::keeping_dumpable, program::File, step::c_string,
    stream::OtherEnd,
};
use crate::sys::spawn::{self as sys, Birth, Execution, NotStarted, Operation};

impl Program {
    /// Starts it, and returns when it runs.
    ///
    /// # Errors
    /// A method was given what it can't take; there is no descriptor, memory or process left; the kernel refuses what it
    /// is to be born into; a step failed, or the program can't be run: see [the module](super).
    ///
    /// # Kernel
    /// Since 5.9; with [`cgroup`](Self::cgroup) too, since 5.7.
    #[doc(alias = "clone3")]
    #[doc(alias = "execveat")]
    pub fn spawn(&self) -> Result<Started, Error> {
        let prepared = Prepared::of(self)?;
        let mut numbers = prepared.numbers();
        let operations = prepared.operations(self, &mut numbers)?;
        let execution = prepared.execution(self, &mut numbers)?;
        let tids: Vec<i32> = self.numbers.iter().map(|pid| pid.number()).collect();
        let birth = Birth {
            namespaces: self.namespaces,
            numbers: &tids,
            cgroup: self.cgroup.as_ref().map(AsRawFd::as_raw_fd),
        };
        let list: Vec<(&Operation, RawFd)> =
            operations.iter().map(|(step, number)| (&step.operation, *number)).collect();
        let started = keeping_dumpable(|| sys::start(&birth, &list, &execution))?;
        let failed = |at: usize, errno: Errno| match operations.get(at) {
            Some((step, _)) => self.step_failed(step, errno),
            None => self.not_run(errno),
        };
        match started {
            Ok((pid_fd, number)) => {
                let [input, output, error] = prepared.other_ends;
                Ok(Started {
                    pid: Pid::new(number).ok_or_else(|| Error::new("start", self.name(), Reason::Gone))?,
                    pid_fd: PidFd::of_kernel(pid_fd),
                    when_dropped: self.when_dropped,
                    was_waited_for: false,
                    input: if let OtherEnd::Writer(writer) = input { Some(writer) } else { None },
                    output: if let OtherEnd::Reader(reader) = output { Some(reader) } else { None },
                    error: if let OtherEnd::Reader(reader) = error { Some(reader) } else { None },
                })
            }
            Err(NotStarted::Birth(errno)) => Err(self.not_born(errno)),
            Err(NotStarted::Operation(at, errno, pid_fd)) => {
                reap(pid_fd);
                Err(failed(at, errno))
            }
            Err(NotStarted::Execution(errno, pid_fd)) => {
                reap(pid_fd);
                Err(self.not_run(errno))
            }
            Err(NotStarted::Ended(at, pid_fd)) => {
                reap(pid_fd);
                // As of a process that there is no longer.
                Err(failed(at, Errno::SRCH))
            }
        }
    }

    /// Does all that a child would, in the calling process, and runs the program in it. It only returns if that failed;
    /// the process is then as the steps before left it, and had best end.
    ///
    /// Steps that hold for a thread are done for the calling one, which is the one that goes on: others end.
    ///
    /// # Errors
    /// As for [`spawn`](Self::spawn); also what only a child can be born into, and pipes, whose other end would be lost.
    #[doc(alias = "exec")]
    pub fn replace_caller(&self) -> Error {
        let replace = || -> Result<core::convert::Infallible, Error> {
            let born = self.namespaces != 0 || !self.numbers.is_empty() || self.cgroup.is_some();
            if born || self.parent_death.is_some() {
                return Err(Error::invalid(
                    "run",
                    self.name(),
                    "namespaces, numbers, a control group and a parent are those of a child: spawn it",
                ));
            }
            if self.streams.iter().any(|stream| matches!(stream, super::Stream::Pipe)) {
                return Err(Error::invalid("run", self.name(), "a pipe needs a parent: spawn it"));
            }
            let prepared = Prepared::of(self)?;
            let mut numbers = prepared.numbers();
            let operations = prepared.operations(self, &mut numbers)?;
            let execution = prepared.execution(self, &mut numbers)?;
            let list: Vec<(&Operation, RawFd)> =
                operations.iter().map(|(step, number)| (&step.operation, *number)).collect();
            let (at, errno) = sys::replace(&list, &execution);
            Err(match operations.get(at) {
                Some((step, _)) => self.step_failed(step, errno),
                None => self.not_run(errno),
            })
        };
        match replace() {
            Ok(never) => match never {},
            Err(error) => error,
        }
    }

    #[cold]
    fn step_failed(&self, step: &Step, errno: Errno) -> Error {
        let object = format!("{} for {}", step.object, self.name());
        match (&step.operation, errno) {
            (Operation::RootRefused, Errno::NOTRECOVERABLE) => Error::invalid(
                step.does,
                object,
                "the child keeps CAP_SETUID, with which it can become root again",
            ),
            (Operation::Filter(..), Errno::ACCESS) => Error::new(
                step.does,
                format!("{object} without no_new_privileges, which would do too"),
                Reason::PermissionDenied { capability: Some("CAP_SYS_ADMIN") },
            ),
            (Operation::Affinity(_), Errno::INVAL) => {
                Error::invalid(step.does, object, "none of them is online and allowed")
            }
            (_, errno) => Error::system(step.does, object, errno).explained(step.needs, None),
        }
    }

    #[cold]
    fn not_run(&self, errno: Errno) -> Error {
        let invalid = |accepted: &str| Error::invalid("run", self.name(), accepted);
        match (errno, &self.file) {
            (Errno::NOENT, File::Path(path)) if std::path::Path::new(path).exists() => {
                invalid("the interpreter or loader that it names is not there")
            }
            (Errno::NOENT, File::Descriptor(_)) => invalid(
                "its interpreter is not there; or it is a script, and the descriptor is closed on exec",
            ),
            (Errno::NOEXEC, _) => {
                invalid("is no program for this machine, and no script that begins with #!")
            }
            (Errno::TOOBIG, _) => invalid("arguments and environment are longer than the kernel takes"),
            (errno, _) => Error::system("run", self.name(), errno),
        }
    }

    #[cold]
    fn not_born(&self, errno: Errno) -> Error {
        let invalid = |accepted: &str| Error::invalid("start", self.name(), accepted);
        match errno {
            Errno::NOSYS => Error::new(
                "start",
                self.name(),
                Reason::NotConfigured { needs: Requirement::none().since(5, 9) },
            ),
            Errno::EXIST => invalid("a process or thread has the number already that it is to have"),
            Errno::INVAL if !self.numbers.is_empty() => invalid(
                "the numbers are no process numbers, more than there are namespaces, or not 1 for the first of one",
            ),
            Errno::INVAL => invalid("these namespaces can't be had together, or not by this kernel"),
            Errno::BUSY if self.cgroup.is_some() => {
                invalid("the control group has controllers enabled for its children: name one without")
            }
            Errno::OPNOTSUPP if self.cgroup.is_some() => {
                invalid("the control group is threaded or within one: name one of processes")
            }
            Errno::BADF if self.cgroup.is_some() => {
                invalid("the descriptor is of no control group of cgroup v2")
            }
            Errno::NOSPC | Errno::USERS => invalid(
                "there are as many namespaces as /proc/sys/user/max_*_namespaces allows, or nested too deeply",
            ),
            errno => {
                let needs = if self.numbers.is_empty() { "CAP_SYS_ADMIN" } else { "CAP_CHECKPOINT_RESTORE" };
                Error::system("start", self.name(), errno)
                    .explained(Requirement::none().capability(needs), None)
            }
        }
    }
}

/// Waits for a child that has ended.
fn reap(pid_fd: std::os::fd::OwnedFd) {
    // With SIGCHLD ignored there is nothing to wait for.
    let _ = PidFd::of_kernel(pid_fd).wait(WaitFor::ENDED | WaitFor::ANY_END_SIGNAL);
}

/// What is made for one start.
struct Prepared {
    /// Before the steps of the program.
    first: Vec<Step>,
    /// In a new user namespace.
    user_map: Vec<Step>,
    /// Its user and capabilities.
    privileges: Vec<Step>,
    /// Its descriptors.
    descriptors: Vec<Step>,
    /// At the very end.
    last: Vec<Step>,
    other_ends: [OtherEnd; 3],
    path: CString,
    arguments: Vec<CString>,
    environment: Vec<CString>,
}

impl Prepared {
    fn of(program: &Program) -> Result<Self, Error> {
        if let Some(error) = &program.refused {
            return Err(error.clone());
        }
        let mut first = vec![Step::default_signals(program.ignored)];
        if !program.ignored.is_empty() {
            first.push(Step::ignore_signals(program.ignored));
        }
        let mut descriptors = Vec::new();
        if !program.keep_others {
            descriptors.push(Step::close_others());
        }
        let mut other_ends = [OtherEnd::None, OtherEnd::None, OtherEnd::None];
        for ((stream, other_end), number) in program.streams.iter().zip(&mut other_ends).zip(0..) {
            let (own, other) = stream.open(number == 0)?;
            *other_end = other;
            descriptors.extend(own.map(|own| Step::descriptor(own, number)));
        }
        for (number, descriptor) in &program.descriptors {
            let copy = descriptor.as_fd().try_clone_to_owned().map_err(|error| {
                super::descriptors::io_error("duplicate", &format!("descriptor {number}"), &error)
            })?;
            descriptors.push(Step::descriptor(copy, number.get().cast_signed()));
        }
        let mut last = Vec::new();
        if let Some(signal) = program.parent_death {
            let own = i32::try_from(std::process::id()).ok().and_then(Pid::new);
            let own = own.ok_or_else(|| Error::new("open", "the calling process", Reason::Gone))?;
            last.push(Step::parent_death_signal(signal, PidFd::open(own)?.into()));
        }
        if program.privileges.no_new_privileges {
            last.push(Step::no_new_privileges());
        }
        last.push(Step::block_signals(program.blocked));

        let path = match &program.file {
            File::Path(path) if path.is_empty() => {
                return Err(Error::invalid("run", "", "expected the path of a program"));
            }
            File::Path(path) if !path.as_bytes().contains(&b'/') => {
                return Err(Error::invalid(
                    "run",
                    path.as_bytes(),
                    "expected a path with a slash: PATH is not searched",
                ));
            }
            File::Path(path) => c_string("run", path)?,
            File::Descriptor(_) => CString::default(),
        };
        let name = program.name();
        let zeroth = program.first_argument.as_deref().unwrap_or(match &program.file {
            File::Path(path) => path,
            File::Descriptor(_) => OsStr::new(&name),
        });
        let arguments = core::iter::once(zeroth).chain(program.arguments.iter().map(OsString::as_os_str));
        let arguments =
            arguments.map(|text| c_string("give as an argument", text)).collect::<Result<_, _>>()?;
        let environment = environment(&program.environment)?;
        let user_map = user_map(program)?;
        let privileges = program.privileges.steps()?;
        Ok(Self { first, user_map, privileges, descriptors, last, other_ends, path, arguments, environment })
    }

    /// The numbers that are taken by what the child is given.
    fn numbers(&self) -> Numbers {
        Numbers::above(self.descriptors.iter().filter_map(|step| match step.operation {
            Operation::Descriptor(_, number) => Some(number),
            _ => None,
        }))
    }

    /// All that the child does, each with the number of the descriptor that it needs.
    fn operations<'a>(
        &'a self,
        program: &'a Program,
        numbers: &mut Numbers,
    ) -> Result<Vec<(&'a Step, RawFd)>, Error> {
        self.first
            .iter()
            .chain(&program.family)
            .chain(&self.user_map)
            .chain(&program.steps)
            .chain(&program.umask)
            .chain(&self.privileges)
            .chain(&program.directory)
            .chain(&self.descriptors)
            .chain(&program.last_steps)
            .chain(&self.last)
            .chain(&program.privileges.filters)
            .map(|step| {
                let number =
                    step.operation.descriptor().map_or(Ok(-1), |descriptor| numbers.of(descriptor))?;
                Ok((step, number))
            })
            .collect()
    }

    fn execution<'a>(&'a self, program: &'a Program, numbers: &mut Numbers) -> Result<Execution<'a>, Error> {
        let descriptor = match &program.file {
            File::Path(_) => libc::AT_FDCWD,
            File::Descriptor(file) => numbers.of(file.as_fd())?,
        };
        Ok(Execution {
            descriptor,
            path: &self.path,
            arguments: &self.arguments,
            environment: &self.environment,
        })
    }
}

/// How a new user namespace knows the caller's user and group: written by the child itself, which may name no other.
fn user_map(program: &Program) -> Result<Vec<Step>, Error> {
    let Some((user, group)) = program.mapped else { return Ok(Vec::new()) };
    let (own_user, own_group) = (geteuid().as_raw(), getegid().as_raw());
    Ok(vec![
        // Without this an unprivileged process may map no group.
        Step::write_file("/proc/self/setgroups", "deny")?,
        Step::write_file("/proc/self/uid_map", format!("{user} {own_user} 1"))?,
        Step::write_file("/proc/self/gid_map", format!("{group} {own_group} 1"))?,
    ])
}

/// `NAME=value` of each variable.
fn environment(variables: &[(OsString, OsString)]) -> Result<Vec<CString>, Error> {
    let mut entries = Vec::with_capacity(variables.len());
    for (at, (name, value)) in variables.iter().enumerate() {
        // Values are not shown: they may be secrets.
        let refused = |accepted: &str| Err(Error::invalid("set the variable", name.as_bytes(), accepted));
        if name.is_empty() || name.as_bytes().contains(&b'=') {
            return refused("expected a name that is not empty and without =");
        }
        if variables[..at].iter().any(|(other, _)| other == name) {
            return refused("is set twice: programs differ in which they take");
        }
        let entry = [name.as_bytes(), b"=", value.as_bytes()].concat();
        match CString::new(entry) {
            Ok(entry) => entries.push(entry),
            Err(_) => return refused("expected name and value without the byte NUL"),
        }
    }
    Ok(entries)
}
