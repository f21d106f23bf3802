//! How large and how full a mounted file system is.

use core::fmt;

use bitflags::bitflags;
use linux_support_base::{ByteString, Bytes, Errno, Error, Machine, ParseError, Reason, text};
use rustix::fs::{OFlags, StatFs, fstatfs, openat};

/// What `statfs(2)` tells of a mounted file system.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_filesystem::FileSystemStatistics;
///
/// let statistics = FileSystemStatistics::of(&Machine::live()?, b"/")?;
/// assert!(statistics.available <= statistics.total);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// `statfs(2)`, `statvfs(3)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "df")]
#[doc(alias = "statvfs")]
pub struct FileSystemStatistics {
    /// The magic number of its type: see `statfs(2)`.
    pub magic: u32,
    /// The size of transfers that suits it best.
    pub block_size: Bytes,
    /// The size of the units in which it counts space.
    pub fragment_size: Bytes,
    /// How large it is; 0 for most that hold nothing.
    pub total: Bytes,
    /// How much is free, for root.
    pub free: Bytes,
    /// How much is free, for everyone.
    pub available: Bytes,
    /// How many inodes it has room for; 0 where it makes them as needed.
    pub inodes: u64,
    /// How many inodes are free.
    pub free_inodes: u64,
    /// The longest name of a file, in bytes.
    pub name_length: u32,
    /// The options in force, of the mount and of the file system.
    pub flags: StatisticsFlags,
}

bitflags! {
    /// The flags of `statfs(2)`. Bits that it does not name are kept.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct StatisticsFlags: u64 {
        /// Nothing can be changed.
        #[doc(alias = "ST_RDONLY")]
        const READ_ONLY = 1;
        /// Set-user-ID, set-group-ID and file capabilities are not honoured.
        const NO_SET_USER_ID = 2;
        /// Device files can't be opened.
        const NO_DEVICES = 4;
        /// Programs can't be executed.
        const NO_EXECUTION = 8;
        /// Writes reach the storage before they return.
        const SYNCHRONOUS = 0x10;
        /// Mandatory locks are possible (before Linux 5.15).
        const MANDATORY_LOCKS = 0x40;
        /// Access times are never changed.
        const NO_ACCESS_TIME = 0x400;
        /// Access times of directories are never changed.
        const NO_DIRECTORY_ACCESS_TIME = 0x800;
        /// Access times are changed only where they are older than the last change or a day.
        const RELATIVE_ACCESS_TIME = 0x1000;
        /// Symbolic links are not followed.
        const NO_SYMBOLIC_LINKS = 0x2000;
        const _ = !0;
    }
}

/// The kernel's own mark that the flags are filled in.
const VALID: u64 = 0x20;

/// The magic number of the automounter's directories that nothing is mounted on yet.
const AUTOFS: u32 = 0x0187;

const WORDS: [(StatisticsFlags, &str); 10] = [
    (StatisticsFlags::READ_ONLY, "ro"),
    (StatisticsFlags::NO_SET_USER_ID, "nosuid"),
    (StatisticsFlags::NO_DEVICES, "nodev"),
    (StatisticsFlags::NO_EXECUTION, "noexec"),
    (StatisticsFlags::SYNCHRONOUS, "sync"),
    (StatisticsFlags::MANDATORY_LOCKS, "mand"),
    (StatisticsFlags::NO_ACCESS_TIME, "noatime"),
    (StatisticsFlags::NO_DIRECTORY_ACCESS_TIME, "nodiratime"),
    (StatisticsFlags::RELATIVE_ACCESS_TIME, "relatime"),
    (StatisticsFlags::NO_SYMBOLIC_LINKS, "nosymfollow"),
];

impl FileSystemStatistics {
    /// Where a captured tree has the statistics of its file systems: a [`line`](Self::line) each.
    pub const PATH: &str = "/linux-support/statfs";

    /// The statistics of what is visible at `mount_point`, a path from the root.
    ///
    /// The automounter is not set to work by asking: where nothing is mounted yet, that is an error. A network
    /// file system whose server does not answer may hold the caller up without end: look at
    /// [`FileSystemKind::class`](crate::FileSystemKind::class) first.
    ///
    /// # Errors
    /// There is nothing at `mount_point`, it may not be reached, or it waits for the automounter; on a captured
    /// machine, its statistics were not recorded.
    pub fn of(machine: &Machine, mount_point: impl AsRef<[u8]>) -> Result<Self, Error> {
        let mount_point = mount_point.as_ref();
        if machine.is_live() {
            Self::live(machine, mount_point)
        } else {
            Self::recorded(machine, mount_point)
        }
    }

    fn live(machine: &Machine, mount_point: &[u8]) -> Result<Self, Error> {
        let failed = |errno| Error::system("find the statistics of", mount_point, errno);
        let path = mount_point.strip_suffix(b"/").unwrap_or(mount_point);
        let (above, name) = match memchr::memrchr(b'/', path) {
            Some(at) => (&path[..at], &path[at + 1..]),
            None if path.is_empty() => (path, &b"."[..]),
            None => {
                return Err(Error::invalid("find the statistics of", mount_point, "expected a path from /"));
            }
        };
        let above = machine.directory([above, b"/."].concat())?;
        let above = above.descriptor().ok_or_else(|| failed(Errno::NOTDIR))?;
        // An O_PATH descriptor of the last component does not set the automounter to work: open(2).
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let place = openat(above, name, flags, rustix::fs::Mode::empty()).map_err(failed)?;
        let statistics = Self::from(fstatfs(&place).map_err(failed)?);
        if statistics.magic == AUTOFS {
            return Err(Error::invalid(
                "find the statistics of",
                mount_point,
                "the automounter has mounted nothing here yet",
            ));
        }
        Ok(statistics)
    }

    fn recorded(machine: &Machine, mount_point: &[u8]) -> Result<Self, Error> {
        let find = |text: &[u8]| {
            for line in text::lines(text) {
                let (place, statistics) = Self::parse_line(line)?;
                if place.as_bytes() == mount_point {
                    return Ok(Some(statistics));
                }
            }
            Ok(None)
        };
        machine
            .parse(Self::PATH, find)?
            .ok_or_else(|| Error::new("find the statistics of", mount_point, Reason::Absent))
    }

    /// Reads a [`line`](Self::line), with or without its newline; fields after the last known one are passed over.
    ///
    /// # Errors
    /// A field that is missing or no number.
    pub fn parse_line(line: &[u8]) -> Result<(ByteString, Self), ParseError> {
        let mut fields = text::fields(line.strip_suffix(b"\n").unwrap_or(line));
        let mount_point = text::unescape_octal(fields.required("mount point")?).into();
        let magic = fields.required("magic")?;
        let magic = text::prefixed_hexadecimal(magic).map_err(|error| error.in_field("magic"))?;
        let mut number = |field| -> Result<u64, ParseError> {
            text::decimal(fields.required(field)?).map_err(|error| error.in_field(field))
        };
        let mut bytes = |field| number(field).map(Bytes::new);
        let statistics = Self {
            magic,
            block_size: bytes("block_size")?,
            fragment_size: bytes("fragment_size")?,
            total: bytes("total")?,
            free: bytes("free")?,
            available: bytes("available")?,
            inodes: number("inodes")?,
            free_inodes: number("free_inodes")?,
            name_length: text::decimal(fields.required("name_length")?)
                .map_err(|error| error.in_field("name_length"))?,
            flags: StatisticsFlags::from_bits_retain(
                text::prefixed_hexadecimal(fields.required("flags")?)
                    .map_err(|error| error.in_field("flags"))?,
            ),
        };
        Ok((mount_point, statistics))
    }

    /// The line, with its newline, that [`parse_line`](Self::parse_line) reads: the mount point with the octal
    /// escapes of mountinfo, then the numbers as `Display` writes them.
    #[must_use]
    pub fn line(&self, mount_point: &[u8]) -> Vec<u8> {
        let mut line = text::escape_octal(mount_point).into_owned();
        line.push(b' ');
        line.extend_from_slice(self.to_string().as_bytes());
        line.push(b'\n');
        line
    }

    /// How much is taken.
    #[must_use]
    pub const fn used(&self) -> Bytes {
        self.total.saturating_sub(self.free)
    }

    /// How much of the space that is there for everyone is taken, from 0 to 1, as df(1) has it; `None` where
    /// there is no space at all.
    #[must_use]
    pub fn used_fraction(&self) -> Option<f64> {
        let used = self.used().get();
        let whole = used.checked_add(self.available.get()).filter(|&whole| whole != 0)?;
        Some(used as f64 / whole as f64)
    }
}

impl From<StatFs> for FileSystemStatistics {
    fn from(raw: StatFs) -> Self {
        let block_size = raw.f_bsize as u64;
        let fragment_size = match raw.f_frsize as u64 {
            0 => block_size,
            size => size,
        };
        let bytes = |blocks: u64| Bytes::new(blocks.saturating_mul(fragment_size));
        Self {
            // Magic numbers have 32 bits; the field is wider, and signed on some architectures.
            magic: raw.f_type as u32,
            block_size: Bytes::new(block_size),
            fragment_size: Bytes::new(fragment_size),
            total: bytes(raw.f_blocks),
            free: bytes(raw.f_bfree),
            available: bytes(raw.f_bavail),
            inodes: raw.f_files,
            free_inodes: raw.f_ffree,
            name_length: u32::try_from(raw.f_namelen).unwrap_or(u32::MAX),
            flags: StatisticsFlags::from_bits_retain(raw.f_flags as u64 & !VALID),
        }
    }
}

impl fmt::Display for FileSystemStatistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { magic, block_size, fragment_size, total, free, available, .. } = self;
        write!(f, "{magic:#x} {block_size:#} {fragment_size:#} {total:#} {free:#} {available:#} ")?;
        let Self { inodes, free_inodes, name_length, flags, .. } = self;
        write!(f, "{inodes} {free_inodes} {name_length} {:#x}", flags.bits())
    }
}

impl StatisticsFlags {
    /// The flags as the words of mount(8); the bits that have none are passed over.
    pub fn words(self) -> impl Iterator<Item = &'static str> {
        WORDS.into_iter().filter(move |(flag, _)| self.contains(*flag)).map(|(_, word)| word)
    }

    /// The bits that have no name here.
    #[must_use]
    pub fn unknown(self) -> u64 {
        WORDS.iter().fold(self.bits(), |bits, (flag, _)| bits & !flag.bits())
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for StatisticsFlags {
    /// The list of words, and the unknown bits in hexadecimal as the last one.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let unknown = (self.unknown() != 0).then(|| format!("{:#x}", self.unknown()));
        serializer.collect_seq(self.words().map(str::to_owned).chain(unknown))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for StatisticsFlags {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "StatisticsFlags".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Vec::<String>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    const LINE: &[u8] = br"/mnt/a\040b 0xef53 4096 4096 1000 400 300 77 66 255 0x1021000";

    #[test]
    fn a_line_comes_back_whatever_is_in_the_name() {
        let (mount_point, statistics) = FileSystemStatistics::parse_line(LINE).unwrap();
        assert_eq!(mount_point, "/mnt/a b");
        assert_eq!(statistics.total, Bytes::new(1000));
        assert_eq!((statistics.inodes, statistics.free_inodes), (77, 66));
        let line = statistics.line(b"/mnt/a b");
        assert_eq!(line, [LINE, b"\n"].concat());
        assert_eq!(FileSystemStatistics::parse_line(&line), Ok((mount_point.clone(), statistics)));
        assert_eq!(statistics.used(), Bytes::new(600));
        assert_eq!(statistics.flags.words().collect::<Vec<_>>(), ["relatime"]);
        assert_eq!(statistics.flags.unknown(), 0x102_0000);
        let more = [LINE, b" 7"].concat();
        assert_eq!(FileSystemStatistics::parse_line(&more), Ok((mount_point, statistics)));
    }

    #[test]
    fn a_field_that_is_missing_is_named() {
        let error = FileSystemStatistics::parse_line(b"/ 0x1 1 1 1 1").unwrap_err();
        assert_eq!(error.field(), Some("available"));
        assert!(FileSystemStatistics::parse_line(b"").is_err());
    }

    #[test]
    fn a_full_or_empty_file_system_has_its_fraction() {
        let (_, mut statistics) = FileSystemStatistics::parse_line(LINE).unwrap();
        assert_eq!(statistics.used_fraction(), Some(600.0 / 900.0));
        (statistics.total, statistics.free, statistics.available) = Default::default();
        assert_eq!(statistics.used_fraction(), None);
    }

    #[test]
    fn this_machines_file_systems_are_asked() {
        let machine = Machine::live().unwrap();
        let proc = FileSystemStatistics::of(&machine, b"/proc").unwrap();
        assert_eq!((proc.magic, proc.total), (0x9fa0, Bytes::new(0)));
        let root = FileSystemStatistics::of(&machine, b"/").unwrap();
        assert!(root.total >= root.free && root.free >= root.available);
        assert_eq!(root.flags.bits() & VALID, 0);
        assert!(FileSystemStatistics::of(&machine, b"/proc/no-such").unwrap_err().is_absent());
        assert!(FileSystemStatistics::of(&machine, b"relative").is_err());
    }

    #[test]
    fn a_file_that_is_a_mount_point_has_statistics_too() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let path = file.path().to_str().unwrap();
        assert!(FileSystemStatistics::of(&Machine::live().unwrap(), path).is_ok());
    }

    #[test]
    fn a_captured_machine_has_those_that_were_recorded() {
        let tree = tempfile::tempdir().unwrap();
        fs::create_dir(tree.path().join("linux-support")).unwrap();
        fs::write(tree.path().join("linux-support/statfs"), [LINE, b"\n"].concat()).unwrap();
        let machine = Machine::captured(tree.path()).unwrap();
        assert_eq!(FileSystemStatistics::of(&machine, b"/mnt/a b").unwrap().magic, 0xef53);
        assert!(FileSystemStatistics::of(&machine, b"/").unwrap_err().is_absent());
    }

    proptest! {
        #[test]
        fn every_mount_point_comes_back(mount_point in prop::collection::vec(1u8.., 1..20)) {
            let (_, statistics) = FileSystemStatistics::parse_line(LINE).unwrap();
            let line = statistics.line(&mount_point);
            prop_assert_eq!(FileSystemStatistics::parse_line(&line), Ok((mount_point.into(), statistics)));
        }

        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = FileSystemStatistics::parse_line(&text);
        }
    }
}
