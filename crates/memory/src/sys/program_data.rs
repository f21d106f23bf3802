//! The variables of the program that runs, moved by those who know that nobody writes to them.

use linux_support_base::{AddressRange, Error, Machine};
use rustix::io::Errno;

use super::{
    kind::{Private, ReadWrite},
    mapping::Mapping,
    program::{replace, without_signals},
};
use crate::huge_page::{PageKind, ProgramMapping, ProgramPart, remap};

/// Puts the program's variables that begin with a value on huge pages, as
/// [`remap_program`](crate::huge_page::remap_program) does with its text: by a copy that takes the place of what is
/// there.
///
/// It is for the start of a program. Meanwhile no signal is delivered to this thread, and what copies uses none of the
/// variables: they may be those of the allocator.
///
/// ```
/// use linux_support_base::{Bytes, PageSize};
/// use linux_support_memory::huge_page::{PageKind, remap_program_data};
///
/// let size = PageSize::new(Bytes::new(2 << 20)).unwrap();
/// // SAFETY: nothing has been begun yet: no threads, no processes that share the memory, no input or output.
/// match unsafe { remap_program_data(PageKind::Transparent(size)) } {
///     Ok(parts) => parts.iter().for_each(|part| println!("{}: {:?}", part.range, part.outcome)),
///     Err(error) => println!("{error}"),
/// }
/// ```
///
/// # Safety
/// What is written to these variables while they are copied is lost, and so they must not be: by another thread (of which
/// there must be none, see below), by a process that shares this one's memory (`vfork`, `clone` with `CLONE_VM`) or writes
/// to it, nor by the kernel or a device, for which memory was given that is part of a variable: input that is under way
/// (io_uring, AIO, direct input), registered buffers, an area of `rseq`. The stack of this thread is not in a variable.
///
/// # Errors
/// The process has more threads than this one; there is no pool of such pages; smaps can't be read.
///
/// # Kernel
/// As for [`remap_program`](crate::huge_page::remap_program).
#[doc(alias = "hugectl")]
pub unsafe fn remap_program_data(pages: PageKind) -> Result<Vec<ProgramMapping>, Error> {
    let threads = Machine::live()?.entries("/proc/self/task")?.len();
    if threads != 1 {
        let object = format!("the variables of a process of {threads} threads");
        return Err(Error::invalid(
            "remap",
            object.as_bytes(),
            "a process of one thread: do it before others begin",
        ));
    }
    remap(&[ProgramPart::Data], pages, replace_variables)
}

/// As [`replace`], while no signal is delivered.
///
/// Called above only, whose caller promises that nobody else writes to the program's variables, and which is given
/// nothing but these.
fn replace_variables(
    memory: Mapping<Private, ReadWrite>,
    place: AddressRange,
    protection: usize,
) -> Result<(), Errno> {
    // SAFETY: as is said above; `remap` gives ranges of the program's own segments, which may be read, and how they are
    // protected.
    without_signals(|| unsafe { replace(memory, place, protection) })
}
