//! How many CPUs a process may use.

use core::num::NonZeroUsize;

use linux_support_base::{CpuSet, Error, Machine, ParseError, Pid, Reading, syscall, text};
use linux_support_cgroup::{Controller, Hierarchies, Membership, Version};

use super::quota::{CpuQuota, file_of, place, upwards};
use crate::each;

/// The CPUs that a process may use, and what limits them.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_cpu::UsableCpus;
///
/// let usable = UsableCpus::read(&Machine::live()?)?;
/// println!("{} threads can run on {}", usable.parallelism(), usable.cpus());
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct UsableCpus {
    /// The CPUs that are online.
    pub online: CpuSet,
    /// The CPUs that the process, or the thread that asks, may run on.
    #[doc(alias = "sched_getaffinity")]
    #[doc(alias = "Cpus_allowed_list")]
    pub affinity: Reading<CpuSet>,
    /// The CPUs that the cpuset of its cgroup has; absent where there is none.
    #[doc(alias = "cpuset.cpus.effective")]
    pub cpuset: Reading<CpuSet>,
    /// The CPU time that its cgroups leave it; `None` where they do not limit it.
    pub quota: Reading<Option<CpuQuota>>,
}

impl UsableCpus {
    /// Those of the calling thread; of a captured machine, those of the process that captured it.
    ///
    /// # Errors
    /// It can't be found out which CPUs are online.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        let mut usable = Self::read_at(machine, "/proc/self")?;
        if machine.is_live() {
            usable.affinity = syscall::thread_affinity(None)
                .map_err(|errno| Error::system("read", "the CPUs of this thread", errno))
                .into();
        }
        Ok(usable)
    }

    /// Those of the process `pid`.
    ///
    /// # Errors
    /// It can't be found out which CPUs are online. What can't be read of the process is in the fields.
    pub fn read_process(machine: &Machine, pid: Pid) -> Result<Self, Error> {
        Self::read_at(machine, &format!("/proc/{pid}"))
    }

    fn read_at(machine: &Machine, process: &str) -> Result<Self, Error> {
        let memberships = machine.parse(format!("{process}/cgroup"), Membership::parse_all);
        let (cpuset, quota) = match memberships {
            Ok(memberships) => (cpuset(machine, &memberships), CpuQuota::read(machine, &memberships)),
            Err(error) => (Err(error.clone()), Err(error)),
        };
        Ok(Self {
            online: each::online(machine)?,
            affinity: machine.parse(format!("{process}/status"), parse_allowed).into(),
            cpuset: cpuset.into(),
            quota: quota.into(),
        })
    }

    /// The CPUs that are online, in the affinity and in the cpuset, as far as these are known.
    #[must_use]
    pub fn cpus(&self) -> CpuSet {
        [&self.affinity, &self.cpuset]
            .into_iter()
            .filter_map(Reading::value)
            .fold(self.online.clone(), |cpus, allowed| &cpus & allowed)
    }

    /// How many threads can run at once, and always: the number of [`cpus`](Self::cpus), or the quota rounded down where
    /// that is less, at least 1. [`std::thread::available_parallelism`] counts in the same way.
    #[must_use]
    #[doc(alias = "available_parallelism")]
    pub fn parallelism(&self) -> NonZeroUsize {
        let cpus = NonZeroUsize::new(self.cpus().len()).unwrap_or(NonZeroUsize::MIN);
        match self.quota.value() {
            Some(Some(quota)) => cpus.min(quota.rounded_down()),
            _ => cpus,
        }
    }
}

/// The CPUs of the nearest group that has a cpuset.
fn cpuset(machine: &Machine, memberships: &[Membership]) -> Result<CpuSet, Error> {
    let absent = || Error::new("find", "the cpuset", linux_support_base::Reason::Absent);
    let hierarchies = Hierarchies::read(machine)?;
    let (hierarchy, membership) = place(&hierarchies, memberships, &Controller::Cpuset).ok_or_else(absent)?;
    let file = match hierarchy.version {
        Version::V2 => "cpuset.cpus.effective",
        Version::V1 if hierarchy.is_without_prefix() => "effective_cpus",
        Version::V1 => "cpuset.effective_cpus",
    };
    for group in upwards(hierarchy, membership)? {
        match machine.parse(file_of(&group, file), CpuSet::parse_list) {
            Err(error) if error.is_absent() => {}
            found => return found,
        }
    }
    Err(absent())
}

/// The CPUs that `/proc/PID/status` names.
pub(crate) fn parse_allowed(status: &[u8]) -> Result<CpuSet, ParseError> {
    let named = text::colon_keyed(status).find(|(key, _)| *key == b"Cpus_allowed_list");
    match named {
        Some((_, Some(list))) => CpuSet::parse_list(list),
        _ => Err(ParseError::expected("Cpus_allowed_list", b"")),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn captured(files: &[(&str, &str)]) -> (tempfile::TempDir, Machine) {
        let tree = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = tree.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let machine = Machine::captured(tree.path()).unwrap();
        (tree, machine)
    }

    #[test]
    fn affinity_cpuset_and_quota_limit_together() {
        let (_tree, machine) = captured(&[
            ("sys/devices/system/cpu/online", "0-7\n"),
            ("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"),
            ("proc/self/cgroup", "0::/a/b\n"),
            ("proc/self/status", "Name:\tx\nCpus_allowed_list:\t2-5,9\n"),
            ("sys/fs/cgroup/a/cpuset.cpus.effective", "0-4\n"),
            ("sys/fs/cgroup/a/b/cpu.max", "250000 100000\n"),
            ("proc/9/status", "Name:\ty\nCpus_allowed_list:\t7\n"),
            ("proc/9/cgroup", "0::/c\n"),
        ]);
        let usable = UsableCpus::read(&machine).unwrap();
        assert_eq!((usable.cpus().to_string(), usable.parallelism().get()), ("2-4".into(), 2));
        let other = UsableCpus::read_process(&machine, Pid::new(9).unwrap()).unwrap();
        assert_eq!((other.cpus().to_string(), other.parallelism().get()), ("7".into(), 1));
        assert!(other.cpuset.is_absent() && other.quota == Reading::Value(None));
        let nobody = UsableCpus::read_process(&machine, Pid::new(10).unwrap()).unwrap();
        assert!(nobody.affinity.is_absent() && nobody.quota.is_absent());
        assert_eq!(nobody.parallelism().get(), 8);
    }

    #[test]
    fn a_status_without_the_line_or_with_a_broken_one_is_malformed() {
        assert!(parse_allowed(b"").is_err() && parse_allowed(b"Cpus_allowed_list\n").is_err());
        assert_eq!(parse_allowed(b"Cpus_allowed_list:\t0-x").unwrap_err().field(), Some("CPU list"));
        assert_eq!(parse_allowed(b"Cpus_allowed_list:\t0,2").unwrap().to_string(), "0,2");
    }
}
