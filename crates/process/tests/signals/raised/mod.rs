//! Each cause of a signal that can be had, raised for real.

mod arithmetic;
mod instruction;
mod memory;
mod system_call;
mod traced;
mod trap;
mod waited;

/// The size of a page.
fn page() -> usize {
    rustix::param::page_size()
}

/// `pages` pages, private and not written.
fn map(pages: usize, protection: i32) -> *mut u8 {
    const FLAGS: i32 = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    #[expect(unsafe_code, reason = "it is memory that is to be used wrongly")]
    // SAFETY: new memory is nobody else's.
    let address = unsafe { libc::mmap(std::ptr::null_mut(), pages * page(), protection, FLAGS, -1, 0) };
    assert_ne!(address, libc::MAP_FAILED);
    address.cast()
}
