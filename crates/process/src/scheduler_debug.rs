//! What the scheduler counts of a task: `/proc/PID/sched`.

use core::time::Duration;

use linux_support_base::{
    ByteString, ParseError, Pid,
    text::{decimal, lines, split_once},
};

use crate::name::ProcessName;
#[cfg(feature = "serde")]
use crate::status::OtherLine;

/// What the scheduler counts of a task. The lines are made for those who debug it, and differ from one kernel to the
/// next: what is asked for may not be there.
///
/// # Kernel
/// With CONFIG_SCHED_DEBUG; since 6.15 always.
///
/// # Source
/// kernel/sched/debug.c, proc_sched_show_task.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(alias = "/proc/PID/sched")]
pub struct SchedulerDebug {
    /// The task's name.
    pub name: ProcessName,
    /// Its number.
    pub pid: Pid,
    /// How many threads its process has.
    pub threads: u32,
    /// The lines after the first.
    lines: ByteString,
}

impl SchedulerDebug {
    /// Reads the file.
    ///
    /// # Errors
    /// The first line is not `NAME (PID, #threads: COUNT)`.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let mut lines = lines(text);
        let head = lines.next().unwrap_or(text);
        // A name may hold newlines, spaces and brackets, so the line that is looked for is the first that ends so.
        let error = || ParseError::expected("NAME (PID, #threads: COUNT)", head);
        let end = memchr::memmem::find(text, b", #threads: ").ok_or_else(error)?;
        let open = memchr::memrchr(b'(', &text[..end]).ok_or_else(error)?;
        let pid = Pid::parse(&text[open + 1..end]).map_err(|error| error.in_field("pid"))?;
        let after = &text[end + b", #threads: ".len()..];
        let close = memchr::memchr(b')', after).ok_or_else(error)?;
        let threads = decimal(&after[..close]).map_err(|error| error.in_field("threads"))?;
        let name = text[..open].strip_suffix(b" ").unwrap_or(&text[..open]);
        let lines = after[close + 1..].trim_ascii().into();
        Ok(Self { name: ProcessName::new(name), pid, threads, lines })
    }

    /// The lines with a name and a value, in the kernel's order.
    pub fn entries(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        let entries = lines(self.lines.as_bytes()).filter_map(|line| split_once(line, b':'));
        entries.map(|(name, value)| (name.trim_ascii(), value.trim_ascii()))
    }

    /// The lines without, which tell of NUMA.
    pub fn other(&self) -> impl Iterator<Item = &[u8]> {
        lines(self.lines.as_bytes())
            .filter(|line| !line.contains(&b':') && !line.iter().all(|&byte| byte == b'-'))
    }

    /// The text of a value, by the kernel's name for it.
    #[must_use]
    pub fn text(&self, name: impl AsRef<[u8]>) -> Option<&[u8]> {
        self.entries().find_map(|(key, value)| (key == name.as_ref()).then_some(value))
    }

    /// A value that is a number.
    #[must_use]
    pub fn number(&self, name: impl AsRef<[u8]>) -> Option<i64> {
        decimal(self.text(name)?).ok()
    }

    /// A value that is a time, which the kernel writes in milliseconds with six places; `None` for one below 0 too.
    #[must_use]
    pub fn time(&self, name: impl AsRef<[u8]>) -> Option<Duration> {
        let (milliseconds, nanoseconds) = split_once(self.text(name)?, b'.')?;
        if nanoseconds.len() != 6 {
            return None;
        }
        let nanoseconds: u32 = decimal(nanoseconds).ok()?;
        Duration::from_millis(decimal(milliseconds).ok()?)
            .checked_add(Duration::from_nanos(nanoseconds.into()))
    }

    /// How long it ran.
    #[doc(alias = "se.sum_exec_runtime")]
    #[must_use]
    pub fn run_time(&self) -> Option<Duration> {
        self.time("se.sum_exec_runtime")
    }

    /// How often it went to another CPU.
    #[doc(alias = "se.nr_migrations")]
    #[must_use]
    pub fn migrations(&self) -> Option<u64> {
        self.number("se.nr_migrations")?.try_into().ok()
    }

    /// How often it gave its CPU away by itself.
    #[doc(alias = "nr_voluntary_switches")]
    #[must_use]
    pub fn voluntary_switches(&self) -> Option<u64> {
        self.number("nr_voluntary_switches")?.try_into().ok()
    }

    /// How often its CPU was taken away.
    #[doc(alias = "nr_involuntary_switches")]
    #[must_use]
    pub fn involuntary_switches(&self) -> Option<u64> {
        self.number("nr_involuntary_switches")?.try_into().ok()
    }

    /// How long it may run in one go.
    #[doc(alias = "se.slice")]
    #[must_use]
    pub fn slice(&self) -> Option<Duration> {
        self.number("se.slice")?.try_into().ok().map(Duration::from_nanos)
    }
}

#[cfg(feature = "serde")]
#[derive(serde::Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename = "SchedulerDebug"))]
struct Written<'a> {
    /// The task's name.
    name: &'a ProcessName,
    /// Its number.
    pid: Pid,
    /// How many threads its process has.
    threads: u32,
    /// The lines with a name and a value, in the kernel's order.
    entries: Vec<OtherLine>,
    /// The lines without, which tell of NUMA.
    other: Vec<ByteString>,
}

#[cfg(feature = "serde")]
impl serde::Serialize for SchedulerDebug {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let line = |(key, value): (&[u8], &[u8])| OtherLine { key: key.into(), value: value.into() };
        let &Self { ref name, pid, threads, .. } = self;
        let entries = self.entries().map(line).collect();
        let other = self.other().map(ByteString::from).collect();
        Written { name, pid, threads, entries, other }.serialize(serializer)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for SchedulerDebug {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        Written::schema_name()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Written::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &[u8] = b"bash (19688, #threads: 1)\n\
        -------------------------------------------------------------------\n\
        se.exec_start                                :      13780141.060652\n\
        se.vruntime                                  :         -1224.678794\n\
        se.sum_exec_runtime                          :             1.242388\n\
        se.nr_migrations                             :                    2\n\
        nr_voluntary_switches                        :                    3\n\
        nr_involuntary_switches                      :                    4\n\
        se.slice                                     :              1400000\n\
        mm->numa_scan_seq                            :                    0\n\
        numa_preferred_nid                           :                   -1\n\
        current_node=0, numa_group_id=0\n";

    #[test]
    fn values_are_found_by_name() {
        let debug = SchedulerDebug::parse(TEXT).unwrap();
        assert_eq!((debug.name.as_bytes(), debug.pid.number(), debug.threads), (&b"bash"[..], 19688, 1));
        assert_eq!(debug.run_time(), Some(Duration::from_nanos(1_242_388)));
        assert_eq!(debug.time("se.exec_start"), Some(Duration::from_nanos(13_780_141_060_652)));
        assert_eq!(debug.time("se.vruntime"), None);
        assert_eq!((debug.migrations(), debug.voluntary_switches()), (Some(2), Some(3)));
        assert_eq!(
            (debug.involuntary_switches(), debug.slice()),
            (Some(4), Some(Duration::from_micros(1400)))
        );
        assert_eq!((debug.number("numa_preferred_nid"), debug.number("new")), (Some(-1), None));
        assert_eq!(debug.other().collect::<Vec<_>>(), [b"current_node=0, numa_group_id=0"]);
        assert_eq!(debug.entries().next(), Some((&b"se.exec_start"[..], &b"13780141.060652"[..])));
        assert_eq!(SchedulerDebug::parse(TEXT.trim_ascii_end()), Ok(debug));
    }

    #[test]
    fn a_name_with_brackets_and_a_newline_is_kept_whole() {
        let debug = SchedulerDebug::parse(b") (\nx (7, #threads: 12)\n---\nprio : 120\n").unwrap();
        assert_eq!((debug.name.as_bytes(), debug.pid.number()), (&b") (\nx"[..], 7));
        assert_eq!((debug.threads, debug.number("prio")), (12, Some(120)));
    }

    #[test]
    fn another_first_line_is_an_error() {
        for text in
            ["", "bash\n", "bash (1, #threads: x)\n", "bash (x, #threads: 1)\n", "bash (1, #threads: 1\n"]
        {
            assert!(SchedulerDebug::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "(, #threads: |\\(|\\)|[0-9.]{1,12}|[a-z:]|\n){0,16}", bytes: Vec<u8>) {
            for text in [text.as_bytes(), &bytes] {
                if let Ok(debug) = SchedulerDebug::parse(text) {
                    let _ = (debug.run_time(), debug.slice());
                }
            }
        }
    }
}
