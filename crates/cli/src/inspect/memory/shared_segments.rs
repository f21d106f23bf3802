use std::io;

use linux_support::{
    base::{Bytes, Reading},
    memory::SystemVSegment,
};

use crate::presentation::{Align, Page, Table, cell};

/// The segments of System V shared memory, as `ipcs -m` lists them.
pub(super) fn show(page: &mut Page<'_>, segments: &Reading<Vec<SystemVSegment>>) -> io::Result<()> {
    page.heading("System V shared memory")?;
    let Some(segments) = page.or_why(segments)? else { return Ok(()) };
    if segments.is_empty() {
        return page.line("  none");
    }
    let mut table = Table::new(&[
        ("KEY", Align::Left),
        ("ID", Align::Right),
        ("SIZE", Align::Right),
        ("RESIDENT", Align::Right),
        ("SWAPPED", Align::Right),
        ("ATTACHED", Align::Right),
        ("USER", Align::Right),
        ("MODE", Align::Right),
        ("CREATOR", Align::Right),
        ("STATE", Align::Left),
    ]);
    for segment in segments {
        let size = |size: Option<Bytes>| cell(size.map_or_else(|| "-".to_owned(), |size| size.to_string()));
        let states = [(segment.goes_when_detached, "goes when detached"), (segment.is_locked, "locked")];
        let states: Vec<_> = states.into_iter().filter_map(|(holds, name)| holds.then_some(name)).collect();
        table.row([
            // As programs give it, whatever its sign.
            cell(format_args!("0x{:08x}", segment.key)),
            cell(segment.id),
            cell(segment.size),
            size(segment.resident),
            size(segment.swapped),
            cell(segment.attached),
            cell(segment.user),
            cell(format_args!("{:03o}", segment.mode)),
            cell(segment.creator.map_or_else(|| "-".to_owned(), |creator| creator.to_string())),
            cell(if states.is_empty() { "-".to_owned() } else { states.join(", ") }),
        ]);
    }
    page.table(table)?;
    let total = segments.iter().map(|segment| segment.size).sum::<Bytes>();
    let resident = segments.iter().filter_map(|segment| segment.resident).sum::<Bytes>();
    let count = match segments.len() {
        1 => "1 segment".to_owned(),
        count => format!("{count} segments"),
    };
    page.line(format_args!("  {count} of {total}, of which {resident} are in memory"))
}
