//! The stack for handlers: sigaltstack(2).

use core::{ffi::c_void, mem::MaybeUninit, ptr};

use linux_support_base::syscall::result;
use linux_support_memory::mapping::Guarded;
use rustix::io::Errno;

/// A stack for the handlers of the calling thread, until this is dropped. Not `Send`, since the mapping's pointer isn't
/// the reason but the thread: see the marker.
#[derive(Debug)]
pub(crate) struct InstalledStack {
    memory: Option<Guarded>,
    before: libc::stack_t,
    _not_send: core::marker::PhantomData<*const ()>,
}

impl InstalledStack {
    pub(crate) fn install(mut memory: Guarded) -> Result<Self, Errno> {
        let mapping = memory.memory_mut();
        let stack = libc::stack_t {
            ss_sp: ptr::with_exposed_provenance_mut::<c_void>(mapping.range().start() as usize),
            ss_flags: 0,
            ss_size: mapping.range().length() as usize,
        };
        let mut before = MaybeUninit::<libc::stack_t>::zeroed();
        // SAFETY: the memory is mapped to be written, nobody else uses it, and it stays so until `drop` has taken it from
        // the kernel; the second pointer is to a value that the call fills in.
        result(unsafe { libc::sigaltstack(&raw const stack, before.as_mut_ptr()) }.into())?;
        // SAFETY: the call has filled it in; it is made of integers and a pointer.
        let before = unsafe { before.assume_init() };
        Ok(Self { memory: Some(memory), before, _not_send: core::marker::PhantomData })
    }

    pub(crate) fn memory(&self) -> Option<&Guarded> {
        self.memory.as_ref()
    }
}

impl Drop for InstalledStack {
    fn drop(&mut self) {
        // SAFETY: the stack before was this thread's, and whoever installed it answers for it; where there was none its
        // flags say so.
        let restored = result(unsafe { libc::sigaltstack(&raw const self.before, ptr::null_mut()) }.into());
        if restored.is_err() {
            // A handler runs on it at this moment: it must stay.
            core::mem::forget(self.memory.take());
        }
    }
}
