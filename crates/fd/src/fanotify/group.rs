//! Groups of fanotify, and how they are told.

use std::{
    ffi::CString,
    os::fd::{AsFd, OwnedFd},
    path::Path,
};

use bitflags::bitflags;
use linux_support_base::{ByteString, Errno, Error, Reason, Requirement};

use super::{Answer, FanotifyEvent, FanotifyMark, MarkKind, event};
use crate::{
    DescriptorKind,
    descriptor::{adopt, owns_descriptor},
    readiness::{attempt, when_readable},
    sys,
};

/// What a group may do with what it is told of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum FanotifyClass {
    /// It is told.
    #[default]
    #[doc(alias = "FAN_CLASS_NOTIF")]
    Notification,
    /// It is asked too, when files have their content. Needs CAP_SYS_ADMIN.
    #[doc(alias = "FAN_CLASS_CONTENT")]
    Content {
        /// The answer to what is dropped unanswered.
        unanswered: Answer,
    },
    /// It is asked first, before files have their content, which it may fill in. Needs CAP_SYS_ADMIN.
    #[doc(alias = "FAN_CLASS_PRE_CONTENT")]
    PreContent {
        /// The answer to what is dropped unanswered.
        unanswered: Answer,
    },
}

bitflags! {
    /// How a group is told. Without any of the kinds of handles and mounts each event comes with an open file.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct FanotifyReport: u32 {
        /// By a pidfd of the process too. Since 5.15.
        #[doc(alias = "FAN_REPORT_PIDFD")]
        const PIDFD = 0x80;
        /// By the number of the thread in place of the process.
        #[doc(alias = "FAN_REPORT_TID")]
        const THREAD = 0x100;
        /// By the handle of the file.
        #[doc(alias = "FAN_REPORT_FID")]
        const FILE = 0x200;
        /// By the handle of the directory that it is in. Since 5.9.
        #[doc(alias = "FAN_REPORT_DIR_FID")]
        const DIRECTORY = 0x400;
        /// By its name in that directory; goes with [`DIRECTORY`](Self::DIRECTORY). Since 5.9.
        #[doc(alias = "FAN_REPORT_NAME")]
        const NAME = 0x800;
        /// By the handle of what a directory's entry leads to; goes with all three. Since 5.17.
        #[doc(alias = "FAN_REPORT_TARGET_FID")]
        const TARGET = 0x1000;
        /// With the error where the file can't be opened. Since 6.13.
        #[doc(alias = "FAN_REPORT_FD_ERROR")]
        const DESCRIPTOR_ERRORS = 0x2000;
        /// By the number of the mount: for namespaces. Since 6.15.
        #[doc(alias = "FAN_REPORT_MNT")]
        const MOUNTS = 0x4000;
        const _ = !0;
    }
}

/// How a group is created.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FanotifyOptions {
    /// What it may do.
    pub class: FanotifyClass,
    /// How it is told.
    pub report: FanotifyReport,
    /// Whether any number of events may wait. Needs CAP_SYS_ADMIN.
    #[doc(alias = "FAN_UNLIMITED_QUEUE")]
    pub unlimited_queue: bool,
    /// Whether it may have any number of marks. Needs CAP_SYS_ADMIN.
    #[doc(alias = "FAN_UNLIMITED_MARKS")]
    pub unlimited_marks: bool,
    /// Whether answers may be audited. Needs CAP_AUDIT_WRITE.
    #[doc(alias = "FAN_ENABLE_AUDIT")]
    pub audit: bool,
    /// Whether the files that come with events are open for writing too.
    pub writable_files: bool,
}

/// A group of fanotify: is told of what happens to files, mounts and file systems, and may be asked.
///
/// Who was told, and where; needs no capability to be told, but to find paths:
///
/// ```
/// use linux_support_fd::{
///     EventDetail, Fanotify, FanotifyMark, FanotifyMask, FanotifyOptions, FanotifyReport, HandleMount,
/// };
///
/// # let folder = tempfile::tempdir().unwrap();
/// # let folder = folder.path().canonicalize().unwrap();
/// let mut options = FanotifyOptions::default();
/// options.report = FanotifyReport::FILE | FanotifyReport::DIRECTORY | FanotifyReport::NAME;
/// let group = Fanotify::new(options)?;
/// group.mark(&folder, FanotifyMark::inode(FanotifyMask::CREATED))?;
/// let mount = HandleMount::open(&folder)?;
/// std::fs::write(folder.join("file"), "").unwrap();
/// let mut buffer = vec![0; 8192];
/// for event in group.read(&mut buffer)? {
///     let EventDetail::DirectoryEntry(directory, name) = &event.details()[0] else { continue };
///     match mount.path_of_entry(directory, name) {
///         Ok(path) => assert_eq!(path, folder.join("file")),
///         Err(error) => println!("{error}"), // without CAP_DAC_READ_SEARCH
///     }
/// }
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// And asking before a file is opened, where what isn't answered isn't opened:
///
/// ```
/// use linux_support_fd::{Answer, Fanotify, FanotifyClass, FanotifyMark, FanotifyMask, FanotifyOptions};
///
/// # let file = tempfile::NamedTempFile::new().unwrap();
/// # std::fs::write(file.path(), "text").unwrap();
/// # let path = file.path().to_owned();
/// let mut options = FanotifyOptions::default();
/// options.class = FanotifyClass::Content { unanswered: Answer::Deny };
/// let group = match Fanotify::new(options) {
///     Ok(group) => group,
///     Err(error) => return Ok(println!("{error}")), // without CAP_SYS_ADMIN
/// };
/// group.mark(&path, FanotifyMark::inode(FanotifyMask::MAY_OPEN))?;
/// let reader = std::thread::spawn(move || std::fs::read_to_string(path));
/// let mut buffer = vec![0; 8192];
/// for event in group.read(&mut buffer)? {
///     println!("{:?} by {:?}", event.mask(), event.process());
///     event.answer(Answer::Allow)?;
/// }
/// assert_eq!(reader.join().unwrap().unwrap(), "text");
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Source
/// fanotify(7).
///
/// # Capabilities
/// CAP_SYS_ADMIN; since 5.13 none for groups that are told by handles and mark files and directories only.
#[derive(Debug)]
#[doc(alias = "fanotify_init")]
pub struct Fanotify {
    descriptor: OwnedFd,
    unanswered: Answer,
}

const NEEDS: Requirement = Requirement::none().capability("CAP_SYS_ADMIN");

impl Fanotify {
    /// Room for one event with all that may come with it.
    pub const SMALLEST_BUFFER: usize = 4096;

    /// A group that marks nothing yet.
    ///
    /// # Errors
    /// The options don't go together or this kernel doesn't know them, a capability is missing, or there are too many
    /// groups or descriptors.
    pub fn new(options: FanotifyOptions) -> Result<Self, Error> {
        const CLOEXEC: u32 = 0x1;
        const NONBLOCK: u32 = 0x2;
        let class = match options.class {
            FanotifyClass::Notification => 0,
            FanotifyClass::Content { .. } => 0x4,
            FanotifyClass::PreContent { .. } => 0x8,
        };
        let set = |is: bool, flag: u32| if is { flag } else { 0 };
        let flags = CLOEXEC
            | NONBLOCK
            | class
            | options.report.bits()
            | set(options.unlimited_queue, 0x10)
            | set(options.unlimited_marks, 0x20)
            | set(options.audit, 0x40);
        let access = if options.writable_files { libc::O_RDWR } else { libc::O_RDONLY };
        let file_flags = (access | libc::O_CLOEXEC | libc::O_LARGEFILE) as u32;
        let descriptor = sys::fanotify::init(flags, file_flags).map_err(|errno| match errno {
            Errno::INVAL => Error::invalid(
                "create",
                "fanotify",
                "takes class and reports that go together, and that this kernel knows",
            ),
            Errno::NOSYS => {
                let needs = Requirement::none().configuration("CONFIG_FANOTIFY");
                Error::new("create", "fanotify", Reason::NotConfigured { needs })
            }
            errno => Error::system("create", "fanotify", errno).explained(NEEDS, None),
        })?;
        Ok(Self { descriptor, unanswered: unanswered(options.class) })
    }

    /// Takes a group that was created elsewhere with this class, and makes it close-on-exec and non-blocking.
    ///
    /// # Errors
    /// It is of another kind, or `/proc` is not there to tell. The descriptor is closed then.
    pub fn from_descriptor(descriptor: OwnedFd, class: FanotifyClass) -> Result<Self, Error> {
        match DescriptorKind::of(&descriptor)? {
            DescriptorKind::Fanotify => {
                adopt(&descriptor, "fanotify", true)?;
                Ok(Self { descriptor, unanswered: unanswered(class) })
            }
            kind => Err(kind.is_no("fanotify", &descriptor)),
        }
    }

    /// Marks a path, beside what is marked of it already.
    ///
    /// # Errors
    /// It is not there, the group can't be told of such events, a capability is missing, there are too many marks
    /// (`/proc/sys/fs/fanotify/max_user_marks`), or the file system has no handles where they are needed.
    #[doc(alias = "fanotify_mark")]
    pub fn mark(&self, path: impl AsRef<Path>, mark: FanotifyMark) -> Result<(), Error> {
        self.change(0x1, Some(path.as_ref()), None::<&OwnedFd>, mark)
    }

    /// Marks what is open, beside what is marked of it already.
    ///
    /// # Errors
    /// Those of [`mark`](Self::mark).
    pub fn mark_descriptor(&self, descriptor: impl AsFd, mark: FanotifyMark) -> Result<(), Error> {
        self.change(0x1, None, Some(descriptor), mark)
    }

    /// Takes these events off the mark of a path.
    ///
    /// # Errors
    /// It has no such mark, and those of [`mark`](Self::mark).
    #[doc(alias = "FAN_MARK_REMOVE")]
    pub fn unmark(&self, path: impl AsRef<Path>, mark: FanotifyMark) -> Result<(), Error> {
        self.change(0x2, Some(path.as_ref()), None::<&OwnedFd>, mark)
    }

    /// Removes all marks of a kind.
    ///
    /// # Errors
    /// None that is known.
    #[doc(alias = "FAN_MARK_FLUSH")]
    pub fn remove_marks(&self, kind: MarkKind) -> Result<(), Error> {
        sys::fanotify::mark(self.as_fd(), 0x80 | kind.flags(), 0, None, Some(c"/"))
            .map_err(|errno| Error::system("remove marks of", "fanotify", errno))
    }

    fn change(
        &self,
        change: u32,
        path: Option<&Path>,
        descriptor: Option<impl AsFd>,
        mark: FanotifyMark,
    ) -> Result<(), Error> {
        let name = path.map_or(&b"descriptor"[..], |path| path.as_os_str().as_encoded_bytes());
        let object = || ByteString::from(name);
        let path = path.map(|_| CString::new(name)).transpose();
        let path = path.map_err(|_| Error::invalid("mark", object(), "takes paths without a zero byte"))?;
        let descriptor = descriptor.as_ref().map(AsFd::as_fd);
        let (flags, mask) = (change | mark.flags(), mark.events.bits());
        sys::fanotify::mark(self.as_fd(), flags, mask, descriptor, path.as_deref()).map_err(|errno| {
            let accepted = match errno {
                Errno::INVAL => "takes events and options that go together, and with the group",
                Errno::NOENT if change == 0x2 => "has no such mark",
                Errno::NOSPC => "would be one mark more than the user may have",
                Errno::NODEV | Errno::OPNOTSUPP => "is on a file system that has no handles to tell of",
                Errno::XDEV => "is on a part of a file system that can't be marked as a whole",
                Errno::EXIST => "is marked already, in a way that can't be changed to this",
                errno => return Error::system("mark", object(), errno).explained(NEEDS, None),
            };
            Error::invalid("mark", object(), accepted)
        })
    }

    /// Waits for events and takes as many as there is room for.
    ///
    /// # Errors
    /// There is no descriptor left for a file, or the buffer is shorter than
    /// [`SMALLEST_BUFFER`](Self::SMALLEST_BUFFER).
    pub fn read(&self, buffer: &mut [u8]) -> Result<Vec<FanotifyEvent<'_>>, Error> {
        when_readable(self, "read", "fanotify", || {
            self.try_read(buffer).map(|events| Some(events).filter(|events| !events.is_empty()))
        })
    }

    /// Takes as many events that wait as there is room for. The descriptors that come with them are owned by the
    /// events, and what is asked is answered at the latest when they are dropped.
    ///
    /// # Errors
    /// There is no descriptor left for a file, or the buffer is shorter than
    /// [`SMALLEST_BUFFER`](Self::SMALLEST_BUFFER).
    pub fn try_read(&self, buffer: &mut [u8]) -> Result<Vec<FanotifyEvent<'_>>, Error> {
        if buffer.len() < Self::SMALLEST_BUFFER {
            return Err(Error::invalid("read", "fanotify", "takes room for 4096 bytes at least"));
        }
        // The buffer is lent to the result, so it is lent anew for each attempt.
        let mut received = Vec::new();
        let taken = attempt(|| {
            let taken = sys::fanotify::read(self, &mut *buffer)?;
            received.push(event::events(taken, self.descriptor.as_fd(), self.unanswered));
            Ok(())
        });
        taken.map_err(|errno| Error::system("read", "fanotify", errno))?;
        match received.pop() {
            Some(events) => events.map_err(|error| Error::malformed("fanotify", error)),
            None => Ok(Vec::new()),
        }
    }
}

const fn unanswered(class: FanotifyClass) -> Answer {
    match class {
        FanotifyClass::Notification => Answer::Deny,
        FanotifyClass::Content { unanswered } | FanotifyClass::PreContent { unanswered } => unanswered,
    }
}

owns_descriptor!(Fanotify, "fanotify", descriptor);
