use linux_support_base::{AddressRange, Bytes, PageSize};

use super::{FrameNumber, PageLocation, PageMapEntry, PhysicalAddress};

/// A part of an address space whose physical memory is in one piece: what a device can read or write at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhysicalRun {
    /// Its addresses in the process.
    pub range: AddressRange,
    /// Where its physical memory begins.
    pub start: PhysicalAddress,
}

impl PhysicalRun {
    /// How long it is.
    #[must_use]
    pub fn length(&self) -> Bytes {
        Bytes::new(self.range.length())
    }
}

/// Joins pages that follow one another in both address spaces. `entries` are those from `start` on, one for each page;
/// pages without a frame that is known are in no run.
pub fn runs(
    start: u64,
    page: PageSize,
    entries: impl IntoIterator<Item = PageMapEntry>,
) -> impl Iterator<Item = PhysicalRun> {
    let size = page.bytes().get();
    let mut pages = entries.into_iter().enumerate().map_while(move |(index, entry)| {
        // Beyond the end of the address space there is nothing.
        let first = (index as u64).checked_mul(size).and_then(|offset| start.checked_add(offset))?;
        first.checked_add(size)?;
        Some((first, entry))
    });
    let mut joined = Some(Joined::new(page));
    core::iter::from_fn(move || {
        for (address, entry) in pages.by_ref() {
            let frame = match entry.location() {
                PageLocation::Frame(frame) => Some(frame),
                _ => None,
            };
            if let Some(run) = joined.as_mut()?.push(address, frame) {
                return Some(run);
            }
        }
        joined.take()?.finish()
    })
}

/// The run that pages are being joined to.
pub(super) struct Joined {
    page: PageSize,
    /// Its first address and the one after its last, and where its physical memory begins and ends. None begins and ends at
    /// 0.
    range: (u64, u64),
    physical: (u64, u64),
}

impl Joined {
    pub(super) fn new(page: PageSize) -> Self {
        Self { page, range: (0, 0), physical: (0, 0) }
    }

    /// Adds the page at `address`, and gives the run that can't grow any more for it. Addresses rise.
    #[inline]
    pub(super) fn push(&mut self, address: u64, frame: Option<FrameNumber>) -> Option<PhysicalRun> {
        let size = self.page.bytes().get();
        let end = address.saturating_add(size);
        let Some(frame) = frame else {
            return self.replace((0, 0), (0, 0));
        };
        let start = frame.address(self.page).get();
        // None is in frame 0, so this joins nothing to no run.
        if self.physical.1 == start && self.range.1 == address && self.range.1 != 0 {
            (self.range.1, self.physical.1) = (end, start.saturating_add(size));
            return None;
        }
        self.replace((address, end), (start, start.saturating_add(size)))
    }

    /// The last run.
    pub(super) fn finish(mut self) -> Option<PhysicalRun> {
        self.replace((0, 0), (0, 0))
    }

    fn replace(&mut self, range: (u64, u64), physical: (u64, u64)) -> Option<PhysicalRun> {
        let (start, end) = core::mem::replace(&mut self.range, range);
        let (first, _) = core::mem::replace(&mut self.physical, physical);
        let range = AddressRange::new(start, end)?;
        (range.length() > 0).then_some(PhysicalRun { range, start: PhysicalAddress::new(first) })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PAGE: u64 = 4096;

    fn found(start: u64, frames: &[u64]) -> Vec<(u64, u64, u64)> {
        let page = PageSize::new(Bytes::new(PAGE)).unwrap();
        // 0 stands for a page that is not there.
        let entries =
            frames.iter().map(|&frame| PageMapEntry::from_bits(if frame == 0 { 0 } else { 1 << 63 | frame }));
        runs(start, page, entries)
            .map(|run| (run.range.start(), run.start.get() / PAGE, run.length().get() / PAGE))
            .collect()
    }

    #[test]
    fn pages_that_follow_one_another_are_one_run_and_gaps_part_runs() {
        assert_eq!(found(0, &[]), []);
        assert_eq!(found(PAGE, &[7, 8, 9]), [(PAGE, 7, 3)]);
        assert_eq!(
            found(0, &[7, 0, 8, 9, 5, 4]),
            [(0, 7, 1), (2 * PAGE, 8, 2), (4 * PAGE, 5, 1), (5 * PAGE, 4, 1)]
        );
        assert_eq!(found(0, &[0, 0, 3, 0]), [(2 * PAGE, 3, 1)]);
    }

    #[test]
    fn the_end_of_the_address_space_ends_the_runs() {
        assert_eq!(found(u64::MAX - 2 * PAGE + 1, &[1, 2, 3]), [(u64::MAX - 2 * PAGE + 1, 1, 1)]);
    }

    proptest! {
        #[test]
        fn runs_cover_what_is_there_and_nothing_else(frames in prop::collection::vec(0u64..6, 0..40)) {
            let runs = found(0, &frames);
            let mut covered = vec![0; frames.len()];
            for (start, frame, pages) in runs {
                for page in 0..pages {
                    covered[(start / PAGE + page) as usize] = frame + page;
                }
            }
            prop_assert_eq!(covered, frames);
        }

        #[test]
        fn nothing_panics(start: u64, shift in 0u32..64, entries: Vec<u64>) {
            let page = PageSize::new(Bytes::new(1 << shift)).unwrap();
            let _ = runs(start, page, entries.into_iter().map(PageMapEntry::from_bits)).count();
        }
    }
}
