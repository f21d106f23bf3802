//! Which CPUs are really left alone, by ticks, interrupts, kernel threads, deferred work and RCU, and what to change:
//! Documentation/timers/no_hz.rst, Documentation/admin-guide/kernel-per-CPU-kthreads.rst.

mod activity;
mod kernel_thread;
mod remedy;

use core::time::Duration;

use linux_support_base::{ByteString, Cpu, CpuSet, Error, Machine, ParseError, Reading, text};
use linux_support_kernel::{CommandLine, IsolatedCpus};

pub(crate) use self::kernel_thread::TaskStat;
pub use self::{
    activity::{Activity, ActivitySnapshot, CpuActivity, Occurrence},
    kernel_thread::KernelThread,
    remedy::Remedy,
};
pub(crate) use crate::count::parse_allowed;
use crate::{CpuSets, InterruptAffinities, Workqueues, each};

/// How far some CPUs are left alone, and what to change so that they are.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_cpu::isolation::Isolation;
///
/// let machine = Machine::live()?;
/// let isolation = Isolation::read(&machine, None, None)?;
/// for cpu in &isolation.cpus {
///     println!("CPU {} is {}", cpu.cpu, if cpu.is_free() { "free" } else { "not free" });
/// }
/// for remedy in isolation.remedies() {
///     println!("{remedy}");
/// }
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Isolation {
    /// The CPUs that are to be left alone and are online.
    pub cpus: Vec<CpuIsolation>,
    /// The CPUs that do the work of the machine: those online that are not to be left alone.
    pub housekeeping: CpuSet,
    /// What `isolcpus=` says, if it was given at boot: the flags too.
    pub isolcpus: Reading<Option<IsolatedCpus>>,
    /// The CPUs without a tick while they run one thread.
    pub nohz_full: Reading<CpuSet>,
    /// The CPUs whose RCU callbacks others run: by `rcu_nocbs=` and `nohz_full=` at boot.
    pub rcu_nocbs: Reading<CpuSet>,
    /// The CPUs that take new interrupts.
    pub new_interrupts: Reading<CpuSet>,
    /// The CPUs on which unbound work is done.
    pub unbound_work: Reading<CpuSet>,
    /// The CPUs that the lockup detector watches; none where it is off.
    pub watchdog: Reading<CpuSet>,
    /// For how long it was measured what comes to the CPUs.
    #[cfg_attr(
        feature = "serde",
        serde(
            rename = "measured_seconds",
            skip_serializing_if = "Option::is_none",
            serialize_with = "measured_seconds"
        )
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub measured: Option<Duration>,
}

#[cfg(feature = "serde")]
fn measured_seconds<S: serde::Serializer>(measured: &Option<Duration>, to: S) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&measured.map(|duration| duration.as_secs_f64()), to)
}

/// How far one CPU is left alone.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct CpuIsolation {
    /// The CPU.
    pub cpu: Cpu,
    /// Whether the scheduler puts no threads there by itself.
    pub is_isolated: bool,
    /// Whether its tick stops while it runs one thread.
    pub is_tickless: bool,
    /// Whether others run its RCU callbacks.
    pub is_callback_free: bool,
    /// Whether unbound work may be done there.
    pub has_unbound_work: bool,
    /// Whether the lockup detector watches it.
    pub is_watched: bool,
    /// Interrupts of devices that go there.
    pub interrupts: Vec<DeviceInterrupt>,
    /// Threads of the kernel's that may run there and could be moved.
    pub kernel_threads: Vec<KernelThread>,
    /// How many threads the kernel has for this CPU alone, which can't be moved.
    pub own_kernel_threads: usize,
    /// What came there while it was measured.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub activity: Option<CpuActivity>,
}

/// An interrupt of a device.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct DeviceInterrupt {
    /// Its number.
    pub number: u32,
    /// Its handlers.
    pub names: Vec<ByteString>,
}

impl CpuIsolation {
    /// Whether nothing that can be set disturbs it: it is isolated, without tick and callbacks, takes no device's
    /// interrupt, and neither unbound work, movable threads nor the lockup detector run there.
    #[must_use]
    pub fn is_free(&self) -> bool {
        self.is_isolated
            && self.is_tickless
            && self.is_callback_free
            && !self.has_unbound_work
            && !self.is_watched
            && self.interrupts.is_empty()
            && self.kernel_threads.is_empty()
    }
}

impl Isolation {
    /// Reads how far `cpus` are left alone; where none are given, those that were isolated or made tickless at boot.
    /// With an `activity`, also what came to them meanwhile.
    ///
    /// # Errors
    /// It can't be found out which CPUs are online, or which threads and interrupts there are; none of `cpus` is online,
    /// or no CPU would be left for the work of the machine.
    pub fn read(
        machine: &Machine,
        cpus: Option<&CpuSet>,
        activity: Option<&Activity>,
    ) -> Result<Self, Error> {
        let sets = CpuSets::read(machine);
        let online = each::online(machine)?;
        let none = CpuSet::new();
        let isolated = sets.isolated.value().unwrap_or(&none).clone();
        let tickless = sets.nohz_full.value().unwrap_or(&none).clone();
        let alone = match cpus {
            Some(cpus) => cpus & &online,
            None => &(&isolated | &tickless) & &online,
        };
        let housekeeping = &online - &alone;
        if let Some(cpus) = cpus
            && (alone.is_empty() || housekeeping.is_empty())
        {
            let accepted = format!("needs some of the CPUs {online}, which are online, and not all of them");
            return Err(Error::invalid("isolate", format!("CPUs {cpus}").into_bytes(), accepted));
        }
        let command_line = CommandLine::read(machine);
        let callback_free = command_line
            .as_ref()
            .map_err(Clone::clone)
            .and_then(|line| {
                let named = callback_free(line, &online);
                named.map_err(|error| Error::malformed("/proc/cmdline", error))
            })
            .map(|named| &named | &tickless);
        let isolcpus = command_line
            .and_then(|line| line.isolated_cpus().map_err(|error| Error::malformed("/proc/cmdline", error)));
        let affinities = InterruptAffinities::read(machine)?;
        let workqueues = Workqueues::read(machine);
        let unbound: Reading<CpuSet> = match workqueues {
            Ok(workqueues) => workqueues.cpus,
            Err(error) => Reading::Unavailable(error),
        };
        let watchdog = watchdog(machine);
        let threads = KernelThread::read_all(machine)?;
        let has = |set: &Reading<CpuSet>, cpu| set.value().is_some_and(|set| set.contains(cpu));
        let callback_free: Reading<CpuSet> = callback_free.into();
        let cpus = alone.iter().map(|cpu| CpuIsolation {
            cpu,
            is_isolated: isolated.contains(cpu),
            is_tickless: tickless.contains(cpu),
            is_callback_free: has(&callback_free, cpu),
            has_unbound_work: has(&unbound, cpu),
            is_watched: has(&watchdog, cpu),
            interrupts: affinities
                .list
                .iter()
                .filter(|affinity| {
                    // The kernel tells where it does go only on some architectures. One that was moved goes on telling
                    // the CPU from before until it comes for the next time.
                    let has = |set: &Reading<CpuSet>| set.value().is_none_or(|set| set.contains(cpu));
                    let is_known = affinity.effective.value().or(affinity.allowed.value()).is_some();
                    !affinity.actions.is_empty()
                        && is_known
                        && has(&affinity.effective)
                        && has(&affinity.allowed)
                })
                .map(|affinity| DeviceInterrupt { number: affinity.number, names: affinity.actions.clone() })
                .collect(),
            kernel_threads: threads
                .iter()
                .filter(|thread| thread.is_movable && thread.cpus.contains(cpu))
                .cloned()
                .collect(),
            own_kernel_threads: threads
                .iter()
                .filter(|thread| !thread.is_movable && thread.cpus == CpuSet::from(cpu))
                .count(),
            activity: activity.and_then(|activity| activity.of(cpu)),
        });
        Ok(Self {
            cpus: cpus.collect(),
            housekeeping,
            isolcpus: isolcpus.into(),
            nohz_full: sets.nohz_full,
            rcu_nocbs: callback_free,
            new_interrupts: affinities.default,
            unbound_work: unbound,
            watchdog,
            measured: activity.map(Activity::duration),
        })
    }

    /// What to change so that the CPUs are left alone, each thing once; nothing where all of them are free.
    #[must_use]
    pub fn remedies(&self) -> Vec<Remedy> {
        let alone: CpuSet = self.cpus.iter().map(|cpu| cpu.cpu).collect();
        if alone.is_empty() || self.housekeeping.is_empty() {
            return Vec::new();
        }
        let mut remedies = Vec::new();
        let mut boot = |parameter, is_there: fn(&CpuIsolation) -> bool| {
            if !self.cpus.iter().all(is_there) {
                remedies.push(Remedy::Boot { parameter, cpus: alone.clone() });
            }
        };
        boot("isolcpus", |cpu| cpu.is_isolated);
        boot("nohz_full", |cpu| cpu.is_tickless);
        boot("rcu_nocbs", |cpu| cpu.is_callback_free);
        let to = &self.housekeeping;
        // What stays of a set of CPUs, where the others have it too.
        let others = |set: &CpuSet| {
            let others = set - &alone;
            if others.is_empty() { to.clone() } else { others }
        };
        let reaches =
            |set: &Reading<CpuSet>| set.value().filter(|set| !(*set & &alone).is_empty()).map(others);
        remedies.extend(reaches(&self.new_interrupts).map(|to| Remedy::NewInterrupts { to }));
        remedies.extend(reaches(&self.unbound_work).map(|to| Remedy::UnboundWork { to }));
        remedies.extend(reaches(&self.watchdog).map(|to| Remedy::Watchdog { to }));
        let mut interrupts: Vec<_> = self.cpus.iter().flat_map(|cpu| &cpu.interrupts).collect();
        interrupts.sort_by_key(|interrupt| interrupt.number);
        interrupts.dedup();
        remedies.extend(interrupts.into_iter().map(|interrupt| Remedy::Interrupt {
            number: interrupt.number,
            names: interrupt.names.clone(),
            to: to.clone(),
        }));
        let mut threads: Vec<_> = self.cpus.iter().flat_map(|cpu| &cpu.kernel_threads).collect();
        threads.sort_by_key(|thread| thread.pid);
        threads.dedup();
        remedies.extend(threads.into_iter().map(|thread| Remedy::KernelThread {
            pid: thread.pid,
            name: thread.name.clone(),
            to: others(&thread.cpus),
        }));
        let seconds = self.measured.map_or(0.0, |measured| measured.as_secs_f64());
        for cpu in self.cpus.iter().filter(|cpu| cpu.is_tickless) {
            let ticks = cpu.activity.as_ref().map_or(0, |activity| activity.ticks);
            // One a second is what the kernel itself keeps at the least.
            if seconds > 0.0 && ticks as f64 > 2.0 * seconds + 1.0 {
                let per_second = (ticks as f64 / seconds).round() as u64;
                remedies.push(Remedy::Tick { cpu: cpu.cpu, per_second });
            }
        }
        remedies
    }
}

/// The CPUs that `rcu_nocbs=` names.
fn callback_free(line: &CommandLine, online: &CpuSet) -> Result<CpuSet, ParseError> {
    match line.value(b"rcu_nocbs") {
        Some(b"all") => Ok(online.clone()),
        _ => Ok(line.callback_free_cpus()?.unwrap_or_default()),
    }
}

/// The CPUs that the lockup detector watches.
fn watchdog(machine: &Machine) -> Reading<CpuSet> {
    let is_on = |name: &str| {
        machine.parse(format!("/proc/sys/kernel/{name}"), |bytes| text::boolean(text::trim(bytes)))
    };
    match is_on("watchdog") {
        Ok(false) => Reading::Value(CpuSet::new()),
        Ok(true) => machine.parse("/proc/sys/kernel/watchdog_cpumask", CpuSet::parse_list).into(),
        Err(error) => Reading::Unavailable(error),
    }
}

#[cfg(test)]
mod tests;
