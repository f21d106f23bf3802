//! What to change so that CPUs are left alone.

use core::fmt;

use linux_support_base::{ByteString, Cpu, CpuSet, Pid};

/// One thing to change, so that some CPUs are left alone. `Display` says it in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case", tag = "kind"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum Remedy {
    /// Boot with a parameter that names these CPUs too.
    Boot {
        /// `isolcpus`, `nohz_full` or `rcu_nocbs`.
        parameter: &'static str,
        /// All CPUs that it is to name.
        cpus: CpuSet,
    },
    /// Move an interrupt.
    Interrupt {
        /// Its number.
        number: u32,
        /// Its handlers.
        names: Vec<ByteString>,
        /// The CPUs that are to take it.
        to: CpuSet,
    },
    /// Let new interrupts go elsewhere.
    NewInterrupts {
        /// The CPUs that are to take them.
        to: CpuSet,
    },
    /// Let the kernel do unbound work elsewhere.
    UnboundWork {
        /// The CPUs that are to do it.
        to: CpuSet,
    },
    /// Move a thread of the kernel's.
    KernelThread {
        /// Its number.
        pid: Pid,
        /// Its name.
        name: ByteString,
        /// The CPUs that it is to run on.
        to: CpuSet,
    },
    /// Let the lockup detector watch other CPUs only.
    Watchdog {
        /// The CPUs that it is to watch.
        to: CpuSet,
    },
    /// Find out what keeps the tick of a CPU that could be without.
    Tick {
        /// The CPU.
        cpu: Cpu,
        /// How often it ticked in a second.
        per_second: u64,
    },
}

impl fmt::Display for Remedy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boot { parameter, cpus } => write!(f, "boot with {parameter}={cpus}"),
            Self::Interrupt { number, names, to } => {
                let names: Vec<_> = names.iter().map(ToString::to_string).collect();
                write!(
                    f,
                    "interrupt {number} ({}): write {to} to /proc/irq/{number}/smp_affinity_list, or where that is \
                     refused, boot with isolcpus=managed_irq,…",
                    names.join(", ")
                )
            }
            Self::NewInterrupts { to } => {
                write!(f, "new interrupts: write {} to /proc/irq/default_smp_affinity", to.mask())
            }
            Self::UnboundWork { to } => {
                write!(f, "unbound work: write {} to /sys/devices/virtual/workqueue/cpumask", to.mask())
            }
            Self::KernelThread { pid, name, to } => {
                write!(
                    f,
                    "kernel thread {pid} ({name}): let it run on {to} (sched_setaffinity, taskset -pc {to} {pid})"
                )
            }
            Self::Watchdog { to } => {
                write!(f, "lockup detector: write {to} to /proc/sys/kernel/watchdog_cpumask")
            }
            Self::Tick { cpu, per_second } => write!(
                f,
                "CPU {cpu} ticks {per_second} times a second although nohz_full has it: let one thread alone run \
                 there, without timers, and no POSIX CPU timers or perf events"
            ),
        }
    }
}
