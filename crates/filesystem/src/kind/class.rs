//! Which file systems are of the kernel, of memory, of the network, of a disk.

use core::fmt;

/// What kind of place the files of a file system are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub enum FileSystemClass {
    /// An interface of the kernel or of a service: its files are made as they are read.
    Pseudo,
    /// Memory: its files are gone with the mount.
    Memory,
    /// Another machine, over the network: asking it may take for ever.
    Network,
    /// A disk or another storage device of this machine.
    Disk,
    /// Directories of other file systems, laid over one another or changed on their way.
    Stacked,
    /// The name says nothing that this library knows.
    Unknown,
}

const PSEUDO: &[&[u8]] = &[
    b"anon_inodefs",
    b"apparmorfs",
    b"autofs",
    b"bdev",
    b"binder",
    b"binfmt_misc",
    b"bpf",
    b"cgroup",
    b"cgroup2",
    b"configfs",
    b"cpuset",
    b"debugfs",
    b"devpts",
    b"dmabuf",
    b"drm",
    b"efivarfs",
    b"fuse.archivemount",
    b"fuse.gvfs-fuse-daemon",
    b"fuse.gvfsd-fuse",
    b"fuse.lxcfs",
    b"fuse.portal",
    b"fuse.vmware-vmblock",
    b"fuse.xdg-document-portal",
    b"fusectl",
    b"ipathfs",
    b"mqueue",
    b"nfsd",
    b"none",
    b"nsfs",
    b"pidfs",
    b"pipefs",
    b"proc",
    b"pstore",
    b"resctrl",
    b"rpc_pipefs",
    b"secretmem",
    b"securityfs",
    b"selinuxfs",
    b"smackfs",
    b"sockfs",
    b"spufs",
    b"sysfs",
    b"tracefs",
    b"usbfs",
    b"xenfs",
];

const MEMORY: &[&[u8]] = &[b"devtmpfs", b"hugetlbfs", b"ramfs", b"rootfs", b"tmpfs"];

const NETWORK: &[&[u8]] = &[
    b"9p",
    b"acfs",
    b"afs",
    b"beegfs",
    b"beegfs_nodev",
    b"ceph",
    b"cifs",
    b"coda",
    b"fuse.ceph",
    b"fuse.curlftpfs",
    b"fuse.gcsfuse",
    b"fuse.glusterfs",
    b"fuse.goofys",
    b"fuse.juicefs",
    b"fuse.mfs",
    b"fuse.rclone",
    b"fuse.s3fs",
    b"fuse.sshfs",
    b"gfs",
    b"gfs2",
    b"glusterfs",
    b"gpfs",
    b"lustre",
    b"moosefs",
    b"ncp",
    b"ncpfs",
    b"nfs",
    b"nfs4",
    b"ocfs2",
    b"orangefs",
    b"pvfs2",
    b"smb3",
    b"smbfs",
    b"vboxsf",
    b"virtiofs",
    b"vmhgfs",
];

const DISK: &[&[u8]] = &[
    b"adfs",
    b"affs",
    b"apfs",
    b"bcachefs",
    b"befs",
    b"bfs",
    b"btrfs",
    b"cramfs",
    b"efs",
    b"erofs",
    b"exfat",
    b"ext2",
    b"ext3",
    b"ext4",
    b"f2fs",
    b"fuse.ntfs-3g",
    b"fuse.squashfuse",
    b"fuse.zfs",
    b"fuseblk",
    b"hfs",
    b"hfsplus",
    b"hpfs",
    b"iso9660",
    b"jffs2",
    b"jfs",
    b"minix",
    b"msdos",
    b"nilfs2",
    b"ntfs",
    b"ntfs3",
    b"omfs",
    b"qnx4",
    b"qnx6",
    b"reiser4",
    b"reiserfs",
    b"romfs",
    b"squashfs",
    b"sysv",
    b"ubifs",
    b"udf",
    b"ufs",
    b"v7",
    b"vfat",
    b"xfs",
    b"yaffs2",
    b"zfs",
    b"zonefs",
];

const STACKED: &[&[u8]] = &[
    b"aufs",
    b"ecryptfs",
    b"fuse.bindfs",
    b"fuse.encfs",
    b"fuse.fuse-overlayfs",
    b"fuse.gocryptfs",
    b"fuse.mergerfs",
    b"fuse.unionfs",
    b"overlay",
    b"overlayfs",
    b"shiftfs",
    b"unionfs",
];

impl FileSystemClass {
    /// The class of the file system of this name, which may have a subtype (`fuse.sshfs`).
    ///
    /// A subtype that is not known counts as the type alone does; `fuse` itself is [`Unknown`](Self::Unknown),
    /// and `fuseblk.anything` is a disk.
    #[must_use]
    pub fn of(name: &[u8]) -> Self {
        let known = |name: &[u8]| {
            [
                (PSEUDO, Self::Pseudo),
                (MEMORY, Self::Memory),
                (NETWORK, Self::Network),
                (DISK, Self::Disk),
                (STACKED, Self::Stacked),
            ]
            .into_iter()
            .find_map(|(names, class)| names.binary_search(&name).is_ok().then_some(class))
        };
        let kind = || known(name.split(|&byte| byte == b'.').next()?);
        known(name).or_else(kind).unwrap_or(Self::Unknown)
    }

    /// The class in one word: `pseudo`, `memory`, `network`, `disk`, `stacked`, `unknown`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pseudo => "pseudo",
            Self::Memory => "memory",
            Self::Network => "network",
            Self::Disk => "disk",
            Self::Stacked => "stacked",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for FileSystemClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted_and_no_name_is_in_two() {
        let tables = [PSEUDO, MEMORY, NETWORK, DISK, STACKED];
        for table in tables {
            assert!(table.is_sorted_by(|a, b| a < b));
        }
        let mut all: Vec<_> = tables.concat();
        all.sort_unstable();
        let count = all.len();
        all.dedup();
        assert_eq!(all.len(), count);
    }

    #[test]
    fn names_are_classified() {
        for (name, class) in [
            (&b"proc"[..], FileSystemClass::Pseudo),
            (b"tmpfs", FileSystemClass::Memory),
            (b"nfs4", FileSystemClass::Network),
            (b"fuse.sshfs", FileSystemClass::Network),
            (b"ext4", FileSystemClass::Disk),
            (b"fuseblk.ntfs-3g", FileSystemClass::Disk),
            (b"overlay", FileSystemClass::Stacked),
            (b"fuse.invented-yesterday", FileSystemClass::Unknown),
            (b"invented-yesterday", FileSystemClass::Unknown),
            (b"", FileSystemClass::Unknown),
        ] {
            assert_eq!(FileSystemClass::of(name), class, "{}", name.escape_ascii());
        }
    }
}
