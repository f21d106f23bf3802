use linux_support_base::{Error, LiveMachine, NumaNode, Requirement};

/// Moves used memory together, in all of the machine, so that larger pieces are free.
///
/// # Errors
/// The kernel does not do it (`CONFIG_COMPACTION`), or permission is lacking.
///
/// # Capabilities
/// Root's, to write the file.
#[doc(alias = "compact_memory")]
pub fn compact(machine: LiveMachine<'_>) -> Result<(), Error> {
    machine.write("/proc/sys/vm/compact_memory", "1").map_err(|error| machine.explain(error, COMPACTION))
}

/// As [`compact`], in one node.
///
/// # Errors
/// As for [`compact`]; there is no such node.
///
/// # Capabilities
/// Root's, to write the file.
pub fn compact_node(machine: LiveMachine<'_>, node: NumaNode) -> Result<(), Error> {
    let path = format!("/sys/devices/system/node/node{node}/compact");
    machine.write(path, "1").map_err(|error| machine.explain(error, COMPACTION))
}

const COMPACTION: Requirement = Requirement::none().configuration("CONFIG_COMPACTION");
