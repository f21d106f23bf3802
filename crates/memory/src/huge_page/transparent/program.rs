use linux_support_base::{AddressRange, ByteString, Bytes, Errno, Error, Machine};

use super::TransparentHugePages;
use crate::{
    mapping::{Field, smaps},
    sys::transparent,
};

/// A part of the program that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ProgramPart {
    /// What it executes.
    Text,
    /// Its constants.
    Constants,
    /// Its variables that begin with a value.
    Data,
    /// Its variables that begin with 0.
    ZeroedData,
    /// What the C library's allocator has right behind them.
    #[doc(alias = "brk")]
    Heap,
}

/// What became of a part of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Collapsed {
    /// The part.
    pub part: ProgramPart,
    /// Where it is.
    pub range: AddressRange,
    /// How much of it was on huge pages before, as smaps says.
    pub before: Bytes,
    /// How much is now.
    pub after: Bytes,
    /// What was done.
    pub outcome: Outcome,
}

/// What was done with a part of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// These addresses, of whole huge pages, were put on some.
    Done(AddressRange),
    /// There is no whole huge page in it.
    TooSmall,
    /// The program's file and its addresses are not aligned to huge pages with each other: link it with
    /// `-z max-page-size=2097152` (`-C link-arg=-Wl,-z,max-page-size=2097152`).
    NotAligned,
    /// The kernel refused it: of files, it takes what is executed and whose file nobody may write, if it was built with
    /// `CONFIG_READ_ONLY_THP_FOR_FS` or the file system has large folios.
    Refused(Errno),
}

/// Puts `parts` of the program that runs on transparent huge pages, once and now, and says for each mapping what became of
/// it.
///
/// The bytes stay where they are: the kernel moves what is behind them. A program's text is never copied elsewhere and
/// mapped in place of itself, as other tools do: between the removal and the replacement of the mapping, a failure would
/// leave the program without it. For the same reason, variables that begin with a value stay on the pages of their file,
/// unless the kernel itself can do it.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_memory::huge_page::{ProgramPart, collapse_program};
///
/// for part in collapse_program(&Machine::live()?, &[ProgramPart::Text, ProgramPart::Heap])? {
///     println!("{:?} {}: {} before, {} after, {:?}", part.part, part.range, part.before, part.after, part.outcome);
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
pub fn collapse_program(machine: &Machine, parts: &[ProgramPart]) -> Result<Vec<Collapsed>, Error> {
    let size = TransparentHugePages::read(machine)?.page_size.into_result()?.bytes().get();
    let program = machine.link("/proc/self/exe")?;
    let before = machine.read(SMAPS)?;
    let mut found = find(&before, &program)?;
    found.retain(|mapping| parts.contains(&mapping.part));
    let outcomes: Vec<_> = found.iter().map(|mapping| collapse(mapping, size)).collect();
    let after = find(&machine.read(SMAPS)?, &program)?;
    Ok(found
        .into_iter()
        .zip(outcomes)
        .map(|(mapping, outcome)| {
            let now = after.iter().filter(|now| mapping.range.contains(now.range.start()));
            Collapsed {
                part: mapping.part,
                range: mapping.range,
                before: mapping.huge,
                after: now.map(|now| now.huge).sum(),
                outcome,
            }
        })
        .collect())
}

const SMAPS: &str = "/proc/self/smaps";

#[derive(Debug)]
struct Found {
    part: ProgramPart,
    range: AddressRange,
    /// Where it begins in the file, if it is of one.
    offset: Option<u64>,
    huge: Bytes,
}

/// The mappings of the program itself.
fn find(text: &[u8], program: &ByteString) -> Result<Vec<Found>, Error> {
    let mut found: Vec<Found> = Vec::new();
    for entry in smaps::entries(text) {
        let entry = entry.map_err(|error| Error::malformed(SMAPS, error.within(text)))?;
        let (mapping, name) = (entry.mapping, entry.mapping.raw_name);
        let permissions = mapping.permissions;
        let part = match name {
            name if name == program.as_bytes() && permissions.execute => ProgramPart::Text,
            name if name == program.as_bytes() && permissions.write => ProgramPart::Data,
            name if name == program.as_bytes() => ProgramPart::Constants,
            b"[heap]" => ProgramPart::Heap,
            // The kernel maps it right behind the data.
            b"" if found.last().is_some_and(|last| {
                last.part == ProgramPart::Data && last.range.end() == mapping.range.start()
            }) =>
            {
                ProgramPart::ZeroedData
            }
            _ => continue,
        };
        let huge = [Field::AnonHugePages, Field::ShmemPmdMapped, Field::FilePmdMapped]
            .into_iter()
            .filter_map(|field| entry.memory.get(field))
            .sum();
        let offset = (name == program.as_bytes()).then_some(mapping.offset);
        found.push(Found { part, range: mapping.range, offset, huge });
    }
    Ok(found)
}

fn collapse(mapping: &Found, size: u64) -> Outcome {
    let Some(inner) = inner(mapping.range, size) else { return Outcome::TooSmall };
    if mapping.offset.is_some_and(|offset| offset % size != mapping.range.start() % size) {
        return Outcome::NotAligned;
    }
    loop {
        match transparent::collapse(inner) {
            Ok(()) => return Outcome::Done(inner),
            Err(Errno::INTR) => {}
            Err(errno) => return Outcome::Refused(errno),
        }
    }
}

/// The whole huge pages in a range.
fn inner(range: AddressRange, size: u64) -> Option<AddressRange> {
    let start = range.start().checked_next_multiple_of(size)?;
    let end = range.end() / size * size;
    if start >= end { None } else { AddressRange::new(start, end) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"\
555555400000-555555600000 r--p 00000000 fe:00 7 /bin/daemon\nFilePmdMapped: 0 kB\n\
555555600000-555555c00000 r-xp 00200000 fe:00 7 /bin/daemon\nFilePmdMapped: 2048 kB\n\
555555c00000-555555c01000 rw-p 00800000 fe:00 7 /bin/daemon\nAnonHugePages: 0 kB\n\
555555c01000-555556201000 rw-p 00000000 00:00 0 \nAnonHugePages: 4096 kB\n\
555556300000-555556400000 rw-p 00000000 00:00 0 [heap]\nRss: 4 kB\n\
7f0000000000-7f0000001000 rw-p 00000000 00:00 0 \n\
7f0000002000-7f0000003000 r-xp 00000000 fe:00 8 /lib/libc.so\n";

    #[test]
    fn the_parts_of_a_program_are_told_apart() {
        let found = find(TEXT, &"/bin/daemon".into()).unwrap();
        let parts: Vec<_> = found.iter().map(|mapping| (mapping.part, mapping.huge.kib())).collect();
        assert_eq!(
            parts,
            [
                (ProgramPart::Constants, 0),
                (ProgramPart::Text, 2048),
                (ProgramPart::Data, 0),
                (ProgramPart::ZeroedData, 4096),
                (ProgramPart::Heap, 0),
            ]
        );
    }

    #[test]
    fn only_whole_huge_pages_are_asked_for() {
        let range = |start, end| AddressRange::new(start, end).unwrap();
        let size = 2 << 20;
        assert_eq!(inner(range(0x1ff000, 0x601000), size), Some(range(0x200000, 0x600000)));
        assert_eq!(inner(range(0x1000, 0x201000), size), None);
        assert_eq!(inner(range(u64::MAX - 4095, u64::MAX), size), None);
    }

    #[test]
    fn what_is_not_aligned_or_too_small_is_not_asked_for() {
        let range = AddressRange::new(0x200000, 0x600000).unwrap();
        let mapping = |offset| Found { part: ProgramPart::Text, range, offset, huge: Bytes::new(0) };
        assert_eq!(collapse(&mapping(Some(0x1000)), 2 << 20), Outcome::NotAligned);
        assert_eq!(collapse(&mapping(Some(0)), 1 << 30), Outcome::TooSmall);
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
                assert!(part.after.get() >= range.length(), "{part:?}");
            }
        }
    }
}
