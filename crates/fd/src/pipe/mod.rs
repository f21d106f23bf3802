//! Pipes and FIFOs: pipe(7), fifo(7).
//!
//! ```
//! use std::io::{Read, Write};
//! use linux_support_base::Bytes;
//!
//! let (mut reader, mut writer) = linux_support_fd::pipe()?;
//! assert!(writer.set_capacity(Bytes::new(100_000))? >= Bytes::new(100_000));
//! writer.write_all(b"hello").unwrap();
//! assert_eq!(reader.queued()?, Bytes::new(5));
//! drop(writer);
//! let mut text = String::new();
//! reader.read_to_string(&mut text).unwrap();
//! assert_eq!(text, "hello");
//! # Ok::<(), linux_support_base::Error>(())
//! ```

mod capacity;
mod end;
mod fifo;
mod limits;
mod reader;
mod standard;
mod writer;

pub use fifo::make_fifo;
pub use limits::PipeLimits;
use linux_support_base::Error;
pub use reader::PipeReader;
use rustix::pipe::{PipeFlags, pipe_with};
pub use writer::PipeWriter;

/// A pipe, as its two ends. What is written is a stream of bytes.
///
/// # Errors
/// There are no two descriptors left.
///
/// # Source
/// pipe(2).
#[doc(alias = "pipe2")]
pub fn pipe() -> Result<(PipeReader, PipeWriter), Error> {
    new(PipeFlags::empty())
}

/// A pipe that keeps apart what is written: each write of up to 4,096 bytes is a packet, and a read takes one. What a
/// read has no room for is thrown away; a longer write makes several packets.
///
/// ```
/// let (reader, writer) = linux_support_fd::packet_pipe()?;
/// writer.write(b"one")?;
/// writer.write(b"two")?;
/// let mut buffer = [0; 4096];
/// assert_eq!(reader.read(&mut buffer)?, 3);
/// # Ok::<(), linux_support_base::Error>(())
/// ```
///
/// # Errors
/// There are no two descriptors left.
///
/// # Source
/// pipe(2): `O_DIRECT`.
#[doc(alias = "O_DIRECT")]
pub fn packet_pipe() -> Result<(PipeReader, PipeWriter), Error> {
    new(PipeFlags::DIRECT)
}

fn new(flags: PipeFlags) -> Result<(PipeReader, PipeWriter), Error> {
    pipe_with(flags | PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)
        .map(|(reader, writer)| (PipeReader::of(reader), PipeWriter::of(writer)))
        .map_err(|errno| Error::system("create", "pipe", errno))
}
