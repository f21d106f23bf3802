use std::collections::BTreeMap;

use linux_support_base::{Directory, text};

use crate::{Counter, VirtualMemoryStatistics};

/// What happened with transparent huge pages of one size, by the kernel's names: `anon_fault_alloc`, `split`, ….
///
/// # Kernel
/// Since Linux 6.8; each kernel has more of them.
///
/// # Source
/// Documentation/admin-guide/mm/transhuge.rst, "Monitoring usage".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct MultiSizeStatistics {
    counts: BTreeMap<String, u64>,
}

impl MultiSizeStatistics {
    /// Reads all files of the directory `name`; a file that is no number is none of the statistics.
    pub(super) fn read(directory: &Directory, name: &str) -> Result<Self, linux_support_base::Error> {
        let mut counts = BTreeMap::new();
        for entry in directory.entries(name)? {
            let path = format!("{name}/{}", entry.name);
            let count = directory.parse(path, |bytes| text::decimal(text::trim(bytes)));
            if let (Ok(count), Ok(name)) = (count, core::str::from_utf8(entry.name.as_bytes())) {
                counts.insert(name.to_owned(), count);
            }
        }
        Ok(Self { counts })
    }

    /// The count of this name; `None` where this kernel has none.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<u64> {
        self.counts.get(name).copied()
    }

    /// All counts, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, u64)> {
        self.counts.iter().map(|(name, &count)| (name.as_str(), count))
    }
}

/// What happened with transparent huge pages of the full size: the counters of vmstat that begin with `thp_`, and how many
/// of them there are.
pub fn transparent_counters(
    statistics: &VirtualMemoryStatistics,
) -> impl Iterator<Item = (Counter, u64)> + '_ {
    Counter::ALL.into_iter().filter_map(|counter| {
        let name = counter.as_str();
        let is_now = matches!(
            counter,
            Counter::NrAnonTransparentHugepages
                | Counter::NrShmemHugepages
                | Counter::NrShmemPmdmapped
                | Counter::NrFileHugepages
                | Counter::NrFilePmdmapped
        );
        if !is_now && !name.starts_with("thp_") {
            return None;
        }
        Some((counter, statistics.get(counter)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_speaks_of_huge_pages_is_counted() {
        let text = b"nr_free_pages 5\nnr_anon_transparent_hugepages 3\nthp_fault_alloc 7\npgfault 9\n";
        let statistics = VirtualMemoryStatistics::parse(text).unwrap();
        let counts: Vec<_> = transparent_counters(&statistics).collect();
        assert_eq!(counts, [(Counter::NrAnonTransparentHugepages, 3), (Counter::ThpFaultAlloc, 7)]);
    }
}
