//! A value for each CPU.

use linux_support_base::{Cpu, CpuSet};

/// A value for each of some CPUs, each on cache lines of its own.
///
/// [`current`](Self::current) gives that of the CPU that the thread is on, which may have changed when it is used: what
/// several threads write stays something to be shared, such as an atomic.
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
/// use linux_support_base::Machine;
/// use linux_support_cpu::{CpuSets, PerCpu};
///
/// let possible = CpuSets::read(&Machine::live()?).possible.into_result()?;
/// let counters = PerCpu::new(&possible, |_| AtomicU64::new(0));
/// if let Some(counter) = counters.current() {
///     counter.fetch_add(1, Relaxed);
/// }
/// assert_eq!(counters.iter().map(|(_, counter)| counter.load(Relaxed)).sum::<u64>(), 1);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[doc(alias = "PerLogicalCoreData")]
pub struct PerCpu<T>(Vec<Option<Apart<T>>>);

/// Two cache lines, since processors fetch them in pairs.
#[derive(Clone, Debug)]
#[repr(align(128))]
struct Apart<T>(T);

impl<T> PerCpu<T> {
    /// What `make` gives for each of `cpus`.
    pub fn new(cpus: &CpuSet, mut make: impl FnMut(Cpu) -> T) -> Self {
        let mut all = Self::empty();
        for cpu in cpus {
            all.set(cpu, make(cpu));
        }
        all
    }

    /// For no CPU.
    #[must_use]
    pub const fn empty() -> Self {
        Self(Vec::new())
    }

    /// The value of `cpu`.
    #[inline]
    #[must_use]
    pub fn get(&self, cpu: Cpu) -> Option<&T> {
        self.0.get(cpu.number() as usize)?.as_ref().map(|value| &value.0)
    }

    /// The value of `cpu`, to be changed.
    #[inline]
    pub fn get_mut(&mut self, cpu: Cpu) -> Option<&mut T> {
        self.0.get_mut(cpu.number() as usize)?.as_mut().map(|value| &mut value.0)
    }

    /// The value of the CPU that the thread is on.
    #[inline]
    #[must_use]
    pub fn current(&self) -> Option<&T> {
        self.get(Cpu::current())
    }

    /// The value of the CPU that the thread is on, to be changed.
    #[inline]
    pub fn current_mut(&mut self) -> Option<&mut T> {
        self.get_mut(Cpu::current())
    }

    /// The value of `cpu`, or where it has none that of the CPU that the thread is on.
    #[must_use]
    pub fn get_or_current(&self, cpu: Cpu) -> Option<&T> {
        self.get(cpu).or_else(|| self.current())
    }

    /// Gives `cpu` this value, in place of the one that is returned.
    #[doc(alias = "replace")]
    pub fn set(&mut self, cpu: Cpu, value: T) -> Option<T> {
        let index = cpu.number() as usize;
        if self.0.len() <= index {
            self.0.resize_with(index + 1, || None);
        }
        self.0[index].replace(Apart(value)).map(|value| value.0)
    }

    /// Takes the value of `cpu` away.
    pub fn take(&mut self, cpu: Cpu) -> Option<T> {
        self.0.get_mut(cpu.number() as usize)?.take().map(|value| value.0)
    }

    /// The CPUs that have a value, each with it, in rising order.
    pub fn iter(&self) -> impl Iterator<Item = (Cpu, &T)> {
        self.0.iter().enumerate().filter_map(|(index, value)| Some((cpu(index)?, &value.as_ref()?.0)))
    }

    /// What `change` makes of each value.
    pub fn map<U>(self, mut change: impl FnMut(Cpu, T) -> U) -> PerCpu<U> {
        let values = self.0.into_iter().enumerate();
        PerCpu(values.map(|(index, value)| Some(Apart(change(cpu(index)?, value?.0)))).collect())
    }

    /// The CPUs that have a value.
    #[must_use]
    pub fn cpus(&self) -> CpuSet {
        self.iter().map(|(cpu, _)| cpu).collect()
    }
}

fn cpu(index: usize) -> Option<Cpu> {
    Cpu::new(u32::try_from(index).ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cpu(number: u32) -> Cpu {
        Cpu::new(number).unwrap()
    }

    #[test]
    fn each_cpu_has_its_own_value_and_others_have_none() {
        let mut values = PerCpu::new(&"1,3".parse().unwrap(), |cpu| cpu.number() * 10);
        assert_eq!((values.get(cpu(1)), values.get(cpu(2)), values.get(cpu(9))), (Some(&10), None, None));
        *values.get_mut(cpu(3)).unwrap() += 1;
        assert_eq!((values.set(cpu(3), 7), values.set(cpu(6), 8)), (Some(31), None));
        assert_eq!((values.take(cpu(1)), values.take(cpu(1)), values.take(cpu(60))), (Some(10), None, None));
        assert_eq!(values.cpus().to_string(), "3,6");
        let text = values.map(|cpu, value| format!("{cpu}: {value}"));
        assert_eq!(text.iter().map(|(_, text)| &**text).collect::<Vec<_>>(), ["3: 7", "6: 8"]);
    }

    #[test]
    fn the_value_of_the_cpu_that_runs_this_is_found() {
        let possible = CpuSet::range(cpu(0), cpu(4095));
        let mut values = PerCpu::new(&possible, |cpu| cpu);
        let own = *values.current().unwrap();
        assert!(possible.contains(own) && values.current_mut().is_some());
        assert!(values.get_or_current(cpu(5000)).is_some());
        assert_eq!(PerCpu::<u8>::empty().current(), None);
    }

    #[test]
    fn values_lie_on_cache_lines_of_their_own() {
        let values = PerCpu::new(&"0-1".parse().unwrap(), |_| 0u8);
        let place = |number| std::ptr::from_ref(values.get(cpu(number)).unwrap()).addr();
        assert!(place(1) - place(0) >= 128 && place(0).is_multiple_of(128));
    }
}
