//! PAGEMAP_SCAN.

use std::os::fd::{AsRawFd, BorrowedFd};

use linux_raw_sys::general::{page_region, pm_scan_arg};
use rustix::{
    io::Errno,
    ioctl::{Opcode, opcode},
};

use super::result;

const PAGEMAP_SCAN: Opcode = opcode::read_write::<pm_scan_arg>(b'f', 16);

/// What to look for, and where.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scan {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) inverted: u64,
    pub(crate) all: u64,
    pub(crate) any: u64,
    pub(crate) told: u64,
}

/// An empty region, to make room for those that are found.
pub(crate) const NO_REGION: page_region = page_region { start: 0, end: 0, categories: 0 };

/// Looks through a part of the address space, and gives how many regions it found and the address where it stopped.
pub(crate) fn scan(
    page_map: BorrowedFd<'_>,
    scan: Scan,
    regions: &mut [page_region],
) -> Result<(usize, u64), Errno> {
    let mut argument = pm_scan_arg {
        size: size_of::<pm_scan_arg>() as u64,
        flags: 0,
        start: scan.start,
        end: scan.end,
        walk_end: 0,
        vec: regions.as_mut_ptr().expose_provenance() as u64,
        vec_len: regions.len() as u64,
        max_pages: 0,
        category_inverted: scan.inverted,
        category_mask: scan.all,
        category_anyof_mask: scan.any,
        return_mask: scan.told,
    };
    // SAFETY: the kernel reads and writes one `pm_scan_arg`, and writes as many regions as that says there is room for;
    // all outlive the call. Without flags it changes nothing of the pages. Only files of `/proc/PID/pagemap` know this
    // request: descriptors of that kind are all that is given here.
    let found = result(
        unsafe { libc::ioctl(page_map.as_raw_fd(), PAGEMAP_SCAN as _, std::ptr::from_mut(&mut argument)) }
            .into(),
    )?;
    Ok((found as usize, argument.walk_end))
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(target_arch = "x86_64")]
    fn the_request_is_the_kernels() {
        assert_eq!(super::PAGEMAP_SCAN, 0xc060_6610);
    }
}
