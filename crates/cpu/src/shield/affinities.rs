//! Sending threads away, and having them back.

use std::collections::BTreeMap;

use linux_support_base::{CpuSet, Error, LiveMachine, Pid, Reason};
use linux_support_cgroup::Membership;

use super::{
    Occupant, OccupantKind,
    occupant::{Found, all as all_threads, find, of_process},
};
use crate::affinity::{of_thread, set_thread};
use crate::isolation::TaskStat;

/// The CPUs that threads had before.
#[derive(Debug, Default)]
pub(super) struct Affinities(BTreeMap<Pid, Before>);

#[derive(Debug)]
struct Before {
    start: u64,
    cpus: CpuSet,
}

impl Affinities {
    /// Those of all threads: what changes a group changes them too, and older kernels forget what they were.
    pub(super) fn of_all(machine: LiveMachine<'_>) -> Result<Self, Error> {
        let mut all = Self::default();
        for found in all_threads(&machine)? {
            all.remember_found(&found);
        }
        Ok(all)
    }

    /// Gives threads that had fewer CPUs than the others those of them again that are not among `cpus`.
    pub(super) fn narrow(&self, cpus: &CpuSet) {
        for (thread, Before { cpus: before, .. }) in &self.0 {
            let wanted = before - cpus;
            if !wanted.is_empty() && of_thread(Some(*thread)).is_ok_and(|now| now != wanted) {
                // Those that are bound can't be; they have not been moved either.
                let _ = set_thread(Some(*thread), &wanted);
            }
        }
    }

    /// Remembers what a thread had, unless that is known: another of its number is another thread.
    fn remember(&mut self, thread: Pid, before: Before) {
        if self.0.get(&thread).is_none_or(|known| known.start != before.start) {
            self.0.insert(thread, before);
        }
    }

    fn remember_found(&mut self, Found { occupant, start }: &Found) {
        self.remember(occupant.thread, Before { start: *start, cpus: occupant.cpus.clone() });
    }

    /// Sends all that may run on `cpus` and is not inside away from them, as far as it has other CPUs or can be given the
    /// `rest`, and gives those that stay.
    pub(super) fn sweep(
        &mut self,
        machine: LiveMachine<'_>,
        cpus: &CpuSet,
        rest: &CpuSet,
        is_inside: impl Fn(&[Membership]) -> bool,
    ) -> Result<Vec<Occupant>, Error> {
        for found in find(&machine, cpus, &is_inside)? {
            let Occupant { thread, kind, cpus: allowed, .. } = &found.occupant;
            if *kind == OccupantKind::BoundKernel {
                continue;
            }
            self.remember_found(&found);
            let elsewhere = allowed - cpus;
            let to = if elsewhere.is_empty() { rest } else { &elsewhere };
            // Whatever can't be sent away is found again below.
            let _ = set_thread(Some(*thread), to);
        }
        Ok(find(&machine, cpus, is_inside)?.into_iter().map(|found| found.occupant).collect())
    }

    /// Those of a process that is to be let in, by its threads.
    pub(super) fn of_process(machine: LiveMachine<'_>, process: Pid) -> Result<Self, Error> {
        let mut all = Self::default();
        for found in of_process(&machine, process, |_| true, |_| false)? {
            all.remember_found(&found);
        }
        Ok(all)
    }

    /// Lets the threads of `entrants` run on all of `cpus`, and remembers what they had: before this, if that is known.
    pub(super) fn admit(&mut self, entrants: Self, cpus: &CpuSet) {
        for (thread, before) in entrants.0 {
            // Where it can't be, the kernel has given it what is left of its own.
            let _ = set_thread(Some(thread), cpus);
            self.remember(thread, before);
        }
    }

    /// Remembers threads that were started within, which have never had other CPUs: they get those of the
    /// first process that was let in.
    pub(super) fn adopt(
        &mut self,
        machine: LiveMachine<'_>,
        cpus: &CpuSet,
        first: Option<Pid>,
        is_outside: impl Fn(&[Membership]) -> bool,
    ) -> Result<(), Error> {
        let of_first = first.and_then(|first| Some(self.0.get(&first)?.cpus.clone()));
        let Some(of_first) = of_first else { return Ok(()) };
        for Found { occupant, start } in find(&machine, cpus, is_outside)? {
            self.remember(occupant.thread, Before { start, cpus: of_first.clone() });
        }
        Ok(())
    }

    /// Gives each thread that is still there the CPUs that it had.
    pub(super) fn put_back(&mut self, machine: LiveMachine<'_>) -> Result<(), Error> {
        let mut outcome = Ok(());
        for (thread, Before { start, cpus }) in core::mem::take(&mut self.0) {
            let path = format!("/proc/{thread}/stat");
            let is_the_same = machine
                .parse_full(path, TaskStat::parse)
                .is_ok_and(|stat| stat.start == start && !stat.is_bound());
            if !is_the_same || of_thread(Some(thread)).is_ok_and(|now| now == cpus) {
                continue;
            }
            match set_thread(Some(thread), &cpus) {
                Err(error) if *error.reason() != Reason::Gone => outcome = outcome.and(Err(error)),
                _ => {}
            }
        }
        outcome
    }
}
