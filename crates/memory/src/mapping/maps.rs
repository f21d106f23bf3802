//! `/proc/PID/maps`.

use linux_support_base::{
    AddressRange, DeviceNumber, ParseError,
    text::{self, hexadecimal_digits, take_decimal, take_hexadecimal},
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
    /// Reads one line, with or without the newline at its end.
    ///
    /// # Errors
    /// A field that is missing or malformed.
    #[inline]
    pub fn parse(line: &'a [u8]) -> Result<Self, ParseError> {
        match Self::take(line)? {
            (entry, []) => Ok(entry),
            (_, rest) => Err(ParseError::expected("the end of the line", rest)),
        }
    }

    /// Reads the line with which `text` begins, and gives what follows its newline.
    ///
    /// The fields before the name are looked at once, and not before them for the newline: none can hold one.
    #[inline(always)]
    pub(super) fn take(text: &'a [u8]) -> Result<(Self, &'a [u8]), ParseError> {
        let (place, mut rest) = match Place::in_columns(text) {
            Some(known) => known,
            None => Place::take(text)?,
        };
        let before = rest;
        let inode = take_decimal(&mut rest).map_err(|error| error.in_field("inode"))?;
        if before[..before.len() - rest.len()].ends_with(b"\n") {
            return Ok((place.entry(inode, b""), rest));
        }
        let name = without_spaces(rest);
        let (raw_name, rest) = match name {
            // Nearly half of all mappings have no name.
            [b'\n', after @ ..] => (&name[..0], after),
            _ => text::split_once(name, b'\n').unwrap_or((name, b"")),
        };
        Ok((place.entry(inode, raw_name), rest))
    }

    /// What it is of.
    #[must_use]
    pub fn name(&self) -> MappingName<'a> {
        MappingName::parse(self.raw_name)
    }
}

/// The fields up to the inode.
struct Place {
    range: AddressRange,
    permissions: Permissions,
    offset: u64,
    device: DeviceNumber,
}

impl Place {
    /// Reads them where they lie in most lines: addresses of 12 digits, an offset of 8, a device of 2 and 2.
    /// Then none has to wait for the end of the one before it.
    #[inline]
    fn in_columns(text: &[u8]) -> Option<(Self, &[u8])> {
        const LENGTH: usize = b"7fffffffe000-7fffffffe001 rw-p 00000000 00:00 ".len();
        let (columns, rest) = text.split_first_chunk::<LENGTH>()?;
        let [b'-', b' ', b' ', b' ', b':', b' '] =
            [columns[12], columns[25], columns[30], columns[39], columns[42], columns[45]]
        else {
            return None;
        };
        let mut digits = [0; 32];
        digits[..12].copy_from_slice(&columns[..12]);
        digits[12..24].copy_from_slice(&columns[13..25]);
        digits[24..].copy_from_slice(&columns[31..39]);
        let numbers = hexadecimal_digits(digits)?;
        const ADDRESS: u64 = (1 << 48) - 1;
        let range = AddressRange::new((numbers >> 80) as u64, (numbers >> 32) as u64 & ADDRESS)?;
        let offset = u64::from(numbers as u32);
        let permissions = Permissions::of([columns[26], columns[27], columns[28], columns[29]])?;
        let device = DeviceNumber::new(
            text::hexadecimal(&columns[40..42]).ok()?,
            text::hexadecimal(&columns[43..45]).ok()?,
        );
        Some((Self { range, permissions, offset, device }, rest))
    }

    /// Reads them one after the other, whatever their lengths.
    fn take(text: &[u8]) -> Result<(Self, &[u8]), ParseError> {
        let mut rest = text;
        let start = take_hexadecimal(&mut rest).map_err(|error| error.in_field("address"))?;
        expect(&mut rest, b'-', "address")?;
        let end = take_hexadecimal(&mut rest).map_err(|error| error.in_field("address"))?;
        expect(&mut rest, b' ', "address")?;
        let range = AddressRange::new(start, end).ok_or_else(|| {
            ParseError::expected("a range of addresses that rises", text).in_field("address")
        })?;
        let (permissions, after) = rest
            .split_first_chunk()
            .ok_or_else(|| ParseError::expected("permissions such as rw-p", rest).in_field("perms"))?;
        let permissions = Permissions::of(*permissions)
            .ok_or_else(|| ParseError::expected("permissions such as rw-p", rest).in_field("perms"))?;
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

        Ok((Self { range, permissions, offset, device }, rest))
    }

    #[inline]
    fn entry(self, inode: u64, raw_name: &[u8]) -> Entry<'_> {
        let Self { range, permissions, offset, device } = self;
        Entry { range, permissions, offset, device, inode, raw_name }
    }
}

/// `text` without the spaces at its start; the kernel pads with up to 30 of them.
#[inline]
fn without_spaces(mut text: &[u8]) -> &[u8] {
    while let Some(after) = text.strip_prefix(b"        ") {
        text = after;
    }
    while let [b' ', after @ ..] = text {
        text = after;
    }
    text
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
    Entries { rest: bytes }
}

/// The iterator that [`entries`] gives.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    rest: &'a [u8],
}

impl<'a> Entries<'a> {
    /// The text that has not been read yet.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>, ParseError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        Some(match Entry::take(self.rest) {
            Ok((entry, rest)) => {
                self.rest = rest;
                Ok(entry)
            }
            Err(_) => {
                let mut lines = text::lines(self.rest);
                let line = lines.next().unwrap_or_default();
                self.rest = lines.rest();
                // Once more, for an error that quotes nothing of the lines after it.
                Entry::parse(line)
            }
        })
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
        fn lines_in_columns_are_read_as_all_others(
            start in "[0-9a-f]{12}", end in "[0-9a-f]{12}|[0-9a-f]{11}g", permissions in "[r-][w-][x-][ps]",
            offset in "[0-9a-f]{8}|[0-9a-f]{9}", device in "[0-9a-f]{2}:[0-9a-f]{2}|[0-9a-f]:[0-9a-f]{3}",
        ) {
            let text = format!("{start}-{end} {permissions} {offset} {device} 5");
            let place = |found: Option<(Place, _)>| found.map(|(place, _)| place.entry(0, b""));
            let slow = place(Place::take(text.as_bytes()).ok());
            let in_columns = place(Place::in_columns(text.as_bytes()));
            prop_assert!(in_columns.is_none() || in_columns == slow);
            prop_assert_eq!(Entry::parse(text.as_bytes()).is_ok(), slow.is_some());
        }

        #[test]
        fn nothing_panics(bytes: Vec<u8>, text in "[0-9a-f]{0,18}-?[0-9a-f]{0,18} [rwxps-]{0,5} [0-9a-f: ]{0,30}") {
            let _ = entries(&bytes).count();
            let _ = Entry::parse(text.as_bytes());
        }
    }
}
