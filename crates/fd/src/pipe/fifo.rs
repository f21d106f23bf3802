//! Pipes with a name in a file system.

use std::os::fd::AsFd;

use linux_support_base::Error;
use rustix::fs::{Mode, mkfifoat};

/// Makes a FIFO called `name` in `directory`. The process's umask takes from the permissions `mode`.
///
/// Open it with [`PipeReader::open_fifo`](crate::PipeReader::open_fifo) and
/// [`PipeWriter::try_open_fifo`](crate::PipeWriter::try_open_fifo).
///
/// # Errors
/// There is something of that name ([`Errno::EXIST`](linux_support_base::Errno::EXIST)), or the directory may not
/// be written. `mode` has other bits than `0o7777`.
///
/// # Source
/// mkfifo(3), fifo(7).
#[doc(alias = "mkfifo")]
#[doc(alias = "mkfifoat")]
pub fn make_fifo(directory: impl AsFd, name: impl AsRef<[u8]>, mode: u32) -> Result<(), Error> {
    let name = name.as_ref();
    if mode & !0o7777 != 0 {
        return Err(Error::invalid("make", name, format!("the mode {mode:o} has other bits than 7777")));
    }
    mkfifoat(directory.as_fd(), name, Mode::from_raw_mode(mode))
        .map_err(|errno| Error::system("make", name, errno))
}
