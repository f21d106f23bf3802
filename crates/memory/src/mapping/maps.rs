//! `/proc/PID/maps`.

use linux_support_base::{
    AddressRange, DeviceNumber, ParseError,
    text::{self, take_decimal, take_hexadecimal},
};

use super::{MappingName, Permissions};

/// A mapping, as a line of `/proc/PID/maps` and the first line of each part of smaps give it.
///
/// # Source
/// `proc_pid_maps(5)`, Documentation/filesystems/proc.rst.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry<'a> {
    /// Where it lies in the process's address space.
    pub range: AddressRange,
    /// What may be done with it.
    pub permissions: Permissions,
    /// Where in the file it begins, in bytes.
    pub offset: u64,
    /// The device of the file; 0:0 without a file.
    pub device: DeviceNumber,
    /// The inode of the file; 0 without a file.
    pub inode: u64,
    /// What it is of, as it stands there: see [`name`](Self::name).
    pub raw_name: &'a [u8],
}

impl<'a> Entry<'a> {
    /// Reads one line.
    ///
    /// # Errors
    /// A field that is missing or malformed.
    #[inline]
    pub fn parse(line: &'a [u8]) -> Result<Self, ParseError> {
        let mut rest = line;
        let start = take_hexadecimal(&mut rest).map_err(|error| error.in_field("address"))?;
        expect(&mut rest, b'-', "address")?;
        let end = take_hexadecimal(&mut rest).map_err(|error| error.in_field("address"))?;
        expect(&mut rest, b' ', "address")?;
        let range = AddressRange::new(start, end).ok_or_else(|| {
            ParseError::expected("a range of addresses that rises", line).in_field("address")
        })?;
        let (permissions, after) = rest
            .split_at_checked(4)
            .ok_or_else(|| ParseError::expected("permissions such as rw-p", rest).in_field("perms"))?;
        let permissions = Permissions::parse(permissions).map_err(|error| error.in_field("perms"))?;
        rest = after;
        expect(&mut rest, b' ', "perms")?;
        let offset = take_hexadecimal(&mut rest).map_err(|error| error.in_field("offset"))?;
        expect(&mut rest, b' ', "offset")?;
        let mut number = |end| -> Result<u32, ParseError> {
            let text = rest;
            let number = take_hexadecimal(&mut rest).map_err(|error| error.in_field("dev"))?;
            expect(&mut rest, end, "dev")?;
            u32::try_from(number).map_err(|_| ParseError::expected("a device number", text).in_field("dev"))
        };
        let device = DeviceNumber::new(number(b':')?, number(b' ')?);
        let inode = take_decimal(&mut rest).map_err(|error| error.in_field("inode"))?;
        let spaces = rest.iter().position(|&byte| byte != b' ').unwrap_or(rest.len());
        Ok(Self { range, permissions, offset, device, inode, raw_name: &rest[spaces..] })
    }

    /// What it is of.
    #[must_use]
    pub fn name(&self) -> MappingName<'a> {
        MappingName::parse(self.raw_name)
    }
}

#[inline]
fn expect(rest: &mut &[u8], byte: u8, field: &'static str) -> Result<(), ParseError> {
    match rest.split_first() {
        Some((&first, after)) if first == byte => {
            *rest = after;
            Ok(())
        }
        _ => Err(separator(rest, byte).in_field(field)),
    }
}

#[cold]
fn separator(rest: &[u8], byte: u8) -> ParseError {
    let expected = match byte {
        b'-' => "a dash",
        b':' => "a colon",
        _ => "a space",
    };
    ParseError::expected(expected, rest)
}

/// The mappings of a text of maps, in rising order of address.
///
/// Each item is an error where its line is malformed; the lines after it are given still.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_memory::mapping::{MappingName, maps};
///
/// let text = Machine::live()?.read("/proc/self/maps")?;
/// let stack = maps::entries(&text).flatten().find(|entry| entry.name() == MappingName::Stack).unwrap();
/// assert!(stack.permissions.write && !stack.permissions.execute);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[inline]
#[must_use]
pub fn entries(bytes: &[u8]) -> Entries<'_> {
    Entries { lines: text::lines(bytes) }
}

/// The iterator that [`entries`] gives.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    lines: text::Lines<'a>,
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>, ParseError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        Some(Entry::parse(self.lines.next()?))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_field_is_read_up_to_64_bits() {
        let line = b"ffffffffff600000-ffffffffff601000 --xp ffffffff80000000 103:0a 18446744073709551615      [vsyscall]";
        let entry = Entry::parse(line).unwrap();
        assert_eq!(entry.range.start(), 0xffff_ffff_ff60_0000);
        assert_eq!(entry.offset, 0xffff_ffff_8000_0000);
        assert_eq!(entry.device, DeviceNumber::new(0x103, 0x0a));
        assert_eq!(entry.inode, u64::MAX);
        assert_eq!(entry.name(), MappingName::Vsyscall);
    }

    #[test]
    fn a_mapping_without_a_name_ends_after_its_inode() {
        for line in ["00400000-00401000 r--p 00000000 00:00 0 ", "00400000-00401000 r--p 00000000 00:00 0"] {
            let entry = Entry::parse(line.as_bytes()).unwrap();
            assert_eq!((entry.inode, entry.name()), (0, MappingName::Anonymous));
        }
    }

    #[test]
    fn a_malformed_line_names_its_field_and_hides_no_other() {
        let text = b"1000-2000 r--p 0 00:00 0 \n1000-2000 r--p 0 zz:00 0 \n3000-2000 r--p 0 0:0 0\n5000-6000 rwxs 0 0:0 0 /a\n";
        let entries: Vec<_> = entries(text).collect();
        assert_eq!(entries.len(), 4);
        assert_eq!(entries[1].as_ref().unwrap_err().field(), Some("dev"));
        assert_eq!(entries[2].as_ref().unwrap_err().field(), Some("address"));
        assert!(entries[3].as_ref().unwrap().permissions.shared);
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>, text in "[0-9a-f]{0,18}-?[0-9a-f]{0,18} [rwxps-]{0,5} [0-9a-f: ]{0,30}") {
            let _ = entries(&bytes).count();
            let _ = Entry::parse(text.as_bytes());
        }
    }
}
