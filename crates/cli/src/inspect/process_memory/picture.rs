//! The picture of a process's address space: by kind, by node and by page size, gaps left out.

use linux_support::{
    base::{Bytes, NumaNode},
    memory::mapping::{MappedRange, MappingKind, MappingTotal},
};

use super::{ProcessMemory, huge, nodes, shown};
use crate::picture::{Bands, Bar, Colour, Part, Row, draw_bands};

/// More rows than that are made fewer, by putting small ones together.
const MOST_ROWS: usize = 120;
/// A gap of fewer bytes is not told.
const TOLD_GAP: u64 = 1 << 20;

const NODES: [Colour; 8] = [
    Colour::new("#1b7837", "#5fbf77"),
    Colour::new("#762a83", "#b878c4"),
    Colour::new("#d95f02", "#f4a259"),
    Colour::new("#2166ac", "#6aaee0"),
    Colour::new("#b2182b", "#ef7a7f"),
    Colour::new("#35978f", "#6fc9c1"),
    Colour::new("#c51b7d", "#ee86bd"),
    Colour::new("#4d4d4d", "#b0b0b0"),
];
const BASE_PAGES: Colour = Colour::new("#aab4be", "#6b7783");
const TRANSPARENT: Colour = Colour::new("#e0a100", "#f0c24b");
const POOLS: [Colour; 3] =
    [Colour::new("#b5371f", "#ff9a7a"), Colour::new("#1d2126", "#f2f4f6"), Colour::new("#6b0f5a", "#e38ad3")];
const UNKNOWN: Colour = Colour::new("#d9dee3", "#3a424b");

fn of_kind(kind: MappingKind) -> Colour {
    match kind {
        MappingKind::FileText => Colour::new("#1f5fa5", "#5f9fe0"),
        MappingKind::FileData => Colour::new("#6aa9dc", "#35689a"),
        MappingKind::SharedFile => Colour::new("#2a8f83", "#4fb8ab"),
        MappingKind::Heap => Colour::new("#c9551a", "#f08a4b"),
        MappingKind::Anonymous => Colour::new("#d8a12b", "#c9962e"),
        MappingKind::Stack => Colour::new("#a92f45", "#e06a7d"),
        MappingKind::SharedMemory => Colour::new("#6f4fb0", "#a58ae0"),
        MappingKind::HugePages => Colour::new("#2f7d32", "#63b566"),
        MappingKind::Reserved => Colour::new("#9aa4ae", "#59636f"),
        MappingKind::Device => Colour::new("#7d5f2c", "#b59a63"),
        _ => Colour::new("#4f5964", "#9aa5b1"),
    }
}

impl ProcessMemory {
    /// The picture, of a process that is called so.
    pub(crate) fn picture(&self, process: &str) -> String {
        let view = View { memory: self, nodes: self.nodes() };
        let bands = Bands { heading: view.heading(process), rows: view.rows(), legend: view.legend() };
        draw_bands(&bands, &format!("Address space of {process}"))
    }
}

struct View<'m> {
    memory: &'m ProcessMemory,
    nodes: Vec<NumaNode>,
}

impl View<'_> {
    fn heading(&self, process: &str) -> Vec<String> {
        let total = &self.memory.total;
        vec![
            format!("Address space of {process}"),
            format!(
                "{} mappings of {}, of which {} are in memory and {} in swap. From low to high addresses; the longer, the larger \
                 (by the logarithm); filled as far as it is in memory.",
                total.mappings,
                total.size,
                shown(total.resident),
                shown(total.swapped)
            ),
        ]
    }

    fn legend(&self) -> Vec<(String, Vec<(Colour, String)>)> {
        let kinds = self.memory.kinds.iter().map(|kind| {
            let total = &kind.total;
            (of_kind(kind.kind), format!("{}: {} of {}", kind.kind, shown(total.resident), total.size))
        });
        let total = &self.memory.total;
        let nodes = match (&total.nodes, &self.memory.map.nodes_unavailable) {
            (Some(nodes), _) => nodes
                .iter()
                .map(|on| (self.of_node(on.node), format!("node {}: {}", on.node, on.resident)))
                .collect(),
            (None, Some(error)) => vec![(UNKNOWN, error.to_string())],
            (None, None) => vec![(UNKNOWN, "some mappings came while they were read".to_owned())],
        };
        vec![
            ("What it is: in memory, of its size".to_owned(), kinds.collect()),
            ("Where it is: the first stripe".to_owned(), nodes),
            (
                "The pages it is on: the second stripe".to_owned(),
                self.pages(total)
                    .into_iter()
                    .map(|(colour, name, size)| (colour, format!("{name}: {size}")))
                    .collect(),
            ),
        ]
    }

    fn of_node(&self, node: NumaNode) -> Colour {
        let index = self.nodes.iter().position(|&known| known == node).unwrap_or(0);
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

    fn rows(&self) -> Vec<Row> {
        let groups = groups(&self.memory.map.mappings);
        let largest = groups.iter().map(|group| size(group)).max().unwrap_or(0);
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
            text: format!("{}: {} of {}{swapped}", label(group), shown(total.resident), total.size),
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
    fn a_process_without_memory_has_a_picture_too() {
        assert!(memory("").picture("kthreadd").contains("0 mappings"));
    }
}
