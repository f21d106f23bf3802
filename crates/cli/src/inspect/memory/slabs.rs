use std::{cmp::Reverse, io};

use linux_support::{
    base::{Bytes, Error, Machine, PageSize, Pages, Reading},
    memory::SlabCache,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::presentation::{Align, Page, Table, cell};

/// A page of text has so many of them.
const SHOWN: usize = 25;

/// The caches of the kernel's slab allocator.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Slabs {
    /// The caches, the largest first.
    caches: Vec<Slab>,
    /// How much memory all of them take.
    size: Bytes,
}

/// A cache with the memory that it takes.
#[derive(Debug, Serialize, JsonSchema)]
struct Slab {
    #[serde(flatten)]
    cache: SlabCache,
    /// How much memory it takes.
    size: Bytes,
}

impl Slabs {
    pub(super) fn read(machine: &Machine) -> Result<Self, Error> {
        let page = machine.page_size()?;
        Ok(Self::of(SlabCache::read_all(machine)?, page))
    }

    fn of(caches: Vec<SlabCache>, page: PageSize) -> Self {
        let slab = |cache: SlabCache| Slab { size: Pages::bytes(cache.pages(), page), cache };
        let mut caches: Vec<_> = caches.into_iter().map(slab).collect();
        caches.sort_by(|one, other| {
            (Reverse(one.size), &one.cache.name).cmp(&(Reverse(other.size), &other.cache.name))
        });
        Self { size: caches.iter().map(|slab| slab.size).sum(), caches }
    }
}

/// The largest caches, as `slabtop --sort=c` lists them.
pub(super) fn show(page: &mut Page<'_>, slabs: &Reading<Slabs>) -> io::Result<()> {
    page.heading("Slab caches, the largest")?;
    let Some(slabs) = page.or_why(slabs)? else { return Ok(()) };
    let mut table = Table::new(&[
        ("SIZE", Align::Right),
        ("OBJECTS", Align::Right),
        ("IN USE", Align::Right),
        ("OBJECT SIZE", Align::Right),
        ("SLABS", Align::Right),
        ("NAME", Align::Left),
    ]);
    for Slab { cache, size } in slabs.caches.iter().take(SHOWN) {
        table.row([
            cell(size),
            cell(cache.objects),
            cell(cache.active_objects),
            cell(cache.object_size),
            cell(cache.slabs),
            cell(&cache.name),
        ]);
    }
    page.table(table)?;
    let rest = slabs.caches.iter().skip(SHOWN);
    let of_rest = match rest.len() {
        0 => String::new(),
        count => format!("; {count} more take {}", rest.map(|slab| slab.size).sum::<Bytes>()),
    };
    page.line(format_args!("  {} caches take {}{of_rest}", slabs.caches.len(), slabs.size))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_comes_first_and_equals_by_name() {
        let text = b"slabinfo - version: 2.1\n\
            b 1 1 8 512 1 : tunables 0 0 0 : slabdata 3 3 0\n\
            large 1 1 8 512 8 : tunables 0 0 0 : slabdata 2 2 0\n\
            a 1 1 8 512 1 : tunables 0 0 0 : slabdata 3 3 0\n";
        let page = PageSize::new(Bytes::new(16384)).unwrap();
        let slabs = Slabs::of(SlabCache::parse_all(text).unwrap(), page);
        let found: Vec<_> =
            slabs.caches.iter().map(|slab| (slab.cache.name.to_string(), slab.size.kib())).collect();
        assert_eq!(found, [("large".to_owned(), 256), ("a".to_owned(), 48), ("b".to_owned(), 48)]);
        assert_eq!(slabs.size.kib(), 352);
    }
}
