use super::{SystemCall, SystemCallSet};

/// Makes the groups, each with its calls, in one place.
macro_rules! groups {
    ($($(#[$doc:meta])* $group:ident = $name:literal: $($call:literal)*;)*) => {
        /// A named group of system calls that serve one purpose. Every call that has a name is in one at least; some
        /// are in two.
        ///
        /// A group is a place to begin: what a program needs is best found by watching it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum SystemCallGroup {
            $($(#[$doc])* $group,)*
        }

        impl SystemCallGroup {
            /// All groups.
            pub const ALL: &'static [Self] = &[$(Self::$group,)*];

            /// Its name in configurations: words with dashes.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$group => $name,)*
                }
            }

            const fn names(self) -> &'static [&'static str] {
                match self {
                    $(Self::$group => &[$($call,)*],)*
                }
            }
        }
    };
}

groups! {
    /// Reading and writing what is open, and closing it.
    BasicIo = "basic-io": "_llseek" "close" "close_range" "dup" "dup2" "dup3" "fcntl" "lseek" "pread64" "preadv"
        "preadv2" "pwrite64" "pwritev" "pwritev2" "read" "readv" "write" "writev";
    /// Commands to devices. Each driver has its own: allow those that are needed by conditions on the second argument.
    DeviceControl = "device-control": "ioctl";
    /// Waiting for descriptors.
    Events = "events": "epoll_create" "epoll_create1" "epoll_ctl" "epoll_ctl_old" "epoll_pwait" "epoll_pwait2"
        "epoll_wait" "epoll_wait_old" "eventfd" "eventfd2" "poll" "ppoll" "pselect6" "select" "signalfd" "signalfd4"
        "timerfd_create" "timerfd_gettime" "timerfd_settime" "userfaultfd";
    /// Files and directories by their names: opened, made, listed, renamed, removed.
    Files = "files": "access" "chdir" "creat" "faccessat" "faccessat2" "fadvise64" "fallocate" "fchdir"
        "file_getattr" "flock" "fstat" "fstatfs" "ftruncate" "futimesat" "getcwd" "getdents" "getdents64" "getxattr"
        "fgetxattr" "lgetxattr" "getxattrat" "listxattr" "flistxattr" "llistxattr" "listxattrat" "link" "linkat"
        "lstat" "mkdir" "mkdirat" "mknod" "mknodat" "newfstatat" "open" "openat" "openat2" "readahead" "readlink"
        "readlinkat" "rename" "renameat" "renameat2" "rmdir" "stat" "statfs" "statx" "symlink" "symlinkat"
        "truncate" "umask" "unlink" "unlinkat" "utime" "utimensat" "utimes";
    /// The owners, modes and attributes of files.
    FileAttributes = "file-attributes": "chmod" "chown" "fchmod" "fchmodat" "fchmodat2" "fchown" "fchownat"
        "file_setattr" "fremovexattr" "fsetxattr" "lchown" "lremovexattr" "lsetxattr" "removexattr" "removexattrat"
        "setxattr" "setxattrat";
    /// Being told of changes to files.
    FileWatching = "file-watching": "fanotify_init" "fanotify_mark" "inotify_add_watch" "inotify_init"
        "inotify_init1" "inotify_rm_watch";
    /// Files by handles in place of names, past the permissions of directories.
    FileHandles = "file-handles": "name_to_handle_at" "open_by_handle_at";
    /// Moving bytes between descriptors within the kernel.
    Copying = "copying": "copy_file_range" "sendfile" "splice" "tee" "vmsplice";
    /// Writing out what is cached.
    Synchronization = "synchronization": "fdatasync" "fsync" "msync" "sync" "sync_file_range" "syncfs";
    /// Input and output that goes on by itself. `io_uring` makes most other calls without their being asked here.
    AsynchronousIo = "asynchronous-io": "io_cancel" "io_destroy" "io_getevents" "io_pgetevents" "io_setup"
        "io_submit" "io_uring_enter" "io_uring_register" "io_uring_setup";
    /// Sockets.
    Network = "network": "accept" "accept4" "bind" "connect" "getpeername" "getsockname" "getsockopt" "listen"
        "recvfrom" "recvmmsg" "recvmsg" "sendmmsg" "sendmsg" "sendto" "setsockopt" "shutdown" "socket" "socketpair";
    /// Pipes, message queues, semaphores and shared segments.
    Ipc = "ipc": "mq_getsetattr" "mq_notify" "mq_open" "mq_timedreceive" "mq_timedsend" "mq_unlink" "msgctl"
        "msgget" "msgrcv" "msgsnd" "pipe" "pipe2" "semctl" "semget" "semop" "semtimedop" "shmat" "shmctl" "shmdt"
        "shmget";
    /// Memory of the process itself.
    Memory = "memory": "brk" "cachestat" "madvise" "map_shadow_stack" "membarrier" "memfd_create" "memfd_secret"
        "mincore" "mlock" "mlock2" "mlockall" "mmap" "mprotect" "mremap" "mseal" "munlock" "munlockall" "munmap"
        "pkey_alloc" "pkey_free" "pkey_mprotect" "remap_file_pages";
    /// On which nodes memory lies.
    Numa = "numa": "get_mempolicy" "getcpu" "mbind" "migrate_pages" "move_pages" "set_mempolicy"
        "set_mempolicy_home_node";
    /// What every thread does: waiting for locks, its registration, its end.
    Threads = "threads": "exit" "exit_group" "futex" "futex_requeue" "futex_wait" "futex_waitv" "futex_wake"
        "get_robust_list" "get_thread_area" "gettid" "restart_syscall" "rseq" "rseq_slice_yield" "sched_yield" "set_robust_list"
        "set_thread_area" "set_tid_address";
    /// New processes and threads, other programs, and waiting for their ends.
    Processes = "processes": "clone" "clone3" "execve" "execveat" "fork" "getpgid" "getpgrp" "getpid" "getppid"
        "getsid" "pidfd_open" "prctl" "process_mrelease" "setpgid" "setsid" "vfork" "wait4" "waitid" "arch_prctl";
    /// Signals.
    Signals = "signals": "kill" "pause" "pidfd_send_signal" "rt_sigaction" "rt_sigpending" "rt_sigprocmask"
        "rt_sigqueueinfo" "rt_sigreturn" "rt_sigsuspend" "rt_sigtimedwait" "rt_tgsigqueueinfo" "sigaltstack" "tgkill"
        "tkill";
    /// What time it is.
    Clock = "clock": "clock_getres" "clock_gettime" "gettimeofday" "time" "times";
    /// Setting the time.
    ClockSetting = "clock-setting": "adjtimex" "clock_adjtime" "clock_settime" "settimeofday";
    /// Sleeping, and being woken later.
    Timers = "timers": "alarm" "clock_nanosleep" "getitimer" "nanosleep" "setitimer" "timer_create" "timer_delete"
        "timer_getoverrun" "timer_gettime" "timer_settime" "timerfd_create" "timerfd_gettime" "timerfd_settime";
    /// Who the process is.
    Identity = "identity": "capget" "getegid" "geteuid" "getgid" "getgroups" "getresgid" "getresuid" "getuid";
    /// Becoming somebody else.
    IdentityChange = "identity-change": "capset" "setfsgid" "setfsuid" "setgid" "setgroups" "setregid" "setresgid"
        "setresuid" "setreuid" "setuid";
    /// How threads are scheduled, and what they may use: read and set.
    Resources = "resources": "get_mempolicy" "getpriority" "getrlimit" "getrusage" "ioprio_get" "ioprio_set"
        "prlimit64" "sched_get_priority_max" "sched_get_priority_min" "sched_getaffinity" "sched_getattr"
        "sched_getparam" "sched_getscheduler" "sched_rr_get_interval" "sched_setaffinity" "sched_setattr"
        "sched_setparam" "sched_setscheduler" "setpriority" "setrlimit";
    /// What the machine is, and random numbers.
    Information = "information": "getcpu" "getrandom" "riscv_hwprobe" "sysinfo" "uname";
    /// Mounts and roots.
    Mounts = "mounts": "chroot" "fchroot" "fsconfig" "fsmount" "fsopen" "fspick" "listmount" "mount" "mount_setattr"
        "move_mount" "open_tree" "open_tree_attr" "pivot_root" "statmount" "umount2";
    /// Namespaces.
    Namespaces = "namespaces": "listns" "setns" "unshare";
    /// Giving up rights.
    Confinement = "confinement": "landlock_add_rule" "landlock_create_ruleset" "landlock_restrict_self"
        "lsm_get_self_attr" "lsm_list_modules" "lsm_set_self_attr" "seccomp";
    /// Keys that the kernel keeps.
    Keyrings = "keyrings": "add_key" "keyctl" "request_key";
    /// The insides of other processes, and measuring.
    Debugging = "debugging": "kcmp" "lookup_dcookie" "perf_event_open" "pidfd_getfd" "process_madvise"
        "process_vm_readv" "process_vm_writev" "ptrace" "uprobe" "uretprobe";
    /// Programs that run in the kernel.
    Bpf = "bpf": "bpf";
    /// Modules of the kernel.
    Modules = "modules": "create_module" "delete_module" "finit_module" "get_kernel_syms" "init_module"
        "query_module";
    /// Another kernel, or the end of this one.
    Reboot = "reboot": "kexec_file_load" "kexec_load" "reboot";
    /// Swapping.
    Swap = "swap": "swapoff" "swapon";
    /// Ports of the machine.
    RawIo = "raw-io": "ioperm" "iopl";
    /// Settings of the whole machine.
    Administration = "administration": "acct" "personality" "quotactl" "quotactl_fd" "setdomainname" "sethostname"
        "syslog" "vhangup";
    /// Old ways of the processor.
    ProcessorModes = "processor-modes": "arch_prctl" "modify_ldt" "riscv_flush_icache";
    /// Calls that no program of today makes, or that have never done anything.
    Obsolete = "obsolete": "_sysctl" "afs_syscall" "getpmsg" "nfsservctl" "putpmsg" "security" "sysfs" "tuxcall"
        "uselib" "ustat" "vserver" "remap_file_pages" "epoll_ctl_old" "epoll_wait_old" "create_module"
        "get_kernel_syms" "query_module" "lookup_dcookie";
}

impl SystemCallGroup {
    /// The group of this name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|group| group.name() == name)
    }

    /// Its calls.
    #[must_use]
    pub fn calls(self) -> SystemCallSet {
        self.names().iter().filter_map(|name| SystemCall::from_name(name).ok()).collect()
    }
}

impl From<SystemCallGroup> for SystemCallSet {
    fn from(group: SystemCallGroup) -> Self {
        group.calls()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_is_in_a_group() {
        let grouped = SystemCallGroup::ALL.iter().fold(SystemCallSet::default(), |set, &group| set | group);
        let left = SystemCallSet::all() - grouped;
        assert!(left.is_empty(), "{left:?}");
    }

    #[test]
    #[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))]
    fn every_name_of_a_group_is_a_calls() {
        // What 64-bit architectures never had.
        let elsewhere = ["_llseek", "uprobe"];
        for group in SystemCallGroup::ALL {
            assert_eq!(SystemCallGroup::from_name(group.name()), Some(*group));
            for name in group.names() {
                assert!(elsewhere.contains(name) || SystemCall::from_name(name).is_ok(), "{name}");
            }
        }
    }
}
