//! What a child does before it runs its program: each is a call or a few, with all that it needs prepared.

use core::ptr;
use std::{
    ffi::CString,
    os::fd::{AsFd, BorrowedFd, OwnedFd, RawFd},
};

use libc::{c_long, c_ulong};
use linux_raw_sys::general::{
    __NR_capset, __NR_chdir, __NR_chroot, __NR_close, __NR_close_range, __NR_dup3, __NR_fchdir, __NR_ioctl,
    __NR_openat, __NR_personality, __NR_ppoll, __NR_prctl, __NR_rt_sigaction, __NR_rt_sigprocmask,
    __NR_sched_setaffinity, __NR_seccomp, __NR_setgroups, __NR_setns, __NR_setpgid, __NR_setresgid,
    __NR_setresuid, __NR_setsid, __NR_umask, __NR_write,
};
use linux_support_base::{
    SignalSet,
    syscall::{KernelSignalSet, number, result},
};
use linux_support_security::seccomp::Instruction;
use rustix::io::Errno;

use crate::sys::{limit, scheduling};

/// What a child does.
#[derive(Debug)]
pub(crate) enum Operation {
    /// All signals but these are treated as the kernel does of itself.
    DefaultSignals {
        except: SignalSet,
    },
    IgnoreSignals(SignalSet),
    BlockSignals(SignalSet),
    NewSession,
    /// A group of this number, or with 0 one of its own.
    ProcessGroup(i32),
    /// The terminal of the session.
    ControllingTerminal(OwnedFd),
    /// All descriptors from this number on are closed when the program is run.
    CloseOnExecFrom(u32),
    /// The descriptor becomes this number, too, and stays open.
    Descriptor(OwnedFd, RawFd),
    Umask(u32),
    Directory(CString),
    DirectoryOf(OwnedFd),
    Root(CString),
    Namespace(OwnedFd, u32),
    Groups(Vec<u32>),
    GroupIds([u32; 3]),
    UserIds([u32; 3]),
    /// To become root again fails.
    RootRefused,
    Limit(u32, limit::Pair),
    Scheduling(scheduling::Attributes),
    Nice(i32),
    IoPriority(u16),
    Affinity(Vec<u64>),
    Personality(u32),
    TimerSlack(u64),
    NoNewPrivileges,
    /// The signal comes when the thread of the parent ends, of whose process the pidfd is.
    ParentDeathSignal(i32, OwnedFd),
    /// None of these capabilities is in the bounding set.
    DropBounding(u64),
    /// Permitted capabilities stay when users change.
    KeepCapabilities,
    Capabilities(CapabilitySets),
    /// These capabilities are ambient, and no others.
    Ambient(u64),
    SecureBits(u32),
    /// A number of the processor's ways to speculate, and what is set for it.
    Speculation(u8, u8),
    /// A filter of system calls, with flags.
    Filter(Box<[Instruction]>, c_ulong),
    /// The text goes into the file, in one call.
    WriteFile(CString, Box<[u8]>),
}

/// Sets of capabilities, as capset(2) takes them: effective, permitted, inheritable; the lower halves first.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CapabilitySets([[u32; 3]; 2]);

impl CapabilitySets {
    pub(crate) fn new(effective: u64, permitted: u64, inheritable: u64) -> Self {
        let sets = [effective, permitted, inheritable];
        Self([sets.map(|set| set as u32), sets.map(|set| (set >> 32) as u32)])
    }
}

/// The kernel's `struct sigaction`, of whatever form: this is no shorter than any.
type SignalAction = [u64; 8];
const DEFAULT: SignalAction = [0; 8];
/// `SIG_IGN` in the place of the handler: the second word where the flags come first.
const IGNORE: SignalAction = if cfg!(any(target_arch = "mips64", target_arch = "mips64r6")) {
    [0, 1, 0, 0, 0, 0, 0, 0]
} else {
    [1, 0, 0, 0, 0, 0, 0, 0]
};

impl Operation {
    /// The descriptor that it needs.
    pub(crate) fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::ControllingTerminal(descriptor)
            | Self::Descriptor(descriptor, _)
            | Self::DirectoryOf(descriptor)
            | Self::Namespace(descriptor, _)
            | Self::ParentDeathSignal(_, descriptor) => Some(descriptor.as_fd()),
            _ => None,
        }
    }

    /// Does it, with `descriptor` as the number of the descriptor that it needs. It allocates nothing, locks nothing and
    /// does not panic.
    pub(super) fn perform(&self, descriptor: RawFd) -> Result<(), Errno> {
        let descriptor = c_long::from(descriptor);
        match self {
            Self::DefaultSignals { except } => act(!except.bits(), &DEFAULT),
            Self::IgnoreSignals(signals) => act(signals.bits(), &IGNORE),
            Self::BlockSignals(signals) => {
                let signals = KernelSignalSet::from(*signals);
                // SAFETY: the set is as long as is said.
                result(unsafe {
                    libc::syscall(
                        number(__NR_rt_sigprocmask),
                        libc::SIG_SETMASK,
                        signals.as_ptr(),
                        ptr::null_mut::<u64>(),
                        KernelSignalSet::SIZE,
                    )
                })
                .map(drop)
            }
            Self::NewSession => call(__NR_setsid, [0; 3]),
            Self::ProcessGroup(group) => call(__NR_setpgid, [0, c_long::from(*group), 0]),
            Self::ControllingTerminal(_) => call(__NR_ioctl, [descriptor, libc::TIOCSCTTY as c_long, 0]),
            Self::CloseOnExecFrom(first) => {
                const CLOEXEC: c_long = 1 << 2;
                call(__NR_close_range, [c_long::from(*first), c_long::from(u32::MAX), CLOEXEC])
            }
            Self::Descriptor(_, to) => call(__NR_dup3, [descriptor, c_long::from(*to), 0]),
            Self::Umask(mask) => call(__NR_umask, [c_long::from(*mask), 0, 0]),
            Self::Directory(path) => with_path(__NR_chdir, path),
            Self::DirectoryOf(_) => call(__NR_fchdir, [descriptor, 0, 0]),
            Self::Root(path) => with_path(__NR_chroot, path),
            Self::Namespace(_, kind) => call(__NR_setns, [descriptor, c_long::from(*kind), 0]),
            Self::Groups(groups) => {
                // SAFETY: the kernel reads as many numbers as it is told.
                result(unsafe { libc::syscall(number(__NR_setgroups), groups.len(), groups.as_ptr()) })
                    .map(drop)
            }
            Self::GroupIds(ids) => call(__NR_setresgid, ids.map(c_long::from)),
            Self::UserIds(ids) => call(__NR_setresuid, ids.map(c_long::from)),
            Self::RootRefused => match call(__NR_setresuid, [-1, 0, -1]) {
                Ok(()) => Err(Errno::NOTRECOVERABLE),
                Err(_) => Ok(()),
            },
            Self::Limit(resource, pair) => limit::exchange(0, *resource, Some(pair)).map(drop),
            Self::Scheduling(attributes) => scheduling::set_attributes(0, attributes),
            Self::Nice(nice) => scheduling::set_nice(0, 0, *nice),
            Self::IoPriority(priority) => scheduling::set_io_priority(1, 0, *priority),
            // SAFETY: the kernel reads as many bytes as it is told.
            Self::Affinity(words) => result(unsafe {
                libc::syscall(number(__NR_sched_setaffinity), 0, words.len().wrapping_mul(8), words.as_ptr())
            })
            .map(drop),
            Self::Personality(bits) => call(__NR_personality, [*bits as c_long, 0, 0]),
            Self::TimerSlack(nanoseconds) => {
                prctl(libc::PR_SET_TIMERSLACK, nanoseconds.cast_signed() as c_long)
            }
            Self::NoNewPrivileges => prctl(libc::PR_SET_NO_NEW_PRIVS, 1),
            Self::ParentDeathSignal(signal, _) => {
                prctl(libc::PR_SET_PDEATHSIG, c_long::from(*signal))?;
                // The parent may have ended before.
                if has_ended(descriptor)? { Err(Errno::SRCH) } else { Ok(()) }
            }
            Self::DropBounding(capabilities) => drop_bounding(*capabilities),
            Self::KeepCapabilities => prctl(libc::PR_SET_KEEPCAPS, 1),
            Self::Capabilities(sets) => set_capabilities(sets),
            Self::Ambient(capabilities) => set_ambient(*capabilities),
            Self::SecureBits(bits) => prctl(libc::PR_SET_SECUREBITS, c_long::from(*bits)),
            Self::Speculation(kind, how) => control(SET_SPECULATION, [(*kind).into(), (*how).into()]),
            Self::Filter(instructions, flags) => set_filter(instructions, *flags),
            Self::WriteFile(path, text) => write(path, text),
        }
    }
}

/// A call with numbers only.
fn call(which: u32, arguments: [c_long; 3]) -> Result<(), Errno> {
    let [first, second, third] = arguments;
    // SAFETY: private, and used above only with calls that take numbers.
    result(unsafe { libc::syscall(number(which), first, second, third) }).map(drop)
}

/// A call with a path only.
fn with_path(which: u32, path: &CString) -> Result<(), Errno> {
    // SAFETY: private, and used above only with calls that take a path, which ends with NUL.
    result(unsafe { libc::syscall(number(which), path.as_ptr()) }).map(drop)
}

fn prctl(option: i32, value: c_long) -> Result<(), Errno> {
    control(option, [value, 0])
}

/// `PR_SET_SPECULATION_CTRL` of `include/uapi/linux/prctl.h`.
const SET_SPECULATION: i32 = 53;
/// `CAP_SETPCAP` of `include/uapi/linux/capability.h`.
const SETPCAP: u32 = 8;

fn control(option: i32, [first, second]: [c_long; 2]) -> Result<(), Errno> {
    // SAFETY: used in this module only with options that take numbers.
    result(unsafe {
        libc::syscall(number(__NR_prctl), c_long::from(option), first, second, 0 as c_long, 0 as c_long)
    })
    .map(drop)
}

/// Takes the capabilities out of the bounding set: last the one that this needs. Those that the kernel does not know are not
/// in it.
fn drop_bounding(capabilities: u64) -> Result<(), Errno> {
    let others = (0..64).filter(|capability| *capability != SETPCAP);
    for capability in others.chain([SETPCAP]).filter(|capability| capabilities >> capability & 1 != 0) {
        // SAFETY: the option takes a number, and gives one.
        let is_in = result(unsafe {
            let option = c_long::from(libc::PR_CAPBSET_READ);
            libc::syscall(
                number(__NR_prctl),
                option,
                c_long::from(capability),
                0 as c_long,
                0 as c_long,
                0 as c_long,
            )
        });
        if is_in == Ok(1) {
            prctl(libc::PR_CAPBSET_DROP, capability.into())?;
        }
    }
    Ok(())
}

fn set_ambient(capabilities: u64) -> Result<(), Errno> {
    const RAISE: c_long = 2;
    const CLEAR_ALL: c_long = 4;
    prctl(libc::PR_CAP_AMBIENT, CLEAR_ALL)?;
    for capability in (0..64).filter(|capability| capabilities >> capability & 1 != 0) {
        control(libc::PR_CAP_AMBIENT, [RAISE, capability])?;
    }
    Ok(())
}

fn set_capabilities(CapabilitySets(sets): &CapabilitySets) -> Result<(), Errno> {
    /// `_LINUX_CAPABILITY_VERSION_3`, which has two records; and the calling thread.
    const HEADER: [u32; 2] = [0x2008_0522, 0];
    let mut header = HEADER;
    // SAFETY: of this version the kernel reads a header of two numbers and two records of three; both outlive the call, and
    // the header may be written to.
    result(unsafe { libc::syscall(number(__NR_capset), header.as_mut_ptr(), sets.as_ptr()) }).map(drop)
}

fn set_filter(instructions: &[Instruction], flags: c_ulong) -> Result<(), Errno> {
    let program = libc::sock_fprog {
        len: u16::try_from(instructions.len()).map_err(|_| Errno::INVAL)?,
        // The kernel only reads them.
        filter: instructions.as_ptr().cast_mut().cast(),
    };
    // SAFETY: `Instruction` has the layout of `sock_filter`, field by field; there are `len` of them, and both they and
    // `program` outlive the call, which keeps a copy.
    let given = result(unsafe {
        libc::syscall(number(__NR_seccomp), libc::SECCOMP_SET_MODE_FILTER, flags, &raw const program)
    })?;
    // With the flag for all threads, the number of one that has other filters.
    if given == 0 { Ok(()) } else { Err(Errno::BUSY) }
}

/// Has every signal of the set treated so. Those that may not be are left out.
fn act(signals: u64, action: &SignalAction) -> Result<(), Errno> {
    for signal in 1..=64 {
        if signals >> (signal - 1) & 1 == 0 || signal == libc::SIGKILL || signal == libc::SIGSTOP {
            continue;
        }
        // SAFETY: the kernel reads a `struct sigaction`, than which this is no shorter; it has no handler. The length is
        // that of the kernel's set. Handlers are the child's own, which has no thread but this.
        result(unsafe {
            libc::syscall(
                number(__NR_rt_sigaction),
                signal,
                action.as_ptr(),
                ptr::null_mut::<u64>(),
                KernelSignalSet::SIZE,
            )
        })?;
    }
    Ok(())
}

/// Whether the process of a pidfd has ended.
fn has_ended(pid_fd: c_long) -> Result<bool, Errno> {
    let mut poll = libc::pollfd { fd: pid_fd as i32, events: libc::POLLIN, revents: 0 };
    let now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: one `pollfd`, a time and no set of signals.
    let ready = result(unsafe {
        libc::syscall(number(__NR_ppoll), &raw mut poll, 1usize, &raw const now, ptr::null::<u64>(), 0usize)
    })?;
    Ok(ready != 0)
}

/// Writes the whole text in one call.
fn write(path: &CString, text: &[u8]) -> Result<(), Errno> {
    let flags = libc::O_WRONLY | libc::O_CLOEXEC | libc::O_NOCTTY;
    // SAFETY: the path ends with NUL.
    let file =
        result(unsafe { libc::syscall(number(__NR_openat), libc::AT_FDCWD, path.as_ptr(), flags, 0) })?;
    // SAFETY: the kernel reads as many bytes as it is told.
    let written = result(unsafe { libc::syscall(number(__NR_write), file, text.as_ptr(), text.len()) });
    // SAFETY: it was opened above, and nobody else has it.
    unsafe { libc::syscall(number(__NR_close), file) };
    if written? == text.len() as i64 { Ok(()) } else { Err(Errno::IO) }
}
