use std::io;

use linux_support::{
    base::{Machine, Reading},
    cgroup::{
        Group, GroupPath, Hierarchies, Hierarchy, LegacyGroup, Membership, Mode, RegisteredController,
        Version, tree,
    },
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::presentation::{Align, Page, Table, cell};

/// How deep groups are shown.
const DEPTH: usize = 32;

/// The control groups.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct ControlGroups {
    /// Which versions are mounted.
    mode: Reading<Mode>,
    hierarchies: Reading<Vec<HierarchyWithGroups>>,
    /// The controllers of the kernel.
    controllers: Reading<Vec<RegisteredController>>,
    /// The groups of the process that reads.
    own: Reading<Vec<Membership>>,
}

/// A hierarchy, and its groups.
#[derive(Debug, Serialize, JsonSchema)]
struct HierarchyWithGroups {
    #[serde(flatten)]
    hierarchy: Hierarchy,
    /// The groups, each after the one that it is in.
    groups: Groups,
}

/// The groups of a hierarchy.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
enum Groups {
    /// Of version 2.
    Unified(Reading<Vec<Group>>),
    /// Of version 1.
    Legacy(Reading<Vec<LegacyGroup>>),
}

impl ControlGroups {
    pub(crate) fn read(machine: &Machine) -> Self {
        let hierarchies = Hierarchies::read(machine);
        let mode = hierarchies.as_ref().map(Hierarchies::mode).map_err(Clone::clone);
        let with_groups = |hierarchy: &Hierarchy| {
            let groups = match hierarchy.version {
                Version::V1 => Groups::Legacy(
                    tree::legacy_groups(machine, hierarchy, b"/", DEPTH).map(without_path).into(),
                ),
                _ => Groups::Unified(tree::groups(machine, hierarchy, b"/", DEPTH).map(without_path).into()),
            };
            HierarchyWithGroups { hierarchy: hierarchy.clone(), groups }
        };
        Self {
            mode: mode.into(),
            hierarchies: hierarchies.map(|hierarchies| hierarchies.iter().map(with_groups).collect()).into(),
            controllers: RegisteredController::read_all(machine).into(),
            own: Membership::read_own(machine).into(),
        }
    }

    pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Control groups")?;
        page.values(&[("mode", self.mode.to_string())])?;
        let Some(hierarchies) = page.or_why(&self.hierarchies)? else { return Ok(()) };
        for HierarchyWithGroups { hierarchy, groups } in hierarchies {
            let controllers = match hierarchy.controllers.as_result() {
                Ok(controllers) => controllers.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
                Err(error) => format!("({})", error.reason()),
            };
            let name = hierarchy.name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
            page.heading(format_args!("{}{name}: {controllers}", hierarchy.mount_point))?;
            let mut table = Table::new(&[
                ("GROUP", Align::Left),
                ("PROCESSES", Align::Right),
                ("MEMORY", Align::Right),
                ("OF AT MOST", Align::Right),
                ("CPU TIME", Align::Right),
                ("TASKS", Align::Right),
            ]);
            match groups {
                Groups::Unified(groups) => {
                    let Some(groups) = page.or_why(groups)? else { continue };
                    groups.iter().for_each(|group| unified_row(&mut table, group));
                }
                Groups::Legacy(groups) => {
                    let Some(groups) = page.or_why(groups)? else { continue };
                    groups.iter().for_each(|group| legacy_row(&mut table, group));
                }
            }
            page.table(table)?;
        }
        Ok(())
    }
}

fn without_path<T>(groups: Vec<(GroupPath, T)>) -> Vec<T> {
    groups.into_iter().map(|(_, group)| group).collect()
}

/// A value that may be missing for many reasons, all shown alike.
fn or_dash(value: Option<impl ToString>) -> comfy_table::Cell {
    cell(value.map_or_else(|| "-".to_owned(), |value| value.to_string()))
}

fn unified_row(table: &mut Table, group: &Group) {
    let memory = group.memory.value();
    table.row([
        cell(&group.path),
        or_dash(group.processes.value()),
        or_dash(memory.and_then(|memory| memory.current.value())),
        or_dash(memory.and_then(|memory| memory.max.value())),
        or_dash(group.cpu_stat.value().map(|stat| format!("{:.2} s", stat.usage.as_secs_f64()))),
        or_dash(group.pids.value().and_then(|pids| pids.current.value())),
    ]);
}

fn legacy_row(table: &mut Table, group: &LegacyGroup) {
    let memory = group.memory.as_ref();
    let usage = group.cpuacct.as_ref().and_then(|account| account.usage.value());
    table.row([
        cell(&group.path),
        or_dash(group.processes.value()),
        or_dash(memory.and_then(|memory| memory.usage.value())),
        or_dash(memory.and_then(|memory| memory.limit.value())),
        or_dash(usage.map(|usage| format!("{:.2} s", usage.as_secs_f64()))),
        or_dash(group.pids.as_ref().and_then(|pids| pids.current.value())),
    ]);
}
