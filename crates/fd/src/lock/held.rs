//! All locks of the machine: `/proc/locks`.

use linux_support_base::{DeviceNumber, Error, Machine, ParseError, Pid, text};

use super::{
    identity::FileIdentity,
    recorded::{LockKind, LockState, RecordedMode},
    scope::{LockMode, LockRange, LockScope},
};

/// A line of `/proc/locks`: a lock that is held, or one that is waited for.
///
/// ```
/// use linux_support_fd::lock::{HeldLock, LockKind, RecordedMode};
///
/// let lock = HeldLock::parse(b"38: POSIX  ADVISORY  WRITE 7189 00:2d:858746 1 3")?;
/// assert_eq!((lock.number, lock.kind, lock.mode), (38, LockKind::ProcessRecords, RecordedMode::Exclusive));
/// assert_eq!(lock.process.unwrap().number(), 7189);
/// assert_eq!(lock.range.to_string(), "1 3");
/// # Ok::<(), linux_support_base::ParseError>(())
/// ```
///
/// # Source
/// proc_locks(5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldLock {
    /// The lock's number in the file; those who wait for it have the same.
    pub number: u64,
    /// 0 for a lock that is held, 1 for one that waits for it, 2 for one that waits for that one, and so on.
    pub depth: u32,
    /// What it is.
    pub kind: LockKind,
    /// Whom it binds, or how far the breaking of a lease has come.
    pub state: LockState,
    /// Whether it is shared.
    pub mode: RecordedMode,
    /// Who asked for it. `None` for a lock of an open file, which may be shared by several processes, and where
    /// whoever asked is gone or out of sight: see [`HeldLocks::holders`].
    pub process: Option<Pid>,
    /// The file, where the kernel still knows it.
    pub file: Option<FileIdentity>,
    /// Which bytes it is on; all, for those that are on whole files.
    pub range: LockRange,
}

impl HeldLock {
    /// Reads a line of `/proc/locks`, or what stands after `lock:` in `/proc/PID/fdinfo`.
    ///
    /// # Errors
    /// A field is missing or is no number; a range falls.
    pub fn parse(line: &[u8]) -> Result<Self, ParseError> {
        let (number, rest) = text::split_once(line, b':')
            .ok_or_else(|| ParseError::expected("a number and a colon", line).in_field("number"))?;
        let number = text::decimal(text::trim(number)).map_err(|error| error.in_field("number"))?;
        let spaces = rest.iter().take_while(|byte| **byte == b' ').count();
        let (depth, rest) = match rest[spaces..].strip_prefix(b"->") {
            // One space always stands there; each level beyond the first adds one.
            Some(rest) => (u32::try_from(spaces.max(1)).unwrap_or(u32::MAX), rest),
            None => (0, rest),
        };
        let mut fields = text::fields(rest);
        let kind = LockKind::parse(fields.required("kind")?);
        let state = LockState::parse(fields.required("state")?);
        let mode = RecordedMode::parse(fields.required("mode")?);
        let process =
            Pid::parse_optional(fields.required("process")?).map_err(|error| error.in_field("process"))?;
        let file = file(fields.required("file")?).map_err(|error| error.in_field("file"))?;
        let start = fields.required("start")?;
        let end = fields.required("end")?;
        let range = range(start, end)?;
        Ok(Self { number, depth, kind, state, mode, process, file, range })
    }

    /// Whether it waits for another lock, and is not held.
    #[must_use]
    pub fn is_waiting(&self) -> bool {
        self.depth > 0
    }
}

fn file(word: &[u8]) -> Result<Option<FileIdentity>, ParseError> {
    if word.starts_with(b"<none>") {
        return Ok(None);
    }
    let colon = memchr::memrchr(b':', word).ok_or_else(|| ParseError::expected("major:minor:inode", word))?;
    let device = DeviceNumber::parse_hexadecimal(&word[..colon])?;
    Ok(Some(FileIdentity { device, inode: text::decimal(&word[colon + 1..])? }))
}

fn range(start: &[u8], end: &[u8]) -> Result<LockRange, ParseError> {
    let first = text::decimal(start).map_err(|error| error.in_field("start"))?;
    let range = match end {
        b"EOF" => LockRange::from_start(first),
        end => LockRange::inclusive(first, text::decimal(end).map_err(|error| error.in_field("end"))?),
    };
    range.ok_or_else(|| ParseError::expected("a range that rises and fits 63 bits", start).in_field("start"))
}

/// The locks of the machine, and who waits for them.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_fd::lock::{FileIdentity, FileLock, HeldLocks, LockMode, LockScope};
///
/// let file = tempfile::tempfile().unwrap();
/// let lock = FileLock::lock(&file, LockScope::WholeFile, LockMode::Exclusive)?;
/// let locks = HeldLocks::read(&Machine::live()?)?;
/// let held = locks.of(FileIdentity::of(&file)?).next().unwrap();
/// assert_eq!(held.process.unwrap().number() as u32, std::process::id());
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeldLocks(Vec<HeldLock>);

impl HeldLocks {
    const PATH: &str = "/proc/locks";

    /// Reads `/proc/locks`. Locks of processes that the reader's `/proc` does not show are not in it.
    ///
    /// # Errors
    /// There is no such file, or it can't be parsed.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        machine.parse(Self::PATH, Self::parse)
    }

    /// Parses the text of `/proc/locks`.
    ///
    /// # Errors
    /// As those of [`HeldLock::parse`].
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        text::lines(text)
            .filter(|line| !text::trim(line).is_empty())
            .map(|line| HeldLock::parse(line).map_err(|error| error.within(text)))
            .collect::<Result<_, _>>()
            .map(Self)
    }

    /// All of them, in the kernel's order: each lock is followed by those who wait for it.
    pub fn iter(&self) -> impl Iterator<Item = &HeldLock> {
        self.0.iter()
    }

    /// Those on one file.
    pub fn of(&self, file: FileIdentity) -> impl Iterator<Item = &HeldLock> {
        self.0.iter().filter(move |lock| lock.file == Some(file))
    }

    /// Those held on a file that stand in the way of a lock of this scope and mode. The asker's own are among them.
    pub fn conflicts(
        &self,
        file: FileIdentity,
        scope: LockScope,
        mode: LockMode,
    ) -> impl Iterator<Item = &HeldLock> {
        let range = match scope {
            LockScope::WholeFile => LockRange::ALL,
            LockScope::Records(range) | LockScope::ProcessRecords(range) => range,
        };
        self.of(file).filter(move |lock| {
            !lock.is_waiting()
                && lock.kind.concerns(scope)
                && lock.mode.conflicts_with(mode)
                && lock.range.overlaps(range)
        })
    }

    /// The processes that have a lock's open file open, from `/proc/PID/fdinfo` of those that may be seen: for locks
    /// of open files, which `/proc/locks` lays at nobody's door.
    ///
    /// # Errors
    /// `/proc` can't be read.
    ///
    /// # Capabilities
    /// `CAP_SYS_PTRACE` for processes of other users, which are passed over without it.
    pub fn holders(machine: &Machine, lock: &HeldLock) -> Result<Vec<Pid>, Error> {
        let mut holders = Vec::new();
        let mut buffer = Vec::new();
        for entry in machine.entries("/proc")? {
            let Ok(process) = Pid::parse(entry.name.as_bytes()) else { continue };
            let folder = format!("/proc/{process}/fdinfo");
            // It may have ended, or be another user's.
            let Ok(files) = machine.entries(&folder) else { continue };
            let holds = files.iter().any(|file| {
                let mut path = folder.clone().into_bytes();
                path.push(b'/');
                path.extend_from_slice(file.name.as_bytes());
                machine.read_into(&path, &mut buffer).is_ok()
                    && text::lines(&buffer)
                        .filter_map(|line| line.strip_prefix(b"lock:"))
                        .filter_map(|line| HeldLock::parse(line).ok())
                        .any(|held| held.is_same_as(lock))
            });
            if holds {
                holders.push(process);
            }
        }
        Ok(holders)
    }
}

impl HeldLock {
    /// Whether `fdinfo` and `/proc/locks`, which number locks differently, tell of one lock.
    fn is_same_as(&self, other: &Self) -> bool {
        (&self.kind, &self.mode, self.file, self.range) == (&other.kind, &other.mode, other.file, other.range)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &[u8] = b"1: POSIX  ADVISORY  WRITE 30503 fd:02:17439898 1073741824 1073742335
1: -> POSIX  ADVISORY  READ 7 fd:02:17439898 1073741824 1073741824
1:  -> POSIX  ADVISORY  WRITE 8 fd:02:17439898 0 EOF
2: OFDLCK ADVISORY  READ  -1 00:06:1028 0 EOF
3: FLOCK  ADVISORY  WRITE 1307 103:0a:18446744073709551615 0 EOF
4: LEASE  ACTIVE    READ  22 08:01:7 0 EOF
5: LEASE  BREAKING  UNLCK 22 08:01:8 0 EOF
5: -> LEASE  BREAKER   WRITE 23 08:01:8 0 EOF
6: DELEG  ACTIVE    READ 0 08:01:9 0 EOF
7: ACCESS MANDATORY READ 1 08:01:9 5 5
8: POSIX  *NOINODE* READ 1 <none>:0 0 EOF
9: FLOCK  MSNFS     RW    1 08:01:9 0 EOF
10: UNKNOWN UNKNOWN  WRITE 1 08:01:9 0 EOF
";

    #[test]
    fn each_form_is_read() {
        let locks = HeldLocks::parse(TEXT).unwrap();
        let kinds: Vec<_> = locks.iter().map(|lock| (lock.number, lock.depth, lock.kind.clone())).collect();
        assert_eq!(
            kinds,
            [
                (1, 0, LockKind::ProcessRecords),
                (1, 1, LockKind::ProcessRecords),
                (1, 2, LockKind::ProcessRecords),
                (2, 0, LockKind::Records),
                (3, 0, LockKind::WholeFile),
                (4, 0, LockKind::Lease),
                (5, 0, LockKind::Lease),
                (5, 1, LockKind::Lease),
                (6, 0, LockKind::Delegation),
                (7, 0, LockKind::Access),
                (8, 0, LockKind::ProcessRecords),
                (9, 0, LockKind::WholeFile),
                (10, 0, LockKind::Unknown("UNKNOWN".into())),
            ]
        );
        let states: Vec<_> = locks.iter().skip(5).map(|lock| lock.state.clone()).collect();
        assert_eq!(
            states,
            [
                LockState::Active,
                LockState::Breaking,
                LockState::Breaker,
                LockState::Active,
                LockState::Mandatory,
                LockState::NoFile,
                LockState::Unknown("MSNFS".into()),
                LockState::Unknown("UNKNOWN".into()),
            ]
        );
    }

    #[test]
    fn numbers_are_as_large_as_the_kernels() {
        let locks = HeldLocks::parse(TEXT).unwrap().0;
        let file = FileIdentity { device: DeviceNumber::new(259, 10), inode: u64::MAX };
        assert_eq!(locks[4].file, Some(file));
        assert_eq!(locks[0].range, LockRange::inclusive(1_073_741_824, 1_073_742_335).unwrap());
        assert_eq!((locks[3].process, locks[8].process, locks[10].file), (None, None, None));
        assert_eq!(locks[6].mode, RecordedMode::None);
        assert_eq!(locks[11].mode, RecordedMode::Unknown("RW".into()));
    }

    #[test]
    fn a_last_newline_makes_no_empty_lock() {
        assert_eq!(HeldLocks::parse(TEXT), HeldLocks::parse(TEXT.strip_suffix(b"\n").unwrap()));
        assert_eq!(HeldLocks::parse(b""), Ok(HeldLocks::default()));
    }

    #[test]
    fn those_in_the_way_are_of_the_same_file_and_family_and_share_a_byte() {
        let locks = HeldLocks::parse(TEXT).unwrap();
        let file = locks.0[0].file.unwrap();
        let conflicts = |scope, mode| locks.conflicts(file, scope, mode).count();
        let records = |start| LockScope::Records(LockRange::inclusive(start, start).unwrap());
        assert_eq!(conflicts(records(1_073_741_824), LockMode::Shared), 1);
        assert_eq!(conflicts(records(1_073_741_823), LockMode::Exclusive), 0);
        assert_eq!(conflicts(LockScope::WholeFile, LockMode::Exclusive), 0);
        let shared = locks.0[3].file.unwrap();
        let scope = LockScope::ProcessRecords(LockRange::ALL);
        assert_eq!(locks.conflicts(shared, scope, LockMode::Shared).count(), 0);
        assert_eq!(locks.conflicts(shared, scope, LockMode::Exclusive).count(), 1);
    }

    #[test]
    fn what_is_cut_or_falls_is_refused_with_its_line() {
        let error = HeldLocks::parse(b"1: FLOCK  ADVISORY  WRITE 1 08:01:9 0 EOF\n2: FLOCK ADVISORY READ x")
            .unwrap_err();
        assert_eq!((error.line(), error.field()), (Some(2), Some("process")));
        for line in [
            "",
            "x: FLOCK  ADVISORY  WRITE 1 08:01:9 0 EOF",
            "1: FLOCK  ADVISORY  WRITE 1 08:01:9 0",
            "1: FLOCK  ADVISORY  WRITE 1 08:01 0 EOF",
            "1: POSIX  ADVISORY  WRITE 1 08:01:9 5 4",
            "1: POSIX  ADVISORY  WRITE 1 08:01:9 0 9223372036854775807",
            "1: POSIX  ADVISORY  WRITE 1 08:01:9 -1 EOF",
        ] {
            assert!(HeldLock::parse(line.as_bytes()).is_err(), "{line}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = HeldLocks::parse(&text);
        }

        #[test]
        fn cut_text_does_not_panic(length in 0..TEXT.len()) {
            let _ = HeldLocks::parse(&TEXT[..length]);
        }
    }
}
