//! A shield in a hierarchy of version 1: one group for those within, and one for all others.

use std::{collections::BTreeMap, thread, time::Duration};

use linux_support_base::{CpuSet, Error, LiveMachine, NumaNodeSet, Pid, Reason};
use linux_support_cgroup::{
    Controller, LegacyCpuset, Membership,
    live::{GroupName, LegacyCpusetGroup, LegacyCpusetSetting as Setting},
};

use super::{RaisedShield, Shield, affinities::Affinities, raised::Seat};

/// The groups, and what was changed for them.
#[derive(Debug)]
pub(super) struct LegacySeat<'m> {
    pub(super) group: LegacyCpusetGroup<'m>,
    root: LegacyCpusetGroup<'m>,
    /// The names of what was made, the last one last.
    made: Vec<GroupName>,
    /// Whether the scheduler moved threads among all CPUs.
    was_balanced: bool,
    /// Where processes came from.
    origins: BTreeMap<Pid, LegacyCpusetGroup<'m>>,
}

pub(super) fn raise<'m>(
    shield: &Shield,
    root: LegacyCpusetGroup<'m>,
    name: &GroupName,
    others: &GroupName,
) -> Result<RaisedShield<'m>, Error> {
    let machine = root.machine();
    let has = root.read();
    let (cpus, nodes) = (has.cpus.into_result()?, has.mems.into_result()?);
    let was_balanced = has.sched_load_balance.into_result()?;
    no_other_has(&root, &shield.cpus)?;
    let rest = &cpus - &shield.cpus;
    let wanted = shield.nodes.clone().unwrap_or_else(|| nodes.clone());
    let nodes_of_others = if shield.own_nodes { &nodes - &wanted } else { nodes };
    if nodes_of_others.is_empty() {
        let accepted = "not all of the memory nodes: the others need one";
        return Err(Error::invalid("raise a shield with", shield.nodes_text(), accepted));
    }
    let before = Affinities::of_all(machine)?;
    let group = root.make(name)?;
    let seat = LegacySeat { group, root, made: vec![name.clone()], was_balanced, origins: BTreeMap::new() };
    // From here on, it is taken back by falling.
    let mut raised = RaisedShield {
        machine,
        cpus: shield.cpus.clone(),
        rest: rest.clone(),
        seat: Seat::Legacy(seat),
        is_up: true,
        before,
        left: Vec::new(),
        first: None,
    };
    if let Seat::Legacy(seat) = &mut raised.seat {
        seat.part(shield, wanted, others, (rest, nodes_of_others))?;
    }
    raised.before.narrow(&shield.cpus);
    raised.sweep()?;
    Ok(raised)
}

/// That no group in the uppermost one has any of the CPUs: it would keep them.
fn no_other_has(root: &LegacyCpusetGroup<'_>, cpus: &CpuSet) -> Result<(), Error> {
    for name in root.children()? {
        let group = root.child(&GroupName::new(name)?)?;
        let LegacyCpuset { cpus: has, .. } = group.read();
        let has = has.into_result()?;
        if !has.is_disjoint(cpus) {
            let accepted = format!(
                "CPUs that no other group has; {} has {has}: narrow it or remove it first",
                group.path()
            );
            return Err(Error::invalid("raise a shield over", cpus.to_string(), accepted));
        }
    }
    Ok(())
}

impl<'m> LegacySeat<'m> {
    fn part(
        &mut self,
        shield: &Shield,
        nodes: NumaNodeSet,
        others: &GroupName,
        (rest, nodes_of_others): (CpuSet, NumaNodeSet),
    ) -> Result<(), Error> {
        let outside = self.root.make(others)?;
        self.made.push(others.clone());
        outside.set(Setting::Cpus(rest))?;
        outside.set(Setting::Nodes(nodes_of_others))?;
        outside.set(Setting::MemoryMigrate(true))?;
        // Bound threads of the kernel stay, and are found by the sweep.
        outside.take_all(&self.root)?;
        let group = &self.group;
        group.set(Setting::Cpus(shield.cpus.clone()))?;
        group.set(Setting::Nodes(nodes))?;
        group.set(Setting::MemoryMigrate(true))?;
        group.set(Setting::CpuExclusive(true))?;
        if shield.own_nodes {
            group.set(Setting::MemoryExclusive(true))?;
        }
        if !shield.is_balanced {
            group.set(Setting::LoadBalance(false))?;
        }
        // As long as the uppermost group is balanced, what those below say of it has no effect.
        self.root.set(Setting::LoadBalance(false))
    }

    /// Whether one with these memberships is within.
    pub(super) fn has(&self, groups: &[Membership]) -> bool {
        let own = self.group.path().as_bytes();
        groups.iter().filter(|one| one.controllers.contains(&Controller::Cpuset)).any(|one| {
            one.path
                .as_bytes()
                .strip_prefix(own)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
        })
    }

    pub(super) fn take(&mut self, machine: LiveMachine<'m>, process: Pid) -> Result<(), Error> {
        let origin = LegacyCpusetGroup::of_process(machine, process)?;
        self.group.take_process(process)?;
        self.origins.entry(process).or_insert(origin);
        Ok(())
    }

    /// Puts everything back.
    pub(super) fn leave(&mut self) -> Result<(), Error> {
        let mut outcome = self.root.set(Setting::LoadBalance(self.was_balanced));
        for (process, origin) in core::mem::take(&mut self.origins) {
            // Where it has ended or its group is gone, the uppermost group takes what is left.
            let is_within = self.group.threads().is_ok_and(|threads| threads.numbers.contains(&process));
            if is_within {
                let _ = origin.take_process(process);
            }
        }
        for name in core::mem::take(&mut self.made).into_iter().rev() {
            outcome = outcome.and(self.remove(&name));
        }
        outcome
    }

    fn remove(&self, name: &GroupName) -> Result<(), Error> {
        let group = self.root.child(name)?;
        empty(&self.root, &group)?;
        let mut outcome = self.root.remove(name);
        for _ in 0..ROUNDS {
            match &outcome {
                Err(error) if *error.reason() != Reason::Gone => thread::sleep(Duration::from_millis(10)),
                _ => break,
            }
            outcome = self.root.remove(name);
        }
        outcome
    }
}

const ROUNDS: usize = 20;

/// Moves all of a group and those below it to the uppermost one, and removes those below it.
fn empty(root: &LegacyCpusetGroup<'_>, group: &LegacyCpusetGroup<'_>) -> Result<(), Error> {
    root.take_all(group)?;
    for name in group.children()? {
        let name = GroupName::new(name)?;
        empty(root, &group.child(&name)?)?;
        group.remove(&name)?;
    }
    Ok(())
}
