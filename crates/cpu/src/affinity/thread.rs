use core::marker::PhantomData;

use linux_support_base::{Cpu, CpuSet, Error};

use super::{of_thread, set_thread};

/// The calling thread runs on some CPUs only, until this is dropped: then on those from before.
#[derive(Debug)]
#[must_use = "the CPUs from before come back when this is dropped"]
#[doc(alias = "sched_setaffinity")]
pub struct Pinned {
    before: CpuSet,
    in_force: CpuSet,
    /// They belong to the thread.
    thread: PhantomData<*const ()>,
}

impl Pinned {
    /// To `cpus`, less those that its cpuset lacks.
    ///
    /// # Errors
    /// None of them is online and in the cpuset: then nothing is changed.
    pub fn to(cpus: &CpuSet) -> Result<Self, Error> {
        let before = of_thread(None)?;
        set_thread(None, cpus)?;
        let mut pinned = Self { before, in_force: CpuSet::new(), thread: PhantomData };
        pinned.in_force = of_thread(None)?;
        Ok(pinned)
    }

    /// To the CPU that it is on now, if it is let stay there.
    ///
    /// # Errors
    /// The CPU went offline meanwhile.
    pub fn here() -> Result<Self, Error> {
        Self::to(&Cpu::current().into())
    }

    /// To those of `cpus` on which it may run already; where there are none, it stays as it is. A wish, then, that can't
    /// be refused: [`in_force`](Self::in_force) says what came of it.
    ///
    /// # Errors
    /// The CPUs went offline meanwhile.
    pub fn preferably_to(cpus: &CpuSet) -> Result<Self, Error> {
        let allowed = of_thread(None)?;
        let both = &allowed & cpus;
        Self::to(if both.is_empty() { &allowed } else { &both })
    }

    /// The CPUs on which it runs.
    #[must_use]
    pub fn in_force(&self) -> &CpuSet {
        &self.in_force
    }

    /// The CPUs that are to come back.
    #[must_use]
    pub fn before(&self) -> &CpuSet {
        &self.before
    }

    /// Leaves the thread where it is, for good.
    pub fn keep(mut self) {
        self.before.clear();
    }

    /// Ends it, and says whether the CPUs from before are back.
    ///
    /// # Errors
    /// None of them is allowed any more.
    pub fn restore(mut self) -> Result<(), Error> {
        let before = core::mem::take(&mut self.before);
        set_thread(None, &before)
    }
}

impl Drop for Pinned {
    fn drop(&mut self) {
        if !self.before.is_empty() {
            let _ = set_thread(None, &self.before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(user_emulation, ignore = "the emulator's own thread is moved, and tells of another CPU")]
    fn the_cpus_from_before_come_back() {
        let before = of_thread(None).unwrap();
        for cpu in &before {
            let pinned = Pinned::to(&cpu.into()).unwrap();
            assert_eq!((pinned.in_force(), pinned.before()), (&CpuSet::from(cpu), &before));
            assert_eq!((Cpu::current(), of_thread(None).unwrap()), (cpu, cpu.into()));
            drop(pinned);
            assert_eq!(of_thread(None).unwrap(), before);
        }
        Pinned::here().unwrap().keep();
        assert_eq!(of_thread(None).unwrap().len(), 1);
        set_thread(None, &before).unwrap();
    }

    #[test]
    fn no_cpu_and_cpus_that_are_not_there_are_refused_and_nothing_changes() {
        let before = of_thread(None).unwrap();
        let error = Pinned::to(&CpuSet::new()).unwrap_err();
        assert!(
            error.to_string().starts_with("set the CPUs of this thread: needs a CPU at least;"),
            "{error}"
        );
        let error = Pinned::to(&Cpu::new(65_535).unwrap().into()).unwrap_err();
        assert!(error.to_string().contains("none of 65535 is online and in its cpuset; "), "{error}");
        assert_eq!(of_thread(None).unwrap(), before);
    }

    #[test]
    fn a_wish_that_can_not_be_had_changes_nothing() {
        let before = of_thread(None).unwrap();
        let pinned = Pinned::preferably_to(&Cpu::new(65_535).unwrap().into()).unwrap();
        assert_eq!(pinned.in_force(), &before);
        let first = before.first().unwrap();
        let mut wish = CpuSet::from(first);
        wish.insert(Cpu::new(65_535).unwrap());
        assert_eq!(Pinned::preferably_to(&wish).unwrap().in_force(), &CpuSet::from(first));
    }
}
