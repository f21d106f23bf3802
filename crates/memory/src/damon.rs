use linux_support_base::{ByteString, Directory, Error, Machine, Pid, Reading, Requirement, named, text};

const ROOT: &str = "/sys/kernel/mm/damon/admin/kdamonds";
const NEEDS: Requirement = Requirement::none().since(5, 18).configuration("CONFIG_DAMON_SYSFS");

/// Who watches how memory is used: the kernel's data access monitor, as its administrator has set it up.
///
/// # Kernel
/// Since Linux 5.18, with `CONFIG_DAMON_SYSFS`.
///
/// # Source
/// Documentation/admin-guide/mm/damon/usage.rst.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "DAMON")]
#[non_exhaustive]
pub struct AccessMonitor {
    /// Its number.
    pub number: u32,
    /// Whether it runs.
    pub state: Reading<MonitorState>,
    /// Its kernel thread, while it runs.
    pub thread: Reading<Option<Pid>>,
    /// What it watches.
    pub contexts: Reading<Vec<MonitorContext>>,
}

named! {
    /// Whether a monitor runs.
    MonitorState {
        /// It runs.
        On = "on",
        /// It does not.
        Off = "off",
    }
}

/// What a monitor watches, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct MonitorContext {
    /// What is watched: `vaddr` for addresses of processes, `fvaddr` for fixed ones of them, `paddr` for physical ones.
    pub operations: Reading<ByteString>,
    /// What this kernel can watch.
    pub available_operations: Reading<Vec<ByteString>>,
    /// How many targets there are.
    pub targets: Reading<u32>,
    /// How many schemes act on what is found.
    pub schemes: Reading<u32>,
}

impl AccessMonitor {
    /// The monitors that are set up; none where nobody has.
    ///
    /// # Errors
    /// The kernel has no such monitor.
    pub fn read_all(machine: &Machine) -> Result<Vec<Self>, Error> {
        let directory = machine.directory(ROOT).map_err(|error| machine.explain(error, NEEDS))?;
        numbered(&directory, "")
            .map(|numbers| numbers.into_iter().map(|number| Self::read(&directory, number)).collect())
    }

    fn read(directory: &Directory, number: u32) -> Self {
        let place = |name: &str| format!("{number}/{name}");
        let thread = directory.parse(place("pid"), |bytes| text::decimal(text::trim(bytes)).map(Pid::new));
        let contexts = numbered(directory, &place("contexts")).map(|contexts| {
            let context =
                |context: u32| MonitorContext::read(directory, &place(&format!("contexts/{context}")));
            contexts.into_iter().map(context).collect()
        });
        Self {
            number,
            state: directory.parse(place("state"), |bytes| Ok(MonitorState::parse(bytes))).into(),
            thread: thread.into(),
            contexts: contexts.into(),
        }
    }
}

impl MonitorContext {
    fn read(directory: &Directory, place: &str) -> Self {
        let count = |name: &str| {
            directory.parse(format!("{place}/{name}"), |bytes| text::decimal(text::trim(bytes))).into()
        };
        let available = directory.parse(format!("{place}/avail_operations"), |bytes| {
            Ok(text::lines(bytes).filter(|line| !line.is_empty()).map(ByteString::from).collect())
        });
        Self {
            operations: directory.line(format!("{place}/operations")).into(),
            available_operations: available.into(),
            targets: count("targets/nr_targets"),
            schemes: count("schemes/nr_schemes"),
        }
    }
}

/// The directories below `name` that are numbers, rising.
fn numbered(directory: &Directory, name: &str) -> Result<Vec<u32>, Error> {
    let mut numbers: Vec<u32> = directory
        .entries(name)?
        .iter()
        .filter_map(|entry| text::decimal(entry.name.as_bytes()).ok())
        .collect();
    numbers.sort_unstable();
    Ok(numbers)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn monitors_are_read_with_what_they_watch() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = folder.path().join(ROOT.trim_start_matches('/')).join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("nr_kdamonds", "1\n");
        write("10/state", "off");
        write("2/state", "on\n");
        write("2/pid", "77\n");
        write("2/contexts/nr_contexts", "1\n");
        write("2/contexts/0/operations", "paddr\n");
        write("2/contexts/0/avail_operations", "vaddr\npaddr\n");
        write("2/contexts/0/targets/nr_targets", "0\n");
        let monitors = AccessMonitor::read_all(&Machine::captured(folder.path()).unwrap()).unwrap();
        assert_eq!(monitors.iter().map(|monitor| monitor.number).collect::<Vec<_>>(), [2, 10]);
        assert_eq!(monitors[0].state.value(), Some(&MonitorState::On));
        assert_eq!(monitors[0].thread.value(), Some(&Pid::new(77)));
        let context = &monitors[0].contexts.value().unwrap()[0];
        assert_eq!(context.operations.value().unwrap(), &ByteString::from("paddr"));
        assert_eq!(context.available_operations.value().unwrap().len(), 2);
        assert_eq!(context.targets.value(), Some(&0));
        assert!(context.schemes.error().is_some_and(Error::is_absent));
        assert!(monitors[1].contexts.value().is_none());
    }

    #[test]
    fn a_kernel_without_monitors_says_so() {
        match AccessMonitor::read_all(&Machine::live().unwrap()) {
            Ok(_) => {}
            Err(error) => {
                assert!(error.is_absent() || error.reason().name() == "permission-denied", "{error}")
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let error = AccessMonitor::read_all(&Machine::captured(folder.path()).unwrap()).unwrap_err();
        assert!(error.to_string().contains("CONFIG_DAMON_SYSFS"), "{error}");
    }
}
