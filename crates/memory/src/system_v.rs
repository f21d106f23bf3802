use linux_support_base::{Bytes, Error, GroupId, Machine, ParseError, Pid, Requirement, UserId, text};

/// A segment of System V shared memory.
///
/// # Source
/// `/proc/sysvipc/shm`, sysvipc(7), `proc_sysvipc(5)`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "shmget")]
#[non_exhaustive]
pub struct SystemVSegment {
    /// The key by which programs find it; 0 for a private one.
    pub key: i32,
    /// Its identifier.
    pub id: i32,
    /// Who may read and write it, as for files: the lowest nine bits of the mode.
    pub mode: u16,
    /// Whether it goes once nobody has it attached.
    pub goes_when_detached: bool,
    /// Whether it is locked in memory.
    pub is_locked: bool,
    /// How large it is.
    pub size: Bytes,
    /// Who made it; `None` for a process of another namespace.
    pub creator: Option<Pid>,
    /// Who attached or detached it last.
    pub last_user: Option<Pid>,
    /// How many have it attached.
    pub attached: u64,
    /// Its owner.
    pub user: UserId,
    /// Its owner's group.
    pub group: GroupId,
    /// The owner of who made it.
    pub creating_user: UserId,
    /// The group of who made it.
    pub creating_group: GroupId,
    /// When it was attached last, in seconds since 1970; 0 for never.
    pub attached_at: i64,
    /// When it was detached last, in seconds since 1970; 0 for never.
    pub detached_at: i64,
    /// When it was made or changed, in seconds since 1970.
    pub changed_at: i64,
    /// How much of it is in memory.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub resident: Option<Bytes>,
    /// How much of it is in swap.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub swapped: Option<Bytes>,
}

impl SystemVSegment {
    /// Reads the lines after the heading.
    ///
    /// # Errors
    /// An empty text, a line with too few fields, or a malformed number.
    pub fn parse_all(bytes: &[u8]) -> Result<Vec<Self>, ParseError> {
        let mut lines = text::lines(bytes).filter(|line| !line.trim_ascii().is_empty());
        match lines.next() {
            Some(heading) if text::fields(heading).next() == Some(b"key") => {}
            _ => return Err(ParseError::expected("a heading that begins with key", bytes)),
        }
        lines.map(Self::parse).collect()
    }

    fn parse(line: &[u8]) -> Result<Self, ParseError> {
        const DESTROYED: u32 = 0o1000;
        const LOCKED: u32 = 0o2000;
        fn number<T: text::Integer>(
            fields: &mut text::Fields<'_>,
            field: &'static str,
        ) -> Result<T, ParseError> {
            text::decimal(fields.required(field)?).map_err(|error| error.in_field(field))
        }
        let fields = &mut text::fields(line);
        let (key, id) = (number(fields, "key")?, number(fields, "shmid")?);
        let mode: u32 = text::octal(fields.required("perms")?).map_err(|error| error.in_field("perms"))?;
        let size = Bytes::new(number(fields, "size")?);
        let (creator, last_user) = (Pid::new(number(fields, "cpid")?), Pid::new(number(fields, "lpid")?));
        let attached = number(fields, "nattch")?;
        let (user, group) = (UserId::new(number(fields, "uid")?), GroupId::new(number(fields, "gid")?));
        let (creating_user, creating_group) =
            (UserId::new(number(fields, "cuid")?), GroupId::new(number(fields, "cgid")?));
        let mut last = |field| number(fields, field);
        let (attached_at, detached_at, changed_at) = (last("atime")?, last("dtime")?, last("ctime")?);
        let mut size_if_there = |field| match fields.next() {
            Some(size) => {
                text::decimal(size).map(Bytes::new).map(Some).map_err(|error| error.in_field(field))
            }
            None => Ok(None),
        };
        Ok(Self {
            key,
            id,
            mode: (mode & 0o777) as u16,
            goes_when_detached: mode & DESTROYED != 0,
            is_locked: mode & LOCKED != 0,
            size,
            creator,
            last_user,
            attached,
            user,
            group,
            creating_user,
            creating_group,
            attached_at,
            detached_at,
            changed_at,
            resident: size_if_there("rss")?,
            swapped: size_if_there("swap")?,
        })
    }

    /// Reads the segments of the reading process's namespace.
    ///
    /// # Errors
    /// The kernel has no System V shared memory, or the file is malformed.
    pub fn read_all(machine: &Machine) -> Result<Vec<Self>, Error> {
        const NEEDS: Requirement = Requirement::none().configuration("CONFIG_SYSVIPC");
        machine.parse_needing("/proc/sysvipc/shm", NEEDS, Self::parse_all)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &[u8] = b"       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      dtime      ctime                   rss                  swap\n\
 -559038737          5  1666            18446744073709547520  4711     0      3  1000   100     0     0          0          0 1700000000                  8192                  4096\n";

    #[test]
    fn every_field_of_a_segment_is_read() {
        let segments = SystemVSegment::parse_all(TEXT).unwrap();
        let segment = &segments[0];
        assert_eq!((segment.key, segment.id, segment.mode), (-559_038_737, 5, 0o666));
        assert!(segment.goes_when_detached && !segment.is_locked);
        assert_eq!((segment.size.get(), segment.attached), (18_446_744_073_709_547_520, 3));
        assert_eq!((segment.creator.map(Pid::number), segment.last_user), (Some(4711), None));
        assert_eq!((segment.user.number(), segment.creating_group.number()), (1000, 0));
        assert_eq!((segment.attached_at, segment.changed_at), (0, 1_700_000_000));
        assert_eq!((segment.resident, segment.swapped), (Some(Bytes::new(8192)), Some(Bytes::new(4096))));
        assert_eq!(SystemVSegment::parse_all(TEXT.trim_ascii_end()), Ok(segments));
    }

    #[test]
    fn a_heading_alone_is_no_segment_and_a_cut_line_names_its_field() {
        let heading = TEXT.split(|&byte| byte == b'\n').next().unwrap();
        assert_eq!(SystemVSegment::parse_all(heading), Ok(Vec::new()));
        assert!(SystemVSegment::parse_all(b"").is_err());
        assert_eq!(SystemVSegment::parse_all(b"key\n1 2 9").unwrap_err().field(), Some("perms"));
        assert_eq!(SystemVSegment::parse_all(b"key\n1 2 600 5").unwrap_err().field(), Some("cpid"));
        assert!(SystemVSegment::read_all(&Machine::live().unwrap()).is_ok());
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>, cut in 0..TEXT.len()) {
            let _ = SystemVSegment::parse_all(&bytes);
            let _ = SystemVSegment::parse_all(&TEXT[..cut]);
        }
    }
}
