//! vmsplice(2).

use std::{io::Read, thread};

use linux_support_base::{Bytes, Errno, Reason};
use linux_support_fd::{GivenPages, pipe};

use crate::open::Open;

#[test]
fn pages_that_were_given_outlive_the_programs_way_to_them() {
    let _open = Open::watched();
    let (mut reader, writer) = pipe().unwrap();
    let mut pages = GivenPages::new(Bytes::new(20_000)).unwrap();
    assert_eq!(pages.bytes_mut(), vec![0; 20_000]);
    pages.bytes_mut().fill(b'a');
    assert_eq!(writer.give(&mut pages).unwrap(), 20_000);
    assert_eq!((pages.given(), pages.bytes_mut().len()), (Bytes::new(20_000), 0));
    assert_eq!(writer.give(&mut pages).unwrap(), 0);
    drop(pages);
    // New memory, which would show if it were where the old one was.
    let mut others = GivenPages::new(Bytes::new(20_000)).unwrap();
    others.bytes_mut().fill(b'b');
    drop(writer);
    let mut read = Vec::new();
    reader.read_to_end(&mut read).unwrap();
    assert!(read == vec![b'a'; 20_000], "the reader saw other bytes");
}

#[test]
fn pages_without_room_stay_with_the_giver() {
    let _open = Open::watched();
    let (mut reader, writer) = pipe().unwrap();
    let capacity = writer.set_capacity(Bytes::new(8192)).unwrap().get() as usize;
    let length = capacity * 2 + 100;
    let mut pages = GivenPages::new(Bytes::new(length as u64)).unwrap();
    for (index, byte) in pages.bytes_mut().iter_mut().enumerate() {
        *byte = (index / 1000) as u8;
    }
    assert_eq!(writer.try_give(&mut pages).unwrap(), Some(capacity));
    assert_eq!(writer.try_give(&mut pages).unwrap(), None);
    assert_eq!(pages.bytes_mut().len(), capacity + 100);
    pages.bytes_mut().last_mut().unwrap().clone_from(&255);
    let thread = thread::spawn(move || {
        let mut given = 0;
        while given < capacity + 100 {
            given += writer.give(&mut pages).unwrap();
        }
    });
    let mut read = Vec::new();
    reader.read_to_end(&mut read).unwrap();
    thread.join().unwrap();
    assert_eq!((read.len(), read[length - 1], read[1000]), (length, 255, 1));
    assert!(read[..length - 1].is_sorted());
}

#[test]
fn bytes_that_never_change_are_lent() {
    let _open = Open::watched();
    let (mut reader, writer) = pipe().unwrap();
    assert_eq!(writer.try_give_static(b"for ever").unwrap(), Some(8));
    assert_eq!(writer.try_give_static(b"").unwrap(), Some(0));
    drop(writer);
    let mut read = String::new();
    reader.read_to_string(&mut read).unwrap();
    assert_eq!(read, "for ever");
}

#[test]
fn nothing_and_too_much_can_not_be_given_and_a_pipe_may_be_broken() {
    let _open = Open::watched();
    for length in [0, 1 << 63, u64::MAX] {
        let error = GivenPages::new(Bytes::new(length)).unwrap_err();
        assert!(matches!(error.reason(), Reason::Invalid(_)), "{error}");
    }
    let error = GivenPages::new(Bytes::new(1 << 62)).unwrap_err();
    assert_eq!(error.reason(), &Reason::System(Errno::NOMEM));
    let (reader, writer) = pipe().unwrap();
    drop(reader);
    let mut pages = GivenPages::new(Bytes::new(1)).unwrap();
    assert_eq!(writer.give(&mut pages).unwrap_err().reason(), &Reason::System(Errno::PIPE));
    assert_eq!(pages.given(), Bytes::new(0));
}
