use linux_support_base::{Error, Reason, Requirement};
use rustix::io::Errno;

use crate::sys::thread::OwnStack;

/// What is done to the stack of the calling thread, until this is dropped: the C library gives the same memory to
/// other threads afterwards.
#[derive(Debug)]
pub(super) struct PreparedStack {
    /// Bytes at the low end that may not be touched.
    guarded: Option<(OwnStack, usize)>,
}

impl PreparedStack {
    /// Prepares the calling thread's stack. `guard` is a multiple of the page size.
    pub(super) fn new(guard: usize, huge_pages: bool) -> Result<Self, Error> {
        let failed = |operation, errno| Error::system(operation, "the stack of the thread", errno);
        if guard == 0 && !huge_pages {
            return Ok(Self { guarded: None });
        }
        let stack = OwnStack::of_thread().map_err(|errno| failed("find", errno))?;
        if huge_pages {
            stack.use_huge_pages(guard).map_err(|errno| match errno {
                Errno::INVAL => Error::new(
                    "use huge pages for",
                    "the stack of the thread",
                    Reason::NotConfigured {
                        needs: Requirement::none().configuration("CONFIG_TRANSPARENT_HUGEPAGE"),
                    },
                ),
                errno => failed("use huge pages for", errno),
            })?;
        }
        if guard > 0 {
            stack.guard(guard).map_err(|errno| failed("guard", errno))?;
        }
        Ok(Self { guarded: (guard > 0).then_some((stack, guard)) })
    }
}

impl Drop for PreparedStack {
    fn drop(&mut self) {
        if let Some((stack, guard)) = &self.guarded {
            // It can't fail: the memory is mapped, and was so before.
            let _ = stack.unguard(*guard);
        }
    }
}
