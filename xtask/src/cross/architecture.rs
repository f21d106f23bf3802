//! The architectures that this machine builds for.

use std::path::Path;

use clap::ValueEnum;

use super::musl::Unwinder;

/// An architecture, and the C library that goes with it.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd, ValueEnum)]
pub(crate) enum Architecture {
    /// 64-bit Arm with glibc.
    Aarch64,
    /// 64-bit RISC-V with glibc.
    Riscv64,
    /// x86-64 with musl.
    Musl,
    /// 64-bit little-endian POWER with glibc, whose pages are of 64 KiB.
    Powerpc64le,
}

/// What can be done for an architecture here.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Way {
    /// This machine's own processor runs it.
    Native,
    /// The program of this name runs it.
    Emulated(&'static str),
    /// It is compiled as far as that needs no linker.
    CheckedOnly,
}

/// Where what is built will run.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Kernel {
    /// Here, through user emulation where the processor is another one.
    ThisMachines,
    /// In a machine of the lab, whose kernel is of the architecture.
    ItsOwn,
}

impl Architecture {
    /// All of them, in the order in which they are tried: the quickest first.
    pub(super) const ALL: [Self; 4] = [Self::Powerpc64le, Self::Musl, Self::Aarch64, Self::Riscv64];

    /// Rust's name for it.
    pub(crate) const fn target(self) -> &'static str {
        match self {
            Self::Aarch64 => "aarch64-unknown-linux-gnu",
            Self::Riscv64 => "riscv64gc-unknown-linux-gnu",
            Self::Musl => "x86_64-unknown-linux-musl",
            Self::Powerpc64le => "powerpc64le-unknown-linux-gnu",
        }
    }

    /// Its name for people.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Aarch64 => "aarch64, glibc",
            Self::Riscv64 => "riscv64, glibc",
            Self::Musl => "x86_64, musl",
            Self::Powerpc64le => "powerpc64le, glibc",
        }
    }

    pub(super) const fn way(self) -> Way {
        match self {
            Self::Aarch64 => Way::Emulated("qemu-aarch64"),
            Self::Riscv64 => Way::Emulated("qemu-riscv64"),
            Self::Musl => Way::Native,
            Self::Powerpc64le => Way::CheckedOnly,
        }
    }

    /// What links for it.
    pub(super) const fn linker(self) -> Option<&'static str> {
        match self {
            Self::Aarch64 => Some("aarch64-linux-gnu-gcc"),
            Self::Riscv64 => Some("riscv64-linux-gnu-gcc"),
            Self::Musl => Some("musl-gcc"),
            Self::Powerpc64le => None,
        }
    }

    /// What linking for it needs, beside the compiler, and the Debian packages that have it.
    pub(super) const fn needs(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Aarch64 => &[
                ("aarch64-linux-gnu-gcc", "gcc-aarch64-linux-gnu"),
                ("/usr/aarch64-linux-gnu/lib/libc.a", "libc6-dev-arm64-cross"),
            ],
            Self::Riscv64 => &[
                ("riscv64-linux-gnu-gcc", "gcc-riscv64-linux-gnu"),
                ("/usr/riscv64-linux-gnu/lib/libc.a", "libc6-dev-riscv64-cross"),
            ],
            Self::Musl => &[("musl-gcc", "musl-tools")],
            Self::Powerpc64le => &[],
        }
    }

    /// The part of the names of cargo's variables for it.
    pub(super) fn variable(self, name: &str) -> String {
        format!("CARGO_TARGET_{}_{name}", self.target().to_uppercase().replace('-', "_"))
    }

    /// What rustc is told, given what musl lacks.
    ///
    /// Programs are static: so they run in any machine that boots, and user emulation needs no tree of the other
    /// architecture's libraries, into which it would lead absolute paths astray.
    pub(super) fn flags(self, kernel: Kernel, unwinder: Option<&Unwinder>) -> Vec<String> {
        let mut flags = vec!["-Ctarget-feature=+crt-static".to_owned()];
        if let (Way::Emulated(_), Kernel::ThisMachines) = (self.way(), kernel) {
            flags.push("--cfg=user_emulation".to_owned());
        }
        if let Some(Unwinder { library, fortified }) = unwinder {
            let folder = library.parent().unwrap_or(Path::new("/"));
            flags.push("-Clink-self-contained=no".to_owned());
            flags.push(format!("-Lnative={}", folder.display()));
            flags.push(format!("-Clink-arg={}", fortified.display()));
        }
        flags
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargos_variables_are_named_after_the_target() {
        let name = Architecture::Musl.variable("LINKER");
        assert_eq!(name, "CARGO_TARGET_X86_64_UNKNOWN_LINUX_MUSL_LINKER");
    }

    #[test]
    fn only_what_runs_through_user_emulation_is_told_so() {
        let told = |architecture: Architecture, kernel| {
            architecture.flags(kernel, None).iter().any(|flag| flag.ends_with("user_emulation"))
        };
        assert!(told(Architecture::Aarch64, Kernel::ThisMachines));
        assert!(!told(Architecture::Aarch64, Kernel::ItsOwn));
        assert!(!told(Architecture::Musl, Kernel::ThisMachines));
    }

    #[test]
    fn what_is_run_is_linked() {
        for architecture in Architecture::ALL {
            let checked_only = architecture.way() == Way::CheckedOnly;
            assert_eq!(architecture.linker().is_none(), checked_only, "{}", architecture.name());
        }
    }
}
