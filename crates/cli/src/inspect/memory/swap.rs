use std::io;

use linux_support::{
    base::Reading,
    memory::{Swap, SwapKind},
};

use crate::presentation::{Align, Page, Table, cell};

/// The swap areas, as `swapon --show` lists them.
pub(super) fn show(page: &mut Page<'_>, swaps: &Reading<Vec<Swap>>) -> io::Result<()> {
    page.heading("Swap")?;
    let Some(swaps) = page.or_why(swaps)? else { return Ok(()) };
    if swaps.is_empty() {
        return page.line("  none");
    }
    let mut table = Table::new(&[
        ("PATH", Align::Left),
        ("TYPE", Align::Left),
        ("SIZE", Align::Right),
        ("USED", Align::Right),
        ("PRIORITY", Align::Right),
    ]);
    for swap in swaps {
        let kind = match &swap.kind {
            SwapKind::Partition => "partition".to_owned(),
            SwapKind::File => "file".to_owned(),
            SwapKind::Unknown(kind) => kind.to_string(),
            other => format!("{other:?}"),
        };
        table.row([cell(&swap.path), cell(kind), cell(swap.size), cell(swap.used), cell(swap.priority)]);
    }
    page.table(table)
}
