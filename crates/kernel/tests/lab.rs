//! The kernel of the lab's machines.

mod any {
    use linux_support_base::{KernelRelease, KernelVersion, Machine};
    use linux_support_kernel::{CommandLine, Hardening, Lockdown};

    #[test]
    #[ignore = "runs in the lab: cargo xtask lab"]
    fn the_words_that_the_lab_boots_with_are_on_the_command_line() {
        let line = CommandLine::read(&Machine::live().unwrap()).unwrap();
        assert_eq!(line.value(b"panic"), Some(&b"-1"[..]));
        assert_eq!(line.value(b"oops"), Some(&b"panic"[..]));
    }

    #[test]
    #[ignore = "runs in the lab: cargo xtask lab"]
    fn the_kernel_is_one_that_is_supported() {
        let release = std::fs::read("/proc/sys/kernel/osrelease").unwrap();
        let version = KernelRelease::parse(release.trim_ascii()).unwrap().version();
        assert!(version >= KernelVersion::new(6, 1, 0), "{version}");
    }

    #[test]
    #[ignore = "runs in the lab: cargo xtask lab"]
    fn lockdown_and_the_active_security_modules_are_told() {
        let hardening = Hardening::read(&Machine::live().unwrap());
        let modules = hardening.security_modules.into_result().unwrap();
        // As Debian builds its kernels.
        for name in ["capability", "landlock", "yama"] {
            assert!(modules.iter().any(|module| *module == name), "{modules:?}");
        }
        assert_eq!(hardening.lockdown.into_result().unwrap(), Lockdown::None);
        assert!(hardening.ptrace_scope.into_result().unwrap() <= 3);
        assert!(!hardening.modules_disabled.into_result().unwrap());
    }
}

mod devices {
    use std::process::Command;

    use linux_support_base::Machine;
    use linux_support_kernel::Module;

    #[test]
    #[ignore = "runs in the lab: cargo xtask lab"]
    fn a_module_comes_and_goes() {
        let machine = Machine::live().unwrap();
        let is_loaded = || {
            let modules = Module::read_all(&machine).unwrap();
            modules.iter().any(|module| module.name.as_bytes() == b"dummy")
        };
        assert!(!is_loaded());
        assert!(Command::new("modprobe").arg("dummy").status().unwrap().success());
        let loaded = is_loaded();
        assert!(Command::new("rmmod").arg("dummy").status().unwrap().success());
        assert!(loaded);
        assert!(!is_loaded());
    }
}
