//! What file systems count of their mounts: `/proc/PID/mountstats`.

use linux_support_base::{
    ByteString, ParseError,
    text::{Lines, find_near, lines, unescape_octal},
};

/// A mount that a process sees, with what its file system counts: NFS a lot, all others nothing.
///
/// # Source
/// proc_pid_mountstats(5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MountStatistics<'a> {
    device: Option<&'a [u8]>,
    mount_point: &'a [u8],
    file_system: &'a [u8],
    rest: &'a [u8],
    counts: &'a [u8],
}

impl<'a> MountStatistics<'a> {
    /// Reads the file, mount by mount.
    #[must_use]
    pub fn parse(text: &'a [u8]) -> MountStatisticsIter<'a> {
        MountStatisticsIter { lines: lines(text) }
    }

    /// What is mounted; `None` where the file system has no name for it.
    #[must_use]
    pub fn device(&self) -> Option<ByteString> {
        self.device.map(|device| ByteString::from(&*unescape_octal(device)))
    }

    /// Where it is mounted, seen from the process's root.
    #[must_use]
    pub fn mount_point(&self) -> ByteString {
        ByteString::from(&*unescape_octal(self.mount_point))
    }

    /// The file system's type.
    #[must_use]
    pub fn file_system(&self) -> ByteString {
        ByteString::from(&*unescape_octal(self.file_system))
    }

    /// What stands after the type: `statvers=1.1` for NFS.
    #[must_use]
    pub fn version(&self) -> Option<&'a [u8]> {
        (!self.rest.is_empty()).then_some(self.rest)
    }

    /// The lines that the file system wrote, without the tabs before them.
    pub fn counts(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        lines(self.counts).map(<[u8]>::trim_ascii).filter(|line| !line.is_empty())
    }

    fn parse_line(line: &'a [u8]) -> Option<Self> {
        // Spaces in names are escaped.
        let word = |text: &'a [u8]| text.split_at(find_near(b' ', text).unwrap_or(text.len()));
        let (device, rest) = match line.strip_prefix(b"device ") {
            Some(rest) => {
                let (device, rest) = word(rest);
                (Some(device), rest)
            }
            None => (None, line.strip_prefix(b"no device")?),
        };
        let (mount_point, rest) = word(rest.strip_prefix(b" mounted on ")?);
        let (file_system, rest) = word(rest.strip_prefix(b" with fstype ")?);
        Some(Self { device, mount_point, file_system, rest: rest.trim_ascii(), counts: b"" })
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for MountStatistics<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;

        let mut mount = serializer.serialize_struct("MountStatistics", 5)?;
        mount.serialize_field("device", &self.device())?;
        mount.serialize_field("mount_point", &self.mount_point())?;
        mount.serialize_field("file_system", &self.file_system())?;
        mount.serialize_field("version", &self.version().map(ByteString::from))?;
        mount.serialize_field("counts", &self.counts().map(ByteString::from).collect::<Vec<_>>())?;
        mount.end()
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for MountStatistics<'_> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "MountStatistics".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let (text, optional) =
            (generator.subschema_for::<ByteString>(), generator.subschema_for::<Option<ByteString>>());
        schemars::json_schema!({
            "type": "object",
            "properties": {
                "device": optional,
                "mount_point": text,
                "file_system": text,
                "version": optional,
                "counts": generator.subschema_for::<Vec<ByteString>>()
            },
            "required": ["device", "mount_point", "file_system", "version", "counts"],
            "description": "A mount that a process sees, with the lines that its file system writes of it."
        })
    }
}

/// The mounts of `/proc/PID/mountstats`: see [`MountStatistics::parse`]. An item is an error where a line is no mount.
#[derive(Clone, Debug)]
pub struct MountStatisticsIter<'a> {
    lines: Lines<'a>,
}

impl<'a> Iterator for MountStatisticsIter<'a> {
    type Item = Result<MountStatistics<'a>, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        let line = self.lines.find(|line| !line.trim_ascii().is_empty())?;
        let Some(mut mount) = MountStatistics::parse_line(line) else {
            return Some(Err(ParseError::expected("[no] device … mounted on … with fstype …", line)));
        };
        let text = self.lines.rest();
        // What the file system writes are lines that begin with a tab, and empty ones.
        while let Some(b'\t' | b'\n') = self.lines.rest().first() {
            self.lines.next();
        }
        mount.counts = &text[..text.len() - self.lines.rest().len()];
        Some(Ok(mount))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &[u8] = b"device proc mounted on /proc with fstype proc\n\
        device server:/a mounted on /mnt/a\\040b with fstype nfs4 statvers=1.1\n\
        \topts:\trw,vers=4.2\n\tage:\t7\n\n\tper-op statistics\n\
        no device mounted on /x with fstype tmpfs\n";

    #[test]
    fn each_mount_has_its_lines() {
        let mounts: Vec<_> = MountStatistics::parse(TEXT).map(Result::unwrap).collect();
        assert_eq!(mounts.len(), 3);
        assert_eq!((mounts[0].device().unwrap(), mounts[0].version()), ("proc".into(), None));
        assert_eq!((mounts[1].mount_point(), mounts[1].file_system()), ("/mnt/a b".into(), "nfs4".into()));
        assert_eq!(mounts[1].version(), Some(&b"statvers=1.1"[..]));
        assert_eq!(
            mounts[1].counts().collect::<Vec<_>>(),
            [&b"opts:\trw,vers=4.2"[..], b"age:\t7", b"per-op statistics"]
        );
        assert_eq!((mounts[2].device(), mounts[2].counts().count()), (None, 0));
        assert!(MountStatistics::parse(TEXT.trim_ascii_end()).map(Result::unwrap).eq(mounts));
        assert_eq!(MountStatistics::parse(b"").count(), 0);
    }

    #[test]
    #[cfg(feature = "serde")]
    fn a_mount_is_written_with_its_lines() {
        let mount = MountStatistics::parse(TEXT).nth(1).unwrap().unwrap();
        let expected = serde_json::json!({
            "device": "server:/a",
            "mount_point": "/mnt/a b",
            "file_system": "nfs4",
            "version": "statvers=1.1",
            "counts": ["opts:\trw,vers=4.2", "age:\t7", "per-op statistics"]
        });
        assert_eq!(serde_json::to_value(mount).unwrap(), expected);
    }

    #[test]
    fn another_line_is_an_error_and_hides_none_after_it() {
        let text = b"what\ndevice a mounted on /b with fstype c\n";
        let mounts: Vec<_> = MountStatistics::parse(text).collect();
        assert!(mounts[0].is_err() && mounts[1].is_ok());
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "(device | mounted on | with fstype |no |[a-z\\\\]|\t|\n){0,16}", bytes: Vec<u8>) {
            for text in [text.as_bytes(), &bytes] {
                let lines = text.split(|&byte| byte == b'\n').count();
                prop_assert!(MountStatistics::parse(text).count() <= lines);
            }
        }
    }
}
