//! What the kernel says of an open descriptor: `/proc/PID/fdinfo/FD`.

mod bpf;
mod detail;
mod entries;
#[cfg(feature = "serde")]
mod foreign;
mod graphics;
mod open_flags;
mod ring;
#[cfg(test)]
mod tests;
mod timer;
mod watch;

use linux_support_base::{
    ParseError,
    text::{decimal, lines},
};
use linux_support_fd::lock::HeldLock;

use self::entries::Entries;
use crate::{
    descriptor::{DescriptorTarget, InodeNumber},
    serialize::plain_number,
    status::OtherLine,
};

pub use self::{
    bpf::{BpfId, BpfLink, BpfMap, BpfMapType, BpfProgram, BpfProgramType},
    detail::{DescriptorDetail, DmaBuffer, EventCounter, PidTarget, UserFaultState},
    graphics::{GraphicsClient, GraphicsEngine, GraphicsMemory},
    open_flags::OpenFlags,
    ring::{
        RegisteredBuffer, RegisteredFile, RingCompletion, RingPoll, RingState, RingSubmission,
        SubmissionThread,
    },
    timer::TimerState,
    watch::{FanotifyGroup, HandleOfFile, InotifyWatch, MarkedObject, ObjectMark},
};

plain_number! {
    /// The number of a mount, as `/proc/PID/mountinfo` has it. Another mount gets it after this one is gone.
    MountNumber(u32), "The number of a mount, as /proc/PID/mountinfo has it."
}

/// What the kernel says of an open descriptor.
///
/// ```
/// use linux_support_process::{DescriptorDetail, DescriptorInfo};
///
/// let text = b"pos:\t0\nflags:\t02000002\nmnt_id:\t17\nino:\t1038\neventfd-count:                5\neventfd-id: 1\n";
/// let info = DescriptorInfo::parse(text)?;
/// assert!(info.flags.is_writable());
/// let DescriptorDetail::Event(counter) = info.detail else { panic!() };
/// assert_eq!(counter.count, 5);
/// # Ok::<(), linux_support_base::ParseError>(())
/// ```
///
/// # Source
/// proc_pid_fdinfo(5); Documentation/filesystems/proc.rst, 3.8.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
#[doc(alias = "fdinfo")]
pub struct DescriptorInfo {
    /// Where reading and writing goes on, in bytes; some devices count from below zero.
    #[doc(alias = "pos")]
    pub position: i64,
    /// How it was opened.
    pub flags: OpenFlags,
    /// The mount that its file is on.
    #[doc(alias = "mnt_id")]
    pub mount: Option<MountNumber>,
    /// Its file's number. Since 5.14.
    #[doc(alias = "ino")]
    pub inode: Option<InodeNumber>,
    /// Locks on its file that belong to it or to the process.
    #[cfg_attr(feature = "serde", serde(serialize_with = "foreign::locks"))]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<foreign::LockForm>"))]
    pub locks: Vec<HeldLock>,
    /// What there is to say of its kind.
    pub detail: DescriptorDetail,
    /// Lines that are not known here.
    pub other: Vec<OtherLine>,
}

impl DescriptorInfo {
    /// Reads the file. An epoll or inotify that watches nothing can't be told from other descriptors by it: see
    /// [`with_target`](Self::with_target).
    ///
    /// # Errors
    /// A line that is known is malformed, or one is missing that stands beside another.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let (mut position, mut flags, mut mount, mut inode) = (None, None, None, None);
        let mut rest = text;
        // The first four lines have their place; what follows is found by its key.
        let mut all = lines(text);
        while let Some(line) = all.next() {
            let known = |key: &[u8]| line.strip_prefix(key).map(<[u8]>::trim_ascii);
            if let Some(value) = known(b"pos:") {
                position = Some(decimal(value).map_err(|error| error.in_field("pos"))?);
            } else if let Some(value) = known(b"flags:") {
                flags = Some(OpenFlags::parse(value).map_err(|error| error.in_field("flags"))?);
            } else if let Some(value) = known(b"mnt_id:") {
                mount = mount_number(value).map_err(|error| error.in_field("mnt_id"))?;
            } else if let Some(value) = known(b"ino:") {
                inode = Some(InodeNumber::new(decimal(value).map_err(|error| error.in_field("ino"))?));
            } else {
                break;
            }
            rest = all.rest();
        }
        let missing = |field| move || ParseError::expected("one more line", rest).in_field(field);
        let (position, flags) = (position.ok_or_else(missing("pos"))?, flags.ok_or_else(missing("flags"))?);
        if rest.is_empty() {
            let (locks, other) = (Vec::new(), Vec::new());
            return Ok(Self { position, flags, mount, inode, locks, detail: DescriptorDetail::Plain, other });
        }
        let mut entries = Entries::of(rest);
        let locks = entries.take_all(|entry| entry.key == b"lock");
        let locks = locks.iter().map(|entry| HeldLock::parse(entry.value));
        let locks = locks.collect::<Result<_, _>>().map_err(|error: ParseError| error.in_field("lock"))?;
        let detail = DescriptorDetail::take(&mut entries)?;
        let other = entries.rest();
        let other = other.map(|entry| OtherLine { key: entry.key.into(), value: entry.value.into() });
        Ok(Self { position, flags, mount, inode, locks, detail, other: other.collect() })
    }

    /// The same, but that what has nothing to say is still known for what it is: an epoll or inotify that watches
    /// nothing.
    #[must_use]
    pub fn with_target(mut self, target: &DescriptorTarget) -> Self {
        if self.detail == DescriptorDetail::Plain
            && let DescriptorTarget::Anonymous { what } = target
        {
            match what.as_bytes() {
                b"eventpoll" => self.detail = DescriptorDetail::Epoll(Vec::new()),
                b"inotify" => self.detail = DescriptorDetail::Inotify(Vec::new()),
                _ => {}
            }
        }
        self
    }
}

/// Reads a mount's number, which is below zero for what is on no mount.
fn mount_number(text: &[u8]) -> Result<Option<MountNumber>, ParseError> {
    let number: i64 = decimal(text)?;
    Ok(u32::try_from(number).ok().map(MountNumber::new))
}
