//! Setting governors, limits, preferences and boost.

use linux_support_base::{Cpu, Errno, Error, LiveMachine, Machine, Reading, Reason, Requirement, text};

use super::{Frequency, FrequencyPolicy};
use crate::{CPU_DIRECTORY, Changed, each};

const NEEDS: Requirement =
    Requirement::none().configuration("a cpufreq driver that has it").capability("CAP_DAC_OVERRIDE");

/// What to change of the frequency policy that a CPU is in; what is not given stays. Nothing is written before all of it
/// was looked at.
///
/// ```no_run
/// use linux_support_base::{Cpu, Machine};
/// use linux_support_cpu::FrequencyWish;
///
/// let machine = Machine::live()?;
/// let wish = FrequencyWish::default().governor("performance");
/// let changed = wish.apply(machine.as_live()?, Cpu::current())?;
/// changed.restore()?;
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FrequencyWish {
    governor: Option<String>,
    minimum: Option<Frequency>,
    maximum: Option<Frequency>,
    energy_preference: Option<String>,
}

impl FrequencyWish {
    /// This governor: one of [`FrequencyPolicy::available_governors`].
    #[must_use]
    pub fn governor(mut self, governor: impl Into<String>) -> Self {
        self.governor = Some(governor.into());
        self
    }

    /// No less than this.
    #[must_use]
    pub const fn minimum(mut self, minimum: Frequency) -> Self {
        self.minimum = Some(minimum);
        self
    }

    /// No more than this.
    #[must_use]
    pub const fn maximum(mut self, maximum: Frequency) -> Self {
        self.maximum = Some(maximum);
        self
    }

    /// This preference between speed and saving: one of [`FrequencyPolicy::available_energy_preferences`], or with some
    /// drivers a number.
    #[must_use]
    pub fn energy_preference(mut self, preference: impl Into<String>) -> Self {
        self.energy_preference = Some(preference.into());
        self
    }

    /// Changes the policy that `cpu` is in, until what is returned is dropped.
    ///
    /// # Errors
    /// Nothing scales the frequency of this CPU; a governor or a preference that the driver does not have, or limits that
    /// the hardware can't hold or that cross: the error says what would be accepted. Nothing is changed then.
    ///
    /// # Capabilities
    /// Root's, to write the files.
    pub fn apply<'m>(&self, machine: LiveMachine<'m>, cpu: Cpu) -> Result<Changed<'m>, Error> {
        let writes = self.writes(&machine, cpu)?;
        Changed::write(machine, &writes).map_err(|error| match error.reason() {
            Reason::System(Errno::BUSY) => Error::invalid(
                "set",
                error.object().clone(),
                "the governor \"performance\" allows no other preference",
            ),
            _ => machine.explain(error, NEEDS),
        })
    }

    /// What is to be written where, in an order in which no limit crosses the other.
    fn writes(&self, machine: &Machine, cpu: Cpu) -> Result<Vec<(String, String)>, Error> {
        let path = format!("{CPU_DIRECTORY}/cpu{cpu}/cpufreq");
        let directory = machine.directory(&path).map_err(|error| machine.explain(error, NEEDS))?;
        let policy = FrequencyPolicy::read(&directory, cpu, &each::online(machine)?);
        let refused = |what: &str, accepted: String| {
            Error::invalid("set", format!("the {what} of CPU {cpu}").into_bytes(), accepted)
        };
        let mut writes = Vec::new();
        let mut write = |file: &str, text: String| writes.push((format!("{path}/{file}"), text));

        if let Some(governor) = &self.governor {
            let available = words(&policy.available_governors);
            if !available.iter().any(|name| name == governor) {
                let accepted = format!("there is no {governor:?}: {} can be had", available.join(", "));
                return Err(refused("governor", accepted));
            }
            write("scaling_governor", governor.clone());
        }
        if self.minimum.is_some() || self.maximum.is_some() {
            let now = |reading: &Reading<Frequency>| reading.as_result().copied().map_err(Clone::clone);
            let (low, high) = (now(&policy.minimum)?, now(&policy.maximum)?);
            let (minimum, maximum) = (self.minimum.unwrap_or(low), self.maximum.unwrap_or(high));
            if minimum > maximum {
                let accepted = format!("the minimum {minimum} is above the maximum {maximum}");
                return Err(refused("frequency", accepted));
            }
            let (least, most) = (policy.hardware_minimum.value(), policy.hardware_maximum.value());
            for wish in [self.minimum, self.maximum].into_iter().flatten() {
                if least.is_some_and(|least| wish < *least) || most.is_some_and(|most| wish > *most) {
                    let accepted = format!(
                        "{wish} is not within {} to {}",
                        policy.hardware_minimum, policy.hardware_maximum
                    );
                    return Err(refused("frequency", accepted));
                }
            }
            let minimum = ("scaling_min_freq", self.minimum);
            let maximum = ("scaling_max_freq", self.maximum);
            // Where the new minimum is above the maximum of now, that goes up first.
            let order = if self.minimum.is_some_and(|minimum| minimum > high) {
                [maximum, minimum]
            } else {
                [minimum, maximum]
            };
            for (file, wish) in order {
                if let Some(wish) = wish {
                    write(file, wish.kilohertz().to_string());
                }
            }
        }
        if let Some(preference) = &self.energy_preference {
            let available = words(&policy.available_energy_preferences);
            let is_number = text::decimal::<u8>(preference.as_bytes()).is_ok();
            if !is_number && !available.iter().any(|name| name == preference) {
                let accepted = format!("there is no {preference:?}: {} can be had", available.join(", "));
                return Err(refused("energy preference", accepted));
            }
            write("energy_performance_preference", preference.clone());
        }
        Ok(writes)
    }
}

fn words(reading: &Reading<Vec<linux_support_base::ByteString>>) -> Vec<String> {
    let words = reading.value().map(Vec::as_slice).unwrap_or_default();
    match words {
        [] => vec!["none".to_owned()],
        words => words.iter().map(ToString::to_string).collect(),
    }
}

/// Lets the processors go beyond their base frequency, or not, until what is returned is dropped.
///
/// # Errors
/// The driver has no such switch.
///
/// # Capabilities
/// Root's, to write the file.
#[doc(alias = "no_turbo")]
pub fn set_boost(machine: LiveMachine<'_>, is_allowed: bool) -> Result<Changed<'_>, Error> {
    Changed::write(machine, &[boost_write(&machine, is_allowed)])
        .map_err(|error| machine.explain(error, NEEDS))
}

fn boost_write(machine: &Machine, is_allowed: bool) -> (String, String) {
    let (file, is_set) = match machine.exists(format!("{CPU_DIRECTORY}/intel_pstate/no_turbo")) {
        true => ("intel_pstate/no_turbo", !is_allowed),
        false => ("cpufreq/boost", is_allowed),
    };
    (format!("{CPU_DIRECTORY}/{file}"), u8::from(is_set).to_string())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    fn machine(more: &[(&str, &str)]) -> (tempfile::TempDir, Machine) {
        let tree = tempfile::tempdir().unwrap();
        let files = [
            ("online", "0\n"),
            ("cpu0/cpufreq/affected_cpus", "0\n"),
            ("cpu0/cpufreq/scaling_min_freq", "800000\n"),
            ("cpu0/cpufreq/scaling_max_freq", "2000000\n"),
            ("cpu0/cpufreq/cpuinfo_min_freq", "800000\n"),
            ("cpu0/cpufreq/cpuinfo_max_freq", "4000000\n"),
            ("cpu0/cpufreq/scaling_available_governors", "performance powersave\n"),
            ("cpu0/cpufreq/energy_performance_available_preferences", "default performance power\n"),
            ("cpu1/x", ""),
        ];
        for (name, text) in files.iter().chain(more) {
            let path = tree.path().join("sys/devices/system/cpu").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let machine = Machine::captured(tree.path()).unwrap();
        (tree, machine)
    }

    fn writes(wish: &FrequencyWish) -> Result<Vec<String>, String> {
        let (_tree, machine) = machine(&[]);
        match wish.writes(&machine, Cpu::new(0).unwrap()) {
            Ok(writes) => Ok(writes
                .iter()
                .map(|(path, text)| format!("{}={text}", path.rsplit_once('/').unwrap().1))
                .collect()),
            Err(error) => Err(error.to_string()),
        }
    }

    const fn megahertz(megahertz: u64) -> Frequency {
        Frequency::from_kilohertz(megahertz * 1000)
    }

    #[test]
    fn limits_are_written_so_that_they_never_cross() {
        let wish = FrequencyWish::default();
        let up = wish.clone().minimum(megahertz(2500)).maximum(megahertz(3000));
        assert_eq!(writes(&up).unwrap(), ["scaling_max_freq=3000000", "scaling_min_freq=2500000"]);
        let down = wish.clone().minimum(megahertz(800)).maximum(megahertz(900));
        assert_eq!(writes(&down).unwrap(), ["scaling_min_freq=800000", "scaling_max_freq=900000"]);
        let words = wish.governor("performance").energy_preference("power");
        assert_eq!(
            writes(&words).unwrap(),
            ["scaling_governor=performance", "energy_performance_preference=power"]
        );
    }

    #[test]
    fn what_can_not_be_had_says_what_can() {
        let wish = FrequencyWish::default();
        for (wish, message) in [
            (
                wish.clone().governor("schedutil"),
                r#"set the governor of CPU 0: there is no "schedutil": performance, powersave can be had"#,
            ),
            (
                wish.clone().minimum(megahertz(2100)),
                "set the frequency of CPU 0: the minimum 2.1 GHz is above the maximum 2 GHz",
            ),
            (
                wish.clone().maximum(megahertz(5000)),
                "set the frequency of CPU 0: 5 GHz is not within 800 MHz to 4 GHz",
            ),
            (
                wish.clone().energy_preference("speed"),
                r#"set the energy preference of CPU 0: there is no "speed": default, performance, power can be had"#,
            ),
        ] {
            assert_eq!(writes(&wish).unwrap_err(), message);
        }
        let (_tree, machine) = machine(&[]);
        let error = wish.governor("x").writes(&machine, Cpu::new(1).unwrap()).unwrap_err();
        assert!(error.is_absent(), "{error}");
    }

    #[test]
    fn the_switch_of_intels_driver_is_the_other_way_round() {
        let (_tree, none) = machine(&[]);
        let (_tree2, intel) = machine(&[("intel_pstate/no_turbo", "0\n")]);
        assert_eq!(boost_write(&none, true), (format!("{CPU_DIRECTORY}/cpufreq/boost"), "1".into()));
        assert_eq!(boost_write(&intel, true), (format!("{CPU_DIRECTORY}/intel_pstate/no_turbo"), "0".into()));
    }

    proptest! {
        #[test]
        fn no_wish_panics_or_leaves_the_hardwares_range(minimum: Option<u32>, maximum: Option<u32>, word: String) {
            let wish = FrequencyWish {
                minimum: minimum.map(|kilohertz| Frequency::from_kilohertz(kilohertz.into())),
                maximum: maximum.map(|kilohertz| Frequency::from_kilohertz(kilohertz.into())),
                ..FrequencyWish::default()
            };
            if let Ok(writes) = writes(&wish) {
                for write in writes {
                    let number: u64 = write.split_once('=').unwrap().1.parse().unwrap();
                    prop_assert!((800_000..=4_000_000).contains(&number));
                }
            }
            let known = ["performance", "powersave"].contains(&word.as_str());
            prop_assert_eq!(writes(&FrequencyWish::default().governor(word)).is_ok(), known);
        }
    }
}
