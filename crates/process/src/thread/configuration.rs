use core::{fmt, time::Duration};
use std::{
    sync::mpsc,
    thread::{JoinHandle, Thread},
};

use linux_support_base::{Bytes, CpuSet, Errno, Error, Pid, Reason, SignalSet, syscall::set_thread_affinity};
use linux_support_fd::BlockedSignals;
use linux_support_memory::numa::{MemoryPolicy, set_thread_policy};
use linux_support_security::{
    Scope,
    capability::{
        Capabilities, Capability, CapabilitySet, SecureBits, clear_ambient, drop_from_bounding, raise_ambient,
    },
    seccomp,
    speculation::{Permission, Weakness},
};

use super::stack::PreparedStack;
use crate::{
    live_task::LiveTask,
    own,
    scheduling::{IoPriority, Nice, SchedulingAttributes},
};

type ThreadStep = Box<dyn FnOnce() -> Result<(), Error> + Send>;

/// What a thread is to be before its function runs. What is not named is as the spawner has it.
///
/// It is applied in the new thread, in this order: the stack, the NUMA policy, the CPUs, the priority of input and output,
/// the timer slack, the nice value, the scheduling, speculation, the [steps](Self::step), the capabilities and secure
/// bits, the blocked signals, the filters of system calls. Until then all signals are blocked there, so that none comes too
/// early. What fails is the error of [`spawn`](Self::spawn), and the function is not run.
///
/// Whether memory is taken in transparent huge pages is a matter of the whole process, not of a thread: see
/// `linux_support_memory`.
#[derive(Default)]
#[must_use = "it starts nothing before `spawn`"]
#[doc(alias = "pthread_attr_t")]
pub struct ThreadConfiguration {
    name: Option<String>,
    cpus: Option<CpuSet>,
    scheduling: Option<SchedulingAttributes>,
    nice: Option<Nice>,
    io_priority: Option<IoPriority>,
    memory_policy: Option<MemoryPolicy>,
    timer_slack: Option<Duration>,
    blocked: Option<SignalSet>,
    stack_size: Option<Bytes>,
    guard_size: Bytes,
    huge_stack: bool,
    speculation: Vec<(Weakness, Permission)>,
    capabilities: Option<Capabilities>,
    secure_bits: Option<SecureBits>,
    filters: Vec<(seccomp::Program, seccomp::Enforcement)>,
    steps: Vec<ThreadStep>,
}

/// What a thread has if nothing else is said: as the standard library's threads.
const STACK: u64 = 2 << 20;
/// Below this, what a thread does first has no room.
const LEAST_STACK: u64 = 64 << 10;

impl ThreadConfiguration {
    /// A thread that is as its spawner.
    pub fn new() -> Self {
        Self::default()
    }

    /// Its name, of 1 to 15 bytes without NUL.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// On which CPUs it may run.
    #[doc(alias = "pthread_setaffinity_np")]
    pub fn cpus(mut self, cpus: CpuSet) -> Self {
        self.cpus = Some(cpus);
        self
    }

    /// Policy, priority and whatever else the scheduler knows of it.
    pub fn scheduling(mut self, attributes: SchedulingAttributes) -> Self {
        self.scheduling = Some(attributes);
        self
    }

    /// Its nice value.
    pub fn nice(mut self, nice: Nice) -> Self {
        self.nice = Some(nice);
        self
    }

    /// The priority of its input and output.
    pub fn io_priority(mut self, priority: IoPriority) -> Self {
        self.io_priority = Some(priority);
        self
    }

    /// From which NUMA nodes it gets memory, its stack included as far as that was not used before.
    #[doc(alias = "set_mempolicy")]
    pub fn memory_policy(mut self, policy: MemoryPolicy) -> Self {
        self.memory_policy = Some(policy);
        self
    }

    /// By how much its timers may be late, from 1 ns on.
    pub fn timer_slack(mut self, slack: Duration) -> Self {
        self.timer_slack = Some(slack);
        self
    }

    /// The signals that it blocks, and no others.
    #[doc(alias = "pthread_sigmask")]
    pub fn blocked_signals(mut self, signals: impl Into<SignalSet>) -> Self {
        self.blocked = Some(signals.into() - SignalSet::OF_C_LIBRARY);
        self
    }

    /// The size of its stack, from 64 KiB on, without the guard; 2 MiB if this is not called.
    pub fn stack_size(mut self, size: Bytes) -> Self {
        self.stack_size = Some(size);
        self
    }

    /// How much below its stack may not be touched, beyond the page that the C library has there: what a function with large
    /// variables might jump over. Rounded up to pages. A thread that touches it ends the process by SIGSEGV.
    #[doc(alias = "pthread_attr_setguardsize")]
    pub fn guard_size(mut self, size: Bytes) -> Self {
        self.guard_size = size;
        self
    }

    /// Its stack is taken in transparent huge pages, where one fits and the machine allows it.
    #[doc(alias = "MADV_HUGEPAGE")]
    pub fn stack_on_huge_pages(mut self) -> Self {
        self.huge_stack = true;
        self
    }

    /// Whether the processor may speculate for it.
    #[doc(alias = "PR_SET_SPECULATION_CTRL")]
    pub fn speculation(mut self, weakness: Weakness, permission: Permission) -> Self {
        self.speculation.push((weakness, permission));
        self
    }

    /// Its five sets of capabilities, and no others: a thread's own, though most programs have one for all.
    ///
    /// # Capabilities
    /// CAP_SETPCAP, if the bounding set becomes smaller.
    #[doc(alias = "capset")]
    pub fn capabilities(mut self, capabilities: Capabilities) -> Self {
        self.capabilities = Some(capabilities);
        self
    }

    /// How the kernel treats user 0 and capabilities in it.
    ///
    /// # Capabilities
    /// CAP_SETPCAP.
    #[doc(alias = "PR_SET_SECUREBITS")]
    pub fn secure_bits(mut self, bits: SecureBits) -> Self {
        self.secure_bits = Some(bits);
        self
    }

    /// A filter of system calls, put in force last of all, after those that were added before. It must let pass what threads
    /// need to tell their spawner of it and to end (`futex`, `munmap`, `exit` …).
    ///
    /// # Capabilities
    /// CAP_SYS_ADMIN, or none with `no_new_privileges`.
    #[doc(alias = "seccomp")]
    pub fn system_call_filter(mut self, filter: seccomp::Program, how: seccomp::Enforcement) -> Self {
        self.filters.push((filter, how));
        self
    }

    /// The thread does this too, after nearly all else and after the steps that were added before; if it fails, the thread's
    /// function is not run.
    pub fn step(mut self, step: impl FnOnce() -> Result<(), Error> + Send + 'static) -> Self {
        self.steps.push(Box::new(step));
        self
    }

    /// Starts a thread that runs `function` once all of this is done, and returns then.
    ///
    /// # Errors
    /// A value that can't be used; there is no memory or thread left; what failed in the thread, which has ended.
    #[doc(alias = "pthread_create")]
    pub fn spawn<T: Send + 'static>(
        self,
        function: impl FnOnce() -> T + Send + 'static,
    ) -> Result<RunningThread<T>, Error> {
        let (size, guard) = self.stack()?;
        let mut builder = std::thread::Builder::new().stack_size(size);
        if let Some(name) = &self.name {
            if name.is_empty() || name.len() > 15 || name.contains('\0') {
                return Err(Error::invalid("name thread", name.as_str(), "1 to 15 bytes without NUL"));
            }
            builder = builder.name(name.clone());
        }
        let mask = self.blocked.map_or_else(BlockedSignals::of_thread, Ok)?;
        let (tell, told) = mpsc::sync_channel(1);
        // A thread begins with what its spawner blocks.
        let blocked = BlockedSignals::block(SignalSet::ALL)?;
        let mut this = self;
        let thread = builder.spawn(move || {
            let prepared = PreparedStack::new(guard, this.huge_stack).and_then(|stack| {
                this.apply()?;
                BlockedSignals::exactly(mask)?.keep();
                this.filters.iter().try_for_each(|(filter, how)| how.enforce(filter))?;
                Ok(stack)
            });
            match prepared {
                Ok(_stack) => {
                    let _ = tell.send(Ok(rustix::thread::gettid()));
                    Some(function())
                }
                Err(error) => {
                    let _ = tell.send(Err(error));
                    None
                }
            }
        });
        drop(blocked);
        let thread = thread.map_err(|error| {
            let errno = error.raw_os_error().map_or(Errno::NOMEM, Errno::from_raw_os_error);
            Error::system("start", "a thread", errno)
        })?;
        match told.recv() {
            Ok(Ok(tid)) => match Pid::new(tid.as_raw_nonzero().get()) {
                Some(tid) => Ok(RunningThread { tid, thread }),
                None => Err(Error::new("start", "a thread", Reason::Gone)),
            },
            Ok(Err(error)) => {
                let _ = thread.join();
                Err(error)
            }
            // A step panicked.
            Err(_) => match thread.join() {
                Ok(_) => Err(Error::new("start", "a thread", Reason::Gone)),
                Err(panic) => std::panic::resume_unwind(panic),
            },
        }
    }

    /// How much stack the C library is asked for, and how much of that is the guard.
    fn stack(&self) -> Result<(usize, usize), Error> {
        let size = self.stack_size.map_or(STACK, Bytes::get);
        let refused = |accepted: &str| Err(Error::invalid("start", "a thread", accepted));
        if size < LEAST_STACK {
            return refused("expected a stack of 64 KiB at least");
        }
        let page = rustix::param::page_size();
        let rounded = |bytes: u64| usize::try_from(bytes).ok()?.checked_next_multiple_of(page);
        let sizes = rounded(size).zip(rounded(self.guard_size.get()));
        // The C library may count its own guard as a part.
        match sizes.and_then(|(size, guard)| Some((size.checked_add(guard)?.checked_add(page)?, guard))) {
            Some(sizes) => Ok(sizes),
            None => refused("expected a stack and a guard that fit into the address space"),
        }
    }

    /// Makes the calling thread so.
    fn apply(&mut self) -> Result<(), Error> {
        let thread = LiveTask::caller();
        if let Some(policy) = &self.memory_policy {
            set_thread_policy(policy)?;
        }
        if let Some(cpus) = &self.cpus {
            set_thread_affinity(None, cpus).map_err(|errno| match errno {
                Errno::INVAL => Error::invalid(
                    "set",
                    format!("CPUs {cpus} of the thread"),
                    "none of them is online and allowed",
                ),
                errno => Error::system("set", format!("CPUs {cpus} of the thread"), errno),
            })?;
        }
        if let Some(priority) = self.io_priority {
            thread.set_io_priority(priority)?;
        }
        if let Some(slack) = self.timer_slack {
            own::set_timer_slack(Some(slack))?;
        }
        if let Some(nice) = self.nice {
            thread.set_nice(nice)?;
        }
        if let Some(attributes) = &self.scheduling {
            thread.set_scheduling(attributes)?;
        }
        for (weakness, permission) in &self.speculation {
            weakness.set(*permission, Scope::Thread)?;
        }
        self.steps.drain(..).try_for_each(|step| step())?;
        self.confine()
    }

    /// Capabilities and secure bits, in the order of capabilities(7).
    fn confine(&self) -> Result<(), Error> {
        let bits = || self.secure_bits.map_or(Ok(()), |bits| bits.apply(Scope::Thread));
        let Some(wanted) = &self.capabilities else { return bits() };
        drop_from_bounding(CapabilitySet::from_bits(!wanted.bounding.bits()), Scope::Thread)?;
        let mut able = *wanted;
        if self.secure_bits.is_some() {
            able.permitted = able.permitted.with(Capability::SETPCAP);
            able.effective = able.effective.with(Capability::SETPCAP);
        }
        able.set(Scope::Thread)?;
        clear_ambient(Scope::Thread)?;
        if !wanted.ambient.is_empty() {
            raise_ambient(wanted.ambient, Scope::Thread)?;
        }
        if self.secure_bits.is_some() {
            bits()?;
            wanted.set(Scope::Thread)?;
        }
        Ok(())
    }
}

impl fmt::Debug for ThreadConfiguration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ThreadConfiguration")
            .field("name", &self.name)
            .field("cpus", &self.cpus)
            .field("scheduling", &self.scheduling)
            .field("nice", &self.nice)
            .field("io_priority", &self.io_priority)
            .field("memory_policy", &self.memory_policy)
            .field("timer_slack", &self.timer_slack)
            .field("blocked", &self.blocked)
            .field("stack_size", &self.stack_size)
            .field("guard_size", &self.guard_size)
            .field("huge_stack", &self.huge_stack)
            .field("speculation", &self.speculation)
            .field("capabilities", &self.capabilities)
            .field("secure_bits", &self.secure_bits)
            .field("filters", &self.filters.len())
            .field("steps", &self.steps.len())
            .finish()
    }
}

/// A thread that was started by [`ThreadConfiguration::spawn`]. If this is dropped, the thread goes on.
#[derive(Debug)]
pub struct RunningThread<T> {
    tid: Pid,
    /// `None` only where `spawn` has given an error.
    thread: JoinHandle<Option<T>>,
}

impl<T> RunningThread<T> {
    /// Its number.
    #[must_use]
    #[doc(alias = "gettid")]
    pub const fn tid(&self) -> Pid {
        self.tid
    }

    /// The standard library's handle, to unpark it.
    #[must_use]
    pub fn thread(&self) -> &Thread {
        self.thread.thread()
    }

    /// Whether its function has ended.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.thread.is_finished()
    }

    /// Waits for its end, and gives what its function gave.
    ///
    /// # Errors
    /// What the function panicked with.
    pub fn join(self) -> std::thread::Result<T> {
        match self.thread.join()? {
            Some(value) => Ok(value),
            None => Err(Box::new("the thread's configuration failed")),
        }
    }
}
