//! The controller `hugetlb` of version 1.

use std::collections::BTreeMap;

use linux_support_base::{Bytes, Limit, PageSize, Reading, Requirement};

use crate::{
    format::{bytes, count, legacy_limit},
    place::{Place, Where},
    v2::{HugePageNodeStatistics, huge_page_sizes},
};

/// The huge pages of one size in a group of version 1.
///
/// # Source
/// Documentation/admin-guide/cgroup-v1/hugetlb.rst.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct LegacyHugePages {
    /// How much it uses.
    pub usage: Reading<Bytes>,
    /// The most that it used.
    pub max_usage: Reading<Bytes>,
    /// How much it may use.
    pub limit: Reading<Limit<Bytes>>,
    /// How often the limit was met.
    pub fail_count: Reading<u64>,
    /// How much it has reserved. Since Linux 5.7, as the three that follow.
    pub reserved_usage: Reading<Bytes>,
    /// The most that it had reserved.
    pub reserved_max_usage: Reading<Bytes>,
    /// How much it may reserve.
    pub reserved_limit: Reading<Limit<Bytes>>,
    /// How often that limit was met.
    pub reserved_fail_count: Reading<u64>,
    /// What it uses on each node. Since Linux 5.17.
    pub numa_stat: Reading<HugePageNodeStatistics>,
}

impl LegacyHugePages {
    pub(crate) fn read_all(place: &Place<'_>) -> BTreeMap<PageSize, Self> {
        huge_page_sizes(&place.files_of(b"hugetlb"))
            .into_iter()
            .map(|(size, word)| {
                let file = |name: &str| format!("hugetlb.{word}.{name}");
                let needs = Requirement::none();
                let below = Where::BelowRoot;
                let pages = Self {
                    usage: place.read(&file("usage_in_bytes"), below, needs, bytes),
                    max_usage: place.read(&file("max_usage_in_bytes"), below, needs, bytes),
                    limit: place.read(&file("limit_in_bytes"), below, needs, legacy_limit),
                    fail_count: place.read(&file("failcnt"), below, needs, count),
                    reserved_usage: place.read(&file("rsvd.usage_in_bytes"), below, needs.since(5, 7), bytes),
                    reserved_max_usage: place.read(
                        &file("rsvd.max_usage_in_bytes"),
                        below,
                        needs.since(5, 7),
                        bytes,
                    ),
                    reserved_limit: place.read(
                        &file("rsvd.limit_in_bytes"),
                        below,
                        needs.since(5, 7),
                        legacy_limit,
                    ),
                    reserved_fail_count: place.read(&file("rsvd.failcnt"), below, needs.since(5, 7), count),
                    numa_stat: place.read(
                        &file("numa_stat"),
                        below,
                        needs.since(5, 17),
                        HugePageNodeStatistics::parse,
                    ),
                };
                (size, pages)
            })
            .collect()
    }
}
