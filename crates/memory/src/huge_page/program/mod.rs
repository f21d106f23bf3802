//! The program's own text and data on huge pages.
//!
//! - [`collapse_program`]: the kernel moves what is behind the addresses.
//! - [`remap_program`], [`remap_program_data`]: copies on huge pages take their place.

mod collapse;
mod find;
mod remap;

pub use collapse::collapse_program;
use find::Found;
use linux_support_base::{AddressRange, Bytes, Errno, Error};
pub(crate) use remap::remap;
pub use remap::remap_program;

use crate::mapping::{Field, MemoryUse};
pub use crate::sys::program_data::remap_program_data;

/// A part of the program that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ProgramPart {
    /// What it executes.
    Text,
    /// Its constants, and the variables that are only written when it starts.
    Constants,
    /// Its variables that begin with a value.
    Data,
    /// Its variables that begin with 0.
    ZeroedData,
    /// What the C library's allocator has right behind them.
    #[doc(alias = "brk")]
    Heap,
}

/// A mapping of the program, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProgramMapping {
    /// Which part it is.
    pub part: ProgramPart,
    /// Where it is.
    pub range: AddressRange,
    /// How much of it was on huge pages before.
    pub before: HugeBacking,
    /// How much is now.
    pub after: HugeBacking,
    /// What was done.
    pub outcome: Outcome,
}

/// What smaps says of huge pages behind some addresses. Linux 6.1 leaves out those that NUMA balancing watches at the
/// moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct HugeBacking {
    /// `AnonHugePages`: anonymous, on transparent huge pages.
    pub anonymous: Bytes,
    /// `ShmemPmdMapped`: of a tmpfs or of shared memory.
    pub shared_memory: Bytes,
    /// `FilePmdMapped`: of another file.
    pub file: Bytes,
    /// `Private_Hugetlb` and `Shared_Hugetlb`: on pages of a pool.
    pub pool: Bytes,
    /// `KernelPageSize`: the size of the pages of which it is made; of transparent huge pages, the base size. The largest
    /// where there are several.
    pub page_size: Bytes,
}

impl HugeBacking {
    fn of(memory: &MemoryUse) -> Self {
        let get = |field| memory.get(field).unwrap_or_default();
        Self {
            anonymous: get(Field::AnonHugePages),
            shared_memory: get(Field::ShmemPmdMapped),
            file: get(Field::FilePmdMapped),
            pool: [Field::PrivateHugetlb, Field::SharedHugetlb].into_iter().map(get).sum(),
            page_size: get(Field::KernelPageSize),
        }
    }

    /// How much is on huge pages of any kind.
    #[must_use]
    pub fn total(&self) -> Bytes {
        [self.anonymous, self.shared_memory, self.file, self.pool].into_iter().sum()
    }

    fn with(self, other: Self) -> Self {
        let sum = |one, two| [one, two].into_iter().sum();
        Self {
            anonymous: sum(self.anonymous, other.anonymous),
            shared_memory: sum(self.shared_memory, other.shared_memory),
            file: sum(self.file, other.file),
            pool: sum(self.pool, other.pool),
            page_size: self.page_size.max(other.page_size),
        }
    }
}

/// What was done with a part of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// These addresses, of whole huge pages, are on some.
    Done(AddressRange),
    /// These addresses are in memory that may be on huge pages, and some are not, for this reason: no free ones.
    Incomplete(AddressRange, Errno),
    /// There is no whole huge page in it.
    TooSmall,
    /// The program's file and its addresses are not aligned to huge pages with each other: link it with
    /// `-z max-page-size=2097152` (`-C link-arg=-Wl,-z,max-page-size=2097152`), or have it remapped.
    NotAligned,
    /// So much of the text was changed since it was loaded: by a debugger's breakpoints, by probes, or when it was loaded
    /// at an address for which it was not linked.
    Changed(Bytes),
    /// It has this, which a copy would not have: a word of `VmFlags` of smaps, or in words.
    Unusual(String),
    /// There are no such pages to copy it to.
    NoPages(Error),
    /// The kernel refused it. Collapsing files, it takes what is executed and whose file nobody may write, if it was built with
    /// `CONFIG_READ_ONLY_THP_FOR_FS` or the file system has large folios; remapping, a security module may forbid
    /// executable memory of no file (`EACCES`).
    Refused(Errno),
}

/// What became of the parts that were found before, by those that are there afterwards.
fn report(before: Vec<Found>, outcomes: Vec<Outcome>, after: &[Found]) -> Vec<ProgramMapping> {
    let one = |(found, outcome): (Found, Outcome)| {
        let now = after.iter().filter(|now| found.range.contains(now.range.start()));
        ProgramMapping {
            part: found.part,
            range: found.range,
            before: found.backing,
            after: now.fold(HugeBacking::default(), |sum, now| sum.with(now.backing)),
            outcome,
        }
    };
    before.into_iter().zip(outcomes).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::smaps;

    #[test]
    fn every_kind_of_huge_page_counts_and_pools_show_in_the_size_of_pages() {
        let text = b"555555400000-555555600000 r--p 00000000 fe:00 7 /bin/daemon\nKernelPageSize: 2048 kB\n\
AnonHugePages: 2 kB\nShmemPmdMapped: 4 kB\nFilePmdMapped: 8 kB\nShared_Hugetlb: 16 kB\nPrivate_Hugetlb: 32 kB\n";
        let backing = HugeBacking::of(&smaps::entries(text).next().unwrap().unwrap().memory);
        assert_eq!((backing.total().kib(), backing.pool.kib(), backing.page_size.kib()), (62, 48, 2048));
        assert_eq!(backing.with(backing).total().kib(), 124);
        assert_eq!(backing.with(backing).page_size.kib(), 2048);
    }
}
