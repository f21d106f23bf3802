use linux_support_base::{Bytes, Directory, Reading, text};

/// A cache between a node's memory and the rest of the machine.
///
/// # Source
/// `nodeN/memory_side_cache/indexM`, Documentation/admin-guide/mm/numaperf.rst.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct MemorySideCache {
    /// Its level, counted from the memory.
    pub level: u32,
    /// How much it holds.
    pub size: Reading<Bytes>,
    /// How much it fetches at once.
    pub line_size: Reading<Bytes>,
    /// How addresses find their place: 0 directly, 1 by an index, 2 by what the maker chose.
    pub indexing: Reading<u32>,
    /// How writes go on: 0 back, 1 through.
    pub write_policy: Reading<u32>,
}

impl MemorySideCache {
    /// Reads the caches of the node of which `directory` is open; none where it has none.
    pub(super) fn read_all(directory: &Directory) -> Vec<Self> {
        let entries = directory.entries("memory_side_cache").unwrap_or_default();
        let caches = entries.iter().filter_map(|entry| {
            let level = text::decimal(entry.name.as_bytes().strip_prefix(b"index")?).ok()?;
            let cache = directory.directory(format!("memory_side_cache/{}", entry.name)).ok()?;
            let size = |name: &str| {
                cache.parse(name, |bytes| text::decimal(text::trim(bytes)).map(Bytes::new)).into()
            };
            let number = |name: &str| cache.parse(name, |bytes| text::decimal(text::trim(bytes))).into();
            Some(Self {
                level,
                size: size("size"),
                line_size: size("line_size"),
                indexing: number("indexing"),
                write_policy: number("write_policy"),
            })
        });
        caches.collect()
    }
}
