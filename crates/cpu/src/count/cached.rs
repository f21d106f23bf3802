//! The counts of this machine, found once.

use core::{
    num::NonZeroUsize,
    sync::atomic::{AtomicUsize, Ordering::Relaxed},
};

use linux_support_base::{Error, Machine, syscall};

use super::{CpuCount, UsableCpus};

/// A count that is found at the first call.
struct Once(AtomicUsize);

impl Once {
    const fn new() -> Self {
        Self(AtomicUsize::new(0))
    }

    #[inline]
    fn get(&self, find: fn(&Machine) -> Result<usize, Error>) -> NonZeroUsize {
        match NonZeroUsize::new(self.0.load(Relaxed)) {
            Some(count) => count,
            None => self.found(find),
        }
    }

    #[cold]
    fn found(&self, find: fn(&Machine) -> Result<usize, Error>) -> NonZeroUsize {
        let count = Machine::live()
            .and_then(|machine| find(&machine))
            .ok()
            .and_then(NonZeroUsize::new)
            .unwrap_or_else(of_the_thread);
        self.0.store(count.get(), Relaxed);
        count
    }
}

/// What can be told where /proc and /sys can't be read.
fn of_the_thread() -> NonZeroUsize {
    let cpus = syscall::thread_affinity(None).map_or(0, |cpus| cpus.len());
    NonZeroUsize::new(cpus).unwrap_or(NonZeroUsize::MIN)
}

/// How many CPUs were online when this was first called: hardware threads, whoever may use them.
///
/// After the first call it is one load; [`CpuCount::read`] looks anew. Where `/sys` and `/proc` can't be read, it is the
/// number of CPUs that the calling thread may use.
#[inline]
#[must_use]
pub fn logical_cpus() -> NonZeroUsize {
    static COUNT: Once = Once::new();
    COUNT.get(|machine| Ok(CpuCount::read(machine)?.logical))
}

/// How many cores had a thread online when this was first called; where the kernel does not tell of every CPU which
/// core it is of, [`logical_cpus`].
///
/// After the first call it is one load; [`CpuCount::read`] looks anew.
#[inline]
#[must_use]
#[doc(alias = "get_physical")]
pub fn physical_cores() -> NonZeroUsize {
    static COUNT: Once = Once::new();
    COUNT.get(|machine| {
        let count = CpuCount::read(machine)?;
        Ok(count.cores.unwrap_or(count.logical))
    })
}

/// How many threads could run at once for the thread that first called this: [`UsableCpus::parallelism`], by its
/// affinity, the cpuset and the quota of its cgroups.
///
/// After the first call it is one load; [`UsableCpus::read`] looks anew.
#[inline]
#[must_use]
#[doc(alias = "available_parallelism")]
#[doc(alias = "num_cpus")]
pub fn usable_cpus() -> NonZeroUsize {
    static COUNT: Once = Once::new();
    COUNT.get(|machine| Ok(UsableCpus::read(machine)?.parallelism().get()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_answer_is_the_first() {
        assert_eq!(logical_cpus(), logical_cpus());
        assert_eq!(physical_cores(), physical_cores());
        assert_eq!(usable_cpus(), usable_cpus());
        assert!(physical_cores() <= logical_cpus() && usable_cpus() <= logical_cpus());
    }

    #[test]
    fn what_can_not_be_found_is_the_count_of_the_thread() {
        let none = Once::new();
        let failed = |_: &Machine| Err(Error::invalid("count", "CPUs", "nothing"));
        assert_eq!((none.get(failed), none.get(|_| Ok(9000))), (of_the_thread(), of_the_thread()));
        assert_eq!(Once::new().get(|_| Ok(0)), of_the_thread());
        assert_eq!(Once::new().get(|_| Ok(3)).get(), 3);
    }
}
