use std::collections::BTreeMap;

use linux_support_base::{CpuSet, Directory, Error, LiveMachine, Pid, Reason, text};

use super::{of_thread, set_thread};

/// Threads of another process, or all of one process, run on some CPUs only, until this is dropped: then each on those
/// from before.
///
/// Threads are told by number. One that ends and whose number another of the same process gets within the moment of a
/// call is taken for it; those of other processes are not, as long as the process is there.
#[derive(Debug)]
#[must_use = "the CPUs from before come back when this is dropped"]
pub struct TaskAffinity {
    /// That of the process: `/proc/PID`, held open.
    process: Directory,
    /// The thread, where it is about one alone.
    only: Option<Pid>,
    before: BTreeMap<Pid, CpuSet>,
}

/// How often the threads are looked through for new ones.
const PASSES: usize = 100;

impl TaskAffinity {
    /// All threads of the process `pid`, those too that it starts meanwhile, run on `cpus`.
    ///
    /// A thread that is started has the CPUs of the one that starts it: it is enough to look until there is no new one.
    ///
    /// # Errors
    /// There is no such process, it is another user's, or none of the CPUs is online and in the cpuset of one of its
    /// threads; it starts threads faster than they are found. Then those that were changed are as before.
    ///
    /// # Capabilities
    /// CAP_SYS_NICE for processes of others.
    pub fn process(machine: LiveMachine<'_>, pid: Pid, cpus: &CpuSet) -> Result<Self, Error> {
        let process = machine.directory(format!("/proc/{pid}"))?;
        Self { process, only: None, before: BTreeMap::new() }.set(cpus)
    }

    /// The thread `thread`, of whichever process, runs on `cpus`.
    ///
    /// # Errors
    /// There is no such thread, it is another user's, or none of the CPUs is online and in its cpuset.
    ///
    /// # Capabilities
    /// CAP_SYS_NICE for threads of others.
    pub fn thread(machine: LiveMachine<'_>, thread: Pid, cpus: &CpuSet) -> Result<Self, Error> {
        let process = machine.directory(format!("/proc/{thread}"))?;
        Self { process, only: Some(thread), before: BTreeMap::new() }.set(cpus)
    }

    fn set(mut self, cpus: &CpuSet) -> Result<Self, Error> {
        for _ in 0..PASSES {
            let new: Vec<_> =
                self.threads()?.into_iter().filter(|thread| !self.before.contains_key(thread)).collect();
            if new.is_empty() {
                return Ok(self);
            }
            for thread in new {
                // It is dropped on the way out, and puts back what was changed.
                let before = match of_thread(Some(thread)) {
                    Ok(before) => before,
                    Err(error) if self.is_of_a_gone_thread(&error) => continue,
                    Err(error) => return Err(error),
                };
                match set_thread(Some(thread), cpus) {
                    Ok(()) => self.before.insert(thread, before),
                    Err(error) if self.is_of_a_gone_thread(&error) => continue,
                    Err(error) => return Err(error),
                };
            }
        }
        let path = String::from_utf8_lossy(self.process.path()).into_owned();
        Err(Error::invalid("set the CPUs of", path, "it starts threads faster than they can be found"))
    }

    /// Whether one thread among several ended.
    fn is_of_a_gone_thread(&self, error: &Error) -> bool {
        self.only.is_none() && *error.reason() == Reason::Gone
    }

    /// The threads that are there now.
    fn threads(&self) -> Result<Vec<Pid>, Error> {
        if let Some(only) = self.only {
            // The directory is that of the thread which had the number at first.
            self.process.line("comm")?;
            return Ok(vec![only]);
        }
        let mut threads = Vec::new();
        self.process.visit("task", |name, _| {
            threads.extend(text::decimal(name).ok().and_then(Pid::new));
        })?;
        Ok(threads)
    }

    /// The threads that were changed, each with the CPUs that it is to have again.
    pub fn before(&self) -> impl Iterator<Item = (Pid, &CpuSet)> {
        self.before.iter().map(|(thread, cpus)| (*thread, cpus))
    }

    /// Leaves the threads where they are, for good.
    pub fn keep(mut self) {
        self.before.clear();
    }

    /// Ends it, and says whether the CPUs from before are back. Threads that were started meanwhile get those of the
    /// first thread.
    ///
    /// # Errors
    /// The CPUs of one of the threads are not allowed any more; the others have theirs again. Threads and processes that
    /// have ended are no error.
    pub fn restore(mut self) -> Result<(), Error> {
        self.put_back()
    }

    fn put_back(&mut self) -> Result<(), Error> {
        let mut before = core::mem::take(&mut self.before);
        let Some(first) = before.values().next().cloned() else { return Ok(()) };
        let (mut outcome, mut done) = (Ok(()), Vec::new());
        for _ in 0..PASSES {
            // Where the process has ended, there is nothing to put back.
            let Ok(threads) = self.threads() else { break };
            let new: Vec<_> = threads.into_iter().filter(|thread| !done.contains(thread)).collect();
            if new.is_empty() {
                break;
            }
            for thread in new {
                let cpus = before.remove(&thread).unwrap_or_else(|| first.clone());
                match set_thread(Some(thread), &cpus) {
                    Err(error) if *error.reason() != Reason::Gone => outcome = outcome.and(Err(error)),
                    _ => {}
                }
                done.push(thread);
            }
        }
        outcome
    }
}

impl Drop for TaskAffinity {
    fn drop(&mut self) {
        let _ = self.put_back();
    }
}

#[cfg(test)]
mod tests {
    use std::{
        process::{Child, Command},
        sync::{
            Barrier,
            atomic::{AtomicBool, Ordering},
        },
    };

    use linux_support_base::Machine;

    use super::*;

    struct Sleeper(Child);

    impl Sleeper {
        fn start() -> (Self, Pid) {
            let child = Command::new("sleep").arg("60").spawn().unwrap();
            let pid = Pid::new(child.id() as i32).unwrap();
            (Self(child), pid)
        }
    }

    impl Drop for Sleeper {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    #[test]
    #[cfg_attr(user_emulation, ignore = "a child has threads of the emulator before it runs its program")]
    fn another_process_and_its_thread_are_pinned_and_freed() {
        let (_sleeper, pid) = Sleeper::start();
        let machine = Machine::live().unwrap();
        let before = of_thread(Some(pid)).unwrap();
        let one = CpuSet::from(before.last().unwrap());
        for make in [TaskAffinity::process, TaskAffinity::thread] {
            let guard = make(machine.as_live().unwrap(), pid, &one).unwrap();
            assert_eq!(of_thread(Some(pid)).unwrap(), one);
            assert_eq!(guard.before().collect::<Vec<_>>(), [(pid, &before)]);
            guard.restore().unwrap();
            assert_eq!(of_thread(Some(pid)).unwrap(), before);
        }
        TaskAffinity::process(machine.as_live().unwrap(), pid, &one).unwrap().keep();
        assert_eq!(of_thread(Some(pid)).unwrap(), one);
    }

    #[test]
    fn a_process_that_is_gone_is_said_to_be_and_restoring_it_is_no_error() {
        let (sleeper, pid) = Sleeper::start();
        let machine = Machine::live().unwrap();
        let cpus = of_thread(None).unwrap();
        let guard = TaskAffinity::process(machine.as_live().unwrap(), pid, &cpus).unwrap();
        drop(sleeper);
        guard.restore().unwrap();
        let error = TaskAffinity::process(machine.as_live().unwrap(), pid, &cpus).unwrap_err();
        assert!(error.is_absent(), "{error}");
        let error = TaskAffinity::thread(machine.as_live().unwrap(), pid, &cpus).unwrap_err();
        assert!(error.is_absent(), "{error}");
    }

    #[test]
    fn cpus_that_are_not_there_change_no_thread() {
        let (_sleeper, pid) = Sleeper::start();
        let machine = Machine::live().unwrap();
        let before = of_thread(Some(pid)).unwrap();
        let none = CpuSet::from(linux_support_base::Cpu::new(60_000).unwrap());
        let error = TaskAffinity::process(machine.as_live().unwrap(), pid, &none).unwrap_err();
        assert!(error.to_string().contains(&format!("thread {pid}: none of 60000")), "{error}");
        assert_eq!(of_thread(Some(pid)).unwrap(), before);
    }

    /// In a process of its own, since it is about all threads of one.
    #[test]
    #[ignore = "is run by the test below"]
    fn threads_that_start_threads() {
        let machine = Machine::live().unwrap();
        let own = Pid::new(std::process::id() as i32).unwrap();
        let before = of_thread(None).unwrap();
        let one = CpuSet::from(before.first().unwrap());
        let (stop, started) = (AtomicBool::new(false), Barrier::new(2));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                started.wait();
                while !stop.load(Ordering::Relaxed) {
                    std::thread::spawn(|| ()).join().unwrap();
                }
            });
            started.wait();
            for _ in 0..20 {
                let guard = TaskAffinity::process(machine.as_live().unwrap(), own, &one).unwrap();
                let all: Vec<_> = std::fs::read_dir("/proc/self/task").unwrap().collect();
                for entry in all {
                    let name = entry.unwrap().file_name();
                    let thread = name.to_str().unwrap().parse().ok().and_then(Pid::new);
                    assert!(of_thread(thread).is_ok_and(|cpus| cpus == one) || of_thread(thread).is_err());
                }
                guard.restore().unwrap();
                assert_eq!(of_thread(None).unwrap(), before);
            }
            stop.store(true, Ordering::Relaxed);
        });
    }

    #[test]
    #[cfg_attr(user_emulation, ignore = "it starts its own program, which needs the emulator")]
    fn threads_that_are_started_meanwhile_are_found() {
        let output = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "affinity::task::tests::threads_that_start_threads", "--include-ignored"])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success() && text.contains("1 passed"), "{text}");
    }
}
