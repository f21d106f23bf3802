//! The kernel's own threads, and on which CPUs they may run.

use linux_support_base::{ByteString, CpuSet, Directory, Error, Machine, ParseError, Pid, text};

/// A thread of the kernel's own.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct KernelThread {
    /// Its number.
    pub pid: Pid,
    /// Its name: `kthreadd`, `ksoftirqd/3`.
    pub name: ByteString,
    /// The CPUs on which it may run.
    pub cpus: CpuSet,
    /// Whether its CPUs can be set: those of workers and of what each CPU has of its own can't be.
    #[doc(alias = "PF_NO_SETAFFINITY")]
    pub is_movable: bool,
}

/// Flags of a task, as `/proc/PID/stat` has them: include/linux/sched.h.
const PF_KTHREAD: u64 = 0x0020_0000;
const PF_NO_SETAFFINITY: u64 = 0x0400_0000;

impl KernelThread {
    /// Reads all of them, in the order of their numbers.
    ///
    /// # Errors
    /// `/proc` can't be listed.
    pub fn read_all(machine: &Machine) -> Result<Vec<Self>, Error> {
        let mut pids = Vec::new();
        machine.directory("/proc")?.visit("", |name, _| {
            pids.extend(text::decimal(name).ok().and_then(Pid::new));
        })?;
        pids.sort_unstable();
        let mut threads = Vec::new();
        for pid in pids {
            let found =
                machine.directory(format!("/proc/{pid}")).and_then(|directory| Self::read(&directory, pid));
            match found {
                Ok(thread) => threads.extend(thread),
                // It has ended meanwhile.
                Err(error) if error.is_absent() => {}
                Err(error) => return Err(error),
            }
        }
        Ok(threads)
    }

    /// `None` where it is a process of user space.
    fn read(directory: &Directory, pid: Pid) -> Result<Option<Self>, Error> {
        let stat = directory.parse_full("stat", TaskStat::parse)?;
        if !stat.is_of_kernel() {
            return Ok(None);
        }
        let cpus = directory.parse("status", super::parse_allowed)?;
        Ok(Some(Self { pid, is_movable: !stat.is_bound(), name: stat.name, cpus }))
    }
}

/// What `/proc/PID/stat` says of a task that is of use here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TaskStat {
    pub(crate) name: ByteString,
    flags: u64,
    /// When it was started: tells it from a later one of the same number.
    pub(crate) start: u64,
}

impl TaskStat {
    pub(crate) fn parse(stat: &[u8]) -> Result<Self, ParseError> {
        let malformed =
            || ParseError::expected("a number, a name in brackets, the flags and the start", stat);
        // The name may have brackets.
        let open = memchr::memchr(b'(', stat).ok_or_else(malformed)?;
        let close = memchr::memrchr(b')', stat).filter(|close| *close > open).ok_or_else(malformed)?;
        let mut fields = text::fields(&stat[close + 1..]);
        let flags = fields.nth(6).ok_or_else(malformed)?;
        let flags = text::decimal(flags).map_err(|error| error.in_field("flags"))?;
        let start = fields.nth(12).ok_or_else(malformed)?;
        let start = text::decimal(start).map_err(|error| error.in_field("start"))?;
        Ok(Self { name: stat[open + 1..close].into(), flags, start })
    }

    pub(crate) fn is_of_kernel(&self) -> bool {
        self.flags & PF_KTHREAD != 0
    }

    pub(crate) fn is_bound(&self) -> bool {
        self.flags & PF_NO_SETAFFINITY != 0
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_kernels_threads_are_told_from_others() {
        let kernel = b"17 (ksoftirqd/0) S 2 0 0 0 -1 69238848 0 0 0 0 0 0 0 0 20 0 1 0 42 0";
        let stat = TaskStat::parse(kernel).unwrap();
        assert_eq!((stat.name.as_bytes(), stat.start), (&b"ksoftirqd/0"[..], 42));
        assert!(stat.is_of_kernel() && stat.is_bound());
        let user = TaskStat::parse(b"1 (a) b) S 0 1 1 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 1 0 7").unwrap();
        assert_eq!((user.name.as_bytes(), user.start), (&b"a) b"[..], 7));
        assert!(!user.is_of_kernel() && !user.is_bound());
        for text in [&b""[..], b"1 (x", b"1 )x( S 0 1 1 0 -1 0", b"1 (x) S 0 1", b"1 (x) S 0 1 1 0 -1 0 0"] {
            assert!(TaskStat::parse(text).is_err(), "{text:?}");
        }
        let error = TaskStat::parse(b"1 (x) S 0 1 1 0 -1 y 0").unwrap_err();
        assert_eq!(error.field(), Some("flags"));
    }

    #[test]
    fn this_machine_is_read() {
        // A container shows none.
        let threads = KernelThread::read_all(&Machine::live().unwrap()).unwrap();
        assert!(threads.iter().all(|thread| !thread.cpus.is_empty()));
        assert!(threads.is_sorted_by_key(|thread| thread.pid));
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = TaskStat::parse(&text);
        }
    }
}
