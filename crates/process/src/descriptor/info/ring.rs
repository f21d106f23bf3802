use core::time::Duration;

use linux_support_base::{
    ByteString, Bytes, Cpu, ParseError, Pid,
    text::{decimal, hexadecimal, prefixed_hexadecimal, split_once},
};

use super::entries::{Entries, Entry, Labels};

/// A ring of io_uring, as fdinfo shows it. While it is at work its numbers need not fit one another.
///
/// # Source
/// io_uring/fdinfo.c.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct RingState {
    /// How many requests it has room for.
    pub submission_slots: u64,
    /// The next request that the kernel takes.
    pub submission_head: u32,
    /// Where the program puts the next one.
    pub submission_tail: u32,
    /// The kernel's own count of [`submission_head`](Self::submission_head).
    pub submission_head_cached: u32,
    /// How many completions it has room for.
    pub completion_slots: u64,
    /// The next completion that the program takes.
    pub completion_head: u32,
    /// Where the kernel puts the next one.
    pub completion_tail: u32,
    /// The kernel's own count of [`completion_tail`](Self::completion_tail).
    pub completion_tail_cached: u32,
    /// Requests that the kernel has not taken.
    pub submissions: Vec<RingSubmission>,
    /// Completions that the program has not taken.
    pub completions: Vec<RingCompletion>,
    /// The kernel's thread that takes requests, where there is one.
    pub thread: Option<SubmissionThread>,
    /// The files that are registered.
    pub files: Vec<RegisteredFile>,
    /// The memory that is registered.
    pub buffers: Vec<RegisteredBuffer>,
    /// The numbers of registered credentials.
    pub personalities: Vec<u32>,
    /// Requests that wait for a file to be ready.
    pub polls: Vec<RingPoll>,
    /// Completions for which there was no room; their indices are not told.
    pub overflow: Vec<RingCompletion>,
}

/// A request in a ring.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct RingSubmission {
    /// Its place.
    pub index: u32,
    /// What is asked for: `READV`, `POLL_ADD` …
    pub operation: ByteString,
    /// The descriptor, or the index of a registered file.
    pub descriptor: i32,
    /// Its `IOSQE_` flags.
    pub flags: u32,
    /// The offset.
    pub offset: u64,
    /// The address.
    pub address: u64,
    /// The operation's own flags.
    pub operation_flags: u32,
    /// The buffer's index or group.
    pub buffer: i32,
    /// What the completion will say.
    pub user_data: u64,
}

/// A completion in a ring.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct RingCompletion {
    /// Its place, where it has one.
    pub index: Option<u32>,
    /// What the request gave.
    pub user_data: u64,
    /// The result: a negative error number or what the operation gives.
    pub result: i32,
    /// Its `IORING_CQE_F_` flags.
    pub flags: u32,
}

/// The kernel's thread that takes the requests of a ring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct SubmissionThread {
    /// Its number.
    pub tid: Pid,
    /// The CPU on which it ran last.
    pub cpu: Option<Cpu>,
    /// How long it ran. Since 6.9.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "total_time_seconds", serialize_with = "crate::serialize::seconds::optional")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub total_time: Option<Duration>,
    /// How long it worked. Since 6.9.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "work_time_seconds", serialize_with = "crate::serialize::seconds::optional")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "Option<f64>"))]
    pub work_time: Option<Duration>,
}

/// A place for a file that is registered with a ring.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct RegisteredFile {
    /// The place.
    pub index: u32,
    /// The file's path, or its last part in older kernels; `None` for a place that is empty.
    pub name: Option<ByteString>,
}

/// A place for memory that is registered with a ring.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct RegisteredBuffer {
    /// The place.
    pub index: u32,
    /// Its address and length; `None` for a place that is empty.
    pub region: Option<(u64, Bytes)>,
}

/// A request of a ring that waits for a file to be ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct RingPoll {
    /// The kernel's number of the operation.
    pub operation: u32,
    /// Whether its thread has work of the kernel to do.
    pub has_task_work: bool,
}

impl RingState {
    pub(super) fn take(entries: &mut Entries<'_>) -> Result<Self, ParseError> {
        let slots = |text: &[u8]| prefixed_hexadecimal::<u32>(text).map(|mask| u64::from(mask) + 1);
        let submission_slots = entries.required_with("SqMask", slots)?;
        let completion_slots = entries.required_with("CqMask", slots)?;
        let mut state = Self {
            submission_slots,
            submission_head: entries.required("SqHead")?,
            submission_tail: entries.required("SqTail")?,
            submission_head_cached: entries.required("CachedSqHead")?,
            completion_slots,
            completion_head: entries.required("CqHead")?,
            completion_tail: entries.required("CqTail")?,
            completion_tail_cached: entries.required("CachedCqTail")?,
            submissions: Vec::new(),
            completions: Vec::new(),
            thread: SubmissionThread::take(entries)?,
            files: Vec::new(),
            buffers: Vec::new(),
            personalities: Vec::new(),
            polls: Vec::new(),
            overflow: Vec::new(),
        };
        let mut section: &[u8] = b"";
        for entry in entries.take_all(|entry| is_of_section(entry.line)) {
            if entry.line.starts_with(b" ") || entry.line.starts_with(b"\t") {
                state.add(section, &entry)?;
            } else {
                section = entry.key;
            }
        }
        Ok(state)
    }

    fn add(&mut self, section: &[u8], entry: &Entry<'_>) -> Result<(), ParseError> {
        let labels = Labels::of(entry.value);
        let index = || decimal::<u32>(entry.key).map_err(|error| error.in_field("index"));
        match section {
            b"SQEs" => self.submissions.push(RingSubmission {
                index: index()?,
                operation: labels.required("opcode", |name| Ok(name.into()))?,
                descriptor: labels.required("fd", decimal)?,
                flags: labels.required("flags", hexadecimal)?,
                offset: labels.required("off", decimal)?,
                address: labels.required("addr", prefixed_hexadecimal)?,
                operation_flags: labels.required("rw_flags", prefixed_hexadecimal)?,
                buffer: labels.required("buf_index", decimal)?,
                user_data: labels.required("user_data", decimal)?,
            }),
            b"CQEs" => self.completions.push(RingCompletion {
                index: Some(index()?),
                user_data: labels.required("user_data", decimal)?,
                result: labels.required("res", decimal)?,
                flags: labels.required("flag", hexadecimal)?,
            }),
            b"UserFiles" => self.files.push(RegisteredFile {
                index: index()?,
                name: (entry.value != b"<none>").then(|| entry.value.into()),
            }),
            b"UserBufs" => {
                let region = match split_once(entry.value, b'/') {
                    Some((address, length)) => {
                        Some((prefixed_hexadecimal(address)?, Bytes::new(decimal(length)?)))
                    }
                    None => None,
                };
                self.buffers.push(RegisteredBuffer { index: index()?, region });
            }
            // Of the credentials themselves, which stand on lines with tabs, only the numbers are kept.
            b"Personalities" if entry.line.starts_with(b" ") => self.personalities.push(index()?),
            b"PollList" => {
                let labels = Labels::of(entry.line);
                self.polls.push(RingPoll {
                    operation: labels.required("op", decimal)?,
                    has_task_work: labels.required("task_works", decimal::<u32>)? != 0,
                });
            }
            b"CqOverflowList" => {
                let labels = Labels::of(entry.line);
                self.overflow.push(RingCompletion {
                    index: None,
                    user_data: labels.required("user_data", decimal)?,
                    result: labels.required("res", decimal)?,
                    flags: labels.required("flags", hexadecimal)?,
                });
            }
            _ => {}
        }
        Ok(())
    }
}

/// Whether a line begins a list or is of one.
fn is_of_section(line: &[u8]) -> bool {
    const SECTIONS: [&[u8]; 7] = [
        b"SQEs:",
        b"CQEs:",
        b"UserFiles:",
        b"UserBufs:",
        b"Personalities:",
        b"PollList:",
        b"CqOverflowList:",
    ];
    matches!(line.first(), Some(b' ' | b'\t')) || SECTIONS.iter().any(|name| line.starts_with(name))
}

impl SubmissionThread {
    fn take(entries: &mut Entries<'_>) -> Result<Option<Self>, ParseError> {
        let tid: i64 = entries.required("SqThread")?;
        let cpu: i64 = entries.required("SqThreadCpu")?;
        let total_time = entries.optional("SqTotalTime")?.map(Duration::from_micros);
        let work_time = entries.optional("SqWorkTime")?.map(Duration::from_micros);
        let Some(tid) = i32::try_from(tid).ok().and_then(Pid::new) else { return Ok(None) };
        let cpu = u32::try_from(cpu).ok().and_then(Cpu::new);
        Ok(Some(Self { tid, cpu, total_time, work_time }))
    }
}
