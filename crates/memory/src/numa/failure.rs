use linux_support_base::{Directory, Reading, text};

/// Pages of a node whose memory failed, by what came of it, since the machine was started.
///
/// # Kernel
/// Since Linux 6.3, with `CONFIG_MEMORY_FAILURE`.
///
/// # Source
/// `nodeN/memory_failure`, Documentation/ABI/stable/sysfs-devices-node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct MemoryFailures {
    /// All of them.
    pub total: Reading<u64>,
    /// Those about which nothing could be done, since the kernel does not handle such pages.
    pub ignored: Reading<u64>,
    /// Those that could not be taken out of use.
    pub failed: Reading<u64>,
    /// Those that are taken out of use later.
    pub delayed: Reading<u64>,
    /// Those that were taken out of use.
    pub recovered: Reading<u64>,
}

impl MemoryFailures {
    /// Reads those of the node of which `directory` is open.
    pub(super) fn read(directory: &Directory) -> Reading<Self> {
        let counters = match directory.directory("memory_failure") {
            Ok(counters) => counters,
            Err(error) => return Reading::Unavailable(error),
        };
        let number = |name: &str| counters.parse(name, |bytes| text::decimal(text::trim(bytes))).into();
        Reading::Value(Self {
            total: number("total"),
            ignored: number("ignored"),
            failed: number("failed"),
            delayed: number("delayed"),
            recovered: number("recovered"),
        })
    }
}
