use std::io;

use linux_support::{
    base::{ByteString, Bytes, CpuSet, Hypervisor, Machine, NumaNodeSet, PageSize, Reading},
    cpu::{CpuInfo, CpuSets, Topology, Virtualisation},
    kernel::{CommandLine, Environment, Identity, Load, Uptime, distribution::Distribution},
    memory::{MemoryInformation, SystemPressure, huge_page, numa},
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::presentation::{Page, duration};

/// The machine at a glance.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Summary {
    host_name: Reading<ByteString>,
    distribution: Reading<Distribution>,
    kernel: Identity,
    boot_command_line: Reading<CommandLine>,
    virtualisation: VirtualisationSummary,
    cpus: CpuSummary,
    memory: Reading<MemorySummary>,
    /// The NUMA nodes that are in use.
    nodes: Reading<NumaNodeSet>,
    pages: PageSizes,
    uptime: Reading<Uptime>,
    load: Reading<Load>,
    pressure: SystemPressure,
}

/// Whether it is a virtual machine, or seen from within a container.
#[derive(Debug, Serialize, JsonSchema)]
struct VirtualisationSummary {
    /// What the processor says.
    processor: Virtualisation,
    /// What the firmware says, and the marks of containers.
    environment: Environment,
}

/// The CPUs at a glance.
#[derive(Debug, Serialize, JsonSchema)]
struct CpuSummary {
    /// The names of the processors' models.
    models: Reading<Vec<ByteString>>,
    /// The logical CPUs that are online.
    online: Reading<CpuSet>,
    /// How many packages, cores and threads are online.
    counts: Reading<Counts>,
}

/// How many there are of each.
#[derive(Debug, Serialize, JsonSchema)]
struct Counts {
    packages: usize,
    cores: usize,
    threads: usize,
}

/// The memory at a glance.
#[derive(Debug, Serialize, JsonSchema)]
struct MemorySummary {
    #[serde(skip_serializing_if = "Option::is_none")]
    total: Option<Bytes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    available: Option<Bytes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    swap_total: Option<Bytes>,
    #[serde(skip_serializing_if = "Option::is_none")]
    swap_free: Option<Bytes>,
}

/// The sizes of pages.
#[derive(Debug, Serialize, JsonSchema)]
struct PageSizes {
    base: Reading<PageSize>,
    huge: Reading<Vec<PageSize>>,
}

impl Summary {
    pub(crate) fn read(machine: &Machine) -> Self {
        let kernel = Identity::read(machine);
        let models = CpuInfo::read(machine).map(|info| {
            let mut names: Vec<_> = info.models.into_iter().filter_map(|model| model.name).collect();
            names.sort();
            names.dedup();
            names
        });
        let counts = Topology::read(machine).map(|topology| Counts {
            packages: topology.packages.len(),
            cores: topology.cores().count(),
            threads: topology.cores().map(|core| core.threads.len()).sum(),
        });
        let memory = MemoryInformation::read(machine).map(|memory| MemorySummary {
            total: memory.mem_total,
            available: memory.mem_available,
            swap_total: memory.swap_total,
            swap_free: memory.swap_free,
        });
        let huge = huge_page::pools(machine).map(|pools| pools.iter().map(|pool| pool.size).collect());
        Self {
            host_name: kernel.host_name.clone(),
            distribution: Distribution::read(machine).into(),
            kernel,
            boot_command_line: CommandLine::read(machine).into(),
            virtualisation: VirtualisationSummary {
                processor: Virtualisation::read(machine),
                environment: Environment::read(machine),
            },
            cpus: CpuSummary {
                models: models.into(),
                online: CpuSets::read(machine).online,
                counts: counts.into(),
            },
            memory: memory.into(),
            nodes: numa::online(machine).into(),
            pages: PageSizes { base: machine.page_size().into(), huge: huge.into() },
            uptime: Uptime::read(machine).into(),
            load: Load::read(machine).into(),
            pressure: SystemPressure::read(machine),
        }
    }

    /// The hypervisor that the processor told, to be kept with a captured tree.
    pub(crate) fn hypervisor(&self) -> Option<&Hypervisor> {
        self.virtualisation.processor.hypervisor.as_ref()
    }

    pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        let distribution = match self.distribution.as_result() {
            Ok(distribution) => distribution.pretty_name.to_string(),
            Err(error) => format!("({})", error.reason()),
        };
        let pressure = |reading: &Reading<linux_support::base::Pressure>| match reading.as_result() {
            Ok(pressure) => pressure.some.or(pressure.full).map(|stall| stall.last_minute.to_string()),
            Err(_) => None,
        };
        let pressure: Vec<_> = [
            ("CPU", &self.pressure.cpu),
            ("memory", &self.pressure.memory),
            ("I/O", &self.pressure.io),
            ("interrupts", &self.pressure.irq),
        ]
        .into_iter()
        .filter_map(|(name, reading)| Some(format!("{name} {}", pressure(reading)?)))
        .collect();
        let pressure = match (pressure.is_empty(), self.pressure.cpu.error()) {
            (true, Some(error)) => format!("({})", error.reason()),
            _ => format!("{} of the last minute", pressure.join(", ")),
        };
        page.heading(&self.host_name)?;
        page.values(&[
            ("system", distribution),
            ("kernel", format!("{} {}", self.kernel.release, self.kernel.architecture)),
            ("build", self.kernel.build.to_string()),
            ("command line", self.boot_command_line.to_string()),
            ("runs on", self.runs_on()),
            ("processor", self.processor()),
            ("CPUs", self.cpu_counts()),
            ("memory", self.memory_use()),
            ("NUMA nodes", self.nodes.to_string()),
            ("page sizes", self.page_sizes()),
            ("up for", self.uptime.as_result().map_or_else(reason, |uptime| duration(uptime.up))),
            ("load", self.load_averages()),
            ("pressure", pressure),
        ])
    }

    fn runs_on(&self) -> String {
        let VirtualisationSummary { processor, environment } = &self.virtualisation;
        let firmware = environment.hypervisor.as_ref().map(|evidence| evidence.is.to_string());
        let hypervisor = firmware.or_else(|| processor.hypervisor.as_ref().map(ToString::to_string));
        let mut text = match (hypervisor, &processor.hypervisor_flag) {
            (Some(name), _) => format!("a virtual machine ({name})"),
            (None, Reading::Value(true)) => "a virtual machine".to_owned(),
            (None, Reading::Value(false)) => "hardware".to_owned(),
            (None, Reading::Unavailable(error)) => format!("({error})"),
        };
        let names =
            [&environment.firmware.vendor, &environment.firmware.product, &environment.firmware.model];
        for name in names.into_iter().filter_map(Reading::value).filter(|name| !name.is_empty()) {
            text.push_str(&format!(", {name}"));
        }
        if let Some(container) = &environment.container {
            text.push_str(&format!("; seen from a container ({})", container.is));
        }
        text
    }

    fn processor(&self) -> String {
        self.cpus.models.as_result().map_or_else(reason, |names| {
            let names: Vec<_> = names.iter().map(ToString::to_string).collect();
            if names.is_empty() { "(not named)".to_owned() } else { names.join(", ") }
        })
    }

    fn cpu_counts(&self) -> String {
        let counts = self.cpus.counts.as_result().map_or_else(reason, |counts| {
            format!(
                "{}, {}, {}",
                counted(counts.packages, "package"),
                counted(counts.cores, "core"),
                counted(counts.threads, "thread")
            )
        });
        format!("{} ({counts})", self.cpus.online)
    }

    fn memory_use(&self) -> String {
        self.memory.as_result().map_or_else(reason, |memory| {
            let shown =
                |bytes: Option<Bytes>| bytes.map_or_else(|| "?".to_owned(), |bytes| bytes.to_string());
            let swap = match memory.swap_total {
                Some(total) if total > Bytes::new(0) => {
                    format!("; swap {}, {} free", total, shown(memory.swap_free))
                }
                _ => "; no swap".to_owned(),
            };
            format!("{}, {} available{swap}", shown(memory.total), shown(memory.available))
        })
    }

    fn page_sizes(&self) -> String {
        let huge = self.pages.huge.as_result().map_or_else(
            |error| format!("huge: ({})", error.reason()),
            |sizes| {
                let sizes: Vec<_> = sizes.iter().map(ToString::to_string).collect();
                format!("huge: {}", sizes.join(", "))
            },
        );
        format!("{}; {huge}", self.pages.base)
    }

    fn load_averages(&self) -> String {
        self.load.as_result().map_or_else(reason, |load| {
            format!(
                "{} {} {} of 1, 5 and 15 minutes; {} of {} tasks can run",
                load.one_minute, load.five_minutes, load.fifteen_minutes, load.runnable, load.tasks
            )
        })
    }
}

fn reason(error: &linux_support::base::Error) -> String {
    format!("({})", error.reason())
}

fn counted(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}
