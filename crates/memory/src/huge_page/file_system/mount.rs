use linux_support_base::{
    ByteString, Bytes, Error, GroupId, Machine, PageSize, ParseError, Reason, UserId, text,
};
use linux_support_filesystem::{Mount, MountTree};

use crate::huge_page::default_size;

/// A hugetlbfs that is mounted.
///
/// # Source
/// Documentation/admin-guide/mm/hugetlbpage.rst, "Using Huge Pages".
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "hugetlbfs")]
#[non_exhaustive]
pub struct HugePageMount {
    /// Where it is mounted.
    pub mount_point: ByteString,
    /// The size of its pages.
    pub page_size: PageSize,
    /// How much its files may have, where there is a limit.
    pub size: Option<Bytes>,
    /// How much is set aside for its files, where something is.
    pub min_size: Option<Bytes>,
    /// How many files it may have, where there is a limit.
    pub inodes: Option<u64>,
    /// The owner of its root.
    pub user: UserId,
    /// The group of its root.
    pub group: GroupId,
    /// The permissions of its root: nine bits and those above them.
    pub mode: u16,
    /// Whether its files can't be written.
    pub read_only: bool,
    /// Whether it can be seen: no other mount lies over it.
    pub visible: bool,
}

impl HugePageMount {
    /// The mounts of hugetlbfs that this process sees, in the order of the tree.
    ///
    /// # Errors
    /// mountinfo can't be read; an option is malformed.
    pub fn read_all(machine: &Machine) -> Result<Vec<Self>, Error> {
        let tree = MountTree::read(machine)?;
        let own = tree.walk().filter(|node| node.mount.kind.to_string() == "hugetlbfs");
        own.map(|node| {
            let (known, size) = Self::parse(node.mount)
                .map_err(|error| Error::malformed("/proc/self/mountinfo", error.in_field("super options")))?;
            let page_size = size.map_or_else(|| default_size(machine), Ok)?;
            Ok(Self { page_size, visible: node.visible, ..known })
        })
        .collect()
    }

    /// The first that can be seen and written, with pages of `size`, or of the default size.
    ///
    /// # Errors
    /// There is none: the error says with which sizes there are.
    #[doc(alias = "hugetlbfs_find_path")]
    #[doc(alias = "hugetlbfs_find_path_for_size")]
    pub fn find(machine: &Machine, size: Option<PageSize>) -> Result<Self, Error> {
        let size = size.map_or_else(|| default_size(machine), Ok)?;
        let mounts = Self::read_all(machine)?;
        let usable: Vec<_> = mounts.into_iter().filter(|mount| mount.visible && !mount.read_only).collect();
        let sizes: Vec<_> = usable.iter().map(|mount| mount.page_size.to_string()).collect();
        usable.into_iter().find(|mount| mount.page_size == size).ok_or_else(|| {
            let object = format!("a hugetlbfs with pages of {size}");
            match sizes.is_empty() {
                true => Error::new("find", object.as_bytes(), Reason::Absent),
                false => Error::invalid(
                    "find",
                    object.as_bytes(),
                    format!("mounted are some of {}", sizes.join(", ")),
                ),
            }
        })
    }

    /// What the line of mountinfo says, and the size of its pages apart.
    fn parse(mount: &Mount) -> Result<(Self, Option<PageSize>), ParseError> {
        let mut page_size = None;
        let mut known = Self {
            mount_point: mount.mount_point.clone(),
            page_size: PageSize::new(Bytes::new(1)).expect("1 is a power of two"),
            size: None,
            min_size: None,
            inodes: None,
            user: UserId::ROOT,
            group: GroupId::ROOT,
            mode: 0o755,
            read_only: mount.is_read_only(),
            visible: true,
        };
        for option in mount.super_options() {
            let value = option.value().unwrap_or_default();
            match option.key {
                b"pagesize" => {
                    let size = PageSize::new(text::bytes_with_suffix(&value)?);
                    page_size = Some(size.ok_or_else(|| ParseError::expected("a power of two", &value))?);
                }
                b"size" => known.size = Some(text::bytes_with_suffix(&value)?),
                b"min_size" => known.min_size = Some(text::bytes_with_suffix(&value)?),
                b"nr_inodes" => known.inodes = Some(text::decimal(&value)?),
                b"uid" => known.user = UserId::parse(&value)?,
                b"gid" => known.group = GroupId::parse(&value)?,
                b"mode" => known.mode = text::octal(&value)?,
                _ => {}
            }
        }
        Ok((known, page_size))
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn captured(mountinfo: &str) -> (tempfile::TempDir, Machine) {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("proc/self")).unwrap();
        fs::write(folder.path().join("proc/self/mountinfo"), mountinfo).unwrap();
        fs::write(folder.path().join("proc/meminfo"), "Hugepagesize: 2048 kB\n").unwrap();
        let machine = Machine::captured(folder.path()).unwrap();
        (folder, machine)
    }

    const ROOT: &str = "1 1 0:1 / / rw - rootfs rootfs rw\n";

    #[test]
    fn options_are_read_and_those_that_are_not_there_are_the_kernels_own() {
        let (_folder, machine) = captured(&format!(
            "{ROOT}30 1 0:40 / /huge rw,relatime - hugetlbfs none rw,uid=7,gid=8,mode=1770,nr_inodes=3,pagesize=1024M,size=2147483648,min_size=1073741824\n\
             31 1 0:41 / /dev/huge\\040pages ro - hugetlbfs hugetlbfs rw,pagesize=2M,new=x\n32 1 0:42 / /old rw - hugetlbfs x rw"
        ));
        let mounts = HugePageMount::read_all(&machine).unwrap();
        assert_eq!(mounts.len(), 3);
        let full = &mounts[0];
        assert_eq!((full.page_size.to_string(), full.inodes, full.mode), ("1 GiB".into(), Some(3), 0o1770));
        assert_eq!((full.size, full.min_size), (Some(Bytes::new(2 << 30)), Some(Bytes::new(1 << 30))));
        assert_eq!((full.user.number(), full.group.number()), (7, 8));
        let plain = &mounts[1];
        assert_eq!((&plain.mount_point, plain.size, plain.mode), (&"/dev/huge pages".into(), None, 0o755));
        assert!(plain.read_only && !full.read_only);
        assert_eq!(mounts[2].page_size.to_string(), "2 MiB");
    }

    #[test]
    fn a_mount_is_found_by_the_size_of_its_pages() {
        let line = "30 1 0:40 / /huge rw - hugetlbfs none rw,pagesize=1024M\n";
        let (_folder, machine) = captured(&format!("{ROOT}{line}"));
        let gigabyte = PageSize::new(Bytes::new(1 << 30));
        assert_eq!(HugePageMount::find(&machine, gigabyte).unwrap().mount_point, "/huge");
        let error = HugePageMount::find(&machine, None).unwrap_err().to_string();
        assert_eq!(error, "find a hugetlbfs with pages of 2 MiB: mounted are some of 1 GiB");
        let (_folder, machine) = captured(ROOT);
        assert!(HugePageMount::find(&machine, gigabyte).unwrap_err().is_absent());
    }

    #[test]
    fn a_malformed_option_is_an_error() {
        let (_folder, machine) =
            captured(&format!("{ROOT}30 1 0:40 / /huge rw - hugetlbfs none rw,pagesize=3M\n"));
        assert_eq!(HugePageMount::read_all(&machine).unwrap_err().reason().name(), "malformed");
    }
}
