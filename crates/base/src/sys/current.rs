//! The CPU and the node that the calling thread is on, as each way to find out gives them.

#[cfg(target_arch = "x86_64")]
use core::arch::x86_64::{__cpuid, __cpuid_count};
use core::sync::atomic::{AtomicIsize, Ordering::Relaxed};

#[cfg(target_arch = "x86_64")]
use linux_raw_sys::auxvec::AT_SYSINFO_EHDR;
use linux_raw_sys::{auxvec::AT_RSEQ_FEATURE_SIZE, general::__NR_getcpu};

use crate::syscall::{number, result};

/// The number of a CPU and that of its node.
pub(crate) type Numbers = (u32, u32);

/// How something is found that threads ask for often: chosen once, for the whole program.
#[derive(Debug)]
pub(crate) struct Choice(AtomicIsize);

/// What was chosen.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Chosen {
    Sequence(Field),
    #[cfg(target_arch = "x86_64")]
    Rdpid(Rdpid),
    #[cfg(target_arch = "x86_64")]
    Segment(Segment),
    #[cfg(target_arch = "x86_64")]
    Rdtscp(Rdtscp),
    /// Another way, by its number.
    Other(u16),
}

impl Choice {
    // A multiple of 4 is the offset of a field. What ends in the bits of `OTHER` has a number above them.
    #[cfg(target_arch = "x86_64")]
    const RDPID: isize = 1;
    #[cfg(target_arch = "x86_64")]
    const SEGMENT: isize = 5;
    #[cfg(target_arch = "x86_64")]
    const RDTSCP: isize = 9;
    const OTHER: isize = 2;
    const NONE: isize = 3;

    pub(crate) const fn new() -> Self {
        Self(AtomicIsize::new(Self::NONE))
    }

    pub(crate) fn set(&self, chosen: Chosen) {
        let value = match chosen {
            Chosen::Sequence(field) => field.0,
            #[cfg(target_arch = "x86_64")]
            Chosen::Rdpid(_) => Self::RDPID,
            #[cfg(target_arch = "x86_64")]
            Chosen::Segment(_) => Self::SEGMENT,
            #[cfg(target_arch = "x86_64")]
            Chosen::Rdtscp(_) => Self::RDTSCP,
            Chosen::Other(way) => isize::from(way as i16) << 2 | Self::OTHER,
        };
        self.0.store(value, Relaxed);
    }

    #[inline(always)]
    pub(crate) fn get(&self) -> Option<Chosen> {
        // Only `set` stores here, so a field is one that `sequence_fields` found, and an instruction is there.
        let value = self.0.load(Relaxed);
        if value & 3 == 0 {
            return Some(Chosen::Sequence(Field(value)));
        }
        #[cfg(target_arch = "x86_64")]
        if value == Self::RDPID {
            return Some(Chosen::Rdpid(Rdpid(())));
        }
        #[cfg(target_arch = "x86_64")]
        match value {
            Self::SEGMENT => return Some(Chosen::Segment(Segment(()))),
            Self::RDTSCP => return Some(Chosen::Rdtscp(Rdtscp(()))),
            _ => {}
        }
        (value & 3 == Self::OTHER).then_some(Chosen::Other((value >> 2) as u16))
    }
}

/// Where in the rseq area the CPU is: `cpu_id` of `struct rseq`.
const CPU_FIELD: isize = 4;
/// Where in the rseq area the node is: `node_id` of `struct rseq`.
const NODE_FIELD: isize = 20;

/// Where a field of the rseq area lies, from the thread pointer on: a multiple of 4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Field(isize);

impl Field {
    /// What the kernel last wrote there.
    #[inline(always)]
    pub(crate) fn read(self) -> u32 {
        #[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))]
        {
            let value: u32;
            // SAFETY: the C library has such an area for each thread that it started, this offset from that thread's
            // pointer, and the field lies in it, at a multiple of 4 (`sequence_fields`). It lives as long as the thread
            // does. Only the kernel writes it, and only while this thread does not run.
            unsafe {
                #[cfg(target_arch = "x86_64")]
                core::arch::asm!(
                    "mov {value:e}, dword ptr fs:[{field}]",
                    field = in(reg) self.0,
                    value = lateout(reg) value,
                    options(nostack, preserves_flags, readonly),
                );
                #[cfg(target_arch = "aarch64")]
                core::arch::asm!(
                    "mrs {pointer}, tpidr_el0",
                    "ldr {value:w}, [{pointer}, {field}]",
                    pointer = out(reg) _,
                    field = in(reg) self.0,
                    value = lateout(reg) value,
                    options(nostack, preserves_flags, readonly),
                );
                #[cfg(target_arch = "riscv64")]
                core::arch::asm!(
                    "add {pointer}, tp, {field}",
                    "lw {value}, 0({pointer})",
                    pointer = out(reg) _,
                    field = in(reg) self.0,
                    value = lateout(reg) value,
                    options(nostack, preserves_flags, readonly),
                );
            }
            value
        }
        // There are no fields then.
        #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
        u32::MAX
    }
}

/// The fields of the rseq area that the C library registered, for the CPU and, where the kernel fills that in, for the
/// node. `None` where it registered none (musl, glibc before 2.35, an emulator), or where this library can't tell where
/// threads have it.
pub(crate) fn sequence_fields() -> Option<(Field, Option<Field>)> {
    if cfg!(not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))) {
        return None;
    }
    // SAFETY: the names end in NUL. Nothing is loaded: a name that the program does not have gives null.
    let (offset, size) = unsafe {
        (
            libc::dlsym(libc::RTLD_DEFAULT, c"__rseq_offset".as_ptr()).cast::<isize>(),
            libc::dlsym(libc::RTLD_DEFAULT, c"__rseq_size".as_ptr()).cast::<u32>(),
        )
    };
    if offset.is_null() || size.is_null() {
        return None;
    }
    // SAFETY: the two are constants of the C library, a ptrdiff_t and an unsigned int, which it sets before the program
    // starts and never again.
    let (offset, size) = unsafe { (offset.read(), size.read()) };
    // SAFETY: it only looks a number up.
    let told = unsafe { libc::getauxval(AT_RSEQ_FEATURE_SIZE.into()) };
    if size == 0 {
        return None;
    }
    // Kernels before 6.3 do not tell, and fill in what comes before `node_id`. Later ones fill that in as well in whatever
    // was registered, since no area is shorter than 32 bytes; what some of glibc's versions give as the size is how much of
    // it they know.
    let filled = if told == 0 { 20 } else { told.min(32) as isize };
    let field = |at: isize| Some(Field(offset.checked_add(at)?));
    let has = |at: isize| filled >= at + 4 && offset % 4 == 0;
    if !has(CPU_FIELD) {
        return None;
    }
    Some((field(CPU_FIELD)?, field(NODE_FIELD).filter(|_| has(NODE_FIELD))))
}

/// The numbers as the kernel puts them together, for instructions to find: 12 bits of CPU, then the node.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
const fn apart(together: u32) -> Numbers {
    (together & 0xfff, together >> 12)
}

/// A processor that has the instruction RDPID.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rdpid(());

#[cfg(target_arch = "x86_64")]
impl Rdpid {
    /// Where the processor has it.
    pub(crate) fn new() -> Option<Self> {
        let features = (__cpuid(0).eax >= 7).then(|| __cpuid_count(7, 0).ecx)?;
        (features >> 22 & 1 == 1).then_some(Self(()))
    }

    /// What the instruction gives.
    #[inline(always)]
    pub(crate) fn read(self) -> Numbers {
        let together: u64;
        // SAFETY: it only reads a register that the kernel sets, and the processor has it (`new`).
        unsafe {
            core::arch::asm!("rdpid {}", out(reg) together, options(nomem, nostack, preserves_flags));
        }
        apart(together as u32)
    }
}

/// A processor that has the instruction RDTSCP.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rdtscp(());

#[cfg(target_arch = "x86_64")]
impl Rdtscp {
    /// Where the processor has it.
    pub(crate) fn new() -> Option<Self> {
        let features = (__cpuid(1 << 31).eax > 1 << 31).then(|| __cpuid((1 << 31) + 1).edx)?;
        (features >> 27 & 1 == 1).then_some(Self(()))
    }

    /// What the instruction gives.
    #[inline]
    pub(crate) fn read(self) -> Numbers {
        let together: u32;
        // SAFETY: it only reads registers, and the processor has it (`new`).
        unsafe {
            core::arch::asm!(
                "rdtscp",
                out("eax") _, out("edx") _, out("ecx") together,
                options(nomem, nostack, preserves_flags),
            );
        }
        apart(together)
    }
}

/// The segment whose limit the kernel keeps for this: entry 15 of the global descriptor table, for user space.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Segment(());

#[cfg(target_arch = "x86_64")]
impl Segment {
    const SELECTOR: u32 = 15 << 3 | 3;

    /// Where the kernel's own functions are in this program's memory, which look at the segment themselves. An emulator
    /// of single programs (valgrind) takes them away, and knows no LSL.
    pub(crate) fn new() -> Option<Self> {
        // SAFETY: it only looks a number up.
        let functions = unsafe { libc::getauxval(AT_SYSINFO_EHDR.into()) };
        (functions != 0).then_some(Self(()))
    }

    /// What the limit says; `None` where there is no such segment.
    #[inline]
    pub(crate) fn read(self) -> Option<Numbers> {
        let (limit, found): (u32, u8);
        // SAFETY: a selector that can't be used leaves the limit as it was and clears the zero flag; nothing else
        // happens.
        unsafe {
            core::arch::asm!(
                "lsl {limit:e}, {selector:e}",
                "setz {found}",
                limit = inout(reg) 0u32 => limit,
                selector = in(reg) Self::SELECTOR,
                found = lateout(reg_byte) found,
                options(nomem, nostack),
            );
        }
        (found != 0).then(|| apart(limit))
    }
}

/// By the system call getcpu(2).
#[inline]
pub(crate) fn system_call() -> Option<Numbers> {
    let (mut cpu, mut node) = (0u32, 0u32);
    let nothing = core::ptr::null::<u8>();
    // SAFETY: the kernel writes the two numbers; the third argument is no longer used.
    result(unsafe { libc::syscall(number(__NR_getcpu), &raw mut cpu, &raw mut node, nothing) }).ok()?;
    Some((cpu, node))
}

#[cfg(all(test, any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
mod tests {
    use core::sync::atomic::AtomicU32;

    use super::*;

    thread_local! {
        static AREA: [AtomicU32; 8] = const { [const { AtomicU32::new(0) }; 8] };
    }

    fn thread_pointer() -> isize {
        let pointer;
        // SAFETY: it only reads where this thread's own data is.
        unsafe {
            #[cfg(target_arch = "x86_64")]
            core::arch::asm!("mov {}, fs:[0]", out(reg) pointer, options(nostack, preserves_flags, readonly));
            #[cfg(target_arch = "aarch64")]
            core::arch::asm!("mrs {}, tpidr_el0", out(reg) pointer, options(nostack, preserves_flags, nomem));
            #[cfg(target_arch = "riscv64")]
            core::arch::asm!("mv {}, tp", out(reg) pointer, options(nostack, preserves_flags, nomem));
        }
        pointer
    }

    #[test]
    fn a_field_is_read_from_the_threads_own_area() {
        let read = |number: u32| {
            AREA.with(|area| {
                area[5].store(number, Relaxed);
                let start = area.as_ptr().addr() as isize - thread_pointer();
                Field(start + NODE_FIELD).read()
            })
        };
        assert_eq!(read(7), 7);
        assert_eq!(std::thread::spawn(move || read(u32::MAX - 1)).join().unwrap(), u32::MAX - 1);
        assert_eq!(read(9), 9);
    }

    #[test]
    fn what_was_chosen_comes_back() {
        let choice = Choice::new();
        assert!(choice.get().is_none());
        for offset in [-160, 96, 0x7000_0000] {
            choice.set(Chosen::Sequence(Field(offset)));
            assert!(matches!(choice.get(), Some(Chosen::Sequence(Field(found))) if found == offset));
        }
        for number in [0, 5, u16::MAX] {
            choice.set(Chosen::Other(number));
            assert!(matches!(choice.get(), Some(Chosen::Other(found)) if found == number));
        }
    }
}
