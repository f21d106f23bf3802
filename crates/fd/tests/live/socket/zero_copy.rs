//! Sending without a copy.

use std::{sync::Arc, thread, time::Duration};

use linux_support_base::{Errno, Reason};
use linux_support_fd::socket::{UnixStream, ZeroCopy};

use super::connected;
use crate::open::Open;

const LONG: Option<Duration> = Some(Duration::from_secs(20));

#[test]
fn buffers_come_back_once_the_kernel_is_done() {
    let _open = Open::watched();
    let (here, there) = connected();
    let mut sender = ZeroCopy::new(here).unwrap();
    let buffers: Vec<Vec<u8>> = (0..8).map(|index| vec![index; 100_000 + usize::from(index)]).collect();
    for buffer in &buffers {
        sender.push(buffer.clone());
    }
    let expected = buffers.concat();
    let length = expected.len();
    let receiver = thread::spawn(move || {
        let mut bytes = vec![0; length];
        there.receive_all(&mut bytes).unwrap();
        bytes
    });
    let mut back = Vec::new();
    while let Some(completion) = sender.wait(LONG).unwrap() {
        back.push(completion.buffer);
    }
    back.sort();
    assert_eq!(sender.pending(), 0);
    assert!(back == buffers);
    assert!(receiver.join().unwrap() == expected);
}

#[test]
fn a_buffer_stays_with_the_kernel_while_nobody_receives() {
    let _open = Open::watched();
    let (here, there) = connected();
    let mut sender = ZeroCopy::new(here).unwrap();
    // More than the socket takes at once: some of it is sent, and none of it may come back.
    let buffer: Arc<[u8]> = vec![5; 64 << 20].into();
    sender.push(Arc::clone(&buffer));
    assert!(!sender.try_send().unwrap());
    assert_eq!(sender.wait(Some(Duration::from_millis(20))).unwrap(), None);
    assert_eq!((sender.pending(), Arc::strong_count(&buffer)), (1, 2));
    // What is not back when the sender goes is never freed.
    drop(sender);
    assert_eq!(Arc::strong_count(&buffer), 2);
    drop(there);
}

#[test]
fn an_empty_buffer_is_done_at_once() {
    let _open = Open::watched();
    let (here, _there) = connected();
    let mut sender = ZeroCopy::new(here).unwrap();
    sender.push(&b""[..]);
    let completion = sender.wait(LONG).unwrap().unwrap();
    assert!(completion.buffer.is_empty() && !completion.copied);
    assert_eq!(sender.wait(LONG).unwrap(), None);
}

#[test]
fn what_goes_to_this_machine_is_copied_and_says_so() {
    let _open = Open::watched();
    let (here, there) = connected();
    let mut sender = ZeroCopy::new(here).unwrap();
    sender.push(vec![1; 50_000].into_boxed_slice());
    assert!(sender.try_send().unwrap());
    there.receive_all(&mut [0; 50_000]).unwrap();
    assert!(sender.wait(LONG).unwrap().unwrap().copied);
}

#[test]
fn a_socket_that_cannot_do_so_refuses() {
    let _open = Open::watched();
    let (here, _there) = UnixStream::pair().unwrap();
    let error = ZeroCopy::<_, Vec<u8>>::new(here).unwrap_err();
    assert_eq!(error.reason(), &Reason::System(Errno::OPNOTSUPP));
}

#[test]
fn a_peer_that_has_gone_is_an_error() {
    let _open = Open::watched();
    let (here, there) = connected();
    drop(there);
    let mut sender = ZeroCopy::new(here).unwrap();
    let error = loop {
        sender.push(vec![1; 1000]);
        if let Err(error) = sender.try_send() {
            break error;
        }
        thread::sleep(Duration::from_millis(1));
    };
    assert!(matches!(error.reason(), Reason::System(Errno::PIPE | Errno::CONNRESET)), "{error}");
}
