use core::{
    fmt,
    ops::{Bound, RangeBounds},
};

use linux_support_base::{ByteString, Error, PageSize};
use rustix::io::Errno;

use crate::mapping::{Kind, Mapping, Protection};

/// A part of a mapping, in whole pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) offset: usize,
    pub(super) length: usize,
}

impl<K: Kind, P: Protection> Mapping<K, P> {
    /// What an error is about: `private memory at 7f1c00000000-7f1c00003000`.
    pub(crate) fn object(&self) -> ByteString {
        ByteString::from(format!("{} at {}", K::NAME, self.range()).as_bytes())
    }

    #[cold]
    pub(crate) fn failed(&self, operation: &'static str, errno: Errno) -> Error {
        Error::system(operation, self.object(), errno)
    }

    /// The part that `range` is: it begins and ends between pages.
    pub(super) fn part(
        &self,
        operation: &'static str,
        range: impl RangeBounds<usize>,
    ) -> Result<Part, Error> {
        part(range, self.len(), self.page_size())
            .map_err(|accepted| Error::invalid(operation, self.object(), accepted))
    }
}

fn part(range: impl RangeBounds<usize>, whole: usize, page: PageSize) -> Result<Part, String> {
    let start = match range.start_bound() {
        Bound::Included(&start) => Some(start),
        Bound::Excluded(start) => start.checked_add(1),
        Bound::Unbounded => Some(0),
    };
    let end = match range.end_bound() {
        Bound::Included(end) => end.checked_add(1),
        Bound::Excluded(&end) => Some(end),
        Bound::Unbounded => Some(whole),
    };
    let (Some(start), Some(end)) = (start, end) else {
        return Err(format!("a range ends at {whole} at the latest, and this is beyond what can be counted"));
    };
    let bytes = page.bytes().get();
    if start >= end {
        return Err(format!("{start}..{end} is empty: a range has at least a page of {bytes} bytes"));
    }
    if end > whole {
        return Err(format!("{start}..{end} is not all inside: the mapping has {whole} bytes"));
    }
    if !(start as u64).is_multiple_of(bytes) || !(end as u64).is_multiple_of(bytes) {
        return Err(format!("{start}..{end} cuts pages: a range begins and ends at multiples of {bytes}"));
    }
    Ok(Part { offset: start, length: end - start })
}

impl<K: Kind, P: Protection> fmt::Debug for Mapping<K, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mapping({} at {})", K::NAME, self.range())
    }
}

#[cfg(test)]
mod tests {
    use linux_support_base::Bytes;

    use super::*;

    #[test]
    fn a_part_is_of_whole_pages_inside_and_the_error_says_what_would_be() {
        let page = PageSize::new(Bytes::new(4096)).unwrap();
        let part = |range: (Bound<usize>, Bound<usize>)| part(range, 16384, page);
        use Bound::{Excluded, Included, Unbounded};
        assert_eq!(part((Unbounded, Unbounded)), Ok(Part { offset: 0, length: 16384 }));
        assert_eq!(part((Included(4096), Included(8191))), Ok(Part { offset: 4096, length: 4096 }));
        assert_eq!(part((Excluded(4095), Unbounded)), Ok(Part { offset: 4096, length: 12288 }));
        for (range, said) in [
            ((Included(0), Excluded(0)), "is empty"),
            ((Included(8192), Excluded(4096)), "is empty"),
            ((Included(0), Excluded(20480)), "has 16384 bytes"),
            ((Included(1), Excluded(4096)), "multiples of 4096"),
            ((Included(0), Excluded(4097)), "multiples of 4096"),
            ((Included(0), Included(usize::MAX)), "counted"),
            ((Excluded(usize::MAX), Unbounded), "counted"),
        ] {
            let error = part(range).unwrap_err();
            assert!(error.contains(said), "{error}");
        }
    }
}
