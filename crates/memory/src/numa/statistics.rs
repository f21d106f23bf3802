use linux_support_base::{ParseError, text};

/// How allocations on a node met their wishes, in pages since the machine was started.
///
/// # Source
/// `numastat`, Documentation/admin-guide/numastat.rst.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct NodeStatistics {
    /// Wanted here and got here.
    pub numa_hit: u64,
    /// Wanted elsewhere and got here.
    pub numa_miss: u64,
    /// Wanted here and got elsewhere.
    pub numa_foreign: u64,
    /// Interleaved, wanted here and got here.
    pub interleave_hit: u64,
    /// Got here by a task that ran here.
    pub local_node: u64,
    /// Got here by a task that ran elsewhere.
    pub other_node: u64,
}

impl NodeStatistics {
    /// Reads the lines `NAME NUMBER`; names that this library does not know are passed over.
    ///
    /// # Errors
    /// A malformed line.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut statistics = Self::default();
        for line in text::flat_keyed(bytes) {
            let (name, value) = line?;
            let place = match name {
                b"numa_hit" => &mut statistics.numa_hit,
                b"numa_miss" => &mut statistics.numa_miss,
                b"numa_foreign" => &mut statistics.numa_foreign,
                b"interleave_hit" => &mut statistics.interleave_hit,
                b"local_node" => &mut statistics.local_node,
                b"other_node" => &mut statistics.other_node,
                _ => continue,
            };
            *place = text::decimal(value)?;
        }
        Ok(statistics)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_read_by_its_name() {
        let statistics =
            NodeStatistics::parse(b"numa_hit 5\nnumber_of_the_future 1\nother_node 7\n").unwrap();
        assert_eq!((statistics.numa_hit, statistics.other_node, statistics.numa_miss), (5, 7, 0));
        assert!(NodeStatistics::parse(b"numa_hit\n").is_err());
    }
}
