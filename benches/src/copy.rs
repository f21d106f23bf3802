//! Copying the memory of another process.

use linux_support_base::{Error, Machine};
use linux_support_process::{Address, Process, memory::ReadFrom};

use crate::{
    sys,
    table::{Row, Target},
};

pub(crate) const NAME: &str = "copy";

/// How many pages are copied from places that are not beside one another.
const PAGES: usize = 1000;
const TARGET: &[Target] = &[Target::Within(1.02)];

/// One range, and many pages in one call: ours beside the bare call. They are copied out of this very process, whose memory is
/// there for sure, as those of another would be.
pub(crate) fn rows(machine: &Machine, rounds: usize) -> Result<Vec<Row>, Error> {
    let process = Process::of_caller(machine)?;
    let memory = process.memory()?;
    let page = rustix::param::page_size();
    // Every second page, so that no two make one range.
    let source = vec![7u8; 2 * PAGES * page];
    let (mut ours, mut theirs) = (vec![0u8; PAGES * page], vec![0u8; PAGES * page]);
    let addresses: Vec<Address> = source.chunks(2 * page).map(|pages| Address::of(pages.as_ptr())).collect();
    let bare = sys::BareCopy::new(process.pid().number(), &source, page, &mut theirs);
    let scattered = Row::beside_bare(
        "1,000 pages, each second one",
        &mut [
            Box::new(|| {
                let mut pieces = pieces(&addresses, &mut ours, page);
                assert!(memory.read_all(&mut pieces).is_ok_and(|transfer| transfer.ended_at.is_none()));
            }),
            Box::new(|| assert_eq!(bare.copy(), PAGES * page)),
        ],
        TARGET,
        rounds,
    );
    let length = PAGES * page;
    let bare = sys::BareCopy::new(process.pid().number(), &source[..length], length, &mut theirs);
    let whole = Row::beside_bare(
        "the same in one piece",
        &mut [
            Box::new(|| {
                let copied = memory.read(addresses[0], &mut ours);
                assert!(copied.is_ok_and(|transfer| transfer.ended_at.is_none()));
            }),
            Box::new(|| assert_eq!(bare.copy(), length)),
        ],
        TARGET,
        rounds,
    );
    Ok(vec![scattered, whole])
}

fn pieces<'b>(addresses: &[Address], into: &'b mut [u8], page: usize) -> Vec<ReadFrom<'b>> {
    addresses
        .iter()
        .zip(into.chunks_mut(page))
        .map(|(address, into)| ReadFrom { address: *address, into })
        .collect()
}
