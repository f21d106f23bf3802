//! The stack of the calling thread.

use core::{ffi::c_void, mem::MaybeUninit, ptr};

use linux_support_base::syscall::result;
use rustix::io::Errno;

/// The part of a thread's stack that it may use, in whole pages. It belongs to the thread that asked.
#[derive(Debug)]
pub(crate) struct OwnStack {
    start: *mut c_void,
    length: usize,
}

impl OwnStack {
    /// The stack of the calling thread, which must not be the process's first.
    pub(crate) fn of_thread() -> Result<Self, Errno> {
        let mut attributes = MaybeUninit::<libc::pthread_attr_t>::uninit();
        let (mut start, mut length, mut guard) = (ptr::null_mut(), 0, 0);
        // SAFETY: the first call fills in the attributes, which the others read and the last destroys. They return their
        // errors.
        let errors = unsafe {
            match libc::pthread_getattr_np(libc::pthread_self(), attributes.as_mut_ptr()) {
                0 => {
                    let attributes = attributes.as_mut_ptr();
                    let errors = [
                        libc::pthread_attr_getstack(attributes, &mut start, &mut length),
                        libc::pthread_attr_getguardsize(attributes, &mut guard),
                    ];
                    libc::pthread_attr_destroy(attributes);
                    errors
                }
                error => [error, 0],
            }
        };
        if let Some(error) = errors.into_iter().find(|error| *error != 0) {
            return Err(Errno::from_raw_os_error(error));
        }
        let page = rustix::param::page_size();
        // Some C libraries count their guard as a part of the stack.
        let skipped = (start as usize).next_multiple_of(page) - start as usize + guard.next_multiple_of(page);
        let length = length.checked_sub(skipped).ok_or(Errno::NOMEM)? / page * page;
        Ok(Self { start: start.wrapping_byte_add(skipped), length })
    }

    /// Makes the lowest `guard` bytes, a multiple of the page size, memory that may not be touched.
    pub(crate) fn guard(&self, guard: usize) -> Result<(), Errno> {
        /// What the thread uses before it runs anything.
        const IN_USE: usize = 32 << 10;
        if guard.saturating_add(IN_USE) > self.length {
            return Err(Errno::NOMEM);
        }
        // SAFETY: within the stack, and below all of it that is in use: the stack grows down from its other end, and the
        // thread has only begun.
        result(i64::from(unsafe { libc::mprotect(self.start, guard, libc::PROT_NONE) }))?;
        Ok(())
    }

    /// Makes what [`guard`](Self::guard) took usable again.
    pub(crate) fn unguard(&self, guard: usize) -> Result<(), Errno> {
        let access = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: within the stack, which was so before `guard`.
        result(i64::from(unsafe { libc::mprotect(self.start, guard.min(self.length), access) }))?;
        Ok(())
    }

    /// Asks for huge pages above the lowest `guard` bytes.
    pub(crate) fn use_huge_pages(&self, guard: usize) -> Result<(), Errno> {
        let length = self.length.saturating_sub(guard);
        // SAFETY: within the stack; the advice changes no memory.
        result(i64::from(unsafe {
            libc::madvise(self.start.wrapping_byte_add(guard), length, libc::MADV_HUGEPAGE)
        }))?;
        Ok(())
    }
}
