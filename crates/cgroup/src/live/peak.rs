use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use linux_support_base::{ByteString, Bytes, Errno, Error, KernelVersion, Reason, Requirement};
use rustix::{
    fs::OFlags,
    io::{pread, write},
};

use super::LiveGroup;

/// The most that a group has used since this was begun anew: each meter has a peak of its own, and the one of the group
/// itself stays.
///
/// # Kernel
/// Since 6.12.
///
/// # Source
/// Documentation/admin-guide/cgroup-v2.rst, `memory.peak`, `memory.swap.peak`.
#[derive(Debug)]
pub struct PeakMeter {
    file: OwnedFd,
    path: ByteString,
}

/// More than a number has.
const ROOM: usize = 64;

const FIRST: KernelVersion = KernelVersion::new(6, 12, 0);

impl PeakMeter {
    fn open(group: &LiveGroup<'_>, file: &'static str, needs: Requirement) -> Result<Self, Error> {
        let path: ByteString = [group.directory().path(), b"/", file.as_bytes()].concat().into();
        let needs = needs.since(6, 12);
        // Older kernels have it to be read alone, and say so in various ways.
        let explained = |error: Error| {
            let running = group.machine().kernel_release().ok().map(|release| release.version());
            match (error.reason(), running) {
                (Reason::PermissionDenied { .. } | Reason::System(Errno::INVAL), Some(version))
                    if version < FIRST =>
                {
                    Error::system("open", path.clone(), Errno::NOENT).explained(needs, running)
                }
                _ => group.explain(error, needs),
            }
        };
        let opened = group.live()?.open(file, OFlags::RDWR).map_err(explained)?;
        let meter = Self { file: opened, path: path.clone() };
        meter.restart().map_err(explained)?;
        Ok(meter)
    }

    /// The most that was used.
    ///
    /// # Errors
    /// The group is gone.
    pub fn read(&self) -> Result<Bytes, Error> {
        let mut buffer = [0; ROOM];
        let length = pread(&self.file, &mut buffer, 0).map_err(|errno| self.failed("read", errno))?;
        crate::format::bytes(&buffer[..length]).map_err(|error| Error::malformed(self.path.clone(), error))
    }

    /// Begins anew: with what is used now.
    ///
    /// # Errors
    /// The group is gone.
    pub fn restart(&self) -> Result<(), Error> {
        write(&self.file, b"reset").map_err(|errno| self.failed("reset", errno))?;
        Ok(())
    }

    #[cold]
    fn failed(&self, operation: &'static str, errno: Errno) -> Error {
        Error::system(operation, self.path.clone(), errno)
    }
}

impl AsFd for PeakMeter {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl LiveGroup<'_> {
    /// Measures the most memory that the group uses from now on.
    ///
    /// # Errors
    /// The kernel is older than 6.12; the group has no controller of memory, or is the root.
    #[doc(alias = "memory.peak")]
    pub fn measure_peak(&self) -> Result<PeakMeter, Error> {
        PeakMeter::open(self, "memory.peak", super::watch::MEMORY)
    }

    /// Measures the most swap space that the group uses from now on.
    ///
    /// # Errors
    /// As for [`measure_peak`](Self::measure_peak); the kernel can't swap.
    #[doc(alias = "memory.swap.peak")]
    pub fn measure_swap_peak(&self) -> Result<PeakMeter, Error> {
        PeakMeter::open(self, "memory.swap.peak", super::watch::MEMORY)
    }
}
