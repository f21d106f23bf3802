//! By how much the clocks of a time namespace differ from the machine's: `/proc/PID/timens_offsets`.

use linux_support_base::{
    ByteString, Error, Machine, ParseError, Requirement,
    text::{decimal, fields, lines},
};

/// By how much a clock of a time namespace is ahead of the machine's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ClockOffset {
    /// Seconds, below 0 where it is behind.
    pub seconds: i64,
    /// Nanoseconds on top of that, below 1,000,000,000.
    pub nanoseconds: u32,
}

/// By how much the clocks of the time namespace differ in which a process's children will be.
///
/// # Kernel
/// Since 5.6, with CONFIG_TIME_NS.
///
/// # Source
/// time_namespaces(7).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
#[doc(alias = "timens_offsets")]
pub struct TimeOffsets {
    /// Of `CLOCK_MONOTONIC`.
    pub monotonic: ClockOffset,
    /// Of `CLOCK_BOOTTIME`.
    pub boot_time: ClockOffset,
    /// Of clocks that are not known here, by name.
    pub other: Vec<(ByteString, ClockOffset)>,
}

impl TimeOffsets {
    /// Reads the file.
    ///
    /// # Errors
    /// A line that is no name and two numbers, or one of the two clocks missing.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let (mut monotonic, mut boot_time, mut other) = (None, None, Vec::new());
        for line in lines(text) {
            let mut fields = fields(line);
            let clock = fields.required("clock")?;
            let number = |field: Result<&[u8], ParseError>, name| {
                field.and_then(decimal::<i64>).map_err(|error| error.in_field(name))
            };
            let seconds = number(fields.required("seconds"), "seconds")?;
            let nanoseconds = number(fields.required("nanoseconds"), "nanoseconds")?;
            let nanoseconds = u32::try_from(nanoseconds).ok().filter(|&number| number < 1_000_000_000);
            let error = || ParseError::expected("fewer than 1,000,000,000", line).in_field("nanoseconds");
            let offset = ClockOffset { seconds, nanoseconds: nanoseconds.ok_or_else(error)? };
            match clock {
                b"monotonic" => monotonic = Some(offset),
                b"boottime" => boot_time = Some(offset),
                clock => other.push((clock.into(), offset)),
            }
        }
        let missing =
            |field| move || ParseError::expected("one more line", &text[text.len()..]).in_field(field);
        Ok(Self {
            monotonic: monotonic.ok_or_else(missing("monotonic"))?,
            boot_time: boot_time.ok_or_else(missing("boottime"))?,
            other,
        })
    }

    /// No difference.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Sets the offsets of the time namespace that the calling process made for its children by
    /// [`unshare`](super::unshare), before the first of them is in it. Those of other clocks are not written.
    ///
    /// # Errors
    /// A process is in the namespace already (`EACCES`), or it is the machine's first; a clock would be below 0 or above
    /// 146 years (`ERANGE`); the nanoseconds are too many; the capability is missing.
    ///
    /// # Capabilities
    /// `CAP_SYS_TIME`, in the user namespace that the time namespace belongs to.
    pub fn set_for_children(&self) -> Result<(), Error> {
        const PATH: &str = "/proc/self/timens_offsets";
        if [self.monotonic, self.boot_time].iter().any(|offset| offset.nanoseconds >= 1_000_000_000) {
            return Err(Error::invalid("write", PATH, "fewer than 1,000,000,000 nanoseconds are accepted"));
        }
        let line =
            |name: &str, offset: ClockOffset| format!("{name} {} {}\n", offset.seconds, offset.nanoseconds);
        let text = line("monotonic", self.monotonic) + &line("boottime", self.boot_time);
        let needs =
            Requirement::none().since(5, 6).configuration("CONFIG_TIME_NS").capability("CAP_SYS_TIME");
        let machine = Machine::live()?;
        machine.as_live()?.write(PATH, text).map_err(|error| machine.explain(error, needs))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn offsets_may_be_below_zero() {
        let text = b"monotonic      -86400 999999999\nboottime            7         0\n";
        let offsets = TimeOffsets::parse(text).unwrap();
        assert_eq!(offsets.monotonic, ClockOffset { seconds: -86400, nanoseconds: 999_999_999 });
        assert_eq!(offsets.boot_time, ClockOffset { seconds: 7, nanoseconds: 0 });
        assert_eq!(TimeOffsets::parse(text.trim_ascii_end()), Ok(offsets));
    }

    #[test]
    fn clocks_are_kept_or_missed() {
        let text = b"monotonic 0 0\nboottime 0 0\nnew 1 2\n";
        assert_eq!(TimeOffsets::parse(text).unwrap().other[0].0, "new");
        assert_eq!(TimeOffsets::parse(b"monotonic 0 0\n").unwrap_err().field(), Some("boottime"));
        let error = TimeOffsets::parse(b"monotonic 0 1000000000\n").unwrap_err();
        assert_eq!(error.field(), Some("nanoseconds"));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "(monotonic|boottime|-?[0-9]{1,20}| |\n){0,16}", bytes: Vec<u8>) {
            let _ = (TimeOffsets::parse(text.as_bytes()), TimeOffsets::parse(&bytes));
        }
    }
}
