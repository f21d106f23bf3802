use core::{fmt, time::Duration};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use linux_support_base::{ByteString, Directory, Error, Machine, Reason, Requirement};
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{Mode, OFlags, openat},
    io::{Errno, write},
};

const PSI: Requirement = Requirement::none()
    .since(5, 2)
    .configuration("CONFIG_PSI and psi=1 at boot")
    .capability("CAP_SYS_RESOURCE");

/// What tasks wait for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PressureResource {
    /// A CPU.
    Cpu,
    /// Memory.
    Memory,
    /// Input and output.
    Io,
    /// Interrupts that hold it up; of [`StallKind::Full`] only. Since Linux 6.1.
    Irq,
}

impl PressureResource {
    /// The kernel's name: `memory`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Memory => "memory",
            Self::Io => "io",
            Self::Irq => "irq",
        }
    }
}

/// Who waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StallKind {
    /// One task at least.
    Some,
    /// All tasks that have work, at once.
    Full,
}

/// A descriptor that tells when tasks have waited for a resource for too long: to be polled for priority (`POLLPRI`), by
/// itself or in an epoll, at most once in its window.
///
/// ```no_run
/// use std::time::Duration;
///
/// use linux_support_base::Machine;
/// use linux_support_memory::{PressureResource, PressureTrigger, StallKind};
///
/// let (threshold, window) = (Duration::from_millis(150), Duration::from_secs(2));
/// let trigger =
///     PressureTrigger::new(&Machine::live()?, PressureResource::Memory, StallKind::Some, threshold, window)?;
/// while trigger.wait(Some(Duration::from_secs(60)))? {
///     println!("tasks waited for memory for 150 ms of the last 2 s");
/// }
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Kernel
/// Since Linux 5.2, with `CONFIG_PSI`, where it is not switched off at boot.
///
/// # Source
/// Documentation/accounting/psi.rst, "Monitoring for pressure thresholds".
pub struct PressureTrigger {
    file: OwnedFd,
    path: ByteString,
}

impl PressureTrigger {
    /// A trigger for the whole machine: it tells when tasks have waited for `threshold` within `window`.
    ///
    /// # Errors
    /// `threshold` is 0 or longer than `window`; `window` is not from 500 ms to 10 s; `machine` is not the one that runs;
    /// the kernel keeps no account of pressure.
    ///
    /// # Capabilities
    /// CAP_SYS_RESOURCE, unless `window` is of whole two seconds (since Linux 6.5).
    pub fn new(
        machine: &Machine,
        resource: PressureResource,
        kind: StallKind,
        threshold: Duration,
        window: Duration,
    ) -> Result<Self, Error> {
        let directory = machine.directory("/proc/pressure").map_err(|error| machine.explain(error, PSI))?;
        Self::open(machine, &directory, resource.name(), kind, threshold, window)
    }

    /// A trigger for a control group, of which `cgroup` is the directory.
    ///
    /// # Errors
    /// As for [`new`](Self::new).
    pub fn of_cgroup(
        machine: &Machine,
        cgroup: &Directory,
        resource: PressureResource,
        kind: StallKind,
        threshold: Duration,
        window: Duration,
    ) -> Result<Self, Error> {
        let name = format!("{}.pressure", resource.name());
        Self::open(machine, cgroup, &name, kind, threshold, window)
    }

    fn open(
        machine: &Machine,
        directory: &Directory,
        name: &str,
        kind: StallKind,
        threshold: Duration,
        window: Duration,
    ) -> Result<Self, Error> {
        const OPERATION: &str = "watch the pressure at";
        const WINDOW: core::ops::RangeInclusive<Duration> =
            Duration::from_millis(500)..=Duration::from_secs(10);
        let path = [directory.path(), b"/", name.as_bytes()].concat();
        if !WINDOW.contains(&window) || threshold.is_zero() || threshold > window {
            let accepted = format!(
                "{threshold:?} of {window:?}: a window is from 500 ms to 10 s, and the threshold above 0 and within it"
            );
            return Err(Error::invalid(OPERATION, &path[..], accepted));
        }
        let Some(descriptor) = directory.descriptor() else {
            let accepted = "needs the machine that runs, and this was captured";
            return Err(Error::invalid(OPERATION, &path[..], accepted));
        };
        let failed = |errno| {
            let error = match errno {
                // The file is there, but accounting was not switched on at boot.
                Errno::OPNOTSUPP => Error::new(OPERATION, &path[..], Reason::Absent),
                // Without the capability, windows are of whole two seconds.
                Errno::INVAL => Error::invalid(
                    OPERATION,
                    &path[..],
                    format!(
                        "{threshold:?} of {window:?}: without CAP_SYS_RESOURCE, a window is of whole two seconds"
                    ),
                ),
                errno => Error::system(OPERATION, &path[..], errno),
            };
            machine.explain(error, PSI)
        };
        let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = openat(descriptor, name, flags, Mode::empty()).map_err(failed)?;
        let kind = match kind {
            StallKind::Some => "some",
            StallKind::Full => "full",
        };
        // The kernel takes the last byte for an end.
        let text = format!("{kind} {} {}\0", threshold.as_micros(), window.as_micros());
        write(&file, text.as_bytes()).map_err(failed)?;
        Ok(Self { file, path: path[..].into() })
    }

    /// Waits until it tells, and says whether it did within `timeout`; without one, it waits as long as it takes.
    ///
    /// # Errors
    /// [`Reason::Gone`]: the control group has been removed.
    pub fn wait(&self, timeout: Option<Duration>) -> Result<bool, Error> {
        const OPERATION: &str = "wait for pressure at";
        let end =
            timeout.map(|timeout| std::time::Instant::now() + timeout.min(Duration::from_secs(1 << 31)));
        loop {
            let left = end.map(|end| end.saturating_duration_since(std::time::Instant::now()));
            let left = left.and_then(|left| Timespec::try_from(left).ok());
            let mut polled = [PollFd::new(&self.file, PollFlags::PRI)];
            match poll(&mut polled, left.as_ref()) {
                Err(Errno::INTR) => {}
                Err(errno) => return Err(Error::system(OPERATION, self.path.clone(), errno)),
                Ok(0) => return Ok(false),
                Ok(_) if polled[0].revents().contains(PollFlags::ERR) => {
                    return Err(Error::new(OPERATION, self.path.clone(), Reason::Gone));
                }
                Ok(_) => return Ok(true),
            }
        }
    }
}

impl AsFd for PressureTrigger {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl From<PressureTrigger> for OwnedFd {
    fn from(trigger: PressureTrigger) -> Self {
        trigger.file
    }
}

impl fmt::Debug for PressureTrigger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PressureTrigger({})", self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trigger(machine: &Machine, threshold: u64, window: u64) -> Result<PressureTrigger, Error> {
        let (threshold, window) = (Duration::from_millis(threshold), Duration::from_millis(window));
        PressureTrigger::new(machine, PressureResource::Memory, StallKind::Some, threshold, window)
    }

    #[test]
    fn times_that_the_kernel_does_not_take_are_refused_before_it_is_asked() {
        let machine = Machine::live().unwrap();
        if !machine.exists("/proc/pressure") {
            return;
        }
        for (threshold, window) in [(0, 1000), (2000, 1000), (100, 499), (100, 10_001)] {
            let error = trigger(&machine, threshold, window).unwrap_err();
            assert!(error.to_string().contains("from 500 ms to 10 s"), "{error}");
        }
    }

    #[test]
    fn a_quiet_machine_is_waited_for_in_vain() {
        let machine = Machine::live().unwrap();
        // A window of whole two seconds, which needs no capability.
        match trigger(&machine, 2000, 2000) {
            Err(error) => {
                assert!(["not-configured", "permission-denied"].contains(&error.reason().name()), "{error}");
            }
            Ok(trigger) => {
                // All of the time is more than what tasks wait.
                assert!(!trigger.wait(Some(Duration::from_millis(10))).unwrap());
                assert!(trigger.wait(Some(Duration::ZERO)).is_ok());
            }
        }
    }
}
