//! A GiB of memory, touched page by page for the first time: on huge pages, and on base pages.

use linux_support_base::{Bytes, Error};
use linux_support_memory::{
    huge_page::LargestPages,
    mapping::{Advice, MapOptions, Mapping, Private, ReadWrite},
};

use crate::{
    pair::{self, Side},
    table::{Row, Target},
};

/// The name of the measurement.
pub(crate) const NAME: &str = "fault";

const LENGTH: Bytes = Bytes::new(1 << 30);

/// The most rounds: each is long.
const ROUNDS: usize = 15;

/// Both, measured; where huge pages can't be had, why.
pub(crate) fn row(rounds: usize) -> Result<Row, Error> {
    let huge = || LargestPages::new().or_transparent().private(LENGTH);
    let got = huge()?.got;
    let mut sides: [Side<'_>; 2] = [
        Box::new(|| touch(huge().expect("huge pages were had before").memory)),
        Box::new(|| {
            let memory = MapOptions::new().private(LENGTH).expect("there is memory");
            // Where huge pages are always given, these are not.
            let _ = memory.advise(.., Advice::NoHugePages);
            touch(memory);
        }),
    ];
    let measured = pair::measure(&mut sides, rounds.min(ROUNDS));
    Ok(Row {
        name: format!("{NAME}, {got}"),
        bytes: Some(LENGTH.get() as usize),
        ours: measured.nanoseconds(0),
        peer: Some(measured.nanoseconds(1)),
        ratio: Some(measured.ratio(1, 0)),
        targets: &[Target::Faster(1.5)],
    })
}

/// Writes a byte into each base page.
fn touch(mut memory: Mapping<Private, ReadWrite>) {
    for byte in memory.as_bytes_mut().iter_mut().step_by(rustix::param::page_size()) {
        *byte = 1;
    }
}
