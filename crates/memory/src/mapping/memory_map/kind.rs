use core::fmt;

use crate::mapping::{MappingName, VmFlags, maps};

/// What a mapping is there for, as far as its line tells.
///
/// `Display` is a word or two: `file text`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum MappingKind {
    /// Code: a private mapping of a file that can be executed.
    FileText,
    /// Data of a program, or another private mapping of a file.
    FileData,
    /// A file that is shared with who else maps it.
    SharedFile,
    /// The heap that `brk(2)` grows.
    Heap,
    /// Private memory of no file.
    Anonymous,
    /// A stack: the first thread's, one that grows by itself, or one that the C library named so.
    Stack,
    /// Memory of no file that others share: anonymous, a memfd, `/dev/shm`, System V.
    SharedMemory,
    /// Pages of a pool of huge pages.
    HugePages,
    /// Addresses that are set aside, and that nobody may use: guards, and room for later.
    Reserved,
    /// A device or a part of the kernel: `/dev/…`, `anon_inode:…`, frames that the kernel does not manage.
    Device,
    /// What the kernel puts into every process: `[vdso]`, `[vvar]`, `[vsyscall]`, `[uprobes]`.
    Kernel,
    /// Another name in brackets.
    Other,
}

impl MappingKind {
    /// All of them, in the order of this list.
    pub const ALL: [Self; 12] = [
        Self::FileText,
        Self::FileData,
        Self::SharedFile,
        Self::Heap,
        Self::Anonymous,
        Self::Stack,
        Self::SharedMemory,
        Self::HugePages,
        Self::Reserved,
        Self::Device,
        Self::Kernel,
        Self::Other,
    ];

    /// The kind of a mapping. Without `flags`, which smaps has, files of hugetlbfs are taken for other files.
    #[must_use]
    pub fn of(mapping: &maps::Entry<'_>, flags: Option<VmFlags>) -> Self {
        let has = |flag| flags.is_some_and(|flags| flags.contains(flag));
        let permissions = mapping.permissions;
        if has(VmFlags::HUGETLB) || mapping.raw_name.starts_with(b"/anon_hugepage") {
            return Self::HugePages;
        }
        match mapping.name() {
            MappingName::Heap => Self::Heap,
            MappingName::Stack => Self::Stack,
            MappingName::Vdso | MappingName::VdsoData | MappingName::Vsyscall | MappingName::Uprobes => {
                Self::Kernel
            }
            MappingName::NamedShared(_) => Self::SharedMemory,
            MappingName::File { path, .. } => {
                if has(VmFlags::MEMORY_MAPPED_IO) || has(VmFlags::PURE_PFN) || is_device(&path) {
                    Self::Device
                } else if permissions.shared {
                    if is_memory(&path) { Self::SharedMemory } else { Self::SharedFile }
                } else if permissions.execute {
                    Self::FileText
                } else {
                    Self::FileData
                }
            }
            MappingName::Anonymous | MappingName::NamedAnonymous(_) if permissions.shared => {
                Self::SharedMemory
            }
            MappingName::NamedAnonymous(name) if is_stack(name) => Self::Stack,
            MappingName::Anonymous | MappingName::NamedAnonymous(_) => {
                if has(VmFlags::GROWS_DOWN) {
                    Self::Stack
                } else if permissions.read || permissions.write || permissions.execute {
                    Self::Anonymous
                } else {
                    Self::Reserved
                }
            }
            MappingName::Other(_) => Self::Other,
        }
    }

    /// The word or two.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::FileText => "file text",
            Self::FileData => "file data",
            Self::SharedFile => "shared file",
            Self::Heap => "heap",
            Self::Anonymous => "anonymous",
            Self::Stack => "stack",
            Self::SharedMemory => "shared memory",
            Self::HugePages => "huge pages",
            Self::Reserved => "reserved",
            Self::Device => "device",
            Self::Kernel => "kernel",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for MappingKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// Whether it is a file by name only: memory that is shared.
fn is_memory(path: &[u8]) -> bool {
    [&b"/memfd:"[..], b"/SYSV", b"/dev/shm/"].iter().any(|start| path.starts_with(start))
        || path == b"/dev/zero"
}

fn is_device(path: &[u8]) -> bool {
    let no_device = [&b"/dev/shm/"[..], b"/dev/hugepages/", b"/dev/mqueue/"];
    path.starts_with(b"anon_inode:")
        || path.starts_with(b"/dev/")
            && path != b"/dev/zero"
            && !no_device.iter().any(|start| path.starts_with(start))
}

/// Whether a C library calls a thread's stack so: glibc, and Android's.
fn is_stack(name: &[u8]) -> bool {
    let name = name.trim_ascii();
    name.starts_with(b"glibc: pthread stack") || name.starts_with(b"stack_and_tls:")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(permissions: &str, name: &str, flags: &str) -> MappingKind {
        let line = format!("1000-2000 {permissions} 0 00:00 0 {name}");
        let flags = (!flags.is_empty()).then(|| VmFlags::parse(flags.as_bytes()));
        MappingKind::of(&maps::Entry::parse(line.as_bytes()).unwrap(), flags)
    }

    #[test]
    fn every_kind_is_known_by_its_line() {
        for (permissions, name, flags, expected) in [
            ("r-xp", "/usr/bin/cat", "", MappingKind::FileText),
            ("r--p", "/usr/bin/cat", "rd mr mw me", MappingKind::FileData),
            ("rw-p", "/memfd:x (deleted)", "", MappingKind::FileData),
            ("rw-s", "/var/lib/db", "", MappingKind::SharedFile),
            ("rw-p", "[heap]", "", MappingKind::Heap),
            ("rw-p", "", "", MappingKind::Anonymous),
            ("rw-p", "[anon:mine]", "", MappingKind::Anonymous),
            ("rw-p", "[stack]", "", MappingKind::Stack),
            ("rw-p", "[anon: glibc: pthread stack: 77]", "", MappingKind::Stack),
            ("rw-p", "", "rd wr gd", MappingKind::Stack),
            ("rw-s", "/memfd:x (deleted)", "", MappingKind::SharedMemory),
            ("rw-s", "/dev/zero (deleted)", "", MappingKind::SharedMemory),
            ("rw-s", "/SYSV00000000 (deleted)", "", MappingKind::SharedMemory),
            ("rw-s", "/dev/shm/a", "", MappingKind::SharedMemory),
            ("rw-s", "[anon_shmem:x]", "", MappingKind::SharedMemory),
            ("rw-p", "/anon_hugepage (deleted)", "", MappingKind::HugePages),
            ("rw-s", "/mnt/huge/x", "rd wr ht", MappingKind::HugePages),
            ("---p", "", "", MappingKind::Reserved),
            ("rw-s", "/dev/vfio/3", "", MappingKind::Device),
            ("rw-s", "/sys/bus/pci/devices/0000:00:02.0/resource0", "rd wr io pf", MappingKind::Device),
            ("rw-s", "anon_inode:[io_uring]", "", MappingKind::Device),
            ("r-xp", "[vdso]", "", MappingKind::Kernel),
            ("r--p", "[vvar_vclock]", "", MappingKind::Kernel),
            ("--xp", "[vsyscall]", "", MappingKind::Kernel),
            ("r--p", "[of_tomorrow]", "", MappingKind::Other),
        ] {
            assert_eq!(kind(permissions, name, flags), expected, "{permissions} {name} {flags}");
        }
    }
}
