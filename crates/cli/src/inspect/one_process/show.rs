use std::{fmt::Display, io, time::Duration};

use linux_support::{
    base::{GroupId, UserId},
    process::{
        CapabilitySet, Credentials,
        scheduling::{Scheduling, SchedulingAttributes},
    },
};

use super::OneProcess;
use crate::presentation::{Align, Page, Table, cell, clock};

type Values = Vec<(&'static str, String)>;

fn shown(value: Option<impl Display>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

fn yes(value: Option<bool>) -> String {
    shown(value.map(|value| if value { "yes" } else { "no" }))
}

impl OneProcess {
    pub(super) fn show_identity(&self, page: &mut Page<'_>) -> io::Result<()> {
        let detail = &self.detail;
        page.heading(format_args!("Process {}", detail.pid))?;
        let mut values: Values = vec![
            ("program", detail.program.to_string()),
            ("command line", detail.command_line.to_string()),
            ("executable", detail.executable.to_string()),
            ("working directory", detail.working_directory.to_string()),
            ("root", detail.root.to_string()),
            ("started", detail.started.to_string()),
            (
                "terminal",
                detail.terminal.as_result().map_or_else(ToString::to_string, |name| shown(name.as_ref())),
            ),
        ];
        if let Some(status) = detail.status.value() {
            values.extend([
                ("name", status.name.to_string()),
                ("state", status.state.to_string()),
                ("parent", shown(status.parent)),
                ("tracer", shown(status.tracer)),
                ("threads", status.threads.to_string()),
            ]);
        } else {
            values.push(("status", format!("{:?}", detail.status)));
        }
        if let Some(stat) = detail.stat.value() {
            values.extend([("process group", shown(stat.process_group)), ("session", shown(stat.session))]);
        }
        if let Some(children) = detail.children.value() {
            values.push(("children", list(children.iter())));
        }
        values.extend([
            (
                "waits in",
                detail.wait_channel.as_result().map_or_else(ToString::to_string, |name| shown(name.as_ref())),
            ),
            ("OOM score", detail.oom_score.to_string()),
            ("OOM adjustment", detail.oom_score_adjustment.to_string()),
            ("personality", detail.personality.to_string()),
        ]);
        page.values(&values)
    }

    pub(super) fn show_scheduling(&self, page: &mut Page<'_>) -> io::Result<()> {
        let detail = &self.detail;
        page.heading("Scheduling")?;
        let mut values: Values = Vec::new();
        if let Some(stat) = detail.stat.value() {
            values.extend([
                ("policy", stat.policy.to_string()),
                ("priority", stat.priority.to_string()),
                ("nice", stat.nice.to_string()),
                ("real-time priority", shown(stat.real_time_priority.map(|priority| priority.get()))),
                ("last ran on CPU", shown(stat.cpu)),
            ]);
        }
        match detail.scheduling.as_result() {
            Ok(attributes) => values.extend(attributes_of(attributes)),
            Err(error) => values.push(("attributes", format!("({error})"))),
        }
        values.push(("I/O priority", detail.io_priority.to_string()));
        let autogroup = |group: &Option<linux_support::process::Autogroup>| {
            shown(group.map(|group| format!("{}, nice {}", group.id, group.nice)))
        };
        values.push((
            "autogroup",
            detail.autogroup.as_result().map_or_else(|error| format!("({})", error.reason()), autogroup),
        ));
        let slack = detail.timer_slack.clone().map(|slack| format!("{slack:?}"));
        values.push(("timer slack", slack.to_string()));
        if let Some(status) = detail.status.value() {
            values.extend([
                ("CPUs allowed", shown(status.cpus_allowed.as_ref())),
                ("nodes allowed", shown(status.nodes_allowed.as_ref())),
                ("switches, voluntary", shown(status.voluntary_switches)),
                ("switches, involuntary", shown(status.involuntary_switches)),
            ]);
        }
        page.values(&values)
    }

    pub(super) fn show_rights(&self, page: &mut Page<'_>) -> io::Result<()> {
        let detail = &self.detail;
        page.heading("Rights")?;
        let Some(status) = page.or_why(&detail.status)? else { return Ok(()) };
        let name = self.user.value().and_then(|user| user.name.as_ref());
        page.values(&[
            ("user", shown(name)),
            ("users", users(&status.users)),
            ("groups", groups(&status.groups)),
            ("supplementary groups", list(status.supplementary_groups.iter().map(|group| group.number()))),
            ("capabilities, effective", capabilities(status.capabilities_effective)),
            ("permitted", capabilities(status.capabilities_permitted)),
            ("inheritable", capabilities(status.capabilities_inheritable)),
            ("bounding", capabilities(status.capabilities_bounding)),
            ("ambient", capabilities(status.capabilities_ambient)),
            ("no new privileges", yes(status.no_new_privileges)),
            ("seccomp", shown(status.seccomp)),
            ("seccomp filters", shown(status.seccomp_filters)),
            ("store bypass", shown(status.speculative_store_bypass.as_ref())),
            ("indirect branches", shown(status.speculative_indirect_branch.as_ref())),
            ("umask", shown(status.umask)),
            (
                "login user",
                detail
                    .login_user
                    .as_result()
                    .map_or_else(|error| format!("({})", error.reason()), |user| shown(*user)),
            ),
        ])
    }

    pub(super) fn show_use(&self, page: &mut Page<'_>) -> io::Result<()> {
        let detail = &self.detail;
        page.heading("Use")?;
        let time = self.cpu_time_seconds.map(|seconds| clock(Duration::from_secs_f64(seconds)));
        let mut values: Values = vec![("CPU time", shown(time))];
        if let Some(times) = detail.run_times.value() {
            values.extend([
                ("first thread ran", clock(times.running)),
                ("first thread waited", clock(times.waiting)),
            ]);
        }
        if let Some(status) = detail.status.value() {
            let memory = &status.memory;
            values.extend([
                ("address space", shown(memory.virtual_size)),
                ("resident", shown(memory.resident)),
                ("resident at most", shown(memory.resident_peak)),
                ("locked", shown(memory.locked)),
                ("swapped", shown(memory.swapped)),
            ]);
        }
        if let Some(stat) = detail.stat.value() {
            values.extend([
                ("minor faults", stat.minor_faults.to_string()),
                ("major faults", stat.major_faults.to_string()),
            ]);
        }
        match detail.input_output.as_result() {
            Ok(io) => values.extend([
                ("read", io.read_characters.to_string()),
                ("written", io.written_characters.to_string()),
                ("read from storage", io.read_bytes.to_string()),
                ("written to storage", io.written_bytes.to_string()),
            ]),
            Err(error) => values.push(("input and output", format!("({})", error.reason()))),
        }
        page.values(&values)
    }

    pub(super) fn show_namespaces(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Namespaces")?;
        let Some(namespaces) = page.or_why(&self.detail.namespaces)? else { return Ok(()) };
        let shown: Vec<_> =
            namespaces.iter().map(|link| (link.name.to_string(), link.namespace.to_string())).collect();
        let shown: Vec<_> = shown.iter().map(|(name, value)| (name.as_str(), value.clone())).collect();
        page.values(&shown)
    }

    pub(super) fn show_threads(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Threads")?;
        let Some(threads) = page.or_why(&self.detail.threads)? else { return Ok(()) };
        let mut table = Table::new(&[
            ("THREAD", Align::Right),
            ("STATE", Align::Left),
            ("POLICY", Align::Left),
            ("NICE", Align::Right),
            ("REAL-TIME", Align::Right),
            ("CPU", Align::Right),
            ("NAME", Align::Left),
        ]);
        for thread in threads {
            table.row([
                cell(thread.tid),
                cell(thread.state),
                cell(thread.policy),
                cell(thread.nice),
                cell(shown(thread.real_time_priority.map(|priority| priority.get()))),
                cell(shown(thread.cpu)),
                cell(&thread.name),
            ]);
        }
        page.table(table)
    }
}

/// What `/proc/PID/stat` does not tell.
fn attributes_of(attributes: &SchedulingAttributes) -> Values {
    let mut values: Values = Vec::new();
    match attributes.scheduling {
        Scheduling::Other(share) | Scheduling::Batch(share) | Scheduling::Extensible(share) => {
            values.push(("slice", shown(share.slice.map(|slice| format!("{slice:?}")))));
        }
        Scheduling::Deadline(deadline) => values.extend([
            ("runtime", format!("{:?}", deadline.runtime())),
            ("deadline", format!("{:?}", deadline.deadline())),
            ("period", format!("{:?}", deadline.period())),
        ]),
        _ => {}
    }
    let clamp = attributes.utilisation;
    let parts = |clamp: Option<linux_support::process::scheduling::Utilisation>| {
        shown(clamp.map(|clamp| clamp.get()))
    };
    values.push(("utilisation clamp", format!("{} to {} of 1024", parts(clamp.min), parts(clamp.max))));
    values.push(("reset on fork", yes(Some(attributes.reset_on_fork))));
    values
}

fn list(items: impl Iterator<Item = impl Display>) -> String {
    let items: Vec<_> = items.map(|item| item.to_string()).collect();
    if items.is_empty() { "none".into() } else { items.join(" ") }
}

fn users(users: &Credentials<UserId>) -> String {
    let Credentials { real, effective, saved, filesystem } = users;
    format!("real {real}, effective {effective}, saved {saved}, file system {filesystem}")
}

fn groups(groups: &Credentials<GroupId>) -> String {
    let Credentials { real, effective, saved, filesystem } = groups;
    format!("real {real}, effective {effective}, saved {saved}, file system {filesystem}")
}

fn capabilities(set: Option<CapabilitySet>) -> String {
    set.map_or_else(|| "-".to_owned(), |set| list(set.iter()))
}
