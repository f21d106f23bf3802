use linux_support_base::{AddressRange, Bytes, Error};

use super::MapOptions;
use crate::mapping::{Guard, Mapping, Private, ReadWrite};

/// Memory of this process alone, with a page before and a page behind it that must not be touched.
///
/// Made by [`MapOptions::guarded`] and [`MapOptions::stack`].
#[derive(Debug)]
pub struct Guarded {
    before: Guard<ReadWrite>,
    memory: Mapping<Private, ReadWrite>,
    behind: Guard<ReadWrite>,
}

impl Guarded {
    pub(super) fn map(options: &MapOptions, length: Bytes) -> Result<Self, Error> {
        let page = options.page();
        let with_guards =
            length.get().checked_next_multiple_of(page).and_then(|length| length.checked_add(2 * page));
        let with_guards = match (length.get(), with_guards) {
            (1.., Some(length)) => Bytes::new(length),
            // As it stands, it is refused with the reason.
            _ => length,
        };
        let (whole, populate) = options.private_unpopulated(with_guards)?;
        let page = page as usize;
        let (before, rest) = whole.split_at(page)?;
        let end = rest.len() - page;
        let (memory, behind) = rest.split_at(end)?;
        let guarded = Self { before: before.into_guard()?, memory, behind: behind.into_guard()? };
        if populate {
            guarded.memory.advise(.., crate::mapping::Advice::PopulateWrite)?;
        }
        Ok(guarded)
    }

    /// The memory.
    #[must_use]
    pub fn memory(&self) -> &Mapping<Private, ReadWrite> {
        &self.memory
    }

    /// The memory, to be written.
    #[must_use]
    pub fn memory_mut(&mut self) -> &mut Mapping<Private, ReadWrite> {
        &mut self.memory
    }

    /// The addresses that must not be touched: those before and those behind.
    #[must_use]
    pub fn guards(&self) -> [AddressRange; 2] {
        [self.before.range(), self.behind.range()]
    }
}
