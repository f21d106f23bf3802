//! The standard streams of a child, which is this test again.

use std::{
    env,
    io::Write,
    process::{Command, Stdio},
};

use linux_support_fd::{Descriptor, Epoll, Events, Interest, PipeReader, PipeWriter};
use rustix::fs::{OFlags, fcntl_getfl};

use crate::{open::Open, runtime::mio_finds_readable};

const CHILD: &str = "LINUX_SUPPORT_STANDARD_STREAMS";

#[test]
fn standard_streams_are_ends_of_pipes_that_never_wait() {
    let _open = Open::watched();
    if env::var_os(CHILD).is_some() {
        return answer();
    }
    let name = "pipe::standard::standard_streams_are_ends_of_pipes_that_never_wait";
    let mut child = Command::new(env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env(CHILD, "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"question").unwrap();
    let output = child.wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("<question>"), "{text}");
    assert!(output.stderr.ends_with(b"<error>\n"));
}

/// The child's part.
fn answer() {
    let input = PipeReader::standard_input().unwrap();
    let (output, error) = (PipeWriter::standard_output().unwrap(), PipeWriter::standard_error().unwrap());
    assert!(input.is_nonblocking().unwrap() && output.is_nonblocking().unwrap());
    assert!(!fcntl_getfl(std::io::stdin()).unwrap().contains(OFlags::NONBLOCK), "the shared one was changed");
    assert!(mio_finds_readable(&input));
    let epoll = Epoll::new().unwrap();
    epoll.add(&input, Interest::READABLE, 0_u64).unwrap();
    epoll.add(&output, Interest::WRITABLE, 1).unwrap();
    epoll.add(&error, Interest::WRITABLE, 2).unwrap();
    let (mut events, mut ready) = (Events::with_capacity(4), [false; 3]);
    while ready != [true; 3] {
        epoll.wait(&mut events, None).unwrap();
        events.iter().for_each(|event| ready[event.token as usize] = true);
    }
    let mut question = [0; 16];
    let read = input.read(&mut question).unwrap();
    output.write(&[b"<", &question[..read], b">"].concat()).unwrap();
    error.write(b"<error>\n").unwrap();
}

#[test]
fn standard_streams_that_are_no_pipes_are_refused() {
    let _open = Open::watched();
    let null = std::fs::File::open("/dev/null").unwrap();
    let error = PipeReader::reopen(&null).unwrap_err();
    assert!(error.to_string().ends_with("is no reading end of a pipe, but character device 1:3"), "{error}");
}
