//! A stack for handlers.

use core::fmt;

use linux_support_base::{AddressRange, Bytes, Errno, Error};
use linux_support_memory::mapping::MapOptions;

use crate::sys::signal::InstalledStack;

/// A stack on which the calling thread's handlers run, with a page on either end that must not be touched, until this
/// is dropped.
///
/// A thread whose own stack has run over can be told of it only so. Each thread needs one of its own; the standard
/// library gives a small one to the threads that it starts.
///
/// ```
/// use linux_support_base::Bytes;
/// use linux_support_process::signals::AlternateStack;
///
/// std::thread::spawn(|| -> Result<(), linux_support_base::Error> {
///     let _stack = AlternateStack::install(AlternateStack::SIZE)?;
///     // What the thread does.
///     Ok(())
/// });
/// ```
///
/// # Source
/// sigaltstack(2).
#[must_use = "handlers run on it as long as it lives"]
#[doc(alias = "sigaltstack")]
pub struct AlternateStack(InstalledStack);

impl AlternateStack {
    /// What is enough for the handlers of this library, and for most.
    pub const SIZE: Bytes = Bytes::new(64 << 10);

    /// The least that this processor needs for a handler: its registers, and a little more.
    #[must_use]
    #[doc(alias = "AT_MINSIGSTKSZ")]
    #[doc(alias = "MINSIGSTKSZ")]
    pub fn least() -> Bytes {
        const LEAST: usize = libc::MINSIGSTKSZ;
        Bytes::new(rustix::param::linux_minsigstksz().max(LEAST) as u64)
    }

    /// Maps a stack of this size, and has the calling thread's handlers run on it: those that are installed to do so.
    ///
    /// # Errors
    /// `size` is below the [least](Self::least); a handler runs on another such stack at this moment; there is no memory.
    pub fn install(size: Bytes) -> Result<Self, Error> {
        const OPERATION: &str = "install";
        const OBJECT: &str = "stack for signal handlers";
        let least = Self::least();
        if size < least {
            return Err(Error::invalid(OPERATION, OBJECT, format!("takes at least {} bytes", least.get())));
        }
        let memory = MapOptions::new().stack(size)?;
        InstalledStack::install(memory).map(Self).map_err(|errno| match errno {
            Errno::PERM => Error::invalid(OPERATION, OBJECT, "a handler runs on another one at this moment"),
            errno => Error::system(OPERATION, OBJECT, errno),
        })
    }

    /// Where it is, without the pages on its ends.
    #[must_use]
    pub fn range(&self) -> Option<AddressRange> {
        self.0.memory().map(|memory| memory.memory().range())
    }
}

impl fmt::Debug for AlternateStack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("AlternateStack").field(&self.range()).finish()
    }
}
