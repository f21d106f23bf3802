use linux_support_base::{AddressRange, Bytes, Errno, Error, Machine, PageSize};

use super::{
    Outcome, ProgramMapping, ProgramPart,
    collapse::collapse_range,
    find::{Found, SMAPS, find, inner},
    report,
};
use crate::{
    huge_page::{LargestPages, PageKind, pool},
    mapping::{MapOptions, Mapping, Private, ReadWrite, VmFlags},
    sys::program,
};

/// Puts `parts` of the program that runs on huge pages by copies that take the place of what is there, and says for each
/// mapping what became of it. It takes what [`collapse_program`](super::collapse_program) needs of nobody: neither a file
/// system that has huge pages, nor text that is aligned in its file, nor transparent huge pages where a pool is asked for.
///
/// Of each mapping, its whole huge pages are replaced, with the same bytes, at the same addresses, protected as before, by
/// anonymous memory. That can be had of [`ProgramPart::Text`] and [`ProgramPart::Constants`]; variables are
/// [`remap_program_data`](super::remap_program_data)'s.
///
/// Other threads may run, in that very text: the kernel exchanges the pages under the lock for which faults wait, so
/// whoever looks finds the old ones or the new ones, and they are equal. The code that does it lies elsewhere, and on a refusal
/// all is as before. What changes besides: the text is this process's own, no longer shared with others that run the same
/// program, and no longer dropped when memory is short; `/proc/PID/maps` names no file for it, so that profilers find no
/// names of functions; a child of `fork` has it until it executes another program. Text in which a debugger or a probe has
/// set a breakpoint is left alone ([`Outcome::Changed`]); one that is set later, in the file, has no effect.
///
/// ```
/// use linux_support_base::{Bytes, PageSize};
/// use linux_support_memory::huge_page::{PageKind, ProgramPart, remap_program};
///
/// let size = PageSize::new(Bytes::new(2 << 20)).unwrap();
/// for part in remap_program(&[ProgramPart::Text], PageKind::Transparent(size))? {
///     println!("{:?} {}: {} before, {} after", part.part, part.range, part.before.total(), part.after.total());
/// }
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Errors
/// `parts` has others than these two; there is no pool of such pages; smaps can't be read. That a part can't be moved, or
/// that no pages are to be had for it, is no error but its [`Outcome`].
///
/// # Kernel
/// Pages of a pool can be moved since Linux 5.16. On x86_64 and aarch64; elsewhere every outcome is
/// [`Refused`](Outcome::Refused) with `ENOSYS`.
#[doc(alias = "hugectl")]
#[doc(alias = "mremap")]
pub fn remap_program(parts: &[ProgramPart], pages: PageKind) -> Result<Vec<ProgramMapping>, Error> {
    if let Some(part) = parts.iter().find(|part| !matches!(part, ProgramPart::Text | ProgramPart::Constants))
    {
        let accepted = "Text and Constants: Data is for remap_program_data, ZeroedData and Heap for \
                        collapse_program";
        return Err(Error::invalid("remap", format!("{part:?}").as_bytes(), accepted));
    }
    remap(parts, pages, program::replace_unwritten)
}

/// What replaces a range by memory that gets its bytes and these bits of protection.
type Replace = fn(Mapping<Private, ReadWrite>, AddressRange, usize) -> Result<(), Errno>;

/// Remaps `parts` by `replace`, of which [`program::replace`] says what it does.
pub(crate) fn remap(
    parts: &[ProgramPart],
    pages: PageKind,
    replace: Replace,
) -> Result<Vec<ProgramMapping>, Error> {
    let machine = Machine::live()?;
    let size = match pages {
        PageKind::Pool(size) => pool(&machine, size)?.size,
        PageKind::Transparent(size) => size,
        PageKind::Base => {
            let accepted = "pages of a pool, or transparent ones: it is on base pages as it is";
            return Err(Error::invalid("remap", "the program", accepted));
        }
    };
    let segments = program::segments();
    let page = machine.page_size()?.bytes().get();
    let found = |text: &[u8]| find(text, &segments, page);
    let mut before = found(&machine.read(SMAPS)?)?;
    before.retain(|found| parts.contains(&found.part));
    let outcomes: Vec<_> = before.iter().map(|found| remap_one(found, pages, size, replace)).collect();
    let after = found(&machine.read(SMAPS)?)?;
    Ok(report(before, outcomes, &after))
}

fn remap_one(found: &Found, pages: PageKind, size: PageSize, replace: Replace) -> Outcome {
    let Some(place) = inner(found.range, size.bytes().get()) else { return Outcome::TooSmall };
    if found.offset.is_none() {
        // It is of no file any more: on huge pages already, or of memory that the kernel can put there where it is.
        return match (found.backing.total().get() >= place.length(), pages) {
            (true, _) => Outcome::Done(place),
            (false, PageKind::Transparent(_)) => collapse_range(place),
            (false, _) => Outcome::Refused(Errno::BUSY),
        };
    }
    if let Some(why) = unusual(found) {
        return Outcome::Unusual(why);
    }
    if found.part == ProgramPart::Text && found.anonymous > Bytes::new(0) {
        return Outcome::Changed(found.anonymous);
    }
    let memory = match memory(pages, size, place) {
        Ok(memory) => memory,
        Err(error) => return Outcome::NoPages(error),
    };
    if found.flags.contains(VmFlags::LOCKED)
        && let Err(error) = memory.lock(..)
    {
        return Outcome::NoPages(error);
    }
    match replace(memory, place, protection(found)) {
        // Those that were not to be had at once are asked for again, where they are.
        Ok(()) if matches!(pages, PageKind::Transparent(_)) => match collapse_range(place) {
            Outcome::Refused(errno) => Outcome::Incomplete(place, errno),
            outcome => outcome,
        },
        Ok(()) => Outcome::Done(place),
        Err(errno) => Outcome::Refused(errno),
    }
}

/// What the mapping is that a copy would not be.
fn unusual(found: &Found) -> Option<String> {
    if let Some(key) = found.protection_key.filter(|key| *key != 0) {
        return Some(format!("protection key {key}"));
    }
    if !found.readable {
        return Some("not readable".to_owned());
    }
    let words = found.flags.difference(KEPT).words().next().map(str::to_owned);
    words.or_else(|| found.unknown.clone())
}

/// What a new mapping is given too, or what goes with the file without any harm.
const KEPT: VmFlags = VmFlags::READABLE
    .union(VmFlags::WRITABLE)
    .union(VmFlags::EXECUTABLE)
    .union(VmFlags::MAY_READ)
    .union(VmFlags::MAY_WRITE)
    .union(VmFlags::MAY_EXECUTE)
    .union(VmFlags::DENY_WRITE)
    .union(VmFlags::LOCKED)
    .union(VmFlags::SEQUENTIAL_READ)
    .union(VmFlags::RANDOM_READ)
    .union(VmFlags::ACCOUNTABLE)
    .union(VmFlags::SOFT_DIRTY)
    .union(VmFlags::HUGE_PAGE_ADVISED)
    .union(VmFlags::NO_HUGE_PAGE_ADVISED)
    .union(VmFlags::MERGEABLE)
    .union(VmFlags::BRANCH_TARGETS);

/// The bits of mprotect(2).
fn protection(found: &Found) -> usize {
    const READ: usize = 1;
    const WRITE: usize = 2;
    const EXECUTE: usize = 4;
    /// Guarded branch targets, of arm64.
    const BRANCH_TARGETS: usize = 0x10;
    let mut bits = READ;
    for (is_there, bit) in [
        (matches!(found.part, ProgramPart::Data), WRITE),
        (found.executable, EXECUTE),
        (cfg!(target_arch = "aarch64") && found.flags.contains(VmFlags::BRANCH_TARGETS), BRANCH_TARGETS),
    ] {
        if is_there {
            bits |= bit;
        }
    }
    bits
}

/// Memory of huge pages that are there, as long as `place`.
fn memory(
    pages: PageKind,
    size: PageSize,
    place: AddressRange,
) -> Result<Mapping<Private, ReadWrite>, Error> {
    let largest = LargestPages::new().options(MapOptions::new().populate());
    let largest = match pages {
        PageKind::Pool(_) => largest.sizes([size]),
        _ => largest.sizes([]).or_transparent(),
    };
    largest.private(Bytes::new(place.length())).map(|got| got.memory)
}

#[cfg(test)]
mod tests {
    use super::{super::HugeBacking, *};

    fn found() -> Found {
        Found {
            part: ProgramPart::Text,
            range: AddressRange::new(0x20_0000, 0x60_0000).unwrap(),
            offset: Some(0x1000),
            backing: HugeBacking::default(),
            anonymous: Bytes::new(0),
            readable: true,
            executable: true,
            flags: VmFlags::READABLE | VmFlags::EXECUTABLE,
            unknown: None,
            protection_key: Some(0),
        }
    }

    fn outcome(found: &Found) -> Outcome {
        let size = PageSize::new(Bytes::new(2 << 20)).unwrap();
        remap_one(found, PageKind::Transparent(size), size, |_, _, _| panic!("it is not replaced"))
    }

    #[test]
    fn what_a_copy_would_lose_or_what_was_changed_is_not_replaced() {
        let unusual = |text: &str| Outcome::Unusual(text.into());
        assert_eq!(outcome(&Found { protection_key: Some(3), ..found() }), unusual("protection key 3"));
        assert_eq!(outcome(&Found { readable: false, ..found() }), unusual("not readable"));
        let flags = VmFlags::READABLE | VmFlags::SEALED;
        assert_eq!(outcome(&Found { flags, ..found() }), unusual("sl"));
        assert_eq!(outcome(&Found { unknown: Some("zz".into()), ..found() }), unusual("zz"));
        let anonymous = Bytes::new(4096);
        assert_eq!(outcome(&Found { anonymous, ..found() }), Outcome::Changed(anonymous));
        let range = AddressRange::new(0x20_1000, 0x5f_f000).unwrap();
        assert_eq!(outcome(&Found { range, ..found() }), Outcome::TooSmall);
    }

    #[test]
    fn what_is_protected_stays_so() {
        let bits = |part, executable| protection(&Found { part, executable, ..found() });
        assert_eq!(bits(ProgramPart::Text, true), 5);
        assert_eq!(bits(ProgramPart::Constants, false), 1);
        assert_eq!(bits(ProgramPart::Data, false), 3);
    }

    #[test]
    fn parts_that_are_written_and_pages_that_are_not_huge_are_refused() {
        let size = PageSize::new(Bytes::new(2 << 20)).unwrap();
        for part in [ProgramPart::Data, ProgramPart::ZeroedData, ProgramPart::Heap] {
            let error = remap_program(&[part], PageKind::Transparent(size)).unwrap_err();
            assert!(error.to_string().contains("Text and Constants"), "{error}");
        }
        let error = remap_program(&[ProgramPart::Text], PageKind::Base).unwrap_err();
        assert!(error.to_string().contains("pages of a pool"), "{error}");
    }
}
