use std::io;

use linux_support::{
    base::{Pages, Reading},
    memory::zone::{FreeBlocks, ZoneInformation},
};

use crate::presentation::{Align, Page, Table, cell};

/// The zones of each node, with the free blocks in them.
pub(super) fn show(
    page: &mut Page<'_>,
    zones: &Reading<Vec<ZoneInformation>>,
    free_blocks: &Reading<Vec<FreeBlocks>>,
) -> io::Result<()> {
    page.heading("Zones")?;
    let Some(zones) = page.or_why(zones)? else { return Ok(()) };
    let mut table = Table::new(&[
        ("NODE", Align::Right),
        ("ZONE", Align::Left),
        ("PAGES", Align::Right),
        ("FREE", Align::Right),
        ("MIN", Align::Right),
        ("LOW", Align::Right),
        ("HIGH", Align::Right),
        ("FREE BLOCKS BY ORDER", Align::Left),
    ]);
    let blocks = free_blocks.value().map(Vec::as_slice).unwrap_or_default();
    for zone in zones {
        let pages =
            |pages: Option<Pages>| cell(pages.map_or_else(|| "-".to_owned(), |pages| pages.to_string()));
        let blocks = blocks.iter().find(|blocks| blocks.node == zone.node && blocks.zone == zone.zone);
        let counts = blocks.map(|blocks| blocks.counts.as_slice()).unwrap_or_default();
        let counts: Vec<_> = counts.iter().map(u64::to_string).collect();
        table.row([
            cell(zone.node),
            cell(&zone.zone),
            pages(zone.managed),
            pages(zone.free),
            pages(zone.watermarks.min),
            pages(zone.watermarks.low),
            pages(zone.watermarks.high),
            cell(counts.join(" ")),
        ]);
    }
    page.table(table)
}
