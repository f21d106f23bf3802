//! The kernel's workqueues, and on which CPUs their work is done: Documentation/core-api/workqueue.rst.

use linux_support_base::{
    ByteString, CpuSet, Directory, Errno, Error, FileKind, LiveMachine, Machine, Reading, Reason,
    Requirement, TemporarySetting, text,
};

const ROOT: &str = "/sys/devices/virtual/workqueue";
const NEEDS: Requirement = Requirement::none().configuration("CONFIG_SYSFS").capability("CAP_DAC_OVERRIDE");

/// The workqueues, as far as they are to be seen: those that the kernel was told to show.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_cpu::Workqueues;
///
/// let workqueues = Workqueues::read(&Machine::live()?)?;
/// println!("work that is bound to no CPU is done on {}", workqueues.cpus);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// Documentation/core-api/workqueue.rst, "Affinity Scopes"; Documentation/ABI/testing/sysfs-bus-workqueue.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Workqueues {
    /// The CPUs on which work is done that is bound to none: no unbound workqueue uses others.
    #[doc(alias = "cpumask")]
    pub cpus: Reading<CpuSet>,
    /// The CPUs that were last asked for.
    ///
    /// # Kernel
    /// Since 6.7.
    #[doc(alias = "cpumask_requested")]
    pub requested: Reading<CpuSet>,
    /// The CPUs that are left out since isolated cpusets have them.
    ///
    /// # Kernel
    /// Since 6.7.
    #[doc(alias = "cpumask_isolated")]
    pub isolated: Reading<CpuSet>,
    /// Each that is shown, by name.
    pub list: Vec<Workqueue>,
}

/// One workqueue.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Workqueue {
    /// Its name.
    pub name: ByteString,
    /// Whether its work is done where it was handed in.
    pub kind: Reading<WorkqueueKind>,
    /// How many items at most are worked on at once, on each CPU or, where it is unbound, on each node.
    pub max_active: Reading<u32>,
    /// The CPUs on which it works, where it is unbound.
    #[doc(alias = "cpumask")]
    pub cpus: Reading<CpuSet>,
    /// The nice value of its workers, where it is unbound.
    pub nice: Reading<i32>,
    /// Which CPUs share workers, where it is unbound: `default (cache)`, `cpu`, `smt`, `numa`, `system`.
    ///
    /// # Kernel
    /// Since 6.6.
    pub affinity_scope: Reading<ByteString>,
}

/// Where the work of a workqueue is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum WorkqueueKind {
    /// On the CPU on which it was handed in.
    PerCpu,
    /// On any of its CPUs.
    Unbound,
}

impl Workqueues {
    /// Reads `/sys/devices/virtual/workqueue`.
    ///
    /// # Errors
    /// The directory is absent or can't be read.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        let directory = machine.directory(ROOT).map_err(|error| machine.explain(error, NEEDS))?;
        let set = |name, needs| -> Reading<CpuSet> {
            directory.parse(name, CpuSet::parse_mask).map_err(|error| machine.explain(error, needs)).into()
        };
        let since = Requirement::none().since(6, 7);
        let mut list = Vec::new();
        for entry in directory.entries("")? {
            if entry.kind == FileKind::Directory && entry.name != "power" {
                match directory.directory(entry.name.as_bytes()) {
                    Ok(directory) => list.push(Workqueue::read(machine, &directory, entry.name)),
                    // It was destroyed meanwhile.
                    Err(error) if error.is_absent() => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(Self {
            cpus: set("cpumask", NEEDS),
            requested: set("cpumask_requested", since),
            isolated: set("cpumask_isolated", since),
            list,
        })
    }

    /// Lets work that is bound to no CPU be done on `cpus` only, until what is returned is dropped.
    ///
    /// # Errors
    /// None of the CPUs is possible; nothing is changed.
    ///
    /// # Capabilities
    /// Root's, to write the file.
    #[doc(alias = "set_work_queue_hyper_thread_affinity")]
    pub fn set_cpus<'m>(machine: LiveMachine<'m>, cpus: &CpuSet) -> Result<TemporarySetting<'m>, Error> {
        write(machine, format!("{ROOT}/cpumask").into_bytes(), cpus)
    }

    /// Lets the work of the unbound workqueue `name` be done on `cpus` only, until what is returned is dropped.
    ///
    /// # Errors
    /// There is no such workqueue, or its work is bound to CPUs; none of the CPUs is possible.
    ///
    /// # Capabilities
    /// Root's, to write the file.
    pub fn set_cpus_of<'m>(
        machine: LiveMachine<'m>,
        name: &ByteString,
        cpus: &CpuSet,
    ) -> Result<TemporarySetting<'m>, Error> {
        let name = name.as_bytes();
        if name.is_empty() || name.contains(&b'/') || name.starts_with(b".") {
            return Err(Error::invalid("find the workqueue", name, "needs a name of one part"));
        }
        write(machine, [ROOT.as_bytes(), b"/", name, b"/cpumask"].concat(), cpus)
    }
}

fn write<'m>(machine: LiveMachine<'m>, path: Vec<u8>, cpus: &CpuSet) -> Result<TemporarySetting<'m>, Error> {
    let refused = |accepted: &str| Error::invalid("set the CPUs of workqueues", path.clone(), accepted);
    if cpus.is_empty() {
        return Err(refused("needs a CPU at least"));
    }
    machine.write_for_now(&path, cpus.mask()).map_err(|error| match error.reason() {
        Reason::System(Errno::INVAL | Errno::OVERFLOW | Errno::RANGE) => {
            refused("none of the CPUs is possible here")
        }
        _ => machine.explain(error, NEEDS),
    })
}

impl Workqueue {
    fn read(machine: &Machine, directory: &Directory, name: ByteString) -> Self {
        let unbound = Requirement::none().configuration("an unbound workqueue");
        let kind = directory.parse("per_cpu", |bytes| {
            Ok(match text::boolean(text::trim(bytes))? {
                true => WorkqueueKind::PerCpu,
                false => WorkqueueKind::Unbound,
            })
        });
        let explained = |error| machine.explain(error, unbound);
        Self {
            name,
            kind: kind.into(),
            max_active: directory.parse("max_active", |bytes| text::decimal(text::trim(bytes))).into(),
            cpus: directory.parse("cpumask", CpuSet::parse_mask).map_err(explained).into(),
            nice: directory.parse("nice", |bytes| text::decimal(text::trim(bytes))).map_err(explained).into(),
            affinity_scope: directory.line("affinity_scope").map_err(explained).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn bound_and_unbound_workqueues_are_told_apart() {
        let tree = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("cpumask", "f3\n"),
            ("cpumask_isolated", "c\n"),
            ("power/control", "auto\n"),
            ("writeback/per_cpu", "0\n"),
            ("writeback/max_active", "1024\n"),
            ("writeback/cpumask", "00000003\n"),
            ("writeback/nice", "-5\n"),
            ("writeback/affinity_scope", "default (cache)\n"),
            ("scsi_tmf/per_cpu", "1"),
            ("odd/per_cpu", "x\n"),
        ] {
            let path = tree.path().join(&ROOT[1..]).join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let machine = Machine::captured(tree.path()).unwrap();
        let all = Workqueues::read(&machine).unwrap();
        assert_eq!((all.cpus.to_string(), all.isolated.to_string()), ("0-1,4-7".into(), "2-3".into()));
        assert!(all.requested.is_absent());
        let [odd, bound, unbound] = &all.list[..] else { panic!("{all:?}") };
        assert!(odd.kind.error().is_some_and(|error| !error.is_absent()));
        assert_eq!(bound.kind, Reading::Value(WorkqueueKind::PerCpu));
        assert!(bound.cpus.is_absent() && bound.nice.is_absent());
        assert_eq!((unbound.cpus.to_string(), unbound.nice.value()), ("0-1".into(), Some(&-5)));
        assert!(machine.as_live().is_err());
    }

    #[test]
    fn names_that_lead_elsewhere_and_no_cpus_are_refused() {
        let machine = Machine::live().unwrap();
        let live = machine.as_live().unwrap();
        let one = CpuSet::from(linux_support_base::Cpu::new(0).unwrap());
        for name in ["", ".", "../x", "a/b"] {
            let error = Workqueues::set_cpus_of(live, &name.into(), &one).unwrap_err();
            assert_eq!(error.reason().name(), "invalid", "{name}");
        }
        let error = Workqueues::set_cpus(live, &CpuSet::new()).unwrap_err();
        assert!(error.to_string().contains("needs a CPU at least"), "{error}");
    }
}
