//! From memory to a pipe, without copying.

use linux_support_base::Error;

use super::GivenPages;
use crate::{PipeWriter, readiness::attempt, sys::pages};

/// Whoever reads the pipe sees the pages themselves, and may see them late. So pages that are given belong to the
/// pipe: [`GivenPages`] lets go of them, and memory that nobody changes needs no giving.
impl PipeWriter {
    /// Puts pages into the pipe as they are, as many as have room, and says how many bytes that was; waits until
    /// some do. They are not to be had in `pages` any more.
    ///
    /// ```
    /// use std::io::Read;
    /// use linux_support_base::Bytes;
    /// use linux_support_fd::{GivenPages, pipe};
    ///
    /// let mut pages = GivenPages::new(Bytes::new(10_000))?;
    /// pages.bytes_mut().fill(b'x');
    /// let (mut reader, writer) = pipe()?;
    /// assert_eq!(writer.give(&mut pages)?, 10_000);
    /// assert!(pages.bytes_mut().is_empty());
    /// # drop(writer);
    /// # let mut text = String::new();
    /// # reader.read_to_string(&mut text).unwrap();
    /// # assert_eq!(text, "x".repeat(10_000));
    /// # Ok::<(), linux_support_base::Error>(())
    /// ```
    ///
    /// # Errors
    /// Nobody has the other end open ([`Errno::PIPE`](linux_support_base::Errno::PIPE)).
    ///
    /// # Source
    /// vmsplice(2), with `SPLICE_F_GIFT`.
    #[doc(alias = "vmsplice")]
    #[doc(alias = "SPLICE_F_GIFT")]
    pub fn give(&self, pages: &mut GivenPages) -> Result<usize, Error> {
        loop {
            if let Some(given) = self.try_give(pages)? {
                return Ok(given);
            }
            self.wait(None)?;
        }
    }

    /// As [`give`](Self::give); `None` if nothing has room now.
    ///
    /// # Errors
    /// As for [`give`](Self::give).
    pub fn try_give(&self, pages: &mut GivenPages) -> Result<Option<usize>, Error> {
        attempt(|| pages::give(self, pages)).map_err(|errno| Error::system("give pages to", "pipe", errno))
    }

    /// Puts `bytes`, which are never changed and never freed, into the pipe without copying: as many as have room,
    /// and says how many; `None` if none have now.
    ///
    /// # Errors
    /// As for [`give`](Self::give).
    pub fn try_give_static(&self, bytes: &'static [u8]) -> Result<Option<usize>, Error> {
        attempt(|| pages::lend(self, bytes)).map_err(|errno| Error::system("give pages to", "pipe", errno))
    }
}
