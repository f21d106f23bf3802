//! Memory that this program maps, and what processes map into their address spaces.
//!
//! # Mapping memory
//!
//! [`Mapping`] owns memory, and [`MapOptions`] makes it. Its type says two things.
//!
//! What it is of, and so who else may change it:
//!
//! | | borrowed as | made by |
//! |---|---|---|
//! | [`Private`] | slices | [`MapOptions::private`] |
//! | [`Unchanging`] | slices | [`MapOptions::sealed_file`]: a memfd that was sealed |
//! | [`Shared`] | atomics, copies | [`MapOptions::shared`], and [`MapOptions::shared_file`]: a memfd that can't shrink |
//! | [`Droppable`] | atomics, copies | [`MapOptions::droppable`] |
//! | [`FileBacked`] | copies | [`MapOptions::file`] |
//!
//! An access to a file that has become shorter is a SIGBUS. So the bytes of a file are copied by the kernel, to whom it
//! is an error ([`Reason::Gone`](linux_support_base::Reason::Gone)), with [`Mapping::read_at`] and
//! [`Mapping::write_at`].
//!
//! And what may be done with it: [`NoAccess`], [`ReadOnly`], [`ReadWrite`], [`ReadExecute`]. [`Mapping::protect`]
//! changes that, and the type. Writing and executing at the same time is had only by
//! [`Mapping::allow_writing_and_executing`].
//!
//! ```
//! use linux_support_base::Bytes;
//! use linux_support_memory::mapping::{MapOptions, ReadOnly};
//!
//! let mut memory = MapOptions::new().private(Bytes::new(10_000))?;
//! memory.as_bytes_mut()[..5].copy_from_slice(b"hello");
//! let memory = memory.protect::<ReadOnly>()?;
//! assert!(memory.as_bytes().starts_with(b"hello"));
//! assert_eq!(memory.as_bytes().len() % 4096, 0);
//! # Ok::<(), linux_support_base::Error>(())
//! ```
//!
//! What the type doesn't allow doesn't compile: memory that is only read is not written,
//!
//! ```compile_fail
//! # use linux_support_base::Bytes;
//! # use linux_support_memory::mapping::{MapOptions, ReadOnly};
//! let memory = MapOptions::new().private(Bytes::new(1))?;
//! memory.protect::<ReadOnly>()?.as_bytes_mut()[0] = 1;
//! # Ok::<(), linux_support_base::Error>(())
//! ```
//!
//! and the bytes of a file, which may go, are not borrowed.
//!
//! ```compile_fail
//! # use linux_support_base::Bytes;
//! # use linux_support_memory::mapping::{MapOptions, ReadOnly, Sharing};
//! # let file = std::fs::File::open("/etc/hostname").unwrap();
//! let file = MapOptions::new().file::<ReadOnly>(&file, Sharing::Shared, 0, Bytes::new(1))?;
//! file.as_bytes();
//! # Ok::<(), linux_support_base::Error>(())
//! ```
//!
//! Memory that grows down by itself (`MAP_GROWSDOWN`) is not offered: what maps it can't know where it ends, and so not
//! own it. [`MapOptions::stack`] gives room of which only what is used takes memory.
//!
//! # Reading what processes map
//!
//! [`maps`], [`smaps`] and [`numa_maps`] read the files of `/proc/PID` in place: their entries borrow from the text and
//! allocate nothing. [`MemoryMap`] is what they say of a process together, to be searched and added up,
//! and [`MapsFile`] asks for single mappings.

pub mod maps;
mod memory_map;
mod name;
pub mod numa_maps;
mod owned;
mod permissions;
mod query;
#[cfg(feature = "serde")]
mod serialize;
pub mod smaps;
mod vm_flags;

pub use memory_map::{KindTotal, MappedRange, MappingKind, MappingTotal, MemoryMap, OnNode, OnPageSize};
pub use name::MappingName;
pub use owned::{
    Guarded, Keyed, LockAll, MapOptions, ProtectionKey, RemoteAdvice, Residency, Sharing, Synchronization,
    Unchanged, advise_process, lock_all_memory, unlock_all_memory,
};
pub use permissions::Permissions;
pub use query::{FoundMapping, MappingFilter, MapsFile};
pub use smaps::{Field, MemoryUse};
pub use vm_flags::VmFlags;

pub use crate::sys::{
    advice::Advice,
    guard::Guard,
    kind::{
        Changing, Droppable, Exclusive, FileBacked, Growing, Kind, Lasting, NoAccess, Private, Protection,
        ReadExecute, ReadOnly, ReadWrite, ReadWriteExecute, Readable, Shared, Strict, Unchanging, Writable,
    },
    lazily_freed::LazilyFreed,
    mapping::Mapping,
};
