use linux_support_base::{AddressRange, Errno, Error, Machine};

use super::{
    Outcome, ProgramMapping, ProgramPart,
    find::{Found, SMAPS, find, inner},
    report,
};
use crate::{
    huge_page::TransparentHugePages,
    sys::{program, transparent},
};

/// Puts `parts` of the program that runs on transparent huge pages, once and now, and says for each mapping what became of
/// it.
///
/// The bytes stay where they are, and of the file that they are of: the kernel moves what is behind them. It can for
/// text on a tmpfs and, if it was built with `CONFIG_READ_ONLY_THP_FOR_FS` or has large folios for that file system, for
/// text of other files; for variables that begin with 0 and the heap always. Variables that begin with a value stay on
/// the pages of their file. Where it can't, [`remap_program`](super::remap_program) can.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_memory::huge_page::{ProgramPart, collapse_program};
///
/// for part in collapse_program(&Machine::live()?, &[ProgramPart::Text, ProgramPart::Heap])? {
///     let (before, after) = (part.before.total(), part.after.total());
///     println!("{:?} {}: {before} before, {after} after, {:?}", part.part, part.range, part.outcome);
/// }
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Errors
/// The kernel has no transparent huge pages; smaps can't be read.
///
/// # Kernel
/// Since Linux 6.1.
#[doc(alias = "hugectl")]
#[doc(alias = "MADV_COLLAPSE")]
pub fn collapse_program(machine: &Machine, parts: &[ProgramPart]) -> Result<Vec<ProgramMapping>, Error> {
    let size = TransparentHugePages::read(machine)?.page_size.into_result()?.bytes().get();
    let segments = program::segments();
    let page = machine.page_size()?.bytes().get();
    let mut before = find(&machine.read(SMAPS)?, &segments, page)?;
    before.retain(|found| parts.contains(&found.part));
    let outcomes: Vec<_> = before.iter().map(|found| collapse(found, size)).collect();
    let after = find(&machine.read(SMAPS)?, &segments, page)?;
    Ok(report(before, outcomes, &after))
}

fn collapse(found: &Found, size: u64) -> Outcome {
    let Some(inner) = inner(found.range, size) else { return Outcome::TooSmall };
    if found.offset.is_some_and(|offset| offset % size != found.range.start() % size) {
        return Outcome::NotAligned;
    }
    if found.offset.is_some() {
        // Linux 6.1 refuses those parts of a file that nobody has used yet. What can't be read in, it tells itself.
        let _ = transparent::populate(inner);
    }
    collapse_range(inner)
}

/// Collapses whole huge pages.
pub(super) fn collapse_range(range: AddressRange) -> Outcome {
    loop {
        match transparent::collapse(range) {
            Ok(()) => return Outcome::Done(range),
            Err(Errno::INTR) => {}
            Err(errno) => return Outcome::Refused(errno),
        }
    }
}

#[cfg(test)]
mod tests {
    use linux_support_base::Bytes;

    use super::*;
    use crate::{huge_page::HugeBacking, mapping::VmFlags};

    #[test]
    fn what_is_not_aligned_or_too_small_is_not_asked_for() {
        let found = |offset| Found {
            part: ProgramPart::Text,
            range: AddressRange::new(0x20_0000, 0x60_0000).unwrap(),
            offset: Some(offset),
            backing: HugeBacking::default(),
            anonymous: Bytes::new(0),
            readable: true,
            executable: true,
            flags: VmFlags::empty(),
            unknown: None,
            protection_key: None,
        };
        assert_eq!(collapse(&found(0x1000), 2 << 20), Outcome::NotAligned);
        assert_eq!(collapse(&found(0), 1 << 30), Outcome::TooSmall);
    }

    #[test]
    #[cfg_attr(user_emulation, ignore = "the emulator's own mappings are not the program's")]
    fn this_program_has_text_and_every_mapping_gets_an_answer() {
        let machine = Machine::live().unwrap();
        if TransparentHugePages::read(&machine).is_err() {
            return;
        }
        let parts = collapse_program(&machine, &[ProgramPart::Text, ProgramPart::Data]).unwrap();
        assert!(parts.iter().any(|part| part.part == ProgramPart::Text));
        for part in parts {
            println!("{part:?}");
            if let Outcome::Done(range) = &part.outcome {
                assert!(part.after.total().get() >= range.length(), "{part:?}");
            }
        }
    }
}
