//! The program that runs: where its segments are, and how one is replaced where it is, with mremap(2).

use core::ffi::{c_int, c_void};

use linux_support_base::{AddressRange, Machine, PageSize};
use rustix::io::Errno;

use super::{
    kind::{Private, ReadWrite},
    mapping::Mapping,
};
use crate::mapping::{Permissions, maps};

/// A part of the program's file that is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    /// Where it is loaded.
    pub(crate) range: AddressRange,
    /// Where the bytes of the file end in it; from there on it began with 0.
    pub(crate) end_of_file: u64,
    /// Whether it is for executing.
    pub(crate) executable: bool,
}

/// The loaded segments of the program itself, and of no library.
pub(crate) fn segments() -> Vec<Segment> {
    let mut segments = Vec::new();
    // SAFETY: the callback has the type that is wanted; it gets the address of the list, which outlives the call and which
    // nobody else has meanwhile.
    unsafe { libc::dl_iterate_phdr(Some(first_object), (&raw mut segments).cast()) };
    segments
}

/// Called for each object that is loaded, the program first; what is not 0 ends that.
///
/// # Safety
/// As `dl_iterate_phdr` calls it, with the address of a list of segments.
unsafe extern "C" fn first_object(info: *mut libc::dl_phdr_info, _: usize, data: *mut c_void) -> c_int {
    // SAFETY: the C library gives what describes the object for as long as this runs.
    let info = unsafe { &*info };
    if info.dlpi_phdr.is_null() {
        return 1;
    }
    // SAFETY: it gives the headers with their number; they are in the object's constants.
    let headers = unsafe { core::slice::from_raw_parts(info.dlpi_phdr, info.dlpi_phnum.into()) };
    // SAFETY: it is what `segments` gave.
    let segments = unsafe { &mut *data.cast::<Vec<Segment>>() };
    segments.extend(headers.iter().filter(|header| header.p_type == libc::PT_LOAD).filter_map(|header| {
        let start = info.dlpi_addr.checked_add(header.p_vaddr)?;
        let range = AddressRange::new(start, start.checked_add(header.p_memsz)?)?;
        let executable = header.p_flags & libc::PF_X != 0;
        Some(Segment { range, end_of_file: start.checked_add(header.p_filesz)?, executable })
    }));
    1
}

/// What the code that replaces is given; it knows these places.
#[repr(C)]
struct Order {
    copy: *mut u8,
    place: *const u8,
    length: usize,
    protection: usize,
    /// Room for the kernel's first answer.
    reason: isize,
    /// How often it tries where the old mapping is gone and the new one not there.
    tries: usize,
}

/// Puts the bytes of `place` into `memory`, and `memory`, protected as the bits of `protection` say, in place of it.
///
/// Every moment, there are either the old pages or the new ones for whoever else looks: the kernel replaces them under
/// the lock that faults wait for.
///
/// What does it lies in a page of its own, reads no variable and writes none, so that `place` may be the text that runs or
/// the variables of the allocator. Where the kernel refuses, all is as before. It could also have removed the old
/// mapping and then have no memory for a few bytes of its own, which it rather kills a process for: then it is asked again,
/// and in the end the process is aborted, since nothing sound could run.
///
/// # Safety
/// Nobody unmaps or writes to `place` meanwhile, this thread's stack is not in it, and it may be read. What `protection`
/// says is how it is protected.
pub(crate) unsafe fn replace(
    memory: Mapping<Private, ReadWrite>,
    place: AddressRange,
    protection: usize,
) -> Result<(), Errno> {
    let page = memory.page_size().bytes().get();
    if place.length() != memory.len() as u64
        || !place.start().is_multiple_of(page)
        || place.start() < memory.range().end() && memory.range().start() < place.end()
    {
        return Err(Errno::INVAL);
    }
    let code = code()?;
    let mut order = Order {
        copy: memory.as_ptr().as_ptr(),
        place: core::ptr::with_exposed_provenance(place.start() as usize),
        length: memory.len(),
        protection,
        reason: 0,
        tries: 1000,
    };
    if place.contains((&raw const order).addr() as u64) {
        return Err(Errno::INVAL);
    }
    // SAFETY: the page holds the code below, whole, and is executable. It is a function of this type: it follows the
    // calling convention, reads and writes `order` only as `Order` is laid out, and else what the caller and `memory`
    // allow.
    let run: unsafe extern "C" fn(&mut Order) -> isize =
        unsafe { core::mem::transmute(code.as_ptr().as_ptr()) };
    // SAFETY: `copy` is this function's own and writable, of `length`; `place` is as the caller says.
    let answer = unsafe { run(&mut order) };
    if answer == 0 {
        // It is what the program has there now, for as long as it runs.
        core::mem::forget(memory);
        return Ok(());
    }
    Err(i32::try_from(-answer).map_or(Errno::INVAL, Errno::from_raw_os_error))
}

/// As [`replace`], for what the program only reads: its text and constants.
///
/// `EINVAL` where `place` is not of a segment of the program, or where it may be written.
pub(crate) fn replace_unwritten(
    memory: Mapping<Private, ReadWrite>,
    place: AddressRange,
    protection: usize,
) -> Result<(), Errno> {
    let page = PageSize::base().bytes().get();
    let is_inside = |segment: &Segment| {
        segment.range.start() / page * page <= place.start()
            && place.end() <= segment.range.end().next_multiple_of(page)
    };
    let text =
        Machine::live().and_then(|machine| machine.read("/proc/self/maps")).map_err(|_| Errno::INVAL)?;
    let is_unwritten = maps::entries(&text).flatten().any(|entry| {
        let Permissions { read, write, execute, shared } = entry.permissions;
        let bits = if execute { 5 } else { 1 };
        let holds = entry.range.start() <= place.start() && place.end() <= entry.range.end();
        // Beside reading and executing, there may be bits of the architecture.
        holds && read && !write && !shared && protection & 7 == bits
    });
    if !is_unwritten || !segments().iter().any(is_inside) {
        return Err(Errno::INVAL);
    }
    // SAFETY: it is text or constants of the program itself, which are there for as long as it runs: they belong to no
    // value, so that nothing sound unmaps them, protects them otherwise or writes to them, and no stack is in them. They
    // may be read, and `protection` is how they are protected.
    unsafe { replace(memory, place, protection) }
}

/// The code that replaces, in a page of its own.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
fn code() -> Result<Mapping<Private, super::kind::ReadExecute>, Errno> {
    use super::mapping::Request;

    let page = PageSize::base();
    let length = usize::try_from(page.bytes().get()).map_err(|_| Errno::INVAL)?;

    let (start, end): (*const u8, *const u8);
    // Every system call: its number, then its arguments.
    #[cfg(target_arch = "x86_64")]
    // SAFETY: it only loads two addresses, and jumps over what lies between.
    unsafe {
        core::arch::asm!(
            "lea {start}, [rip + 2f]",
            "lea {end}, [rip + 3f]",
            "jmp 3f",
            "2:",
            "endbr64",
            "push rbx",
            "mov rbx, rdi",
            // The bytes.
            "mov rdi, [rbx]",
            "mov rsi, [rbx + 8]",
            "mov rcx, [rbx + 16]",
            "rep movsb",
            // mprotect
            "mov eax, 10",
            "mov rdi, [rbx]",
            "mov rsi, [rbx + 16]",
            "mov rdx, [rbx + 24]",
            "syscall",
            "test rax, rax",
            "jnz 5f",
            // mremap with MREMAP_MAYMOVE | MREMAP_FIXED
            "4:",
            "mov eax, 25",
            "mov rdi, [rbx]",
            "mov rsi, [rbx + 16]",
            "mov rdx, rsi",
            "mov r10d, 3",
            "mov r8, [rbx + 8]",
            "syscall",
            "mov [rbx + 32], rax",
            "cmp rax, [rbx + 8]",
            "mov eax, 0",
            "je 5f",
            // msync with MS_ASYNC does nothing but to say ENOMEM where nothing is mapped.
            "mov eax, 26",
            "mov rdi, [rbx + 8]",
            "mov rsi, [rbx + 16]",
            "mov edx, 1",
            "syscall",
            "cmp rax, -12",
            "mov rax, [rbx + 32]",
            "jne 5f",
            "dec qword ptr [rbx + 40]",
            "jnz 4b",
            "ud2",
            "5:",
            "pop rbx",
            "ret",
            "3:",
            start = out(reg) start,
            end = out(reg) end,
            options(nomem, nostack, preserves_flags),
        );
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: as above.
    unsafe {
        core::arch::asm!(
            "adr {start}, 2f",
            "adr {end}, 3f",
            "b 3f",
            "2:",
            "hint #34", // bti c
            "mov x9, x0",
            "ldp x10, x11, [x9]",
            "ldr x12, [x9, #16]",
            // The bytes.
            "mov x13, x10",
            "mov x14, x11",
            "mov x15, x12",
            "6:",
            "ldp x16, x17, [x14], #16",
            "stp x16, x17, [x13], #16",
            "subs x15, x15, #16",
            "b.ne 6b",
            // What is executed must be in memory, and nothing older in the caches of instructions.
            "mrs x16, ctr_el0",
            "add x15, x10, x12",
            "mov x13, #4",
            "ubfx x17, x16, #16, #4",
            "lsl x13, x13, x17",
            "mov x14, x10",
            "7:",
            "dc cvau, x14",
            "add x14, x14, x13",
            "cmp x14, x15",
            "b.lo 7b",
            "dsb ish",
            "mov x13, #4",
            "ubfx x17, x16, #0, #4",
            "lsl x13, x13, x17",
            "mov x14, x10",
            "8:",
            "ic ivau, x14",
            "add x14, x14, x13",
            "cmp x14, x15",
            "b.lo 8b",
            "dsb ish",
            "isb",
            // mprotect
            "mov x8, #226",
            "mov x0, x10",
            "mov x1, x12",
            "ldr x2, [x9, #24]",
            "svc #0",
            "cbnz x0, 5f",
            // mremap with MREMAP_MAYMOVE | MREMAP_FIXED
            "4:",
            "mov x8, #216",
            "mov x0, x10",
            "mov x1, x12",
            "mov x2, x12",
            "mov x3, #3",
            "mov x4, x11",
            "svc #0",
            "mov x13, x0",
            "mov x0, #0",
            "cmp x13, x11",
            "b.eq 5f",
            // msync with MS_ASYNC does nothing but to say ENOMEM where nothing is mapped.
            "mov x8, #227",
            "mov x0, x11",
            "mov x1, x12",
            "mov x2, #1",
            "svc #0",
            "cmn x0, #12",
            "mov x0, x13",
            "b.ne 5f",
            "ldr x14, [x9, #40]",
            "subs x14, x14, #1",
            "str x14, [x9, #40]",
            "b.ne 4b",
            "brk #1",
            "5:",
            "isb",
            "ret",
            "3:",
            start = out(reg) start,
            end = out(reg) end,
            options(nomem, nostack, preserves_flags),
        );
    }
    // SAFETY: between the two addresses are bytes of this program's text, which may be read and don't change.
    let bytes = unsafe { core::slice::from_raw_parts(start, end.addr() - start.addr()) };
    let request = Request { length, page, huge: false, address: None, no_reserve: false, stack: false };
    let mut memory: Mapping<Private, ReadWrite> = Mapping::private(request)?;
    memory.as_bytes_mut()[..bytes.len()].copy_from_slice(bytes);
    clear_instruction_cache(memory.as_bytes());
    memory.change().map_err(|(_, errno)| errno)
}

/// Makes what was written be what is executed.
#[cfg(target_arch = "aarch64")]
fn clear_instruction_cache(bytes: &[u8]) {
    // Each architecture that has lines has them of 4 bytes or more; a page is few of them.
    for address in bytes.as_ptr_range().start.addr()..bytes.as_ptr_range().end.addr() {
        if address.is_multiple_of(4) {
            // SAFETY: it cleans the cache of a byte that is mapped and readable, and changes none.
            unsafe { core::arch::asm!("dc cvau, {0}", in(reg) address, options(nostack, preserves_flags)) };
        }
    }
    // SAFETY: a barrier.
    unsafe { core::arch::asm!("dsb ish", options(nostack, preserves_flags)) };
    for address in bytes.as_ptr_range().start.addr()..bytes.as_ptr_range().end.addr() {
        if address.is_multiple_of(4) {
            // SAFETY: as above, of the cache of instructions.
            unsafe { core::arch::asm!("ic ivau, {0}", in(reg) address, options(nostack, preserves_flags)) };
        }
    }
    // SAFETY: barriers.
    unsafe { core::arch::asm!("dsb ish", "isb", options(nostack, preserves_flags)) };
}

/// Nothing is to be done: what is written is what is executed.
#[cfg(target_arch = "x86_64")]
fn clear_instruction_cache(_: &[u8]) {}

/// No architecture but these has its code here.
#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn code() -> Result<Mapping<Private, super::kind::ReadExecute>, Errno> {
    Err(Errno::NOSYS)
}

/// Has no signal be delivered to this thread meanwhile.
pub(crate) fn without_signals<T>(work: impl FnOnce() -> T) -> T {
    struct Restore(libc::sigset_t);
    impl Drop for Restore {
        fn drop(&mut self) {
            // SAFETY: the set is one that the call below gave.
            unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &self.0, core::ptr::null_mut()) };
        }
    }
    // SAFETY: a set of signals is plain numbers, for which 0 is a value; both calls only fill in their own sets, of which
    // the second is then the mask of before.
    let restore = unsafe {
        let (mut all, mut before) = (core::mem::zeroed(), core::mem::zeroed());
        libc::sigfillset(&mut all);
        libc::pthread_sigmask(libc::SIG_SETMASK, &all, &mut before);
        Restore(before)
    };
    let answer = work();
    drop(restore);
    answer
}
