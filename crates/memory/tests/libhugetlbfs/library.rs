//! libhugetlbfs, found at run time: the functions that have a counterpart here.

use core::ffi::{CStr, c_char, c_int, c_long, c_ulong, c_void};
use std::os::fd::{FromRawFd, OwnedFd};

use crate::dynamic_library::{DynamicLibrary, call};

/// The library, which stays loaded. It looks for mounts once, when it is loaded.
#[derive(Clone, Copy)]
pub(crate) struct Library(DynamicLibrary);

impl Library {
    /// The library; `None` where it is not installed (Debian's package libhugetlbfs0).
    pub(crate) fn load() -> Option<Self> {
        // SAFETY: the library's initialization reads files and the environment and sets its own variables.
        let library = unsafe { DynamicLibrary::load(c"libhugetlbfs.so.0") };
        library.map(Self)
    }

    /// `gethugepagesize`.
    pub(crate) fn default_size(self) -> i64 {
        call!(self, c"gethugepagesize", fn() -> c_long,)
    }

    /// `gethugepagesizes` or `getpagesizes`.
    pub(crate) fn sizes(self, name: &'static CStr) -> Vec<i64> {
        let mut sizes = [0 as c_long; 16];
        let count = call!(self, name, fn(*mut c_long, c_int) -> c_int, sizes.as_mut_ptr(), 16);
        sizes[..count.max(0) as usize].to_vec()
    }

    pub(crate) fn is_huge(self, path: &CStr) -> bool {
        call!(self, c"hugetlbfs_test_path", fn(*const c_char) -> c_int, path.as_ptr()) == 1
    }

    pub(crate) fn find_path(self, size: i64) -> Option<Vec<u8>> {
        let path = call!(self, c"hugetlbfs_find_path_for_size", fn(c_long) -> *const c_char, size as c_long);
        // SAFETY: it is null or a text that the library keeps.
        (!path.is_null()).then(|| unsafe { CStr::from_ptr(path) }.to_bytes().to_vec())
    }

    pub(crate) fn unlinked(self, size: i64) -> Option<OwnedFd> {
        let file = call!(self, c"hugetlbfs_unlinked_fd_for_size", fn(c_long) -> c_int, size as c_long);
        // SAFETY: the library opened it for the caller.
        (file >= 0).then(|| unsafe { OwnedFd::from_raw_fd(file) })
    }

    /// The address of memory of `length` bytes on huge pages, written to; it stays.
    pub(crate) fn allocate(self, length: usize) -> Option<u64> {
        const GHP_DEFAULT: c_ulong = 1;
        let start = call!(self, c"get_huge_pages", fn(usize, c_ulong) -> *mut c_void, length, GHP_DEFAULT);
        if start.is_null() {
            return None;
        }
        // SAFETY: the library allocated as many bytes, readable and writable.
        unsafe { start.cast::<u8>().write_bytes(1, length) };
        Some(start.addr() as u64)
    }

    pub(crate) fn free(self, start: u64) {
        let start = core::ptr::without_provenance_mut(start as usize);
        call!(self, c"free_huge_pages", fn(*mut c_void), start);
    }
}
