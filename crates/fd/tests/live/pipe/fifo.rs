//! Pipes with a name.

use std::{fs::File, os::unix::fs::symlink, time::Duration};

use linux_support_base::{Errno, Reason};
use linux_support_fd::{PipeReader, PipeWriter, make_fifo};
use tempfile::TempDir;

use crate::{open::Open, runtime::mio_finds_readable};

/// A folder with a FIFO called `fifo`.
fn with_fifo() -> (TempDir, File) {
    let folder = tempfile::tempdir().unwrap();
    let directory = File::open(folder.path()).unwrap();
    make_fifo(&directory, "fifo", 0o600).unwrap();
    (folder, directory)
}

#[test]
fn both_ends_open_in_one_thread() {
    let _open = Open::watched();
    let (_folder, directory) = with_fifo();
    let (reader, writer) = PipeReader::open_fifo_with_writer(&directory, "fifo").unwrap();
    writer.write(b"abc").unwrap();
    assert!(mio_finds_readable(&reader));
    assert_eq!(reader.read(&mut [0; 8]).unwrap(), 3);
}

#[test]
fn a_writer_learns_that_nobody_reads_without_waiting() {
    let _open = Open::watched();
    let (_folder, directory) = with_fifo();
    assert!(PipeWriter::try_open_fifo(&directory, "fifo").unwrap().is_none());
    let reader = PipeReader::open_fifo(&directory, "fifo").unwrap();
    assert!(PipeWriter::try_open_fifo(&directory, "fifo").unwrap().is_some());
    drop(reader);
}

#[test]
fn a_writer_that_opens_before_readers_leaves_its_words_for_them() {
    let _open = Open::watched();
    let (_folder, directory) = with_fifo();
    let writer = PipeWriter::open_fifo_before_readers(&directory, "fifo").unwrap();
    writer.write(b"early").unwrap();
    let reader = PipeReader::open_fifo(&directory, "fifo").unwrap();
    assert_eq!(reader.read(&mut [0; 8]).unwrap(), 5);
}

#[test]
fn a_reader_waits_for_the_first_writer() {
    let _open = Open::watched();
    let (_folder, directory) = with_fifo();
    let reader = PipeReader::open_fifo(&directory, "fifo").unwrap();
    assert_eq!(reader.try_read(&mut [0; 8]).unwrap(), Some(0));
    assert!(!reader.wait(Some(Duration::from_millis(5))).unwrap());
    let writer = PipeWriter::try_open_fifo(&directory, "fifo").unwrap().unwrap();
    assert_eq!(reader.try_read(&mut [0; 8]).unwrap(), None);
    writer.write(b"x").unwrap();
    assert!(reader.wait(Some(Duration::from_secs(10))).unwrap());
}

#[test]
fn nothing_but_a_fifo_is_opened_and_no_link_is_followed() {
    let _open = Open::watched();
    let (folder, directory) = with_fifo();
    File::create(folder.path().join("file")).unwrap();
    symlink("fifo", folder.path().join("link")).unwrap();
    for (name, kind) in [("file", "regular file"), ("link", "symbolic link"), (".", "directory")] {
        let error = PipeReader::open_fifo(&directory, name).unwrap_err();
        assert_eq!(error.to_string(), format!("open {name}: is no FIFO, but {kind}"));
    }
    let error = PipeReader::open_fifo(&directory, "none").unwrap_err();
    assert_eq!(error.reason(), &Reason::Absent);
}

#[test]
fn a_name_in_use_a_name_too_long_and_a_mode_that_is_none_are_refused() {
    let _open = Open::watched();
    let (_folder, directory) = with_fifo();
    let reason = |name: &str, mode| make_fifo(&directory, name, mode).unwrap_err().reason().clone();
    assert_eq!(reason("fifo", 0o600), Reason::System(Errno::EXIST));
    assert_eq!(reason(&"n".repeat(256), 0o600), Reason::System(Errno::NAMETOOLONG));
    assert_eq!(reason("nul\0inside", 0o600), Reason::System(Errno::INVAL));
    assert!(matches!(reason("other", 0o10600), Reason::Invalid(_)));
}
