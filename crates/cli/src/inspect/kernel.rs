use std::io;

use linux_support::{
    base::{Machine, Reading},
    kernel::{
        CommandLine, Configuration, Hardening, Identity, Module, Statistics, SystemLimits, Taint, module,
    },
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::presentation::{Align, Page, Table, cell, reading};

/// The kernel.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Kernel {
    identity: Identity,
    command_line: Reading<CommandLine>,
    taint: Reading<Taint>,
    hardening: Hardening,
    statistics: Reading<Statistics>,
    configuration: Reading<Configuration>,
}

impl Kernel {
    pub(crate) fn read(machine: &Machine) -> Self {
        Self {
            identity: Identity::read(machine),
            command_line: CommandLine::read(machine).into(),
            taint: Taint::read(machine).into(),
            hardening: Hardening::read(machine),
            statistics: Statistics::read(machine).into(),
            configuration: Configuration::read(machine).into(),
        }
    }

    pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Kernel")?;
        let configuration = match self.configuration.as_result() {
            Ok(configuration) => format!("{} options in {}", configuration.len(), configuration.source()),
            Err(error) => format!("({})", error.reason()),
        };
        let compiler = match self.identity.banner.as_result() {
            Ok(banner) => banner.compiler.as_ref().map_or_else(|| "?".to_owned(), ToString::to_string),
            Err(error) => format!("({})", error.reason()),
        };
        page.values(&[
            ("release", self.identity.release.to_string()),
            ("build", self.identity.build.to_string()),
            ("compiler", compiler),
            ("configuration", configuration),
        ])?;
        page.heading("Boot command line")?;
        if let Some(line) = page.or_why(&self.command_line)? {
            let parameters: Vec<_> = line
                .parameters()
                .map(|parameter| {
                    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
                    (text(parameter.name), parameter.value.map(text).unwrap_or_default())
                })
                .collect();
            let values: Vec<_> =
                parameters.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
            page.values(&values)?;
            if !line.init_arguments().is_empty() {
                page.line(format_args!("  for init: {}", String::from_utf8_lossy(line.init_arguments())))?;
            }
        }
        page.heading("Taint")?;
        if let Some(taint) = page.or_why(&self.taint)? {
            if taint.is_empty() {
                page.line("  none")?;
            }
            for flag in taint.flags() {
                page.line(format_args!("  {} {}", flag.letter(), flag.description()))?;
            }
        }
        self.show_hardening(page)
    }

    fn show_hardening(&self, page: &mut Page<'_>) -> io::Result<()> {
        let hardening = &self.hardening;
        let lockdown = match hardening.lockdown.as_result() {
            Ok(lockdown) => format!("{lockdown:?}").to_lowercase(),
            Err(error) => format!("({})", error.reason()),
        };
        let modules = match hardening.security_modules.as_result() {
            Ok(modules) => modules.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
            Err(error) => format!("({})", error.reason()),
        };
        page.heading("Hardening")?;
        page.values(&[
            ("lockdown", lockdown),
            ("security modules", modules),
            ("modules_disabled", hardening.modules_disabled.to_string()),
            ("kexec_load_disabled", hardening.kexec_load_disabled.to_string()),
            ("dmesg_restrict", hardening.dmesg_restrict.to_string()),
            ("kptr_restrict", hardening.kptr_restrict.to_string()),
            ("ptrace_scope", hardening.ptrace_scope.to_string()),
            ("perf_event_paranoid", hardening.perf_event_paranoid.to_string()),
            ("unprivileged_bpf_disabled", hardening.unprivileged_bpf_disabled.to_string()),
            ("io_uring_disabled", hardening.io_uring_disabled.to_string()),
            ("randomize_va_space", hardening.randomize_va_space.to_string()),
            ("mmap_min_addr", hardening.mmap_min_addr.to_string()),
            ("suid_dumpable", hardening.suid_dumpable.to_string()),
            ("protected_symlinks", hardening.protected_symlinks.to_string()),
            ("protected_hardlinks", hardening.protected_hardlinks.to_string()),
            ("protected_fifos", hardening.protected_fifos.to_string()),
            ("protected_regular", hardening.protected_regular.to_string()),
            ("sysrq", hardening.sysrq.to_string()),
        ])
    }
}

/// The loaded modules.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Modules {
    modules: Reading<Vec<ModuleWithParameters>>,
}

/// A module, its parameters and versions.
#[derive(Debug, Serialize, JsonSchema)]
struct ModuleWithParameters {
    #[serde(flatten)]
    module: Module,
    parameters: Reading<Vec<module::ModuleParameter>>,
}

impl Modules {
    pub(crate) fn read(machine: &Machine) -> Self {
        let modules = Module::read_all(machine).map(|modules| {
            let with_parameters = |module: Module| ModuleWithParameters {
                parameters: Module::parameters(machine, &module.name).into(),
                module,
            };
            modules.into_iter().map(with_parameters).collect()
        });
        Self { modules: modules.into() }
    }

    pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Modules")?;
        let Some(modules) = page.or_why(&self.modules)? else { return Ok(()) };
        let mut table = Table::new(&[
            ("MODULE", Align::Left),
            ("SIZE", Align::Right),
            ("USES", Align::Right),
            ("TAINT", Align::Left),
            ("USED BY", Align::Left),
        ]);
        for ModuleWithParameters { module, .. } in modules {
            let users: Vec<_> = module.users.iter().map(ToString::to_string).collect();
            table.row([
                cell(&module.name),
                cell(module.size),
                cell(module.uses.map_or_else(|| "-".to_owned(), |uses| uses.to_string())),
                cell(if module.taint.is_empty() { String::new() } else { module.taint.to_string() }),
                cell(users.join(", ")),
            ]);
        }
        page.table(table)
    }
}

/// The system-wide limits.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(transparent)]
pub(crate) struct Limits {
    limits: SystemLimits,
}

impl Limits {
    pub(crate) fn read(machine: &Machine) -> Self {
        Self { limits: SystemLimits::read(machine) }
    }

    pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Limits")?;
        let mut table = Table::new(&[
            ("LIMIT", Align::Left),
            ("USED", Align::Right),
            ("AT MOST", Align::Right),
            ("", Align::Right),
            ("COUNTS", Align::Left),
        ]);
        for limit in self.limits.as_slice() {
            let share = limit.fraction().map(|fraction| format!("{:.1} %", fraction * 100.0));
            table.row([
                cell(limit.name),
                limit.used.as_ref().map_or_else(|| cell("-"), reading),
                reading(&limit.limit),
                cell(share.unwrap_or_default()),
                cell(limit.counts),
            ]);
        }
        page.table(table)
    }
}
