//! Files of a task that tell of its program and of its way through the kernel.

use linux_support_base::{ByteString, Errno, Error, Pages, ParseError, Reason, Requirement, text::decimal};
use linux_support_security::namespace::{GroupSetting, ProjectIdMap, TimeOffsets};

use crate::{
    architecture_status::ArchitectureStatus,
    auxiliary::AuxiliaryVector,
    environment::Environment,
    kernel_stack::KernelStack,
    latency::Latency,
    mount_statistics::{MountStatistics, MountStatisticsIter},
    page_merging::PageMerging,
    patch_state::PatchState,
    posix_timers::PosixTimer,
    resource_groups::ResourceGroups,
    scheduler_debug::SchedulerDebug,
    seccomp_cache::SeccompCacheEntry,
    security_attribute::SecurityAttribute,
    security_label::SecurityLabel,
    system_call::InKernel,
    task::Task,
};

const PTRACE: Requirement = Requirement::none().capability("CAP_SYS_PTRACE");
const ADMIN: Requirement = Requirement::none().capability("CAP_SYS_ADMIN");

impl Task<'_> {
    /// What the kernel told its program when it started it: nothing for kernel threads and what has ended.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat); also without the permission to inspect it.
    #[doc(alias = "auxv")]
    pub fn auxiliary_vector(&self) -> Result<AuxiliaryVector, Error> {
        self.of_program("auxv", AuxiliaryVector::parse)
    }

    /// The environment that its program was started with: none for kernel threads and what has ended.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat); also without the permission to inspect it.
    #[doc(alias = "environ")]
    pub fn environment(&self) -> Result<Environment, Error> {
        self.of_program("environ", Environment::parse)
    }

    /// Reads a file of its program. A task without one (a kernel thread, or one that has ended and was not waited for)
    /// has empty ones in older kernels; newer ones refuse them with the error that they have for no task.
    fn of_program<T>(&self, name: &str, parse: fn(&[u8]) -> Result<T, ParseError>) -> Result<T, Error> {
        match self.parse(name, PTRACE, parse) {
            Err(error) if *error.reason() == Reason::Gone && self.ensure_alive().is_ok() => parse(b"")
                .map_err(|error| {
                    Error::malformed([self.directory().path(), b"/", name.as_bytes()].concat(), error)
                }),
            outcome => outcome,
        }
    }

    /// What it is doing in the kernel.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat); also without the permission to inspect it.
    ///
    /// # Kernel
    /// With CONFIG_HAVE_ARCH_TRACEHOOK.
    #[doc(alias = "syscall")]
    pub fn in_kernel(&self) -> Result<InKernel, Error> {
        self.parse("syscall", PTRACE.configuration("CONFIG_HAVE_ARCH_TRACEHOOK"), InKernel::parse)
    }

    /// The functions of the kernel that it is in.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat); also without CAP_SYS_ADMIN.
    ///
    /// # Kernel
    /// With CONFIG_STACKTRACE.
    #[doc(alias = "stack")]
    pub fn kernel_stack(&self) -> Result<KernelStack, Error> {
        self.parse("stack", ADMIN.configuration("CONFIG_STACKTRACE"), KernelStack::parse)
    }

    /// What the scheduler counts of it.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat).
    ///
    /// # Kernel
    /// With CONFIG_SCHED_DEBUG; since 6.15 always.
    #[doc(alias = "sched")]
    pub fn scheduler_debug(&self) -> Result<SchedulerDebug, Error> {
        self.parse("sched", PTRACE.configuration("CONFIG_SCHED_DEBUG"), SchedulerDebug::parse)
    }

    /// Its timers of timer_create(2).
    ///
    /// # Errors
    /// As for [`stat`](Self::stat); absent for a thread.
    ///
    /// # Kernel
    /// With CONFIG_CHECKPOINT_RESTORE.
    #[doc(alias = "timers")]
    pub fn posix_timers(&self) -> Result<Vec<PosixTimer>, Error> {
        self.parse("timers", PTRACE.configuration("CONFIG_CHECKPOINT_RESTORE"), PosixTimer::parse_all)
    }

    /// Where it waited longest.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat).
    ///
    /// # Kernel
    /// With CONFIG_LATENCYTOP.
    pub fn latencies(&self) -> Result<Vec<Latency>, Error> {
        self.parse("latency", PTRACE.configuration("CONFIG_LATENCYTOP"), Latency::parse_all)
    }

    /// What the architecture says of it.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat).
    ///
    /// # Kernel
    /// Since 5.3, with CONFIG_PROC_PID_ARCH_STATUS: on x86.
    #[doc(alias = "arch_status")]
    pub fn architecture_status(&self) -> Result<ArchitectureStatus, Error> {
        let needs = PTRACE.since(5, 3).configuration("CONFIG_PROC_PID_ARCH_STATUS");
        self.parse("arch_status", needs, ArchitectureStatus::parse)
    }

    /// How much of its memory is merged with equal pages.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat); also without the permission to inspect it.
    ///
    /// # Kernel
    /// Since 6.1, with CONFIG_KSM.
    #[doc(alias = "ksm_stat")]
    pub fn page_merging(&self) -> Result<PageMerging, Error> {
        self.parse("ksm_stat", PTRACE.since(6, 1).configuration("CONFIG_KSM"), PageMerging::parse)
    }

    /// How many of its pages are merged with equal ones; `None` where it has no memory: kernel threads.
    ///
    /// # Errors
    /// As for [`page_merging`](Self::page_merging).
    ///
    /// # Kernel
    /// Since 5.19, with CONFIG_KSM.
    #[doc(alias = "ksm_merging_pages")]
    pub fn merged_pages(&self) -> Result<Option<Pages>, Error> {
        let needs = PTRACE.since(5, 19).configuration("CONFIG_KSM");
        self.parse("ksm_merging_pages", needs, |text| match text.trim_ascii() {
            b"" => Ok(None),
            text => decimal(text).map(|pages| Some(Pages::new(pages))),
        })
    }

    /// How a live patch stands for it.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat); also without the permission to inspect it.
    ///
    /// # Kernel
    /// With CONFIG_LIVEPATCH.
    pub fn patch_state(&self) -> Result<PatchState, Error> {
        self.parse("patch_state", PTRACE.configuration("CONFIG_LIVEPATCH"), PatchState::parse)
    }

    /// Which system calls its seccomp filters always allow.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat); also without CAP_SYS_ADMIN.
    ///
    /// # Kernel
    /// Since 5.11, with CONFIG_SECCOMP_CACHE_DEBUG.
    pub fn seccomp_cache(&self) -> Result<Vec<SeccompCacheEntry>, Error> {
        let needs = ADMIN.since(5, 11).configuration("CONFIG_SECCOMP_CACHE_DEBUG");
        self.parse("seccomp_cache", needs, SeccompCacheEntry::parse_all)
    }

    /// Which groups of resource control it is in.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat).
    ///
    /// # Kernel
    /// Since 5.6, with CONFIG_PROC_CPU_RESCTRL.
    #[doc(alias = "cpu_resctrl_groups")]
    pub fn resource_groups(&self) -> Result<ResourceGroups, Error> {
        let needs = PTRACE.since(5, 6).configuration("CONFIG_PROC_CPU_RESCTRL");
        self.parse("cpu_resctrl_groups", needs, ResourceGroups::parse)
    }

    /// By how much the clocks differ in the time namespace that its children will be in.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat); absent for a thread.
    ///
    /// # Kernel
    /// Since 5.6, with CONFIG_TIME_NS.
    #[doc(alias = "timens_offsets")]
    pub fn time_offsets(&self) -> Result<TimeOffsets, Error> {
        self.parse("timens_offsets", PTRACE.since(5, 6).configuration("CONFIG_TIME_NS"), TimeOffsets::parse)
    }

    /// Reads what file systems count of the mounts that it sees into `buffer`, and gives the mounts one by one.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat); also without the permission to inspect it, or for a thread.
    #[doc(alias = "mountstats")]
    pub fn mount_statistics<'b>(&self, buffer: &'b mut Vec<u8>) -> Result<MountStatisticsIter<'b>, Error> {
        self.directory().read_into("mountstats", buffer).map_err(|error| self.explain(error, PTRACE))?;
        Ok(MountStatistics::parse(buffer))
    }

    /// Whether the supplementary groups may be set in its user namespace.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat).
    ///
    /// # Kernel
    /// Since 3.19, with CONFIG_USER_NS.
    #[doc(alias = "setgroups")]
    pub fn group_setting(&self) -> Result<GroupSetting, Error> {
        self.parse("setgroups", PTRACE.since(3, 19).configuration("CONFIG_USER_NS"), GroupSetting::parse)
    }

    /// How its user namespace numbers projects.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat).
    ///
    /// # Kernel
    /// With CONFIG_USER_NS.
    #[doc(alias = "projid_map")]
    pub fn project_id_map(&self) -> Result<ProjectIdMap, Error> {
        self.parse("projid_map", PTRACE.configuration("CONFIG_USER_NS"), ProjectIdMap::parse)
    }

    /// What the first security module that has such attributes knows of it; `None` where it sets none, and where no
    /// module has any.
    ///
    /// # Errors
    /// As for [`stat`](Self::stat); also without the permission to inspect it.
    ///
    /// # Kernel
    /// With CONFIG_SECURITY.
    #[doc(alias = "attr")]
    pub fn security_attribute(&self, attribute: SecurityAttribute) -> Result<Option<ByteString>, Error> {
        self.attribute(&format!("attr/{attribute}"))
    }

    /// How the first security module that labels tasks calls it; `None` where none does.
    ///
    /// # Errors
    /// As for [`security_attribute`](Self::security_attribute).
    pub fn security_label(&self) -> Result<Option<SecurityLabel>, Error> {
        let label = self.security_attribute(SecurityAttribute::Current)?;
        Ok(label.map(|label| SecurityLabel::parse(label.as_bytes())))
    }

    /// An attribute as one module has it: `apparmor`, `smack` …
    ///
    /// # Errors
    /// As for [`security_attribute`](Self::security_attribute); also a module that is not built in, or has no such
    /// attribute ([`Reason::Absent`]).
    ///
    /// # Kernel
    /// Since 5.1.
    pub fn security_attribute_of(
        &self,
        module: &str,
        attribute: SecurityAttribute,
    ) -> Result<Option<ByteString>, Error> {
        let is_name = !module.is_empty() && module.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if !is_name {
            return Err(Error::invalid("read", module, "letters and digits, the name of a security module"));
        }
        self.attribute(&format!("attr/{module}/{attribute}"))
    }

    fn attribute(&self, file: &str) -> Result<Option<ByteString>, Error> {
        let needs = PTRACE.configuration("CONFIG_SECURITY");
        let attribute = self.parse(file, needs, |text| {
            // SELinux ends its labels with a NUL.
            let text = linux_support_base::text::trim(text.strip_suffix(b"\0").unwrap_or(text));
            Ok((!text.is_empty()).then(|| ByteString::from(text)))
        });
        match attribute {
            // So the kernel says that no module has the attribute.
            Err(error) if *error.reason() == Reason::System(Errno::INVAL) => Ok(None),
            attribute => attribute,
        }
    }
}
