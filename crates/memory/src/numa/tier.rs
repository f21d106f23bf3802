use linux_support_base::{Error, Machine, NumaNode, NumaNodeSet, Requirement, text};

use crate::{Setting, setting::Form};

const ROOT: &str = "/sys/devices/virtual/memory_tiering";
const NEEDS: Requirement = Requirement::none().since(6, 1).configuration("CONFIG_NUMA");

/// Nodes whose memory is about as fast: pages that are little used go from a tier to the next slower one, and back.
///
/// # Kernel
/// Since Linux 6.1.
///
/// # Source
/// Documentation/ABI/testing/sysfs-kernel-mm-memory-tiers.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct MemoryTier {
    /// Its number: the lower, the faster.
    pub number: u32,
    /// The nodes with memory of this speed.
    pub nodes: NumaNodeSet,
}

impl MemoryTier {
    /// The tiers, the fastest first.
    ///
    /// # Errors
    /// The kernel knows no tiers; a list of nodes is malformed.
    pub fn read_all(machine: &Machine) -> Result<Vec<Self>, Error> {
        let entries = machine.entries(ROOT).map_err(|error| machine.explain(error, NEEDS))?;
        let mut tiers = Vec::new();
        for entry in entries {
            let number = entry.name.as_bytes().strip_prefix(b"memory_tier").map(text::decimal);
            let Some(Ok(number)) = number else { continue };
            match machine.parse(format!("{ROOT}/{}/nodelist", entry.name), NumaNodeSet::parse_list) {
                Ok(nodes) => tiers.push(Self { number, nodes }),
                // A tier goes with its last node.
                Err(error) if error.is_absent() => {}
                Err(error) => return Err(error),
            }
        }
        tiers.sort_by_key(|tier| tier.number);
        Ok(tiers)
    }

    /// The tier of `node` among `tiers`; none where it has no memory.
    #[must_use]
    pub fn of(tiers: &[Self], node: NumaNode) -> Option<&Self> {
        tiers.iter().find(|tier| tier.nodes.contains(node))
    }
}

/// Whether reclaim moves pages to a slower tier before it drops them or swaps them out.
///
/// # Kernel
/// Since Linux 5.15.
///
/// # Source
/// Documentation/ABI/testing/sysfs-kernel-mm-numa.
#[doc(alias = "demotion_enabled")]
pub const DEMOTION: Setting<bool> =
    Setting::new("/sys/kernel/mm/numa/demotion_enabled", "true or false", Form::TRUTH)
        .needing(Requirement::none().since(5, 15).configuration("CONFIG_NUMA"));

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn tiers_are_in_order_of_their_speed_and_what_else_is_there_is_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join(&ROOT[1..]);
        for (name, nodes) in
            [("memory_tier22", "3\n"), ("memory_tier4", "0-2"), ("power", ""), ("memory_tierx", "9")]
        {
            fs::create_dir_all(root.join(name)).unwrap();
            fs::write(root.join(name).join("nodelist"), nodes).unwrap();
        }
        fs::create_dir_all(root.join("memory_tier9")).unwrap();
        let machine = Machine::captured(folder.path()).unwrap();
        let tiers = MemoryTier::read_all(&machine).unwrap();
        let shown: Vec<_> = tiers.iter().map(|tier| (tier.number, tier.nodes.to_string())).collect();
        assert_eq!(shown, [(4, "0-2".into()), (22, "3".into())]);
        let node = |number| NumaNode::new(number).unwrap();
        assert_eq!(MemoryTier::of(&tiers, node(3)).unwrap().number, 22);
        assert_eq!(MemoryTier::of(&tiers, node(4)), None);
        fs::write(root.join("memory_tier4/nodelist"), "0-x\n").unwrap();
        assert_eq!(MemoryTier::read_all(&machine).unwrap_err().reason().name(), "malformed");
    }

    #[test]
    fn a_kernel_without_tiers_says_so() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("proc/sys/kernel")).unwrap();
        fs::create_dir_all(folder.path().join("sys")).unwrap();
        fs::write(folder.path().join("proc/sys/kernel/osrelease"), "5.15.0\n").unwrap();
        let machine = Machine::captured(folder.path()).unwrap();
        assert_eq!(MemoryTier::read_all(&machine).unwrap_err().reason().name(), "kernel-too-old");
        assert!(DEMOTION.read(&machine).unwrap_err().is_absent());
    }
}
