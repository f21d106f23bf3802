//! Starting a program: clone3(2), prepared calls in the child, execveat(2).
//!
//! The child shares the memory of the caller, whose thread the kernel holds until the child runs another program or
//! ends. So nothing here that runs in the child allocates, locks, panics or touches anything but what was prepared, its
//! own stack and the report.

mod clone;
mod operation;

use core::{
    ffi::{c_char, c_int, c_void},
    ptr::{self, NonNull},
};
use std::{
    ffi::CString,
    os::fd::{FromRawFd, OwnedFd, RawFd},
};

use libc::c_long;
use linux_raw_sys::general::{
    __NR_execveat, __NR_exit_group, __NR_rt_sigprocmask, AT_EMPTY_PATH, CLONE_CLEAR_SIGHAND,
    CLONE_INTO_CGROUP, CLONE_PIDFD, CLONE_VFORK, clone_args,
};
use linux_support_base::syscall::{KernelSignalSet, number, result};
pub(crate) use operation::{CapabilitySets, Operation};
use rustix::io::Errno;

/// What is run at the end.
pub(crate) struct Execution<'p> {
    /// The directory from which `path` goes on, or the file itself where that is empty.
    pub(crate) descriptor: RawFd,
    pub(crate) path: &'p CString,
    pub(crate) arguments: &'p [CString],
    pub(crate) environment: &'p [CString],
}

/// What the child is born as.
#[derive(Default)]
pub(crate) struct Birth<'p> {
    /// `CLONE_NEW…`.
    pub(crate) namespaces: u64,
    /// Its numbers, from its own namespace outwards.
    pub(crate) numbers: &'p [i32],
    pub(crate) cgroup: Option<RawFd>,
}

/// Why there is no child.
pub(crate) enum NotStarted {
    /// The kernel made none.
    Birth(Errno),
    /// The operation of this number failed in the child, which has ended and must be waited for.
    Operation(usize, Errno, OwnedFd),
    /// The program could not be run by the child, which has ended and must be waited for.
    Execution(Errno, OwnedFd),
    /// Something ended the child during this operation; it must be waited for.
    Ended(usize, OwnedFd),
}

/// What the child writes while its parent waits.
#[repr(C)]
struct Report {
    /// Which operation is being done; one more than the last: the program is run.
    at: usize,
    /// Why that failed; 0 where it has not.
    errno: c_int,
}

/// All that the child reads.
struct Child<'p> {
    operations: &'p [(&'p Operation, RawFd)],
    descriptor: RawFd,
    path: *const c_char,
    arguments: *const *const c_char,
    environment: *const *const c_char,
    report: *mut Report,
}

/// The memory of a child: a page that may not be touched, its stack, and the page of the report.
struct ChildMemory {
    start: NonNull<c_void>,
    length: usize,
    page: usize,
}

/// What the child calls needs a few hundred bytes.
const STACK: usize = 64 << 10;

impl ChildMemory {
    fn new() -> Result<Self, Errno> {
        let page = rustix::param::page_size();
        let length = page + STACK.next_multiple_of(page) + page;
        let sharing = if clone::SHARES_MEMORY { libc::MAP_PRIVATE } else { libc::MAP_SHARED };
        // SAFETY: a new mapping, at no place in particular.
        let start = unsafe {
            libc::mmap(
                ptr::null_mut(),
                length,
                libc::PROT_READ | libc::PROT_WRITE,
                sharing | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        if start == libc::MAP_FAILED {
            return Err(last_errno());
        }
        let memory = Self { start: NonNull::new(start).ok_or(Errno::NOMEM)?, length, page };
        // SAFETY: the first page of the mapping, in which nothing is yet.
        if unsafe { libc::mprotect(start, page, libc::PROT_NONE) } != 0 {
            return Err(last_errno());
        }
        Ok(memory)
    }

    fn stack(&self) -> *mut c_void {
        // SAFETY: within the mapping, which is three pages at least.
        unsafe { self.start.as_ptr().byte_add(self.page) }
    }

    fn stack_size(&self) -> usize {
        self.length - 2 * self.page
    }

    fn report(&self) -> *mut Report {
        // SAFETY: the start of the last page of the mapping.
        unsafe { self.start.as_ptr().byte_add(self.length - self.page).cast() }
    }
}

impl Drop for ChildMemory {
    fn drop(&mut self) {
        // SAFETY: the mapping of `new`, which nothing uses any more: the child has run its program or has ended.
        unsafe { libc::munmap(self.start.as_ptr(), self.length) };
    }
}

fn last_errno() -> Errno {
    result(-1).err().unwrap_or(Errno::INVAL)
}

/// Starts a child that does the operations, each with its descriptor, and runs the program. Gives its pidfd and number.
pub(crate) fn start(
    birth: &Birth<'_>,
    operations: &[(&Operation, RawFd)],
    execution: &Execution<'_>,
) -> Result<(OwnedFd, i32), NotStarted> {
    let memory = ChildMemory::new().map_err(NotStarted::Birth)?;
    let arguments = pointers(execution.arguments);
    let environment = pointers(execution.environment);
    let child = Child {
        operations,
        descriptor: execution.descriptor,
        path: execution.path.as_ptr(),
        arguments: arguments.as_ptr(),
        environment: environment.as_ptr(),
        report: memory.report(),
    };
    let mut pid_fd: c_int = -1;
    let mut raw = clone_args {
        flags: birth.namespaces | u64::from(CLONE_PIDFD | CLONE_VFORK) | CLONE_CLEAR_SIGHAND,
        pidfd: ptr::from_mut(&mut pid_fd) as u64,
        child_tid: 0,
        parent_tid: 0,
        exit_signal: libc::SIGCHLD as u64,
        stack: 0,
        stack_size: 0,
        tls: 0,
        set_tid: if birth.numbers.is_empty() { 0 } else { birth.numbers.as_ptr() as u64 },
        set_tid_size: birth.numbers.len() as u64,
        cgroup: 0,
    };
    if let Some(cgroup) = birth.cgroup {
        raw.flags |= CLONE_INTO_CGROUP;
        raw.cgroup = cgroup as u64;
    }
    let blocked = BlockAll::new().map_err(NotStarted::Birth)?;
    // SAFETY: `raw` has pointers to a pidfd and numbers that outlive the call; `child` and all that it points to do so
    // too, and `run` takes one. The stack is the child's alone. No handler runs in the child: all signals are blocked,
    // and before they are not its handlers are gone.
    let pid = unsafe {
        clone::clone(
            &mut raw,
            memory.stack(),
            memory.stack_size(),
            run,
            ptr::from_ref(&child).cast_mut().cast(),
        )
    };
    drop(blocked);
    let pid = pid.map_err(NotStarted::Birth)?;
    // SAFETY: the kernel has just opened it for this call.
    let pid_fd = unsafe { OwnedFd::from_raw_fd(pid_fd) };
    // SAFETY: the child, which wrote it, runs its program or has ended.
    let report = unsafe { memory.report().read_volatile() };
    match (report.errno, report.at) {
        (0, at) if at == operations.len() => Ok((pid_fd, pid)),
        (0, at) => Err(NotStarted::Ended(at, pid_fd)),
        (errno, at) => {
            let errno = Errno::from_raw_os_error(errno);
            Err(if at < operations.len() {
                NotStarted::Operation(at, errno, pid_fd)
            } else {
                NotStarted::Execution(errno, pid_fd)
            })
        }
    }
}

/// Does the operations in the calling process, and runs the program in it. What it gives is which failed, or one more
/// than the last.
pub(crate) fn replace(operations: &[(&Operation, RawFd)], execution: &Execution<'_>) -> (usize, Errno) {
    for (at, (operation, descriptor)) in operations.iter().enumerate() {
        if let Err(errno) = operation.perform(*descriptor) {
            return (at, errno);
        }
    }
    let arguments = pointers(execution.arguments);
    let environment = pointers(execution.environment);
    // SAFETY: texts and lists that end with a null, which outlive the call.
    let errno = unsafe {
        execute(execution.descriptor, execution.path.as_ptr(), arguments.as_ptr(), environment.as_ptr())
    };
    (operations.len(), errno)
}

/// The addresses of texts, with a null at the end.
fn pointers(texts: &[CString]) -> Vec<*const c_char> {
    texts.iter().map(|text| text.as_ptr()).chain([ptr::null()]).collect()
}

/// What the child does: on its own stack, in its parent's memory.
unsafe extern "C" fn run(child: *mut c_void) -> ! {
    // SAFETY: `start` gives a `Child`, and is held until this has ended; nothing writes to it.
    let child = unsafe { &*child.cast::<Child<'_>>() };
    let mut at = 0;
    for (operation, descriptor) in child.operations {
        // SAFETY: the report is the child's while the parent waits.
        unsafe { (&raw mut (*child.report).at).write_volatile(at) };
        if let Err(errno) = operation.perform(*descriptor) {
            // SAFETY: as above.
            unsafe { (&raw mut (*child.report).errno).write_volatile(errno.raw_os_error()) };
            end();
        }
        at = at.wrapping_add(1);
    }
    // SAFETY: as above.
    unsafe { (&raw mut (*child.report).at).write_volatile(at) };
    // SAFETY: `start` gives texts and lists that end with a null.
    let errno = unsafe { execute(child.descriptor, child.path, child.arguments, child.environment) };
    // SAFETY: as above.
    unsafe { (&raw mut (*child.report).errno).write_volatile(errno.raw_os_error()) };
    end();
}

/// Runs a program in place of this one.
///
/// # Safety
/// `path` is a text that ends with NUL, the others lists of such that end with a null.
unsafe fn execute(
    descriptor: RawFd,
    path: *const c_char,
    arguments: *const *const c_char,
    environment: *const *const c_char,
) -> Errno {
    // SAFETY: as the caller says.
    let outcome = result(unsafe {
        libc::syscall(
            number(__NR_execveat),
            c_long::from(descriptor),
            path,
            arguments,
            environment,
            c_long::from(AT_EMPTY_PATH),
        )
    });
    outcome.err().unwrap_or(Errno::INVAL)
}

/// Ends the child, and nothing of its parent.
fn end() -> ! {
    loop {
        // SAFETY: it takes a number, and does not return. The C library's `exit` would run what its parent registered.
        unsafe { libc::syscall(number(__NR_exit_group), 127) };
    }
}

/// All signals of the calling thread, those of the C library too, blocked until this is dropped.
struct BlockAll(KernelSignalSet);

impl BlockAll {
    fn new() -> Result<Self, Errno> {
        let mut before = KernelSignalSet::default();
        // SAFETY: both sets are of the length that is given, and outlive the call. That the C library's signals wait for
        // a moment is what it does itself when it starts a program.
        result(unsafe {
            libc::syscall(
                number(__NR_rt_sigprocmask),
                libc::SIG_SETMASK,
                KernelSignalSet::ALL.as_ptr(),
                before.as_mut_ptr(),
                KernelSignalSet::SIZE,
            )
        })?;
        Ok(Self(before))
    }
}

impl Drop for BlockAll {
    fn drop(&mut self) {
        // SAFETY: as in `new`; the set is the one from before.
        unsafe {
            libc::syscall(
                number(__NR_rt_sigprocmask),
                libc::SIG_SETMASK,
                self.0.as_ptr(),
                ptr::null_mut::<u64>(),
                KernelSignalSet::SIZE,
            )
        };
    }
}
