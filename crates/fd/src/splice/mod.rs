//! Moving bytes from descriptor to descriptor within the kernel: splice(2), tee(2), vmsplice(2), sendfile(2),
//! copy_file_range(2).
//!
//! | from | to | with |
//! |---|---|---|
//! | file, socket, terminal, pipe | pipe | [`SpliceSender`] |
//! | pipe | file, socket, terminal, pipe | [`SpliceRecipient`] |
//! | any of them | any of them | [`Splicer`], through a pipe of its own |
//! | pipe, and it stays there | pipe | [`PipeReader::tee`](crate::PipeReader::tee) |
//! | memory | pipe | [`PipeWriter::give`](crate::PipeWriter::give) |
//! | file | anything | [`SendFile`] |
//! | file | file | [`CopyRange`] |

mod copy_range;
mod give;
mod progress;
mod recipient;
mod send_file;
mod sender;
mod splicer;
mod tee;

use std::os::fd::AsFd;

use bitflags::bitflags;
pub use copy_range::CopyRange;
use linux_support_base::Errno;
pub use progress::{TransferEnd, TransferError, Transferred};
pub use recipient::{SpliceRecipient, SpliceRecipientAt};
use rustix::event::PollFlags;
pub use send_file::SendFile;
pub use sender::{SpliceSender, SpliceSenderAt};
pub use splicer::Splicer;

use crate::readiness::wait_until;
pub use crate::sys::pages::GivenPages;

bitflags! {
    /// How to splice. Whether to wait is told by the method: those that begin with `try_` don't wait for a pipe.
    ///
    /// # Source
    /// splice(2).
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct SpliceFlags: u32 {
        /// Move pages rather than copy them, where that can be done. A hint, which most file systems leave aside.
        #[doc(alias = "SPLICE_F_MOVE")]
        const MOVE = 1;
        /// More will follow soon: a TCP socket waits for it before it sends a segment that is not full.
        #[doc(alias = "SPLICE_F_MORE")]
        const MORE = 4;
    }
}

impl SpliceFlags {
    /// With "don't wait for a pipe", as all calls here are made.
    fn without_waiting(self) -> rustix::pipe::SpliceFlags {
        rustix::pipe::SpliceFlags::from_bits_retain(self.bits()) | rustix::pipe::SpliceFlags::NONBLOCK
    }
}

/// Waits until there is something to take and room to put it.
fn wait_for_both(source: impl AsFd, target: impl AsFd) -> Result<(), Errno> {
    wait_until(source, PollFlags::IN, None)?;
    wait_until(target, PollFlags::OUT, None)?;
    Ok(())
}
