//! System-wide limits, with how much of each is in use.

use linux_support_base::{Error, Machine, ParseError, Reading, Requirement, text};

use crate::Load;

/// A limit, and how much of it is in use.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Usage {
    /// What is limited: the file's name below `/proc/sys`, with dots, as `sysctl` names it.
    pub name: &'static str,
    /// What it counts.
    pub counts: &'static str,
    /// How much is in use; `None` where the kernel does not tell.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub used: Option<Reading<u64>>,
    /// The limit.
    pub limit: Reading<u64>,
}

impl Usage {
    /// Which part of the limit is in use, where both are known: 1.0 is all of it.
    #[must_use]
    pub fn fraction(&self) -> Option<f64> {
        let (used, limit) = (self.used.as_ref()?.value()?, self.limit.value()?);
        (*limit > 0).then(|| *used as f64 / *limit as f64)
    }
}

/// The limits that hold for the whole system, or for each user or namespace of it.
///
/// # Source
/// Documentation/admin-guide/sysctl/{fs,kernel,vm,user}.rst.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[cfg_attr(feature = "serde", serde(transparent))]
pub struct SystemLimits {
    limits: Vec<Usage>,
}

const LIMITS: [(&str, &str, Requirement); 46] = {
    const ANY: Requirement = Requirement::none();
    const INOTIFY: Requirement = ANY.configuration("CONFIG_INOTIFY_USER");
    const FANOTIFY: Requirement = ANY.since(5, 13).configuration("CONFIG_FANOTIFY");
    const MQUEUE: Requirement = ANY.configuration("CONFIG_POSIX_MQUEUE");
    const SYSVIPC: Requirement = ANY.configuration("CONFIG_SYSVIPC");
    const AIO: Requirement = ANY.configuration("CONFIG_AIO");
    const KEYS: Requirement = ANY.configuration("CONFIG_KEYS");
    const NAMESPACES: Requirement = ANY.since(4, 9).configuration("namespaces of that kind");
    [
        ("fs.file-max", "open files", ANY),
        ("fs.nr_open", "descriptors of a process, at most", ANY),
        ("fs.mount-max", "mounts of a namespace", ANY),
        ("fs.lease-break-time", "seconds until a lease is broken", ANY),
        ("kernel.pid_max", "process and thread numbers", ANY),
        ("kernel.threads-max", "threads", ANY),
        ("kernel.ngroups_max", "supplementary groups of a process", ANY),
        ("kernel.pty.max", "pseudo-terminals", ANY),
        ("vm.max_map_count", "mappings of a process", ANY),
        ("vm.overcommit_ratio", "percent of memory that may be promised, in mode 2", ANY),
        ("fs.inotify.max_user_instances", "inotify instances of a user", INOTIFY),
        ("fs.inotify.max_user_watches", "inotify watches of a user", INOTIFY),
        ("fs.inotify.max_queued_events", "events waiting in an inotify instance", INOTIFY),
        ("fs.fanotify.max_user_groups", "fanotify groups of a user", FANOTIFY),
        ("fs.fanotify.max_user_marks", "fanotify marks of a user", FANOTIFY),
        ("fs.fanotify.max_queued_events", "events waiting in a fanotify group", FANOTIFY),
        ("fs.epoll.max_user_watches", "epoll watches of a user", ANY.configuration("CONFIG_EPOLL")),
        ("fs.mqueue.queues_max", "message queues", MQUEUE),
        ("fs.mqueue.msg_max", "messages in a queue", MQUEUE),
        ("fs.mqueue.msgsize_max", "bytes of a message", MQUEUE),
        ("fs.aio-max-nr", "asynchronous I/O events", AIO),
        ("fs.pipe-max-size", "bytes of a pipe, unprivileged", ANY),
        ("fs.pipe-user-pages-soft", "pages of a user's pipes, then small pipes (0 none)", ANY),
        ("fs.pipe-user-pages-hard", "pages of a user's pipes, then none (0 none)", ANY),
        ("kernel.shmmni", "shared memory segments", SYSVIPC),
        ("kernel.shmmax", "bytes of a shared memory segment", SYSVIPC),
        ("kernel.shmall", "pages of shared memory", SYSVIPC),
        ("kernel.msgmni", "System V message queues", SYSVIPC),
        ("kernel.msgmax", "bytes of a System V message", SYSVIPC),
        ("kernel.msgmnb", "bytes of a System V message queue", SYSVIPC),
        ("kernel.keys.maxkeys", "keys of a user", KEYS),
        ("kernel.keys.maxbytes", "bytes of a user's keys", KEYS),
        ("kernel.keys.root_maxkeys", "keys of root", KEYS),
        ("kernel.keys.root_maxbytes", "bytes of root's keys", KEYS),
        (
            "kernel.perf_event_mlock_kb",
            "KiB of performance buffers of a user",
            ANY.configuration("CONFIG_PERF_EVENTS"),
        ),
        ("net.core.somaxconn", "connections waiting at a listener", ANY.configuration("CONFIG_NET")),
        ("net.core.rmem_max", "bytes of a socket's receive buffer", ANY.configuration("CONFIG_NET")),
        ("net.core.wmem_max", "bytes of a socket's send buffer", ANY.configuration("CONFIG_NET")),
        ("user.max_user_namespaces", "user namespaces of a user", NAMESPACES),
        ("user.max_mnt_namespaces", "mount namespaces of a user", NAMESPACES),
        ("user.max_pid_namespaces", "process-number namespaces of a user", NAMESPACES),
        ("user.max_net_namespaces", "network namespaces of a user", NAMESPACES),
        ("user.max_ipc_namespaces", "IPC namespaces of a user", NAMESPACES),
        ("user.max_uts_namespaces", "UTS namespaces of a user", NAMESPACES),
        ("user.max_cgroup_namespaces", "cgroup namespaces of a user", NAMESPACES),
        ("user.max_time_namespaces", "time namespaces of a user", NAMESPACES.since(5, 6)),
    ]
};

impl SystemLimits {
    /// Reads the limits below `/proc/sys`, and what is in use where the kernel counts it.
    #[must_use]
    pub fn read(machine: &Machine) -> Self {
        let limits = LIMITS.into_iter().map(|(name, counts, needs)| {
            let path = path(name);
            let limit = machine.parse_needing(&path, needs, |bytes| text::decimal(text::trim(bytes))).into();
            Usage { name, counts, used: used(machine, name).map(Reading::from), limit }
        });
        Self { limits: limits.collect() }
    }

    /// Each limit.
    #[must_use]
    pub fn as_slice(&self) -> &[Usage] {
        &self.limits
    }

    /// The limit of this name, with dots: `fs.file-max`.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Usage> {
        self.limits.iter().find(|limit| limit.name == name)
    }
}

/// The file of a setting: dots part folders.
fn path(name: &str) -> String {
    format!("/proc/sys/{}", name.replace('.', "/"))
}

/// How much of a limit is in use, where the kernel counts it for the whole system.
fn used(machine: &Machine, name: &str) -> Option<Result<u64, Error>> {
    let field = |path: &str, index: usize| machine.parse(path, |bytes| nth(bytes, index));
    let rows = |path: &str| {
        // The first line is a heading.
        machine.parse(path, |bytes| Ok(text::lines(bytes).count().saturating_sub(1) as u64))
    };
    Some(match name {
        // Allocated, less those that are free: the second has been 0 since Linux 2.6.
        "fs.file-max" => field("/proc/sys/fs/file-nr", 0),
        "kernel.pid_max" | "kernel.threads-max" => Load::read(machine).map(|load| u64::from(load.tasks)),
        "kernel.pty.max" => field("/proc/sys/kernel/pty/nr", 0),
        "fs.aio-max-nr" => field("/proc/sys/fs/aio-nr", 0),
        "kernel.shmmni" => rows("/proc/sysvipc/shm"),
        "kernel.msgmni" => rows("/proc/sysvipc/msg"),
        _ => return None,
    })
}

fn nth(bytes: &[u8], index: usize) -> Result<u64, ParseError> {
    match text::fields(text::trim(bytes)).nth(index) {
        Some(field) => text::decimal(field),
        None => Err(ParseError::expected("one more number", bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machines_open_files_are_within_their_limit() {
        let limits = SystemLimits::read(&Machine::live().unwrap());
        let files = limits.get("fs.file-max").unwrap();
        assert!(files.fraction().is_some_and(|fraction| fraction > 0.0 && fraction < 1.0));
        assert!(limits.get("kernel.pid_max").unwrap().used.is_some());
        assert!(limits.get("fs.nr_open").unwrap().used.is_none());
    }

    #[test]
    fn a_limit_that_is_absent_says_why() {
        let folder = tempfile::tempdir().unwrap();
        let limits = SystemLimits::read(&Machine::captured(folder.path()).unwrap());
        let watches = limits.get("fs.inotify.max_user_watches").unwrap();
        assert_eq!(watches.limit.error().unwrap().reason().name(), "not-configured");
        assert_eq!(watches.fraction(), None);
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = LIMITS.iter().map(|limit| limit.0).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), LIMITS.len());
    }
}
