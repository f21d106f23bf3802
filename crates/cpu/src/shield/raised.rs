//! A shield that is up.

use linux_support_base::{ByteString, CpuSet, Error, LiveMachine, Pid};
use linux_support_cgroup::live::{LegacyCpusetGroup, LiveGroup};

use super::{Occupant, affinities::Affinities, legacy::LegacySeat, unified::UnifiedSeat};

/// CPUs that are kept free, until this is dropped: then those within go back to the groups that they came from, the groups
/// that were made are removed, and each thread has again the CPUs that it had, if they can be set: of a worker of the
/// kernel they can't.
#[derive(Debug)]
#[must_use = "the shield falls when this is dropped"]
pub struct RaisedShield<'m> {
    pub(super) machine: LiveMachine<'m>,
    pub(super) cpus: CpuSet,
    pub(super) rest: CpuSet,
    pub(super) seat: Seat<'m>,
    pub(super) is_up: bool,
    pub(super) before: Affinities,
    pub(super) left: Vec<Occupant>,
    /// The first process that was let in.
    pub(super) first: Option<Pid>,
}

/// In which hierarchy it is.
#[derive(Debug)]
pub(super) enum Seat<'m> {
    Unified(UnifiedSeat<'m>),
    Legacy(LegacySeat<'m>),
}

impl<'m> RaisedShield<'m> {
    /// The CPUs that are kept free.
    #[must_use]
    pub fn cpus(&self) -> &CpuSet {
        &self.cpus
    }

    /// The path of the group of those within.
    #[must_use]
    pub fn path(&self) -> &ByteString {
        match &self.seat {
            Seat::Unified(seat) => seat.group.path(),
            Seat::Legacy(seat) => seat.group.path(),
        }
    }

    /// The group of those within, if it is of version 2.
    #[must_use]
    pub fn group(&self) -> Option<&LiveGroup<'m>> {
        match &self.seat {
            Seat::Unified(seat) => Some(&seat.group),
            Seat::Legacy(_) => None,
        }
    }

    /// The group of those within, if it is of version 1.
    #[must_use]
    pub fn legacy_group(&self) -> Option<&LegacyCpusetGroup<'m>> {
        match &self.seat {
            Seat::Unified(_) => None,
            Seat::Legacy(seat) => Some(&seat.group),
        }
    }

    /// What could not be sent away when that was tried last: who it is, and why it stays.
    #[must_use]
    pub fn left(&self) -> &[Occupant] {
        &self.left
    }

    /// Sends away what has come to the CPUs since, and gives what can't be.
    ///
    /// # Errors
    /// `/proc` can't be read.
    pub fn sweep(&mut self) -> Result<&[Occupant], Error> {
        let seat = &self.seat;
        self.left = self.before.sweep(self.machine, &self.cpus, &self.rest, |groups| match seat {
            Seat::Unified(seat) => seat.has(groups),
            Seat::Legacy(seat) => seat.has(groups),
        })?;
        Ok(&self.left)
    }

    /// Lets a process with all its threads in, each of which may then run on all of the CPUs. When the shield falls, it goes
    /// back to the group that it comes from and to the CPUs that it had.
    ///
    /// # Errors
    /// There is no such process, or it can't be moved.
    pub fn take_process(&mut self, process: Pid) -> Result<(), Error> {
        let entrants = Affinities::of_process(self.machine, process)?;
        match &mut self.seat {
            Seat::Unified(seat) => seat.take(self.machine, process)?,
            Seat::Legacy(seat) => seat.take(self.machine, process)?,
        }
        self.before.admit(entrants, &self.cpus);
        self.first.get_or_insert(process);
        Ok(())
    }

    /// Lets the calling process in.
    ///
    /// # Errors
    /// As for [`take_process`](Self::take_process).
    pub fn take_caller(&mut self) -> Result<(), Error> {
        match Pid::new(std::process::id().cast_signed()) {
            Some(own) => self.take_process(own),
            None => Ok(()),
        }
    }

    /// Leaves the shield up for good. What it has changed is not remembered any more.
    pub fn keep(mut self) {
        self.is_up = false;
    }

    /// Lets it fall, and says whether everything is as before.
    ///
    /// # Errors
    /// What can't be put back, the first of it; the rest is.
    pub fn restore(mut self) -> Result<(), Error> {
        self.fall()
    }

    fn fall(&mut self) -> Result<(), Error> {
        if !core::mem::take(&mut self.is_up) {
            return Ok(());
        }
        let seat = &self.seat;
        let adopted = self.before.adopt(self.machine, &self.cpus, self.first, |groups| match seat {
            Seat::Unified(seat) => !seat.has(groups),
            Seat::Legacy(seat) => !seat.has(groups),
        });
        let fallen = match &mut self.seat {
            Seat::Unified(seat) => seat.leave(),
            Seat::Legacy(seat) => seat.leave(),
        };
        fallen.and(adopted).and(self.before.put_back(self.machine))
    }
}

impl Drop for RaisedShield<'_> {
    fn drop(&mut self) {
        let _ = self.fall();
    }
}
