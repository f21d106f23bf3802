use linux_support_base::{Directory, NumaNode, NumaNodeSet, Reading, text};

/// How fast a node's memory is for the nodes nearest to it.
///
/// # Kernel
/// Since Linux 5.2, with `CONFIG_HMEM_REPORTING` and firmware that tells.
///
/// # Source
/// `nodeN/accessC`, Documentation/admin-guide/mm/numaperf.rst.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Access {
    /// Among whom the nearest were sought.
    pub class: AccessClass,
    /// The nodes from which this node's memory is reached fastest.
    pub initiators: NumaNodeSet,
    /// The nodes whose memory this node reaches fastest.
    pub targets: NumaNodeSet,
    /// How fast the initiators reach this node's memory.
    pub performance: Performance,
}

/// Among whom the nearest nodes were sought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum AccessClass {
    /// Among nodes with CPUs or devices: class 0.
    Any,
    /// Among nodes with CPUs: class 1, since Linux 5.10.
    Cpus,
    /// A class that this library does not know.
    Unknown(u32),
}

/// Bandwidth and latency.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Performance {
    /// Reading, in MB/s.
    pub read_bandwidth_mb_per_second: Reading<u64>,
    /// Writing, in MB/s.
    pub write_bandwidth_mb_per_second: Reading<u64>,
    /// Reading, in nanoseconds.
    pub read_latency_nanoseconds: Reading<u64>,
    /// Writing, in nanoseconds.
    pub write_latency_nanoseconds: Reading<u64>,
}

impl Access {
    /// Reads the classes of the node of which `directory` is open; none where the firmware tells none.
    pub(super) fn read_all(directory: &Directory) -> Vec<Self> {
        let entries = directory.entries("").unwrap_or_default();
        let classes = entries.iter().filter_map(|entry| {
            let class = match text::decimal(entry.name.as_bytes().strip_prefix(b"access")?).ok()? {
                0 => AccessClass::Any,
                1 => AccessClass::Cpus,
                other => AccessClass::Unknown(other),
            };
            let access = directory.directory(&entry.name).ok()?;
            let number = |name: &str| {
                access.parse(format!("initiators/{name}"), |bytes| text::decimal(text::trim(bytes))).into()
            };
            Some(Self {
                class,
                initiators: linked_nodes(&access, "initiators"),
                targets: linked_nodes(&access, "targets"),
                performance: Performance {
                    read_bandwidth_mb_per_second: number("read_bandwidth"),
                    write_bandwidth_mb_per_second: number("write_bandwidth"),
                    read_latency_nanoseconds: number("read_latency"),
                    write_latency_nanoseconds: number("write_latency"),
                },
            })
        });
        classes.collect()
    }
}

fn linked_nodes(directory: &Directory, name: &str) -> NumaNodeSet {
    let entries = directory.entries(name).unwrap_or_default();
    entries
        .iter()
        .filter_map(|entry| NumaNode::parse(entry.name.as_bytes().strip_prefix(b"node")?).ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use linux_support_base::Machine;

    use super::*;

    #[test]
    fn each_class_has_its_nearest_nodes_and_their_speed() {
        let folder = tempfile::tempdir().unwrap();
        let node = folder.path().join("sys/devices/system/node/node3");
        for class in ["access0", "access1", "access7", "accessory"] {
            fs::create_dir_all(node.join(class).join("initiators/node0")).unwrap();
            fs::create_dir_all(node.join(class).join("targets")).unwrap();
        }
        fs::create_dir_all(node.join("access0/initiators/node12")).unwrap();
        fs::write(node.join("access0/initiators/read_bandwidth"), "4000\n").unwrap();
        fs::write(node.join("access0/initiators/write_latency"), "fast\n").unwrap();
        let machine = Machine::captured(folder.path()).unwrap();
        let access = Access::read_all(&machine.directory("/sys/devices/system/node/node3").unwrap());
        let classes: Vec<_> = access.iter().map(|access| access.class).collect();
        assert_eq!(classes, [AccessClass::Any, AccessClass::Cpus, AccessClass::Unknown(7)]);
        assert_eq!(access[0].initiators.to_string(), "0,12");
        assert!(access[0].targets.is_empty());
        let performance = &access[0].performance;
        assert_eq!(performance.read_bandwidth_mb_per_second.value(), Some(&4000));
        assert!(performance.read_latency_nanoseconds.is_absent());
        assert_eq!(performance.write_latency_nanoseconds.error().unwrap().reason().name(), "malformed");
    }
}
