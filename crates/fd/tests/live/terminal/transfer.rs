//! Terminals as ends of transfers.

use core::ops::ControlFlow::Continue;
use std::io::{Seek, Write};

use linux_support_fd::{SendFile, SpliceFlags, SpliceRecipient, SpliceSender, Splicer, pipe};

use super::{pair, read};
use crate::open::Open;

#[test]
fn what_a_program_shows_is_spliced_away_and_files_are_typed() {
    let _open = Open::watched();
    let (controller, terminal) = pair();
    let (reader, writer) = pipe().unwrap();
    terminal.write(b"shown").unwrap();
    assert_eq!(controller.splice_to(&writer, 100, SpliceFlags::empty()).unwrap(), 5);
    assert_eq!(controller.splice_from(&reader, 100, SpliceFlags::empty()).unwrap(), 5);
    controller.write(b"\n").unwrap();
    assert_eq!(read(|buffer| terminal.read(buffer).unwrap()), b"shown\n");

    let mut file = tempfile::tempfile().unwrap();
    file.write_all(b"of a file\n").unwrap();
    file.rewind().unwrap();
    assert_eq!(controller.send_file(&file, 0, 100).unwrap(), 10);
    assert_eq!(read(|buffer| terminal.read(buffer).unwrap()), b"of a file\n");
    let done = Splicer::new().unwrap().transfer(&file, &controller, None, |_| Continue(())).unwrap();
    assert_eq!(done.delivered, 10);
    assert_eq!(read(|buffer| terminal.read(buffer).unwrap()), b"of a file\n");
}
