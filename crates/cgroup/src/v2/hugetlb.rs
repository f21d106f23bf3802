//! The controller `hugetlb` of version 2.

use std::collections::BTreeMap;

use linux_support_base::{Bytes, Limit, NumaNode, PageSize, ParseError, Reading, Requirement, text};

use crate::{
    Keyed,
    format::{bytes, flat_keyed, limit_bytes},
    place::{Place, Where},
};

/// The huge pages of one size in a group.
///
/// # Source
/// Documentation/admin-guide/cgroup-v2.rst, "HugeTLB".
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "hugetlb")]
#[non_exhaustive]
pub struct HugePageControl {
    /// How much it and the groups below it use.
    pub current: Reading<Bytes>,
    /// How much they may use.
    pub max: Reading<Limit<Bytes>>,
    /// How much they have reserved.
    pub reserved_current: Reading<Bytes>,
    /// How much they may reserve.
    pub reserved_max: Reading<Limit<Bytes>>,
    /// What happened to it and the groups below it.
    pub events: Reading<HugePageEvents>,
    /// What happened to it, without the groups below it.
    pub events_local: Reading<HugePageEvents>,
    /// What they use on each node.
    pub numa_stat: Reading<HugePageNodeStatistics>,
}

flat_keyed! {
    /// How often the limit of huge pages was met.
    #[doc(alias = "hugetlb.events")]
    pub struct HugePageEvents {
        /// A page could not be had.
        required max: u64 = "max" count;
    }
}

/// Huge pages of one size on each node: by the kernel's key, `total`; in version 1 that is the group alone, and
/// `hierarchical_total` is with the groups below it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "hugetlb.numa_stat")]
pub struct HugePageNodeStatistics(pub Keyed<HugePagesOfNodes>);

/// How much memory huge pages are, altogether and on each node.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct HugePagesOfNodes {
    /// On all nodes.
    pub total: Bytes,
    /// On each node.
    pub nodes: BTreeMap<NumaNode, Bytes>,
}

impl HugePageNodeStatistics {
    /// Reads the file: `KEY=BYTES N0=BYTES N1=BYTES` in each line.
    ///
    /// # Errors
    /// A field that is not of that form.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        Keyed::parse_totals(text, |total, nodes| HugePagesOfNodes {
            total: Bytes::new(total),
            nodes: nodes.into_iter().map(|(node, bytes)| (node, Bytes::new(bytes))).collect(),
        })
        .map(Self)
    }
}

/// The sizes of which there are files: the `2MB` of `hugetlb.2MB.max`.
pub(crate) fn sizes(files: &[Vec<u8>]) -> BTreeMap<PageSize, String> {
    files
        .iter()
        .filter_map(|file| {
            let (word, _) = text::split_once(file, b'.')?;
            let size = PageSize::new(text::bytes_with_suffix(word).ok()?)?;
            Some((size, core::str::from_utf8(word).ok()?.to_owned()))
        })
        .collect()
}

impl HugePageControl {
    pub(crate) fn read_all(place: &Place<'_>) -> BTreeMap<PageSize, Self> {
        sizes(&place.files_of(b"hugetlb"))
            .into_iter()
            .map(|(size, word)| {
                let file = |name: &str| format!("hugetlb.{word}.{name}");
                let always = Requirement::none();
                let reserved = always.since(5, 7);
                let below = Where::BelowRoot;
                let control = Self {
                    current: place.read(&file("current"), below, always, bytes),
                    max: place.read(&file("max"), below, always, limit_bytes),
                    reserved_current: place.read(&file("rsvd.current"), below, reserved, bytes),
                    reserved_max: place.read(&file("rsvd.max"), below, reserved, limit_bytes),
                    events: place.read(&file("events"), below, always, HugePageEvents::parse),
                    events_local: place.read(&file("events.local"), below, always, HugePageEvents::parse),
                    numa_stat: place.read(
                        &file("numa_stat"),
                        below,
                        always.since(5, 17),
                        HugePageNodeStatistics::parse,
                    ),
                };
                (size, control)
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_total_is_no_part_of_the_key() {
        for text in [&b"total=4194304 N0=0 N12=4194304\n"[..], b"total=4194304 N0=0 N12=4194304"] {
            let statistics = HugePageNodeStatistics::parse(text).unwrap();
            let total = statistics.0.get(b"total").unwrap();
            assert_eq!(total.total, Bytes::new(4 << 20));
            assert_eq!(total.nodes[&NumaNode::new(12).unwrap()], Bytes::new(4 << 20));
        }
        let old = HugePageNodeStatistics::parse(b"total=0 N0=0\nhierarchical_total=8 N0=8\n").unwrap();
        assert_eq!(old.0.get(b"hierarchical_total").unwrap().total, Bytes::new(8));
        assert!(HugePageNodeStatistics::parse(b"total 0\n").is_err());
        assert!(HugePageNodeStatistics::parse(b"total=0 X0=0\n").is_err());
        assert_eq!(HugePageNodeStatistics::parse(b""), Ok(HugePageNodeStatistics::default()));
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = HugePageNodeStatistics::parse(&text);
        }
    }

    #[test]
    fn sizes_are_taken_from_the_names_of_files() {
        let files = ["1GB.max", "2MB.current", "2MB.max", "64KB.max", "new", "x.max", "3MB.max"];
        let files: Vec<_> = files.iter().map(|file| file.as_bytes().to_vec()).collect();
        let found: Vec<_> =
            sizes(&files).into_iter().map(|(size, word)| (size.bytes().get(), word)).collect();
        assert_eq!(found, [(64 << 10, "64KB".into()), (2 << 20, "2MB".into()), (1 << 30, "1GB".into())]);
    }
}
