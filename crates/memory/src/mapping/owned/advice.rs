use core::ops::RangeBounds;

use linux_support_base::{Bytes, Error, Machine, PageSize, Reason, Requirement};
use rustix::io::Errno;

use super::options::no_promised_pages;
use crate::{
    mapping::{Advice, Changing, Kind, Mapping, Protection},
    sys::advice::{self, Discard},
};

impl<K: Kind, P: Protection> Mapping<K, P> {
    /// Tells the kernel how the pages of `range` will be used, or what becomes of them.
    ///
    /// # Errors
    /// `range` is empty, not all inside, or cuts pages. The kernel does not have this advice, or not for such memory
    /// (`EINVAL`). Pages can't be had (`ENOMEM`, `EFAULT`, `EAGAIN`); of a pool, it says whether that or a control group lacks them.
    #[doc(alias = "madvise")]
    pub fn advise(&self, range: impl RangeBounds<usize>, advice: Advice) -> Result<(), Error> {
        let part = self.part(advice.name(), range)?;
        loop {
            match advice::advise(self, part.offset, part.length, advice) {
                Err(Errno::INTR) => {}
                done => return done.map_err(|errno| self.advice_failed(advice, part.length, errno)),
            }
        }
    }

    #[cold]
    fn advice_failed(&self, advice: Advice, length: usize, errno: Errno) -> Error {
        if let (Advice::PopulateRead | Advice::PopulateWrite, Errno::FAULT) = (advice, errno)
            && self.page_size() != PageSize::base()
            && let Some(error) = no_promised_pages(self.page_size(), Bytes::new(length as u64))
        {
            return error;
        }
        let needs = match advice {
            Advice::SoftOffline => {
                Requirement::none().capability("CAP_SYS_ADMIN").configuration("CONFIG_MEMORY_FAILURE")
            }
            Advice::Mergeable | Advice::Unmergeable => Requirement::none().configuration("CONFIG_KSM"),
            Advice::HugePages | Advice::NoHugePages | Advice::Collapse => {
                Requirement::none().configuration("CONFIG_TRANSPARENT_HUGEPAGE")
            }
            _ => Requirement::none(),
        };
        let offered = match advice {
            Advice::Mergeable | Advice::Unmergeable => Some("/sys/kernel/mm/ksm"),
            Advice::HugePages | Advice::NoHugePages | Advice::Collapse => {
                Some("/sys/kernel/mm/transparent_hugepage")
            }
            _ => None,
        };
        let machine = Machine::live();
        let absent = errno == Errno::INVAL
            && matches!((&machine, offered), (Ok(machine), Some(place)) if !machine.exists(place));
        let error = match absent {
            true => Error::new(advice.name(), self.object(), Reason::Absent),
            false => self.failed(advice.name(), errno),
        };
        match machine {
            Ok(machine) => machine.explain(error, needs),
            Err(_) => error.explained(needs, None),
        }
    }

    /// Lets go of the pages of `range`. Private memory is 0 then, a private mapping has what its file has, and what is
    /// shared is as it was.
    ///
    /// # Errors
    /// `range` is empty, not all inside, or cuts pages. Pages are locked (`EINVAL`): see
    /// [`discard_locked`](Self::discard_locked).
    #[doc(alias = "MADV_DONTNEED")]
    pub fn discard(&mut self, range: impl RangeBounds<usize>) -> Result<(), Error> {
        self.discard_as(range, Discard::Unlocked)
    }

    /// As [`discard`](Self::discard), also where pages are locked. They stay locked, and are there again once they are
    /// used.
    ///
    /// # Errors
    /// `range` is empty, not all inside, or cuts pages.
    ///
    /// # Kernel
    /// Since Linux 5.18.
    #[doc(alias = "MADV_DONTNEED_LOCKED")]
    pub fn discard_locked(&mut self, range: impl RangeBounds<usize>) -> Result<(), Error> {
        self.discard_as(range, Discard::Locked)
    }

    fn discard_as(&mut self, range: impl RangeBounds<usize>, how: Discard) -> Result<(), Error> {
        let part = self.part("discard", range)?;
        advice::discard(self, part.offset, part.length, how).map_err(|errno| self.failed("discard", errno))
    }
}

impl<K: Changing, P: Protection> Mapping<K, P> {
    /// Frees the memory of `range` for all who share it, or makes a hole in the file: the bytes are 0 then.
    ///
    /// # Errors
    /// `range` is empty, not all inside, or cuts pages. The mapping is not shared and writable (`EACCES`, `EINVAL`), is
    /// sealed (`EPERM`), or of a file system without holes (`EOPNOTSUPP`).
    #[doc(alias = "MADV_REMOVE")]
    pub fn remove(&self, range: impl RangeBounds<usize>) -> Result<(), Error> {
        let part = self.part("remove", range)?;
        advice::remove(self, part.offset, part.length).map_err(|errno| self.failed("remove", errno))
    }
}
