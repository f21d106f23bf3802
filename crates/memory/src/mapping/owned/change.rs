use core::fmt;

use linux_support_base::{Bytes, Error, Reason, Requirement};
use rustix::io::Errno;

use crate::mapping::{
    Growing, Guard, Kind, LazilyFreed, Mapping, Private, Protection, ReadWrite, ReadWriteExecute, Strict,
};

/// A change that was refused, and what was to be changed, as it is.
///
/// `?` turns it into an [`Error`], and then the memory is unmapped.
pub struct Unchanged<T> {
    /// What was to be changed.
    pub value: T,
    /// Why it was refused.
    pub error: Error,
}

impl<T> Unchanged<T> {
    pub(super) fn new(value: T, error: Error) -> Self {
        Self { value, error }
    }
}

impl<T> From<Unchanged<T>> for Error {
    fn from(unchanged: Unchanged<T>) -> Self {
        unchanged.error
    }
}

impl<T> fmt::Debug for Unchanged<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unchanged({})", self.error)
    }
}

impl<T> fmt::Display for Unchanged<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl<T> std::error::Error for Unchanged<T> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl<K: Kind, P: Protection> Mapping<K, P> {
    /// Changes what may be done with it.
    ///
    /// # Errors
    /// The file was not opened for that (`EACCES`); a security module forbids it; there are too many mappings
    /// (`ENOMEM`).
    #[doc(alias = "mprotect")]
    pub fn protect<Q: Strict>(self) -> Result<Mapping<K, Q>, Unchanged<Self>> {
        self.change().map_err(|(mapping, errno)| refused(mapping, "protect", errno))
    }

    /// Allows all, at the same time: for programs that make code where it runs. To run what is in it takes unsafe code.
    ///
    /// # Errors
    /// As for [`protect`](Self::protect).
    pub fn allow_writing_and_executing(self) -> Result<Mapping<K, ReadWriteExecute>, Unchanged<Self>> {
        self.change().map_err(|(mapping, errno)| refused(mapping, "protect", errno))
    }

    /// Parts it: what is before `middle`, and what is from there on.
    ///
    /// # Errors
    /// `middle` is no border between two of its pages.
    pub fn split_at(self, middle: usize) -> Result<(Self, Self), Unchanged<Self>> {
        self.split(middle).map_err(|mapping| {
            let (page, length) = (mapping.page_size().bytes().get(), mapping.len());
            let accepted = format!("{middle}: it is a multiple of {page}, above 0 and below {length}");
            let error = Error::invalid("split", mapping.object(), accepted);
            Unchanged::new(mapping, error)
        })
    }

    /// Unmaps what is beyond `length`, rounded up to whole pages.
    ///
    /// # Errors
    /// `length` is 0 or longer than it is.
    pub fn truncate(&mut self, length: Bytes) -> Result<(), Error> {
        let rounded = self.rounded(length).filter(|&rounded| rounded <= self.len());
        let Some(rounded) = rounded else {
            let accepted = format!("{} bytes: from 1 to {} can stay", length.get(), self.len());
            return Err(Error::invalid("truncate", self.object(), accepted));
        };
        self.shrink(rounded).map_err(|errno| self.failed("truncate", errno))
    }

    /// Forbids the kernel for good to unmap it, to move it and to protect it otherwise: it is there as long as the
    /// program, and nobody who takes over a part of the program can change that.
    ///
    /// # Errors
    /// The kernel is older than 6.10.
    ///
    /// # Source
    /// mseal(2).
    #[doc(alias = "mseal")]
    pub fn seal_forever(self) -> Result<&'static mut Self, Unchanged<Self>> {
        const NEEDS: Requirement = Requirement::none().since(6, 10).configuration("CONFIG_64BIT");
        self.seal().map_err(|(mapping, errno)| match errno {
            Errno::NOSYS => {
                let absent = Error::new("seal", mapping.object(), Reason::Absent);
                let running =
                    linux_support_base::Machine::live().map(|machine| machine.explain(absent.clone(), NEEDS));
                Unchanged::new(mapping, running.unwrap_or(absent))
            }
            errno => refused(mapping, "seal", errno),
        })
    }

    fn rounded(&self, length: Bytes) -> Option<usize> {
        let page = self.page_size().bytes().get();
        let rounded = length.get().checked_next_multiple_of(page).filter(|&rounded| rounded != 0)?;
        isize::try_from(rounded).ok().map(isize::unsigned_abs)
    }
}

impl<K: Growing, P: Protection> Mapping<K, P> {
    /// Makes it longer, rounded up to whole pages, and moves it where there is no room behind it.
    ///
    /// # Errors
    /// `length` is shorter than it is, or too long; there is no memory (`ENOMEM`); parts of it were protected, advised
    /// or locked in different ways (`EFAULT`); it is on huge pages, or sealed.
    #[doc(alias = "mremap")]
    pub fn extend(&mut self, length: Bytes) -> Result<(), Error> {
        let Some(rounded) = self.rounded(length).filter(|&rounded| rounded >= self.len()) else {
            let (least, most) = (self.len(), isize::MAX);
            let accepted = format!("{} bytes: it can become {least} to {most} bytes long", length.get());
            return Err(Error::invalid("extend", self.object(), accepted));
        };
        self.grow(rounded).map_err(|errno| self.failed("extend", errno))
    }
}

impl<P: Protection> Mapping<Private, P> {
    /// Moves its pages into a new mapping, without copying, and leaves this one with bytes that are 0.
    ///
    /// # Errors
    /// As for [`extend`](Self::extend).
    #[doc(alias = "MREMAP_DONTUNMAP")]
    pub fn take(&mut self) -> Result<Self, Error> {
        self.take_pages().map_err(|errno| self.failed("take pages of", errno))
    }

    /// Becomes a guard, which nothing may touch. Its bytes are lost.
    ///
    /// # Errors
    /// There is no memory for it, or there are too many mappings (`ENOMEM`).
    ///
    /// # Kernel
    /// Since Linux 6.13 it needs no mapping of its own; before, it is memory without access.
    #[doc(alias = "MADV_GUARD_INSTALL")]
    pub fn into_guard(self) -> Result<Guard<P>, Unchanged<Self>> {
        Guard::install(self).map_err(|(mapping, errno)| refused(mapping, "guard", errno))
    }
}

impl Mapping<Private, ReadWrite> {
    /// Lets the kernel take any page when it needs memory, until this is used again.
    ///
    /// # Errors
    /// It is on huge pages, or locked (`EINVAL`). A part may have been freed so all the same: what comes with the error
    /// is to be [reused](LazilyFreed::reuse) too.
    #[doc(alias = "MADV_FREE")]
    pub fn free_lazily(self) -> Result<LazilyFreed, Unchanged<LazilyFreed>> {
        let object = self.object();
        LazilyFreed::free(self)
            .map_err(|(freed, errno)| Unchanged::new(freed, Error::system("free lazily", object, errno)))
    }
}

impl LazilyFreed {
    /// Takes the memory back, with all bytes 0. Cheaper than [`reuse`](Self::reuse).
    ///
    /// # Errors
    /// It is locked (`EINVAL`).
    pub fn discard(self) -> Result<Mapping<Private, ReadWrite>, Unchanged<Self>> {
        self.empty().map_err(|(freed, errno)| {
            Unchanged::new(freed, Error::system("discard", "memory that was freed lazily", errno))
        })
    }
}

impl<P: Protection> Guard<P> {
    /// Becomes memory again, as it was protected.
    ///
    /// # Errors
    /// There is no memory for it, or there are too many mappings (`ENOMEM`).
    #[doc(alias = "MADV_GUARD_REMOVE")]
    pub fn remove(self) -> Result<Mapping<Private, P>, Unchanged<Self>> {
        self.uninstall().map_err(|(guard, errno)| {
            let error = Error::system("remove", format!("guard at {}", guard.range()).as_bytes(), errno);
            Unchanged::new(guard, error)
        })
    }
}

#[cold]
fn refused<K: Kind, P: Protection>(
    mapping: Mapping<K, P>,
    operation: &'static str,
    errno: Errno,
) -> Unchanged<Mapping<K, P>> {
    let error = mapping.failed(operation, errno);
    Unchanged::new(mapping, error)
}
