use core::fmt;

/// The architecture by which a system call was made, as the kernel's audit counts them.
///
/// # Source
/// `include/uapi/linux/audit.h`, seccomp(2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "AUDIT_ARCH")]
pub struct AuditArchitecture(u32);

macro_rules! architectures {
    ($($alias:literal $name:ident = $number:literal, $text:literal;)*) => {
        impl AuditArchitecture {
            $(
                #[doc = concat!("`", $text, "`.")]
                #[doc(alias = $alias)]
                pub const $name: Self = Self($number);
            )*

            /// Its name, where it is known.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($number => Some($text),)*
                    _ => None,
                }
            }
        }
    };
}

// The number of the ELF machine, a bit for 64 bits, and one for little-endian.
architectures! {
    "AUDIT_ARCH_X86_64" X86_64 = 0xc000_003e, "x86_64";
    "AUDIT_ARCH_I386" X86 = 0x4000_0003, "x86";
    "AUDIT_ARCH_AARCH64" AARCH64 = 0xc000_00b7, "aarch64";
    "AUDIT_ARCH_ARM" ARM = 0x4000_0028, "arm";
    "AUDIT_ARCH_RISCV64" RISCV64 = 0xc000_00f3, "riscv64";
    "AUDIT_ARCH_RISCV32" RISCV32 = 0x4000_00f3, "riscv32";
    "AUDIT_ARCH_LOONGARCH64" LOONGARCH64 = 0xc000_0102, "loongarch64";
    "AUDIT_ARCH_PPC64LE" POWERPC64_LE = 0xc000_0015, "powerpc64le";
    "AUDIT_ARCH_PPC64" POWERPC64 = 0x8000_0015, "powerpc64";
    "AUDIT_ARCH_S390X" S390X = 0x8000_0016, "s390x";
    "AUDIT_ARCH_MIPSEL64" MIPS64_LE = 0xc000_0008, "mips64el";
    "AUDIT_ARCH_MIPS64" MIPS64 = 0x8000_0008, "mips64";
    "AUDIT_ARCH_SPARC64" SPARC64 = 0x8000_002b, "sparc64";
}

impl AuditArchitecture {
    /// That of this program's own calls, where it is known.
    pub const NATIVE: Option<Self> = if cfg!(target_arch = "x86_64") {
        Some(Self::X86_64)
    } else if cfg!(target_arch = "aarch64") {
        Some(Self::AARCH64)
    } else if cfg!(target_arch = "riscv64") {
        Some(Self::RISCV64)
    } else {
        None
    };

    /// The one of this number, which may be none that is known.
    #[must_use]
    pub const fn new(number: u32) -> Self {
        Self(number)
    }

    /// The kernel's number.
    #[must_use]
    pub const fn number(self) -> u32 {
        self.0
    }
}

impl fmt::Display for AuditArchitecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.pad(name),
            None => write!(f, "{:#x}", self.0),
        }
    }
}

impl fmt::Debug for AuditArchitecture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AuditArchitecture({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_is_not_known_keeps_its_number() {
        assert_eq!(AuditArchitecture::new(0xc000_003e).to_string(), "x86_64");
        assert_eq!(AuditArchitecture::new(7).to_string(), "0x7");
        assert_eq!(AuditArchitecture::X86.number(), 0x4000_0003);
    }
}
