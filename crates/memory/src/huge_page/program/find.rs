use linux_support_base::{AddressRange, Bytes, Error};

use super::{HugeBacking, ProgramPart};
use crate::{
    mapping::{Field, VmFlags, smaps},
    sys::program::Segment,
};

/// Where smaps is read.
pub(super) const SMAPS: &str = "/proc/self/smaps";

/// A part of the program, as far as one mapping has it.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub(super) part: ProgramPart,
    pub(super) range: AddressRange,
    /// Where it begins in the file, if it is of one.
    pub(super) offset: Option<u64>,
    pub(super) backing: HugeBacking,
    /// How much of it was written by this process.
    pub(super) anonymous: Bytes,
    pub(super) readable: bool,
    pub(super) executable: bool,
    /// The words that the kernel says of it.
    pub(super) flags: VmFlags,
    /// The first of these words that has no name here.
    pub(super) unknown: Option<String>,
    pub(super) protection_key: Option<u32>,
}

/// The parts of the program that a text of smaps has, by the segments that were loaded: other mappings of the program's
/// file, as those that look up names of functions, are not among them.
pub(super) fn find(text: &[u8], segments: &[Segment], page: u64) -> Result<Vec<Found>, Error> {
    let mut found = Vec::new();
    for entry in smaps::entries(text) {
        let entry = entry.map_err(|error| Error::malformed(SMAPS, error.within(text)))?;
        let mapping = entry.mapping;
        let mut add = |part, range: AddressRange| {
            // Pages of a pool are of a file that has no name.
            let flags = entry.flags.unwrap_or_default();
            let offset = (mapping.inode != 0 && !flags.contains(VmFlags::HUGETLB))
                .then(|| mapping.offset.saturating_add(range.start() - mapping.range.start()));
            found.push(Found {
                part,
                range,
                offset,
                backing: HugeBacking::of(&entry.memory),
                anonymous: entry.memory.get(Field::Anonymous).unwrap_or_default(),
                readable: mapping.permissions.read,
                executable: mapping.permissions.execute,
                flags,
                unknown: unknown_word(entry.text),
                protection_key: entry.protection_key,
            });
        };
        if mapping.raw_name == b"[heap]" {
            add(ProgramPart::Heap, mapping.range);
            continue;
        }
        let permissions = mapping.permissions;
        for segment in segments {
            let start = segment.range.start() / page * page;
            let end = segment.range.end().next_multiple_of(page);
            let border = segment.end_of_file.next_multiple_of(page);
            let mut cut = |part, from: u64, to: u64| {
                let from = from.max(mapping.range.start());
                let to = to.min(mapping.range.end());
                if let Some(range) = AddressRange::new(from, to).filter(|range| range.length() > 0) {
                    add(part, range);
                }
            };
            match (permissions.execute, permissions.write, permissions.read) {
                (true, ..) => cut(ProgramPart::Text, start, end),
                (_, true, _) => {
                    cut(ProgramPart::Data, start, border);
                    cut(ProgramPart::ZeroedData, border, end);
                }
                // What executes and may not is none: an emulator may call text so.
                (_, _, true) if !segment.executable => cut(ProgramPart::Constants, start, end),
                _ => {}
            }
        }
    }
    Ok(found)
}

fn unknown_word(text: &[u8]) -> Option<String> {
    let line = text.split(|&byte| byte == b'\n').find_map(|line| line.strip_prefix(b"VmFlags:"))?;
    VmFlags::unknown_words(line).next().map(|word| String::from_utf8_lossy(word).into_owned())
}

/// The whole huge pages in a range.
pub(super) fn inner(range: AddressRange, size: u64) -> Option<AddressRange> {
    let start = range.start().checked_next_multiple_of(size)?;
    let end = range.end() / size * size;
    if start >= end { None } else { AddressRange::new(start, end) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &[u8] = b"\
555555400000-555555600000 r--p 00000000 fe:00 7 /bin/daemon\nFilePmdMapped: 0 kB\n\
555555600000-555555c00000 r-xp 00200000 fe:00 7 /bin/daemon\nFilePmdMapped: 2048 kB\nVmFlags: rd ex zz\n\
555555c00000-555555c01000 rw-p 00800000 fe:00 7 /bin/daemon\nAnonymous: 4 kB\n\
555555c01000-555556201000 rw-p 00000000 00:00 0 \nAnonHugePages: 4096 kB\n\
555556300000-555556400000 rw-p 00000000 00:00 0 [heap]\nRss: 4 kB\n\
7f0000000000-7f0000001000 rw-p 00000000 00:00 0 \n\
7f0000001000-7f0000002000 r--p 00000000 fe:00 7 /bin/daemon\n\
7f0000002000-7f0000003000 r-xp 00000000 fe:00 8 /lib/libc.so\n";

    fn range(start: u64, end: u64) -> AddressRange {
        AddressRange::new(start, end).unwrap()
    }

    fn segment(start: u64, end: u64, end_of_file: u64) -> Segment {
        Segment { range: range(start, end), end_of_file, executable: start & 0x20_0000 != 0 }
    }

    fn segments() -> [Segment; 3] {
        [
            segment(0x5555_5540_0000, 0x5555_555f_f123, 0x5555_555f_f123),
            segment(0x5555_5560_0010, 0x5555_55bf_f123, 0x5555_55bf_f123),
            segment(0x5555_55c0_0100, 0x5555_5620_0900, 0x5555_55c0_0800),
        ]
    }

    #[test]
    fn the_parts_of_a_program_are_told_apart_and_other_mappings_of_its_file_are_none() {
        let found = find(TEXT, &segments(), 4096).unwrap();
        let parts: Vec<_> =
            found.iter().map(|found| (found.part, found.backing.total().kib(), found.offset)).collect();
        assert_eq!(
            parts,
            [
                (ProgramPart::Constants, 0, Some(0)),
                (ProgramPart::Text, 2048, Some(0x20_0000)),
                (ProgramPart::Data, 0, Some(0x80_0000)),
                (ProgramPart::ZeroedData, 4096, None),
                (ProgramPart::Heap, 0, None),
            ]
        );
        assert_eq!(found[1].unknown.as_deref(), Some("zz"));
        assert_eq!((found[2].anonymous.kib(), found[2].unknown.as_deref()), (4, None));
    }

    #[test]
    fn variables_that_are_one_mapping_by_now_are_parted_where_the_file_ended() {
        let text = b"555555c00000-555556201000 rw-p 00000000 00:00 0 \n";
        let found = find(text, &segments(), 4096).unwrap();
        let parts: Vec<_> = found.iter().map(|found| (found.part, found.range)).collect();
        let border = 0x5555_55c0_1000;
        assert_eq!(
            parts,
            [
                (ProgramPart::Data, range(0x5555_55c0_0000, border)),
                (ProgramPart::ZeroedData, range(border, 0x5555_5620_1000)),
            ]
        );
    }

    #[test]
    fn text_that_may_not_be_executed_is_no_part() {
        let text = b"555555600000-555555c00000 r--p 00000000 fe:00 7 /bin/daemon\n";
        assert!(find(text, &segments(), 4096).unwrap().is_empty());
    }

    #[test]
    fn pages_of_a_pool_are_of_no_file() {
        let text = b"555555600000-555555c00000 r-xp 00000000 00:10 9 /anon_hugepage (deleted)\nVmFlags: rd ex de ht\n";
        assert_eq!(find(text, &segments(), 4096).unwrap()[0].offset, None);
    }

    #[test]
    fn only_whole_huge_pages_are_asked_for() {
        let size = 2 << 20;
        assert_eq!(inner(range(0x1f_f000, 0x60_1000), size), Some(range(0x20_0000, 0x60_0000)));
        assert_eq!(inner(range(0x1000, 0x20_1000), size), None);
        assert_eq!(inner(range(u64::MAX - 4095, u64::MAX), size), None);
    }
}
