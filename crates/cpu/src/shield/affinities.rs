//! Sending threads away, and having them back.

use std::collections::BTreeMap;

use linux_support_base::{CpuSet, Error, LiveMachine, Pid, Reason};
use linux_support_cgroup::Membership;

use super::{
    Occupant, OccupantKind,
    occupant::{Found, find},
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
    /// Those of all threads that may run on one of `cpus`: moving a group changes them, and older kernels forget what they
    /// were.
    pub(super) fn of_all_on(machine: LiveMachine<'_>, cpus: &CpuSet) -> Result<Self, Error> {
        let mut all = Self::default();
        for found in find(&machine, cpus, |_| false)? {
            all.remember(&found);
        }
        Ok(all)
    }

    fn remember(&mut self, found: &Found) {
        let Found { occupant, start } = found;
        let before = Before { start: *start, cpus: occupant.cpus.clone() };
        match self.0.get(&occupant.thread) {
            Some(known) if known.start == *start => {}
            _ => drop(self.0.insert(occupant.thread, before)),
        }
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
            self.remember(&found);
            let elsewhere = allowed - cpus;
            let to = if elsewhere.is_empty() { rest } else { &elsewhere };
            // Whatever can't be sent away is found again below.
            let _ = set_thread(Some(*thread), to);
        }
        Ok(find(&machine, cpus, is_inside)?.into_iter().map(|found| found.occupant).collect())
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
