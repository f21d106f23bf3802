use linux_support_base::{Bytes, Directory, Reading, text};

/// A cache between a node's memory and the rest of the machine.
///
/// # Kernel
/// Since Linux 5.2, with `CONFIG_HMEM_REPORTING` and firmware that tells.
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
    /// How addresses find their place.
    pub indexing: Reading<CacheIndexing>,
    /// How writes go on.
    pub write_policy: Reading<CacheWritePolicy>,
    /// Whether it adds to the memory that there is. Since Linux 6.15.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Reading::is_absent"))]
    pub address_mode: Reading<CacheAddressMode>,
}

macro_rules! numbered {
    ($($(#[$attribute:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $number:literal,)* })*) => {$(
        $(#[$attribute])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize))]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
        #[non_exhaustive]
        pub enum $name {
            $($(#[$doc])* $variant,)*
            /// A number that this library does not know.
            Unknown(u32),
        }

        impl $name {
            fn from_number(number: u32) -> Self {
                match number {
                    $($number => Self::$variant,)*
                    number => Self::Unknown(number),
                }
            }
        }
    )*};
}

numbered! {
    /// How addresses find their place in a [`MemorySideCache`].
    CacheIndexing {
        /// Each has one place.
        DirectMapped = 0,
        /// Each has some, by an index.
        Indexed = 1,
        /// As the maker chose.
        Other = 2,
    }
    /// How writes go on from a [`MemorySideCache`].
    CacheWritePolicy {
        /// Later.
        Back = 0,
        /// At once.
        Through = 1,
        /// As the maker chose.
        Other = 2,
    }
    /// Whether a [`MemorySideCache`] adds to the memory that there is.
    CacheAddressMode {
        /// It is not said.
        Reserved = 0,
        /// Its own memory is part of the range too: what is used often is in it.
        ExtendedLinear = 1,
    }
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
            let number = |name: &str| cache.parse(name, |bytes| text::decimal(text::trim(bytes)));
            Some(Self {
                level,
                size: size("size"),
                line_size: size("line_size"),
                indexing: number("indexing").map(CacheIndexing::from_number).into(),
                write_policy: number("write_policy").map(CacheWritePolicy::from_number).into(),
                address_mode: number("address_mode").map(CacheAddressMode::from_number).into(),
            })
        });
        caches.collect()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use linux_support_base::Machine;

    use super::*;

    #[test]
    fn each_level_has_its_properties_and_numbers_of_tomorrow_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("sys/devices/system/node/node1/memory_side_cache");
        for (level, name, text) in [
            (1, "size", "1073741824\n"),
            (1, "line_size", "64\n"),
            (1, "indexing", "0\n"),
            (1, "write_policy", "1"),
            (1, "address_mode", "1\n"),
            (2, "size", "much\n"),
            (2, "indexing", "9\n"),
        ] {
            let index = root.join(format!("index{level}"));
            fs::create_dir_all(&index).unwrap();
            fs::write(index.join(name), text).unwrap();
        }
        fs::create_dir_all(root.join("power")).unwrap();
        let machine = Machine::captured(folder.path()).unwrap();
        let node = machine.directory("/sys/devices/system/node/node1").unwrap();
        let caches = MemorySideCache::read_all(&node);
        assert_eq!(caches.iter().map(|cache| cache.level).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(caches[0].size.value(), Some(&Bytes::new(1 << 30)));
        assert_eq!(caches[0].indexing.value(), Some(&CacheIndexing::DirectMapped));
        assert_eq!(caches[0].write_policy.value(), Some(&CacheWritePolicy::Through));
        assert_eq!(caches[0].address_mode.value(), Some(&CacheAddressMode::ExtendedLinear));
        assert_eq!(caches[1].size.error().unwrap().reason().name(), "malformed");
        assert_eq!(caches[1].indexing.value(), Some(&CacheIndexing::Unknown(9)));
        assert!(caches[1].write_policy.is_absent());
    }
}
