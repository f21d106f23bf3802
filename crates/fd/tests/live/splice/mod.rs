//! splice(2), tee(2), vmsplice(2), sendfile(2), copy_file_range(2).

mod bad_input;
mod effort;
mod give;
mod whole;

use std::{
    fs::File,
    io::{Read, Seek, SeekFrom, Write},
    net::{TcpListener, TcpStream, UdpSocket},
    os::unix::net::{UnixDatagram, UnixStream},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use linux_support_fd::{
    CopyRange, SendFile, SpliceFlags, SpliceRecipient, SpliceRecipientAt, SpliceSender, SpliceSenderAt, pipe,
};

use crate::open::Open;

/// A file that holds `text`, at its start.
pub(super) fn file_of(text: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(text).unwrap();
    file.rewind().unwrap();
    file
}

/// All that `file` holds.
pub(super) fn contents(mut file: &File) -> Vec<u8> {
    let mut text = Vec::new();
    file.seek(SeekFrom::Start(0)).unwrap();
    file.read_to_end(&mut text).unwrap();
    text
}

pub(super) fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    (client, listener.accept().unwrap().0)
}

/// Splices `text` out of `sender` into a pipe.
fn takes(sender: &impl SpliceSender, text: &[u8]) {
    let (reader, writer) = pipe().unwrap();
    assert_eq!(sender.splice_to(&writer, 1000, SpliceFlags::empty()).unwrap(), text.len());
    let mut read = vec![0; text.len() + 1];
    assert_eq!(reader.try_read(&mut read).unwrap().unwrap_or(0), text.len());
    assert_eq!(&read[..text.len()], text);
}

/// Splices `text` from a pipe into `recipient`.
fn gives(recipient: &impl SpliceRecipient, text: &[u8]) {
    let (reader, writer) = pipe().unwrap();
    writer.write(text).unwrap();
    assert_eq!(recipient.splice_from(&reader, 1000, SpliceFlags::MORE).unwrap(), text.len());
    assert_eq!(recipient.try_splice_from(&reader, 1000, SpliceFlags::empty()).unwrap(), None);
}

#[test]
fn every_sender_of_std_is_spliced_from() {
    let _open = Open::watched();
    takes(&file_of(b"file"), b"file");
    let (mut one, other) = UnixStream::pair().unwrap();
    one.write_all(b"unix").unwrap();
    takes(&other, b"unix");
    let (mut one, other) = tcp_pair();
    one.write_all(b"tcp").unwrap();
    takes(&other, b"tcp");
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(b"std's pipe").unwrap();
    takes(&reader, b"std's pipe");
    let (reader, writer) = pipe().unwrap();
    writer.write(b"pipe").unwrap();
    takes(&reader, b"pipe");
    let mut child =
        Command::new("echo").arg("child").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    takes(child.stdout.as_ref().unwrap(), b"child\n");
    takes(child.stderr.as_ref().unwrap(), b"");
    child.wait().unwrap();
}

#[test]
fn every_recipient_of_std_is_spliced_into() {
    let _open = Open::watched();
    let mut read = [0; 100];
    let file = tempfile::tempfile().unwrap();
    gives(&file, b"file");
    assert_eq!(contents(&file), b"file");
    let (one, mut other) = UnixStream::pair().unwrap();
    gives(&one, b"unix");
    assert_eq!(other.read(&mut read).unwrap(), 4);
    let (one, mut other) = tcp_pair();
    gives(&one, b"tcp");
    drop(one);
    assert_eq!(other.read(&mut read).unwrap(), 3);
    let (one, other) = UnixDatagram::pair().unwrap();
    gives(&one, b"datagram");
    assert_eq!(other.recv(&mut read).unwrap(), 8);
    let (one, other) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
    one.connect(other.local_addr().unwrap()).unwrap();
    let (reader, writer) = pipe().unwrap();
    writer.write(b"udp").unwrap();
    assert_eq!(one.splice_from(&reader, 100, SpliceFlags::empty()).unwrap(), 3);
    assert_eq!(other.recv(&mut read).unwrap(), 3);
    let (mut reader, writer) = std::io::pipe().unwrap();
    gives(&writer, b"std's pipe");
    assert_eq!(reader.read(&mut read).unwrap(), 10);
    let (reader, writer) = pipe().unwrap();
    gives(&writer, b"pipe");
    assert_eq!(reader.read(&mut read).unwrap(), 4);
    let child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    gives(child.stdin.as_ref().unwrap(), b"child");
    assert_eq!(child.wait_with_output().unwrap().stdout, b"child");
}

#[test]
fn positions_are_given_and_the_files_own_stay() {
    let _open = Open::watched();
    let source = file_of(b"0123456789");
    let target = tempfile::tempfile().unwrap();
    let (reader, writer) = pipe().unwrap();
    assert_eq!(source.splice_to_at(4, &writer, 3, SpliceFlags::empty()).unwrap(), 3);
    assert_eq!(target.splice_from_at(2, &reader, 10, SpliceFlags::MOVE).unwrap(), 3);
    assert_eq!(source.splice_to_at(10, &writer, 3, SpliceFlags::empty()).unwrap(), 0);
    assert_eq!((&source).stream_position().unwrap(), 0);
    assert_eq!((&target).stream_position().unwrap(), 0);
    assert_eq!(contents(&target), b"\0\x00456");
}

#[test]
fn a_full_pipe_and_an_empty_one_say_not_now() {
    let _open = Open::watched();
    let (reader, writer) = pipe().unwrap();
    let target = tempfile::tempfile().unwrap();
    assert_eq!(target.try_splice_from(&reader, 9, SpliceFlags::empty()).unwrap(), None);
    while writer.try_write(&[0; 4096]).unwrap().is_some() {}
    let source = file_of(b"more");
    assert_eq!(source.try_splice_to(&writer, 9, SpliceFlags::empty()).unwrap(), None);
    assert_eq!(source.try_splice_to_at(0, &writer, 9, SpliceFlags::empty()).unwrap(), None);
    let late = thread::spawn(move || {
        thread::sleep(Duration::from_millis(20));
        while reader.try_read(&mut [0; 4096]).unwrap().is_some_and(|read| read > 0) {}
        reader
    });
    assert_eq!(source.splice_to(&writer, 9, SpliceFlags::empty()).unwrap(), 4);
    late.join().unwrap();
}

#[test]
fn tee_leaves_the_bytes_where_they_are() {
    let _open = Open::watched();
    let (reader, writer) = pipe().unwrap();
    let (copied, copy) = pipe().unwrap();
    assert_eq!(reader.try_tee(&copy, 9).unwrap(), None);
    writer.write(b"twice").unwrap();
    assert_eq!((reader.tee(&copy, 3).unwrap(), reader.try_tee(&copy, 99).unwrap()), (3, Some(5)));
    let mut read = [0; 16];
    assert_eq!((copied.read(&mut read).unwrap(), &read[..8]), (8, &b"twitwice"[..]));
    assert_eq!(reader.read(&mut read).unwrap(), 5);
    drop(writer);
    assert_eq!(reader.tee(&copy, 9).unwrap(), 0);
}

#[test]
fn files_are_sent_from_a_position_or_onward() {
    let _open = Open::watched();
    let file = file_of(b"0123456789");
    let (one, mut other) = UnixStream::pair().unwrap();
    assert_eq!(one.send_file(&file, 8, 100).unwrap(), 2);
    assert_eq!(one.send_file(&file, 10, 100).unwrap(), 0);
    assert_eq!(one.try_send_file_onward(&file, 3).unwrap(), Some(3));
    assert_eq!(one.try_send_file_onward(&file, 1).unwrap(), Some(1));
    drop(one);
    let mut sent = String::new();
    other.read_to_string(&mut sent).unwrap();
    assert_eq!(sent, "890123");
    let (_reader, writer) = pipe().unwrap();
    while writer.try_write(&[0; 4096]).unwrap().is_some() {}
    assert_eq!(writer.try_send_file(&file, 0, 1).unwrap(), None);
}

#[test]
fn a_range_is_copied_from_file_to_file() {
    let _open = Open::watched();
    let (source, target) = (file_of(b"0123456789"), file_of(b"abc"));
    assert_eq!(source.copy_some_to(6, &target, 1, 100).unwrap(), 4);
    assert_eq!(source.copy_some_to(10, &target, 1, 100).unwrap(), 0);
    assert_eq!(contents(&target), b"a6789");
}

#[test]
fn sockets_of_this_crate_take_and_give_what_is_spliced() {
    use linux_support_fd::socket;

    let _open = Open::watched();
    let (one, other) = socket::UnixStream::pair().unwrap();
    let (reader, writer) = pipe().unwrap();
    writer.write(b"through").unwrap();
    assert_eq!(one.splice_from(&reader, 7, SpliceFlags::empty()).unwrap(), 7);
    assert_eq!(other.splice_to(&writer, 7, SpliceFlags::empty()).unwrap(), 7);
    let mut text = [0; 7];
    assert_eq!(reader.read(&mut text).unwrap(), 7);
    assert_eq!(&text, b"through");
}
