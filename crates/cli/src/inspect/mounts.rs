use std::io;

use linux_support::{
    base::{Machine, Reading},
    filesystem::{Mount, MountTree},
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::presentation::{Align, Page, Table, cell};

/// The mounts of the reading process's namespace.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Mounts {
    /// Each mount, a tree's branch after its stem.
    mounts: Reading<Vec<MountInTree>>,
}

/// A mount, and its place.
#[derive(Debug, Serialize, JsonSchema)]
struct MountInTree {
    #[serde(flatten)]
    mount: Mount,
    /// How many mounts it stands on, up to the root.
    depth: usize,
    /// Whether it can be seen: no other mount lies over it.
    visible: bool,
}

impl Mounts {
    pub(crate) fn read(machine: &Machine) -> Self {
        let mounts = MountTree::read(machine).map(|tree| {
            tree.walk()
                .map(|node| MountInTree {
                    mount: node.mount.clone(),
                    depth: node.depth,
                    visible: node.visible,
                })
                .collect()
        });
        Self { mounts: mounts.into() }
    }

    pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("Mounts")?;
        let Some(mounts) = page.or_why(&self.mounts)? else { return Ok(()) };
        let mut table = Table::new(&[
            ("MOUNT POINT", Align::Left),
            ("TYPE", Align::Left),
            ("SOURCE", Align::Left),
            ("PROPAGATION", Align::Left),
            ("OPTIONS", Align::Left),
        ]);
        for MountInTree { mount, depth, visible } in mounts {
            let hidden = if *visible { "" } else { " (covered)" };
            table.row([
                cell(format_args!("{:indent$}{}{hidden}", "", mount.mount_point, indent = depth * 2)),
                cell(&mount.kind),
                cell(&mount.source),
                cell(&mount.propagation),
                cell(format_args!("{} / {}", mount.options, mount.super_options)),
            ]);
        }
        page.table(table)
    }
}
