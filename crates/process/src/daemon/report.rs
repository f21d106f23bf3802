//! What a daemon tells the process that started it.

use std::io::{PipeReader, PipeWriter, Read, Write};

use linux_support_base::{Errno, Error, Pid, Reason};

#[derive(Debug)]
pub(super) struct Reader(PipeReader);

#[derive(Debug)]
pub(super) struct Writer(PipeWriter);

const READY: u8 = b'R';
const FAILED: u8 = b'F';

/// Closed on exec, so that what a daemon starts doesn't keep its starter waiting.
pub(super) fn pipe() -> Result<(Reader, Writer), Error> {
    let (reader, writer) = std::io::pipe().map_err(|error| failed("create", &error))?;
    Ok((Reader(reader), Writer(writer)))
}

#[cold]
fn failed(operation: &'static str, error: &std::io::Error) -> Error {
    let errno = error.raw_os_error().map_or(Errno::IO, Errno::from_raw_os_error);
    Error::system(operation, "a pipe to the starter of a daemon", errno)
}

impl Reader {
    /// The daemon's number, once it is ready.
    pub(super) fn outcome(mut self) -> Result<Pid, Error> {
        let mut text = Vec::new();
        self.0.read_to_end(&mut text).map_err(|error| failed("read", &error))?;
        match text.split_first() {
            Some((&READY, number)) => {
                Pid::parse(number).map_err(|error| Error::malformed("the report of a daemon", error))
            }
            Some((&FAILED, text)) => {
                let text = String::from_utf8_lossy(text).into_owned();
                Err(Error::new("start", "the daemon", Reason::Invalid(text)))
            }
            _ => Err(Error::invalid("start", "the daemon", "it ended before it was ready")),
        }
    }
}

impl Writer {
    pub(super) fn ready(mut self, own: Pid) -> Result<(), Error> {
        let mut text = vec![READY];
        text.extend_from_slice(own.to_string().as_bytes());
        // Less than a pipe takes at once, and Rust's programs ignore SIGPIPE.
        self.0.write_all(&text).map_err(|error| failed("write", &error))
    }

    pub(super) fn failed(mut self, error: &Error) {
        let mut text = vec![FAILED];
        text.extend_from_slice(error.to_string().as_bytes());
        // Without a starter there is nobody to tell.
        let _ = self.0.write_all(&text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_comes_back() {
        let (reader, writer) = pipe().unwrap();
        writer.ready(Pid::new(4_194_303).unwrap()).unwrap();
        assert_eq!(reader.outcome().unwrap().number(), 4_194_303);
        let (reader, writer) = pipe().unwrap();
        writer.failed(&Error::invalid("open", "a socket", "no such address"));
        let error = reader.outcome().unwrap_err();
        assert_eq!(error.to_string(), "start the daemon: open a socket: no such address");
        let (reader, writer) = pipe().unwrap();
        drop(writer);
        assert!(reader.outcome().unwrap_err().to_string().ends_with("it ended before it was ready"));
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        assert!(writer.ready(Pid::INIT).is_err());
    }
}
