//! When a process was started, as the clock on the wall showed it.

use core::time::Duration;
use std::time::SystemTime;

use linux_support_base::{
    Errno, Error, Machine, ParseError,
    text::{decimal, lines},
};
use rustix::time::{ClockId, clock_gettime};

use crate::{serialize::plain_number, task::Task};

plain_number! {
    /// Seconds since the beginning of 1970, in UTC.
    UnixSeconds(u64), "Seconds since the beginning of 1970, in UTC."
}

impl UnixSeconds {
    /// The time as the standard library has it; `None` where that can't hold it.
    #[must_use]
    pub fn time(self) -> Option<SystemTime> {
        SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(self.get()))
    }

    /// When the machine was started, to a second: the line `btime` of `/proc/stat`.
    ///
    /// # Errors
    /// The file is absent, has no such line or a malformed one.
    #[doc(alias = "btime")]
    pub fn of_boot(machine: &Machine) -> Result<Self, Error> {
        machine.parse_full("/proc/stat", |text| {
            let value = lines(text)
                .find_map(|line| line.strip_prefix(b"btime "))
                .ok_or_else(|| ParseError::expected("a line btime", &text[text.len()..]).in_field("btime"))?;
            decimal(value.trim_ascii()).map(Self::new).map_err(|error| error.in_field("btime"))
        })
    }
}

impl Task<'_> {
    /// When it was started, by the wall clock as that is set now: to a clock tick (10 ms as a rule) on a live machine, to a
    /// second on a captured one.
    ///
    /// The kernel counts from the machine's start. If the clock was set since, this is not what it showed back then.
    ///
    /// ```
    /// use std::time::SystemTime;
    /// use linux_support_base::Machine;
    /// use linux_support_process::Process;
    ///
    /// let machine = Machine::live()?;
    /// assert!(Process::of_caller(&machine)?.start_time()? <= SystemTime::now());
    /// # Ok::<(), linux_support_base::Error>(())
    /// ```
    ///
    /// # Errors
    /// As for [`stat`](Self::stat); also a captured machine that does not say when it was started, or how many ticks make
    /// a second; a time that the standard library can't hold.
    #[doc(alias = "lstart")]
    pub fn start_time(&self) -> Result<SystemTime, Error> {
        let after_boot = self.stat()?.start.duration(self.ticks_per_second()?);
        let boot = if self.machine().is_live() {
            // Of the same namespace of clocks as the ticks, which the kernel shifts for the reader.
            let since_boot = clock(ClockId::Boottime);
            clock(ClockId::Realtime).checked_sub(since_boot)
        } else {
            Some(Duration::from_secs(UnixSeconds::of_boot(self.machine())?.get()))
        };
        boot.and_then(|boot| boot.checked_add(after_boot))
            .and_then(|time| SystemTime::UNIX_EPOCH.checked_add(time))
            .ok_or_else(|| Error::system("date", self.directory().path(), Errno::OVERFLOW))
    }
}

fn clock(id: ClockId) -> Duration {
    let time = clock_gettime(id);
    Duration::new(u64::try_from(time.tv_sec).unwrap_or(0), u32::try_from(time.tv_nsec).unwrap_or(0))
}
