//! Protection keys: pkey_alloc(2), pkey_mprotect(2), pkey_free(2), and the register with a thread's rights.

use std::sync::Arc;

use libc::{c_int, c_long};
use linux_raw_sys::general::{__NR_pkey_alloc, __NR_pkey_free, __NR_pkey_mprotect, PKEY_DISABLE_ACCESS};
use rustix::io::Errno;

use super::{
    kind::{Kind, Private, Protection, Readable, Writable},
    mapping::Mapping,
    number, result,
};

/// A key, which is freed when nothing has it any more.
#[derive(Debug)]
pub(crate) struct Key(u32);

impl Key {
    /// A key with which no thread has access.
    pub(crate) fn allocate() -> Result<Self, Errno> {
        if !rights::are_there() {
            return Err(Errno::OPNOTSUPP);
        }
        // SAFETY: it takes numbers. The rights are those of this thread to the key, which nothing has yet.
        let key = result(unsafe {
            libc::syscall(number(__NR_pkey_alloc), 0 as c_long, c_long::from(PKEY_DISABLE_ACCESS))
        })?;
        Ok(Self(key as u32))
    }

    pub(crate) fn number(&self) -> u32 {
        self.0
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: it takes a number; no mapping has this key, as each keeps it from being dropped.
        let _ = result(unsafe { libc::syscall(number(__NR_pkey_free), c_long::from(self.0)) });
    }
}

/// Memory that has a key. Of its bytes none is lent, as no reference may be there while they can't be reached.
#[derive(Debug)]
pub(crate) struct Locked<P: Protection> {
    mapping: Mapping<Private, P>,
    key: Arc<Key>,
}

impl<P: Protection> Locked<P> {
    /// Gives the memory this key.
    pub(crate) fn lock(
        mapping: Mapping<Private, P>,
        key: &Arc<Key>,
    ) -> Result<Self, (Mapping<Private, P>, Errno)> {
        match set(&mapping, key.0 as c_int) {
            Ok(()) => Ok(Self { mapping, key: Arc::clone(key) }),
            Err(errno) => {
                // A part may have it.
                let _ = set(&mapping, 0);
                Err((mapping, errno))
            }
        }
    }

    /// Takes the key off.
    pub(crate) fn unlock(self) -> Result<Mapping<Private, P>, (Self, Errno)> {
        match set(&self.mapping, 0) {
            Ok(()) => Ok(self.mapping),
            Err(errno) => Err((self, errno)),
        }
    }

    pub(crate) fn mapping_length(&self) -> usize {
        self.mapping.len()
    }

    pub(crate) fn range(&self) -> linux_support_base::AddressRange {
        self.mapping.range()
    }
}

impl<P: Readable> Locked<P> {
    /// Copies bytes out; false where they are not all inside.
    pub(crate) fn read(&self, offset: usize, buffer: &mut [u8]) -> bool {
        if offset.checked_add(buffer.len()).is_none_or(|end| end > self.mapping.len()) {
            return false;
        }
        let _open = rights::Open::new(self.key.0, false);
        // SAFETY: the bytes are inside, this thread may read them as long as the rights are open, and nobody has
        // borrowed any of them for writing, as `self` is borrowed.
        unsafe {
            self.mapping
                .as_ptr()
                .as_ptr()
                .add(offset)
                .copy_to_nonoverlapping(buffer.as_mut_ptr(), buffer.len())
        };
        true
    }
}

impl<P: Writable> Locked<P> {
    /// Copies bytes in; false where they do not all fit.
    pub(crate) fn write(&mut self, offset: usize, bytes: &[u8]) -> bool {
        if offset.checked_add(bytes.len()).is_none_or(|end| end > self.mapping.len()) {
            return false;
        }
        let _open = rights::Open::new(self.key.0, true);
        // SAFETY: the bytes are inside, this thread may write them as long as the rights are open, and nobody has
        // borrowed any of them, as `self` is borrowed exclusively.
        unsafe {
            self.mapping.as_ptr().as_ptr().add(offset).copy_from_nonoverlapping(bytes.as_ptr(), bytes.len())
        };
        true
    }
}

fn set<K: Kind, P: Protection>(mapping: &Mapping<K, P>, key: c_int) -> Result<(), Errno> {
    // SAFETY: the protection is the one that it has. None of its bytes is lent: it is being given a key, or has one.
    result(unsafe {
        libc::syscall(
            number(__NR_pkey_mprotect),
            mapping.as_ptr().as_ptr(),
            mapping.len(),
            c_long::from(P::BITS),
            c_long::from(key),
        )
    })?;
    Ok(())
}

#[cfg(target_arch = "x86_64")]
mod rights {
    use core::{arch::asm, marker::PhantomData};

    /// Whether the processor has keys, and the kernel lets programs use them.
    pub(super) fn are_there() -> bool {
        use core::arch::x86_64::{__cpuid, __cpuid_count};
        // The leaf with the flag, as far as the processor has so many.
        __cpuid(0).eax >= 7 && __cpuid_count(7, 0).ecx & 1 << 4 != 0
    }

    /// This thread's rights to one key, open until this is dropped.
    pub(super) struct Open {
        before: u32,
        /// The register is the thread's own.
        thread: PhantomData<*const ()>,
    }

    impl Open {
        pub(super) fn new(key: u32, writing: bool) -> Self {
            let before = read();
            // Two bits for each of 16 keys: 1 forbids access, 2 forbids writing.
            let open = before & !(3 << (2 * (key & 15))) | u32::from(!writing) << (2 * (key & 15) + 1);
            write(open);
            Self { before, thread: PhantomData }
        }
    }

    impl Drop for Open {
        fn drop(&mut self) {
            write(self.before);
        }
    }

    fn read() -> u32 {
        let rights: u32;
        // SAFETY: a key was allocated, so the processor has this instruction and the kernel allows it; it reads the
        // register into eax and clears edx.
        unsafe {
            asm!("rdpkru", in("ecx") 0, out("eax") rights, out("edx") _, options(nostack, preserves_flags))
        };
        rights
    }

    fn write(rights: u32) {
        // SAFETY: as above. The rights that change are those to a key of which no memory is lent. Without `nomem`, no
        // access is moved across.
        unsafe {
            asm!("wrpkru", in("ecx") 0, in("edx") 0, in("eax") rights, options(nostack, preserves_flags))
        };
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod rights {
    /// Never: the register of other architectures is not known here.
    pub(super) fn are_there() -> bool {
        false
    }

    pub(super) struct Open;

    impl Open {
        pub(super) fn new(_: u32, _: bool) -> Self {
            Self
        }
    }
}
