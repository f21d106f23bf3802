use core::fmt;

/// The kernel's flags of a task (`PF_…`): which of them a bit is may change from kernel to kernel, so the ones
/// named here are those that have stayed where they are since 2.6.32 or were added since.
///
/// # Source
/// proc(5), "/proc/PID/stat", field 9; include/linux/sched.h.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct ProcessFlags(u32);

const NAMES: [(u32, &str); 13] = [
    (0x2, "idle"),
    (0x4, "exiting"),
    (0x10, "io-worker"),
    (0x20, "workqueue-worker"),
    (0x40, "forked-without-exec"),
    (0x100, "used-superuser-privilege"),
    (0x200, "dumped-core"),
    (0x400, "killed-by-signal"),
    (0x800, "allocating-memory"),
    (0x8000, "not-freezable"),
    (0x2_0000, "swap-daemon"),
    (0x20_0000, "kernel-thread"),
    (0x400_0000, "fixed-affinity"),
];

impl ProcessFlags {
    /// The flags of these bits.
    #[must_use]
    pub const fn from_bits(bits: u32) -> Self {
        Self(bits)
    }

    /// All bits, known or not.
    #[must_use]
    pub const fn bits(self) -> u32 {
        self.0
    }

    /// Whether it is a thread of the kernel's own.
    #[doc(alias = "PF_KTHREAD")]
    #[must_use]
    pub const fn is_kernel_thread(self) -> bool {
        self.0 & 0x20_0000 != 0
    }

    /// Whether it is ending.
    #[doc(alias = "PF_EXITING")]
    #[must_use]
    pub const fn is_exiting(self) -> bool {
        self.0 & 0x4 != 0
    }

    /// Whether it has not called `execve(2)` since it was forked.
    #[doc(alias = "PF_FORKNOEXEC")]
    #[must_use]
    pub const fn is_forked_without_exec(self) -> bool {
        self.0 & 0x40 != 0
    }

    /// Whether it has used the superuser's privileges.
    #[doc(alias = "PF_SUPERPRIV")]
    #[must_use]
    pub const fn used_superuser_privilege(self) -> bool {
        self.0 & 0x100 != 0
    }

    /// Whether user space may not change its CPUs.
    #[doc(alias = "PF_NO_SETAFFINITY")]
    #[must_use]
    pub const fn has_fixed_affinity(self) -> bool {
        self.0 & 0x400_0000 != 0
    }

    /// The names of the flags that are known, and the bits of the others in hexadecimal.
    pub fn names(self) -> impl Iterator<Item = String> {
        (0..32).map(move |bit| self.0 & 1 << bit).filter(|&bit| bit != 0).map(|bit| {
            match NAMES.iter().find(|(known, _)| *known == bit) {
                Some((_, name)) => (*name).to_owned(),
                None => format!("{bit:#x}"),
            }
        })
    }
}

impl fmt::Debug for ProcessFlags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ProcessFlags({:#x})", self.0)
    }
}

crate::serialize::as_names!(
    ProcessFlags,
    "ProcessFlags",
    "The kernel's flags: names of the known ones, hexadecimal bits of the others."
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_that_are_not_known_are_kept_as_bits() {
        let flags = ProcessFlags::from_bits(0x8020_8044);
        let names: Vec<_> = flags.names().collect();
        assert_eq!(names, ["exiting", "forked-without-exec", "not-freezable", "kernel-thread", "0x80000000"]);
        assert!(flags.is_kernel_thread() && flags.is_exiting() && flags.is_forked_without_exec());
        assert!(!flags.has_fixed_affinity() && !flags.used_superuser_privilege());
    }
}
