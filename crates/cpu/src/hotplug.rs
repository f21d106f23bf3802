//! Logical CPUs that go offline and come back: Documentation/core-api/cpu_hotplug.rst.

use linux_support_base::{
    ByteString, Cpu, CpuSet, Errno, Error, LiveMachine, Machine, ParseError, Reading, Reason, Requirement,
    TemporarySetting, text,
};

use crate::{CPU_DIRECTORY, each};

const NEEDS: Requirement =
    Requirement::none().configuration("CONFIG_HOTPLUG_CPU").capability("CAP_DAC_OVERRIDE");

/// A step on the way from offline to online.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct HotplugState {
    /// Its number: 0 is offline, the highest is online. Those between differ from kernel to kernel.
    pub number: u32,
    /// Its name: `offline`, `sched:active`, `online`.
    pub name: ByteString,
}

impl HotplugState {
    /// Reads the lines `number: name` of `/sys/devices/system/cpu/hotplug/states`.
    ///
    /// # Errors
    /// A line without a colon, or that does not begin with a number.
    pub fn parse_all(text: &[u8]) -> Result<Vec<Self>, ParseError> {
        text::lines(text)
            .map(text::trim)
            .filter(|line| !line.is_empty())
            .map(|line| {
                let (number, name) = text::split_once(line, b':')
                    .ok_or_else(|| ParseError::expected("a number and a name, apart by :", line))?;
                Ok(Self { number: text::decimal(number)?, name: text::trim(name).into() })
            })
            .collect()
    }

    /// Reads the steps that this kernel has.
    ///
    /// # Errors
    /// The kernel can't switch CPUs.
    pub fn read_all(machine: &Machine) -> Result<Vec<Self>, Error> {
        machine.parse_needing(format!("{CPU_DIRECTORY}/hotplug/states"), NEEDS, Self::parse_all)
    }
}

/// Whether a CPU is online, and whether it can be switched.
///
/// # Source
/// Documentation/ABI/testing/sysfs-devices-system-cpu.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Hotplug {
    /// The CPU.
    pub cpu: Cpu,
    /// Whether threads can run on it.
    pub is_online: bool,
    /// Whether it can be switched: some are kept online by the kernel, on x86 the first one.
    pub is_switchable: bool,
    /// The number of the step at which it is.
    pub state: Reading<u32>,
    /// The number of the step to which it is to go.
    pub target: Reading<u32>,
}

impl Hotplug {
    /// Reads that of `cpu`.
    ///
    /// # Errors
    /// There is no such CPU.
    pub fn read(machine: &Machine, cpu: Cpu) -> Result<Self, Error> {
        let directory = directory(machine, cpu)?;
        let number = |name| {
            directory
                .parse(name, |bytes| text::decimal(text::trim(bytes)))
                .map_err(|error| machine.explain(error, NEEDS))
                .into()
        };
        let switch = directory.parse("online", |bytes| text::boolean(text::trim(bytes)));
        let is_switchable = switch.is_ok();
        let is_online = match switch {
            Ok(is_online) => is_online,
            Err(error) if error.is_absent() => each::online(machine)?.contains(cpu),
            Err(error) => return Err(error),
        };
        Ok(Self {
            cpu,
            is_online,
            is_switchable,
            state: number("hotplug/state"),
            target: number("hotplug/target"),
        })
    }
}

fn directory(machine: &Machine, cpu: Cpu) -> Result<linux_support_base::Directory, Error> {
    machine.directory(format!("{CPU_DIRECTORY}/cpu{cpu}")).map_err(|error| match each::listed(machine) {
        Ok(listed) if error.is_absent() => {
            Error::invalid("find", format!("CPU {cpu}").as_bytes(), format!("the machine has CPUs {listed}"))
        }
        _ => error,
    })
}

/// Takes `cpu` offline or brings it online, until what is returned is dropped: then it is as before.
///
/// # Errors
/// There is no such CPU, or it can't be switched; it is the last one online, or something needs it there.
///
/// # Capabilities
/// Root's, to write the file.
#[doc(alias = "set_online")]
#[doc(alias = "set_offline")]
pub fn switch<'m>(
    machine: LiveMachine<'m>,
    cpu: Cpu,
    is_online: bool,
) -> Result<TemporarySetting<'m>, Error> {
    let operation = if is_online { "bring online" } else { "take offline" };
    let object = || format!("CPU {cpu}");
    let refused = |why: &str| Error::invalid(operation, object().as_bytes(), why);
    let now = Hotplug::read(&machine, cpu)?;
    if !now.is_switchable {
        return Err(refused("the kernel does not let it be switched, as on x86 the first one"));
    }
    let path = format!("{CPU_DIRECTORY}/cpu{cpu}/online");
    machine.write_for_now(path, if is_online { "1" } else { "0" }).map_err(|error| match error.reason() {
        Reason::System(Errno::BUSY) => refused("it is the last one online, or something needs it there"),
        _ => machine.explain(error, NEEDS),
    })
}

fn fail_path(cpu: Cpu) -> String {
    format!("{CPU_DIRECTORY}/cpu{cpu}/hotplug/fail")
}

/// The number of the step that was told to fail when `cpu` next comes to it; `None` where none was.
///
/// # Errors
/// There is no such CPU, or the kernel has no such switch.
///
/// # Kernel
/// Since Linux 4.15.
pub fn failing_step(machine: &Machine, cpu: Cpu) -> Result<Option<u32>, Error> {
    machine.parse_needing(fail_path(cpu), NEEDS, parse_failing)
}

fn parse_failing(bytes: &[u8]) -> Result<Option<u32>, ParseError> {
    match text::trim(bytes) {
        // The kernel's -1: none.
        b"-1" => Ok(None),
        bytes => text::decimal(bytes).map(Some),
    }
}

/// Has `step` fail the next time that `cpu` comes to it, or with `None` no step: to test what is done where a CPU can't be
/// switched. The kernel forgets it once the step failed.
///
/// # Errors
/// There is no such CPU; the step is one that can't fail, as those that run on the CPU itself, or that nothing uses.
///
/// # Capabilities
/// Root's, to write the file.
///
/// # Kernel
/// Since Linux 4.15.
pub fn fail_at(machine: LiveMachine<'_>, cpu: Cpu, step: Option<&HotplugState>) -> Result<(), Error> {
    let text = step.map_or_else(|| "-1".to_owned(), |step| step.number.to_string());
    machine.write(fail_path(cpu), text).map_err(|error| match (error.reason(), step) {
        (Reason::System(Errno::INVAL), Some(HotplugState { number, name })) => {
            let why = format!("the step {number}, {name}, can't be made to fail");
            Error::invalid("make fail", format!("CPU {cpu}").as_bytes(), why)
        }
        _ => machine.explain(error, NEEDS),
    })
}

/// CPUs that are offline until this is dropped: then those come back that were online before.
#[derive(Debug)]
#[must_use = "the CPUs come back when this is dropped"]
pub struct Offline<'m> {
    cpus: Vec<(Cpu, TemporarySetting<'m>)>,
}

impl<'m> Offline<'m> {
    /// Takes `cpus` offline.
    ///
    /// # Errors
    /// As for [`switch`], for the first that can't be; then none of them is offline that was not before.
    pub fn take(machine: LiveMachine<'m>, cpus: &CpuSet) -> Result<Self, Error> {
        let mut offline = Self { cpus: Vec::new() };
        for cpu in cpus {
            // What was taken so far comes back if this fails.
            offline.cpus.push((cpu, switch(machine, cpu, false)?));
        }
        Ok(offline)
    }

    /// Leaves them offline, for good.
    pub fn keep(self) {
        self.cpus.into_iter().for_each(|(_, setting)| setting.keep());
    }

    /// Brings them back, and says whether all came.
    ///
    /// # Errors
    /// One of them does not come online; the others do.
    pub fn restore(self) -> Result<(), Error> {
        self.cpus.into_iter().map(|(_, setting)| setting.restore()).fold(Ok(()), Result::and)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_steps_have_numbers_and_names_with_colons() {
        let states = HotplugState::parse_all(b"  0: offline\n 205: sched:active\n236: online").unwrap();
        let shown: Vec<_> = states.iter().map(|state| format!("{}={}", state.number, state.name)).collect();
        assert_eq!(shown, ["0=offline", "205=sched:active", "236=online"]);
        assert!(HotplugState::parse_all(b"offline\n").is_err());
        assert_eq!(HotplugState::parse_all(b""), Ok(vec![]));
    }

    #[test]
    fn a_cpu_without_a_switch_is_online_where_the_list_says_so() {
        let tree = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("online", "0,2\n"),
            ("cpu0/hotplug/state", "236\n"),
            ("cpu0/hotplug/target", "236"),
            ("cpu1/online", "0\n"),
            ("cpu2/online", "x\n"),
        ] {
            let path = tree.path().join("sys/devices/system/cpu").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let machine = Machine::captured(tree.path()).unwrap();
        let read = |number| Hotplug::read(&machine, Cpu::new(number).unwrap());
        let first = read(0).unwrap();
        assert_eq!((first.is_online, first.is_switchable), (true, false));
        assert_eq!((first.state, first.target), (Reading::Value(236), Reading::Value(236)));
        let second = read(1).unwrap();
        assert_eq!((second.is_online, second.is_switchable), (false, true));
        assert!(second.state.is_absent());
        assert!(read(2).is_err());
        assert_eq!(read(9).unwrap_err().to_string(), "find CPU 9: the machine has CPUs 0-2");
    }

    #[test]
    fn the_step_that_is_to_fail_is_a_number_or_none() {
        assert_eq!((parse_failing(b"-1\n"), parse_failing(b"205")), (Ok(None), Ok(Some(205))));
        assert!(parse_failing(b"").is_err() && parse_failing(b"-2").is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = (HotplugState::parse_all(&text), parse_failing(&text));
        }
    }
}
