//! `/proc/PID/mountinfo`, line by line, borrowed.

use std::borrow::Cow;

use linux_support_base::{DeviceNumber, ParseError, text};

use super::{MountFlags, Propagation, SuperOptions, super_options};

/// The mounts that `text`, the bytes of `/proc/PID/mountinfo`, lists, each as it is or as the error in its line.
///
/// Nothing is allocated, but by [`Entry::root`] and its like where a name holds escapes.
///
/// ```
/// use linux_support_filesystem::mount::mountinfo;
///
/// let text = br"36 35 98:0 /mnt1 /mnt\0402 rw,noatime master:1 - ext3 /dev/root rw,errors=continue";
/// let entry = mountinfo::entries(text).next().unwrap()?;
/// assert_eq!((entry.id, entry.parent), (36, 35));
/// assert_eq!(&*entry.mount_point(), b"/mnt 2");
/// assert_eq!(entry.kind, b"ext3");
/// # Ok::<(), linux_support_base::ParseError>(())
/// ```
///
/// # Source
/// `proc_pid_mountinfo(5)`; Documentation/filesystems/proc.rst, section 3.5.
#[inline]
#[must_use]
pub fn entries(text: &[u8]) -> Entries<'_> {
    Entries { rest: text }
}

/// The iterator that [`entries`] gives.
#[derive(Clone, Debug)]
pub struct Entries<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Entries<'a> {
    type Item = Result<Entry<'a>, ParseError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let text = self.rest;
            if text.is_empty() {
                return None;
            }
            if let Some((entry, rest)) = Entry::take(text) {
                self.rest = rest;
                return Some(Ok(entry));
            }
            let line = match memchr::memchr(b'\n', text) {
                Some(end) => {
                    self.rest = &text[end + 1..];
                    &text[..end]
                }
                None => core::mem::take(&mut self.rest),
            };
            if !line.is_empty() {
                return Some(Entry::parse(line));
            }
        }
    }
}

impl core::iter::FusedIterator for Entries<'_> {}

/// One line of `/proc/PID/mountinfo`, borrowed: names still have their octal escapes.
///
/// The owned model is [`Mount`](super::Mount).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry<'a> {
    /// The mount's number; it may be given to another once this one is gone.
    pub id: u32,
    /// The number of the mount on which it is, or its own where it is the first of all.
    pub parent: u32,
    /// The device number of the file system, as `st_dev` has it.
    pub device: DeviceNumber,
    /// The directory of the file system that is seen at the mount point, escaped.
    pub raw_root: &'a [u8],
    /// Where it is mounted, from the root of the process that was read, escaped.
    pub raw_mount_point: &'a [u8],
    /// The options of the mount, apart by commas.
    pub options: &'a [u8],
    /// The optional fields, apart by spaces; see [`propagation`](Self::propagation).
    pub optional: &'a [u8],
    /// The type of the file system, with its subtype after a dot, escaped.
    pub kind: &'a [u8],
    /// What is mounted, escaped: a device, a remote place, any word; it may be empty.
    pub raw_source: &'a [u8],
    /// The options of the file system, apart by commas, escaped.
    pub super_options: &'a [u8],
}

/// The bytes before the next space, which must be there.
#[inline]
fn next<'a>(rest: &mut &'a [u8], field: &'static str) -> Result<&'a [u8], ParseError> {
    let Some(at) = text::find_near(b' ', rest) else {
        return Err(ParseError::expected("a field and a space", rest).in_field(field));
    };
    let (value, after) = rest.split_at(at);
    *rest = &after[1..];
    Ok(value)
}

/// The number before the next `end`, which must be there.
#[inline]
fn next_number(rest: &mut &[u8], end: u8, field: &'static str) -> Result<u32, ParseError> {
    match text::take_short_decimal(rest, end) {
        Some(number) => Ok(number),
        None => next_long_number(rest, end, field),
    }
}

#[cold]
fn next_long_number(rest: &mut &[u8], end: u8, field: &'static str) -> Result<u32, ParseError> {
    let at = rest.iter().position(|&byte| byte == end).unwrap_or(rest.len());
    let number = text::decimal(&rest[..at]).map_err(|error| error.in_field(field))?;
    match rest.get(at + 1..) {
        Some(after) => *rest = after,
        None => return Err(ParseError::expected("one more field", &rest[at..]).in_field(field)),
    }
    Ok(number)
}

/// The fields of a line, by the places of spaces, which are looked for once in each byte.
struct Fields<'a> {
    line: &'a [u8],
    /// The line and what follows it, so that the last fields too lie in whole blocks.
    text: &'a [u8],
    /// Where the next field begins.
    start: usize,
    /// Where the bytes begin of which the places are known.
    block: usize,
    /// Of those, the ones that have not been given.
    places: u32,
}

impl<'a> Fields<'a> {
    #[inline(always)]
    fn of(line: &'a [u8], text: &'a [u8]) -> Self {
        Self { line, text, start: 0, block: 0, places: Self::places(text) }
    }

    #[inline(always)]
    fn places(text: &[u8]) -> u32 {
        match text.first_chunk() {
            Some(bytes) => text::places(bytes, b' ').into(),
            None => {
                let mut bytes = [0; 16];
                bytes[..text.len()].copy_from_slice(text);
                text::places(&bytes, b' ').into()
            }
        }
    }

    /// The bytes before the next space, if there is one in this line.
    #[inline(always)]
    fn next(&mut self) -> Option<&'a [u8]> {
        while self.places == 0 {
            self.block += 16;
            self.places = Self::places(self.text.get(self.block..)?);
        }
        let end = self.block + self.places.trailing_zeros() as usize;
        self.places &= self.places - 1;
        let field = self.line.get(self.start..end)?;
        self.start = end + 1;
        Some(field)
    }
}

/// Takes a number of few digits, and the byte `end` after it: most have one, two or three.
#[inline(always)]
fn take_number(rest: &mut &[u8], end: u8) -> Option<u32> {
    let mut value = 0;
    let bytes = rest.first_chunk::<9>()?;
    for (at, &byte) in bytes.iter().enumerate() {
        if byte == end && at > 0 {
            *rest = &rest[at + 1..];
            return Some(value);
        }
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + u32::from(digit);
    }
    None
}

impl<'a> Entry<'a> {
    /// The line with which `text` begins, and what follows it. `None` means only that it must be read another way.
    #[inline(always)]
    fn take(text: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let mut rest = text;
        let id = take_number(&mut rest, b' ')?;
        let parent = take_number(&mut rest, b' ')?;
        let major = take_number(&mut rest, b':')?;
        let minor = take_number(&mut rest, b' ')?;
        let (line, after) = text::split_once(rest, b'\n').unwrap_or((rest, &[]));
        let mut fields = Fields::of(line, rest);
        let raw_root = fields.next()?;
        let raw_mount_point = fields.next()?;
        let options = fields.next()?;
        let start = fields.start;
        let mut end = start;
        while fields.next()? != b"-" {
            end = fields.start - 1;
        }
        let optional = line.get(start..end)?;
        let kind = fields.next().filter(|kind| !kind.is_empty())?;
        let raw_source = fields.next()?;
        let super_options = line.get(fields.start..)?;
        let device = DeviceNumber::new(major, minor);
        let entry = Self {
            id,
            parent,
            device,
            raw_root,
            raw_mount_point,
            options,
            optional,
            kind,
            raw_source,
            super_options,
        };
        Some((entry, after))
    }

    /// Reads one line.
    ///
    /// # Errors
    /// A field that is missing, a number that is none. What a newer kernel may add is kept.
    #[inline]
    pub fn parse(line: &'a [u8]) -> Result<Self, ParseError> {
        let mut rest = line;
        let id = next_number(&mut rest, b' ', "mount id")?;
        let parent = next_number(&mut rest, b' ', "parent id")?;
        let major = next_number(&mut rest, b':', "device number")?;
        let minor = next_number(&mut rest, b' ', "device number")?;
        let raw_root = next(&mut rest, "root")?;
        let raw_mount_point = next(&mut rest, "mount point")?;
        let options = next(&mut rest, "mount options")?;
        let optional_and_more = rest;
        let mut length = 0;
        loop {
            let field = next(&mut rest, "separator -")?;
            if field == b"-" {
                break;
            }
            length += field.len() + 1;
        }
        // Without the space before the separator.
        let optional = &optional_and_more[..length.saturating_sub(1)];
        let kind = next(&mut rest, "file system type")?;
        let raw_source = next(&mut rest, "source")?;
        if kind.is_empty() {
            return Err(ParseError::expected("a name", kind).in_field("file system type"));
        }
        Ok(Self {
            id,
            parent,
            device: DeviceNumber::new(major, minor),
            raw_root,
            raw_mount_point,
            options,
            optional,
            kind,
            raw_source,
            super_options: rest,
        })
    }

    /// The directory of the file system that is seen at the mount point: `/`, but for bind mounts and
    /// subvolumes. It is not always a path: namespaces have `net:[4026531840]` here, and one that was removed
    /// meanwhile ends in `//deleted`.
    #[must_use]
    pub fn root(&self) -> Cow<'a, [u8]> {
        text::unescape_octal(self.raw_root)
    }

    /// Where it is mounted, from the root of the process that was read.
    #[must_use]
    pub fn mount_point(&self) -> Cow<'a, [u8]> {
        text::unescape_octal(self.raw_mount_point)
    }

    /// What is mounted.
    #[must_use]
    pub fn source(&self) -> Cow<'a, [u8]> {
        text::unescape_octal(self.raw_source)
    }

    /// The options of the mount that are flags; others are passed over.
    #[must_use]
    pub fn flags(&self) -> MountFlags {
        MountFlags::parse(self.options)
    }

    /// How mounts and unmounts below it spread.
    ///
    /// # Errors
    /// A known field whose group is no number.
    pub fn propagation(&self) -> Result<Propagation, ParseError> {
        Propagation::parse(self.optional)
    }

    /// The options of the file system.
    #[must_use]
    pub fn super_options(&self) -> SuperOptions<'a> {
        super_options(self.super_options)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const LINE: &[u8] =
        b"29 26 0:26 / /dev/pts rw,relatime shared:3 master:1 - devpts devpts rw,mode=600,ptmxmode=000";

    #[test]
    fn every_field_is_found() {
        let entry = Entry::parse(LINE).unwrap();
        assert_eq!((entry.id, entry.parent), (29, 26));
        assert_eq!(entry.device, DeviceNumber::new(0, 26));
        assert_eq!((entry.raw_root, entry.raw_mount_point), (&b"/"[..], &b"/dev/pts"[..]));
        assert_eq!(entry.options, b"rw,relatime");
        assert_eq!(entry.optional, b"shared:3 master:1");
        assert_eq!((entry.kind, entry.raw_source), (&b"devpts"[..], &b"devpts"[..]));
        assert_eq!(entry.super_options, b"rw,mode=600,ptmxmode=000");
    }

    #[test]
    fn no_optional_field_and_an_empty_source_are_well_formed() {
        let entry = Entry::parse(b"1 1 0:2 / / rw - rootfs  rw").unwrap();
        assert_eq!((entry.optional, entry.raw_source), (&b""[..], &b""[..]));
        assert_eq!(entry.super_options, b"rw");
    }

    #[test]
    fn a_dash_within_a_name_is_no_separator() {
        let entry = Entry::parse(b"2 1 0:2 / /- rw - tmpfs - rw").unwrap();
        assert_eq!((entry.raw_mount_point, entry.raw_source), (&b"/-"[..], &b"-"[..]));
    }

    #[test]
    fn escapes_are_undone_on_demand() {
        let entry = Entry::parse(br"2 1 0:2 /\134 /a\040b\011\012\043 rw - tmpfs x\040y rw").unwrap();
        assert_eq!(&*entry.root(), br"/\");
        assert_eq!(&*entry.mount_point(), b"/a b\t\n#");
        assert_eq!(&*entry.source(), b"x y");
        assert!(matches!(Entry::parse(LINE).unwrap().mount_point(), Cow::Borrowed(_)));
    }

    #[test]
    fn a_last_newline_makes_no_empty_mount() {
        let with = [LINE, b"\n"].concat();
        assert_eq!(entries(&with).count(), 1);
        assert_eq!(entries(LINE).count(), 1);
        assert_eq!(entries(b"").count(), 0);
    }

    #[test]
    fn an_error_names_the_field_and_the_next_line_is_read() {
        let text = [b"29 x 0:26 / / rw - a b c\n", LINE].concat();
        let all: Vec<_> = entries(&text).collect();
        let error = all[0].clone().unwrap_err().within(&text);
        assert_eq!(error.to_string(), r#"line 1: parent id "x": expected a number at byte 3"#);
        assert!(all[1].is_ok());
        for (cut, field) in [
            (&b"29"[..], "mount id"),
            (b"29 ", "parent id"),
            (b"29 26 4294967296:0 / ", "device number"),
            (b"29 26 0:26", "device number"),
            (b"29 26 0:26 / /dev", "mount point"),
            (b"29 26 0:26 / /dev rw shared:3", "separator -"),
            (b"29 26 0:26 / /dev rw - tmpfs", "file system type"),
            (b"29 26 0:26 / /dev rw - tmpfs none", "source"),
            (b"29 26 0:26 / /dev rw -  none rw", "file system type"),
        ] {
            assert_eq!(Entry::parse(cut).unwrap_err().field(), Some(field), "{}", cut.escape_ascii());
        }
    }

    proptest! {
        #[test]
        fn a_line_among_others_is_read_as_it_is_alone(
            line in r"[0-9]{1,9} [0-9]{1,3} [0-9]{1,3}:[0-9]{1,4} (/[ab\\0-7-]{0,40} ){0,3}([a-z:1]{0,9} ){0,2}- ?[a-z0-9]{0,4} [a-z]{0,20} [a-z=, -]{0,40}",
            after in "(\n[0-9 ]{0,20})?",
        ) {
            let text = format!("{line}{after}");
            let first = entries(text.as_bytes()).next().unwrap();
            prop_assert_eq!(&first, &Entry::parse(line.as_bytes()));
            if let Some((entry, rest)) = Entry::take(text.as_bytes()) {
                prop_assert_eq!(Ok(entry), first);
                prop_assert_eq!(rest, after.strip_prefix('\n').unwrap_or_default().as_bytes());
            }
        }

        #[test]
        fn nothing_panics(text: Vec<u8>, line in r"[0-9]{1,12} [0-9]{1,3} [0-9:]{1,5} [/ab\\0-7 -]{0,40}") {
            for bytes in [&text[..], line.as_bytes()] {
                for entry in entries(bytes).flatten() {
                    let _ = (entry.root(), entry.mount_point(), entry.flags(), entry.propagation());
                }
            }
        }
    }
}
