//! Files without a name, in memory: memfd_create(2).

use std::{
    fs::File,
    os::fd::{AsFd, AsRawFd, OwnedFd},
};

use bitflags::bitflags;
use linux_support_base::{Bytes, Errno, Error, PageSize, Reason, Requirement};
use rustix::fs::{
    CWD, MemfdFlags, Mode, OFlags, SealFlags, fcntl_add_seals, fcntl_get_seals, fstat, ftruncate,
    memfd_create, openat,
};

use crate::descriptor::descriptor;

bitflags! {
    /// What can't be done to a memfd any more, by anyone, ever. Bits that are not known here are kept.
    ///
    /// # Source
    /// fcntl(2), "File Sealing".
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Seals: u32 {
        /// No seal can be added.
        #[doc(alias = "F_SEAL_SEAL")]
        const SEAL = 0x1;
        /// It can't become shorter: who has mapped it never gets SIGBUS for that.
        #[doc(alias = "F_SEAL_SHRINK")]
        const SHRINK = 0x2;
        /// It can't become longer.
        #[doc(alias = "F_SEAL_GROW")]
        const GROW = 0x4;
        /// Its data can't change.
        #[doc(alias = "F_SEAL_WRITE")]
        const WRITE = 0x8;
        /// Its data can't change but through the writable mappings that there are. Since 5.1.
        #[doc(alias = "F_SEAL_FUTURE_WRITE")]
        const FUTURE_WRITE = 0x10;
        /// It can't become executable, or stop to be. Since 6.3.
        #[doc(alias = "F_SEAL_EXEC")]
        const EXECUTABILITY = 0x20;
        const _ = !0;
    }
}

/// Whether a memfd can be run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Executability {
    /// As the machine is set: see `/proc/sys/vm/memfd_noexec`.
    #[default]
    Default,
    /// It can't, and never will. Since 6.3.
    #[doc(alias = "MFD_NOEXEC_SEAL")]
    Never,
    /// It can. Since 6.3.
    #[doc(alias = "MFD_EXEC")]
    Allowed,
}

/// Which huge pages a memfd is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HugePages {
    /// Those of the machine's default size.
    Default,
    /// Those of this size.
    Of(PageSize),
}

/// How a memfd is created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MemFdOptions {
    /// Whether it can be sealed.
    #[doc(alias = "MFD_ALLOW_SEALING")]
    pub sealable: bool,
    /// Whether it can be run.
    pub executability: Executability,
    /// Whether it is made of huge pages.
    #[doc(alias = "MFD_HUGETLB")]
    pub huge_pages: Option<HugePages>,
}

/// A file without a name, in memory, which goes when nobody has it any more.
///
/// With seals its maker can promise what its length and data will be, and who takes it can check that:
///
/// ```
/// use std::{fs::File, io::Write, os::fd::OwnedFd};
/// use linux_support_fd::{MemFd, Seals};
///
/// let memory = MemFd::sealable("configuration")?;
/// File::from(OwnedFd::from(memory.try_clone()?)).write_all(b"text").unwrap();
/// memory.add_seals(Seals::SHRINK | Seals::GROW | Seals::WRITE | Seals::SEAL)?;
///
/// let received = MemFd::try_from(OwnedFd::from(memory))?;
/// received.require_seals(Seals::SHRINK | Seals::WRITE)?;
/// assert_eq!(received.length()?.get(), 4);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// memfd_create(2).
#[derive(Debug)]
pub struct MemFd(OwnedFd);

descriptor!(MemFd, "memfd", crate::DescriptorKind::MemFd(_), nonblocking: false);

/// Where the flags have the logarithm of the page size.
const HUGE_SHIFT: u32 = 26;

impl MemFd {
    /// The longest name, in bytes.
    pub const LONGEST_NAME: usize = 249;

    /// An empty one that can't be sealed. The name is for those who look at `/proc/PID/fd`; many may have the same.
    ///
    /// # Errors
    /// Those of [`with_options`](Self::with_options).
    pub fn new(name: impl AsRef<[u8]>) -> Result<Self, Error> {
        Self::with_options(name, MemFdOptions::default())
    }

    /// An empty one that can be sealed.
    ///
    /// # Errors
    /// Those of [`with_options`](Self::with_options).
    pub fn sealable(name: impl AsRef<[u8]>) -> Result<Self, Error> {
        Self::with_options(name, MemFdOptions { sealable: true, ..MemFdOptions::default() })
    }

    /// An empty one.
    ///
    /// # Errors
    /// The name is longer than [`LONGEST_NAME`](Self::LONGEST_NAME) or holds a zero byte; this kernel doesn't know
    /// the executability, or the machine forbids it; there are no pages of this size; there is no descriptor left.
    pub fn with_options(name: impl AsRef<[u8]>, options: MemFdOptions) -> Result<Self, Error> {
        let name = name.as_ref();
        if name.len() > Self::LONGEST_NAME || name.contains(&0) {
            let accepted = "takes names of up to 249 bytes, none of them zero";
            return Err(Error::invalid("create", "memfd", accepted));
        }
        let mut flags = MemfdFlags::CLOEXEC;
        flags.set(MemfdFlags::ALLOW_SEALING, options.sealable);
        match options.executability {
            Executability::Default => {}
            Executability::Never => flags |= MemfdFlags::NOEXEC_SEAL,
            Executability::Allowed => flags |= MemfdFlags::EXEC,
        }
        if let Some(pages) = options.huge_pages {
            flags |= MemfdFlags::HUGETLB;
            if let HugePages::Of(size) = pages {
                let logarithm = size.bytes().get().trailing_zeros();
                flags |= MemfdFlags::from_bits_retain(logarithm << HUGE_SHIFT);
            }
        }
        memfd_create(name, flags).map(Self).map_err(|errno| match errno {
            Errno::NODEV => {
                Error::invalid("create", "memfd", "takes the sizes of huge pages that the machine has")
            }
            Errno::INVAL if options.executability != Executability::Default => {
                let needs = Requirement::none().since(6, 3);
                Error::new("create", "memfd", Reason::NotConfigured { needs })
            }
            Errno::INVAL => {
                Error::invalid("create", "memfd", "takes the sizes of huge pages that the machine has")
            }
            Errno::ACCESS => Error::invalid("create", "memfd", "must not be executable: see vm.memfd_noexec"),
            errno => Error::system("create", "memfd", errno),
        })
    }

    /// How long it is.
    ///
    /// # Errors
    /// None that is known.
    pub fn length(&self) -> Result<Bytes, Error> {
        let status = fstat(&self.0).map_err(|errno| Error::system("query", "memfd", errno))?;
        Ok(Bytes::new(status.st_size.try_into().unwrap_or_default()))
    }

    /// Makes it so long; what is new is zero. With huge pages it is a multiple of their size.
    ///
    /// # Errors
    /// It is sealed against that, or the length is out of range.
    pub fn set_length(&self, length: Bytes) -> Result<(), Error> {
        ftruncate(&self.0, length.get()).map_err(|errno| match errno {
            Errno::PERM => Error::invalid("set length of", "memfd", "is sealed against that"),
            Errno::INVAL | Errno::FBIG => {
                Error::invalid("set length of", "memfd", "takes up to 2^63 - 1 bytes, in whole huge pages")
            }
            errno => Error::system("set length of", "memfd", errno),
        })
    }

    /// The seals that it has: [`Seals::SEAL`] from birth, if it isn't sealable.
    ///
    /// # Errors
    /// None that is known.
    #[doc(alias = "F_GET_SEALS")]
    pub fn seals(&self) -> Result<Seals, Error> {
        fcntl_get_seals(&self.0)
            .map(|seals| Seals::from_bits_retain(seals.bits()))
            .map_err(|errno| Error::system("read seals of", "memfd", errno))
    }

    /// Says that it has all of these seals, before it is relied on.
    ///
    /// # Errors
    /// It lacks one.
    pub fn require_seals(&self, wanted: Seals) -> Result<(), Error> {
        let missing = wanted - self.seals()?;
        if missing.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = missing.iter_names().map(|(name, _)| name).collect();
        let accepted = format!("lacks the seals {}", names.join(", "));
        Err(Error::invalid("check seals of", "memfd", accepted))
    }

    /// Adds seals, for ever.
    ///
    /// # Errors
    /// It isn't sealable or has [`Seals::SEAL`]; it is mapped for writing and to be sealed against that; it is open
    /// for reading only; this kernel doesn't know one of the seals.
    #[doc(alias = "F_ADD_SEALS")]
    pub fn add_seals(&self, seals: Seals) -> Result<(), Error> {
        fcntl_add_seals(&self.0, SealFlags::from_bits_retain(seals.bits())).map_err(|errno| {
            let accepted = match errno {
                Errno::PERM => "takes no seals any more, or is open for reading only",
                Errno::BUSY => "is mapped for writing",
                Errno::INVAL => "takes the seals that this kernel knows",
                errno => return Error::system("seal", "memfd", errno),
            };
            Error::invalid("seal", "memfd", accepted)
        })
    }

    /// Another descriptor of it that can only read: to be handed to those who must not write.
    ///
    /// Who is handed one and may open `/proc` can open it for writing again, unless it is sealed.
    ///
    /// # Errors
    /// `/proc` is not there, or there is no descriptor left.
    pub fn open_read_only(&self) -> Result<Self, Error> {
        let path = format!("/proc/thread-self/fd/{}", self.as_fd().as_raw_fd());
        openat(CWD, path.as_str(), OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
            .map(Self)
            .map_err(|errno| Error::system("open", path.as_str(), errno))
    }
}

impl From<MemFd> for File {
    fn from(memory: MemFd) -> Self {
        memory.0.into()
    }
}

impl TryFrom<File> for MemFd {
    type Error = Error;

    /// Takes a file that is a memfd.
    ///
    /// # Errors
    /// It is of another kind. The file is closed then.
    fn try_from(file: File) -> Result<Self, Error> {
        OwnedFd::from(file).try_into()
    }
}
