//! The controller `hugetlb` of version 1.

use std::collections::BTreeMap;

use linux_support_base::{Bytes, Limit, PageSize, Reading, Requirement};

use crate::{
    format::{bytes, count, legacy_limit},
    place::{Place, Where},
    v2::huge_page_sizes,
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
                };
                (size, pages)
            })
            .collect()
    }
}
