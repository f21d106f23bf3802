use std::{
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
    os::unix::ffi::OsStrExt,
    path::{Path, PathBuf},
};

use bstr::ByteSlice;
use linux_support_base::{Bytes, Errno, Error, GroupId, LiveMachine, PageSize, Requirement, UserId};
use rustix::{
    fs::CWD,
    io::read,
    mount::{
        FsMountFlags, FsOpenFlags, MountAttrFlags, MoveMountFlags, UnmountFlags, fsconfig_create,
        fsconfig_set_string, fsmount, fsopen, move_mount, unmount,
    },
};

use crate::huge_page::{default_size, pool, resize::shortage};

/// How a new hugetlbfs shall be.
///
/// # Source
/// Documentation/admin-guide/mm/hugetlbpage.rst, "Using Huge Pages".
#[derive(Clone, Debug, Default)]
#[doc(alias = "hugeadm")]
pub struct HugePageMountOptions {
    page_size: Option<PageSize>,
    size: Option<Bytes>,
    min_size: Option<Bytes>,
    inodes: Option<u64>,
    user: Option<UserId>,
    group: Option<GroupId>,
    mode: Option<u16>,
}

impl HugePageMountOptions {
    /// With pages of the default size, without limits, for root.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With pages of this size.
    #[must_use]
    pub fn page_size(mut self, size: PageSize) -> Self {
        self.page_size = Some(size);
        self
    }

    /// With files that have so much at most, in whole pages.
    #[must_use]
    pub fn size(mut self, size: Bytes) -> Self {
        self.size = Some(size);
        self
    }

    /// With so much set aside for its files from the start, in whole pages.
    #[must_use]
    pub fn min_size(mut self, size: Bytes) -> Self {
        self.min_size = Some(size);
        self
    }

    /// With so many files and directories at most, the root among them.
    #[must_use]
    pub fn inodes(mut self, inodes: u64) -> Self {
        self.inodes = Some(inodes);
        self
    }

    /// With this owner of its root.
    #[must_use]
    pub fn user(mut self, user: UserId) -> Self {
        self.user = Some(user);
        self
    }

    /// With this group of its root.
    #[must_use]
    pub fn group(mut self, group: GroupId) -> Self {
        self.group = Some(group);
        self
    }

    /// With these permissions of its root: nine bits, and the sticky bit above them.
    #[must_use]
    pub fn mode(mut self, mode: u16) -> Self {
        self.mode = Some(mode);
        self
    }

    /// Makes it, without a place in any directory: only who has the value can reach its files, until it is
    /// [attached](HugePageFileSystem::attach).
    ///
    /// # Errors
    /// The machine has no such pages, or too few for what is to be set aside; a size is none of whole pages.
    ///
    /// # Capabilities
    /// CAP_SYS_ADMIN.
    #[doc(alias = "fsopen")]
    pub fn create(&self, machine: LiveMachine<'_>) -> Result<HugePageFileSystem, Error> {
        let page = self.page_size.map_or_else(|| default_size(&machine), Ok)?;
        let known = pool(&machine, page)?;
        for (name, size) in [("size", self.size), ("min_size", self.min_size)] {
            if let Some(size) =
                size.filter(|size| size.get() == 0 || !size.get().is_multiple_of(page.bytes().get()))
            {
                return Err(invalid(format!("{name} of {:#} bytes: it is of whole pages of {page}", size)));
            }
        }
        if let (Some(least), Some(most)) = (self.min_size, self.size)
            && least > most
        {
            return Err(invalid(format!("min_size of {least}: it is {most} at most, which is the size")));
        }
        if let Some(mode) = self.mode.filter(|&mode| mode > 0o1777) {
            return Err(invalid(format!("mode {mode:o}: it is 1777 at most")));
        }
        let failed = |errno| Error::system("make", OBJECT, errno).explained(NEEDS, None);
        let context = fsopen("hugetlbfs", FsOpenFlags::FSOPEN_CLOEXEC).map_err(|errno| match errno {
            Errno::NODEV => machine.explain(Error::system("make", OBJECT, Errno::NOENT), NEEDS),
            errno => failed(errno),
        })?;
        for (key, value) in self.texts(page) {
            fsconfig_set_string(&context, key, &value)
                .map_err(|errno| refused(&context).unwrap_or_else(|| failed(errno)))?;
        }
        fsconfig_create(&context).map_err(|errno| match (errno, self.min_size) {
            (Errno::NOMEM, Some(least)) => invalid(shortage(&known, least.get() / page.bytes().get())),
            _ => refused(&context).unwrap_or_else(|| failed(errno)),
        })?;
        let attributes = MountAttrFlags::MOUNT_ATTR_NOSUID | MountAttrFlags::MOUNT_ATTR_NODEV;
        let root = fsmount(&context, FsMountFlags::FSMOUNT_CLOEXEC, attributes).map_err(failed)?;
        Ok(HugePageFileSystem { root, page })
    }

    fn texts(&self, page: PageSize) -> Vec<(&'static str, String)> {
        let mut texts = vec![("pagesize", format!("{}K", page.bytes().kib()))];
        let bytes = |size: Bytes| size.get().to_string();
        texts.extend(self.size.map(|size| ("size", bytes(size))));
        texts.extend(self.min_size.map(|size| ("min_size", bytes(size))));
        texts.extend(self.inodes.map(|inodes| ("nr_inodes", inodes.to_string())));
        texts.extend(self.user.map(|user| ("uid", user.number().to_string())));
        texts.extend(self.group.map(|group| ("gid", group.number().to_string())));
        texts.extend(self.mode.map(|mode| ("mode", format!("{mode:o}"))));
        texts
    }
}

const OBJECT: &str = "hugetlbfs";
const NEEDS: Requirement = Requirement::none().configuration("CONFIG_HUGETLBFS").capability("CAP_SYS_ADMIN");

fn invalid(accepted: String) -> Error {
    Error::invalid("make", OBJECT, accepted)
}

/// What the kernel itself says against the options.
fn refused(context: &OwnedFd) -> Option<Error> {
    let mut message = [0; 256];
    let length = read(context, &mut message).ok()?;
    let text = message[..length].trim_ascii_end().to_str_lossy().into_owned();
    Some(invalid(format!("the kernel says: {}", text.trim_start_matches("e "))))
}

/// A hugetlbfs that has no place in any directory.
#[derive(Debug)]
pub struct HugePageFileSystem {
    root: OwnedFd,
    page: PageSize,
}

impl HugePageFileSystem {
    /// The size of its pages.
    #[must_use]
    pub const fn page_size(&self) -> PageSize {
        self.page
    }

    /// Mounts it on the directory at `path`, until what is returned is dropped.
    ///
    /// # Errors
    /// There is no such directory.
    ///
    /// # Capabilities
    /// CAP_SYS_ADMIN.
    #[doc(alias = "move_mount")]
    pub fn attach(self, path: impl AsRef<Path>) -> Result<AttachedHugePages, Error> {
        let path = path.as_ref();
        move_mount(&self.root, "", CWD, path, MoveMountFlags::MOVE_MOUNT_F_EMPTY_PATH).map_err(|errno| {
            Error::system("mount hugetlbfs on", path.as_os_str().as_bytes(), errno).explained(NEEDS, None)
        })?;
        Ok(AttachedHugePages { system: self, path: path.to_owned(), attached: true })
    }
}

impl AsFd for HugePageFileSystem {
    /// Its root directory.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.root.as_fd()
    }
}

/// A hugetlbfs that is mounted, until this is dropped.
#[derive(Debug)]
#[must_use = "it is unmounted when this is dropped"]
pub struct AttachedHugePages {
    system: HugePageFileSystem,
    path: PathBuf,
    attached: bool,
}

impl AttachedHugePages {
    /// Where it was mounted.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Unmounts it. Its files last as long as they are open or mapped.
    ///
    /// # Errors
    /// The kernel refuses it.
    pub fn unmount(mut self) -> Result<(), Error> {
        self.attached = false;
        let path = self.path.as_os_str().as_bytes();
        self.take_away().map_err(|errno| Error::system("unmount", path, errno).explained(NEEDS, None))
    }

    /// Leaves it mounted for good.
    pub fn keep(mut self) {
        self.attached = false;
    }

    /// Through the descriptor: what is at the path may be another mount by now.
    fn take_away(&self) -> Result<(), Errno> {
        let root = format!("/proc/self/fd/{}", self.system.root.as_raw_fd());
        unmount(root, UnmountFlags::DETACH)
    }
}

impl AsFd for AttachedHugePages {
    /// Its root directory.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.system.as_fd()
    }
}

impl Drop for AttachedHugePages {
    fn drop(&mut self) {
        if self.attached {
            let _ = self.take_away();
        }
    }
}
