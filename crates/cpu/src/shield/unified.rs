//! A shield in the hierarchy of version 2: a partition.

use std::{collections::BTreeMap, thread, time::Duration};

use linux_support_base::{CpuSet, Error, LiveMachine, Pid, Reason};
use linux_support_cgroup::{
    Controller, Hierarchies, Membership, Partition, PartitionKind,
    live::{CpusetSetting, GroupName, LiveGroup},
};

use super::{RaisedShield, Shield, affinities::Affinities, raised::Seat};

/// The group of those within, and what was changed for it.
#[derive(Debug)]
pub(super) struct UnifiedSeat<'m> {
    pub(super) group: LiveGroup<'m>,
    parent: LiveGroup<'m>,
    name: GroupName,
    /// Whether the controller was switched on in the parent.
    enabled: bool,
    /// The groups above that were given CPUs for a partition, with what they had before.
    lent: Vec<(LiveGroup<'m>, CpuSet)>,
    /// Where processes came from.
    origins: BTreeMap<Pid, LiveGroup<'m>>,
}

pub(super) fn raise<'m>(
    shield: &Shield,
    parent: LiveGroup<'m>,
    name: &GroupName,
) -> Result<RaisedShield<'m>, Error> {
    let machine = parent.machine();
    let before = Affinities::of_all(machine)?;
    let enabled = !parent.enabled()?.contains(&Controller::Cpuset);
    if enabled {
        parent.enable(&[Controller::Cpuset])?;
    }
    let group = match parent.make(name) {
        Ok(group) => group,
        Err(error) => {
            if enabled {
                let _ = parent.disable(&[Controller::Cpuset]);
            }
            return Err(error);
        }
    };
    let seat = UnifiedSeat {
        group,
        parent,
        name: name.clone(),
        enabled,
        lent: Vec::new(),
        origins: BTreeMap::new(),
    };
    // From here on, it is taken back by falling.
    let mut raised = RaisedShield {
        machine,
        cpus: shield.cpus.clone(),
        rest: &crate::each::online(&machine)? - &shield.cpus,
        seat: Seat::Unified(seat),
        is_up: true,
        before,
        left: Vec::new(),
        first: None,
    };
    if let Seat::Unified(seat) = &mut raised.seat {
        seat.part(shield)?;
    }
    raised.before.narrow(&shield.cpus);
    raised.sweep()?;
    Ok(raised)
}

impl<'m> UnifiedSeat<'m> {
    /// Makes the group a partition.
    fn part(&mut self, shield: &Shield) -> Result<(), Error> {
        self.group.set(CpusetSetting::Cpus(shield.cpus.clone()))?;
        if let Some(nodes) = &shield.nodes {
            self.group.set(CpusetSetting::Nodes(nodes.clone()))?;
        }
        if !self.parent.is_root() && !is_partition(&self.parent) {
            self.borrow(&shield.cpus)?;
        }
        self.group.set(CpusetSetting::Partition(shield.kind()))?;
        // The kernel takes the word, and says afterwards whether it can be.
        match partition(&self.group)? {
            Partition { kind, invalid: None } if kind == shield.kind() => Ok(()),
            other => {
                let why = other.invalid.unwrap_or_else(|| "the kernel does not say why".into());
                let accepted = format!("CPUs that can be a partition there; the kernel says: {why}");
                Err(Error::invalid("raise a shield over", shield.cpus.to_string(), accepted))
            }
        }
    }

    /// Lets the groups from the parent up pass the CPUs on, each on top of what it passes on already.
    fn borrow(&mut self, cpus: &CpuSet) -> Result<(), Error> {
        let machine = self.parent.machine();
        let hierarchies = Hierarchies::read(&machine)?;
        let Some(unified) = hierarchies.unified() else { return Ok(()) };
        let path = self.parent.path().as_bytes().to_vec();
        let ends = path.iter().enumerate().filter(|(at, byte)| **byte == b'/' && *at > 0).map(|(at, _)| at);
        for end in ends.chain([path.len()]) {
            let group = LiveGroup::open(machine, unified, &path[..end])?;
            let before = match group.read().cpuset.into_result()?.cpus_exclusive.into_result() {
                Ok(before) => before,
                // The root of a container has no say; a kernel before 6.7 has the file nowhere.
                Err(error) if error.is_absent() || matches!(error.reason(), Reason::KernelTooOld { .. }) => {
                    let accepted = "the root or another partition as the group above, or a kernel since 6.7";
                    return Err(Error::invalid("raise a shield in", self.parent.path().clone(), accepted));
                }
                Err(error) => return Err(error),
            };
            let both = &before | cpus;
            group.set(CpusetSetting::Exclusive(both))?;
            self.lent.push((group, before));
        }
        self.group.set(CpusetSetting::Exclusive(cpus.clone()))
    }

    /// Whether one with these memberships is within.
    pub(super) fn has(&self, groups: &[Membership]) -> bool {
        let own = self.group.path().as_bytes();
        groups.iter().filter(|one| one.is_unified()).any(|one| {
            one.path
                .as_bytes()
                .strip_prefix(own)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with(b"/"))
        })
    }

    pub(super) fn take(&mut self, machine: LiveMachine<'m>, process: Pid) -> Result<(), Error> {
        let origin = LiveGroup::of_process(machine, process)?;
        self.group.take_process(process)?;
        self.origins.entry(process).or_insert(origin);
        Ok(())
    }

    /// Puts everything back.
    pub(super) fn leave(&mut self) -> Result<(), Error> {
        let mut outcome = self.empty(&self.group);
        outcome = outcome.and(self.group.set(CpusetSetting::Partition(PartitionKind::Member)));
        outcome = outcome.and(self.remove());
        for (group, before) in self.lent.drain(..).rev() {
            outcome = outcome.and(group.set(CpusetSetting::Exclusive(before)));
        }
        if self.enabled {
            outcome = outcome.and(self.parent.disable(&[Controller::Cpuset]));
        }
        outcome
    }

    /// Moves everyone in the group and below it back, those without an origin to where the others came from.
    fn empty(&self, group: &LiveGroup<'m>) -> Result<(), Error> {
        let mut outcome = Ok(());
        // Those who are being started meanwhile are seen the next time.
        for _ in 0..ROUNDS {
            let members = group.processes()?.numbers;
            if members.is_empty() {
                break;
            }
            for process in members {
                let origin = self.origins.get(&process);
                let back = match origin.map(|origin| origin.take_process(process)) {
                    Some(Ok(())) => Ok(()),
                    _ => self.parent.take_process(process).or_else(|error| {
                        self.origins
                            .values()
                            .find(|one| one.take_process(process).is_ok())
                            .map(|_| ())
                            .ok_or(error)
                    }),
                };
                match back {
                    Err(error) if *error.reason() != Reason::Gone => outcome = Err(error),
                    _ => {}
                }
            }
        }
        for name in group.children()? {
            let below = group.child(&GroupName::new(name)?)?;
            outcome = outcome.and(self.empty(&below));
        }
        outcome
    }

    /// Removes the group: one whose last process has just ended is busy for a moment.
    fn remove(&self) -> Result<(), Error> {
        let mut outcome = self.parent.remove_all(&self.name);
        for _ in 0..ROUNDS {
            match &outcome {
                Err(_) => thread::sleep(Duration::from_millis(10)),
                Ok(_) => break,
            }
            outcome = self.parent.remove_all(&self.name);
        }
        outcome.map(|_| ())
    }
}

const ROUNDS: usize = 20;

fn partition(group: &LiveGroup<'_>) -> Result<Partition, Error> {
    group.directory().parse("cpuset.cpus.partition", Partition::parse)
}

fn is_partition(group: &LiveGroup<'_>) -> bool {
    partition(group).is_ok_and(|found| {
        found.invalid.is_none() && matches!(found.kind, PartitionKind::Root | PartitionKind::Isolated)
    })
}
