//! The architectures that a filter tells apart.

use core::fmt;

/// An architecture of system calls, as the kernel tells it to a filter.
///
/// A processor may serve several: one of x86_64 takes the calls of i386 too, and those of x32, which have the
/// architecture of x86_64 and numbers of their own (see [`X32_BIT`](Self::X32_BIT)).
///
/// # Source
/// seccomp(2), `include/uapi/linux/audit.h`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "AUDIT_ARCH")]
pub struct Architecture(u32);

impl Architecture {
    /// 64-bit x86, and x32.
    #[doc(alias = "AUDIT_ARCH_X86_64")]
    pub const X86_64: Self = Self(0xc000_003e);
    /// 32-bit x86.
    #[doc(alias = "AUDIT_ARCH_I386")]
    pub const I386: Self = Self(0x4000_0003);
    /// 64-bit ARM.
    #[doc(alias = "AUDIT_ARCH_AARCH64")]
    pub const AARCH64: Self = Self(0xc000_00b7);
    /// 32-bit ARM, little-endian.
    #[doc(alias = "AUDIT_ARCH_ARM")]
    pub const ARM: Self = Self(0x4000_0028);
    /// 64-bit RISC-V.
    #[doc(alias = "AUDIT_ARCH_RISCV64")]
    pub const RISCV64: Self = Self(0xc000_00f3);

    /// Those whose calls are known here by name.
    pub const NAMED: [Self; 3] = [Self::X86_64, Self::AARCH64, Self::RISCV64];

    /// The bit that the numbers of x32's calls have, and those of x86_64 have not.
    #[doc(alias = "__X32_SYSCALL_BIT")]
    pub const X32_BIT: u32 = 0x4000_0000;

    /// That of this program; `None` where it is none of [`NAMED`](Self::NAMED).
    pub const NATIVE: Option<Self> = if cfg!(target_arch = "x86_64") {
        Some(Self::X86_64)
    } else if cfg!(target_arch = "aarch64") {
        Some(Self::AARCH64)
    } else if cfg!(target_arch = "riscv64") {
        Some(Self::RISCV64)
    } else {
        None
    };

    /// The architecture of this `AUDIT_ARCH_` number.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// Its `AUDIT_ARCH_` number: that of ELF, with bits for its width and order of bytes.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }

    /// Its usual name, if it has one here.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::X86_64 => Some("x86_64"),
            Self::I386 => Some("i386"),
            Self::AARCH64 => Some("aarch64"),
            Self::ARM => Some("arm"),
            Self::RISCV64 => Some("riscv64"),
            _ => None,
        }
    }
}

impl fmt::Display for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "architecture {:#x}", self.0),
        }
    }
}

impl fmt::Debug for Architecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
