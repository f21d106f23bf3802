use std::io;

use linux_support::{
    base::{Bytes, Reading},
    memory::block::{BlockState, MemoryBlocks},
};

use crate::presentation::Page;

/// The blocks into which memory is parted for plugging: how much is in use, and which.
pub(super) fn show(page: &mut Page<'_>, blocks: &Reading<MemoryBlocks>) -> io::Result<()> {
    page.heading("Memory blocks")?;
    let Some(blocks) = page.or_why(blocks)? else { return Ok(()) };
    let states = [BlockState::Online, BlockState::Offline, BlockState::GoingOffline];
    let totals: Vec<_> = states
        .iter()
        .map(|state| (state, blocks.total(state)))
        .filter(|(state, total)| *total > Bytes::new(0) || **state == BlockState::Online)
        .map(|(state, total)| format!("{total} {state}"))
        .collect();
    let removable = blocks.blocks.iter().filter(|block| block.removable.value() == Some(&true)).count();
    let mut values = vec![
        ("block size", blocks.block_size.to_string()),
        ("blocks", format!("{}, {removable} called removable", blocks.blocks.len())),
        ("memory", totals.join(", ")),
    ];
    let alike = blocks.ranges(|one, other| {
        (&one.state, &one.nodes, &one.valid_zones) == (&other.state, &other.nodes, &other.valid_zones)
    });
    values.extend(alike.iter().map(|range| {
        let first = range.first;
        let zones = match first.valid_zones.value().map(Vec::as_slice) {
            None | Some([]) => String::new(),
            Some(zones) => {
                format!(", {}", zones.iter().map(ToString::to_string).collect::<Vec<_>>().join(" or "))
            }
        };
        let numbers = match range.count {
            1 => first.number.to_string(),
            _ => format!("{}-{}", first.number, range.last.number),
        };
        ("numbers", format!("{numbers} of node {}: {}{zones}", first.nodes, first.state))
    }));
    page.values(&values)
}
