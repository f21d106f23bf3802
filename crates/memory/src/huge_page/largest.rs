use core::fmt;

use linux_support_base::{Bytes, Error, Machine, PageSize};

use super::{TransparentHugePages, pools};
use crate::mapping::{Advice, MapOptions, Mapping, Private, ReadWrite};

/// Memory on the largest pages that are to be had.
///
/// Pools come first, from the largest size to the smallest; then, where wished, transparent huge pages; then base pages.
///
/// ```
/// use linux_support_base::Bytes;
/// use linux_support_memory::huge_page::LargestPages;
///
/// let memory = LargestPages::new().or_transparent().or_base().private(Bytes::new(8 << 20))?;
/// println!("on {}", memory.got);
/// for refusal in &memory.refused {
///     println!("not on {}: {}", refusal.pages, refusal.error);
/// }
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct LargestPages {
    sizes: Option<Vec<PageSize>>,
    options: MapOptions,
    transparent: bool,
    base: bool,
    wasteful: bool,
}

/// Which pages memory is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PageKind {
    /// Of the pool of this size.
    Pool(PageSize),
    /// Transparent huge pages of this size, as far as the kernel finds some: those that it has not are base pages.
    Transparent(PageSize),
    /// Base pages.
    Base,
}

impl fmt::Display for PageKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pool(size) => write!(f, "pages of {size} from the pool"),
            Self::Transparent(size) => write!(f, "transparent huge pages of {size}"),
            Self::Base => f.write_str("base pages"),
        }
    }
}

/// Why memory is not on some pages.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// The pages.
    pub pages: PageKind,
    /// Why not on these.
    pub error: Error,
}

/// Memory on the largest pages that were to be had.
#[derive(Debug)]
#[non_exhaustive]
pub struct OnLargest {
    /// The memory.
    pub memory: Mapping<Private, ReadWrite>,
    /// On which pages it is.
    pub got: PageKind,
    /// Why it is not on larger ones, from the largest.
    pub refused: Vec<Refusal>,
}

impl LargestPages {
    /// From pools of any size, and from nothing else.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// From pools of these sizes only, in this order.
    #[must_use]
    pub fn sizes(mut self, sizes: impl IntoIterator<Item = PageSize>) -> Self {
        self.sizes = Some(sizes.into_iter().collect());
        self
    }

    /// Else on transparent huge pages.
    #[must_use]
    pub fn or_transparent(mut self) -> Self {
        self.transparent = true;
        self
    }

    /// Else on base pages.
    #[must_use]
    pub fn or_base(mut self) -> Self {
        self.base = true;
        self
    }

    /// Also on pages that are larger than all that is asked for.
    #[must_use]
    pub fn wasteful(mut self) -> Self {
        self.wasteful = true;
        self
    }

    /// Mapped with these options; the size of pages in them does not count.
    ///
    /// With [`populate`](MapOptions::populate), pages that are promised but not to be had are a refusal, and the next
    /// size is tried.
    #[must_use]
    pub fn options(mut self, options: MapOptions) -> Self {
        self.options = options;
        self
    }

    /// Maps memory of this process alone, all 0, of at least `length`.
    ///
    /// # Errors
    /// None of the pages that were allowed are to be had: the reason of the last, and in words those of all.
    pub fn private(&self, length: Bytes) -> Result<OnLargest, Error> {
        let machine = Machine::live()?;
        let mut refused = Vec::new();
        let sizes = match &self.sizes {
            Some(sizes) => sizes.clone(),
            // A kernel without pools has none to try.
            None => pools(&machine).unwrap_or_default().iter().rev().map(|pool| pool.size).collect(),
        };
        for size in sizes {
            let pages = PageKind::Pool(size);
            match self.on_pool(size, length) {
                Ok(memory) => return Ok(OnLargest { memory, got: pages, refused }),
                Err(error) => refused.push(Refusal { pages, error }),
            }
        }
        if self.transparent {
            let settings = TransparentHugePages::read(&machine);
            let size = settings.as_ref().ok().and_then(|settings| settings.page_size.value().copied());
            let pages = size.map_or(PageKind::Base, PageKind::Transparent);
            match settings.and_then(|settings| self.on_transparent(&settings, length)) {
                Ok(memory) => return Ok(OnLargest { memory, got: pages, refused }),
                Err(error) => refused.push(Refusal { pages, error }),
            }
        }
        if self.base {
            match self.options.clone().base_pages().private(length) {
                Ok(memory) => return Ok(OnLargest { memory, got: PageKind::Base, refused }),
                Err(error) => refused.push(Refusal { pages: PageKind::Base, error }),
            }
        }
        let reasons: Vec<_> =
            refused.iter().map(|refusal| format!("not on {}: {}", refusal.pages, refusal.error)).collect();
        let object = format!("{length} on the largest pages");
        Err(Error::invalid(
            "map",
            object.as_bytes(),
            match reasons.is_empty() {
                true => {
                    "nothing was allowed: the machine has no pools, and no other pages were named".to_owned()
                }
                false => reasons.join("; "),
            },
        ))
    }

    fn on_pool(&self, size: PageSize, length: Bytes) -> Result<Mapping<Private, ReadWrite>, Error> {
        if size.bytes() > length && !self.wasteful {
            let object = format!("{length} on pages of {size}");
            return Err(Error::invalid("map", object.as_bytes(), "a page is larger than that"));
        }
        self.options.clone().huge_pages(size).private(length)
    }

    /// Aligned to huge pages, whatever place the kernel chooses.
    fn on_transparent(
        &self,
        settings: &TransparentHugePages,
        length: Bytes,
    ) -> Result<Mapping<Private, ReadWrite>, Error> {
        let refused = |accepted: &str| {
            Err(Error::invalid("map", format!("{length} on transparent huge pages").as_bytes(), accepted))
        };
        let size = settings.page_size.as_result().map_err(|error| (*error).clone())?.bytes();
        let enabled = settings.enabled.as_result().map_err(|error| (*error).clone())?;
        if enabled.chosen == "never" && !settings.sizes.iter().any(super::MultiSize::is_enabled) {
            return refused("they are switched off: see /sys/kernel/mm/transparent_hugepage/enabled");
        }
        if size > length && !self.wasteful {
            return refused("a page is larger than that");
        }
        let rounded = length.get().checked_next_multiple_of(size.get());
        let Some((rounded, room)) =
            rounded.and_then(|rounded| Some((rounded, rounded.checked_add(size.get())?)))
        else {
            return refused("that is longer than the address space");
        };
        let options = self.options.clone().base_pages();
        let (memory, populate) = match options.address() {
            Some(address) if address.get().is_multiple_of(size.get()) => {
                options.private_unpopulated(Bytes::new(rounded))?
            }
            Some(_) => return refused("the address is not that of a huge page"),
            None => {
                let (memory, populate) = options.private_unpopulated(Bytes::new(room))?;
                let before = memory.range().start().next_multiple_of(size.get()) - memory.range().start();
                let memory = if before == 0 { memory } else { memory.split_at(before as usize)?.1 };
                let whole = memory.len() as u64 == rounded;
                (if whole { memory } else { memory.split_at(rounded as usize)?.0 }, populate)
            }
        };
        memory.advise(.., Advice::HugePages)?;
        if populate {
            memory.advise(.., Advice::PopulateWrite)?;
        }
        Ok(memory)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length() -> Bytes {
        Bytes::new(4 << 20)
    }

    #[test]
    fn what_is_not_to_be_had_is_told_and_the_next_is_tried() {
        let odd = PageSize::new(Bytes::new(1 << 13)).unwrap();
        let large = PageSize::new(Bytes::new(1 << 40)).unwrap();
        let memory = LargestPages::new().sizes([large, odd]).or_base().private(length()).unwrap();
        assert_eq!(memory.got, PageKind::Base);
        let refused: Vec<_> = memory.refused.iter().map(|refusal| refusal.pages).collect();
        assert_eq!(refused, [PageKind::Pool(large), PageKind::Pool(odd)]);
        assert!(memory.refused[0].error.to_string().contains("a page is larger than that"));
        let error = LargestPages::new().sizes([large, odd]).private(length()).unwrap_err().to_string();
        assert!(error.contains("pages of 1 TiB") && error.contains("pages of 8 KiB"), "{error}");
        let error = LargestPages::new().sizes([]).private(length()).unwrap_err().to_string();
        assert!(error.contains("nothing was allowed"), "{error}");
    }

    #[test]
    #[cfg_attr(user_emulation, ignore = "the emulator takes the advice and does nothing")]
    fn transparent_pages_are_aligned_and_back_the_memory() {
        let machine = Machine::live().unwrap();
        let Ok(settings) = TransparentHugePages::read(&machine) else { return };
        if settings.enabled.value().is_none_or(|enabled| enabled.chosen == "never") {
            return;
        }
        let size = settings.page_size.into_result().unwrap();
        let only = LargestPages::new().sizes([]).or_transparent();
        let length = Bytes::new(size.bytes().get() + 1);
        let OnLargest { memory, got, .. } = only.private(length).unwrap();
        assert_eq!(got, PageKind::Transparent(size));
        assert_eq!(memory.len() as u64, 2 * size.bytes().get());
        assert!(memory.range().start().is_multiple_of(size.bytes().get()));
        let address =
            |address| only.clone().options(MapOptions::new().at(std::num::NonZeroU64::new(address).unwrap()));
        // Far from where the kernel puts anything by itself.
        let place = 0x20_0000_0000;
        let placed = address(place).private(length).unwrap().memory;
        assert_eq!((placed.range().start(), placed.len() as u64), (place, 2 * size.bytes().get()));
        let error = address(place + (1 << 16)).private(length).unwrap_err().to_string();
        assert!(error.contains("not that of a huge page"), "{error}");
        let error = only.private(Bytes::new(1)).unwrap_err().to_string();
        assert!(error.contains("a page is larger than that"), "{error}");
        assert!(only.private(Bytes::new(u64::MAX)).is_err());
    }
}
