use std::io;

use linux_support::{
    base::{ByteString, DeviceNumber, Machine, Reading},
    filesystem::{FileSystemClass, FileSystemKind, FileSystemStatistics, MountTree, RegisteredFileSystem},
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::presentation::{Align, Page, Table, cell, reading};

/// The kinds of file systems that the kernel knows, and the use of those that are mounted.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct FileSystems {
    /// Those that the kernel has registered.
    registered: Reading<Vec<RegisteredFileSystem>>,
    /// Those that are mounted and visible.
    mounted: Reading<Vec<Mounted>>,
}

/// A mounted file system and its use.
#[derive(Debug, Serialize, JsonSchema)]
struct Mounted {
    mount_point: ByteString,
    #[serde(rename = "type")]
    kind: FileSystemKind,
    class: FileSystemClass,
    source: ByteString,
    device: DeviceNumber,
    statistics: Reading<FileSystemStatistics>,
}

impl FileSystems {
    pub(crate) fn read(machine: &Machine) -> Self {
        let mounted = MountTree::read(machine).map(|tree| {
            tree.walk()
                .filter(|node| node.visible)
                .map(|node| node.mount)
                .map(|mount| Mounted {
                    mount_point: mount.mount_point.clone(),
                    kind: mount.kind.clone(),
                    class: mount.kind.class(),
                    source: mount.source.clone(),
                    device: mount.device,
                    statistics: FileSystemStatistics::of(machine, &mount.mount_point).into(),
                })
                .collect()
        });
        Self { registered: RegisteredFileSystem::read_all(machine).into(), mounted: mounted.into() }
    }

    /// The answers of `statfs`, as a captured tree keeps them.
    pub(crate) fn statistics_lines(&self) -> Vec<u8> {
        let mounted = self.mounted.value().map(Vec::as_slice).unwrap_or_default();
        mounted
            .iter()
            .filter_map(|mounted| Some(mounted.statistics.value()?.line(mounted.mount_point.as_bytes())))
            .flatten()
            .collect()
    }

    pub(crate) fn show(&self, page: &mut Page<'_>) -> io::Result<()> {
        page.heading("File systems mounted")?;
        if let Some(mounted) = page.or_why(&self.mounted)? {
            let mut table = Table::new(&[
                ("MOUNT POINT", Align::Left),
                ("TYPE", Align::Left),
                ("CLASS", Align::Left),
                ("SIZE", Align::Right),
                ("AVAILABLE", Align::Right),
                ("USED", Align::Right),
                ("INODES FREE", Align::Right),
            ]);
            for mounted in mounted {
                let mut cells = vec![cell(&mounted.mount_point), cell(&mounted.kind), cell(mounted.class)];
                match &mounted.statistics {
                    Reading::Value(statistics) => {
                        let used = statistics.used_fraction().map(|used| format!("{:.0} %", used * 100.0));
                        cells.push(cell(statistics.total));
                        cells.push(cell(statistics.available));
                        cells.push(cell(used.as_deref().unwrap_or("-")));
                        cells.push(cell(statistics.free_inodes));
                    }
                    unavailable => cells.push(reading(unavailable)),
                }
                table.row_of(cells);
            }
            page.table(table)?;
        }
        page.heading("File systems that the kernel knows")?;
        let Some(registered) = page.or_why(&self.registered)? else { return Ok(()) };
        let names = |needs_device: bool| -> String {
            let names = registered.iter().filter(|kind| kind.needs_device == needs_device);
            names.map(|kind| kind.name.to_string()).collect::<Vec<_>>().join(", ")
        };
        page.values(&[("on a device", names(true)), ("without", names(false))])
    }
}
