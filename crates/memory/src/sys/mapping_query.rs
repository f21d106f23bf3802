//! PROCMAP_QUERY.

use std::os::fd::{AsRawFd, BorrowedFd};

use linux_raw_sys::general::procmap_query;
use rustix::{
    io::Errno,
    ioctl::{Opcode, opcode},
};

use super::result;

const PROCMAP_QUERY: Opcode = opcode::read_write::<procmap_query>(b'f', 17);

/// What the kernel says of a mapping.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    pub(crate) start: u64,
    pub(crate) end: u64,
    pub(crate) flags: u64,
    pub(crate) page_size: u64,
    pub(crate) offset: u64,
    pub(crate) inode: u64,
    pub(crate) device: (u32, u32),
    /// How many bytes were written of the name, with the 0 at its end; and of the build id.
    pub(crate) name: usize,
    pub(crate) build_id: usize,
}

/// Looks for the mapping at `address`, or as `flags` say, and writes its name and build id; empty slices ask for none.
pub(crate) fn query(
    maps: BorrowedFd<'_>,
    address: u64,
    flags: u64,
    name: &mut [u8],
    build_id: &mut [u8],
) -> Result<Answer, Errno> {
    let place = |bytes: &mut [u8]| match bytes.len() {
        0 => (0, 0),
        length => (u32::try_from(length).unwrap_or(u32::MAX), bytes.as_mut_ptr().expose_provenance() as u64),
    };
    let ((vma_name_size, vma_name_addr), (build_id_size, build_id_addr)) = (place(name), place(build_id));
    let mut argument = procmap_query {
        size: size_of::<procmap_query>() as u64,
        query_flags: flags,
        query_addr: address,
        vma_start: 0,
        vma_end: 0,
        vma_flags: 0,
        vma_page_size: 0,
        vma_offset: 0,
        inode: 0,
        dev_major: 0,
        dev_minor: 0,
        vma_name_size,
        build_id_size,
        vma_name_addr,
        build_id_addr,
    };
    let argument_place = std::ptr::from_mut(&mut argument);
    // SAFETY: the kernel reads and writes one `procmap_query`, and writes at most as many bytes to the two buffers as it is
    // told that they have; all outlive the call. It only tells of mappings and changes none. Only files of
    // `/proc/PID/maps` know this request: descriptors of that kind are all that is given here.
    let returned = unsafe { libc::ioctl(maps.as_raw_fd(), PROCMAP_QUERY as _, argument_place) };
    result(returned.into())?;
    Ok(Answer {
        start: argument.vma_start,
        end: argument.vma_end,
        flags: argument.vma_flags,
        page_size: argument.vma_page_size,
        offset: argument.vma_offset,
        inode: argument.inode,
        device: (argument.dev_major, argument.dev_minor),
        name: (argument.vma_name_size as usize).min(name.len()),
        build_id: (argument.build_id_size as usize).min(build_id.len()),
    })
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(target_arch = "x86_64")]
    fn the_request_is_the_kernels() {
        assert_eq!(super::PROCMAP_QUERY, 0xc068_6611);
    }
}
