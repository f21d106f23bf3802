//! Pages that must not be touched: madvise(2) with MADV_GUARD_INSTALL and MADV_GUARD_REMOVE.

use core::fmt;

use linux_raw_sys::general::{MADV_GUARD_INSTALL, MADV_GUARD_REMOVE};
use linux_support_base::AddressRange;
use rustix::io::Errno;

use super::{
    advice::madvise,
    kind::{NoAccess, Private, Protection},
    mapping::Mapping,
};

/// Memory any access to which is a SIGSEGV, so that what runs over its neighbour's end does not go on unseen.
///
/// Made by [`Mapping::into_guard`]. Where the kernel has guard regions, they need no mapping of their own.
pub struct Guard<P: Protection>(State<P>);

enum State<P: Protection> {
    /// A guard region: nothing of the mapping is lent.
    Installed(Mapping<Private, P>),
    Protected(Mapping<Private, NoAccess>),
}

impl<P: Protection> Guard<P> {
    pub(crate) fn install(mapping: Mapping<Private, P>) -> Result<Self, (Mapping<Private, P>, Errno)> {
        // SAFETY: nothing of the mapping is borrowed, and it is lent again only after the guards were removed.
        match unsafe { madvise(&mapping, 0, mapping.len(), MADV_GUARD_INSTALL as i32) } {
            Ok(()) => Ok(Self(State::Installed(mapping))),
            Err(errno) => {
                // A part may have guards. Where the kernel has none, or pages are huge, none was installed.
                // SAFETY: nothing of the mapping is borrowed, and without guards it can be lent.
                let _ = unsafe { madvise(&mapping, 0, mapping.len(), MADV_GUARD_REMOVE as i32) };
                match errno {
                    // The kernel is older than these, or pages are huge or locked.
                    Errno::INVAL => mapping.change().map(State::Protected).map(Self),
                    errno => Err((mapping, errno)),
                }
            }
        }
    }

    pub(crate) fn uninstall(self) -> Result<Mapping<Private, P>, (Self, Errno)> {
        match self.0 {
            State::Installed(mapping) => {
                // SAFETY: nothing of the mapping is borrowed; without guards, it can be lent.
                match unsafe { madvise(&mapping, 0, mapping.len(), MADV_GUARD_REMOVE as i32) } {
                    Ok(()) => Ok(mapping),
                    Err(errno) => Err((Self(State::Installed(mapping)), errno)),
                }
            }
            State::Protected(mapping) => {
                mapping.change().map_err(|(mapping, errno)| (Self(State::Protected(mapping)), errno))
            }
        }
    }

    /// Its addresses.
    #[must_use]
    pub fn range(&self) -> AddressRange {
        match &self.0 {
            State::Installed(mapping) => mapping.range(),
            State::Protected(mapping) => mapping.range(),
        }
    }

    /// Whether it is a guard region of the kernel; else it is memory without access, and a mapping of its own.
    #[must_use]
    pub fn is_guard_region(&self) -> bool {
        matches!(self.0, State::Installed(_))
    }
}

impl<P: Protection> fmt::Debug for Guard<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let range = format_args!("{}", self.range());
        f.debug_struct("Guard")
            .field("range", &range)
            .field("is_guard_region", &self.is_guard_region())
            .finish()
    }
}
