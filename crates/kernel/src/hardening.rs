use linux_support_base::{ByteString, Choice, Error, Machine, ParseError, Reading, Requirement, text};

/// How far the kernel is closed to attacks from root and from programs: lockdown, security modules, latches.
///
/// # Source
/// Documentation/admin-guide/sysctl/kernel.rst, `kernel_lockdown(7)`, Documentation/admin-guide/LSM/.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Hardening {
    /// How far even root is kept from changing the kernel.
    pub lockdown: Reading<Lockdown>,
    /// The active security modules, in their order.
    pub security_modules: Reading<Vec<ByteString>>,
    /// Whether no more modules can be loaded, until the next start.
    pub modules_disabled: Reading<bool>,
    /// Whether no other kernel can be loaded for `kexec`, until the next start.
    pub kexec_load_disabled: Reading<bool>,
    /// Whether the kernel log is for the privileged only.
    pub dmesg_restrict: Reading<bool>,
    /// Who sees the kernel's addresses: 0 all, 1 the privileged, 2 nobody.
    pub kptr_restrict: Reading<u32>,
    /// Who may trace whom, with Yama: 0 the same user, 1 descendants, 2 the privileged, 3 nobody.
    pub ptrace_scope: Reading<u32>,
    /// How little the unprivileged may measure: -1 all, up to 2 (or 3 and 4 in distributions' kernels).
    pub perf_event_paranoid: Reading<i32>,
    /// Whether the unprivileged may use BPF: 0 yes, 1 no until the next start, 2 no.
    pub unprivileged_bpf_disabled: Reading<u32>,
    /// Who may use io_uring: 0 all, 1 a group, 2 nobody. Since Linux 6.6.
    pub io_uring_disabled: Reading<u32>,
    /// Whether the places of memory are random: 0 no, 1 but for the heap, 2 all.
    pub randomize_va_space: Reading<u32>,
    /// The lowest address that programs may map.
    pub mmap_min_addr: Reading<u64>,
    /// Whether a program's set-user-ID core may be dumped: 0 no, 1 yes, 2 for root only.
    pub suid_dumpable: Reading<u32>,
    /// Whether links in shared folders are followed only where they are safe.
    pub protected_symlinks: Reading<bool>,
    /// Whether hard links to files of others are refused.
    pub protected_hardlinks: Reading<bool>,
    /// Whether FIFOs of others in shared folders are not opened for writing: 0 to 2.
    pub protected_fifos: Reading<u32>,
    /// Whether files of others in shared folders are not opened for writing: 0 to 2.
    pub protected_regular: Reading<u32>,
    /// What the magic keys may do: 0 nothing, 1 all, else a set of bits.
    pub sysrq: Reading<u32>,
}

/// How far even root is kept from changing the kernel: `kernel_lockdown(7)`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(rename_all = "kebab-case"))]
#[non_exhaustive]
pub enum Lockdown {
    /// Not at all.
    None,
    /// From changing it.
    Integrity,
    /// From changing it and from reading its secrets.
    Confidentiality,
    /// In a way that this library does not know.
    Unknown(ByteString),
}

impl Lockdown {
    /// Reads `none [integrity] confidentiality`.
    ///
    /// # Errors
    /// No word is in brackets.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let chosen = Choice::parse(text)?.chosen;
        Ok(match chosen.as_bytes() {
            b"none" => Self::None,
            b"integrity" => Self::Integrity,
            b"confidentiality" => Self::Confidentiality,
            _ => Self::Unknown(chosen),
        })
    }
}

impl Hardening {
    /// Reads `/proc/sys` and `/sys/kernel/security`.
    #[must_use]
    pub fn read(machine: &Machine) -> Self {
        fn number<T: text::Integer>(machine: &Machine, path: &str, needs: Requirement) -> Reading<T> {
            machine.parse_needing(path, needs, |bytes| text::decimal(text::trim(bytes))).into()
        }
        let flag = |path: &str, needs| -> Reading<bool> {
            machine.parse_needing(path, needs, |bytes| text::boolean(text::trim(bytes))).into()
        };
        const ANY: Requirement = Requirement::none();
        const SECURITYFS: Requirement = Requirement::none()
            .configuration("CONFIG_SECURITYFS, and securityfs mounted on /sys/kernel/security");
        const LOCKDOWN: Requirement = Requirement::none()
            .since(5, 4)
            .configuration("CONFIG_SECURITY_LOCKDOWN_LSM, and securityfs mounted on /sys/kernel/security");
        Self {
            lockdown: machine
                .parse_needing("/sys/kernel/security/lockdown", LOCKDOWN, Lockdown::parse)
                .into(),
            security_modules: security_modules(machine)
                .map_err(|error| machine.explain(error, SECURITYFS))
                .into(),
            modules_disabled: flag("/proc/sys/kernel/modules_disabled", ANY.configuration("CONFIG_MODULES")),
            kexec_load_disabled: flag(
                "/proc/sys/kernel/kexec_load_disabled",
                ANY.configuration("CONFIG_KEXEC_CORE"),
            ),
            dmesg_restrict: flag("/proc/sys/kernel/dmesg_restrict", ANY),
            kptr_restrict: number(machine, "/proc/sys/kernel/kptr_restrict", ANY),
            ptrace_scope: number(
                machine,
                "/proc/sys/kernel/yama/ptrace_scope",
                ANY.configuration("CONFIG_SECURITY_YAMA"),
            ),
            perf_event_paranoid: number(
                machine,
                "/proc/sys/kernel/perf_event_paranoid",
                ANY.configuration("CONFIG_PERF_EVENTS"),
            ),
            unprivileged_bpf_disabled: number(
                machine,
                "/proc/sys/kernel/unprivileged_bpf_disabled",
                ANY.configuration("CONFIG_BPF_SYSCALL"),
            ),
            io_uring_disabled: number(
                machine,
                "/proc/sys/kernel/io_uring_disabled",
                ANY.since(6, 6).configuration("CONFIG_IO_URING"),
            ),
            randomize_va_space: number(machine, "/proc/sys/kernel/randomize_va_space", ANY),
            mmap_min_addr: number(machine, "/proc/sys/vm/mmap_min_addr", ANY),
            suid_dumpable: number(machine, "/proc/sys/fs/suid_dumpable", ANY),
            protected_symlinks: flag("/proc/sys/fs/protected_symlinks", ANY),
            protected_hardlinks: flag("/proc/sys/fs/protected_hardlinks", ANY),
            protected_fifos: number(machine, "/proc/sys/fs/protected_fifos", ANY.since(4, 19)),
            protected_regular: number(machine, "/proc/sys/fs/protected_regular", ANY.since(4, 19)),
            sysrq: number(machine, "/proc/sys/kernel/sysrq", ANY.configuration("CONFIG_MAGIC_SYSRQ")),
        }
    }
}

fn security_modules(machine: &Machine) -> Result<Vec<ByteString>, Error> {
    machine.parse("/sys/kernel/security/lsm", |bytes| {
        let names = text::trim(bytes).split(|&byte| byte == b',').filter(|name| !name.is_empty());
        Ok(names.map(ByteString::from).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lockdown_is_the_word_in_brackets() {
        assert_eq!(Lockdown::parse(b"none [integrity] confidentiality\n"), Ok(Lockdown::Integrity));
        assert_eq!(Lockdown::parse(b"[none] x"), Ok(Lockdown::None));
        assert_eq!(Lockdown::parse(b"none [x]"), Ok(Lockdown::Unknown("x".into())));
        assert!(Lockdown::parse(b"none").is_err());
    }

    #[test]
    fn a_captured_machine_has_its_own_modules_and_latches() {
        let tree = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = tree.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("sys/kernel/security/lsm", "lockdown,capability,landlock,yama,newone");
        write("sys/kernel/security/lockdown", "none integrity [confidentiality]\n");
        write("proc/sys/kernel/yama/ptrace_scope", "2\n");
        let hardening = Hardening::read(&Machine::captured(tree.path()).unwrap());
        let modules = hardening.security_modules.into_result().unwrap();
        assert_eq!(modules, ["lockdown", "capability", "landlock", "yama", "newone"]);
        assert_eq!(hardening.lockdown.into_result().unwrap(), Lockdown::Confidentiality);
        assert_eq!(hardening.ptrace_scope.into_result().unwrap(), 2);
        let absent = hardening.io_uring_disabled.into_result().unwrap_err().to_string();
        assert!(absent.contains("io_uring_disabled: absent"), "{absent}");
    }

    #[test]
    fn this_machine_says_whether_addresses_are_random() {
        let hardening = Hardening::read(&Machine::live().unwrap());
        assert!(hardening.randomize_va_space.value().is_some_and(|&value| value <= 2));
    }
}
