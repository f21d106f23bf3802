use std::num::NonZeroU8;

use linux_support_base::{Error, LiveMachine, Machine, NumaNode, ParseError, Reading, Requirement, text};

const ROOT: &str = "/sys/kernel/mm/mempolicy/weighted_interleave";
const NEEDS: Requirement = Requirement::none().since(6, 9).configuration("CONFIG_NUMA");
/// The file is `auto`; kernels whose own word for it became a macro of their compiler call it otherwise.
const AUTOMATIC: [&str; 2] = ["auto", "__auto_type"];

/// How many pages each node gives in turn under
/// [weighted interleaving](super::PolicyMode::WeightedInterleave).
///
/// # Kernel
/// Since Linux 6.9.
///
/// # Source
/// Documentation/ABI/testing/sysfs-kernel-mm-mempolicy-weighted-interleave.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct InterleaveWeights {
    /// The weight of each node, by number.
    pub weights: Vec<(NumaNode, Reading<u8>)>,
    /// Whether the kernel sets them by what the firmware tells of bandwidths. Since Linux 6.16.
    pub automatic: Reading<bool>,
}

impl InterleaveWeights {
    /// Reads the weights.
    ///
    /// # Errors
    /// The kernel has none.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        let directory = machine.directory(ROOT).map_err(|error| machine.explain(error, NEEDS))?;
        let mut weights: Vec<_> = directory
            .entries("")?
            .iter()
            .filter_map(|entry| {
                let node = NumaNode::parse(entry.name.as_bytes().strip_prefix(b"node")?).ok()?;
                Some((node, directory.parse(&entry.name, parse_weight).into()))
            })
            .collect();
        weights.sort_by_key(|(node, _)| *node);
        let name = AUTOMATIC.into_iter().find(|name| directory.exists(name)).unwrap_or(AUTOMATIC[0]);
        let automatic = directory.parse(name, parse_automatic).into();
        Ok(Self { weights, automatic })
    }

    /// The weight of `node`.
    #[must_use]
    pub fn weight(&self, node: NumaNode) -> Option<u8> {
        self.weights.iter().find(|(known, _)| *known == node)?.1.value().copied()
    }
}

/// Sets the weight of `node`. From then on, the kernel no longer sets weights itself.
///
/// # Errors
/// There is no such node; the kernel has no weights.
///
/// # Capabilities
/// Root's, to write the file.
pub fn set_interleave_weight(
    machine: LiveMachine<'_>,
    node: NumaNode,
    weight: NonZeroU8,
) -> Result<(), Error> {
    store(machine, &format!("node{node}"), &weight.to_string())
}

/// Gives every node the weight that the machine itself has for it.
///
/// # Errors
/// The kernel has no weights.
///
/// # Capabilities
/// Root's, to write the files.
pub fn reset_interleave_weights(machine: LiveMachine<'_>) -> Result<(), Error> {
    let weights = InterleaveWeights::read(&machine)?;
    if !weights.automatic.error().is_some_and(Error::is_absent) {
        return set_automatic_interleave_weights(machine, true);
    }
    // Before Linux 6.16, 0 stands for the machine's own; since then it is refused.
    weights.weights.iter().try_for_each(|(node, _)| store(machine, &format!("node{node}"), "0"))
}

/// Has the kernel set the weights by what the firmware tells, or no longer.
///
/// # Errors
/// The kernel does not do it (before Linux 6.16).
///
/// # Capabilities
/// Root's, to write the file.
pub fn set_automatic_interleave_weights(machine: LiveMachine<'_>, automatic: bool) -> Result<(), Error> {
    let directory = machine.directory(ROOT).map_err(|error| machine.explain(error, NEEDS))?;
    let name = AUTOMATIC.into_iter().find(|name| directory.exists(name)).unwrap_or(AUTOMATIC[0]);
    store(machine, name, if automatic { "1" } else { "0" })
}

fn store(machine: LiveMachine<'_>, name: &str, text: &str) -> Result<(), Error> {
    machine.write(format!("{ROOT}/{name}"), text).map_err(|error| machine.explain(error, NEEDS))
}

fn parse_weight(bytes: &[u8]) -> Result<u8, ParseError> {
    text::decimal(text::trim(bytes))
}

fn parse_automatic(bytes: &[u8]) -> Result<bool, ParseError> {
    match text::trim(bytes) {
        b"true" => Ok(true),
        b"false" => Ok(false),
        other => Err(ParseError::expected("true or false", other)),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn captured(files: &[(&str, &str)]) -> (tempfile::TempDir, Machine) {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join(&ROOT[1..]);
        fs::create_dir_all(&root).unwrap();
        for (name, text) in files {
            fs::write(root.join(name), text).unwrap();
        }
        let machine = Machine::captured(folder.path()).unwrap();
        (folder, machine)
    }

    #[test]
    fn each_node_has_its_weight_and_what_is_malformed_says_so() {
        let files =
            [("node10", "3\n"), ("node2", "255"), ("node3", "256\n"), ("nodes", "1"), ("auto", "false\n")];
        let (_folder, machine) = captured(&files);
        let weights = InterleaveWeights::read(&machine).unwrap();
        let node = |number| NumaNode::new(number).unwrap();
        assert_eq!(weights.weights.iter().map(|(node, _)| node.number()).collect::<Vec<_>>(), [2, 3, 10]);
        assert_eq!((weights.weight(node(2)), weights.weight(node(10))), (Some(255), Some(3)));
        assert_eq!((weights.weight(node(3)), weights.weight(node(1))), (None, None));
        assert_eq!(weights.automatic.value(), Some(&false));
    }

    #[test]
    fn the_file_of_kernels_with_a_macro_of_its_name_is_found() {
        let (_folder, machine) = captured(&[("node0", "1\n"), ("__auto_type", "true\n")]);
        assert_eq!(InterleaveWeights::read(&machine).unwrap().automatic.value(), Some(&true));
    }
}
