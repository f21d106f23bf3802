use std::io;

use linux_support::{
    base::Reading,
    memory::zone::{OrderCount, PageTypes},
};

use crate::presentation::{Align, Page, Table, cell};

/// Which kinds of page the free blocks are for, as `/proc/pagetypeinfo` has it.
pub(super) fn show(page: &mut Page<'_>, types: &Reading<PageTypes>) -> io::Result<()> {
    page.heading("Free blocks by type of page")?;
    let Some(types) = page.or_why(types)? else { return Ok(()) };
    let mut table = Table::new(&[
        ("NODE", Align::Right),
        ("ZONE", Align::Left),
        ("TYPE", Align::Left),
        ("BLOCKS FOR IT", Align::Right),
        ("FREE BLOCKS BY ORDER", Align::Left),
    ]);
    // Types that a zone has nothing of are left out.
    let mut left_out = 0;
    for free in &types.free {
        let zone = types.blocks.iter().find(|blocks| (blocks.node, &blocks.zone) == (free.node, &free.zone));
        let blocks = zone.and_then(|zone| zone.counts.iter().find(|(name, _)| *name == free.migrate_type));
        if blocks.is_none_or(|(_, blocks)| *blocks == 0) && free.counts.iter().all(|count| count.count == 0) {
            left_out += 1;
            continue;
        }
        let counts: Vec<_> = free.counts.iter().map(shown).collect();
        table.row([
            cell(free.node),
            cell(&free.zone),
            cell(&free.migrate_type),
            cell(blocks.map_or_else(|| "-".to_owned(), |(_, blocks)| blocks.to_string())),
            cell(counts.join(" ")),
        ]);
    }
    page.table(table)?;
    let rest = match left_out {
        0 => String::new(),
        1 => "; 1 type that a zone has nothing of is left out".to_owned(),
        count => format!("; {count} types that a zone has nothing of are left out"),
    };
    page.line(format_args!("  a block for a type has {} pages{rest}", types.block))
}

/// The count, which the kernel may have broken off.
fn shown(count: &OrderCount) -> String {
    format!("{}{}", if count.is_cut { ">" } else { "" }, count.count)
}
