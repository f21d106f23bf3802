use std::sync::Arc;

use linux_support_base::{AddressRange, Error, Reason, Requirement};
use rustix::io::Errno;

use super::Unchanged;
use crate::{
    mapping::{Mapping, Private, Protection, Readable, Writable},
    sys::protection_key::{Key, Locked},
};

/// A protection key: memory that has it can't be reached by any thread, but while [`Keyed`] copies to or from it.
///
/// For what a stray pointer must not find, such as secrets: to open it needs no system call.
/// A processor has 15 keys for a process. This one is freed when it and all memory that has it are dropped.
///
/// # Kernel
/// On x86_64 with memory protection keys (`pku`); other architectures are not supported yet.
///
/// # Source
/// pkeys(7).
#[doc(alias = "pkey_alloc")]
#[derive(Clone, Debug)]
pub struct ProtectionKey(Arc<Key>);

/// Memory that has a [`ProtectionKey`]. Its bytes are copied, and never lent.
#[derive(Debug)]
pub struct Keyed<P: Protection>(Locked<P>);

impl ProtectionKey {
    /// A new key.
    ///
    /// # Errors
    /// The processor has no keys, or all are in use (`ENOSPC`).
    pub fn allocate() -> Result<Self, Error> {
        const NEEDS: Requirement = Requirement::none()
            .configuration("x86_64 with protection keys (the flag ospke in /proc/cpuinfo)");
        let key = Key::allocate().map_err(|errno| match errno {
            Errno::OPNOTSUPP => {
                Error::new("allocate", "protection key", Reason::NotConfigured { needs: NEEDS })
            }
            errno => Error::system("allocate", "protection key", errno),
        })?;
        Ok(Self(Arc::new(key)))
    }

    /// The kernel's number, as smaps gives it.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.0.number()
    }
}

impl<P: Protection> Mapping<Private, P> {
    /// Gives the memory a key: from now on, nobody reaches it but through what this returns.
    ///
    /// # Errors
    /// There are too many mappings (`ENOMEM`).
    #[doc(alias = "pkey_mprotect")]
    pub fn with_key(self, key: &ProtectionKey) -> Result<Keyed<P>, Unchanged<Self>> {
        Locked::lock(self, &key.0).map(Keyed).map_err(|(mapping, errno)| {
            let error = mapping.failed("give a key to", errno);
            Unchanged::new(mapping, error)
        })
    }
}

impl<P: Protection> Keyed<P> {
    /// Its addresses.
    #[must_use]
    pub fn range(&self) -> AddressRange {
        self.0.range()
    }

    /// Takes the key off.
    ///
    /// # Errors
    /// There are too many mappings (`ENOMEM`).
    pub fn without_key(self) -> Result<Mapping<Private, P>, Unchanged<Self>> {
        self.0.unlock().map_err(|(locked, errno)| {
            let error = Error::system("take the key off", locked.range().to_string().as_bytes(), errno);
            Unchanged::new(Self(locked), error)
        })
    }

    fn outside(&self, operation: &'static str, offset: usize, count: usize) -> Error {
        let length = self.0.mapping_length();
        let accepted = format!("{count} bytes at {offset} are not all inside: it has {length} bytes");
        Error::invalid(operation, "memory with a key", accepted)
    }
}

impl<P: Readable> Keyed<P> {
    /// Copies the bytes from `offset` on, as many as `buffer` has.
    ///
    /// # Errors
    /// They are not all inside.
    pub fn read_at(&self, offset: usize, buffer: &mut [u8]) -> Result<(), Error> {
        match self.0.read(offset, buffer) {
            true => Ok(()),
            false => Err(self.outside("read", offset, buffer.len())),
        }
    }
}

impl<P: Writable> Keyed<P> {
    /// Copies `bytes` to `offset`.
    ///
    /// # Errors
    /// They do not all fit.
    pub fn write_at(&mut self, offset: usize, bytes: &[u8]) -> Result<(), Error> {
        match self.0.write(offset, bytes) {
            true => Ok(()),
            false => Err(self.outside("write to", offset, bytes.len())),
        }
    }
}
