//! What Linux can do with an open file beyond std: its holes and its space, reads and writes of many buffers with
//! flags of their own, advice, and bytes shared between files.
//!
//! The traits here are those of every descriptor, `std::fs::File` first of all; what a descriptor can't do is an error
//! of the kernel's.
//!
//! ```
//! use std::io::Write;
//! use linux_support_fd::file::{Allocation, ByteRange, ExtentKind, FileSpace, SparseFile};
//!
//! let mut file = tempfile::tempfile().unwrap();
//! file.write_all(&[1; 16384]).unwrap();
//! file.allocate(ByteRange::new(4096, 8192)?, Allocation::PunchHole)?;
//! let extents = file.extents()?.collect::<Result<Vec<_>, _>>()?;
//! assert_eq!(extents.iter().map(|extent| extent.kind).filter(|kind| *kind == ExtentKind::Hole).count(), 1);
//! assert_eq!(file.size()?.get(), 16384);
//! # Ok::<(), linux_support_base::Error>(())
//! ```

mod advice;
mod extent;
mod positioned;
mod range;
mod shared;
mod space;
mod vectored;

pub use advice::{Advice, FileCache, RangeSync};
pub use extent::{Extent, ExtentKind, Extents, SparseFile};
use linux_support_base::{Errno, Error, Reason};
pub use positioned::{Position, PositionedVectored, ReadFlags, WriteFlags};
pub use range::ByteRange;
pub use shared::{Deduplicated, SharedBytes};
pub use space::{Allocation, FileSpace};
pub use vectored::{Transfer, Vectored, VectoredRead, VectoredWrite};

/// The error of a call on a file: where nothing is looked up, the kernel's word for it stays.
#[cold]
fn failed(operation: &'static str, errno: Errno) -> Error {
    match errno {
        Errno::XDEV | Errno::NODEV | Errno::NXIO => Error::new(operation, "file", Reason::System(errno)),
        errno => Error::system(operation, "file", errno),
    }
}
