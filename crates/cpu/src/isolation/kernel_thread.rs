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
        let Some((name, flags)) = directory.parse_full("stat", parse_stat)? else { return Ok(None) };
        let cpus = directory.parse("status", super::parse_allowed)?;
        Ok(Some(Self { pid, name, cpus, is_movable: flags & PF_NO_SETAFFINITY == 0 }))
    }
}

/// The name and the flags, where it is the kernel's.
fn parse_stat(stat: &[u8]) -> Result<Option<(ByteString, u64)>, ParseError> {
    let malformed = || ParseError::expected("a number, a name in brackets and the flags", stat);
    // The name may have brackets.
    let open = memchr::memchr(b'(', stat).ok_or_else(malformed)?;
    let close = memchr::memrchr(b')', stat).filter(|close| *close > open).ok_or_else(malformed)?;
    let flags = text::fields(&stat[close + 1..]).nth(6).ok_or_else(malformed)?;
    let flags = text::decimal(flags).map_err(|error| error.in_field("flags"))?;
    Ok((flags & PF_KTHREAD != 0).then(|| (stat[open + 1..close].into(), flags)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_kernels_threads_are_told_from_others() {
        let kernel = b"17 (ksoftirqd/0) S 2 0 0 0 -1 69238848 0 0 0 0";
        assert_eq!(parse_stat(kernel), Ok(Some(("ksoftirqd/0".into(), 69_238_848))));
        assert_eq!(parse_stat(b"1 (a) b) S 0 1 1 0 -1 4194560 1"), Ok(None));
        for text in [&b""[..], b"1 (x", b"1 )x( S 0 1 1 0 -1 0", b"1 (x) S 0 1"] {
            assert!(parse_stat(text).is_err(), "{text:?}");
        }
        let error = parse_stat(b"1 (x) S 0 1 1 0 -1 y 0").unwrap_err();
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
            let _ = parse_stat(&text);
        }
    }
}
