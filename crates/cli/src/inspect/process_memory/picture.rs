//! The picture of a process's address space: by kind, by node and by page size, gaps left out.

use std::collections::BTreeMap;

use linux_support::{
    base::{Bytes, NumaNode},
    memory::mapping::{MappedRange, MappingKind, MappingTotal},
};

use super::{
    ProcessMemory, huge, nodes,
    palette::{BASE_PAGES, NODES, POOLS, TRANSPARENT, UNKNOWN, of_kind},
    shown,
};
use crate::picture::{Bands, Bar, Colour, Entry, Legend, Part, Row, draw_bands};

/// More rows than that are made fewer, by putting small ones together.
const MOST_ROWS: usize = 120;
/// A gap of fewer bytes is not told.
const TOLD_GAP: u64 = 1 << 20;

impl ProcessMemory {
    /// The picture, of a process that is called so.
    pub(crate) fn picture(&self, process: &str) -> String {
        let view = View { memory: self, nodes: self.on_nodes() };
        let groups = groups(&self.map.mappings);
        let largest = groups.iter().map(|group| size(group)).max().unwrap_or(0);
        let bands = Bands {
            heading: view.heading(process),
            legends: view.legends(),
            explanation: view.explanation(&groups),
            scale: scale(largest),
            rows: view.rows(&groups, largest),
        };
        draw_bands(&bands, &format!("Address space of {process}"))
    }
}

struct View<'m> {
    memory: &'m ProcessMemory,
    nodes: BTreeMap<NumaNode, Bytes>,
}

impl View<'_> {
    fn heading(&self, process: &str) -> Vec<String> {
        let total = &self.memory.total;
        let swapped = match total.swapped {
            Some(swapped) if swapped == Bytes::new(0) => "nothing in swap".to_owned(),
            swapped => format!("{} in swap", shown(swapped)),
        };
        let sizes = format!(
            "{} mappings of {}: {} in memory, {swapped}",
            total.mappings,
            total.size,
            shown(total.resident)
        );
        vec![format!("Address space of {process}"), sizes]
    }

    /// How the rows are to be read.
    fn explanation(&self, groups: &[&[MappedRange]]) -> Vec<String> {
        if groups.is_empty() {
            return Vec::new();
        }
        let mut lines = vec![
            "All that is mapped, from low to high addresses. The longer a bar, the larger what it stands for: each mark is 16 times \
             the one before."
                .to_owned(),
            "A bar is filled as far as it is in memory. The stripes below it tell of that part on which nodes it is, and on which \
             pages."
                .to_owned(),
        ];
        let together = self.memory.map.mappings.len() - groups.len();
        if together > 0 {
            lines.push("Mappings of one file that touch one another share a row, and so do small ones where there are many.".to_owned());
        }
        lines
    }

    fn legends(&self) -> Vec<Legend> {
        let total = &self.memory.total;
        let entry = |colour, text: String, size: Option<Bytes>| Entry {
            colour,
            text,
            share: size.unwrap_or_default().get() as f64,
        };
        let kinds = self.memory.kinds.iter().map(|kind| {
            let of_kind_total = &kind.total;
            let text = format!("{}: {} of {}", kind.kind, shown(of_kind_total.resident), of_kind_total.size);
            entry(of_kind(kind.kind), text, of_kind_total.resident)
        });
        let mut nodes: Vec<_> = self
            .nodes
            .iter()
            .map(|(&node, &size)| entry(self.of_node(node), format!("node {node}: {size}"), Some(size)))
            .collect();
        let why = match (&total.nodes, &self.memory.map.nodes_unavailable) {
            (Some(_), _) => None,
            (None, Some(error)) => Some(error.to_string()),
            (None, None) => Some("some mappings came while they were read".to_owned()),
        };
        let known = self.nodes.values().copied().sum();
        let unknown = total.resident.unwrap_or_default().saturating_sub(known);
        nodes.extend(why.map(|why| entry(UNKNOWN, format!("not known: {why}"), Some(unknown))));
        let pages = self.pages(total).into_iter();
        let pages = pages.map(|(colour, name, size)| entry(colour, format!("{name}: {size}"), Some(size)));
        let legend = |title: &str, entries: Vec<Entry>| Legend { title: title.to_owned(), entries };
        let mut legends = vec![
            legend("What is in memory, by kind (in memory, of its size)", kinds.collect()),
            legend("The same by node", nodes),
            legend("The same by size of page", pages.collect()),
        ];
        legends.retain(|legend| !legend.entries.is_empty());
        legends
    }

    fn of_node(&self, node: NumaNode) -> Colour {
        let index = self.nodes.keys().position(|&known| known == node).unwrap_or(0);
        NODES[index % NODES.len()]
    }

    /// How much is on which pages.
    fn pages(&self, total: &MappingTotal) -> Vec<(Colour, String, Bytes)> {
        let transparent = total.transparent_huge.unwrap_or_default();
        let pools: u64 = total.pools.iter().map(|pool| pool.resident.get()).sum();
        let base = total.resident.unwrap_or_default().get().saturating_sub(transparent.get() + pools);
        let mut pages = vec![
            (BASE_PAGES, "base pages".to_owned(), Bytes::new(base)),
            (TRANSPARENT, "transparent huge pages".to_owned(), transparent),
        ];
        for pool in &total.pools {
            let all = &self.memory.total.pools;
            let index = all.iter().position(|known| known.page_size == pool.page_size).unwrap_or(0);
            pages.push((
                POOLS[index % POOLS.len()],
                format!("pool pages of {}", pool.page_size),
                pool.resident,
            ));
        }
        pages.retain(|(_, _, size)| *size > Bytes::new(0));
        pages
    }

    fn rows(&self, groups: &[&[MappedRange]], largest: u64) -> Vec<Row> {
        let mut rows = Vec::new();
        let mut end = None;
        for group in groups {
            let (first, last) = (&group[0], &group[group.len() - 1]);
            if let Some(end) = end.replace(last.range.end()) {
                let gap = first.range.start().saturating_sub(end);
                if gap >= TOLD_GAP {
                    rows.push(Row::Gap(format!("{} not mapped", Bytes::new(gap))));
                }
            }
            rows.push(Row::Bar(self.bar(group, largest)));
        }
        rows
    }

    fn bar(&self, group: &[MappedRange], largest: u64) -> Bar {
        let total = MappingTotal::of(group);
        let of_all = |part: u64| part as f64 / (total.size.get().max(1)) as f64;
        let part = |mapping: &MappedRange| {
            let length = mapping.range.length();
            let resident = mapping.resident().unwrap_or_default().get();
            Part {
                share: of_all(length),
                filled: resident as f64 / length.max(1) as f64,
                colour: of_kind(mapping.kind),
            }
        };
        let nodes = total.nodes.iter().flatten();
        let nodes = nodes.map(|on| (of_all(on.resident.get()), self.of_node(on.node)));
        let pages = self.pages(&total).into_iter().map(|(colour, _, size)| (of_all(size.get()), colour));
        let swapped = match total.swapped {
            Some(swapped) if swapped > Bytes::new(0) => format!(", {swapped} swapped"),
            _ => String::new(),
        };
        Bar {
            start: format!("{:x}", group[0].range.start()),
            length: logarithm(total.size.get()) / logarithm(largest).max(1.0),
            parts: joined(group.iter().map(part)),
            stripes: [nodes.collect(), pages.collect()],
            text: label(group),
            value: format!("{} of {}{swapped}", shown(total.resident), total.size),
            detail: detail(group),
        }
    }
}

/// Parts of the same colour one after the other are one, where there are too many to be told apart.
fn joined(parts: impl Iterator<Item = Part>) -> Vec<Part> {
    const MOST: usize = 24;
    let parts: Vec<_> = parts.collect();
    if parts.len() <= MOST {
        return parts;
    }
    let mut sums: Vec<Part> = Vec::new();
    for part in parts {
        match sums.iter_mut().find(|sum| sum.colour == part.colour) {
            Some(sum) => {
                let share = sum.share + part.share;
                sum.filled =
                    (sum.filled * sum.share + part.filled * part.share) / share.max(f64::MIN_POSITIVE);
                sum.share = share;
            }
            None => sums.push(part),
        }
    }
    sums
}

/// The bits that a number of pages has, and one for what is there at all.
fn logarithm(size: u64) -> f64 {
    (size as f64 / 4096.0).max(1.0).log2() + 1.0
}

/// Marks for lengths up to that of `largest` bytes.
fn scale(largest: u64) -> Vec<(f64, String)> {
    let whole = logarithm(largest);
    let sizes = (12..64).step_by(4).map(|bits| 1u64 << bits).take_while(|&size| size <= largest);
    sizes.map(|size| (logarithm(size) / whole, Bytes::new(size).to_string())).collect()
}

fn size(group: &[MappedRange]) -> u64 {
    group.iter().map(|mapping| mapping.range.length()).sum()
}

/// The mappings in rows: those of one file or of none that follow one another without a gap, and, where these are too many,
/// small ones together.
fn groups(mappings: &[MappedRange]) -> Vec<&[MappedRange]> {
    let together = |before: &MappedRange, next: &MappedRange| {
        before.range.end() == next.range.start() && before.raw_name == next.raw_name
    };
    let mut borders: Vec<usize> = vec![0];
    borders.extend((1..mappings.len()).filter(|&index| !together(&mappings[index - 1], &mappings[index])));
    let mut small = 1 << 16;
    while borders.len() > MOST_ROWS && small < u64::MAX / 2 {
        borders = fewer(mappings, &borders, small);
        small *= 2;
    }
    let ends = borders.iter().skip(1).copied().chain([mappings.len()]);
    borders
        .iter()
        .zip(ends)
        .map(|(&start, end)| &mappings[start..end])
        .filter(|group| !group.is_empty())
        .collect()
}

/// The borders without those between two rows that are smaller than `small`, as is what is between them.
fn fewer(mappings: &[MappedRange], borders: &[usize], small: u64) -> Vec<usize> {
    let mut kept = vec![0];
    for (index, &border) in borders.iter().enumerate().skip(1) {
        let end = borders.get(index + 1).copied().unwrap_or(mappings.len());
        let start = kept.last().copied().unwrap_or(0);
        let gap = mappings[border].range.start().saturating_sub(mappings[border - 1].range.end());
        if size(&mappings[start..border]) >= small || size(&mappings[border..end]) >= small || gap >= small {
            kept.push(border);
        }
    }
    kept
}

/// The last part of a file's path, or what else the kernel calls it; the kind where it has no name.
fn label(group: &[MappedRange]) -> String {
    const MOST: usize = 48;
    let name = |mapping: &MappedRange| {
        let name = mapping.raw_name.to_string();
        match name.rsplit('/').next().unwrap_or_default() {
            "" => mapping.kind.to_string(),
            last => last.to_owned(),
        }
    };
    let mut names: Vec<String> = Vec::new();
    // What is set aside beside something is a part of it.
    let used = |mapping: &&MappedRange| mapping.kind != MappingKind::Reserved;
    let unused = |mapping: &&MappedRange| !used(mapping);
    for found in group.iter().filter(used).chain(group.iter().filter(unused)).map(name) {
        if !names.contains(&found) {
            names.push(found);
        }
    }
    let mut first = names[0].clone();
    if first.chars().count() > MOST {
        first = first.chars().take(MOST - 1).chain(['…']).collect();
    }
    match (names.len(), group.len()) {
        (1, 1) => first,
        (1, count) => format!("{first} ({count} mappings)"),
        (2.., count) if group.iter().all(|mapping| mapping.raw_name == group[0].raw_name) => {
            format!("{first} ({count} mappings)")
        }
        (others, count) => format!("{first} and {} more ({count} mappings)", others - 1),
    }
}

/// All of it in words.
fn detail(group: &[MappedRange]) -> String {
    const MOST: usize = 40;
    let line = |mapping: &MappedRange| {
        format!(
            "{} {} {} {}: {} of {}, huge {}, nodes {}",
            mapping.range,
            mapping.permissions,
            mapping.kind,
            mapping.raw_name,
            shown(mapping.resident()),
            Bytes::new(mapping.range.length()),
            huge(mapping),
            nodes(mapping)
        )
    };
    let mut lines: Vec<_> = group.iter().take(MOST).map(line).collect();
    if group.len() > MOST {
        lines.push(format!("and {} more", group.len() - MOST));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use std::fmt::Write;

    use linux_support::memory::mapping::MemoryMap;

    use super::*;

    fn memory(text: &str) -> ProcessMemory {
        let map = MemoryMap::parse_maps(text.as_bytes()).unwrap();
        ProcessMemory { total: map.total(), kinds: map.totals(), map }
    }

    fn names(text: &str) -> Vec<String> {
        groups(&memory(text).map.mappings).into_iter().map(label).collect()
    }

    #[test]
    fn parts_of_one_file_share_a_row_and_gaps_part_rows() {
        let text = "1000-2000 r--p 0 8:1 5 /lib/a.so\n2000-3000 r-xp 0 8:1 5 /lib/a.so\n3000-4000 rw-p 0 0:0 0 \n\
                    5000-6000 rw-p 0 0:0 0 \n6000-7000 ---p 0 0:0 0 \n7000-8000 rw-p 0 0:0 0 [heap]\n";
        assert_eq!(names(text), ["a.so (2 mappings)", "anonymous", "anonymous (2 mappings)", "[heap]"]);
    }

    #[test]
    fn many_small_mappings_share_rows_and_large_ones_keep_theirs() {
        let mut text = String::new();
        for index in 0..2000u64 {
            let start = 0x1000_0000 + index * 0x4000;
            writeln!(text, "{start:x}-{:x} r--p 0 8:1 5 /lib/{index}.so", start + 0x1000).unwrap();
        }
        text += "7f0000000000-7f0040000000 rw-p 0 0:0 0 \n";
        let memory = memory(&text);
        let groups = groups(&memory.map.mappings);
        assert!(groups.len() <= MOST_ROWS && groups.len() > 2, "{}", groups.len());
        assert_eq!(groups.iter().map(|group| group.len()).sum::<usize>(), 2001);
        assert_eq!(groups[groups.len() - 1].len(), 1);
        let svg = memory.picture("a <process>");
        assert!(svg.contains("a &lt;process&gt;") && svg.contains("TiB not mapped"));
    }

    #[test]
    fn marks_stand_where_bars_of_their_size_end() {
        let marks = scale(1 << 30);
        let texts: Vec<_> = marks.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["4 KiB", "64 KiB", "1 MiB", "16 MiB", "256 MiB"]);
        assert_eq!(marks[0].0, 1.0 / 19.0);
        assert_eq!(scale(1 << 28).last().unwrap(), &(1.0, "256 MiB".to_owned()));
        assert!(scale(0).is_empty());
    }

    #[test]
    fn a_process_without_memory_has_a_picture_too() {
        assert!(memory("").picture("kthreadd").contains("0 mappings"));
    }
}
