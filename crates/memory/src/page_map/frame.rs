use bitflags::bitflags;
use linux_support_base::{Error, Machine, Requirement};
use rustix::{
    fs::{Mode, OFlags, openat},
    io::{Errno, pread},
};

use super::FrameNumber;

macro_rules! flags {
    ($($bit:literal $name:ident $alias:literal $doc:literal;)*) => {
        bitflags! {
            /// What the kernel says of a frame. Bits that have no name here are kept.
            ///
            /// # Source
            /// Documentation/admin-guide/mm/pagemap.rst, "/proc/kpageflags".
            #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
            pub struct FrameFlags: u64 {
                $(#[doc = $doc] #[doc(alias = $alias)] const $name = 1 << $bit;)*
            }
        }
    };
}

flags! {
    0 LOCKED "KPF_LOCKED" "It is being read or written.";
    1 ERROR "KPF_ERROR" "Reading or writing it failed (before Linux 6.12).";
    2 REFERENCED "KPF_REFERENCED" "It was used lately.";
    3 UP_TO_DATE "KPF_UPTODATE" "What is in it is valid.";
    4 DIRTY "KPF_DIRTY" "It was changed, and is not stored yet.";
    5 LRU "KPF_LRU" "It is on a list for reclaim.";
    6 ACTIVE "KPF_ACTIVE" "It is on the list of those in use.";
    7 SLAB "KPF_SLAB" "It holds the kernel's own objects.";
    8 WRITEBACK "KPF_WRITEBACK" "It is being stored.";
    9 RECLAIM "KPF_RECLAIM" "It will be reclaimed once it is stored.";
    10 BUDDY "KPF_BUDDY" "It begins a free block.";
    11 MAPPED "KPF_MMAP" "Processes map it.";
    12 ANONYMOUS "KPF_ANON" "It is of anonymous memory.";
    13 SWAP_CACHE "KPF_SWAPCACHE" "It is in swap too.";
    14 SWAP_BACKED "KPF_SWAPBACKED" "It goes to swap when it is reclaimed.";
    15 COMPOUND_HEAD "KPF_COMPOUND_HEAD" "It begins a page of several frames.";
    16 COMPOUND_TAIL "KPF_COMPOUND_TAIL" "It is a later part of a page of several frames.";
    17 HUGE "KPF_HUGE" "It is of a huge page of a pool.";
    18 UNEVICTABLE "KPF_UNEVICTABLE" "It can't be reclaimed.";
    19 HARDWARE_POISON "KPF_HWPOISON" "The hardware found it broken.";
    20 NO_PAGE "KPF_NOPAGE" "There is no such frame.";
    21 SAME_PAGE_MERGED "KPF_KSM" "It is shared by equal pages.";
    22 TRANSPARENT_HUGE "KPF_THP" "It is of a transparent huge page.";
    23 OFFLINE "KPF_OFFLINE" "It is out of use, as of a balloon.";
    24 ZERO "KPF_ZERO_PAGE" "It is the page of zeros, or the huge one.";
    25 IDLE "KPF_IDLE" "It was not used since it was marked idle.";
    26 PAGE_TABLE "KPF_PGTABLE" "It is a page table.";
    32 RESERVED "KPF_RESERVED" "The kernel or the firmware has it.";
}

/// The flags of `count` frames from `first` on; fewer where memory ends.
///
/// # Errors
/// `machine` is not the one that runs; CAP_SYS_ADMIN is missing, or root's permission to read the file.
#[doc(alias = "kpageflags")]
pub fn frame_flags(machine: &Machine, first: FrameNumber, count: usize) -> Result<Vec<FrameFlags>, Error> {
    read(machine, "kpageflags", first, count, FrameFlags::from_bits_retain)
}

/// How often each of `count` frames from `first` on is mapped; fewer where memory ends.
///
/// # Errors
/// As for [`frame_flags`].
#[doc(alias = "kpagecount")]
pub fn frame_counts(machine: &Machine, first: FrameNumber, count: usize) -> Result<Vec<u64>, Error> {
    read(machine, "kpagecount", first, count, |count| count)
}

/// The inode number of the control group to which each of `count` frames from `first` on is charged, 0 for none; fewer
/// where memory ends.
///
/// # Errors
/// As for [`frame_flags`]; the kernel is built without `CONFIG_MEMCG`.
#[doc(alias = "kpagecgroup")]
pub fn frame_cgroups(machine: &Machine, first: FrameNumber, count: usize) -> Result<Vec<u64>, Error> {
    read(machine, "kpagecgroup", first, count, |inode| inode)
}

/// Reads numbers of 64 bits, one for each frame.
fn read<T>(
    machine: &Machine,
    name: &'static str,
    first: FrameNumber,
    count: usize,
    decode: impl Fn(u64) -> T,
) -> Result<Vec<T>, Error> {
    const NEEDS: Requirement =
        Requirement::none().configuration("CONFIG_PROC_PAGE_MONITOR").capability("CAP_SYS_ADMIN");
    let path = format!("/proc/{name}");
    let failed = |errno| machine.explain(Error::system("read", path.as_bytes(), errno), NEEDS);
    let proc = machine.directory("/proc")?;
    let Some(descriptor) = proc.descriptor() else {
        let accepted = "needs the machine that runs, and this was captured";
        return Err(Error::invalid("read", path.as_bytes(), accepted));
    };
    let file = openat(descriptor, name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).map_err(failed)?;
    const PART: usize = 8192;
    let mut values = Vec::with_capacity(count.min(PART));
    let mut buffer = vec![0; count.min(PART) * 8];
    while values.len() < count {
        let wanted = (count - values.len()).min(PART) * 8;
        let offset = first.number().saturating_add(values.len() as u64).saturating_mul(8);
        match pread(&file, &mut buffer[..wanted], offset) {
            Ok(read) => {
                let numbers = buffer[..read].as_chunks().0;
                if numbers.is_empty() {
                    break;
                }
                values.extend(numbers.iter().map(|bytes| decode(u64::from_ne_bytes(*bytes))));
            }
            Err(Errno::INTR) => {}
            // Beyond what a file can have.
            Err(Errno::INVAL) if !values.is_empty() => break,
            Err(errno) => return Err(failed(errno)),
        }
    }
    Ok(values)
}
