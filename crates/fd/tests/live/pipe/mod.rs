//! pipe(7) and fifo(7).

mod bad_input;
mod fifo;
mod standard;

use std::{
    io::{Read, Write},
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use linux_support_base::Bytes;
use linux_support_fd::{Descriptor, DescriptorKind, packet_pipe, pipe};

use crate::{
    open::Open,
    runtime::{async_fd, block_on, mio_finds_readable, readable},
};

#[test]
fn what_is_written_is_read_and_then_the_end() {
    let _open = Open::watched();
    let (reader, writer) = pipe().unwrap();
    assert_eq!(reader.try_read(&mut [0; 4]).unwrap(), None);
    assert_eq!(writer.write(b"abcdef").unwrap(), 6);
    assert_eq!((reader.queued().unwrap(), writer.queued().unwrap()), (Bytes::new(6), Bytes::new(6)));
    let mut four = [0; 4];
    assert_eq!((reader.read(&mut four).unwrap(), &four), (4, b"abcd"));
    drop(writer);
    assert_eq!(reader.try_read(&mut four).unwrap(), Some(2));
    assert_eq!((reader.try_read(&mut four).unwrap(), reader.read(&mut four).unwrap()), (Some(0), 0));
}

#[test]
fn both_ends_are_close_on_exec_and_never_wait() {
    let _open = Open::watched();
    let (reader, writer) = pipe().unwrap();
    assert!(reader.is_close_on_exec().unwrap() && writer.is_close_on_exec().unwrap());
    assert!(reader.is_nonblocking().unwrap() && writer.is_nonblocking().unwrap());
    assert_eq!(DescriptorKind::of(reader.try_clone().unwrap()).unwrap(), DescriptorKind::Pipe);
    assert!(!reader.is_packet_mode().unwrap());
}

#[test]
fn a_full_pipe_says_not_now_and_a_writer_waits_for_room() {
    let _open = Open::watched();
    let (mut reader, writer) = pipe().unwrap();
    let page = writer.set_capacity(Bytes::new(1)).unwrap();
    let text = vec![b'x'; page.get() as usize * 3];
    assert_eq!(writer.try_write(&text).unwrap(), Some(page.get() as usize));
    assert_eq!(writer.try_write(b"y").unwrap(), None);
    assert!(!writer.wait(Some(Duration::from_millis(5))).unwrap());
    let all = text.clone();
    let thread = thread::spawn(move || (&writer).write_all(&all).unwrap());
    let mut read = Vec::new();
    reader.read_to_end(&mut read).unwrap();
    thread.join().unwrap();
    assert_eq!(read.len(), text.len() + page.get() as usize);
}

#[test]
fn a_read_takes_one_packet_and_drops_what_has_no_room() {
    let _open = Open::watched();
    let (reader, writer) = packet_pipe().unwrap();
    assert!(writer.is_packet_mode().unwrap());
    for packet in ["first", "second", "third"] {
        writer.write(packet.as_bytes()).unwrap();
    }
    let mut buffer = [0; 100];
    assert_eq!(reader.read(&mut buffer).unwrap(), 5);
    assert_eq!(reader.read(&mut buffer[..2]).unwrap(), 2);
    assert_eq!((reader.read(&mut buffer).unwrap(), &buffer[..5]), (5, &b"third"[..]));
}

#[test]
fn the_capacity_is_what_was_asked_for_rounded_up() {
    let _open = Open::watched();
    let (reader, writer) = pipe().unwrap();
    let capacity = writer.set_capacity(Bytes::new(100_000)).unwrap();
    assert_eq!(capacity, Bytes::new(131_072));
    assert_eq!((reader.capacity().unwrap(), writer.capacity().unwrap()), (capacity, capacity));
    assert!(reader.set_capacity(Bytes::new(0)).unwrap() > Bytes::new(0));
}

#[test]
fn a_child_gets_an_end_that_waits() {
    let _open = Open::watched();
    let (mut reader, output) = pipe().unwrap();
    let (input, mut writer) = pipe().unwrap();
    let (input, output) = (input.into_blocking().unwrap(), output.into_blocking().unwrap());
    let mut child =
        Command::new("cat").stdin(Stdio::from(input)).stdout(Stdio::from(output)).spawn().unwrap();
    // `cat` would end with an error if its first reading said "not now".
    thread::sleep(Duration::from_millis(30));
    writer.write_all(b"through the child").unwrap();
    drop(writer);
    let mut text = String::new();
    reader.read_to_string(&mut text).unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(text, "through the child");
}

#[test]
fn tokio_and_mio_wait_for_it() {
    let _open = Open::watched();
    let (reader, writer) = pipe().unwrap();
    let read = block_on(async {
        let reader = async_fd(reader);
        let thread = thread::spawn(move || writer.write(b"seven b").unwrap());
        let read = readable(&reader, |reader| reader.try_read(&mut [0; 16]).unwrap()).await;
        thread.join().unwrap();
        read
    });
    assert_eq!(read, 7);
    let (reader, writer) = pipe().unwrap();
    writer.write(b"x").unwrap();
    assert!(mio_finds_readable(&reader));
}
