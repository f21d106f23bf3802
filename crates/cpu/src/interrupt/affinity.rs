//! Which CPUs may take an interrupt: `/proc/irq`.

use linux_support_base::{
    ByteString, CpuSet, Error, FileKind, Machine, NumaNode, ParseError, Reading, Requirement, text,
};

use crate::info::field;

/// Which CPUs take which interrupts.
///
/// # Source
/// Documentation/core-api/irq/irq-affinity.rst, Documentation/filesystems/proc.rst.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct InterruptAffinities {
    /// The CPUs that an interrupt may go to that is made from now on.
    #[doc(alias = "default_smp_affinity")]
    pub default: Reading<CpuSet>,
    /// Each interrupt, by number.
    pub list: Vec<InterruptAffinity>,
}

/// Which CPUs take an interrupt.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct InterruptAffinity {
    /// The interrupt's number.
    pub number: u32,
    /// The CPUs that it may go to.
    #[doc(alias = "smp_affinity_list")]
    pub allowed: Reading<CpuSet>,
    /// The CPUs that it does go to.
    ///
    /// # Kernel
    /// Since 4.13.
    #[doc(alias = "effective_affinity_list")]
    pub effective: Reading<CpuSet>,
    /// The CPUs that the driver would like; empty where it has no wish.
    #[doc(alias = "affinity_hint")]
    pub hint: Reading<CpuSet>,
    /// The NUMA node of the device; `None` where the kernel does not know it.
    pub node: Reading<Option<NumaNode>>,
    /// Its handlers: the directories below its own.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty"))]
    pub actions: Vec<ByteString>,
}

impl InterruptAffinities {
    /// Reads `/proc/irq`.
    ///
    /// # Errors
    /// The directory is absent or can't be read.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        let mut numbers: Vec<u32> = machine
            .entries("/proc/irq")?
            .iter()
            .filter_map(|entry| text::decimal(entry.name.as_bytes()).ok())
            .collect();
        numbers.sort_unstable();
        let mut list = Vec::with_capacity(numbers.len());
        for number in numbers {
            match InterruptAffinity::read(machine, number) {
                Ok(affinity) => list.push(affinity),
                // Its driver was taken away meanwhile.
                Err(error) if error.is_absent() => {}
                Err(error) => return Err(error),
            }
        }
        let default = machine.parse("/proc/irq/default_smp_affinity", CpuSet::parse_mask).into();
        Ok(Self { default, list })
    }
}

impl InterruptAffinity {
    /// Reads `/proc/irq/NUMBER`.
    ///
    /// # Errors
    /// There is no such interrupt.
    pub fn read(machine: &Machine, number: u32) -> Result<Self, Error> {
        let directory = machine.directory(format!("/proc/irq/{number}"))?;
        let mut actions = Vec::new();
        directory.visit("", |name, kind| {
            if kind == FileKind::Directory {
                actions.push(ByteString::from(name));
            }
        })?;
        actions.sort_unstable();
        let effective =
            Requirement::none().since(4, 13).configuration("CONFIG_GENERIC_IRQ_EFFECTIVE_AFF_MASK");
        Ok(Self {
            number,
            allowed: directory
                .parse("smp_affinity_list", CpuSet::parse_list)
                .or_else(|error| match error.is_absent() {
                    true => directory.parse("smp_affinity", CpuSet::parse_mask),
                    false => Err(error),
                })
                .into(),
            effective: directory
                .parse("effective_affinity_list", CpuSet::parse_list)
                .map_err(|error| machine.explain(error, effective))
                .into(),
            hint: directory.parse("affinity_hint", CpuSet::parse_mask).into(),
            node: directory.parse("node", parse_node).into(),
            actions,
        })
    }
}

fn parse_node(bytes: &[u8]) -> Result<Option<NumaNode>, ParseError> {
    match field::identity(bytes)? {
        None => Ok(None),
        Some(_) => NumaNode::parse(text::trim(bytes)).map(Some),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn each_interrupt_has_its_cpus() {
        let tree = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("default_smp_affinity", "ffffffff,0000000f\n"),
            ("300/smp_affinity_list", "0-3\n"),
            ("300/effective_affinity_list", "2\n"),
            ("300/affinity_hint", "0\n"),
            ("300/node", "-1\n"),
            ("300/eth0/x", ""),
            ("7/smp_affinity", "3\n"),
            ("7/node", "1\n"),
        ] {
            let path = tree.path().join("proc/irq").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let affinities = InterruptAffinities::read(&Machine::captured(tree.path()).unwrap()).unwrap();
        assert_eq!(affinities.default.to_string(), "0-3,32-63");
        let [seven, large] = &affinities.list[..] else { panic!("{affinities:?}") };
        assert_eq!((seven.number, seven.allowed.to_string()), (7, "0-1".into()));
        assert_eq!(seven.node, Reading::Value(NumaNode::new(1)));
        assert!(seven.effective.is_absent());
        assert_eq!(
            (large.number, large.effective.to_string(), large.hint.to_string()),
            (300, "2".into(), "".into())
        );
        assert_eq!((&large.node, &large.actions[..]), (&Reading::Value(None), &["eth0".into()][..]));
    }
}
