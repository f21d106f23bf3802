//! What can't be spliced.

use std::{
    fs::File,
    net::TcpListener,
    os::{fd::AsFd, unix::net::UnixStream},
};

use linux_support_base::{Errno, Reason};
use linux_support_fd::{CopyRange, SendFile, SpliceFlags, SpliceRecipient, SpliceSender, pipe};

use super::file_of;
use crate::open::Open;

#[test]
fn a_file_open_for_appending_is_no_target() {
    let _open = Open::watched();
    let folder = tempfile::tempdir().unwrap();
    let appending = File::options().append(true).create(true).open(folder.path().join("log")).unwrap();
    let (reader, writer) = pipe().unwrap();
    writer.write(b"line").unwrap();
    let error = appending.splice_from(&reader, 9, SpliceFlags::empty()).unwrap_err();
    assert!(error.to_string().ends_with(": takes a file that is not open for appending"), "{error}");
    let error = appending.send_file(file_of(b"line"), 0, 9).unwrap_err();
    assert!(error.to_string().contains("not open for appending"), "{error}");
    let error = file_of(b"line").copy_some_to(0, &appending, 0, 9).unwrap_err();
    assert!(error.to_string().contains("not for appending"), "{error}");
}

#[test]
fn both_ends_of_one_pipe_are_no_pair() {
    let _open = Open::watched();
    let (reader, writer) = pipe().unwrap();
    writer.write(b"x").unwrap();
    let error = reader.tee(&writer, 9).unwrap_err();
    assert_eq!(error.to_string(), "tee pipe: takes two pipes, not both ends of one");
    let error = reader.splice_to(&writer, 9, SpliceFlags::empty()).unwrap_err();
    assert_eq!(error.reason(), &Reason::System(Errno::INVAL));
}

#[test]
fn where_nobody_reads_the_pipe_is_broken() {
    let _open = Open::watched();
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let error = file_of(b"x").splice_to(&writer, 9, SpliceFlags::empty()).unwrap_err();
    assert_eq!(error.reason(), &Reason::System(Errno::PIPE));
    let (source, filler) = pipe().unwrap();
    filler.write(b"x").unwrap();
    assert_eq!(source.tee(&writer, 9).unwrap_err().reason(), &Reason::System(Errno::PIPE));
}

#[test]
fn what_can_not_be_mapped_is_not_sent() {
    let _open = Open::watched();
    let (one, other) = UnixStream::pair().unwrap();
    let error = one.send_file(&other, 0, 9).unwrap_err();
    assert!(matches!(error.reason(), Reason::Invalid(_) | Reason::System(Errno::SPIPE)), "{error}");
    let error = one.send_file(file_of(b"x"), u64::MAX, 9).unwrap_err();
    assert!(error.to_string().contains("up to 2^63 - 1"), "{error}");
}

#[test]
fn overlapping_ranges_of_one_file_are_refused() {
    let _open = Open::watched();
    let file = file_of(b"0123456789");
    let error = file.copy_some_to(0, &file, 5, 10).unwrap_err();
    assert!(error.to_string().ends_with("don't overlap in one file"), "{error}");
}

/// A listening socket has no bytes, but a type of the user's may claim that it has.
struct Listener(TcpListener);

impl AsFd for Listener {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl SpliceSender for Listener {}

#[test]
fn a_type_that_claims_too_much_gets_an_error() {
    let _open = Open::watched();
    let listener = Listener(TcpListener::bind("127.0.0.1:0").unwrap());
    let (_reader, writer) = pipe().unwrap();
    let error = listener.try_splice_to(&writer, 9, SpliceFlags::empty()).unwrap_err();
    assert!(matches!(error.reason(), Reason::System(_)), "{error}");
}
