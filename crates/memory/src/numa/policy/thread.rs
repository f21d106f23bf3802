use core::marker::PhantomData;

use linux_raw_sys::mempolicy::{MPOL_F_MEMS_ALLOWED, MPOL_F_NODE};
use linux_support_base::{Error, NumaNode, NumaNodeSet};
use rustix::io::Errno;

use super::MemoryPolicy;
use crate::{numa::NEEDS, sys::policy};

/// The policy of the calling thread.
///
/// # Errors
/// The kernel is built without `CONFIG_NUMA`.
#[doc(alias = "get_mempolicy")]
pub fn thread_policy() -> Result<MemoryPolicy, Error> {
    let (mode, words) = policy::get(0, 0).map_err(|errno| failed("policy of the thread", errno))?;
    Ok(MemoryPolicy::decode(mode, &words))
}

/// Sets the policy of the calling thread, and of those that it starts from now on: see [`ThreadPolicy`] for one that
/// ends.
///
/// # Errors
/// None of its nodes has memory that this task may use; it lacks nodes, or has flags that don't go together; the kernel
/// does not know the mode.
#[doc(alias = "set_mempolicy")]
pub fn set_thread_policy(policy: &MemoryPolicy) -> Result<(), Error> {
    policy::set(policy.encode()?, policy.nodes().as_words())
        .map_err(|errno| policy.refused("set for the thread", errno))
}

/// A policy of the calling thread, until it is dropped: then the one before it is back.
///
/// ```
/// use linux_support_memory::numa::{MemoryPolicy, ThreadPolicy, thread_policy};
///
/// let before = thread_policy()?;
/// let local = ThreadPolicy::set(&MemoryPolicy::local())?;
/// assert_eq!(thread_policy()?, MemoryPolicy::local());
/// local.restore()?;
/// assert_eq!(thread_policy()?, before);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Debug)]
#[must_use = "the policy ends when this is dropped"]
pub struct ThreadPolicy {
    before: MemoryPolicy,
    /// It belongs to the thread.
    thread: PhantomData<*const ()>,
}

impl ThreadPolicy {
    /// Sets the policy of the calling thread.
    ///
    /// # Errors
    /// As for [`set_thread_policy`].
    pub fn set(policy: &MemoryPolicy) -> Result<Self, Error> {
        let before = thread_policy()?;
        set_thread_policy(policy)?;
        Ok(Self { before, thread: PhantomData })
    }

    /// The policy that is to come back.
    #[must_use]
    pub fn before(&self) -> &MemoryPolicy {
        &self.before
    }

    /// Ends it, and says whether the one before it is back.
    ///
    /// # Errors
    /// Its nodes are no longer allowed.
    pub fn restore(self) -> Result<(), Error> {
        set_thread_policy(&self.before)
        // Dropping it does so once more, which changes nothing.
    }
}

impl Drop for ThreadPolicy {
    fn drop(&mut self) {
        let _ = set_thread_policy(&self.before);
    }
}

/// The nodes from which the calling thread may have memory, by its cpuset.
///
/// # Errors
/// The kernel is built without `CONFIG_NUMA`.
#[doc(alias = "MPOL_F_MEMS_ALLOWED")]
#[doc(alias = "Mems_allowed")]
pub fn allowed_nodes() -> Result<NumaNodeSet, Error> {
    let (_, words) =
        policy::get(0, MPOL_F_MEMS_ALLOWED).map_err(|errno| failed("nodes that are allowed", errno))?;
    Ok(NumaNodeSet::from_words(&words))
}

/// The node from which the next page comes, where the calling thread's policy interleaves; `None` where it does not.
///
/// # Errors
/// The kernel is built without `CONFIG_NUMA`.
#[doc(alias = "MPOL_F_NODE")]
pub fn next_interleaved_node() -> Result<Option<NumaNode>, Error> {
    match policy::get(0, MPOL_F_NODE) {
        Ok((node, _)) => Ok(u32::try_from(node).ok().and_then(NumaNode::new)),
        Err(Errno::INVAL) => Ok(None),
        Err(errno) => Err(failed("next node", errno)),
    }
}

#[cold]
pub(super) fn failed(object: &'static str, errno: Errno) -> Error {
    match errno {
        Errno::NOSYS => Error::new("read", object, linux_support_base::Reason::Absent).explained(NEEDS, None),
        errno => Error::system("read", object, errno),
    }
}
