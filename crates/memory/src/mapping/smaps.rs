//! `/proc/PID/smaps` and `/proc/PID/smaps_rollup`.

use linux_support_base::{
    Bytes, ParseError,
    text::{self, Keys, KibibyteFields, Lines, take_decimal},
};

use super::{VmFlags, maps};

macro_rules! fields {
    ($($name:ident = $key:literal, $doc:literal;)*) => {
        /// A size that smaps gives for each mapping.
        ///
        /// # Source
        /// `proc_pid_smaps(5)`, Documentation/filesystems/proc.rst.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum Field {
            $(#[doc = concat!("`", $key, "`: ", $doc)] $name,)*
        }

        impl Field {
            /// All of them, in the kernel's order.
            pub const ALL: [Self; [$($key),*].len()] = [$(Self::$name),*];

            /// The kernel's name.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $key,)* }
            }
        }

        const COUNT: usize = Field::ALL.len();
        const KEYS: Keys<COUNT> = Keys::new([$(concat!($key, ":").as_bytes()),*]);
        const ALIGNED: KibibyteFields<COUNT> = KibibyteFields::new([$(concat!($key, ":").as_bytes()),*]);
    };
}

fields! {
    Size = "Size", "the size of the mapping.";
    KernelPageSize = "KernelPageSize", "the size of the pages that back it.";
    MmuPageSize = "MMUPageSize", "the size of the pages that the hardware uses.";
    Rss = "Rss", "how much of it is in memory.";
    Pss = "Pss", "the same, with what is shared divided by the number of those who share it.";
    PssDirty = "Pss_Dirty", "the part of that which was changed.";
    PssAnon = "Pss_Anon", "in rollups, the anonymous part of it.";
    PssFile = "Pss_File", "in rollups, the part of it that is of files.";
    PssShmem = "Pss_Shmem", "in rollups, the part of it that is shared memory.";
    SharedClean = "Shared_Clean", "in memory, mapped by others too, not changed.";
    SharedDirty = "Shared_Dirty", "in memory, mapped by others too, changed.";
    PrivateClean = "Private_Clean", "in memory, mapped by this process alone, not changed.";
    PrivateDirty = "Private_Dirty", "in memory, mapped by this process alone, changed.";
    Referenced = "Referenced", "used lately.";
    Anonymous = "Anonymous", "of no file.";
    Ksm = "KSM", "merged with equal pages.";
    LazyFree = "LazyFree", "to be freed when memory is wanted.";
    AnonHugePages = "AnonHugePages", "anonymous, on transparent huge pages.";
    ShmemPmdMapped = "ShmemPmdMapped", "shared memory mapped with huge pages.";
    FilePmdMapped = "FilePmdMapped", "page cache mapped with huge pages.";
    SharedHugetlb = "Shared_Hugetlb", "on huge pages of a pool, mapped by others too; not a part of `Rss`.";
    PrivateHugetlb = "Private_Hugetlb", "on huge pages of a pool, mapped by this process alone.";
    Swap = "Swap", "in swap.";
    SwapPss = "SwapPss", "the same, divided by the number of those who share it.";
    Locked = "Locked", "locked in memory.";
}

/// The sizes that smaps gives for a mapping, or for all of a process.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MemoryUse {
    kib: [u64; COUNT],
    present: u32,
}

impl MemoryUse {
    /// The size; `None` where this kernel does not give it.
    #[inline]
    #[must_use]
    pub fn get(&self, field: Field) -> Option<Bytes> {
        if self.present >> (field as u32) & 1 == 0 {
            return None;
        }
        Bytes::from_kib(self.kib[field as usize])
    }

    /// The sizes that are there, in the kernel's order.
    pub fn iter(&self) -> impl Iterator<Item = (Field, Bytes)> {
        Field::ALL.into_iter().filter_map(|field| Some((field, self.get(field)?)))
    }

    /// Adds the sizes of another mapping; of those that are no sums (of pages), the larger stays.
    pub fn add(&mut self, other: &Self) {
        self.present |= other.present;
        for field in Field::ALL {
            let (mine, theirs) = (&mut self.kib[field as usize], other.kib[field as usize]);
            *mine = match field {
                Field::KernelPageSize | Field::MmuPageSize => (*mine).max(theirs),
                _ => mine.saturating_add(theirs),
            };
        }
    }

    #[inline]
    fn set(&mut self, index: usize, kib: u64) {
        self.kib[index] = kib;
        self.present |= 1 << index;
    }
}

const _: () = assert!(COUNT <= u32::BITS as usize);

/// A mapping with its sizes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry<'a> {
    /// The mapping.
    pub mapping: maps::Entry<'a>,
    /// Its sizes.
    pub memory: MemoryUse,
    /// The kernel's flags; `None` where this kernel does not give them.
    pub flags: Option<VmFlags>,
    /// Whether transparent huge pages can back it.
    pub thp_eligible: Option<bool>,
    /// The protection key of its pages (x86, powerpc).
    pub protection_key: Option<u32>,
    /// The lines after the first, as they stand there: for fields that this library does not know.
    pub text: &'a [u8],
}

impl<'a> Entry<'a> {
    /// The fields that this library does not know: names and values.
    pub fn other(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> {
        text::colon_keyed(self.text).filter_map(|(name, value)| {
            let known = Field::ALL.iter().any(|field| field.as_str().as_bytes() == name)
                || matches!(name, b"VmFlags" | b"THPeligible" | b"ProtectionKey");
            value.filter(|_| !known).map(|value| (name, value))
        })
    }
}

/// The mappings of a text of smaps (or the single one of smaps_rollup), in rising order of address.
///
/// Each item is an error where one of its lines is malformed; the mappings after it are given still.
#[inline]
#[must_use]
pub fn entries(bytes: &[u8]) -> Entries<'_> {
    Entries { rest: bytes }
}

/// The iterator that [`entries`] gives.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut head = maps::entries(self.rest);
        let mapping = head.next()?;
        let start = head.rest();
        let mut lines = text::lines(start);
        let outcome = match mapping {
            Ok(mapping) => read(mapping, start, &mut lines),
            Err(error) => Err(error),
        };
        if outcome.is_err() {
            while !begins_mapping(lines.rest()) && lines.next().is_some() {}
        }
        self.rest = lines.rest();
        Some(outcome)
    }
}

/// Whether `text` begins with the first line of a mapping: an address, where all other lines begin with a
/// capital letter.
#[inline]
fn begins_mapping(text: &[u8]) -> bool {
    matches!(text.first(), None | Some(b'0'..=b'9' | b'a'..=b'f'))
}

/// The mapping with what `lines` say of it, which begin at `start`.
#[inline(always)]
fn read<'a>(
    mapping: maps::Entry<'a>,
    start: &'a [u8],
    lines: &mut Lines<'a>,
) -> Result<Entry<'a>, ParseError> {
    let mut memory = MemoryUse::default();
    let (mut flags, mut thp_eligible, mut protection_key) = (None, None, None);
    let mut likely = 0;
    loop {
        let text = lines.rest();
        if let Some((kib, rest)) = ALIGNED.take(text, likely) {
            memory.set(likely, kib);
            likely += 1;
            *lines = text::lines(rest);
            continue;
        }
        if begins_mapping(text) {
            break;
        }
        let Some(line) = lines.next() else { break };
        // The three that are no sizes stand at the end, where no size is to be expected any more.
        match line.first() {
            Some(b'V') => {
                if let Some(words) = line.strip_prefix(b"VmFlags:") {
                    flags = Some(VmFlags::parse(words));
                    continue;
                }
            }
            Some(b'T') => {
                if let Some(value) = line.strip_prefix(b"THPeligible:") {
                    thp_eligible = Some(number(value, "THPeligible")? != 0);
                    continue;
                }
            }
            Some(b'P') => {
                if let Some(value) = line.strip_prefix(b"ProtectionKey:") {
                    protection_key = Some(number(value, "ProtectionKey")?);
                    continue;
                }
            }
            _ => {}
        }
        if let Some((index, value)) = KEYS.strip(line, likely) {
            let field = Field::ALL[index].as_str();
            let bytes = text::kibibytes(value.trim_ascii()).map_err(|error| error.in_field(field))?;
            memory.set(index, bytes.kib());
            likely = index + 1;
        } else if memchr::memchr(b':', line).is_none() {
            return Err(ParseError::expected("a name, a colon and a value", line));
        }
    }
    let text = &start[..start.len() - lines.rest().len()];
    Ok(Entry { mapping, memory, flags, thp_eligible, protection_key, text })
}

fn number(value: &[u8], field: &'static str) -> Result<u32, ParseError> {
    take_decimal(&mut value.trim_ascii()).map_err(|error| error.in_field(field))
}

#[cfg(test)]
mod tests {
    use linux_support_base::Machine;
    use proptest::prelude::*;

    use super::*;

    const TEXT: &[u8] = b"55d0c5a00000-55d0c5a02000 r--p 00000000 fe:00 1234                       /usr/bin/cat\n\
Size:                  8 kB\nKernelPageSize:        4 kB\nMMUPageSize:           4 kB\nRss:                   8 kB\n\
Pss:                   1 kB\nPss_Dirty:             0 kB\nShared_Clean:          8 kB\nNew_Thing:             5 kB\n\
Swap:                  0 kB\nTHPeligible:           1\nProtectionKey:         3\nVmFlags: rd mr mw me sd \n\
7ffc0d5a0000-7ffc0d5c1000 rw-p 00000000 00:00 0                          [stack]\n\
Size:          123456789 kB\nRss:                  12 kB\nVmFlags: rd wr \n";

    #[test]
    fn every_line_of_a_mapping_is_read_and_new_ones_are_kept() {
        let entries: Vec<_> = entries(TEXT).map(Result::unwrap).collect();
        assert_eq!(entries.len(), 2);
        let cat = &entries[0];
        assert_eq!(cat.mapping.raw_name, b"/usr/bin/cat");
        assert_eq!(cat.memory.get(Field::Size), Bytes::from_kib(8));
        assert_eq!(cat.memory.get(Field::SharedClean), Bytes::from_kib(8));
        assert_eq!(cat.memory.get(Field::Locked), None);
        assert_eq!((cat.thp_eligible, cat.protection_key), (Some(true), Some(3)));
        assert!(cat.flags.unwrap().contains(VmFlags::SOFT_DIRTY));
        assert_eq!(cat.other().collect::<Vec<_>>(), [(&b"New_Thing"[..], &b"5 kB"[..])]);
        let stack = &entries[1];
        assert_eq!(stack.memory.get(Field::Size), Bytes::from_kib(123_456_789));
        assert_eq!(stack.memory.iter().count(), 2);
        assert!(super::entries(TEXT.trim_ascii_end()).map(Result::unwrap).eq(entries.iter().map(|entry| {
            let text = if entry.text.ends_with(b"wr \n") { entry.text.trim_ascii_end() } else { entry.text };
            Entry { text, ..*entry }
        })));
    }

    #[test]
    fn a_malformed_mapping_hides_no_other() {
        let text = [b"1000-2000 r--p 0 0:0 0 \nRss: x kB\nPss: 1 kB\n", TEXT].concat();
        let entries: Vec<_> = entries(&text).collect();
        assert_eq!(entries.len(), 3);
        assert_eq!(entries[0].as_ref().unwrap_err().field(), Some("Rss"));
        assert!(entries[1].is_ok() && entries[2].is_ok());
    }

    #[test]
    fn sizes_add_up_and_page_sizes_do_not() {
        let mut total = MemoryUse::default();
        for entry in entries(TEXT) {
            total.add(&entry.unwrap().memory);
        }
        assert_eq!(total.get(Field::Rss), Bytes::from_kib(20));
        assert_eq!(total.get(Field::KernelPageSize), Bytes::from_kib(4));
    }

    #[test]
    fn the_parts_of_a_process_add_up_to_its_rollup() {
        let mut child = std::process::Command::new("sleep").arg("30").spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_millis(50));
        let machine = Machine::live().unwrap();
        let read = |name: &str| machine.read(format!("/proc/{}/{name}", child.id())).unwrap();
        let (smaps, rollup) = (read("smaps"), read("smaps_rollup"));
        child.kill().unwrap();
        child.wait().unwrap();
        let mut total = MemoryUse::default();
        for entry in entries(&smaps) {
            total.add(&entry.unwrap().memory);
        }
        let rollup = entries(&rollup).next().unwrap().unwrap().memory;
        for field in [Field::Rss, Field::PrivateDirty, Field::SharedClean, Field::Anonymous, Field::Swap] {
            assert_eq!(total.get(field), rollup.get(field), "{field:?}");
        }
        assert!(total.get(Field::Rss).unwrap() > Bytes::new(0));
    }

    proptest! {
        #[test]
        fn nothing_panics_and_the_end_is_reached(bytes: Vec<u8>, cut in 0..TEXT.len(), at in 0..TEXT.len(), byte: u8) {
            let _ = entries(&bytes).count();
            let _ = entries(&TEXT[..cut]).count();
            let mut damaged = TEXT.to_vec();
            damaged[at] = byte;
            prop_assert!(entries(&damaged).count() <= TEXT.len());
        }
    }
}
