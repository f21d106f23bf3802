//! Tables of mounts in the form of `fstab(5)`: `/etc/fstab`, `/proc/mounts`, `/etc/mtab`.

use linux_support_base::{ByteString, Error, Machine, ParseError, text};

use super::{SuperOptions, super_options};
use crate::FileSystemKind;

/// One line of a table in the form of `fstab(5)`.
///
/// ```
/// use linux_support_filesystem::mount::table::TableEntry;
///
/// let table = TableEntry::parse_all(b"# <device> <dir> <type> <options>\nLABEL=data /mnt/a\\040b xfs noauto 0 2\n")?;
/// assert_eq!(table[0].target, "/mnt/a b");
/// assert_eq!(table[0].pass, 2);
/// # Ok::<(), linux_support_base::ParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "fstab")]
#[doc(alias = "mntent")]
pub struct TableEntry {
    /// What is to be mounted: a device, `UUID=…`, `LABEL=…`, a remote place, any word.
    pub source: ByteString,
    /// Where; `none` or `swap` for swap areas.
    pub target: ByteString,
    /// The type of the file system; `auto` and lists such as `vfat,ext4` in fstab.
    #[cfg_attr(feature = "serde", serde(rename = "type"))]
    pub kind: FileSystemKind,
    /// The options, apart by commas; empty where the line ends before them.
    pub options: ByteString,
    /// How often dump(8) saves it; 0, never, where the line ends before.
    pub dump: u32,
    /// In which pass fsck(8) checks it at boot; 0, never, where the line ends before.
    pub pass: u32,
}

impl TableEntry {
    /// Reads all lines; comments and empty lines are passed over.
    ///
    /// # Errors
    /// A line of fewer than three fields, or whose last two are no numbers.
    pub fn parse_all(text: &[u8]) -> Result<Vec<Self>, ParseError> {
        entries(text).collect()
    }

    /// The file systems that `/etc/fstab` of `machine` describes.
    ///
    /// # Errors
    /// The file is absent, can't be read, or is malformed.
    pub fn read_fstab(machine: &Machine) -> Result<Vec<Self>, Error> {
        machine.parse("/etc/fstab", Self::parse_all)
    }

    /// The options, one by one.
    #[must_use]
    pub fn options(&self) -> SuperOptions<'_> {
        super_options(self.options.as_bytes())
    }

    fn parse_line(line: &[u8]) -> Result<Self, ParseError> {
        let mut fields = text::fields(line);
        let source = fields.required("source")?;
        let target = fields.required("mount point")?;
        let kind = fields.required("file system type")?;
        let options = fields.next().unwrap_or_default();
        let mut number = |field| match fields.next() {
            // A comment may end a line that lacks its last fields.
            Some(value) if !value.starts_with(b"#") => {
                text::decimal(value).map_err(|error| error.in_field(field))
            }
            _ => Ok(0),
        };
        let dump = number("dump")?;
        let pass = number("pass")?;
        Ok(Self {
            source: text::unescape_octal(source).into(),
            target: text::unescape_octal(target).into(),
            kind: FileSystemKind::parse(kind),
            options: text::unescape_octal(options).into(),
            dump,
            pass,
        })
    }
}

/// The entries of a table, each as it is or as the error in its line.
pub fn entries(text: &[u8]) -> impl Iterator<Item = Result<TableEntry, ParseError>> + '_ {
    text::lines(text)
        .map(|line| line.trim_ascii())
        .filter(|line| !line.is_empty() && !line.starts_with(b"#"))
        .map(TableEntry::parse_line)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn comments_blanks_and_missing_last_fields_are_well_formed() {
        let text = b"  # note\n\n \t\nproc /proc proc\n\t/dev/a  /a\text4 noatime 1\n/dev/b none swap sw 0 0";
        let table = TableEntry::parse_all(text).unwrap();
        assert_eq!(table.len(), 3);
        assert_eq!((table[0].options.as_bytes(), table[0].dump, table[0].pass), (&b""[..], 0, 0));
        assert_eq!((table[1].dump, table[1].pass), (1, 0));
        assert_eq!((&table[2].target, table[2].kind.name()), (&"none".into(), &b"swap"[..]));
        assert_eq!(TableEntry::parse_all(b""), Ok(vec![]));
    }

    #[test]
    fn escapes_are_undone() {
        let table = TableEntry::parse_all(br"//host/a\040b /mnt/\043 cifs user=A\040B 0 0").unwrap();
        assert_eq!(table[0].source, "//host/a b");
        assert_eq!(table[0].target, "/mnt/#");
        assert_eq!(table[0].options().next().unwrap().value().as_deref(), Some(&b"A B"[..]));
    }

    #[test]
    fn a_line_that_is_too_short_is_an_error_and_the_rest_is_read() {
        let all: Vec<_> = entries(b"/dev/a /a\nproc /proc proc x\nproc /proc proc x y\n").collect();
        assert_eq!(all[0].as_ref().unwrap_err().field(), Some("file system type"));
        assert!(all[1].is_ok());
        assert_eq!(all[2].as_ref().unwrap_err().field(), Some("dump"));
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            entries(&text).for_each(drop);
        }
    }
}
