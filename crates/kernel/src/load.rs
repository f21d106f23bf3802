use core::fmt;

use linux_support_base::{Error, Machine, ParseError, Pid, text};

/// The load of the machine: how many tasks ran, waited for a CPU, or waited uninterruptibly.
///
/// # Source
/// `/proc/loadavg`, `proc_loadavg(5)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Load {
    /// The mean of about the last minute.
    pub one_minute: LoadAverage,
    /// The mean of about the last five minutes.
    pub five_minutes: LoadAverage,
    /// The mean of about the last fifteen minutes.
    pub fifteen_minutes: LoadAverage,
    /// How many tasks can run now.
    pub runnable: u32,
    /// How many tasks (processes and threads) there are.
    pub tasks: u32,
    /// The process number given out last in the reader's namespace; 0 where none was yet.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub last_pid: Option<Pid>,
}

/// A mean number of tasks, in hundredths as the kernel prints it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LoadAverage {
    hundredths: u64,
}

impl LoadAverage {
    /// The mean, times 100.
    #[must_use]
    pub const fn hundredths(self) -> u64 {
        self.hundredths
    }

    /// The mean.
    #[must_use]
    pub fn get(self) -> f64 {
        self.hundredths as f64 / 100.0
    }

    fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let expected = || ParseError::expected("a number with two decimals", text);
        let (whole, part) = text::split_once(text, b'.').ok_or_else(expected)?;
        if part.len() != 2 {
            return Err(expected());
        }
        let (whole, part): (u64, u8) = (text::decimal(whole)?, text::decimal(part)?);
        let hundredths = whole.checked_mul(100).and_then(|whole| whole.checked_add(u64::from(part)));
        Ok(Self { hundredths: hundredths.ok_or_else(expected)? })
    }
}

impl fmt::Display for LoadAverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:02}", self.hundredths / 100, self.hundredths % 100)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for LoadAverage {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.get())
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for LoadAverage {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "LoadAverage".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "number", "minimum": 0, "description": "A mean number of tasks." })
    }
}

impl Load {
    /// Reads the five fields.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let mut fields = text::fields(text.trim_ascii());
        let mut average = |field| {
            LoadAverage::parse(fields.required(field)?).map_err(|error: ParseError| error.in_field(field))
        };
        let (one_minute, five_minutes, fifteen_minutes) =
            (average("1-minute load")?, average("5-minute load")?, average("15-minute load")?);
        let tasks = fields.required("tasks")?;
        let (runnable, tasks) = text::split_once(tasks, b'/')
            .ok_or_else(|| ParseError::expected("runnable/all tasks", tasks).in_field("tasks"))?;
        Ok(Self {
            one_minute,
            five_minutes,
            fifteen_minutes,
            runnable: text::decimal(runnable)?,
            tasks: text::decimal(tasks)?,
            last_pid: Pid::parse_optional(fields.required("last process")?)?,
        })
    }

    /// Reads `/proc/loadavg`.
    ///
    /// # Errors
    /// The file is absent or malformed.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        machine.parse_full("/proc/loadavg", Self::parse)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_field_is_read() {
        let load = Load::parse(b"0.27 10.40 100.06 1/92 28318\n").unwrap();
        assert_eq!(load.one_minute.to_string(), "0.27");
        assert_eq!(load.five_minutes.hundredths(), 1040);
        assert_eq!(load.fifteen_minutes.get(), 100.06);
        assert_eq!((load.runnable, load.tasks), (1, 92));
        assert_eq!(load.last_pid, Pid::new(28318));
        assert_eq!(Load::parse(b"0.27 10.40 100.06 1/92 28318"), Ok(load));
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(Load::parse(b"0.27 0.40\n").unwrap_err().field(), Some("15-minute load"));
        assert_eq!(Load::parse(b"0.27 0.40 0.5x 1/2 3").unwrap_err().field(), Some("15-minute load"));
        assert!(Load::parse(b"0.27 0.40 0.50 12 3").is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>, digits in "[0-9./ -]{0,40}") {
            let _ = Load::parse(&text);
            let _ = Load::parse(digits.as_bytes());
        }
    }
}
