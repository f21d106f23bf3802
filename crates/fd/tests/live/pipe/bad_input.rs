//! What pipes refuse, and what happens to those who wait.

use std::{
    fs::File,
    io::Write,
    os::fd::{AsFd, OwnedFd},
    thread,
    time::Duration,
};

use linux_support_base::{Bytes, Errno, Reason};
use linux_support_fd::{Descriptor, PipeReader, PipeWriter, pipe};
use rustix::{
    fs::{Mode, OFlags, fcntl_getfl},
    thread::{CapabilitySet, capabilities, set_capabilities},
};

use crate::{open::Open, signals::interrupted};

#[test]
fn writing_where_nobody_reads_is_a_broken_pipe() {
    let _open = Open::watched();
    let (reader, mut writer) = pipe().unwrap();
    drop(reader);
    let error = writer.try_write(b"x").unwrap_err();
    assert_eq!(error.reason(), &Reason::System(Errno::PIPE));
    assert_eq!(writer.write_all(b"x").unwrap_err().kind(), std::io::ErrorKind::BrokenPipe);
    assert!(writer.wait(None).unwrap(), "a wait would never end");
}

#[test]
fn the_other_end_and_other_kinds_are_refused_and_closed() {
    let _open = Open::watched();
    let (reader, writer) = pipe().unwrap();
    let error = PipeReader::try_from(OwnedFd::from(writer)).unwrap_err();
    assert!(error.to_string().ends_with("is no reading end of a pipe, but pipe open for writing"), "{error}");
    let error = PipeWriter::try_from(OwnedFd::from(reader)).unwrap_err();
    assert!(error.to_string().ends_with("is no writing end of a pipe, but pipe open for reading"), "{error}");
    let null = OwnedFd::from(File::open("/dev/null").unwrap());
    let error = PipeReader::try_from(null).unwrap_err();
    assert!(error.to_string().ends_with("but character device 1:3"), "{error}");
    assert!(matches!(error.reason(), Reason::OtherDescriptor { .. }));
}

#[test]
fn a_descriptor_for_the_path_alone_is_no_end() {
    let _open = Open::watched();
    let folder = tempfile::tempdir().unwrap();
    let directory = File::open(folder.path()).unwrap();
    linux_support_fd::make_fifo(&directory, "fifo", 0o600).unwrap();
    let path = rustix::fs::openat(&directory, "fifo", OFlags::PATH | OFlags::CLOEXEC, Mode::empty()).unwrap();
    let error = PipeReader::try_from(path).unwrap_err();
    assert!(error.to_string().ends_with("but pipe open for nothing but its path"), "{error}");
}

#[test]
fn what_was_taken_from_elsewhere_never_waits() {
    let _open = Open::watched();
    let (reader, writer) = std::io::pipe().unwrap();
    let reader = PipeReader::try_from(OwnedFd::from(reader)).unwrap();
    let writer = PipeWriter::try_from(OwnedFd::from(writer)).unwrap();
    assert!(reader.is_nonblocking().unwrap() && writer.is_close_on_exec().unwrap());
}

#[test]
fn a_pipe_opened_again_leaves_the_flags_of_the_first_alone() {
    let _open = Open::watched();
    let (first, mut writer) = std::io::pipe().unwrap();
    let second = PipeReader::reopen(&first).unwrap();
    assert!(second.is_nonblocking().unwrap());
    assert!(!fcntl_getfl(first.as_fd()).unwrap().contains(OFlags::NONBLOCK));
    writer.write_all(b"12").unwrap();
    assert_eq!(second.try_read(&mut [0; 8]).unwrap(), Some(2));
}

#[test]
fn a_capacity_above_the_limit_names_the_file_of_the_limit() {
    let _open = Open::watched();
    let (_reader, writer) = pipe().unwrap();
    let error = writer.set_capacity(Bytes::new(1 << 40)).unwrap_err();
    assert_eq!(error.to_string(), "set the capacity of pipe: 1 TiB is above 2 GiB, the most there is");
    let refused = thread::scope(|scope| {
        scope
            .spawn(|| {
                let mut sets = capabilities(None).unwrap();
                sets.effective -= CapabilitySet::SYS_RESOURCE;
                sets.permitted -= CapabilitySet::SYS_RESOURCE;
                sets.inheritable = CapabilitySet::empty();
                set_capabilities(None, sets).unwrap();
                writer.set_capacity(Bytes::new(1 << 30)).unwrap_err()
            })
            .join()
            .unwrap()
    });
    let text = refused.to_string();
    assert!(text.contains("1 GiB is above the") && text.contains("/proc/sys/fs/pipe-max-size"), "{text}");
    assert!(matches!(refused.reason(), Reason::Invalid(_)));
}

#[test]
fn a_capacity_below_what_is_queued_is_refused() {
    let _open = Open::watched();
    let (_reader, writer) = pipe().unwrap();
    writer.write(&[0; 40_000]).unwrap();
    let error = writer.set_capacity(Bytes::new(4096)).unwrap_err();
    assert_eq!(error.reason(), &Reason::System(Errno::BUSY));
}

#[test]
fn an_interrupted_read_goes_on() {
    let _open = Open::watched();
    let (reader, writer) = pipe().unwrap();
    let thread = thread::spawn(move || {
        thread::sleep(Duration::from_millis(60));
        writer.write(b"late").unwrap()
    });
    interrupted(|| assert_eq!(reader.read(&mut [0; 8]).unwrap(), 4));
    thread.join().unwrap();
}
