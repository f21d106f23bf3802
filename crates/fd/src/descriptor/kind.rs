//! What an open descriptor is.

use core::fmt;
use std::os::fd::{AsFd, AsRawFd, RawFd};

use linux_raw_sys::general::SECRETMEM_MAGIC;
use linux_support_base::{ByteString, DeviceNumber, Error, Reason};
use rustix::fs::{FileType, fcntl_get_seals, fstat, fstatfs, readlink};

/// What an open descriptor is.
///
/// # Source
/// proc_pid_fd(5): the links in `/proc/PID/fd`. What has no name in any file system has a link that begins with no
/// slash, so a file can't pass for it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum DescriptorKind {
    /// A file with data.
    RegularFile,
    /// A directory.
    Directory,
    /// A symbolic link itself, opened with `O_PATH`.
    SymbolicLink,
    /// A character device.
    CharacterDevice(DeviceNumber),
    /// A block device.
    BlockDevice(DeviceNumber),
    /// A pipe, or a FIFO.
    Pipe,
    /// A socket.
    Socket,
    /// Of epoll(7).
    Epoll,
    /// Of eventfd(2).
    EventFd,
    /// Of timerfd_create(2).
    TimerFd,
    /// Of signalfd(2).
    SignalFd,
    /// Of pidfd_open(2).
    PidFd,
    /// Of inotify(7).
    Inotify,
    /// Of fanotify(7).
    Fanotify,
    /// Of userfaultfd(2).
    UserFault,
    /// Of memfd_create(2), with the name that was given to it.
    MemFd(ByteString),
    /// Of memfd_secret(2).
    SecretMemory,
    /// Of mq_open(3).
    MessageQueue,
    /// Of seccomp(2): who is asked about system calls.
    SeccompListener,
    /// Of landlock_create_ruleset(2).
    LandlockRuleset,
    /// Of perf_event_open(2).
    PerfEvent,
    /// Of bpf(2): `bpf-map`, `bpf-prog`, `bpf_link` …
    Bpf(ByteString),
    /// Of io_uring_setup(2).
    IoUring,
    /// Of fsopen(2) or fspick(2).
    FileSystemContext,
    /// A namespace: `net:[4026531840]`.
    Namespace(ByteString),
    /// Something that has no name in any file system, with what the kernel calls it.
    Unknown(ByteString),
}

/// The type of the file system that holds message queues.
pub(crate) const MQUEUE_MAGIC: u64 = 0x1980_0202;
/// The type of the file system behind memfd_secret.
const SECRETMEM: u64 = SECRETMEM_MAGIC as u64;

impl DescriptorKind {
    /// What `descriptor` is.
    ///
    /// # Errors
    /// `/proc` is not mounted, or hides the calling process.
    pub fn of(descriptor: impl AsFd) -> Result<Self, Error> {
        let descriptor = descriptor.as_fd();
        let path = format!("/proc/thread-self/fd/{}", descriptor.as_raw_fd());
        let link =
            readlink(&path, Vec::new()).map_err(|errno| Error::system("read", path.as_str(), errno))?;
        if let Some(kind) = Self::of_link(link.as_bytes()) {
            return Ok(kind);
        }
        let status = fstat(descriptor).map_err(|errno| Error::system("query", path.as_str(), errno))?;
        let device = DeviceNumber::from_dev_t(status.st_rdev);
        Ok(match FileType::from_raw_mode(status.st_mode) {
            FileType::RegularFile if status.st_nlink == 0 && fcntl_get_seals(descriptor).is_ok() => {
                match memory_name(link.as_bytes()) {
                    Some(name) => Self::MemFd(name.into()),
                    None => Self::RegularFile,
                }
            }
            FileType::RegularFile => match fstatfs(descriptor).map(|status| status.f_type as u64) {
                Ok(MQUEUE_MAGIC) => Self::MessageQueue,
                Ok(SECRETMEM) => Self::SecretMemory,
                _ => Self::RegularFile,
            },
            FileType::Directory => Self::Directory,
            FileType::Symlink => Self::SymbolicLink,
            FileType::CharacterDevice => Self::CharacterDevice(device),
            FileType::BlockDevice => Self::BlockDevice(device),
            FileType::Fifo => Self::Pipe,
            FileType::Socket => Self::Socket,
            FileType::Unknown => Self::Unknown(link.as_bytes().into()),
        })
    }

    /// What a link in `/proc/PID/fd` says, where the link alone says it.
    fn of_link(link: &[u8]) -> Option<Self> {
        if link.starts_with(b"/") {
            return None;
        }
        let Some(name) = link.strip_prefix(b"anon_inode:") else {
            return match link {
                _ if link.starts_with(b"socket:[") => Some(Self::Socket),
                _ if link.starts_with(b"pipe:[") => Some(Self::Pipe),
                _ if link.starts_with(b"pidfd:[") => Some(Self::PidFd),
                _ if is_namespace(link) => Some(Self::Namespace(link.into())),
                _ => None,
            };
        };
        let bare = name.strip_prefix(b"[").and_then(|name| name.strip_suffix(b"]")).unwrap_or(name);
        Some(match bare {
            b"eventpoll" => Self::Epoll,
            b"eventfd" => Self::EventFd,
            b"timerfd" => Self::TimerFd,
            b"signalfd" => Self::SignalFd,
            b"pidfd" => Self::PidFd,
            b"inotify" => Self::Inotify,
            b"fanotify" => Self::Fanotify,
            b"userfaultfd" => Self::UserFault,
            b"seccomp notify" => Self::SeccompListener,
            b"landlock-ruleset" => Self::LandlockRuleset,
            b"perf_event" => Self::PerfEvent,
            b"io_uring" => Self::IoUring,
            b"fscontext" => Self::FileSystemContext,
            _ if bare.starts_with(b"bpf") => Self::Bpf(bare.into()),
            _ => Self::Unknown(bare.into()),
        })
    }

    /// The error that says that `descriptor`, which is this, is not what was expected.
    pub(crate) fn is_no(&self, expected: &'static str, descriptor: &impl AsRawFd) -> Error {
        other(expected, self.to_string(), descriptor)
    }

    /// The error that says that `descriptor`, which is of this kind, is open for nothing but its path (`O_PATH`).
    pub(crate) fn is_but_a_place(&self, expected: &'static str, descriptor: &impl AsRawFd) -> Error {
        other(expected, format!("{self} open for nothing but its path"), descriptor)
    }
}

/// The error that says that `descriptor` is `found`, and not what was expected.
#[cold]
fn other(expected: &'static str, found: String, descriptor: &impl AsRawFd) -> Error {
    let number: RawFd = descriptor.as_raw_fd();
    let reason = Reason::OtherDescriptor { expected, found: found.as_str().into() };
    Error::new("take", format!("descriptor {number}").as_str(), reason)
}

/// Whether a link is of the form `net:[4026531840]`.
fn is_namespace(link: &[u8]) -> bool {
    let word = link.iter().take_while(|byte| byte.is_ascii_lowercase() || **byte == b'_').count();
    link[word..]
        .strip_prefix(b":[")
        .and_then(|number| number.strip_suffix(b"]"))
        .is_some_and(|number| word > 0 && !number.is_empty() && number.iter().all(u8::is_ascii_digit))
}

/// The name in the link of a memfd: `/memfd:name (deleted)`.
fn memory_name(link: &[u8]) -> Option<&[u8]> {
    link.strip_prefix(b"/memfd:")?.strip_suffix(b" (deleted)")
}

impl fmt::Display for DescriptorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RegularFile => "regular file",
            Self::Directory => "directory",
            Self::SymbolicLink => "symbolic link",
            Self::CharacterDevice(device) => return write!(f, "character device {device}"),
            Self::BlockDevice(device) => return write!(f, "block device {device}"),
            Self::Pipe => "pipe",
            Self::Socket => "socket",
            Self::Epoll => "epoll",
            Self::EventFd => "eventfd",
            Self::TimerFd => "timerfd",
            Self::SignalFd => "signalfd",
            Self::PidFd => "pidfd",
            Self::Inotify => "inotify",
            Self::Fanotify => "fanotify",
            Self::UserFault => "userfaultfd",
            Self::MemFd(name) => return write!(f, "memfd {name}"),
            Self::SecretMemory => "secret memory",
            Self::MessageQueue => "message queue",
            Self::SeccompListener => "seccomp listener",
            Self::LandlockRuleset => "Landlock ruleset",
            Self::PerfEvent => "perf event",
            Self::Bpf(name) => return name.fmt(f),
            Self::IoUring => "io_uring",
            Self::FileSystemContext => "file system context",
            Self::Namespace(name) => return write!(f, "namespace {name}"),
            Self::Unknown(name) => return write!(f, "unknown ({name})"),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    #[test]
    fn the_kernels_links_say_what_there_is() {
        let kind = |link: &str| DescriptorKind::of_link(link.as_bytes());
        assert_eq!(kind("anon_inode:[eventpoll]"), Some(DescriptorKind::Epoll));
        assert_eq!(kind("anon_inode:inotify"), Some(DescriptorKind::Inotify));
        assert_eq!(kind("anon_inode:seccomp notify"), Some(DescriptorKind::SeccompListener));
        assert_eq!(kind("anon_inode:bpf-map"), Some(DescriptorKind::Bpf("bpf-map".into())));
        assert_eq!(kind("anon_inode:[new]"), Some(DescriptorKind::Unknown("new".into())));
        assert_eq!(kind("net:[4026531840]"), Some(DescriptorKind::Namespace("net:[4026531840]".into())));
        assert_eq!(kind("pipe:[1]"), Some(DescriptorKind::Pipe));
        for link in ["", "/anon_inode:[eventpoll]", "/dev/null", "(unreachable)/x:[1]", ":[1]", "net:[]"] {
            assert_eq!(kind(link), None, "{link}");
        }
    }

    #[test]
    #[cfg_attr(user_emulation, ignore = "the emulator opens some files of /proc as its own")]
    fn files_are_what_they_are() {
        let kind = |path: &str| DescriptorKind::of(File::open(path).unwrap()).unwrap();
        assert_eq!(kind("/"), DescriptorKind::Directory);
        assert_eq!(kind("/proc/self/maps"), DescriptorKind::RegularFile);
        assert_eq!(kind("/dev/null").to_string(), "character device 1:3");
        assert!(matches!(kind("/proc/self/ns/uts"), DescriptorKind::Namespace(_)));
        assert_eq!(DescriptorKind::of(std::io::pipe().unwrap().0).unwrap(), DescriptorKind::Pipe);
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        assert_eq!(DescriptorKind::of(socket).unwrap(), DescriptorKind::Socket);
    }

    #[test]
    fn the_name_of_a_memfd_may_be_anything() {
        assert_eq!(memory_name(b"/memfd: (deleted) (deleted)"), Some(&b" (deleted)"[..]));
        assert_eq!(memory_name(b"/memfd: (deleted)"), Some(&b""[..]));
        assert_eq!(memory_name(b"/tmp/memfd:x (deleted)"), None);
    }
}
