use std::os::fd::AsFd;

use bitflags::bitflags;
use linux_support_base::{AddressRange, Error, Reason, Requirement};
use rustix::io::Errno;

use super::PageMap;
use crate::sys::page_map::{self, NO_REGION, Scan};

bitflags! {
    /// What a page is, for a [scan](PageMap::scan).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct PageCategories: u64 {
        /// Writes to it can be told by userfaultfd without a message.
        #[doc(alias = "PAGE_IS_WPALLOWED")]
        const WRITE_PROTECTABLE = 1;
        /// It was written since it was protected.
        #[doc(alias = "PAGE_IS_WRITTEN")]
        const WRITTEN = 1 << 1;
        /// It is of a file.
        #[doc(alias = "PAGE_IS_FILE")]
        const FILE = 1 << 2;
        /// It is in memory.
        #[doc(alias = "PAGE_IS_PRESENT")]
        const PRESENT = 1 << 3;
        /// It is in swap.
        #[doc(alias = "PAGE_IS_SWAPPED")]
        const SWAPPED = 1 << 4;
        /// It is the page of zeros that all share.
        #[doc(alias = "PAGE_IS_PFNZERO")]
        const ZERO = 1 << 5;
        /// It is a huge page that is mapped as one.
        #[doc(alias = "PAGE_IS_HUGE")]
        const HUGE = 1 << 6;
        /// It was written since `clear_refs` was. With `CONFIG_MEM_SOFT_DIRTY`.
        #[doc(alias = "PAGE_IS_SOFT_DIRTY")]
        const SOFT_DIRTY = 1 << 7;
        /// It is in a guard region. In kernels after 6.15.
        #[doc(alias = "PAGE_IS_GUARD")]
        const GUARD = 1 << 8;
    }
}

/// Which pages a [scan](PageMap::scan) finds: those with all of some categories and with any of others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ScanQuery {
    /// Pages have all of these.
    pub all: PageCategories,
    /// Pages have one of these at least, unless there are none.
    pub any: PageCategories,
    /// Of these, not having them is what counts, in both.
    pub inverted: PageCategories,
    /// Which categories are told of each region; pages that differ in these are separate regions.
    pub told: PageCategories,
}

/// Pages that follow one another and have the same categories.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PageRegion {
    /// Their addresses.
    pub range: AddressRange,
    /// Their categories, of those that were to be told.
    pub categories: PageCategories,
}

impl PageMap {
    /// The regions of `range` that are as `query` says, in rising order. For sparse ranges much faster than to read the
    /// entry of every page.
    ///
    /// # Errors
    /// `range` cuts pages; a category that the kernel does not know (`EINVAL`).
    ///
    /// # Kernel
    /// Since Linux 6.7.
    #[doc(alias = "PAGEMAP_SCAN")]
    pub fn scan(&self, range: AddressRange, query: &ScanQuery) -> Result<Vec<PageRegion>, Error> {
        const NEEDS: Requirement = Requirement::none().since(6, 7).configuration("CONFIG_PROC_PAGE_MONITOR");
        let size = self.page_size().bytes().get();
        if !range.start().is_multiple_of(size) || !range.end().is_multiple_of(size) {
            let accepted = format!("a range begins and ends at multiples of {size}");
            return Err(Error::invalid("scan", range.to_string().as_bytes(), accepted));
        }
        let mut found = Vec::new();
        let mut regions = vec![NO_REGION; 512];
        let mut start = range.start();
        while start < range.end() {
            let scan = Scan {
                start,
                end: range.end(),
                inverted: query.inverted.bits(),
                all: query.all.bits(),
                any: query.any.bits(),
                told: query.told.bits(),
            };
            let (count, stopped) = match page_map::scan(self.as_fd(), scan, &mut regions) {
                Ok(done) => done,
                Err(Errno::INTR) => continue,
                Err(Errno::NOTTY) => {
                    let absent = Error::new("scan", range.to_string().as_bytes(), Reason::Absent);
                    return Err(match linux_support_base::Machine::live() {
                        Ok(machine) => machine.explain(absent, NEEDS),
                        Err(_) => absent,
                    });
                }
                Err(errno) => return Err(self.failed(errno)),
            };
            let of = |region: &linux_raw_sys::general::page_region| {
                let range = AddressRange::new(region.start, region.end)?;
                Some(PageRegion { range, categories: PageCategories::from_bits_retain(region.categories) })
            };
            for region in regions.iter().take(count).filter_map(of) {
                match found.last_mut() {
                    // A region that did not fit at the end of one call goes on in the next.
                    Some(PageRegion { range, categories })
                        if range.end() == region.range.start() && *categories == region.categories =>
                    {
                        *range = AddressRange::new(range.start(), region.range.end()).unwrap_or(*range);
                    }
                    _ => found.push(region),
                }
            }
            if stopped <= start {
                break;
            }
            start = stopped;
        }
        Ok(found)
    }
}
