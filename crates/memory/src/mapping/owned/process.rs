use std::os::fd::AsFd;

use linux_raw_sys::general::{MADV_COLD, MADV_COLLAPSE, MADV_PAGEOUT, MADV_WILLNEED};
use linux_support_base::{AddressRange, Bytes, Error, Requirement};

use crate::sys;

/// Advice that can be given for another process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum RemoteAdvice {
    /// Not soon: is given up before other memory.
    #[doc(alias = "MADV_COLD")]
    Cold,
    /// Not for long: is written to swap or to its file now.
    #[doc(alias = "MADV_PAGEOUT")]
    PageOut,
    /// Soon: begins to read.
    #[doc(alias = "MADV_WILLNEED")]
    WillNeed,
    /// On transparent huge pages, now. Since Linux 6.1.
    #[doc(alias = "MADV_COLLAPSE")]
    Collapse,
}

impl RemoteAdvice {
    /// The kernel's number.
    #[must_use]
    pub const fn number(self) -> i32 {
        (match self {
            Self::Cold => MADV_COLD,
            Self::PageOut => MADV_PAGEOUT,
            Self::WillNeed => MADV_WILLNEED,
            Self::Collapse => MADV_COLLAPSE,
        }) as i32
    }
}

/// Tells the kernel how another process will use `ranges` of its addresses, in order, and says how many bytes of them it
/// took: go on after these.
///
/// `process` is a pidfd.
///
/// # Errors
/// A range is empty or not aligned to pages, or there are more than 1,024; `process` is no pidfd (`EBADF`), or has
/// ended; nothing is mapped there (`ENOMEM`).
///
/// # Capabilities
/// CAP_SYS_NICE, and the permission to trace the process for reading.
///
/// # Source
/// process_madvise(2).
#[doc(alias = "process_madvise")]
pub fn advise_process(
    process: impl AsFd,
    ranges: &[AddressRange],
    advice: RemoteAdvice,
) -> Result<Bytes, Error> {
    const MOST: usize = 1024;
    const NEEDS: Requirement = Requirement::none().capability("CAP_SYS_NICE");
    let page = super::options::base_page().bytes().get();
    let invalid = |accepted| Err(Error::invalid("advise on", "another process", accepted));
    if ranges.len() > MOST {
        return invalid(format!("{} ranges: {MOST} at most", ranges.len()));
    }
    let cut = |range: &&AddressRange| {
        !range.start().is_multiple_of(page) || !range.length().is_multiple_of(page) || range.length() == 0
    };
    if let Some(range) = ranges.iter().find(cut) {
        return invalid(format!("{range}: a range is of whole pages of {page} bytes, at least one"));
    }
    sys::advice::advise_process(process.as_fd(), ranges, advice.number())
        .map(Bytes::new)
        .map_err(|errno| Error::system("advise on", "another process", errno).explained(NEEDS, None))
}
