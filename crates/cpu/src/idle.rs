//! How CPUs sleep, and how fast they must wake: Documentation/admin-guide/pm/cpuidle.rst.
//!
//! No machine that QEMU emulates has states of sleep: that they are switched off and on is proven on files of a driver
//! alone; limits of latency on real kernels.

use core::time::Duration;
use std::{
    fs::{File, OpenOptions},
    io::Write,
    os::unix::fs::FileExt,
};

use linux_support_base::{
    ByteString, Cpu, Directory, Errno, Error, LiveMachine, Machine, ParseError, Reading, Requirement,
    TemporarySetting, text,
};

use crate::{CPU_DIRECTORY, Changed, each};

const NEEDS: Requirement =
    Requirement::none().configuration("CONFIG_CPU_IDLE").capability("CAP_DAC_OVERRIDE");

/// How the CPUs of a machine sleep.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_cpu::Idle;
///
/// let idle = Idle::read(&Machine::live()?)?;
/// for (cpu, states) in &idle.cpus {
///     for state in states {
///         println!("CPU {cpu}: {} wakes within {:?}", state.name, state.latency);
///     }
/// }
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
#[doc(alias = "cpuidle")]
pub struct Idle {
    /// The driver: `intel_idle`, `acpi_idle`, `haltpoll`, `none`.
    pub driver: Reading<ByteString>,
    /// The governor that picks a state.
    pub governor: Reading<ByteString>,
    /// The states of each CPU that is online, the lightest first; none where it has no driver.
    pub cpus: Vec<(Cpu, Vec<IdleState>)>,
}

/// A way for a CPU to sleep.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct IdleState {
    /// Its number.
    pub index: u32,
    /// Its name: `POLL`, `C1E`.
    pub name: Reading<ByteString>,
    /// A longer description.
    pub description: Reading<ByteString>,
    /// How long it takes at most to wake.
    pub latency: Reading<Duration>,
    /// How long it must last to be worth it.
    pub residency: Reading<Duration>,
    /// How often it was entered.
    pub usage: Reading<u64>,
    /// How long the CPU was in it, together.
    pub time: Reading<Duration>,
    /// How often the kernel was asked for it and did not enter it.
    ///
    /// # Kernel
    /// Since 5.9.
    pub rejected: Reading<u64>,
    /// Whether it is switched off.
    pub is_disabled: Reading<bool>,
}

impl Idle {
    /// Reads the states of all CPUs that are online.
    ///
    /// # Errors
    /// It can't be found out which CPUs are online.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        let word = |name: &str| -> Reading<ByteString> {
            machine
                .line(format!("{CPU_DIRECTORY}/cpuidle/{name}"))
                .map_err(|error| machine.explain(error, NEEDS))
                .into()
        };
        let governor = match word("current_governor") {
            Reading::Unavailable(error) if error.is_absent() => word("current_governor_ro"),
            governor => governor,
        };
        let mut cpus = Vec::new();
        for cpu in &each::online(machine)? {
            let states = match machine.directory(format!("{CPU_DIRECTORY}/cpu{cpu}/cpuidle")) {
                Ok(directory) => IdleState::read_all(&directory)?,
                // It has no driver.
                Err(_) => Vec::new(),
            };
            cpus.push((cpu, states));
        }
        Ok(Self { driver: word("current_driver"), governor, cpus })
    }
}

impl IdleState {
    fn read_all(directory: &Directory) -> Result<Vec<Self>, Error> {
        let mut indices = Vec::new();
        directory.visit("", |name, _| indices.extend(each::numbered(name, b"state")))?;
        indices.sort_unstable();
        Ok(indices.into_iter().map(|index| Self::read(directory, index)).collect())
    }

    fn read(directory: &Directory, index: u32) -> Self {
        let file = |name: &str| format!("state{index}/{name}");
        let number = |name| directory.parse(file(name), |bytes| text::decimal(text::trim(bytes))).into();
        let time = |name| -> Reading<Duration> { directory.parse(file(name), microseconds).into() };
        Self {
            index,
            name: directory.line(file("name")).into(),
            description: directory.line(file("desc")).into(),
            latency: time("latency"),
            residency: time("residency"),
            usage: number("usage"),
            time: time("time"),
            rejected: number("rejected"),
            is_disabled: directory.parse(file("disable"), |bytes| text::boolean(text::trim(bytes))).into(),
        }
    }
}

fn microseconds(bytes: &[u8]) -> Result<Duration, ParseError> {
    Ok(Duration::from_micros(text::decimal(text::trim(bytes))?))
}

/// Switches off the idle states of `cpu` that take longer than `latency` to wake, and on the others, until what is
/// returned is dropped.
///
/// # Errors
/// The CPU has no idle states.
///
/// # Capabilities
/// Root's, to write the files.
pub fn limit_states<'m>(machine: LiveMachine<'m>, cpu: Cpu, latency: Duration) -> Result<Changed<'m>, Error> {
    Changed::write(machine, &state_writes(&machine, cpu, latency)?)
        .map_err(|error| machine.explain(error, NEEDS))
}

fn state_writes(machine: &Machine, cpu: Cpu, latency: Duration) -> Result<Vec<(String, String)>, Error> {
    let path = format!("{CPU_DIRECTORY}/cpu{cpu}/cpuidle");
    let directory = machine.directory(&path).map_err(|error| machine.explain(error, NEEDS))?;
    let mut writes = Vec::new();
    for state in IdleState::read_all(&directory)? {
        let is_slow = state.latency.into_result()? > latency;
        if state.is_disabled.into_result()? != is_slow {
            writes.push((format!("{path}/state{}/disable", state.index), u8::from(is_slow).to_string()));
        }
    }
    Ok(writes)
}

/// What a CPU may take to wake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[doc(alias = "pm_qos_resume_latency_us")]
pub enum ResumeLatency {
    /// Anything.
    Any,
    /// No more than this, in whole microseconds.
    AtMost(Duration),
    /// Nothing: it never sleeps.
    None,
}

impl ResumeLatency {
    /// Reads the file `pm_qos_resume_latency_us`: microseconds, of which 0 stands for any, or `n/a` for none.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        match text::trim(bytes) {
            b"n/a" => Ok(Self::None),
            b"0" => Ok(Self::Any),
            bytes => Ok(Self::AtMost(microseconds(bytes)?)),
        }
    }

    /// Reads that of `cpu`.
    ///
    /// # Errors
    /// There is no such CPU, or the kernel has no such limit.
    pub fn read(machine: &Machine, cpu: Cpu) -> Result<Self, Error> {
        machine.parse_needing(Self::path(cpu), Requirement::none().configuration("CONFIG_PM"), Self::parse)
    }

    fn path(cpu: Cpu) -> String {
        format!("{CPU_DIRECTORY}/cpu{cpu}/power/pm_qos_resume_latency_us")
    }

    /// The text for the file.
    fn text(self) -> Result<String, Error> {
        match self {
            Self::Any => Ok("0".into()),
            Self::None => Ok("n/a".into()),
            Self::AtMost(latency) => match i32::try_from(latency.as_micros()) {
                Ok(microseconds @ 1..) => Ok(microseconds.to_string()),
                _ => Err(Error::invalid(
                    "limit the latency to",
                    format!("{latency:?}").into_bytes(),
                    "needs 1 us to 2147 s: `None` is for no latency at all",
                )),
            },
        }
    }

    /// Sets it for `cpu`, until what is returned is dropped.
    ///
    /// # Errors
    /// There is no such CPU; less than a microsecond, or more than fits.
    ///
    /// # Capabilities
    /// Root's, to write the file.
    pub fn set<'m>(self, machine: LiveMachine<'m>, cpu: Cpu) -> Result<TemporarySetting<'m>, Error> {
        machine.write_for_now(Self::path(cpu), self.text()?).map_err(|error| machine.explain(error, NEEDS))
    }
}

/// A limit on how long any CPU takes to wake, for as long as this is there: `/dev/cpu_dma_latency`.
///
/// # Source
/// Documentation/power/pm_qos_interface.rst.
#[derive(Debug)]
#[must_use = "the limit ends when this is dropped"]
#[doc(alias = "cpu_dma_latency")]
#[doc(alias = "PM_QOS_CPU_DMA_LATENCY")]
pub struct LatencyLimit {
    file: File,
    latency: Duration,
}

impl LatencyLimit {
    const PATH: &str = "/dev/cpu_dma_latency";

    /// No CPU takes longer to wake than `latency`, in whole microseconds; with 0, none sleeps but by polling.
    ///
    /// # Errors
    /// The limit does not fit in 32 bits; the kernel has none (`CONFIG_CPU_IDLE`); it may not be set.
    ///
    /// # Capabilities
    /// Root's, to open the device.
    pub fn hold(latency: Duration) -> Result<Self, Error> {
        let Ok(microseconds) = i32::try_from(latency.as_micros()) else {
            let object = format!("{latency:?}").into_bytes();
            return Err(Error::invalid("limit the latency to", object, "needs at most 2147 s"));
        };
        let mut file = OpenOptions::new().read(true).write(true).open(Self::PATH).map_err(failed("open"))?;
        file.write_all(&microseconds.to_ne_bytes()).map_err(failed("write"))?;
        Ok(Self { file, latency: Duration::from_micros(microseconds as u64) })
    }

    /// What was asked for.
    #[must_use]
    pub const fn latency(&self) -> Duration {
        self.latency
    }

    /// What is in force: the least that any program asked for.
    ///
    /// # Errors
    /// The device can't be read.
    pub fn in_force(&self) -> Result<Duration, Error> {
        let mut bytes = [0; 4];
        // What was written or read before has moved the file's position.
        self.file.read_exact_at(&mut bytes, 0).map_err(failed("read"))?;
        Ok(Duration::from_micros(u64::try_from(i32::from_ne_bytes(bytes)).unwrap_or(0)))
    }
}

fn failed(operation: &'static str) -> impl Fn(std::io::Error) -> Error {
    move |error| {
        let errno = error.raw_os_error().map_or(Errno::IO, Errno::from_raw_os_error);
        Error::system(operation, LatencyLimit::PATH, errno).explained(NEEDS, None)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    fn machine() -> (tempfile::TempDir, Machine) {
        let tree = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("online", "0-1\n"),
            ("cpuidle/current_driver", "intel_idle\n"),
            ("cpuidle/current_governor_ro", "menu\n"),
            ("cpu0/cpuidle/state0/name", "POLL\n"),
            ("cpu0/cpuidle/state0/latency", "0\n"),
            ("cpu0/cpuidle/state0/disable", "1\n"),
            ("cpu0/cpuidle/state10/name", "C6\n"),
            ("cpu0/cpuidle/state10/latency", "133\n"),
            ("cpu0/cpuidle/state10/residency", "600\n"),
            ("cpu0/cpuidle/state10/time", "18446744073709551615\n"),
            ("cpu0/cpuidle/state10/usage", "x\n"),
            ("cpu0/cpuidle/state10/disable", "0\n"),
            ("cpu0/cpuidle/state2/name", "C1\n"),
            ("cpu0/cpuidle/state2/latency", "2\n"),
            ("cpu0/cpuidle/state2/disable", "0\n"),
            ("cpu0/power/pm_qos_resume_latency_us", "n/a\n"),
        ] {
            let path = tree.path().join("sys/devices/system/cpu").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let machine = Machine::captured(tree.path()).unwrap();
        (tree, machine)
    }

    #[test]
    fn states_are_in_the_order_of_their_numbers() {
        let (_tree, machine) = machine();
        let idle = Idle::read(&machine).unwrap();
        assert_eq!(
            (idle.driver.to_string(), idle.governor.to_string()),
            ("intel_idle".into(), "menu".into())
        );
        let [(_, states), (_, without)] = &idle.cpus[..] else { panic!("{idle:?}") };
        assert!(without.is_empty());
        assert_eq!(states.iter().map(|state| state.index).collect::<Vec<_>>(), [0, 2, 10]);
        assert_eq!(states[2].residency, Reading::Value(Duration::from_micros(600)));
        assert!(states[2].usage.error().is_some_and(|error| !error.is_absent()));
        assert!(states[2].rejected.is_absent());
        assert_eq!(states[2].time.value().unwrap().as_micros(), u128::from(u64::MAX));
    }

    #[test]
    fn only_states_that_change_are_written() {
        let (_tree, machine) = machine();
        let writes = |latency| -> Vec<String> {
            let all = state_writes(&machine, Cpu::new(0).unwrap(), Duration::from_micros(latency)).unwrap();
            all.iter().map(|(path, text)| format!("{} {text}", &path[CPU_DIRECTORY.len() + 14..])).collect()
        };
        assert_eq!(writes(10), ["state0/disable 0", "state10/disable 1"]);
        assert_eq!(writes(133), ["state0/disable 0"]);
        let error = state_writes(&machine, Cpu::new(1).unwrap(), Duration::ZERO).unwrap_err();
        assert!(error.is_absent());
    }

    #[test]
    fn a_resume_latency_is_any_some_or_none() {
        let (_tree, machine) = machine();
        assert_eq!(ResumeLatency::read(&machine, Cpu::new(0).unwrap()), Ok(ResumeLatency::None));
        assert!(ResumeLatency::read(&machine, Cpu::new(1).unwrap()).unwrap_err().is_absent());
        for text in ["0", "n/a", "17"] {
            assert_eq!(ResumeLatency::parse(text.as_bytes()).unwrap().text().unwrap(), text);
        }
        assert!(ResumeLatency::parse(b"-1").is_err());
        for latency in [Duration::ZERO, Duration::from_nanos(999), Duration::from_secs(3000)] {
            let error = ResumeLatency::AtMost(latency).text().unwrap_err();
            assert_eq!(error.reason().name(), "invalid");
        }
        let error = LatencyLimit::hold(Duration::from_secs(3000)).unwrap_err();
        assert_eq!(error.to_string(), "limit the latency to 3000s: needs at most 2147 s");
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = (ResumeLatency::parse(&text), microseconds(&text));
        }
    }
}
