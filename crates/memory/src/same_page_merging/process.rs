use linux_support_base::{Error, Machine, Reason, Requirement};
use rustix::io::Errno;

use crate::sys;

const MERGE: Requirement =
    Requirement::none().since(6, 4).configuration("CONFIG_KSM").capability("CAP_SYS_RESOURCE");

/// Whether all memory of this process may be merged with equal pages, its own and others'.
///
/// # Errors
/// The kernel is older than 6.4 or has no same-page merging.
#[doc(alias = "PR_GET_MEMORY_MERGE")]
pub fn merges_pages_of_this_process() -> Result<bool, Error> {
    sys::process::merges().map_err(|errno| failed("ask for the merging of pages", errno))
}

/// Lets all memory of this process be merged with equal pages, or none of it, until the guard is dropped. Children that
/// are forked inherit it.
///
/// # Errors
/// The kernel is older than 6.4 or has no same-page merging.
///
/// # Capabilities
/// CAP_SYS_RESOURCE.
#[doc(alias = "PR_SET_MEMORY_MERGE")]
pub fn merge_pages_of_this_process(merge: bool) -> Result<MergingOfThisProcess, Error> {
    let before = merges_pages_of_this_process()?;
    set(merge)?;
    Ok(MergingOfThisProcess { before: Some(before) })
}

fn set(merge: bool) -> Result<(), Error> {
    sys::process::set_merges(merge).map_err(|errno| failed("set the merging of pages", errno))
}

#[cold]
fn failed(operation: &'static str, errno: Errno) -> Error {
    const OBJECT: &str = "this process";
    let error = match errno {
        Errno::INVAL => Error::new(operation, OBJECT, Reason::Absent),
        errno => Error::system(operation, OBJECT, errno),
    };
    match Machine::live() {
        Ok(machine) => machine.explain(error, MERGE),
        Err(_) => error.explained(MERGE, None),
    }
}

/// The merging of this process's pages, until this is dropped: then it is as before.
#[derive(Debug)]
#[must_use = "the setting ends when this is dropped"]
pub struct MergingOfThisProcess {
    before: Option<bool>,
}

impl MergingOfThisProcess {
    /// Leaves it as it is now.
    pub fn keep(mut self) {
        self.before = None;
    }

    /// Ends it, and says whether it is as before.
    ///
    /// # Errors
    /// CAP_SYS_RESOURCE is missing by now, or there is no memory to part pages (`ENOMEM`).
    pub fn restore(mut self) -> Result<(), Error> {
        self.before.take().map_or(Ok(()), set)
    }
}

impl Drop for MergingOfThisProcess {
    fn drop(&mut self) {
        if let Some(before) = self.before {
            let _ = set(before);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg_attr(user_emulation, ignore = "QEMU does not pass PR_GET_MEMORY_MERGE on")]
    fn whether_pages_are_merged_is_known_or_the_kernel_has_no_merging() {
        match merges_pages_of_this_process() {
            // Nobody asked for it.
            Ok(merges) => assert!(!merges),
            Err(error) => {
                assert!(["kernel-too-old", "not-configured"].contains(&error.reason().name()), "{error}")
            }
        }
    }
}
