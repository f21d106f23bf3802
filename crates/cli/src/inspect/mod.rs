//! `inspect`: each section gathers its models, and knows how to show them.

mod capabilities;
mod cgroups;
mod cpu;
mod filesystems;
mod huge_pages;
mod interrupts;
mod isolation;
mod kernel;
mod limit_use;
mod memory;
mod mounts;
mod namespaces;
mod numa;
mod one_process;
mod pci;
mod picture;
mod process_cgroups;
mod process_memory;
mod processes;
mod report;
mod seccomp;
mod signals;
mod sockets;
mod summary;
mod topology;
mod tree;
mod users;

use std::fmt::Display;
use std::time::Duration;

use linux_support::{
    base::{Facts, Machine, Reason, Recording},
    filesystem::FileSystemStatistics,
    process::SocketList,
};

pub(crate) use self::report::Report;
use crate::{
    Failure,
    arguments::{Format, Inspect, Options, Section},
    output::Output,
};

/// Opens the machine that the options name.
fn machine(options: &Options) -> Result<Machine, Failure> {
    let Some(tree) = &options.machine else { return Ok(Machine::live()?) };
    let refused = |why: &dyn Display| {
        let wanted = "expected a directory that `linux-support capture` made, or one with proc or sys in it";
        Failure::Failed(format!("--machine {}: {why}: {wanted}", tree.display()))
    };
    let machine = match Machine::captured(tree) {
        Ok(machine) => machine,
        Err(error) => {
            return Err(match error.reason() {
                Reason::WrongKind => refused(&"no directory"),
                reason => refused(reason),
            });
        }
    };
    if machine.exists("/proc") || machine.exists("/sys") {
        Ok(machine)
    } else {
        Err(refused(&"holds no machine"))
    }
}

pub(crate) fn run(inspect: &Inspect) -> Result<(), Failure> {
    let options = &inspect.options;
    let section = inspect.section.unwrap_or(match options.format {
        Format::Json => Section::All,
        Format::Text | Format::Svg => Section::Summary,
    });
    let has_picture = matches!(section, Section::Topology | Section::Process { memory: true, .. });
    if options.format == Format::Svg && !has_picture {
        let wanted = "only `inspect topology` and `inspect process PID --memory` have a picture";
        return Err(Failure::Usage(format!("--format svg: {wanted}")));
    }
    let machine = machine(options)?;
    if matches!(section, Section::Processes(listing) if listing.seconds > 0) && !machine.is_live() {
        return Err(Failure::Usage("--seconds: nothing goes on in a machine that was captured".into()));
    }
    let mut report = Report::read_with(&machine, section, |_, _, _| {})?;
    if let (Section::Processes(listing), Some(processes)) = (section, report.processes_mut()) {
        if listing.seconds > 0 {
            processes.watch(&machine, Duration::from_secs(listing.seconds.into()))?;
        }
        processes.sort(listing.sort);
    }
    let output = Output::open(options.output.as_deref())?;
    match options.format {
        Format::Text => output.page(|page| report.show(page)),
        Format::Json => output.json(&report),
        Format::Svg => output.text(&report.picture(&machine)),
    }
}

/// What `machine` knows that no file says, to be kept in a captured tree.
pub(crate) fn facts(machine: &Machine, report: &Report) -> Facts {
    let mut facts = machine.facts().clone();
    facts.hypervisor =
        report.summary().and_then(|summary| summary.hypervisor()).map(|hypervisor| hypervisor.name().into());
    facts
}

/// Reads each process whole and all sockets, for what that leaves in a recording; what a process has mapped only
/// `with_memory`.
pub(crate) fn visit_processes(machine: &Machine, report: &Report, with_memory: bool) {
    // What can't be read leaves nothing.
    let _ = SocketList::read(machine);
    if let Some(processes) = report.processes() {
        processes.visit_each(machine);
        if with_memory {
            processes.visit_memory(machine);
        }
    }
}

/// Saves the answers that came from system calls, as the library reads them from a captured tree.
pub(crate) fn save_answers(report: &Report, recording: &Recording) {
    if let Some(filesystems) = report.filesystems() {
        recording.save(FileSystemStatistics::PATH, &filesystems.statistics_lines());
    }
}

impl Report {
    /// The picture of the process, or of the topology.
    fn picture(&self, machine: &Machine) -> String {
        if let Some(picture) = self.process_picture() {
            return picture;
        }
        let host = machine
            .line("/proc/sys/kernel/hostname")
            .map_or_else(|_| "a machine".into(), |name| name.to_string());
        self.topology()
            .map(|topology| topology.picture(&host, pci::PciDevices::read(machine).shapes()))
            .unwrap_or_default()
    }
}
