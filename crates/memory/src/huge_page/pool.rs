use linux_support_base::{
    ByteString, Bytes, Directory, Error, Machine, NumaNode, PageSize, ParseError, Reading, Requirement, text,
};

/// The pool of huge pages of one size.
///
/// # Source
/// `/sys/kernel/mm/hugepages`, Documentation/admin-guide/mm/hugetlbpage.rst.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "hugetlb")]
#[non_exhaustive]
pub struct HugePagePool {
    /// The size of its pages.
    pub size: PageSize,
    /// How many pages there are, with surplus.
    pub total: Reading<u64>,
    /// How many are not handed out.
    pub free: Reading<u64>,
    /// How many are promised, and not handed out yet.
    pub reserved: Reading<u64>,
    /// How many are there above the size set for the pool.
    pub surplus: Reading<u64>,
    /// How far it may grow above that size.
    pub overcommit: Reading<u64>,
    /// The size into which its pages can be [split](super::demote). Since Linux 5.16; absent for the smallest.
    pub demote_size: Reading<PageSize>,
    /// What each node has of it.
    pub nodes: Vec<NodePool>,
}

/// What a node has of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct NodePool {
    /// The node.
    pub node: NumaNode,
    /// How many pages there are, with surplus.
    pub total: Reading<u64>,
    /// How many are not handed out.
    pub free: Reading<u64>,
    /// How many are there above the size set for the pool.
    pub surplus: Reading<u64>,
}

pub(super) const POOLS: &str = "/sys/kernel/mm/hugepages";
pub(super) const NEEDS: Requirement = Requirement::none().configuration("CONFIG_HUGETLBFS");

/// The pools of the machine, by rising size.
///
/// # Errors
/// The kernel has no huge pages to set aside.
pub fn pools(machine: &Machine) -> Result<Vec<HugePagePool>, Error> {
    let entries = machine.entries(POOLS).map_err(|error| machine.explain(error, NEEDS))?;
    let nodes = crate::numa::online(machine).unwrap_or_default();
    let mut pools = Vec::new();
    for entry in entries {
        let Some(size) = size_of(&entry.name) else { continue };
        let Ok(directory) = machine.directory(format!("{POOLS}/{}", entry.name)) else { continue };
        let of_node = |node| {
            let path = format!("/sys/devices/system/node/node{node}/hugepages/{}", entry.name);
            let directory = machine.directory(path).ok()?;
            Some(NodePool {
                node,
                total: count(&directory, "nr_hugepages"),
                free: count(&directory, "free_hugepages"),
                surplus: count(&directory, "surplus_hugepages"),
            })
        };
        pools.push(HugePagePool {
            size,
            total: count(&directory, "nr_hugepages"),
            free: count(&directory, "free_hugepages"),
            reserved: count(&directory, "resv_hugepages"),
            surplus: count(&directory, "surplus_hugepages"),
            overcommit: count(&directory, "nr_overcommit_hugepages"),
            demote_size: directory.parse("demote_size", parse_size).into(),
            nodes: nodes.iter().filter_map(of_node).collect(),
        });
    }
    pools.sort_by_key(|pool| pool.size);
    Ok(pools)
}

/// The pool of pages of `size`.
///
/// # Errors
/// The machine has none of this size: the error says which there are.
pub fn pool(machine: &Machine, size: PageSize) -> Result<HugePagePool, Error> {
    let pools = pools(machine)?;
    let sizes: Vec<_> = pools.iter().map(|pool| pool.size.to_string()).collect();
    pools.into_iter().find(|pool| pool.size == size).ok_or_else(|| {
        let there = format!("this machine has pools of {}", sizes.join(", "));
        Error::invalid("find", format!("pool of {size} pages").as_bytes(), there)
    })
}

/// Where a pool is.
pub(super) fn directory_of(size: PageSize) -> String {
    format!("{POOLS}/hugepages-{}kB", size.bytes().kib())
}

/// Where what a node has of a pool is.
pub(super) fn node_directory(node: NumaNode, size: PageSize) -> String {
    format!("/sys/devices/system/node/node{node}/hugepages/hugepages-{}kB", size.bytes().kib())
}

pub(super) fn count(directory: &Directory, name: &str) -> Reading<u64> {
    directory.parse(name, |bytes| text::decimal(text::trim(bytes))).into()
}

/// A size as sysfs has it: `2048kB`.
fn parse_size(bytes: &[u8]) -> Result<PageSize, ParseError> {
    let text = text::trim(bytes);
    let kib = text.strip_suffix(b"kB").ok_or_else(|| ParseError::expected("a number of kB", text))?;
    let size = Bytes::from_kib(text::decimal(kib)?).and_then(PageSize::new);
    size.ok_or_else(|| ParseError::expected("a power of two", text))
}

/// The size in a directory's name: `hugepages-2048kB`.
pub(super) fn size_of(name: &ByteString) -> Option<PageSize> {
    let kib = name.as_bytes().strip_prefix(b"hugepages-")?.strip_suffix(b"kB")?;
    let kib: Result<u64, ParseError> = text::decimal(kib);
    Bytes::from_kib(kib.ok()?).and_then(PageSize::new)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn pools_are_sorted_by_size_with_what_each_node_has() {
        let folder = tempfile::tempdir().unwrap();
        let file = |path: &str, text: &str| {
            let path = folder.path().join("sys").join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        file("kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages", "1\n");
        file("kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "64\n");
        file("kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "x\n");
        file("kernel/mm/hugepages/hugepages-3kB/nr_hugepages", "1\n");
        file("devices/system/node/online", "0,2\n");
        file("devices/system/node/node2/hugepages/hugepages-2048kB/nr_hugepages", "64\n");
        let pools = pools(&Machine::captured(folder.path()).unwrap()).unwrap();
        assert_eq!(pools.len(), 2);
        assert_eq!((pools[0].size.to_string(), pools[1].size.to_string()), ("2 MiB".into(), "1 GiB".into()));
        assert_eq!(pools[0].total.value(), Some(&64));
        assert_eq!(pools[0].free.error().unwrap().reason().name(), "malformed");
        assert_eq!((pools[0].nodes.len(), pools[0].nodes[0].node.number()), (1, 2));
        assert!(pools[1].nodes.is_empty());
    }
}
