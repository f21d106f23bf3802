//! The controller `cpuset` of version 2.

use core::fmt;

use linux_support_base::{ByteString, CpuSet, NumaNodeSet, ParseError, text};

use crate::format::{cpus, interface_files, nodes};

interface_files! {
    /// The CPUs and memory nodes of a group.
    ///
    /// # Source
    /// Documentation/admin-guide/cgroup-v2.rst, "Cpuset".
    pub struct CpusetControl of "cpuset" {
        /// The CPUs that are asked for; none means those of the group above.
        cpus: CpuSet = "cpuset.cpus" BelowRoot by cpus;
        /// The CPUs that it has.
        cpus_effective: CpuSet = "cpuset.cpus.effective" Everywhere by cpus;
        /// The CPUs that are asked for to make a partition of.
        cpus_exclusive: CpuSet = "cpuset.cpus.exclusive" BelowRoot since 6 7 by cpus;
        /// The CPUs that it may make a partition of.
        cpus_exclusive_effective: CpuSet = "cpuset.cpus.exclusive.effective" BelowRoot since 6 7 by cpus;
        /// All CPUs of isolated partitions.
        cpus_isolated: CpuSet = "cpuset.cpus.isolated" Root since 6 8 by cpus;
        /// Whether it is a partition.
        cpus_partition: Partition = "cpuset.cpus.partition" BelowRoot by Partition::parse;
        /// The memory nodes that are asked for; none means those of the group above.
        mems: NumaNodeSet = "cpuset.mems" BelowRoot by nodes;
        /// The memory nodes that it has.
        mems_effective: NumaNodeSet = "cpuset.mems.effective" Everywhere by nodes;
    }
}

/// Whether a group is a partition: the owner of CPUs that no other group uses.
///
/// `Display` is the kernel's form (`root invalid (Parent is not a partition root)`).
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[doc(alias = "cpuset.cpus.partition")]
pub struct Partition {
    /// What it is asked to be.
    pub kind: PartitionKind,
    /// Why it is not that.
    pub invalid: Option<ByteString>,
}

/// What kind of partition a group is asked to be.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PartitionKind {
    /// A member of the partition above it.
    Member,
    /// A partition.
    Root,
    /// A partition within which the scheduler moves nothing from CPU to CPU.
    Isolated,
    /// One that this library does not know.
    Unknown(ByteString),
}

impl Partition {
    /// Reads the file `cpuset.cpus.partition`.
    ///
    /// # Errors
    /// An empty file.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let line = text::trim(text);
        let (word, rest) = text::split_once(line, b' ').unwrap_or((line, b""));
        let kind = match word {
            b"" => return Err(ParseError::expected("member, root or isolated", text)),
            b"member" => PartitionKind::Member,
            b"root" => PartitionKind::Root,
            b"isolated" => PartitionKind::Isolated,
            other => PartitionKind::Unknown(other.into()),
        };
        let invalid = rest.strip_prefix(b"invalid").map(|reason| {
            let reason = text::trim(reason);
            reason.strip_prefix(b"(").and_then(|reason| reason.strip_suffix(b")")).unwrap_or(reason).into()
        });
        match (invalid, rest) {
            (None, [_, ..]) => Ok(Self { kind: PartitionKind::Unknown(line.into()), invalid: None }),
            (invalid, _) => Ok(Self { kind, invalid }),
        }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            PartitionKind::Member => f.write_str("member")?,
            PartitionKind::Root => f.write_str("root")?,
            PartitionKind::Isolated => f.write_str("isolated")?,
            PartitionKind::Unknown(word) => word.fmt(f)?,
        }
        match &self.invalid {
            Some(reason) if reason.is_empty() => f.write_str(" invalid"),
            Some(reason) => write!(f, " invalid ({reason})"),
            None => Ok(()),
        }
    }
}

crate::as_text!(Partition);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_state_is_read_and_written_back() {
        for text in [
            "member",
            "root",
            "isolated",
            "root invalid",
            "root invalid (Parent is not a partition root)",
            "isolated invalid (Cpu list in cpuset.cpus not exclusive)",
            "new",
            "root of all",
        ] {
            assert_eq!(Partition::parse(format!("{text}\n").as_bytes()).unwrap().to_string(), text);
        }
        let partition = Partition::parse(b"root invalid (a (b))\n").unwrap();
        assert_eq!((partition.kind, partition.invalid), (PartitionKind::Root, Some("a (b)".into())));
        assert!(Partition::parse(b"\n").is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = Partition::parse(&text);
        }
    }
}
