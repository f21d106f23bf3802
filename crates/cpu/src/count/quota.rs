//! How much CPU time the cgroups of a process leave it.

use core::{cmp::Ordering, num::NonZeroUsize, time::Duration};

use linux_support_base::{ByteString, Error, Limit, Machine, ParseError, text};
use linux_support_cgroup::{Controller, CpuBandwidth, Hierarchies, Hierarchy, Membership, Version};

/// The least CPU time in each period that any of the groups allows which a process is in, up to the uppermost that can
/// be seen.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
#[doc(alias = "cpu.max")]
#[doc(alias = "cpu.cfs_quota_us")]
pub struct CpuQuota {
    /// How much in which period.
    pub bandwidth: CpuBandwidth,
    /// The directory of the group that says so.
    pub group: ByteString,
}

impl CpuQuota {
    /// How many CPUs' time that is, with its fraction: 1.5 for one CPU and the half of another.
    #[must_use]
    pub fn cpus(&self) -> f64 {
        self.bandwidth.cpus().unwrap_or(f64::INFINITY)
    }

    /// How many CPUs' whole time that is, at least 1: how many threads can always run, as
    /// [`std::thread::available_parallelism`] counts.
    #[must_use]
    pub fn rounded_down(&self) -> NonZeroUsize {
        self.divided(|limit, period| limit / period)
    }

    /// On how many CPUs so much time can be spent without waiting, at least 1: as the crate `num_cpus` counts.
    #[must_use]
    pub fn rounded_up(&self) -> NonZeroUsize {
        self.divided(u128::div_ceil)
    }

    fn divided(&self, divide: fn(u128, u128) -> u128) -> NonZeroUsize {
        let (limit, period) = ratio(&self.bandwidth);
        let whole = divide(limit, period.max(1)).max(1);
        usize::try_from(whole).ok().and_then(NonZeroUsize::new).unwrap_or(NonZeroUsize::MAX)
    }

    /// The quota of the groups in `memberships`; `None` where none of them has one.
    ///
    /// # Errors
    /// The mounts can't be read; the group is outside of what is mounted, or was removed.
    pub fn read(machine: &Machine, memberships: &[Membership]) -> Result<Option<Self>, Error> {
        let hierarchies = Hierarchies::read(machine)?;
        let Some((hierarchy, membership)) = place(&hierarchies, memberships, &Controller::Cpu) else {
            return Ok(None);
        };
        let mut least: Option<Self> = None;
        for group in upwards(hierarchy, membership)? {
            let Some(bandwidth) = bandwidth(machine, hierarchy.version, &group)? else { continue };
            if least.as_ref().is_none_or(|least| compare(&bandwidth, &least.bandwidth) == Ordering::Less) {
                least = Some(Self { bandwidth, group: group.into() });
            }
        }
        Ok(least)
    }
}

fn ratio(bandwidth: &CpuBandwidth) -> (u128, u128) {
    let limit = bandwidth.limit.value().map_or(u128::MAX, |limit| limit.as_micros());
    (limit, bandwidth.period.as_micros())
}

/// Which of two leaves less CPU time.
fn compare(one: &CpuBandwidth, other: &CpuBandwidth) -> Ordering {
    let ((one, of_one), (other, of_other)) = (ratio(one), ratio(other));
    // Both are microseconds, of 64 bits at most.
    one.saturating_mul(of_other).cmp(&other.saturating_mul(of_one))
}

/// The hierarchy that has `controller`, and the group in it.
pub(super) fn place<'a>(
    hierarchies: &'a Hierarchies,
    memberships: &'a [Membership],
    controller: &Controller,
) -> Option<(&'a Hierarchy, &'a Membership)> {
    let legacy = memberships.iter().find(|membership| membership.controllers.contains(controller));
    let membership = legacy.or_else(|| memberships.iter().find(|membership| membership.is_unified()))?;
    Some((hierarchies.of(membership)?, membership))
}

/// The directories of the group and of those above it, up to where the hierarchy is mounted.
pub(super) fn upwards(hierarchy: &Hierarchy, membership: &Membership) -> Result<Vec<Vec<u8>>, Error> {
    let group = hierarchy.directory_of(membership.path.as_bytes()).ok_or_else(|| {
        Error::invalid(
            "find the cgroup",
            membership.path.clone(),
            format!("only what is below {} is mounted, at {}", hierarchy.root, hierarchy.mount_point),
        )
    })?;
    let top = hierarchy.mount_point.as_bytes().len();
    let mut groups = vec![group.as_bytes().to_vec()];
    while let Some(last) = groups.last()
        && last.len() > top
        && let Some(slash) = last.iter().rposition(|&byte| byte == b'/')
        && slash > 0
    {
        groups.push(last[..slash].to_vec());
    }
    Ok(groups)
}

/// The path of `file` in the directory of a group.
pub(super) fn file_of(group: &[u8], file: &str) -> Vec<u8> {
    [group, b"/", file.as_bytes()].concat()
}

/// The limit of one group; `None` where it has none.
fn bandwidth(machine: &Machine, version: Version, group: &[u8]) -> Result<Option<CpuBandwidth>, Error> {
    let there = |result: Result<CpuBandwidth, Error>| match result {
        Ok(bandwidth) => Ok(Some(bandwidth).filter(|found| found.cpus().is_some())),
        // The root has no limit, nor has a group without the controller.
        Err(error) if error.is_absent() => Ok(None),
        Err(error) => Err(error),
    };
    match version {
        Version::V2 => there(machine.parse(file_of(group, "cpu.max"), CpuBandwidth::parse)),
        Version::V1 => {
            let microseconds = |name, parse| machine.parse(file_of(group, name), parse);
            there(microseconds("cpu.cfs_quota_us", parse_quota as fn(&[u8]) -> _).and_then(|limit| {
                let period = microseconds("cpu.cfs_period_us", parse_period)?.value().unwrap_or_default();
                Ok(CpuBandwidth { limit, period })
            }))
        }
    }
}

/// -1 stands for no limit.
fn parse_quota(bytes: &[u8]) -> Result<Limit<Duration>, ParseError> {
    match text::trim(bytes) {
        b"-1" => Ok(Limit::Max),
        _ => parse_period(bytes),
    }
}

fn parse_period(bytes: &[u8]) -> Result<Limit<Duration>, ParseError> {
    Ok(Limit::At(Duration::from_micros(text::decimal(text::trim(bytes))?)))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    fn quota(limit: &str) -> CpuQuota {
        CpuQuota { bandwidth: CpuBandwidth::parse(limit.as_bytes()).unwrap(), group: "/".into() }
    }

    fn read(files: &[(&str, &str)]) -> Result<Option<CpuQuota>, Error> {
        let tree = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = tree.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let machine = Machine::captured(tree.path()).unwrap();
        CpuQuota::read(&machine, &Membership::read_own(&machine).unwrap())
    }

    const UNIFIED: (&str, &str) =
        ("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n");

    #[test]
    fn fractions_are_rounded_as_documented() {
        for (text, cpus, down, up) in [
            ("150000 100000", 1.5, 1, 2),
            ("50000 100000", 0.5, 1, 1),
            ("200000 100000", 2.0, 2, 2),
            ("1000 1000000", 0.001, 1, 1),
        ] {
            let quota = quota(text);
            let rounded = (quota.rounded_down().get(), quota.rounded_up().get());
            assert_eq!((quota.cpus(), rounded), (cpus, (down, up)), "{text}");
        }
    }

    #[test]
    fn the_tightest_group_on_the_way_up_counts() {
        let found = read(&[
            UNIFIED,
            ("proc/self/cgroup", "0::/a/b/c\n"),
            ("sys/fs/cgroup/cpu.stat", ""),
            ("sys/fs/cgroup/a/cpu.max", "150000 100000\n"),
            ("sys/fs/cgroup/a/b/cpu.max", "400000 200000"),
            ("sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n"),
        ]);
        let found = found.unwrap().unwrap();
        assert_eq!((found.cpus(), found.group.to_string()), (1.5, "/sys/fs/cgroup/a".into()));
    }

    #[test]
    fn version_1_has_it_in_two_files() {
        let found = read(&[
            ("proc/self/mountinfo", "30 23 0:26 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu,cpuacct\n"),
            ("proc/self/cgroup", "4:cpu,cpuacct:/a/b\n1:name=systemd:/\n"),
            ("sys/fs/cgroup/cpu/a/b/cpu.cfs_quota_us", "-1\n"),
            ("sys/fs/cgroup/cpu/a/b/cpu.cfs_period_us", "100000\n"),
            ("sys/fs/cgroup/cpu/a/cpu.cfs_quota_us", "250000\n"),
            ("sys/fs/cgroup/cpu/a/cpu.cfs_period_us", "100000\n"),
            ("sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1\n"),
            ("sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000\n"),
        ]);
        assert_eq!(found.unwrap().unwrap().cpus(), 2.5);
    }

    #[test]
    fn no_limit_and_no_groups_are_no_quota_and_what_is_malformed_says_so() {
        let own = ("proc/self/cgroup", "0::/a\n");
        assert_eq!(read(&[UNIFIED, own, ("sys/fs/cgroup/a/cpu.max", "max 100000\n")]).unwrap(), None);
        assert_eq!(read(&[("proc/self/mountinfo", ""), own]).unwrap(), None);
        let error = read(&[UNIFIED, own, ("sys/fs/cgroup/a/cpu.max", "x 100000\n")]).unwrap_err();
        assert!(error.to_string().starts_with("parse /sys/fs/cgroup/a/cpu.max: line 1: limit"), "{error}");
        let error = read(&[UNIFIED, ("proc/self/cgroup", "0::/../b\n")]).unwrap_err();
        assert_eq!(error.reason().name(), "invalid");
    }

    proptest! {
        #[test]
        fn any_quota_can_be_rounded_and_compared(one: [u64; 2], other: [u64; 2]) {
            let quota = |numbers: [u64; 2]| CpuQuota {
                bandwidth: CpuBandwidth {
                    limit: Limit::At(Duration::from_micros(numbers[0])),
                    period: Duration::from_micros(numbers[1]),
                },
                group: "/".into(),
            };
            let (one, other) = (quota(one), quota(other));
            prop_assert!(one.rounded_down() <= one.rounded_up());
            let order = compare(&one.bandwidth, &other.bandwidth);
            prop_assert_eq!(order.reverse(), compare(&other.bandwidth, &one.bandwidth));
        }
    }
}
