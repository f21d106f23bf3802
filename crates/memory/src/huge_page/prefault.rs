use core::ops::ControlFlow;

use linux_support_base::{Bytes, Error};

use crate::mapping::{Advice, Kind, Mapping, Writable};

/// How far [`Mapping::prefault`] has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Prefaulted {
    /// How many bytes have their pages, from the start on.
    pub done: Bytes,
    /// How many bytes there are.
    pub total: Bytes,
}

impl Prefaulted {
    /// Whether all have their pages.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.done == self.total
    }
}

impl<K: Kind, P: Writable> Mapping<K, P> {
    /// Gives all of it its pages now, `step` by `step`, and tells `progress` after each, which may end it.
    ///
    /// `step` is rounded up to whole pages; what is there already stays as it is.
    ///
    /// ```
    /// use core::ops::ControlFlow;
    /// use linux_support_base::Bytes;
    /// use linux_support_memory::mapping::MapOptions;
    ///
    /// let memory = MapOptions::new().private(Bytes::new(8 << 20))?;
    /// let reached = memory.prefault(Bytes::new(1 << 20), |progress| {
    ///     println!("{} of {}", progress.done, progress.total);
    ///     ControlFlow::Continue(())
    /// })?;
    /// assert!(reached.is_whole());
    /// # Ok::<(), linux_support_base::Error>(())
    /// ```
    ///
    /// # Errors
    /// A page can't be had (`ENOMEM`, and `EFAULT` where a pool has none left): what was done until then stays.
    ///
    /// # Kernel
    /// Since Linux 5.14.
    #[doc(alias = "MADV_POPULATE_WRITE")]
    pub fn prefault(
        &self,
        step: Bytes,
        mut progress: impl FnMut(Prefaulted) -> ControlFlow<()>,
    ) -> Result<Prefaulted, Error> {
        let page = self.page_size().bytes().get() as usize;
        let step = usize::try_from(step.get()).unwrap_or(usize::MAX).max(1);
        let step = step.checked_next_multiple_of(page).unwrap_or(self.len());
        let mut state = Prefaulted { done: Bytes::new(0), total: Bytes::new(self.len() as u64) };
        let mut start = 0;
        while start < self.len() {
            let end = start.saturating_add(step).min(self.len());
            self.advise(start..end, Advice::PopulateWrite)?;
            (start, state.done) = (end, Bytes::new(end as u64));
            if progress(state).is_break() {
                break;
            }
        }
        Ok(state)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mapping::MapOptions;

    #[test]
    #[cfg_attr(user_emulation, ignore = "the emulator takes the advice and does nothing")]
    fn each_step_is_told_and_the_last_is_the_rest() {
        let page = rustix::param::page_size() as u64;
        let memory = MapOptions::new().private(Bytes::new(10 * page)).unwrap();
        let mut told = Vec::new();
        let reached = memory
            .prefault(Bytes::new(3 * page + 1), |progress| {
                told.push(progress.done.get() / page);
                ControlFlow::Continue(())
            })
            .unwrap();
        assert_eq!(told, [4, 8, 10]);
        assert!(reached.is_whole());
        assert_eq!(memory.residency(..).unwrap().resident(), 10);
    }

    #[test]
    #[cfg_attr(user_emulation, ignore = "the emulator takes the advice and does nothing")]
    fn who_is_told_may_end_it() {
        let page = rustix::param::page_size() as u64;
        let memory = MapOptions::new().private(Bytes::new(10 * page)).unwrap();
        let reached = memory.prefault(Bytes::new(0), |_| ControlFlow::Break(())).unwrap();
        assert_eq!((reached.done.get(), reached.is_whole()), (page, false));
        assert_eq!(memory.residency(..).unwrap().resident(), 1);
        let whole = memory.prefault(Bytes::new(u64::MAX), |_| ControlFlow::Continue(())).unwrap();
        assert!(whole.is_whole());
    }
}
