//! Physical addresses of 1 GiB: all at once, beside one reading a page.

use std::{fs::File, hint::black_box, os::unix::fs::FileExt};

use linux_support_base::{Bytes, Error, Machine};
use linux_support_memory::{
    mapping::{Advice, MapOptions, Mapping, Private, ReadWrite},
    page_map::{PageLocation, PageMap, PageMapEntry},
};

use crate::{
    pair::{self, Side},
    table::{
        Row,
        Target::{self, Faster, Within},
    },
};

/// The name of the measurement.
pub(crate) const NAME: &str = "page-map";

const HUGE: &str = "huge pages";
const LENGTH: u64 = 1 << 30;

/// How many entries one call of the bare side reads: as many as ours makes room for at once.
const BARE_READ: usize = 1 << 16;

/// The addresses of `entries`, of pages of this size, used.
fn sum(entries: impl IntoIterator<Item = PageMapEntry>, page: u64) -> u64 {
    let address = |entry: PageMapEntry| match entry.location() {
        PageLocation::Frame(frame) => frame.number().wrapping_mul(page),
        other => panic!("{other:?}: these addresses are for those with CAP_SYS_ADMIN"),
    };
    entries.into_iter().map(address).fold(0, u64::wrapping_add)
}

fn memory(advice: Advice) -> Result<Mapping<Private, ReadWrite>, Error> {
    let mut memory = MapOptions::new().private(Bytes::new(LENGTH))?;
    memory.advise(.., advice)?;
    memory.as_bytes_mut().iter_mut().step_by(4096).for_each(|byte| *byte = 1);
    Ok(memory)
}

/// On pages of the base size and on huge ones: all addresses, the runs, and what the bare call takes with the same sum.
pub(crate) fn rows(machine: &Machine, rounds: usize) -> Result<Vec<Row>, Error> {
    let mut rows = Vec::new();
    for (pages, advice) in [("4 KiB pages", Advice::NoHugePages), (HUGE, Advice::HugePages)] {
        let memory = memory(advice)?;
        rows.extend(of(machine, &memory, pages, rounds)?);
    }
    Ok(rows)
}

fn of(
    machine: &Machine,
    memory: &Mapping<Private, ReadWrite>,
    pages: &str,
    rounds: usize,
) -> Result<[Row; 4], Error> {
    /// Of base pages, most of the time of the bulk call itself goes to a look at the kernel's record of each page, and
    /// what it gains on single calls is that of the machine: there, that call is the measure.
    const ALL: &[Target] = &[Faster(20.0)];
    const FLOOR: &[Target] = &[Within(1.15)];
    let map = PageMap::of_this_process(machine)?;
    let page = map.page_size().bytes().get();
    let range = memory.range();
    let bare = File::open("/proc/self/pagemap").expect("this process has a page map");
    let (first, count) = (range.start() / page, range.length() / page);

    let mut entries = Vec::new();
    let all: Side<'_> = Box::new(|| {
        map.entries_into(range, &mut entries).expect("the entries are read");
        black_box(sum(entries.iter().copied(), page));
    });
    let runs: Side<'_> = Box::new(|| drop(black_box(map.physical_runs(range).expect("all is there"))));
    let single: Side<'_> = Box::new(|| {
        let entry = |number| {
            let mut bytes = [0; 8];
            bare.read_exact_at(&mut bytes, number * 8).expect("the entry is read");
            PageMapEntry::from_bits(u64::from_ne_bytes(bytes))
        };
        black_box(sum((first..first + count).map(entry), page));
    });
    let mut buffer = vec![0; count as usize * 8];
    let floor: Side<'_> = Box::new(|| {
        for (part, bytes) in buffer.chunks_mut(BARE_READ * 8).enumerate() {
            let offset = (first + (part * BARE_READ) as u64) * 8;
            bare.read_exact_at(bytes, offset).expect("the entries are read");
        }
        black_box(sum(PageMapEntry::parse_all(&buffer), page));
    });
    let measured = pair::measure(&mut [all, runs, single, floor], rounds);
    let beside_single = if pages == HUGE { ALL } else { &[] };
    let row = |name: &str, ours, peer, ratio, targets| Row {
        name: format!("{pages}, {name}"),
        bytes: None,
        ours: measured.nanoseconds(ours),
        peer: Some(measured.nanoseconds(peer)),
        ratio: Some(ratio),
        targets,
    };
    Ok([
        row("all, beside one by one", 0, 2, measured.ratio(2, 0), beside_single),
        row("runs, beside one by one", 1, 2, measured.ratio(2, 1), beside_single),
        row("the bare call, beside one by one", 3, 2, measured.ratio(2, 3), &[]),
        row("all, beside the bare call", 0, 3, measured.ratio(0, 3), FLOOR),
    ])
}
