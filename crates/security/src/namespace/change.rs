use std::os::fd::AsFd;

use linux_support_base::{Errno, Error, NamespaceKinds, Reason, Requirement};
use linux_support_fd::{PidFd, namespace::Namespace};

use crate::sys::namespace as sys;

const ADMIN: Requirement = Requirement::none().capability("CAP_SYS_ADMIN");

/// Leaves the namespaces of these kinds, and makes others for the calling thread; of [`NamespaceKinds::PID`] and
/// [`NamespaceKinds::TIME`] for the children that it starts from then on.
///
/// One of users is made first, and the others belong to it. Other threads stay where they are, which is why one of
/// users can be had only by a process of one thread. With one of mounts, the thread has its own working directory, root
/// and umask.
///
/// # Errors
/// No kind is named; [`NamespaceKinds::USER`] in a process of several threads; there are too many namespaces
/// ([`ENOSPC`](rustix::io::Errno::NOSPC)); the capability is missing.
///
/// # Kernel
/// Of time since 5.6. Each kind is there if it is configured (`EINVAL`).
///
/// # Capabilities
/// `CAP_SYS_ADMIN`, but with [`NamespaceKinds::USER`] none.
///
/// # Source
/// unshare(2), namespaces(7).
pub fn unshare(kinds: NamespaceKinds) -> Result<(), Error> {
    if kinds.is_empty() {
        return Err(Error::invalid("unshare", "namespaces", "at least one kind must be named"));
    }
    sys::unshare(kinds.bits()).map_err(|errno| failed("unshare", kinds, errno))
}

/// Enters the namespace, of whichever kind; of process numbers and of time for the children that are started from then
/// on.
///
/// # Errors
/// One of users or of time in a process of several threads; one of users that the caller is in; one of process
/// numbers or of time that is not below the caller's (`EINVAL`); the capability is missing.
///
/// # Capabilities
/// `CAP_SYS_ADMIN` in the user namespace that owns it, and but for one of users also in the caller's own; of mounts,
/// `CAP_SYS_CHROOT` too.
///
/// # Source
/// setns(2).
#[doc(alias = "setns")]
#[doc(alias = "nsenter")]
pub fn enter(namespace: &Namespace) -> Result<(), Error> {
    let kind = flag(namespace)?;
    prepare(kind)?;
    sys::enter(namespace.as_fd(), kind.bits()).map_err(|errno| failed("enter", kind, errno))
}

/// Enters the namespaces in the order that works: that of users first, since what can be entered with it may not be
/// entered without, and that of mounts last, since what leads to the others may not be seen from there.
///
/// # Errors
/// Two are of one kind, and nothing is entered; those of [`enter`], and then the error says which were entered.
pub fn enter_all<'n>(namespaces: impl IntoIterator<Item = &'n Namespace>) -> Result<(), Error> {
    let mut all = Vec::new();
    let mut kinds = NamespaceKinds::empty();
    for namespace in namespaces {
        let kind = flag(namespace)?;
        if kinds.intersects(kind) {
            return Err(Error::invalid("enter", "namespaces", format!("two are of one kind: {kind:?}")));
        }
        kinds |= kind;
        all.push((kind, namespace));
    }
    all.sort_by_key(|(kind, _)| match *kind {
        NamespaceKinds::USER => 0,
        NamespaceKinds::MOUNT => 2,
        _ => 1,
    });
    let mut entered = NamespaceKinds::empty();
    for (kind, namespace) in all {
        enter(namespace).map_err(|error| after(error, entered))?;
        entered |= kind;
    }
    Ok(())
}

/// Enters the process's namespaces of these kinds, in one step: all of them or none.
///
/// # Errors
/// No kind is named; the process has ended; and those of [`enter`].
///
/// # Kernel
/// Since 5.8.
///
/// # Capabilities
/// What ptrace(2) takes to read the process, and those of [`enter`].
pub fn enter_process(process: &PidFd, kinds: NamespaceKinds) -> Result<(), Error> {
    if kinds.is_empty() {
        return Err(Error::invalid("enter", "namespaces", "at least one kind must be named"));
    }
    prepare(kinds)?;
    sys::enter(process.as_fd(), kinds.bits()).map_err(|errno| failed("enter", kinds, errno))
}

/// The kernel lets a thread into mounts only if it shares its working directory with no other.
fn prepare(kinds: NamespaceKinds) -> Result<(), Error> {
    /// `CLONE_FS`.
    const DIRECTORIES: u32 = 0x200;
    if kinds.contains(NamespaceKinds::MOUNT) {
        sys::unshare(DIRECTORIES).map_err(|errno| failed("enter", kinds, errno))?;
    }
    Ok(())
}

fn flag(namespace: &Namespace) -> Result<NamespaceKinds, Error> {
    Ok(namespace.kind()?.flag().unwrap_or_default())
}

#[cold]
fn after(error: Error, entered: NamespaceKinds) -> Error {
    if entered.is_empty() {
        return error;
    }
    let why = format!("{}; entered before: {entered:?}", error.reason());
    Error::new("enter", error.object().clone(), Reason::Invalid(why))
}

#[cold]
fn failed(operation: &'static str, kinds: NamespaceKinds, errno: Errno) -> Error {
    let object = format!("namespaces {kinds:?}");
    let alone = NamespaceKinds::USER | NamespaceKinds::TIME;
    let several = std::fs::read_dir("/proc/self/task").is_ok_and(|threads| threads.count() > 1);
    match errno {
        Errno::INVAL | Errno::USERS if kinds.intersects(alone) && several => {
            let accepted = "a process of one thread only may do this for users and time: it has several";
            Error::invalid(operation, object, accepted)
        }
        errno => Error::system(operation, object, errno).explained(ADMIN, None),
    }
}
