use linux_support_base::{ByteString, ParseError, text};

use crate::zone::Counters;

/// How allocations on a node met their wishes, in pages since the machine was started.
///
/// # Source
/// `numastat`, Documentation/admin-guide/numastat.rst.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct NodeStatistics {
    /// Wanted here and got here.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub numa_hit: Option<u64>,
    /// Wanted elsewhere and got here.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub numa_miss: Option<u64>,
    /// Wanted here and got elsewhere.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub numa_foreign: Option<u64>,
    /// Interleaved, wanted here and got here.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub interleave_hit: Option<u64>,
    /// Got here by a task that ran here.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub local_node: Option<u64>,
    /// Got here by a task that ran elsewhere.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub other_node: Option<u64>,
    /// Counters that this library does not know.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Counters::is_empty"))]
    pub other: Counters,
}

impl NodeStatistics {
    /// Reads the lines `NAME NUMBER`.
    ///
    /// # Errors
    /// A malformed line.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut statistics = Self::default();
        for line in text::flat_keyed(bytes) {
            let (name, value) = line?;
            let number = text::decimal(value)?;
            let place = match name {
                b"numa_hit" => &mut statistics.numa_hit,
                b"numa_miss" => &mut statistics.numa_miss,
                b"numa_foreign" => &mut statistics.numa_foreign,
                b"interleave_hit" => &mut statistics.interleave_hit,
                b"local_node" => &mut statistics.local_node,
                b"other_node" => &mut statistics.other_node,
                name => {
                    statistics.other.push(name, number);
                    continue;
                }
            };
            *place = Some(number);
        }
        Ok(statistics)
    }

    /// All counters that are there, by the kernel's names: those known in its order, then the others.
    pub fn iter(&self) -> impl Iterator<Item = (ByteString, u64)> {
        let known = [
            ("numa_hit", self.numa_hit),
            ("numa_miss", self.numa_miss),
            ("numa_foreign", self.numa_foreign),
            ("interleave_hit", self.interleave_hit),
            ("local_node", self.local_node),
            ("other_node", self.other_node),
        ];
        let known = known.into_iter().filter_map(|(name, value)| Some((name.into(), value?)));
        known.chain(self.other.iter().map(|(name, value)| (name.clone(), value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_read_by_its_name_and_new_ones_are_kept() {
        let text = b"numa_hit 5\nnumber_of_the_future 1\nother_node 7\n";
        let statistics = NodeStatistics::parse(text).unwrap();
        assert_eq!((statistics.numa_hit, statistics.other_node), (Some(5), Some(7)));
        assert_eq!(statistics.numa_miss, None, "what is not written is not 0");
        assert_eq!(statistics.other.get("number_of_the_future"), Some(1));
        assert_eq!(statistics.iter().count(), 3);
        assert_eq!(NodeStatistics::parse(text.trim_ascii_end()), Ok(statistics));
        assert!(NodeStatistics::parse(b"numa_hit\n").is_err());
        assert!(NodeStatistics::parse(b"numa_hit x\n").is_err());
    }
}
