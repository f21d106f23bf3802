//! What the kernel says of the process of a pidfd.

use std::os::fd::AsFd;

use bitflags::bitflags;
use linux_support_base::{Errno, Error, GroupId, ParseError, Pid, Reason, Requirement, Signal, UserId};

use super::PidFd;
use crate::{ChildEvent, record::Record, sys::pid_fd};

/// What the kernel says of a process, all at one time. What this kernel doesn't say is `None`.
///
/// # Source
/// ioctl_pidfd(2), `PIDFD_GET_INFO`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[doc(alias = "pidfd_info")]
pub struct PidFdInformation {
    /// The kernel's mask of what is there, with the bits that are not known here.
    pub mask: u64,
    /// The number of the thread; of a process, its first.
    pub thread: Option<Pid>,
    /// The number of the process.
    #[doc(alias = "tgid")]
    pub process: Option<Pid>,
    /// The number of its parent; `None` too where it is outside of the namespace.
    pub parent: Option<Pid>,
    /// Its users and groups.
    pub users: Option<ProcessUsers>,
    /// The number of its control group: that of the group's directory.
    pub cgroup: Option<u64>,
    /// How it ended, since 6.15; also after it was waited for.
    pub end: Option<ChildEvent>,
    /// What became of its core dump, since 6.16: told to who takes it over a socket. Of one to a file, no bit is set.
    pub core_dump: Option<CoreDump>,
    /// The signal of the core dump, since 6.19.
    #[doc(alias = "coredump_signal")]
    pub core_dump_signal: Option<Signal>,
    /// Why that signal came, as [`SignalInformation::code`](crate::SignalInformation::code) says it, in newer kernels still.
    #[doc(alias = "coredump_code")]
    pub core_dump_code: Option<i32>,
    /// All bits of [`mask`](Self::mask) that this kernel knows, since 6.19.
    #[doc(alias = "PIDFD_INFO_SUPPORTED_MASK")]
    pub supported: Option<u64>,
}

/// The users and groups of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProcessUsers {
    /// Who started it.
    pub real: (UserId, GroupId),
    /// As whom it acts.
    pub effective: (UserId, GroupId),
    /// As whom it may act again.
    pub saved: (UserId, GroupId),
    /// As whom it opens files.
    pub file_system: (UserId, GroupId),
}

bitflags! {
    /// What became of a core dump. Bits that are not known here are kept.
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct CoreDump: u32 {
        /// It crashed and was to be dumped.
        #[doc(alias = "PIDFD_COREDUMPED")]
        const DUMPED = 1;
        /// It was not dumped.
        #[doc(alias = "PIDFD_COREDUMP_SKIP")]
        const SKIPPED = 1 << 1;
        /// It was dumped as its user.
        #[doc(alias = "PIDFD_COREDUMP_USER")]
        const AS_USER = 1 << 2;
        /// It was dumped as root: the dump may hold what its user must not see.
        #[doc(alias = "PIDFD_COREDUMP_ROOT")]
        const AS_ROOT = 1 << 3;
        const _ = !0;
    }
}

const PID: u64 = 1;
const USERS: u64 = 1 << 1;
const CGROUP: u64 = 1 << 2;
const END: u64 = 1 << 3;
const CORE_DUMP: u64 = 1 << 4;
const SUPPORTED: u64 = 1 << 5;
const CORE_DUMP_SIGNAL: u64 = 1 << 6;
const CORE_DUMP_CODE: u64 = 1 << 7;

impl PidFdInformation {
    /// Reads the kernel's record, of 64 bytes at least; each field if the mask says that it is there.
    ///
    /// # Errors
    /// It is shorter.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let record = Record(bytes);
        let fields = || {
            let mask = record.u64(0)?;
            let has = |bit: u64| mask & bit != 0;
            let account = |at: usize| Some((UserId::new(record.u32(at)?), GroupId::new(record.u32(at + 4)?)));
            let users = ProcessUsers {
                real: account(28)?,
                effective: account(36)?,
                saved: account(44)?,
                file_system: account(52)?,
            };
            // The code of the core dump came to where this was, and moved it on. It is never 0, as what an older kernel
            // doesn't fill in is.
            let supported = record.u64(80).filter(|&mask| mask != 0).or_else(|| record.u64(72));
            let pid = |at| record.i32(at).and_then(Pid::new).filter(|_| has(PID));
            let end = ChildEvent::from_wait_status(record.i32(60)?);
            Some(Self {
                mask,
                thread: pid(16),
                process: pid(20),
                parent: pid(24),
                users: has(USERS).then_some(users),
                cgroup: record.u64(8).filter(|_| has(CGROUP)),
                end: has(END).then_some(end),
                core_dump: record.u32(64).filter(|_| has(CORE_DUMP)).map(CoreDump::from_bits_retain),
                core_dump_signal: record
                    .u32(68)
                    .filter(|_| has(CORE_DUMP_SIGNAL))
                    .and_then(|number| Signal::new(number.try_into().ok()?)),
                core_dump_code: record.i32(72).filter(|_| has(CORE_DUMP_CODE)),
                supported: supported.filter(|_| has(SUPPORTED)),
            })
        };
        fields().ok_or_else(|| ParseError::expected("a record of 64 bytes at least", bytes))
    }
}

impl PidFd {
    /// What the kernel says of the process.
    ///
    /// ```
    /// use linux_support_base::Pid;
    /// use linux_support_fd::PidFd;
    ///
    /// let this = PidFd::open(Pid::new(std::process::id() as i32).unwrap())?;
    /// match this.information() {
    ///     Ok(information) => println!("{:?} in {:?}", information.process, information.cgroup),
    ///     Err(error) => println!("{error}"), // before Linux 6.13
    /// }
    /// # Ok::<(), linux_support_base::Error>(())
    /// ```
    ///
    /// # Errors
    /// It has ended and this kernel keeps nothing of that ([`Reason::Gone`]), or it is in a process-number namespace
    /// that the caller doesn't see ([`Reason::System`] with [`Errno::REMOTE`]).
    ///
    /// # Kernel
    /// Since 6.13.
    #[doc(alias = "PIDFD_GET_INFO")]
    pub fn information(&self) -> Result<PidFdInformation, Error> {
        let wanted = PID | USERS | CGROUP | END | CORE_DUMP | SUPPORTED | CORE_DUMP_SIGNAL | CORE_DUMP_CODE;
        let bytes = pid_fd::information(self.as_fd(), wanted)
            .map_err(|errno| too_old("query", errno, Requirement::none().since(6, 13)))?;
        PidFdInformation::parse(&bytes).map_err(|error| Error::malformed("pidfd", error))
    }
}

/// The error of a request that older kernels don't have.
pub(super) fn too_old(operation: &'static str, errno: Errno, needs: Requirement) -> Error {
    match errno {
        Errno::NOTTY | Errno::INVAL => Error::new(operation, "pidfd", Reason::NotConfigured { needs }),
        errno => Error::system(operation, "pidfd", errno).explained(needs, None),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_the_mask_does_not_say_is_not_there() {
        let mut bytes = [0; 72];
        bytes[0] = (PID | END) as u8;
        bytes[16] = 9;
        bytes[20] = 8;
        bytes[60] = 15;
        let information = PidFdInformation::parse(&bytes).unwrap();
        assert_eq!((information.thread, information.process), (Pid::new(9), Pid::new(8)));
        assert_eq!((information.parent, information.users, information.cgroup), (None, None, None));
        let end = ChildEvent::Killed { signal: Signal::TERM, core_dumped: false };
        assert_eq!((information.end, information.core_dump), (Some(end), None));
    }

    #[test]
    fn unknown_bits_are_kept_and_a_short_record_is_refused() {
        let mut bytes = [0; 72];
        bytes[7] = 0x80;
        bytes[0] = (USERS | CORE_DUMP) as u8;
        bytes[64] = 0b1000_0101;
        let information = PidFdInformation::parse(&bytes).unwrap();
        assert_eq!(information.mask >> 63, 1);
        assert_eq!(information.core_dump.unwrap().bits(), 0b1000_0101);
        assert_eq!(PidFdInformation::parse(&bytes[..64]).unwrap().core_dump, None);
        assert!(PidFdInformation::parse(&bytes[..63]).is_err());
    }

    #[test]
    fn what_newer_kernels_moved_is_found_where_it_was_and_where_it_is() {
        let with = |length: usize, at: usize| {
            let mut bytes = vec![0; length];
            bytes[0] = (SUPPORTED | CORE_DUMP_SIGNAL) as u8;
            bytes[68] = 11;
            bytes[at] = 0x7f;
            PidFdInformation::parse(&bytes).unwrap()
        };
        for (length, at) in [(80, 72), (88, 72), (88, 80)] {
            let information = with(length, at);
            assert_eq!(information.supported, Some(0x7f), "{length} {at}");
            assert_eq!(
                (information.core_dump_signal, information.core_dump_code),
                (Some(Signal::SEGV), None)
            );
        }
        assert_eq!(with(72, 70).supported, None);

        let mut bytes = [0; 88];
        bytes[0] = (SUPPORTED | CORE_DUMP_CODE) as u8;
        bytes[72..76].copy_from_slice(&(-6_i32).to_ne_bytes());
        bytes[80] = 0xff;
        let information = PidFdInformation::parse(&bytes).unwrap();
        assert_eq!((information.core_dump_code, information.supported), (Some(-6), Some(0xff)));
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..100)) {
            let _ = PidFdInformation::parse(&bytes);
        }
    }
}
