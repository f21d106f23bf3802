use linux_support_base::{ByteString, Bytes, Error, Machine, Pages, ParseError, Requirement, text};

/// A cache of the kernel's slab allocator: memory for objects of one size.
///
/// ```
/// use linux_support_memory::SlabCache;
///
/// let text = b"slabinfo - version: 2.1\n# name ...\n\
///     dentry 21 42 192 21 1 : tunables 0 0 0 : slabdata 2 2 0\n";
/// let caches = SlabCache::parse_all(text).unwrap();
/// assert_eq!((caches[0].objects, caches[0].pages().get()), (42, 2));
/// ```
///
/// # Capabilities
/// Only root may read it.
///
/// # Source
/// `/proc/slabinfo`, `slabinfo(5)`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "slabinfo")]
#[non_exhaustive]
pub struct SlabCache {
    /// Its name, which may hold any byte but white space.
    pub name: ByteString,
    /// How many objects are in use.
    pub active_objects: u64,
    /// How many objects there is room for.
    pub objects: u64,
    /// The size of an object.
    pub object_size: Bytes,
    /// How many objects a slab holds.
    pub objects_per_slab: u64,
    /// How many pages a slab takes.
    pub pages_per_slab: Pages,
    /// How many slabs hold objects in use.
    pub active_slabs: u64,
    /// How many slabs there are.
    pub slabs: u64,
}

impl SlabCache {
    /// Reads the lines after the two of the heading.
    ///
    /// # Errors
    /// An empty text, a line with too few fields, or a malformed number.
    pub fn parse_all(bytes: &[u8]) -> Result<Vec<Self>, ParseError> {
        if bytes.trim_ascii().is_empty() {
            return Err(ParseError::expected("a heading that begins with slabinfo", bytes));
        }
        let is_heading = |line: &[u8]| line.starts_with(b"slabinfo - version") || line.starts_with(b"# name");
        text::lines(bytes)
            .filter(|line| !line.trim_ascii().is_empty() && !is_heading(line))
            .map(Self::parse)
            .collect()
    }

    fn parse(line: &[u8]) -> Result<Self, ParseError> {
        let mut fields = text::fields(line);
        let name = fields.required("name")?.into();
        let number = |fields: &mut text::Fields<'_>, field: &'static str| {
            text::decimal(fields.required(field)?).map_err(|error: ParseError| error.in_field(field))
        };
        let active_objects = number(&mut fields, "active_objs")?;
        let objects = number(&mut fields, "num_objs")?;
        let object_size = Bytes::new(number(&mut fields, "objsize")?);
        let objects_per_slab = number(&mut fields, "objperslab")?;
        let pages_per_slab = Pages::new(number(&mut fields, "pagesperslab")?);
        // The allocator's settings stand between; SLUB, the only one since Linux 6.8, has none.
        if !fields.by_ref().any(|field| field == b"slabdata") {
            return Err(ParseError::expected("a field slabdata", line));
        }
        let active_slabs = number(&mut fields, "active_slabs")?;
        let slabs = number(&mut fields, "num_slabs")?;
        Ok(Self {
            name,
            active_objects,
            objects,
            object_size,
            objects_per_slab,
            pages_per_slab,
            active_slabs,
            slabs,
        })
    }

    /// Reads `/proc/slabinfo`.
    ///
    /// # Errors
    /// The file is absent or malformed, or may not be read.
    ///
    /// # Capabilities
    /// CAP_DAC_READ_SEARCH: the file is root's.
    pub fn read_all(machine: &Machine) -> Result<Vec<Self>, Error> {
        machine.parse_needing(
            "/proc/slabinfo",
            Requirement::none().capability("CAP_DAC_READ_SEARCH").configuration("CONFIG_SLUB_DEBUG"),
            Self::parse_all,
        )
    }

    /// How much memory it takes.
    #[must_use]
    pub const fn pages(&self) -> Pages {
        Pages::new(self.slabs.saturating_mul(self.pages_per_slab.get()))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &[u8] = b"slabinfo - version: 2.1\n\
        # name            <active_objs> <num_objs> <objsize> <objperslab> <pagesperslab> : tunables <limit> <batchcount> <sharedfactor> : slabdata <active_slabs> <num_slabs> <sharedavail>\n\
        nf_conntrack_ffff8801      0     25    320   25    2 : tunables    0    0    0 : slabdata      0      1      0\n\
        :at-0000104         5304   5382    104   39    1 : tunables    0    0    0 : slabdata    138    138      0\n";

    #[test]
    fn each_cache_is_a_line_with_and_without_a_last_newline() {
        let caches = SlabCache::parse_all(TEXT).unwrap();
        assert_eq!(caches.len(), 2);
        assert_eq!((caches[0].active_objects, caches[0].objects), (0, 25));
        assert_eq!((caches[0].object_size, caches[0].pages()), (Bytes::new(320), Pages::new(2)));
        assert_eq!(caches[1].name, ":at-0000104");
        assert_eq!((caches[1].objects_per_slab, caches[1].active_slabs, caches[1].slabs), (39, 138, 138));
        assert_eq!(SlabCache::parse_all(TEXT.trim_ascii_end()), Ok(caches));
    }

    #[test]
    fn what_is_missing_or_malformed_is_named() {
        assert_eq!(SlabCache::parse_all(b"dentry 1 2 x").unwrap_err().field(), Some("objsize"));
        assert_eq!(SlabCache::parse_all(b"dentry 1 2").unwrap_err().field(), Some("objsize"));
        assert!(SlabCache::parse_all(b"dentry 1 2 3 4 5 : tunables 1 2 3").is_err());
        assert!(SlabCache::parse_all(b"").is_err());
        let error = SlabCache::parse_all(b"dentry 1 2 3 4 5 : slabdata 1").unwrap_err();
        assert_eq!(error.field(), Some("num_slabs"));
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>, at in 0..TEXT.len(), byte: u8) {
            let _ = SlabCache::parse_all(&bytes);
            let mut damaged = TEXT.to_vec();
            damaged[at] = byte;
            let _ = SlabCache::parse_all(&damaged).map(|caches| caches.iter().map(SlabCache::pages).count());
        }
    }
}
