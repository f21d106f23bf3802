//! Events with what they own, and the answers to those that ask.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use linux_support_base::{ByteString, Errno, Error, ParseError, Pid};

use super::{FanotifyMask, FanotifyRecords, HandleRecord, Information};
use crate::{FileHandle, PidFd, sys::fanotify::Received};

/// The answer to what is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// It may be done.
    #[doc(alias = "FAN_ALLOW")]
    Allow,
    /// It may not: the one who tries gets [`Errno::PERM`].
    #[doc(alias = "FAN_DENY")]
    Deny,
    /// It may not, with this error: [`Errno::PERM`], [`IO`](Errno::IO), [`BUSY`](Errno::BUSY),
    /// [`TXTBSY`](Errno::TXTBSY), [`AGAIN`](Errno::AGAIN), [`NOSPC`](Errno::NOSPC) or [`DQUOT`](Errno::DQUOT). By
    /// groups that are asked before the content, since 6.14.
    #[doc(alias = "FAN_DENY_ERRNO")]
    DenyWith(Errno),
}

/// What is written down of an answer, with [`FanotifyOptions::audit`](super::FanotifyOptions::audit).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[doc(alias = "fanotify_response_info_audit_rule")]
pub struct AuditRule {
    /// The number of the rule that led to it.
    pub rule: u32,
    /// How far who tries is trusted: 0 for not, 1 for yes, 2 for unknown.
    pub subject_trust: u32,
    /// How far the file is trusted, by the same numbers.
    pub object_trust: u32,
}

/// The file that comes with an event.
#[derive(Debug)]
pub enum EventFile {
    /// It is open.
    Open(OwnedFd),
    /// None: the group is told by handles, or events were lost.
    None,
    /// It can't be opened.
    Failed(Errno),
}

/// The pidfd that comes with an event.
#[derive(Debug)]
pub enum EventProcess {
    /// It is open.
    Open(PidFd),
    /// The group isn't told.
    None,
    /// The process has ended.
    Ended,
    /// It can't be opened.
    Failed,
}

/// What else is told of an event. A [`HandleMount`](crate::HandleMount) opens handles and finds their paths.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EventDetail {
    /// The file or directory itself.
    File(FileHandle),
    /// The directory that it is in.
    Directory(FileHandle),
    /// The directory that it is in, with the name there.
    DirectoryEntry(FileHandle, ByteString),
    /// The directory and the name before it was renamed.
    OldEntry(FileHandle, ByteString),
    /// The directory and the name after it was renamed.
    NewEntry(FileHandle, ByteString),
    /// An error of the file system, and how many there were.
    FileSystemError(Errno, u32),
    /// The part of the file that is to be accessed: where it begins and how long it is, in bytes.
    Range(u64, u64),
    /// The number of a mount.
    Mount(u64),
    /// Something that is not known here: the kernel's number for it, and the bytes.
    Unknown(u8, Vec<u8>),
}

/// Something that happened, or that is asked.
///
/// What is asked and dropped without an answer is answered as was chosen with
/// [`FanotifyClass`](super::FanotifyClass). Whoever tries waits as long as this lives.
#[derive(Debug)]
#[must_use = "what is asked is answered when this is dropped"]
pub struct FanotifyEvent<'g> {
    mask: FanotifyMask,
    process: Option<Pid>,
    file: EventFile,
    pid_fd: EventProcess,
    details: Vec<EventDetail>,
    question: Option<Question<'g>>,
}

/// What is to be answered, and what is if nobody does.
#[derive(Debug)]
struct Question<'g> {
    group: BorrowedFd<'g>,
    /// The number by which the kernel knows the question.
    descriptor: i32,
    unanswered: Answer,
}

impl<'g> FanotifyEvent<'g> {
    /// What happened.
    #[must_use]
    pub fn mask(&self) -> FanotifyMask {
        self.mask
    }

    /// The process, or the thread where that is reported; `None` too for one outside of the namespace.
    #[must_use]
    pub fn process(&self) -> Option<Pid> {
        self.process
    }

    /// The process as a pidfd.
    #[must_use]
    pub fn pid_fd(&self) -> &EventProcess {
        &self.pid_fd
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &EventFile {
        &self.file
    }

    /// What else is told.
    #[must_use]
    pub fn details(&self) -> &[EventDetail] {
        &self.details
    }

    /// Whether events were lost before this one.
    #[must_use]
    pub fn is_overflow(&self) -> bool {
        self.mask.contains(FanotifyMask::OVERFLOW)
    }

    /// Whether an answer is waited for.
    #[must_use]
    pub fn is_question(&self) -> bool {
        self.question.is_some()
    }

    /// Answers, and gives the file.
    ///
    /// # Errors
    /// Nothing was asked, or the kernel doesn't take this answer; then it is answered as what is dropped.
    pub fn answer(self, answer: Answer) -> Result<EventFile, Error> {
        self.answer_audited(answer, None)
    }

    /// Answers, with a record in the audit log if there is a rule to be written down, and gives the file.
    ///
    /// # Errors
    /// Those of [`answer`](Self::answer); the group was not created to be [audited](super::FanotifyOptions::audit).
    pub fn answer_audited(mut self, answer: Answer, rule: Option<AuditRule>) -> Result<EventFile, Error> {
        let Some(question) = &self.question else {
            return Err(Error::invalid("answer", "fanotify", "nothing was asked"));
        };
        question.answer(answer, rule).map_err(|errno| match errno {
            Errno::INVAL => {
                Error::invalid("answer", "fanotify", "this kernel or this group doesn't take the answer")
            }
            errno => Error::system("answer", "fanotify", errno),
        })?;
        self.question = None;
        Ok(core::mem::replace(&mut self.file, EventFile::None))
    }

    /// The file and the pidfd of what was told.
    ///
    /// # Errors
    /// Something was asked: [answer](Self::answer) it. The event is given back.
    pub fn into_parts(mut self) -> Result<(EventFile, EventProcess), Self> {
        if self.is_question() {
            return Err(self);
        }
        let file = core::mem::replace(&mut self.file, EventFile::None);
        Ok((file, core::mem::replace(&mut self.pid_fd, EventProcess::None)))
    }
}

impl Question<'_> {
    fn answer(&self, answer: Answer, rule: Option<AuditRule>) -> Result<(), Errno> {
        let (bytes, length) = response(self.descriptor, answer, rule);
        loop {
            match rustix::io::write(self.group, &bytes[..length]) {
                Err(Errno::INTR) => {}
                written => return written.map(|_| ()),
            }
        }
    }
}

impl Drop for FanotifyEvent<'_> {
    /// Answers what was asked, before the file is closed.
    fn drop(&mut self) {
        if let Some(question) = self.question.take()
            && question.answer(question.unanswered, None).is_err()
        {
            // An error that this kernel doesn't know may be what it refuses.
            let _ = question.answer(Answer::Deny, None);
        }
    }
}

/// The bytes of an answer, and how many they are.
fn response(descriptor: i32, answer: Answer, rule: Option<AuditRule>) -> ([u8; 24], usize) {
    const AUDIT: u32 = 0x10;
    const INFORMATION: u32 = 0x20;
    let answer = match answer {
        Answer::Allow => 1,
        Answer::Deny => 2,
        Answer::DenyWith(errno) => 2 | (errno.raw_os_error() as u32 & 0xff) << 24,
    };
    let mut bytes = [0; 24];
    let mut put = |at: usize, number: u32| bytes[at..at + 4].copy_from_slice(&number.to_ne_bytes());
    put(0, descriptor as u32);
    let Some(rule) = rule else {
        put(4, answer);
        return (bytes, 8);
    };
    put(4, answer | AUDIT | INFORMATION);
    put(12, rule.rule);
    put(16, rule.subject_trust);
    put(20, rule.object_trust);
    // The header of the rule: its kind, nothing, and its length.
    bytes[8] = 1;
    bytes[10..12].copy_from_slice(&16_u16.to_ne_bytes());
    (bytes, 24)
}

/// The events in what was read, each owning what came with it.
pub(super) fn events<'g>(
    received: Received<'_>,
    group: BorrowedFd<'g>,
    unanswered: Answer,
) -> Result<Vec<FanotifyEvent<'g>>, ParseError> {
    let Received { bytes, mut descriptors } = received;
    let mut events = Vec::new();
    for record in FanotifyRecords::parse(bytes) {
        let record = record?;
        let file = match (descriptors.remove(&record.descriptor), record.descriptor) {
            (Some(file), _) => EventFile::Open(file),
            (None, ..-1) => EventFile::Failed(Errno::from_raw_os_error(record.descriptor.wrapping_neg())),
            (None, _) => EventFile::None,
        };
        let question = record.mask.intersects(FanotifyMask::PERMISSIONS).then_some(Question {
            group,
            descriptor: record.descriptor,
            unanswered,
        });
        let mut event = FanotifyEvent {
            mask: record.mask,
            process: record.process,
            file,
            pid_fd: EventProcess::None,
            details: Vec::new(),
            question,
        };
        for information in record.information {
            let detail = match information? {
                Information::PidFd(number) => {
                    event.pid_fd = match (descriptors.remove(&number), number) {
                        (Some(descriptor), _) => EventProcess::Open(PidFd::of_kernel(descriptor)),
                        (None, -1) => EventProcess::Ended,
                        (None, _) => EventProcess::Failed,
                    };
                    continue;
                }
                Information::File(file) => EventDetail::File(file.into()),
                Information::Directory(file) => EventDetail::Directory(file.into()),
                Information::DirectoryEntry(file) => EventDetail::DirectoryEntry(file.into(), name(file)),
                Information::OldEntry(file) => EventDetail::OldEntry(file.into(), name(file)),
                Information::NewEntry(file) => EventDetail::NewEntry(file.into(), name(file)),
                Information::FileSystemError { error, count } => {
                    EventDetail::FileSystemError(Errno::from_raw_os_error(error), count)
                }
                Information::Range { offset, length } => EventDetail::Range(offset, length),
                Information::Mount(number) => EventDetail::Mount(number),
                Information::Unknown { kind, bytes } => EventDetail::Unknown(kind, bytes.to_vec()),
            };
            event.details.push(detail);
        }
        events.push(event);
    }
    Ok(events)
}

fn name(record: HandleRecord<'_>) -> ByteString {
    record.name.unwrap_or_default().into()
}

impl EventFile {
    /// The file that is open, if there is one.
    #[must_use]
    pub fn open(&self) -> Option<BorrowedFd<'_>> {
        match self {
            Self::Open(file) => Some(file.as_fd()),
            Self::None | Self::Failed(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_have_the_kernels_form() {
        let (bytes, length) = response(5, Answer::DenyWith(Errno::BUSY), None);
        assert_eq!(length, 8);
        assert_eq!(bytes[..4], 5_u32.to_ne_bytes());
        assert_eq!(bytes[4..8], (2_u32 | 16 << 24).to_ne_bytes());
        let rule = AuditRule { rule: 7, subject_trust: 1, object_trust: 2 };
        let (bytes, length) = response(5, Answer::Allow, Some(rule));
        assert_eq!(length, 24);
        assert_eq!(bytes[4..8], 0x31_u32.to_ne_bytes());
        assert_eq!((bytes[8], &bytes[10..12]), (1, &16_u16.to_ne_bytes()[..]));
        assert_eq!(bytes[12..16], 7_u32.to_ne_bytes());
    }
}
