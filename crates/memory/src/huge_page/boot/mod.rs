//! Huge pages as the boot command line sets them.

mod walk;

use core::fmt;

use linux_support_base::{Bytes, NumaNode, PageSize};
use linux_support_kernel::CommandLine;

use self::walk::Walk;

/// Huge pages as the boot command line sets them, by the kernel's own rules.
///
/// ```
/// use linux_support_base::{Bytes, PageSize};
/// use linux_support_kernel::CommandLine;
/// use linux_support_memory::huge_page::BootHugePages;
///
/// let sizes = [2 << 20, 1 << 30].map(|bytes| PageSize::new(Bytes::new(bytes)).unwrap());
/// let line = CommandLine::parse(b"quiet default_hugepagesz=1G hugepagesz=2M hugepages=0:8,1:8 hugepagesz=3M");
/// let boot = BootHugePages::of(&line, &sizes, sizes[0]);
/// assert_eq!(boot.default_size, Some(sizes[1]));
/// assert_eq!((boot.pools[1].size, boot.pools[1].count.total()), (sizes[0], 16));
/// assert_eq!(boot.ignored[0].text, "hugepagesz=3M");
/// assert_eq!(boot.to_string(), "default_hugepagesz=1G hugepagesz=2M hugepages=0:8,1:8");
/// ```
///
/// # Source
/// Documentation/admin-guide/mm/hugetlbpage.rst, Documentation/admin-guide/kernel-parameters.txt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "hugepagesz")]
#[doc(alias = "hugepages")]
pub struct BootHugePages {
    /// `default_hugepagesz=`: the size of mappings and mounts that name none.
    pub default_size: Option<PageSize>,
    /// The pools, in the order of the command line, each size once.
    pub pools: Vec<BootPool>,
    /// `hugetlb_cma=`: memory that is kept so that huge pages that are larger than the kernel's own pieces can be had later,
    /// and lent until then.
    pub contiguous: Option<BootCount<Bytes>>,
    /// `hugetlb_free_vmemmap=`: whether the descriptors of huge pages, but for a few, are given back.
    pub free_descriptors: Option<bool>,
    /// What the kernel ignores, and why.
    pub ignored: Vec<IgnoredAtBoot>,
}

/// How many pages of a size there are from the start.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BootPool {
    /// The size.
    pub size: PageSize,
    /// How many.
    pub count: BootCount<u64>,
}

/// An amount for all of the machine, or for single nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "snake_case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum BootCount<T> {
    /// From all nodes in turn.
    Whole(T),
    /// From these nodes.
    ByNode(Vec<(NumaNode, T)>),
}

impl BootCount<u64> {
    /// How many there are altogether.
    #[must_use]
    pub fn total(&self) -> u64 {
        match self {
            Self::Whole(pages) => *pages,
            Self::ByNode(nodes) => nodes.iter().fold(0, |sum, (_, pages)| sum.saturating_add(*pages)),
        }
    }
}

/// A parameter of the boot command line that has no effect.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct IgnoredAtBoot {
    /// As it stands there.
    pub text: String,
    /// Why.
    pub reason: String,
}

impl BootHugePages {
    /// What `line` sets on a machine that has pools of `sizes`, where `built_in` is the default size of the kernel
    /// ([`HugePageSizes`](super::HugePageSizes) tells both).
    ///
    /// Every line can be read: what the kernel ignores is told.
    #[must_use]
    pub fn of(line: &CommandLine, sizes: &[PageSize], built_in: PageSize) -> Self {
        let mut walk = Walk::new(sizes);
        for parameter in line.parameters() {
            walk.step(&parameter);
        }
        walk.end(built_in)
    }
}

struct Counts<'a, T>(&'a BootCount<T>);

impl fmt::Display for Counts<'_, u64> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_count(f, self.0, |pages| pages.to_string())
    }
}

fn write_count<T>(f: &mut fmt::Formatter<'_>, count: &BootCount<T>, text: fn(&T) -> String) -> fmt::Result {
    match count {
        BootCount::Whole(amount) => f.write_str(&text(amount)),
        BootCount::ByNode(nodes) => {
            let parts: Vec<_> =
                nodes.iter().map(|(node, amount)| format!("{node}:{}", text(amount))).collect();
            f.write_str(&parts.join(","))
        }
    }
}

/// With the largest suffix that leaves a whole number.
fn size_text(bytes: Bytes) -> String {
    let bytes = bytes.get();
    let units = [(60, "E"), (50, "P"), (40, "T"), (30, "G"), (20, "M"), (10, "K")];
    let unit = units.into_iter().find(|(shift, _)| bytes != 0 && bytes.is_multiple_of(1 << shift));
    unit.map_or_else(|| bytes.to_string(), |(shift, suffix)| format!("{}{suffix}", bytes >> shift))
}

impl fmt::Display for BootHugePages {
    /// The parameters that set this, in an order in which the kernel takes all of them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut gap = "";
        let mut next = |f: &mut fmt::Formatter<'_>| {
            let written = f.write_str(gap);
            gap = " ";
            written
        };
        if let Some(size) = self.default_size {
            next(f)?;
            write!(f, "default_hugepagesz={}", size_text(size.bytes()))?;
            if let Some(pool) = self.pools.iter().find(|pool| pool.size == size && pool.count.total() != 0) {
                write!(f, " hugepages={}", Counts(&pool.count))?;
            }
        }
        for pool in self.pools.iter().filter(|pool| Some(pool.size) != self.default_size) {
            next(f)?;
            write!(f, "hugepagesz={}", size_text(pool.size.bytes()))?;
            if pool.count.total() != 0 {
                write!(f, " hugepages={}", Counts(&pool.count))?;
            }
        }
        if let Some(amount) = &self.contiguous {
            next(f)?;
            f.write_str("hugetlb_cma=")?;
            write_count(f, amount, |bytes| size_text(*bytes))?;
        }
        if let Some(free) = self.free_descriptors {
            next(f)?;
            write!(f, "hugetlb_free_vmemmap={}", if free { "on" } else { "off" })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sizes() -> [PageSize; 2] {
        [2 << 20, 1 << 30].map(|bytes| PageSize::new(Bytes::new(bytes)).unwrap())
    }

    fn of(line: &str) -> BootHugePages {
        BootHugePages::of(&CommandLine::parse(line.as_bytes()), &sizes(), sizes()[0])
    }

    fn shown(line: &str) -> (String, Vec<String>) {
        let boot = of(line);
        (boot.to_string(), boot.ignored.into_iter().map(|ignored| ignored.text).collect())
    }

    #[test]
    fn a_count_before_any_size_is_for_the_default_size() {
        let two = "default_hugepagesz=2M hugepages=256".to_owned();
        assert_eq!(shown("hugepages=256"), ("hugepagesz=2M hugepages=256".into(), vec![]));
        assert_eq!(shown("default_hugepagesz=2M hugepages=256"), (two.clone(), vec![]));
        assert_eq!(shown("hugepages=256 default_hugepagesz=2M"), (two, vec![]));
    }

    #[test]
    fn an_implicit_count_wins_over_an_explicit_one() {
        let (text, ignored) = shown("hugepages=256 hugepagesz=2M hugepages=512");
        assert_eq!(
            (text.as_str(), ignored),
            ("hugepagesz=2M hugepages=256", vec!["hugepages=512".to_owned()])
        );
    }

    #[test]
    fn what_follows_no_size_or_comes_twice_is_ignored() {
        let ignored = |line| shown(line).1;
        assert_eq!(ignored("hugepagesz=3M hugepages=5"), ["hugepagesz=3M", "hugepages=5"]);
        assert_eq!(ignored("hugepagesz=2M hugepages=5 hugepages=6"), ["hugepages=6"]);
        assert_eq!(ignored("hugepagesz=2M hugepagesz=2M hugepages=6"), ["hugepagesz=2M", "hugepages=6"]);
        assert_eq!(ignored("default_hugepagesz=1G default_hugepagesz=2M"), ["default_hugepagesz=2M"]);
        assert!(ignored("default_hugepagesz=2M hugepagesz=2M hugepages=6").is_empty());
        assert_eq!(ignored("hugepages=x hugetlb_cma=1:x hugetlb_free_vmemmap=5").len(), 3);
        // A new size makes a new count possible.
        assert!(ignored("hugepagesz=3M hugepages=5 hugepagesz=1G hugepages=5").len() == 2);
    }

    #[test]
    fn nodes_and_suffixes_are_read() {
        let boot = of("hugepagesz=1g hugepages=0:2,3:5 hugetlb_cma=0:1G,1:512M hugetlb-free-vmemmap=on");
        assert_eq!((boot.pools[0].size, boot.pools[0].count.total()), (sizes()[1], 7));
        let text = "hugepagesz=1G hugepages=0:2,3:5 hugetlb_cma=0:1G,1:512M hugetlb_free_vmemmap=on";
        assert_eq!(boot.to_string(), text);
        assert_eq!(of("hugepagesz=0x200000 hugepages=1").pools[0].size, sizes()[0]);
    }

    proptest! {
        #[test]
        fn what_is_composed_is_read_the_same(
            default in proptest::option::of(0..2_usize),
            counts in proptest::collection::vec((0..2_usize, 1..1000_u64, proptest::option::of(0..64_u32)), 0..3),
            cma in proptest::option::of(any::<u32>()),
            free in proptest::option::of(any::<bool>()),
        ) {
            let mut boot = BootHugePages { default_size: default.map(|at| sizes()[at]), ..BootHugePages::default() };
            if let Some(size) = boot.default_size {
                boot.pools.push(BootPool { size, count: BootCount::Whole(0) });
            }
            for (at, pages, node) in counts {
                let size = sizes()[at];
                let count = match node {
                    Some(node) => BootCount::ByNode(vec![(NumaNode::new(node).unwrap(), pages)]),
                    None => BootCount::Whole(pages),
                };
                match boot.pools.iter_mut().find(|pool| pool.size == size) {
                    Some(pool) => pool.count = count,
                    None => boot.pools.push(BootPool { size, count }),
                }
            }
            boot.contiguous = cma.map(|bytes| BootCount::Whole(Bytes::new(bytes.into())));
            boot.free_descriptors = free;
            prop_assert_eq!(of(&boot.to_string()), boot);
        }

        #[test]
        fn every_line_is_read(words in proptest::collection::vec("(default_)?(hugepagesz|hugepages|hugetlb_cma)=[0-9x:,KMG]{0,6}", 0..6), bytes: Vec<u8>) {
            let boot = of(&words.join(" "));
            prop_assert!(of(&boot.to_string()).ignored.is_empty(), "{}", boot);
            let _ = BootHugePages::of(&CommandLine::parse(&bytes), &sizes(), sizes()[0]);
        }
    }
}
