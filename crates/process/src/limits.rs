use core::time::Duration;

use linux_support_base::{
    ByteString, Bytes, Limit, ParseError,
    text::{Keys, decimal, fields, lines, places, take_decimal},
};

/// The two limits of one resource.
///
/// # Source
/// getrlimit(2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ResourceLimit<T> {
    /// What the kernel holds the process to.
    pub soft: Limit<T>,
    /// Up to which the process may raise that itself.
    pub hard: Limit<T>,
}

impl<T> ResourceLimit<T> {
    fn map<U>(self, change: impl Fn(T) -> U) -> ResourceLimit<U> {
        ResourceLimit { soft: self.soft.map(&change), hard: self.hard.map(&change) }
    }
}

/// A row that is not known here.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct OtherLimit {
    /// The kernel's words for the resource.
    pub name: ByteString,
    /// The limits.
    pub limit: ResourceLimit<u64>,
    /// The kernel's word for the unit; empty where there is none.
    pub unit: ByteString,
}

/// A row that is known: its name, and where its limits go.
struct Row {
    name: &'static str,
    set: fn(&mut Limits, ResourceLimit<u64>),
}

macro_rules! limits {
    ($($(#[$doc:meta])* $field:ident: $type:ty = $name:literal $convert:expr;)*) => {
        /// `/proc/PID/limits`: the resource limits of a process.
        ///
        /// # Source
        /// proc(5), "/proc/PID/limits"; getrlimit(2).
        #[derive(Clone, Debug, Default, PartialEq, Eq)]
        #[cfg_attr(feature = "serde", derive(serde::Serialize))]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        pub struct Limits {
            $(
                $(#[$doc])*
                #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
                pub $field: Option<ResourceLimit<$type>>,
            )*
            /// Rows that are not known here.
            #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Vec::is_empty", default))]
            pub other: Vec<OtherLimit>,
        }

        impl Limits {
            /// Takes the row that this line is, looked for first at `likely`; gives one more than its index.
            fn set(&mut self, line: &[u8], likely: usize) -> Result<usize, ParseError> {
                /// With the two spaces that follow each in a table of this width.
                const NAMES: Keys<{ [$($name),*].len() }> = Keys::new([$(concat!($name, "  ").as_bytes()),*]);
                const ROWS: &[Row] = &[$(Row {
                    name: $name,
                    set: |limits, limit| limits.$field = Some(limit.map($convert)),
                }),*];
                let row = NAMES.strip(line, likely).or_else(|| {
                    ROWS.iter().enumerate().find_map(|(index, row)| {
                        let rest = line.strip_prefix(row.name.as_bytes())?;
                        rest.first().is_none_or(|byte| *byte == b' ').then_some((index, rest))
                    })
                });
                let Some((index, rest)) = row else { return self.keep(line).map(|()| likely) };
                let (limit, _) = limit(rest).map_err(|error| error.in_field(ROWS[index].name))?;
                (ROWS[index].set)(self, limit);
                Ok(index + 1)
            }
        }
    };
}

limits! {
    /// Max cpu time: CPU time, in seconds.
    #[doc(alias = "RLIMIT_CPU")]
    #[cfg_attr(
        feature = "serde",
        serde(rename = "cpu_time_seconds", serialize_with = "seconds")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Option<ResourceLimit<f64>>"))]
    cpu_time: Duration = "Max cpu time" Duration::from_secs;
    /// Max file size: the size of files that it writes.
    #[doc(alias = "RLIMIT_FSIZE")]
    file_size: Bytes = "Max file size" Bytes::new;
    /// Max data size: its data and heap.
    #[doc(alias = "RLIMIT_DATA")]
    data_size: Bytes = "Max data size" Bytes::new;
    /// Max stack size: the stack of its first thread.
    #[doc(alias = "RLIMIT_STACK")]
    stack_size: Bytes = "Max stack size" Bytes::new;
    /// Max core file size: the size of its core dump.
    #[doc(alias = "RLIMIT_CORE")]
    core_file_size: Bytes = "Max core file size" Bytes::new;
    /// Max resident set: has no effect since 2.4.30.
    #[doc(alias = "RLIMIT_RSS")]
    resident_set: Bytes = "Max resident set" Bytes::new;
    /// Max processes: the threads of its user.
    #[doc(alias = "RLIMIT_NPROC")]
    processes: u64 = "Max processes" number;
    /// Max open files: one more than its highest file descriptor.
    #[doc(alias = "RLIMIT_NOFILE")]
    open_files: u64 = "Max open files" number;
    /// Max locked memory: what it may keep in memory.
    #[doc(alias = "RLIMIT_MEMLOCK")]
    locked_memory: Bytes = "Max locked memory" Bytes::new;
    /// Max address space: its address space.
    #[doc(alias = "RLIMIT_AS")]
    address_space: Bytes = "Max address space" Bytes::new;
    /// Max file locks: has no effect since 2.4.25.
    #[doc(alias = "RLIMIT_LOCKS")]
    file_locks: u64 = "Max file locks" number;
    /// Max pending signals: signals that wait, of its user.
    #[doc(alias = "RLIMIT_SIGPENDING")]
    pending_signals: u64 = "Max pending signals" number;
    /// Max msgqueue size: POSIX message queues of its user.
    #[doc(alias = "RLIMIT_MSGQUEUE")]
    message_queue_size: Bytes = "Max msgqueue size" Bytes::new;
    /// Max nice priority: 20 minus the nice value that it may give itself.
    #[doc(alias = "RLIMIT_NICE")]
    nice_priority: u64 = "Max nice priority" number;
    /// Max realtime priority: the real-time priority that it may give itself.
    #[doc(alias = "RLIMIT_RTPRIO")]
    real_time_priority: u64 = "Max realtime priority" number;
    /// Max realtime timeout: CPU time that a real-time thread may use without waiting for anything.
    #[doc(alias = "RLIMIT_RTTIME")]
    #[cfg_attr(
        feature = "serde",
        serde(rename = "real_time_timeout_seconds", serialize_with = "seconds")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Option<ResourceLimit<f64>>"))]
    real_time_timeout: Duration = "Max realtime timeout" Duration::from_micros;
}

impl Limits {
    /// Reads the table. Rows that are missing are `None`.
    ///
    /// # Errors
    /// A row without two limits.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let mut limits = Self::default();
        let mut likely = 0;
        for line in lines(text) {
            if !line.starts_with(b"Limit ") && !line.trim_ascii().is_empty() {
                likely = limits.set(line, likely)?;
            }
        }
        Ok(limits)
    }

    #[cold]
    fn keep(&mut self, line: &[u8]) -> Result<(), ParseError> {
        // Names hold single spaces; the column after them is at least two away.
        let end = line.windows(2).position(|pair| pair == b"  ").unwrap_or(line.len());
        let (limit, unit) = limit(&line[end..])?;
        self.other.push(OtherLimit { name: line[..end].into(), limit, unit: unit.into() });
        Ok(())
    }
}

fn number(number: u64) -> u64 {
    number
}

fn limit(text: &[u8]) -> Result<(ResourceLimit<u64>, &[u8]), ParseError> {
    let mut rest = after_spaces(text);
    if let (Some(soft), Some(hard)) = (take_limit(&mut rest), take_limit(&mut rest)) {
        return Ok((ResourceLimit { soft, hard }, fields(rest).next().unwrap_or_default()));
    }
    let mut fields = fields(text);
    let mut next = |field| Limit::parse_with(fields.required(field)?, decimal);
    let limit = ResourceLimit { soft: next("soft limit")?, hard: next("hard limit")? };
    Ok((limit, fields.next().unwrap_or_default()))
}

/// Takes a limit and the spaces after it, as the kernel writes them; `None` means only that it must be read another way.
#[inline]
fn take_limit(rest: &mut &[u8]) -> Option<Limit<u64>> {
    let limit = match rest.strip_prefix(b"unlimited ") {
        Some(after) => {
            *rest = after;
            Limit::Max
        }
        None if rest.first().is_some_and(u8::is_ascii_digit) => Limit::At(take_decimal(rest).ok()?),
        None => return None,
    };
    *rest = after_spaces(rest);
    Some(limit)
}

/// What follows the spaces with which `text` begins.
#[inline]
fn after_spaces(text: &[u8]) -> &[u8] {
    let spaces = text.first_chunk().map_or(0, |block| places(block, b' ').trailing_ones() as usize);
    let rest = text.get(spaces..).unwrap_or_default();
    if spaces == 16 || text.len() < 16 { rest.trim_ascii_start() } else { rest }
}

#[cfg(feature = "serde")]
fn seconds<S: serde::Serializer>(
    limit: &Option<ResourceLimit<Duration>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&limit.map(|limit| limit.map(|time| time.as_secs_f64())), serializer)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &[u8] = b"\
Limit                     Soft Limit           Hard Limit           Units     
Max cpu time              60                   unlimited            seconds   
Max file size             unlimited            unlimited            bytes     
Max data size             unlimited            unlimited            bytes     
Max stack size            8388608              unlimited            bytes     
Max core file size        0                    unlimited            bytes     
Max resident set          unlimited            unlimited            bytes     
Max processes             96364                96365                processes 
Max open files            1024                 524288               files     
Max locked memory         8388608              8388608              bytes     
Max address space         unlimited            unlimited            bytes     
Max file locks            unlimited            unlimited            locks     
Max pending signals       96364                96364                signals   
Max msgqueue size         819200               819200               bytes     
Max nice priority         0                    40                   
Max realtime priority     0                    99                   
Max realtime timeout      200000               unlimited            us        
";

    fn at<T>(soft: T, hard: T) -> Option<ResourceLimit<T>> {
        Some(ResourceLimit { soft: Limit::At(soft), hard: Limit::At(hard) })
    }

    #[test]
    fn every_row_is_read_in_its_unit() {
        let limits = Limits::parse(TEXT).unwrap();
        let minute = Duration::from_secs(60);
        assert_eq!(limits.cpu_time, Some(ResourceLimit { soft: Limit::At(minute), hard: Limit::Max }));
        let none = Some(ResourceLimit { soft: Limit::Max, hard: Limit::Max });
        assert_eq!((limits.file_size, limits.data_size, limits.resident_set), (none, none, none));
        assert_eq!(limits.stack_size.unwrap().soft, Limit::At(Bytes::new(8 << 20)));
        assert_eq!(limits.core_file_size.unwrap().soft, Limit::At(Bytes::new(0)));
        assert_eq!(limits.processes, at(96364, 96365));
        assert_eq!(limits.open_files, at(1024, 524_288));
        assert_eq!(limits.locked_memory, at(Bytes::new(8 << 20), Bytes::new(8 << 20)));
        assert_eq!(limits.address_space, none);
        assert_eq!(limits.file_locks.unwrap().hard, Limit::Max);
        assert_eq!(limits.pending_signals, at(96364, 96364));
        assert_eq!(limits.message_queue_size, at(Bytes::new(819_200), Bytes::new(819_200)));
        assert_eq!((limits.nice_priority, limits.real_time_priority), (at(0, 40), at(0, 99)));
        let fifth = Duration::from_millis(200);
        assert_eq!(limits.real_time_timeout.unwrap().soft, Limit::At(fifth));
        assert!(limits.other.is_empty());
        assert_eq!(Limits::parse(TEXT.trim_ascii_end()), Ok(limits));
    }

    #[test]
    fn a_row_that_is_not_known_is_kept() {
        let limits =
            Limits::parse(b"Max new thing             7                    unlimited            things\n");
        let limits = limits.unwrap();
        assert_eq!(
            (&*limits.other[0].name, &*limits.other[0].unit),
            ("Max new thing".into(), "things".into())
        );
        assert_eq!(limits.other[0].limit, ResourceLimit { soft: Limit::At(7), hard: Limit::Max });
    }

    #[test]
    fn a_row_cut_off_is_an_error() {
        let error = Limits::parse(b"Max open files            1024").unwrap_err();
        assert_eq!(error.field(), Some("hard limit"));
        assert!(Limits::parse(b"Max open files            x y files").is_err());
        assert_eq!(Limits::parse(b""), Ok(Limits::default()));
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>, cut in 0..TEXT.len()) {
            let _ = Limits::parse(&bytes);
            let _ = Limits::parse(&TEXT[..cut]);
        }
    }
}
