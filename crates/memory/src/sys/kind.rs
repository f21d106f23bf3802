//! What a mapping is of, and what may be done with it, as types.

mod sealed {
    pub trait Sealed {}
}
use sealed::Sealed;

/// What a mapping is of: [`Private`], [`Shared`], [`Droppable`], [`Unchanging`] or [`FileBacked`].
///
/// This decides who else may change its bytes, and so how a program may look at them.
pub trait Kind: Sealed {
    /// What it is, in words: `private memory`.
    const NAME: &'static str;
}

/// A [`Kind`] whose bytes nobody else changes or takes away: they can be borrowed as slices.
pub trait Exclusive: Kind {}

/// A [`Kind`] whose bytes others may change meanwhile: they are copied in and out by the kernel.
pub trait Changing: Kind {}

/// A [`Changing`] kind whose bytes are always there: they can be borrowed as atomics.
pub trait Lasting: Changing {}

/// A [`Kind`] that can be made longer once it is mapped.
pub trait Growing: Kind {}

/// Anonymous memory of this process alone. A child that is forked gets a copy.
#[derive(Debug)]
pub enum Private {}

/// Memory that is shared with children that are forked, or with those who have the same memfd, and that can't shrink.
#[derive(Debug)]
pub enum Shared {}

/// Anonymous memory that the kernel may empty at any moment, page by page, rather than swap it: for what can be made
/// again. Then its bytes are 0.
#[derive(Debug)]
pub enum Droppable {}

/// A memfd that was sealed against writing, shrinking and growing, so that its bytes stay as they are. What is written
/// to the mapping is private.
#[derive(Debug)]
pub enum Unchanging {}

/// A file, which others may write to and make shorter.
#[derive(Debug)]
pub enum FileBacked {}

macro_rules! kinds {
    ($($kind:ident $name:literal: $($marker:ident)*;)*) => {$(
        impl Sealed for $kind {}
        impl Kind for $kind { const NAME: &'static str = $name; }
        $(impl $marker for $kind {})*
    )*};
}

// Shared memory has the length of what was first mapped or of its memfd: beyond, an access would be a SIGBUS.
kinds! {
    Private "private memory": Exclusive Growing;
    Shared "shared memory": Changing Lasting;
    Droppable "droppable memory": Changing Lasting Growing;
    Unchanging "sealed memory": Exclusive;
    FileBacked "a file": Changing Growing;
}

/// What may be done with a mapping's bytes: [`NoAccess`], [`ReadOnly`], [`ReadWrite`], [`ReadExecute`] or
/// [`ReadWriteExecute`].
pub trait Protection: Sealed {
    #[doc(hidden)]
    const BITS: i32;
}

/// A [`Protection`] that doesn't allow both writing and executing.
pub trait Strict: Protection {}

/// A [`Protection`] that allows reading.
pub trait Readable: Protection {}

/// A [`Protection`] that allows writing, and reading.
pub trait Writable: Readable {}

/// Nothing: any access is a SIGSEGV.
#[derive(Debug)]
pub enum NoAccess {}

/// Reading.
#[derive(Debug)]
pub enum ReadOnly {}

/// Reading and writing.
#[derive(Debug)]
pub enum ReadWrite {}

/// Reading and executing.
#[derive(Debug)]
pub enum ReadExecute {}

/// All, at the same time. Had only by asking for it:
/// [`allow_writing_and_executing`](crate::mapping::Mapping::allow_writing_and_executing).
#[derive(Debug)]
pub enum ReadWriteExecute {}

macro_rules! protections {
    ($($protection:ident $bits:expr, $($marker:ident)*;)*) => {$(
        impl Sealed for $protection {}
        impl Protection for $protection { const BITS: i32 = $bits; }
        $(impl $marker for $protection {})*
    )*};
}

protections! {
    NoAccess libc::PROT_NONE, Strict;
    ReadOnly libc::PROT_READ, Strict Readable;
    ReadWrite libc::PROT_READ | libc::PROT_WRITE, Strict Readable Writable;
    ReadExecute libc::PROT_READ | libc::PROT_EXEC, Strict Readable;
    ReadWriteExecute libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC, Readable Writable;
}
