//! Transfers to the end, and how far they came.

use core::ops::ControlFlow::{Break, Continue};
use std::{
    fs::File,
    io::{Read, Write},
    os::unix::net::UnixStream,
    thread,
    time::Duration,
};

use linux_support_base::{Errno, Reason};
use linux_support_fd::{CopyRange, SendFile, Splicer, TransferEnd, pipe};
use rustix::fs::{MemfdFlags, SealFlags, fcntl_add_seals, memfd_create};

use super::{contents, file_of};
use crate::{open::Open, signals::interrupted};

#[test]
fn a_file_of_megabytes_arrives_whole() {
    let _open = Open::watched();
    let text: Vec<u8> = (0..5_000_000_u32).map(|number| (number % 251) as u8).collect();
    let file = file_of(&text);
    let (one, mut other) = UnixStream::pair().unwrap();
    let reader = thread::spawn(move || {
        let mut read = Vec::new();
        other.read_to_end(&mut read).unwrap();
        read
    });
    let mut steps = vec![];
    let mut splicer = Splicer::new().unwrap();
    let done = splicer.transfer(&file, &one, None, |delivered| {
        steps.push(delivered);
        Continue(())
    });
    drop(one);
    let done = done.unwrap();
    assert_eq!((done.taken, done.delivered, done.end), (5_000_000, 5_000_000, TransferEnd::EndOfSource));
    assert!(steps.is_sorted() && steps.last() == Some(&5_000_000) && splicer.inside() == 0);
    assert!(reader.join().unwrap() == text, "the bytes differ");
}

#[test]
fn a_length_ends_it_and_the_source_keeps_the_rest() {
    let _open = Open::watched();
    let (source, target) = (file_of(b"0123456789"), tempfile::tempfile().unwrap());
    let mut splicer = Splicer::new().unwrap();
    let done = splicer.transfer(&source, &target, Some(6), |_| Continue(())).unwrap();
    assert_eq!((done.delivered, done.end), (6, TransferEnd::Complete));
    let none = splicer.transfer(&source, &target, Some(0), |_| Continue(())).unwrap();
    assert_eq!((none.delivered, none.end), (0, TransferEnd::Complete));
    let rest = splicer.transfer(&source, &target, Some(100), |_| Continue(())).unwrap();
    assert_eq!((rest.delivered, rest.end), (4, TransferEnd::EndOfSource));
    assert_eq!(contents(&target), b"0123456789");
}

#[test]
fn a_failure_tells_what_was_taken_and_the_next_transfer_delivers_it() {
    let _open = Open::watched();
    let source = file_of(b"not to be lost");
    let (one, other) = UnixStream::pair().unwrap();
    drop(other);
    let mut splicer = Splicer::new().unwrap();
    let error = splicer.transfer(&source, &one, None, |_| Continue(())).unwrap_err();
    assert_eq!((error.taken, error.delivered, splicer.inside()), (14, 0, 14));
    assert_eq!(error.error.reason(), &Reason::System(Errno::PIPE));
    assert!(error.to_string().ends_with("(after 0 bytes, and 14 more were taken)"), "{error}");
    let target = tempfile::tempfile().unwrap();
    let done = splicer.transfer(&file_of(b"!"), &target, None, |_| Continue(())).unwrap();
    assert_eq!((done.delivered, splicer.inside()), (1, 0));
    assert_eq!(contents(&target), b"not to be lost!");
}

#[test]
fn a_transfer_stops_where_the_caller_says() {
    let _open = Open::watched();
    let text = vec![7; 3 << 20];
    let (source, target) = (file_of(&text), tempfile::tempfile().unwrap());
    let mut splicer = Splicer::new().unwrap();
    let done = splicer.transfer(&source, &target, None, |_| Break(())).unwrap();
    assert_eq!(done.end, TransferEnd::Stopped);
    assert!(done.delivered > 0 && done.taken == done.delivered + splicer.inside(), "{done:?}");
    assert!(done.taken < text.len() as u64);
    let sent = target.send_file_range(&source, 0..3 << 20, |_| Break(())).unwrap();
    assert_eq!(sent.end, TransferEnd::Stopped);
}

#[test]
fn whole_ranges_are_sent_and_copied_as_far_as_the_file_goes() {
    let _open = Open::watched();
    let source = file_of(b"0123456789");
    let (sent, copied) = (tempfile::tempfile().unwrap(), tempfile::tempfile().unwrap());
    let done = sent.send_file_range(&source, 5..100, |_| Continue(())).unwrap();
    assert_eq!((done.delivered, done.end), (5, TransferEnd::EndOfSource));
    let done = source.copy_range_to(2..4, &copied, 0, |_| Continue(())).unwrap();
    assert_eq!((done.delivered, done.end), (2, TransferEnd::Complete));
    let (begin, before) = (9, 3);
    let none = source.copy_range_to(begin..before, &copied, 0, |_| Continue(())).unwrap();
    assert_eq!((none.delivered, none.end), (0, TransferEnd::Complete));
    assert_eq!((contents(&sent), contents(&copied)), (b"56789".to_vec(), b"23".to_vec()));
}

#[test]
fn a_failure_in_the_middle_of_sending_says_how_far_it_came() {
    let _open = Open::watched();
    let source = file_of(&vec![1; 4 << 20]);
    let (one, mut other) = UnixStream::pair().unwrap();
    let reader = thread::spawn(move || other.read_exact(&mut vec![0; 1 << 20]).unwrap());
    let error = one.send_file_range(&source, 0..4 << 20, |_| Continue(())).unwrap_err();
    reader.join().unwrap();
    assert_eq!(error.error.reason(), &Reason::System(Errno::PIPE));
    assert!(error.delivered < 4 << 20, "{error}");
}

#[test]
fn interrupted_transfers_lose_nothing() {
    let _open = Open::watched();
    let (source, mut feeder) = UnixStream::pair().unwrap();
    let (reader, target) = pipe().unwrap();
    let thread = thread::spawn(move || {
        for part in 0..8_u8 {
            thread::sleep(Duration::from_millis(10));
            feeder.write_all(&[part; 1000]).unwrap();
        }
    });
    let mut splicer = Splicer::new().unwrap();
    let done = interrupted(|| splicer.transfer(&source, &target, None, |_| Continue(()))).unwrap();
    thread.join().unwrap();
    drop(target);
    let mut read = Vec::new();
    (&reader).read_to_end(&mut read).unwrap();
    assert_eq!((done.delivered, read.len()), (8000, 8000));
    assert!(read.is_sorted(), "the bytes came in another order");
}

#[test]
fn a_target_that_may_not_grow_is_told() {
    let _open = Open::watched();
    let sealed = memfd_create("sealed", MemfdFlags::ALLOW_SEALING | MemfdFlags::CLOEXEC).unwrap();
    fcntl_add_seals(&sealed, SealFlags::GROW).unwrap();
    let mut splicer = Splicer::new().unwrap();
    let error = splicer.transfer(&file_of(b"abc"), &File::from(sealed), None, |_| Continue(())).unwrap_err();
    assert_eq!((error.taken, error.delivered), (3, 0));
    assert_eq!(error.error.reason(), &Reason::PermissionDenied { capability: None });
}
