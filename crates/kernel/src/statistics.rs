use core::time::Duration;

use linux_support_base::{ByteString, ClockTicks, Cpu, Error, Machine, ParseError, text};

/// What the kernel counts since it was started.
///
/// # Source
/// `/proc/stat`, `proc_stat(5)`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Statistics {
    /// The time of all CPUs together.
    pub total: CpuTime,
    /// The time of each CPU that is online.
    pub cpus: Vec<(Cpu, CpuTime)>,
    /// How many interrupts were served.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub interrupts: Option<u64>,
    /// How many soft interrupts were served.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub soft_interrupts: Option<u64>,
    /// How many times a CPU went from one task to another.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub context_switches: Option<u64>,
    /// When the machine was started: since 1970 began, in seconds.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "boot_time_seconds", skip_serializing_if = "Option::is_none")
    )]
    pub boot_time: Option<u64>,
    /// How many tasks have been made.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub forks: Option<u64>,
    /// How many tasks can run now.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub runnable: Option<u64>,
    /// How many tasks wait for input or output to end.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub blocked: Option<u64>,
    /// Lines that this library does not know, as they stand there.
    pub other: Vec<ByteString>,
}

/// How the time of a CPU was spent, in clock ticks.
///
/// A column that an old kernel does not write is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct CpuTime {
    /// In programs, with the time of guests.
    pub user_ticks: ClockTicks,
    /// In programs of lowered priority, with the time of such guests.
    pub nice_ticks: ClockTicks,
    /// In the kernel.
    pub system_ticks: ClockTicks,
    /// With nothing to do.
    pub idle_ticks: ClockTicks,
    /// With nothing to do while input or output was waited for; not reliable.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub io_wait_ticks: Option<ClockTicks>,
    /// In interrupts.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub interrupt_ticks: Option<ClockTicks>,
    /// In soft interrupts.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub soft_interrupt_ticks: Option<ClockTicks>,
    /// Given by the hypervisor to others while this machine had work.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub steal_ticks: Option<ClockTicks>,
    /// In guests.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub guest_ticks: Option<ClockTicks>,
    /// In guests of lowered priority.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub guest_nice_ticks: Option<ClockTicks>,
}

impl CpuTime {
    fn parse(fields: text::Fields<'_>) -> Result<Self, ParseError> {
        let mut columns = [None; 10];
        for (column, field) in columns.iter_mut().zip(fields) {
            *column = Some(ClockTicks::new(text::decimal(field)?));
        }
        let [
            Some(user_ticks),
            Some(nice_ticks),
            Some(system_ticks),
            Some(idle_ticks),
            io_wait_ticks,
            interrupt_ticks,
            soft_interrupt_ticks,
            steal_ticks,
            guest_ticks,
            guest_nice_ticks,
        ] = columns
        else {
            return Err(ParseError::expected("at least four times", &[]));
        };
        Ok(Self {
            user_ticks,
            nice_ticks,
            system_ticks,
            idle_ticks,
            io_wait_ticks,
            interrupt_ticks,
            soft_interrupt_ticks,
            steal_ticks,
            guest_ticks,
            guest_nice_ticks,
        })
    }

    /// All of the time: guests' time is a part of the time in programs, and counts once.
    #[must_use]
    pub fn total(&self) -> ClockTicks {
        [
            self.io_wait_ticks,
            self.interrupt_ticks,
            self.soft_interrupt_ticks,
            self.steal_ticks,
            Some(self.nice_ticks),
            Some(self.system_ticks),
            Some(self.idle_ticks),
        ]
        .into_iter()
        .flatten()
        .fold(self.user_ticks, ClockTicks::saturating_add)
    }

    /// The time in programs, in the kernel and in interrupts: neither idle nor taken by the hypervisor.
    #[must_use]
    pub fn busy(&self) -> ClockTicks {
        [self.interrupt_ticks, self.soft_interrupt_ticks, Some(self.nice_ticks), Some(self.system_ticks)]
            .into_iter()
            .flatten()
            .fold(self.user_ticks, ClockTicks::saturating_add)
    }

    /// Which part of the time it was [busy](Self::busy), from 0.0 to 1.0; `None` if no time has passed.
    #[must_use]
    pub fn busy_share(&self) -> Option<f64> {
        let total = self.total().get();
        (total != 0).then(|| self.busy().get() as f64 / total as f64)
    }

    /// How the time between `earlier` and this was spent. A column that went back, as the time of waiting can, and that of a
    /// CPU which was offline, counts as none.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let passed = |later: ClockTicks, earlier: ClockTicks| {
            ClockTicks::new(later.get().saturating_sub(earlier.get()))
        };
        let optional = |later: Option<ClockTicks>, earlier: Option<ClockTicks>| {
            later.map(|later| passed(later, earlier.unwrap_or_default()))
        };
        Self {
            user_ticks: passed(self.user_ticks, earlier.user_ticks),
            nice_ticks: passed(self.nice_ticks, earlier.nice_ticks),
            system_ticks: passed(self.system_ticks, earlier.system_ticks),
            idle_ticks: passed(self.idle_ticks, earlier.idle_ticks),
            io_wait_ticks: optional(self.io_wait_ticks, earlier.io_wait_ticks),
            interrupt_ticks: optional(self.interrupt_ticks, earlier.interrupt_ticks),
            soft_interrupt_ticks: optional(self.soft_interrupt_ticks, earlier.soft_interrupt_ticks),
            steal_ticks: optional(self.steal_ticks, earlier.steal_ticks),
            guest_ticks: optional(self.guest_ticks, earlier.guest_ticks),
            guest_nice_ticks: optional(self.guest_nice_ticks, earlier.guest_nice_ticks),
        }
    }
}

impl Statistics {
    /// Reads the lines of `/proc/stat`.
    ///
    /// # Errors
    /// A malformed line of those that are known, or no line `cpu`.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut total = None;
        let mut statistics = Self {
            total: CpuTime::default(),
            cpus: Vec::new(),
            interrupts: None,
            soft_interrupts: None,
            context_switches: None,
            boot_time: None,
            forks: None,
            runnable: None,
            blocked: None,
            other: Vec::new(),
        };
        for line in text::lines(bytes) {
            let mut fields = text::fields(line);
            let Some(key) = fields.next() else { continue };
            let place = match key {
                b"cpu" => {
                    total = Some(CpuTime::parse(fields).map_err(|error| error.in_field("cpu"))?);
                    continue;
                }
                b"intr" => &mut statistics.interrupts,
                b"ctxt" => &mut statistics.context_switches,
                b"btime" => &mut statistics.boot_time,
                b"processes" => &mut statistics.forks,
                b"procs_running" => &mut statistics.runnable,
                b"procs_blocked" => &mut statistics.blocked,
                b"softirq" => &mut statistics.soft_interrupts,
                key => {
                    match key
                        .strip_prefix(b"cpu")
                        .filter(|number| number.first().is_some_and(u8::is_ascii_digit))
                    {
                        Some(number) => {
                            let time = CpuTime::parse(fields).map_err(|error| error.in_field("cpuN"))?;
                            statistics.cpus.push((Cpu::parse(number)?, time));
                        }
                        None => statistics.other.push(line.into()),
                    }
                    continue;
                }
            };
            *place = Some(text::decimal(fields.required("count")?)?);
        }
        statistics.total = total.ok_or_else(|| ParseError::expected("a line that begins with cpu", bytes))?;
        Ok(statistics)
    }

    /// Reads `/proc/stat`.
    ///
    /// # Errors
    /// The file is absent or malformed.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        machine.parse_full("/proc/stat", Self::parse)
    }

    /// When the machine was started: since 1970 began.
    #[must_use]
    pub fn boot_time(&self) -> Option<Duration> {
        self.boot_time.map(Duration::from_secs)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &[u8] = b"cpu  27228 3953 8110 1382323 1083 0 108 16 7 3\n\
        cpu1 14440 2286 4535 689031 937 0 84 9 0 0\nintr 573676 0 0 15\nctxt 857621\nbtime 1795485512\n\
        processes 28321\nprocs_running 1\nprocs_blocked 0\nsoftirq 403164 0 86581\nnew_thing 1 2\n";

    #[test]
    fn every_line_is_read_and_new_ones_are_kept() {
        let statistics = Statistics::parse(TEXT).unwrap();
        assert_eq!(statistics.total.idle_ticks, ClockTicks::new(1_382_323));
        assert_eq!(statistics.total.guest_nice_ticks, Some(ClockTicks::new(3)));
        assert_eq!(statistics.total.total(), ClockTicks::new(1_422_821));
        assert_eq!((statistics.cpus.len(), statistics.cpus[0].0), (1, Cpu::new(1).unwrap()));
        assert_eq!((statistics.interrupts, statistics.soft_interrupts), (Some(573_676), Some(403_164)));
        assert_eq!((statistics.runnable, statistics.blocked), (Some(1), Some(0)));
        assert_eq!(statistics.boot_time(), Some(Duration::from_secs(1_795_485_512)));
        assert_eq!(statistics.other, [ByteString::from("new_thing 1 2")]);
        assert_eq!(Statistics::parse(TEXT.trim_ascii_end()), Ok(statistics));
    }

    #[test]
    fn columns_of_old_kernels_may_be_missing() {
        let statistics = Statistics::parse(b"cpu 1 2 3 4\n").unwrap();
        assert_eq!(statistics.total.total(), ClockTicks::new(10));
        assert_eq!(statistics.total.io_wait_ticks, None, "what is not written is not 0");
        assert!(Statistics::parse(b"cpu 1 2 3\n").is_err());
        assert!(Statistics::parse(b"").is_err());
        assert!(Statistics::parse(b"cpu 1 2 3 x\n").is_err());
    }

    #[test]
    fn the_use_between_two_moments_has_no_division_faults() {
        let before = Statistics::parse(b"cpu 10 0 10 100 50 0 0 20\n").unwrap().total;
        let after = Statistics::parse(b"cpu 35 5 20 150 49 5 5 30\n").unwrap().total;
        let passed = after.since(&before);
        assert_eq!(passed.io_wait_ticks, Some(ClockTicks::new(0)), "it went back");
        assert_eq!((passed.busy(), passed.total()), (ClockTicks::new(50), ClockTicks::new(110)));
        assert_eq!(passed.busy_share(), Some(50.0 / 110.0));
        assert_eq!(after.since(&after).busy_share(), None);
        assert_eq!(before.since(&after).busy(), ClockTicks::new(0), "the wrong way round");
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>, text in "(cpu[0-9]{0,6}|intr|ctxt)( [0-9x]{1,22}){0,5}\n") {
            let _ = Statistics::parse(&bytes);
            let _ = Statistics::parse(text.as_bytes());
        }
    }
}
