use std::os::fd::{AsFd, OwnedFd};

use linux_support_base::Error;
use linux_support_fd::{PipeReader, PipeWriter, pipe};
use rustix::fs::{CWD, Mode, OFlags, openat};

/// What a program has as a standard stream.
#[derive(Debug, Default)]
#[non_exhaustive]
pub enum Stream {
    /// `/dev/null`: nothing to read, and what is written is gone.
    #[default]
    Null,
    /// The caller's own, whatever that is.
    Inherit,
    /// A pipe, whose other end the caller gets.
    Pipe,
    /// This descriptor.
    Descriptor(OwnedFd),
}

impl<T: Into<OwnedFd>> From<T> for Stream {
    fn from(descriptor: T) -> Self {
        Self::Descriptor(descriptor.into())
    }
}

/// The caller's end of a pipe.
#[derive(Debug)]
pub(super) enum OtherEnd {
    None,
    Reader(PipeReader),
    Writer(PipeWriter),
}

impl Stream {
    /// The child's descriptor (`None` to leave what is there) and the caller's end.
    pub(super) fn open(&self, is_input: bool) -> Result<(Option<OwnedFd>, OtherEnd), Error> {
        match self {
            Self::Inherit => Ok((None, OtherEnd::None)),
            Self::Null => {
                let access = if is_input { OFlags::RDONLY } else { OFlags::WRONLY };
                let null = openat(CWD, "/dev/null", access | OFlags::CLOEXEC | OFlags::NOCTTY, Mode::empty())
                    .map_err(|errno| Error::system("open", "/dev/null", errno))?;
                Ok((Some(null), OtherEnd::None))
            }
            Self::Pipe => {
                let (reader, writer) = pipe()?;
                Ok(if is_input {
                    (Some(reader.into_blocking()?), OtherEnd::Writer(writer))
                } else {
                    (Some(writer.into_blocking()?), OtherEnd::Reader(reader))
                })
            }
            Self::Descriptor(descriptor) => {
                let descriptor = descriptor
                    .as_fd()
                    .try_clone_to_owned()
                    .map_err(|error| super::descriptors::io_error("duplicate", "standard stream", &error))?;
                Ok((Some(descriptor), OtherEnd::None))
            }
        }
    }
}
