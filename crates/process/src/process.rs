use core::ops::Deref;

use linux_support_base::{
    Error, Machine, ParseError, Pid, Reason, Requirement,
    text::{decimal, fields},
};

use rustix::fs::{AtFlags, statat};

use crate::{
    stat::Stat,
    task::{PTRACE, Task},
};

/// A process, held by its directory of `/proc`.
///
/// What is read through it is of one process, whatever happens to the number meanwhile: see [`Task`], whose
/// methods a `Process` has.
///
/// ```
/// use linux_support_base::{Machine, Pid};
/// use linux_support_process::Process;
///
/// let machine = Machine::live()?;
/// let init = Process::open(&machine, Pid::INIT)?;
/// assert_eq!(init.stat()?.pid, Pid::INIT);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Debug)]
#[doc(alias = "/proc/PID")]
pub struct Process<'m>(Task<'m>);

impl<'m> Process<'m> {
    /// The process of this number.
    ///
    /// The number of a thread is taken too: then [`Status::process`](crate::Status::process) is another one.
    ///
    /// # Errors
    /// There is none ([`Reason::Absent`]), or the mount option `hidepid` hides it; with `hidepid=noaccess` it may not be
    /// looked at ([`Reason::PermissionDenied`]).
    pub fn open(machine: &'m Machine, pid: Pid) -> Result<Self, Error> {
        let directory = machine.directory(format!("/proc/{pid}"))?;
        // What `hidepid` hides has a directory all the same, in which nothing is found or nothing may be looked at.
        if let Some(descriptor) = directory.descriptor()
            && let Err(errno) = statat(descriptor, "stat", AtFlags::empty())
        {
            return Err(machine.explain(Error::system("open", directory.path(), errno), PTRACE));
        }
        Ok(Self(Task::new(machine, directory, pid)))
    }

    /// The process that calls this.
    ///
    /// # Errors
    /// A captured tree, whose caller has long gone; or `/proc` is of another namespace of process numbers.
    #[doc(alias = "/proc/self")]
    pub fn of_caller(machine: &'m Machine) -> Result<Self, Error> {
        let link = machine.link("/proc/self")?;
        let pid = Pid::parse(link.as_bytes()).map_err(|error| Error::malformed("/proc/self", error))?;
        Self::open(machine, pid)
    }

    /// Its threads, by number; one at least while it lives. Ones that end meanwhile may be among them.
    ///
    /// # Errors
    /// It has ended ([`Reason::Gone`]), or the directory can't be read.
    #[doc(alias = "task")]
    pub fn thread_ids(&self) -> Result<Vec<Pid>, Error> {
        let mut threads = Vec::new();
        self.directory()
            .visit("task", |name, _| threads.extend(decimal(name).ok().and_then(Pid::new)))
            .map_err(|error| self.explain(error, Requirement::none()))?;
        // A process whose last thread has ended shows an empty directory for a moment.
        threads.sort_unstable();
        Ok(threads)
    }

    /// The thread of this number.
    ///
    /// # Errors
    /// There is none in this process, or the process has ended.
    pub fn thread(&self, tid: Pid) -> Result<Thread<'m>, Error> {
        let directory = self
            .directory()
            .directory(format!("task/{tid}"))
            .map_err(|error| self.explain(error, Requirement::none()))?;
        Ok(Thread(Task::new(self.machine(), directory, tid)))
    }

    /// What each of its threads is doing, by number. Threads that end meanwhile are left out.
    ///
    /// # Errors
    /// As for [`thread_ids`](Self::thread_ids); also a thread's file that can't be read or is malformed.
    pub fn thread_stats(&self) -> Result<Vec<Stat>, Error> {
        let mut buffer = Vec::new();
        let mut stats = Vec::new();
        for tid in self.thread_ids()? {
            let name = format!("task/{tid}/stat");
            match self.directory().read_into(&name, &mut buffer) {
                Ok(()) => {}
                Err(error) if matches!(error.reason(), Reason::Absent | Reason::Gone) => continue,
                Err(error) => return Err(error),
            }
            let stat = Stat::parse(&buffer).map_err(|error| {
                let file = [self.directory().path(), b"/", name.as_bytes()].concat();
                Error::malformed(file, error.within(&buffer))
            })?;
            if self.is_whole(stat.threads) {
                stats.push(stat);
            }
        }
        // Threads are left out only while their process lives.
        self.ensure_alive()?;
        Ok(stats)
    }

    /// The processes that it has started and not waited for, by number. A list that is read while they come and go
    /// may lack some.
    ///
    /// # Errors
    /// As for [`thread_ids`](Self::thread_ids).
    ///
    /// # Kernel
    /// Since 4.2, with CONFIG_PROC_CHILDREN.
    pub fn children(&self) -> Result<Vec<Pid>, Error> {
        let needs = Requirement::none().since(4, 2).configuration("CONFIG_PROC_CHILDREN");
        let mut children = Vec::new();
        for tid in self.thread_ids()? {
            let name = format!("task/{tid}/children");
            match self.directory().parse(&name, parse_children) {
                Ok(more) => children.extend(more),
                // A thread that has ended meanwhile has given its children to another.
                Err(error)
                    if matches!(error.reason(), Reason::Absent | Reason::Gone)
                        && !self.directory().exists(format!("task/{tid}")) => {}
                Err(error) => return Err(self.explain(error, needs)),
            }
        }
        self.ensure_alive()?;
        children.sort_unstable();
        Ok(children)
    }
}

/// Reads the numbers of `/proc/PID/task/TID/children`.
fn parse_children(text: &[u8]) -> Result<Vec<Pid>, ParseError> {
    fields(text.trim_ascii()).map(Pid::parse).collect()
}

impl<'m> Deref for Process<'m> {
    type Target = Task<'m>;

    fn deref(&self) -> &Task<'m> {
        &self.0
    }
}

/// A thread of a process, held by its directory of `/proc/PID/task`.
///
/// See [`Task`], whose methods a `Thread` has.
#[derive(Debug)]
#[doc(alias = "/proc/PID/task/TID")]
pub struct Thread<'m>(Task<'m>);

impl<'m> Deref for Thread<'m> {
    type Target = Task<'m>;

    fn deref(&self) -> &Task<'m> {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_children_are_apart_by_spaces() {
        assert_eq!(
            parse_children(b"27023 27027 "),
            Ok(vec![Pid::new(27023).unwrap(), Pid::new(27027).unwrap()])
        );
        assert_eq!(parse_children(b""), Ok(Vec::new()));
        assert!(parse_children(b"1 x").is_err());
    }
}
