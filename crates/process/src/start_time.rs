//! When a process was started, as the clock on the wall showed it.

use core::{fmt, time::Duration};
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

    /// So much later, in whole seconds.
    #[must_use]
    pub const fn after(self, time: Duration) -> Self {
        Self(self.0.saturating_add(time.as_secs()))
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

impl fmt::Display for UnixSeconds {
    /// The day and the time in UTC: `2026-11-25 12:30:01Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (days, seconds) = (self.0 / 86_400, self.0 % 86_400);
        let (year, month, day) = day_of(days);
        let (hour, minute, second) = (seconds / 3_600, seconds / 60 % 60, seconds % 60);
        f.pad(&format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}Z"))
    }
}

/// The year, the month and the day of the month, so many days after the beginning of 1970.
fn day_of(days: u64) -> (u64, u64, u64) {
    // Years are counted from March on, so that the day that leap years have more is their last; 719,468 days lie between
    // the first of March of the year 0 and 1970, and 400 years have 146,097.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let leap_days = day_of_era / 1_460 - day_of_era / 36_524 + day_of_era / 146_096;
    let year_of_era = (day_of_era - leap_days) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    // From March on, five months have 153 days, in turns of 31, 30, 31, 30 and 31.
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_shown_as_days_and_times() {
        let shown = |seconds| UnixSeconds::new(seconds).to_string();
        // As `date -u -d @SECONDS` has them.
        assert_eq!(shown(0), "1970-01-01 00:00:00Z");
        assert_eq!(shown(951_782_399), "2000-02-28 23:59:59Z");
        assert_eq!(shown(951_782_400), "2000-02-29 00:00:00Z");
        assert_eq!(shown(1_709_251_199), "2024-02-29 23:59:59Z");
        assert_eq!(shown(4_107_542_400), "2100-03-01 00:00:00Z");
        assert_eq!(shown(1_798_761_599), "2026-12-31 23:59:59Z");
        assert!(!shown(u64::MAX).is_empty());
    }

    #[test]
    fn a_process_is_started_after_its_machine() {
        let boot = UnixSeconds::new(1000);
        assert_eq!(boot.after(Duration::from_millis(2999)).get(), 1002);
    }
}
