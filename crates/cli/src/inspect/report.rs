use std::io;

use linux_support::base::Machine;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    capabilities::{CapabilityHolders, ProcessCapabilities},
    cgroups::ControlGroups,
    cpu::Cpus,
    filesystems::FileSystems,
    huge_pages::HugePages,
    interrupts::InterruptTables,
    isolation::IsolatedCpus,
    kernel::{Kernel, Limits, Modules},
    limit_use::ProcessLimits,
    memory::Memory,
    mounts::Mounts,
    namespaces::{Namespaces, ProcessNamespaces},
    numa::Numa,
    one_process::OneProcess,
    pci::PciDevices,
    process_cgroups::ProcessControlGroups,
    processes::ProcessTable,
    seccomp::ProcessSeccomp,
    signals::ProcessSignals,
    sockets::Sockets,
    summary::Summary,
    topology::MachineTopology,
    tree::Descent,
    users::{Accounts, ProcessUsers},
};
use crate::{Failure, arguments::Section, presentation::Page};

/// Makes the report: of sections about the whole machine, which `all` shows too, of those that are shown alone, and of
/// those of the first that are read in another way when they are.
macro_rules! sections {
    (
        of_all { $($(#[$doc:meta])* $field:ident: $kind:ty = $section:pat, $title:literal;)* }
        alone($machine:ident) {
            $($(#[$alone_doc:meta])* $alone:ident: $alone_kind:ty = $wanted:pat => $read:expr;)*
        }
        more_alone { $($known:ident = $more:pat => $read_more:expr;)* }
    ) => {
        /// What `inspect` shows: the sections that were asked for.
        ///
        /// Each value is plain, or an object `unavailable` that says why it can't be had. Sizes are in bytes
        /// unless the name says another unit; CPUs and nodes in sets are the kernel's lists.
        #[derive(Debug, Serialize, JsonSchema)]
        #[schemars(title = "linux-support inspect")]
        pub(crate) struct Report {
            /// The version of this form; it changes where a key changes its meaning or goes away.
            form: u32,
            $($(#[$doc])*
            #[serde(skip_serializing_if = "Option::is_none")]
            $field: Option<$kind>,)*
            $($(#[$alone_doc])*
            #[serde(skip_serializing_if = "Option::is_none")]
            $alone: Option<$alone_kind>,)*
        }

        impl Report {
            /// Reads the section `wanted`, or all.
            ///
            /// `progress` is told how many sections are done, of how many, and which comes next.
            pub(crate) fn read_with(
                $machine: &Machine,
                wanted: Section,
                mut progress: impl FnMut(u64, u64, &'static str),
            ) -> Result<Self, Failure> {
                const COUNT: u64 = [$($title),*].len() as u64;
                let mut report = Self { form: 1, $($field: None,)* $($alone: None,)* };
                let mut done = 0;
                $(
                    if matches!(wanted, $section | Section::All) {
                        progress(done, COUNT, $title);
                        report.$field = Some(<$kind>::read($machine));
                    }
                    done += 1;
                )*
                progress(done, COUNT, "");
                $(
                    if let $wanted = wanted {
                        report.$alone = Some($read);
                    }
                )*
                $(
                    if let $more = wanted {
                        report.$known = Some($read_more);
                    }
                )*
                Ok(report)
            }

            /// Writes all sections as text.
            pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
                $(
                    if let Some(section) = &self.$field {
                        section.show(page)?;
                    }
                )*
                $(
                    if let Some(section) = &self.$alone {
                        section.show(page)?;
                    }
                )*
                Ok(())
            }

            /// The processes, if they were read.
            pub(super) fn processes_mut(&mut self) -> Option<&mut ProcessTable> {
                self.processes.as_mut()
            }

            /// The picture of the process, if that was asked for.
            pub(super) fn process_picture(&self) -> Option<String> {
                self.process.as_ref()?.picture()
            }

            $(
                #[allow(dead_code)]
                pub(super) fn $field(&self) -> Option<&$kind> {
                    self.$field.as_ref()
                }
            )*
        }
    };
}

sections! {
of_all {
    /// The machine at a glance.
    summary: Summary = Section::Summary, "summary";
    /// The processors.
    cpu: Cpus = Section::Cpu, "CPUs";
    /// Where CPUs, caches and memory are.
    topology: MachineTopology = Section::Topology, "topology";
    /// How memory is used.
    memory: Memory = Section::Memory, "memory";
    /// Nodes, and what the kernel does of its own accord with their memory.
    numa: Numa = Section::Numa, "NUMA";
    /// Huge pages.
    huge_pages: HugePages = Section::Hugepages, "huge pages";
    /// The interrupts.
    interrupts: InterruptTables = Section::Interrupts, "interrupts";
    /// Which CPUs are really left alone; among everything, nothing is counted for it.
    isolation: IsolatedCpus = Section::Isolation { seconds: 0 }, "isolation";
    /// The PCI functions.
    pci: PciDevices = Section::Pci, "PCI";
    /// The mounts of the reading process's namespace.
    mounts: Mounts = Section::Mounts, "mounts";
    /// File systems and their use.
    filesystems: FileSystems = Section::Filesystems, "file systems";
    /// The control groups.
    cgroups: ControlGroups = Section::Cgroups { pid: None }, "control groups";
    /// The processes that have capabilities.
    capabilities: CapabilityHolders = Section::Capabilities { pid: None }, "capabilities";
    /// The namespaces.
    namespaces: Namespaces = Section::Namespaces { pid: None }, "namespaces";
    /// The accounts.
    users: Accounts = Section::Users { pid: None }, "users";
    /// All processes.
    processes: ProcessTable = Section::Processes(_), "processes";
    /// The loaded modules.
    modules: Modules = Section::Modules, "modules";
    /// The kernel.
    kernel: Kernel = Section::Kernel, "kernel";
    /// The system-wide limits.
    limits: Limits = Section::Limits { pid: None }, "limits";
}

alone(machine) {
    /// One process.
    process: OneProcess = Section::Process { pid, memory } => OneProcess::read(machine, pid, memory)?;
    /// The capabilities of one process.
    process_capabilities: ProcessCapabilities = Section::Capabilities { pid: Some(pid) } => ProcessCapabilities::read(machine, pid)?;
    /// The control groups of one process.
    process_cgroups: ProcessControlGroups = Section::Cgroups { pid: Some(pid) } => ProcessControlGroups::read(machine, pid)?;
    /// The limits of one process, and what it uses of them.
    process_limits: ProcessLimits = Section::Limits { pid: Some(pid) } => ProcessLimits::read(machine, pid)?;
    /// The namespaces of one process.
    process_namespaces: ProcessNamespaces = Section::Namespaces { pid: Some(pid) } => ProcessNamespaces::read(machine, pid)?;
    /// Who one process is.
    process_users: ProcessUsers = Section::Users { pid: Some(pid) } => ProcessUsers::read(machine, pid)?;
    /// How the system calls of one process are filtered.
    seccomp: ProcessSeccomp = Section::Seccomp { pid } => ProcessSeccomp::read(machine, pid)?;
    /// What the signals of one process meet.
    signals: ProcessSignals = Section::Signals { pid } => ProcessSignals::read(machine, pid)?;
    /// The sockets, and who holds them.
    sockets: Sockets = Section::Sockets(query) => Sockets::read(machine, query)?;
    /// Who descends from whom.
    tree: Descent = Section::Tree => Descent::read(machine);
}

more_alone {
    isolation = Section::Isolation { seconds: seconds @ 1.. } => IsolatedCpus::counted(machine, seconds)?;
}
}
