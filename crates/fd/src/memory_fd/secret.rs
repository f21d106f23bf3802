//! Memory that the kernel itself doesn't see: memfd_secret(2).

use std::os::fd::OwnedFd;

use linux_support_base::{Bytes, Errno, Error, Reason, Requirement};
use rustix::fs::{fstat, ftruncate};

use crate::{descriptor::descriptor, sys};

/// Memory for secrets: it is nowhere but in the processes that map it, not even in the kernel's own map, is never
/// swapped, and neither ptrace nor `/proc/PID/mem` reads it. It can't be read or written but by mapping it.
///
/// Its pages count as locked: see `RLIMIT_MEMLOCK`. As long as any is in use the machine doesn't hibernate.
///
/// ```
/// use linux_support_base::Bytes;
/// use linux_support_fd::SecretMemory;
///
/// match SecretMemory::new(Bytes::from_kib(8).unwrap()) {
///     Ok(secret) => assert_eq!(secret.length()?.kib(), 8),
///     Err(error) => assert!(error.is_absent()),
/// }
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Kernel
/// Since 5.14, with `CONFIG_SECRETMEM`; before 6.5 with `secretmem.enable=1` on the boot command line.
///
/// # Source
/// memfd_secret(2).
#[derive(Debug)]
#[doc(alias = "memfd_secret")]
pub struct SecretMemory(OwnedFd);

descriptor!(SecretMemory, "secret memory", crate::DescriptorKind::SecretMemory, nonblocking: false);

impl SecretMemory {
    /// Memory of this length, which never changes.
    ///
    /// # Errors
    /// This kernel has none; there is no descriptor left; the length is out of range.
    pub fn new(length: Bytes) -> Result<Self, Error> {
        let secret = sys::memory_fd::secret().map_err(|errno| match errno {
            Errno::NOSYS => {
                let needs = Requirement::none().configuration("CONFIG_SECRETMEM, and secretmem.enable=1");
                Error::new("create", "secret memory", Reason::NotConfigured { needs })
            }
            errno => Error::system("create", "secret memory", errno),
        })?;
        ftruncate(&secret, length.get())
            .map_err(|errno| Error::system("set length of", "secret memory", errno))?;
        Ok(Self(secret))
    }

    /// How long it is.
    ///
    /// # Errors
    /// None that is known.
    pub fn length(&self) -> Result<Bytes, Error> {
        let status = fstat(&self.0).map_err(|errno| Error::system("query", "secret memory", errno))?;
        Ok(Bytes::new(status.st_size.try_into().unwrap_or_default()))
    }
}
