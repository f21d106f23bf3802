use core::ops::Deref;
use std::{
    fs::File,
    io,
    os::{fd::OwnedFd, unix::fs::FileExt},
};

use linux_support_base::{Error, Reason, Requirement};
use rustix::{
    fs::{Mode, OFlags, openat},
    io::Errno,
};

use super::Transfer;
use crate::{Address, Process, sys};

/// The memory of a process, by its file `mem`: held open, it stays that of the program that ran when it was opened, and
/// nothing can be read there once the process runs another.
///
/// Unlike [`ProcessMemory`](super::ProcessMemory), it also reads what the process has mapped but may not read itself.
#[derive(Debug)]
#[doc(alias = "/proc/PID/mem")]
pub struct MemoryFile {
    file: File,
    name: String,
}

/// The memory of another process, by its file `mem`, to be read and written: see [`MemoryFile`].
///
/// It also writes what the process has mapped but may not write itself, such as its program's text: private mappings get
/// a copy of the page. (Kernels can be told to refuse that: `proc_mem.force_override`, since Linux 6.12.)
#[derive(Debug)]
pub struct WritableMemory(MemoryFile);

impl Deref for WritableMemory {
    type Target = MemoryFile;

    fn deref(&self) -> &MemoryFile {
        &self.0
    }
}

impl Process<'_> {
    /// Its memory, by its file `mem`, to be read.
    ///
    /// # Errors
    /// It has ended; the permission is missing; its machine was captured.
    ///
    /// # Capabilities
    /// CAP_SYS_PTRACE for processes that may not be traced.
    #[doc(alias = "mem")]
    pub fn memory_file(&self) -> Result<MemoryFile, Error> {
        self.open_memory(OFlags::RDONLY)
    }

    /// Its memory, by its file `mem`, to be read and written.
    ///
    /// # Errors
    /// It has ended; the permission is missing; its machine was captured; it has the same memory as the calling process,
    /// which may not change its own like this.
    ///
    /// # Capabilities
    /// CAP_SYS_PTRACE for processes that may not be traced.
    #[doc(alias = "mem")]
    #[doc(alias = "process_vm_writev")]
    pub fn writable_memory(&self) -> Result<WritableMemory, Error> {
        let memory = self.open_memory(OFlags::RDWR)?;
        let own = sys::memory::is_own_address_space(self.pid().number());
        let own = own.map_err(|errno| Error::system("compare", memory.name.as_str(), errno))?;
        // The number was its own while the kernel compared, and the file is of the address space that it had before.
        self.ensure_alive()?;
        if own {
            return Err(Error::invalid(
                "open",
                memory.name,
                "it is that of the calling process, which may not change its own like this",
            ));
        }
        Ok(WritableMemory(memory))
    }

    fn open_memory(&self, access: OFlags) -> Result<MemoryFile, Error> {
        self.machine().as_live()?;
        let open = || -> Result<OwnedFd, Errno> {
            let directory = self.directory().descriptor().ok_or(Errno::BADF)?;
            openat(directory, "mem", access | OFlags::CLOEXEC, Mode::empty())
        };
        let name = format!("the memory of process {}", self.pid());
        match open() {
            Ok(file) => Ok(MemoryFile { file: file.into(), name }),
            Err(errno) => {
                let needs = Requirement::none().capability("CAP_SYS_PTRACE");
                Err(self.explain(Error::system("open", name, errno), needs))
            }
        }
    }
}

impl MemoryFile {
    /// Copies what is at `address` into the buffer, as far as it is mapped.
    ///
    /// # Errors
    /// Nothing is mapped there; the process has ended or runs another program ([`Reason::Gone`]).
    pub fn read(&self, address: Address, into: &mut [u8]) -> Result<Transfer, Error> {
        let length = into.len();
        self.all("read", address, length, |done, at| self.file.read_at(&mut into[done..], at))
    }

    fn all(
        &self,
        operation: &'static str,
        address: Address,
        length: usize,
        mut copy: impl FnMut(usize, u64) -> io::Result<usize>,
    ) -> Result<Transfer, Error> {
        let mut copied = 0;
        while copied < length {
            let Some(next) = address.checked_add(copied as u64) else { break };
            let object = || format!("address {next} of {}", self.name);
            match copy(copied, next.get()) {
                // An address space that is gone looks like the end of the file.
                Ok(0) => return Err(Error::new(operation, object(), Reason::Gone)),
                Ok(bytes) => copied += bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(_) if copied > 0 => return Ok(Transfer { copied, ended_at: Some(next) }),
                Err(error) => {
                    let errno = error.raw_os_error().map_or(Errno::IO, Errno::from_raw_os_error);
                    return Err(Error::new(operation, object(), Reason::System(errno)));
                }
            }
        }
        Ok(Transfer { copied, ended_at: None })
    }
}

impl WritableMemory {
    /// Copies the bytes to `address`, as far as something is mapped there.
    ///
    /// # Errors
    /// Nothing is mapped there; the process has ended or runs another program ([`Reason::Gone`]).
    pub fn write(&self, address: Address, bytes: &[u8]) -> Result<Transfer, Error> {
        self.all("write", address, bytes.len(), |done, at| self.file.write_at(&bytes[done..], at))
    }

    /// Copies each piece to its address, in their order, up to the first byte that can't be written.
    ///
    /// # Errors
    /// The first byte can't be written, or as for [`write`](Self::write).
    pub fn write_all(&self, pieces: &[(Address, &[u8])]) -> Result<Transfer, Error> {
        let mut copied = 0;
        for (address, bytes) in pieces {
            match self.write(*address, bytes) {
                Ok(transfer) => {
                    copied += transfer.copied;
                    if transfer.ended_at.is_some() {
                        return Ok(Transfer { copied, ..transfer });
                    }
                }
                Err(error) if copied > 0 && matches!(error.reason(), Reason::System(_)) => {
                    return Ok(Transfer { copied, ended_at: Some(*address) });
                }
                Err(error) => return Err(error),
            }
        }
        Ok(Transfer { copied, ended_at: None })
    }
}
