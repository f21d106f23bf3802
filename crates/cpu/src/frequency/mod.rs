//! At what frequencies the CPUs run, and who decides.
//!
//! What is read is proven on captures of real machines. No machine that QEMU emulates scales frequencies: what is set is
//! proven on files of a driver alone.

mod change;
mod quantity;

use linux_support_base::{
    ByteString, Cpu, CpuSet, Directory, Error, Machine, ParseError, Reading, Requirement, text,
};

pub use change::{FrequencyWish, set_boost};
pub use quantity::Frequency;
pub(crate) use quantity::fixed_point;

use crate::{CPU_DIRECTORY, CpuInfo, each};

/// The frequencies of a machine's CPUs.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_cpu::Frequencies;
///
/// let frequencies = Frequencies::read(&Machine::live()?)?;
/// for policy in &frequencies.policies {
///     println!("{}: {} to {}, {}", policy.cpus, policy.minimum, policy.maximum, policy.governor);
/// }
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// Documentation/admin-guide/pm/cpufreq.rst.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Frequencies {
    /// The frequency policies: none where nothing scales the frequency, as in most virtual machines.
    pub policies: Vec<FrequencyPolicy>,
    /// What `/proc/cpuinfo` says of CPUs that have no policy.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
    pub told_by_cpuinfo: Vec<CpuFrequency>,
    /// Whether the processor may go beyond its base frequency.
    pub boost: Boost,
}

/// The frequency of one CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct CpuFrequency {
    /// The CPU.
    pub cpu: Cpu,
    /// Its frequency.
    #[cfg_attr(feature = "serde", serde(rename = "frequency_kilohertz"))]
    pub frequency: Frequency,
}

/// CPUs whose frequency is set together, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
#[doc(alias = "cpufreq")]
pub struct FrequencyPolicy {
    /// The CPUs that are online.
    #[doc(alias = "affected_cpus")]
    pub cpus: CpuSet,
    /// The CPUs, online or not.
    #[doc(alias = "related_cpus")]
    pub related: Reading<CpuSet>,
    /// The frequency that was last asked for, or on x86 the one measured of late.
    #[doc(alias = "scaling_cur_freq")]
    #[cfg_attr(feature = "serde", serde(rename = "current_kilohertz"))]
    pub current: Reading<Frequency>,
    /// The least that is asked for.
    #[doc(alias = "scaling_min_freq")]
    #[cfg_attr(feature = "serde", serde(rename = "minimum_kilohertz"))]
    pub minimum: Reading<Frequency>,
    /// The most that is asked for.
    #[doc(alias = "scaling_max_freq")]
    #[cfg_attr(feature = "serde", serde(rename = "maximum_kilohertz"))]
    pub maximum: Reading<Frequency>,
    /// The least that the hardware does.
    #[doc(alias = "cpuinfo_min_freq")]
    #[cfg_attr(feature = "serde", serde(rename = "hardware_minimum_kilohertz"))]
    pub hardware_minimum: Reading<Frequency>,
    /// The most that the hardware does, boost included.
    #[doc(alias = "cpuinfo_max_freq")]
    #[cfg_attr(feature = "serde", serde(rename = "hardware_maximum_kilohertz"))]
    pub hardware_maximum: Reading<Frequency>,
    /// The frequency without boost; some drivers tell.
    #[doc(alias = "base_frequency")]
    #[cfg_attr(feature = "serde", serde(rename = "base_kilohertz"))]
    pub base: Reading<Frequency>,
    /// Frequencies that can be asked for, where the driver has steps.
    #[doc(alias = "scaling_available_frequencies")]
    #[cfg_attr(feature = "serde", serde(rename = "available_kilohertz"))]
    pub available_frequencies: Reading<Vec<Frequency>>,
    /// The governor, or with drivers that decide by themselves their mode.
    #[doc(alias = "scaling_governor")]
    pub governor: Reading<ByteString>,
    /// The governors that can be had.
    #[doc(alias = "scaling_available_governors")]
    pub available_governors: Reading<Vec<ByteString>>,
    /// The driver.
    #[doc(alias = "scaling_driver")]
    pub driver: Reading<ByteString>,
    /// What the hardware is to prefer, speed or saving; some drivers have it.
    #[doc(alias = "energy_performance_preference")]
    pub energy_preference: Reading<ByteString>,
    /// What can be preferred.
    #[doc(alias = "energy_performance_available_preferences")]
    pub available_energy_preferences: Reading<Vec<ByteString>>,
}

/// Whether the processor may go beyond its base frequency.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
#[doc(alias = "turbo")]
pub struct Boost {
    /// Whether it may: from `cpufreq/boost`, or of intel_pstate the opposite of `no_turbo`.
    pub allowed: Reading<bool>,
    /// The mode of the driver intel_pstate or amd_pstate: `active`, `passive`, `guided`, `off`.
    pub driver_status: Reading<ByteString>,
}

impl Frequencies {
    /// Reads the policies from `/sys/devices/system/cpu/cpuN/cpufreq`, and for CPUs without one the frequency
    /// from `/proc/cpuinfo`.
    ///
    /// # Errors
    /// It can't be found out which CPUs are online.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        let online = each::online(machine)?;
        let mut policies: Vec<FrequencyPolicy> = Vec::new();
        let mut without = CpuSet::new();
        for cpu in &online {
            if policies.iter().any(|policy| policy.cpus.contains(cpu)) {
                continue;
            }
            match machine.directory(format!("{CPU_DIRECTORY}/cpu{cpu}/cpufreq")) {
                Ok(directory) => policies.push(FrequencyPolicy::read(&directory, cpu, &online)),
                Err(_) => {
                    without.insert(cpu);
                }
            }
        }
        let mut told_by_cpuinfo = Vec::new();
        if !without.is_empty()
            && let Ok(info) = CpuInfo::read(machine)
        {
            let processors = info.processors.iter().filter(|processor| without.contains(processor.cpu));
            told_by_cpuinfo.extend(processors.filter_map(|processor| {
                Some(CpuFrequency { cpu: processor.cpu, frequency: processor.frequency? })
            }));
        }
        Ok(Self { policies, told_by_cpuinfo, boost: Boost::read(machine) })
    }

    /// The frequency at which this CPU runs, as far as is known.
    #[must_use]
    pub fn current(&self, cpu: Cpu) -> Option<Frequency> {
        let policy = self.policies.iter().find(|policy| policy.cpus.contains(cpu));
        match policy {
            Some(policy) => policy.current.value().copied(),
            None => self.told_by_cpuinfo.iter().find(|told| told.cpu == cpu).map(|told| told.frequency),
        }
    }
}

impl FrequencyPolicy {
    fn read(directory: &Directory, cpu: Cpu, online: &CpuSet) -> Self {
        let frequency = |name| directory.parse(name, Frequency::parse_kilohertz).into();
        let word = |name| directory.line(name).into();
        let words = |name| {
            directory
                .parse(name, |bytes| {
                    Ok(bytes
                        .split(u8::is_ascii_whitespace)
                        .filter(|word| !word.is_empty())
                        .map(ByteString::from)
                        .collect())
                })
                .into()
        };
        let related: Reading<CpuSet> = directory.parse("related_cpus", numbers).into();
        let affected = directory.parse("affected_cpus", numbers).ok();
        let cpus = affected.or_else(|| related.value().cloned()).unwrap_or_default();
        let mut cpus = &cpus & online;
        cpus.insert(cpu);
        Self {
            cpus,
            related,
            current: frequency("scaling_cur_freq"),
            minimum: frequency("scaling_min_freq"),
            maximum: frequency("scaling_max_freq"),
            hardware_minimum: frequency("cpuinfo_min_freq"),
            hardware_maximum: frequency("cpuinfo_max_freq"),
            base: frequency("base_frequency"),
            available_frequencies: directory
                .parse("scaling_available_frequencies", |bytes| {
                    text::fields(text::trim(bytes)).map(Frequency::parse_kilohertz).collect()
                })
                .into(),
            governor: word("scaling_governor"),
            available_governors: words("scaling_available_governors"),
            driver: word("scaling_driver"),
            energy_preference: word("energy_performance_preference"),
            available_energy_preferences: words("energy_performance_available_preferences"),
        }
    }
}

/// Reads `0 1 2 3`: cpufreq's sets are not in the list format.
fn numbers(bytes: &[u8]) -> Result<CpuSet, ParseError> {
    text::fields(text::trim(bytes)).map(Cpu::parse).collect()
}

impl Boost {
    fn read(machine: &Machine) -> Self {
        let flag = |name: &str| {
            machine.parse_needing(
                format!("{CPU_DIRECTORY}/{name}"),
                Requirement::none().configuration("a cpufreq driver with boost"),
                |bytes| text::boolean(text::trim(bytes)),
            )
        };
        let allowed = match flag("intel_pstate/no_turbo") {
            Ok(no_turbo) => Ok(!no_turbo),
            Err(_) => flag("cpufreq/boost"),
        };
        let status = |name: &str| machine.line(format!("{CPU_DIRECTORY}/{name}/status"));
        Self {
            allowed: allowed.into(),
            driver_status: status("intel_pstate").or_else(|_| status("amd_pstate")).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn frequencies(files: &[(&str, &str)]) -> Frequencies {
        let tree = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = match name.strip_prefix('/') {
                Some(path) => tree.path().join(path),
                None => tree.path().join("sys/devices/system/cpu").join(name),
            };
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        Frequencies::read(&Machine::captured(tree.path()).unwrap()).unwrap()
    }

    #[test]
    fn a_policy_of_several_cpus_is_there_once() {
        let found = frequencies(&[
            ("online", "0-2\n"),
            ("cpu0/cpufreq/affected_cpus", "0 1\n"),
            ("cpu0/cpufreq/related_cpus", "0 1 3\n"),
            ("cpu0/cpufreq/scaling_cur_freq", "1400000\n"),
            ("cpu0/cpufreq/scaling_max_freq", "<unknown>\n"),
            ("cpu0/cpufreq/scaling_governor", "schedutil\n"),
            ("cpu0/cpufreq/scaling_available_governors", "performance schedutil \n"),
            ("cpu1/cpufreq/affected_cpus", "0 1\n"),
            ("intel_pstate/no_turbo", "1\n"),
            ("/proc/cpuinfo", "processor\t: 2\ncpu MHz\t\t: 800.000\n"),
        ]);
        assert_eq!(found.policies.len(), 1);
        let policy = &found.policies[0];
        assert_eq!((policy.cpus.to_string(), policy.related.to_string()), ("0-1".into(), "0-1,3".into()));
        assert_eq!(policy.available_governors.value().unwrap().len(), 2);
        assert!(policy.maximum.error().is_some_and(|error| !error.is_absent()));
        assert!(policy.base.is_absent());
        assert_eq!(found.boost.allowed, Reading::Value(false));
        let current = |number| found.current(Cpu::new(number).unwrap()).map(Frequency::megahertz);
        assert_eq!((current(1), current(2), current(3)), (Some(1400), Some(800), None));
    }

    #[test]
    fn the_sets_of_cpufreq_are_apart_by_spaces() {
        assert_eq!(numbers(b"0 1 12\n").unwrap().to_string(), "0-1,12");
        assert_eq!(numbers(b"\n").unwrap().to_string(), "");
        assert!(numbers(b"0-3\n").is_err());
    }
}
