use linux_support_base::{Directory, Error, Machine, ParseError, Reason, Requirement, text};
use rustix::io::Errno;

use crate::sys;

const MERGE: Requirement =
    Requirement::none().since(6, 4).configuration("CONFIG_KSM").capability("CAP_SYS_RESOURCE");

/// What merging does for a process.
///
/// # Kernel
/// Since Linux 6.1.
///
/// # Source
/// `/proc/PID/ksm_stat`, Documentation/admin-guide/mm/ksm.rst.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "ksm_stat")]
#[non_exhaustive]
pub struct ProcessMerging {
    /// How many of its pages are kept account of.
    pub tracked_pages: Option<u64>,
    /// How many of its pages share the page of zeros. Since Linux 6.6.
    pub zero_pages: Option<u64>,
    /// How many of its pages are merged. Since Linux 6.4.
    pub merged_pages: Option<u64>,
    /// The bytes saved, less what the bookkeeping takes. Since Linux 6.4.
    pub profit: Option<i64>,
    /// Whether all of it may be merged. Since Linux 6.16.
    pub merges_all: Option<bool>,
    /// Whether a part of it may be merged. Since Linux 6.16.
    pub merges_some: Option<bool>,
}

impl ProcessMerging {
    /// Reads lines `ksm_rmap_items 5`; those that are not known are passed over.
    ///
    /// # Errors
    /// A value that is malformed.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut merging = Self::default();
        for line in text::lines(bytes) {
            let mut words = text::fields(line);
            let (Some(name), Some(value)) = (words.next(), words.next()) else { continue };
            let truth = || match value {
                b"yes" => Ok(Some(true)),
                b"no" => Ok(Some(false)),
                _ => Err(ParseError::expected("yes or no", value)),
            };
            match name.strip_suffix(b":").unwrap_or(name) {
                b"ksm_rmap_items" => merging.tracked_pages = Some(text::decimal(value)?),
                b"ksm_zero_pages" => merging.zero_pages = Some(text::decimal(value)?),
                b"ksm_merging_pages" => merging.merged_pages = Some(text::decimal(value)?),
                b"ksm_process_profit" => merging.profit = Some(text::decimal(value)?),
                b"ksm_merge_any" => merging.merges_all = truth()?,
                b"ksm_mergeable" => merging.merges_some = truth()?,
                _ => {}
            }
        }
        Ok(merging)
    }

    /// Reads that of the process whose `/proc/PID` this is.
    ///
    /// # Errors
    /// The kernel has no same-page merging; the process has ended, or may not be traced.
    pub fn read(machine: &Machine, process: &Directory) -> Result<Self, Error> {
        const NEEDS: Requirement =
            Requirement::none().since(6, 1).configuration("CONFIG_KSM").capability("CAP_SYS_PTRACE");
        process.parse("ksm_stat", Self::parse).map_err(|error| machine.explain(error, NEEDS))
    }
}

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
    fn what_a_kernel_does_not_write_is_not_zero() {
        let text = b"ksm_rmap_items 3\nksm_of_tomorrow 1\nksm_process_profit -64\nksm_merge_any: yes\nksm_mergeable: no\n";
        let merging = ProcessMerging::parse(text).unwrap();
        assert_eq!((merging.tracked_pages, merging.merged_pages, merging.profit), (Some(3), None, Some(-64)));
        assert_eq!((merging.merges_all, merging.merges_some), (Some(true), Some(false)));
        assert_eq!(ProcessMerging::parse(text.trim_ascii_end()), Ok(merging));
        assert!(
            ProcessMerging::parse(b"ksm_zero_pages x").is_err()
                && ProcessMerging::parse(b"ksm_merge_any: 1").is_err()
        );
    }
}
