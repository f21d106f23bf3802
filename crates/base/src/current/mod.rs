//! The CPU and the NUMA node that the calling thread is on: [`Cpu::current`] and [`NumaNode::current`].
//!
//! Both choose once the fastest [`Way`] that this machine has, and of which the kernel says the same. What they give is
//! where the thread was a moment ago: it may have been moved since, unless it is pinned to the CPUs of one node (or to
//! one CPU). So it is a hint, for choosing among what is right on any CPU: a queue, a counter, memory that is near.
//!
//! ```
//! use linux_support_base::{Cpu, NumaNode, current::Way};
//!
//! let queues = [1, 2, 3, 4];
//! let nearest = queues[Cpu::current().number() as usize % queues.len()];
//! println!("{nearest}, near node {}, found by {:?}", NumaNode::current(), Way::of_cpu());
//! ```

mod way;

pub use way::Way;

use crate::{
    Cpu, NumaNode,
    sys::current::{Choice, Chosen},
};

/// How the CPU is found.
static CPU: Choice = Choice::new();
/// How the node is found.
static NODE: Choice = Choice::new();

impl Cpu {
    /// The CPU that the calling thread is on: a hint, unless the thread is pinned to one CPU, since it may be moved at
    /// any time. See [`mod@current`](crate::current).
    ///
    /// Where a seccomp filter refuses even getcpu(2) and there is no other way, it is CPU 0.
    #[inline]
    #[must_use]
    #[doc(alias = "sched_getcpu")]
    #[doc(alias = "getcpu")]
    pub fn current() -> Self {
        let number = match CPU.get() {
            Some(Chosen::Sequence(field)) => field.read(),
            #[cfg(target_arch = "x86_64")]
            Some(Chosen::Rdpid(rdpid)) => rdpid.read().0,
            _ => return way::other_cpu(),
        };
        // The area of a thread that has none registered holds a number that no CPU has.
        Self::new(number).unwrap_or_else(way::other_cpu)
    }
}

impl NumaNode {
    /// The node of the CPU that the calling thread is on: a hint, unless the thread is pinned to the CPUs of one node.
    /// See [`mod@current`](crate::current).
    ///
    /// Where a seccomp filter refuses even getcpu(2) and there is no other way, it is node 0.
    #[inline]
    #[must_use]
    #[doc(alias = "getcpu")]
    pub fn current() -> Self {
        let number = match NODE.get() {
            Some(Chosen::Sequence(field)) => field.read(),
            #[cfg(target_arch = "x86_64")]
            Some(Chosen::Rdpid(rdpid)) => rdpid.read().1,
            _ => return way::other_node(),
        };
        Self::new(number).unwrap_or_else(way::other_node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CpuSet, syscall};

    /// Runs `test` on each CPU that this thread may use, pinned.
    fn on_each_cpu(mut test: impl FnMut(Cpu)) {
        let all = syscall::thread_affinity(None).unwrap();
        for cpu in &all {
            syscall::set_thread_affinity(None, &CpuSet::from(cpu)).unwrap();
            test(cpu);
        }
        syscall::set_thread_affinity(None, &all).unwrap();
    }

    #[test]
    #[cfg_attr(user_emulation, ignore = "the emulator's own thread is moved, and tells of another CPU")]
    fn every_way_tells_the_cpu_that_the_thread_is_pinned_to() {
        let mut used = std::collections::BTreeSet::new();
        on_each_cpu(|cpu| {
            assert_eq!(Cpu::current(), cpu);
            for way in Way::ALL {
                if let Some(told) = way.cpu() {
                    assert_eq!(told, cpu, "{way:?}");
                    used.insert(format!("{way:?}"));
                }
            }
        });
        // What is there on every machine.
        assert!(used.contains("SystemCall") && used.contains(&format!("{:?}", Way::of_cpu())), "{used:?}");
        println!("{used:?}");
    }

    #[test]
    #[cfg_attr(user_emulation, ignore = "the emulator's own thread is moved, and tells of another CPU")]
    fn every_way_tells_the_same_node() {
        on_each_cpu(|cpu| {
            let node = Way::SystemCall.node().unwrap();
            assert_eq!(NumaNode::current(), node, "CPU {cpu}");
            for way in Way::ALL {
                assert!(way.node().is_none_or(|told| told == node), "{way:?} on CPU {cpu}");
            }
        });
    }

    mod lab {
        mod any {
            #[test]
            #[ignore = "runs in the lab: cargo xtask lab"]
            fn every_way_tells_the_cpu_and_its_node() {
                super::super::every_way_tells_the_cpu_that_the_thread_is_pinned_to();
                super::super::every_way_tells_the_same_node();
            }
        }
    }

    #[test]
    fn every_thread_finds_its_own() {
        let here = Cpu::current();
        let there = std::thread::spawn(Cpu::current).join().unwrap();
        let possible = std::fs::read("/sys/devices/system/cpu/possible").unwrap();
        let possible = CpuSet::parse_list(&possible).unwrap();
        assert!(possible.contains(here) && possible.contains(there));
    }

    #[test]
    fn a_thread_whose_area_is_not_registered_asks_in_another_way() {
        // What the kernel and the C library write there: RSEQ_CPU_ID_UNINITIALIZED, ..._REGISTRATION_FAILED.
        for not_a_cpu in [-1i32, -2] {
            assert_eq!(Cpu::new(not_a_cpu as u32), None);
        }
        assert!(Cpu::new(way::other_cpu().number()).is_some());
    }
}
