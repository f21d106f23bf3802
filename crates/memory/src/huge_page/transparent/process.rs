use linux_support_base::{Errno, Error, Machine, Requirement};

use crate::sys::transparent;

/// Which transparent huge pages a process may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TransparentUse {
    /// As the machine is set.
    AsSet,
    /// Where it is [advised](crate::mapping::Advice::HugePages) only, if the machine is set to give some. Since Linux 6.18.
    #[doc(alias = "PR_THP_DISABLE_EXCEPT_ADVISED")]
    AdvisedOnly,
    /// None.
    None,
}

/// Which transparent huge pages this process may have.
///
/// # Errors
/// The kernel has none (`CONFIG_TRANSPARENT_HUGEPAGE`).
#[doc(alias = "PR_GET_THP_DISABLE")]
pub fn process_transparent_pages() -> Result<TransparentUse, Error> {
    match transparent::get().map_err(|errno| Error::system("ask for", OBJECT, errno))? {
        0 => Ok(TransparentUse::AsSet),
        value if value & EXCEPT_ADVISED != 0 => Ok(TransparentUse::AdvisedOnly),
        _ => Ok(TransparentUse::None),
    }
}

/// This process, and those that it starts meanwhile, may have these transparent huge pages only, until this is dropped.
///
/// Memory that is on huge pages already stays there.
///
/// ```
/// use linux_support_memory::huge_page::{
///     ProcessTransparentPages, TransparentUse, process_transparent_pages,
/// };
///
/// let before = process_transparent_pages()?;
/// let without = ProcessTransparentPages::set(TransparentUse::None)?;
/// assert_eq!(process_transparent_pages()?, TransparentUse::None);
/// without.restore()?;
/// assert_eq!(process_transparent_pages()?, before);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// PR_SET_THP_DISABLE(2const).
#[derive(Debug)]
#[must_use = "what was allowed before is again when this is dropped"]
#[doc(alias = "PR_SET_THP_DISABLE")]
pub struct ProcessTransparentPages {
    before: Option<TransparentUse>,
}

const OBJECT: &str = "transparent huge pages of this process";
const EXCEPT_ADVISED: u32 = 2;

impl ProcessTransparentPages {
    /// Sets it, for all threads of the process.
    ///
    /// # Errors
    /// The kernel does not know this (it is older than 6.18).
    pub fn set(wish: TransparentUse) -> Result<Self, Error> {
        let before = process_transparent_pages()?;
        set(wish)?;
        Ok(Self { before: Some(before) })
    }

    /// Ends it.
    ///
    /// # Errors
    /// The kernel refuses what was there.
    pub fn restore(mut self) -> Result<(), Error> {
        self.before.take().map_or(Ok(()), set)
    }

    /// Leaves it as it is now: also for programs that this process becomes by execve(2).
    pub fn keep(mut self) {
        self.before = None;
    }
}

impl Drop for ProcessTransparentPages {
    fn drop(&mut self) {
        if let Some(before) = self.before {
            let _ = set(before);
        }
    }
}

fn set(wish: TransparentUse) -> Result<(), Error> {
    let (disable, flags) = match wish {
        TransparentUse::AsSet => (false, 0),
        TransparentUse::AdvisedOnly => (true, EXCEPT_ADVISED),
        TransparentUse::None => (true, 0),
    };
    transparent::set(disable, flags).map_err(|errno| {
        const NEEDS: Requirement = Requirement::none().since(6, 18);
        match (errno, flags) {
            (Errno::INVAL, 1..) => {
                let absent = Error::system("set", OBJECT, Errno::NOENT);
                Machine::live().map(|machine| machine.explain(absent.clone(), NEEDS)).unwrap_or(absent)
            }
            _ => Error::system("set", OBJECT, errno),
        }
    })
}
