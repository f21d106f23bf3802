//! mq_overview(7).

mod bad_input;
mod limits;
mod listing;
mod namespace;
mod notification;

use std::{
    os::fd::OwnedFd,
    thread,
    time::{Duration, Instant},
};

use linux_support_base::{Bytes, Reason};
use linux_support_fd::{
    Descriptor, DescriptorKind, MessagePriority, MessageQueue, MessageQueueName, MessageQueueOptions,
    MessageReceiver, MessageSender,
};

use self::namespace::apart;
use crate::{
    open::Open,
    runtime::{async_fd, block_on, mio_finds_readable, readable},
    signals::interrupted,
};

/// A name that no other test has.
pub(super) fn name(test: &str) -> MessageQueueName {
    MessageQueueName::new(format!("/linux-support-{}-{test}", std::process::id())).unwrap()
}

/// A queue of two messages of up to 16 bytes, which leaves no name.
pub(super) fn small(test: &str) -> MessageQueue {
    small_options().open(&name(test)).unwrap()
}

pub(super) fn small_options() -> MessageQueueOptions {
    MessageQueueOptions::new().create_new().capacity(2).message_size(Bytes::new(16)).unlink_on_drop()
}

const PLAIN: MessagePriority = MessagePriority::LOWEST;

#[test]
fn the_highest_priority_comes_first_and_equals_in_order() {
    let _open = Open::watched();
    apart(|| {
        let options = small_options().capacity(4);
        let queue: MessageQueue = options.open(&name("order")).unwrap();
        let priority = |number| MessagePriority::new(number).unwrap();
        for (text, number) in [("b", 5), ("d", 0), ("c", 5), ("a", 32767)] {
            queue.send(text.as_bytes(), priority(number)).unwrap();
        }
        let mut buffer = queue.buffer();
        let mut received = vec![];
        while let Some(message) = queue.try_receive(&mut buffer).unwrap() {
            received.push((message.bytes.to_vec(), message.priority.get()));
        }
        let expected = [("a", 32767), ("b", 5), ("c", 5), ("d", 0)];
        assert_eq!(received, expected.map(|(text, number)| (text.as_bytes().to_vec(), number)));
    });
}

#[test]
fn a_queue_has_the_attributes_that_it_was_made_with_and_takes_empty_messages() {
    let _open = Open::watched();
    apart(|| {
        let queue = small("attributes");
        assert!(queue.try_send(b"", PLAIN).unwrap());
        let attributes = queue.attributes().unwrap();
        assert_eq!((attributes.capacity, attributes.queued), (2, 1));
        assert_eq!((attributes.message_size, queue.message_size()), (Bytes::new(16), Bytes::new(16)));
        let mut buffer = queue.buffer();
        assert_eq!(queue.receive(&mut buffer).unwrap().bytes, b"");
        assert!(queue.is_close_on_exec().unwrap() && queue.is_nonblocking().unwrap());
        assert_eq!(DescriptorKind::of(&queue).unwrap(), DescriptorKind::MessageQueue);
    });
}

#[test]
fn a_full_queue_says_not_now_and_a_time_out_ends_the_wait() {
    let _open = Open::watched();
    apart(|| {
        let queue = small("full");
        assert!(queue.try_send(b"1", PLAIN).unwrap() && queue.try_send(b"2", PLAIN).unwrap());
        assert!(!queue.try_send(b"3", PLAIN).unwrap());
        let begin = Instant::now();
        assert!(!queue.send_within(b"3", PLAIN, Duration::from_millis(30)).unwrap());
        assert!(begin.elapsed() >= Duration::from_millis(30));
        let mut buffer = queue.buffer();
        queue.receive(&mut buffer).unwrap();
        assert!(queue.send_within(b"3", PLAIN, Duration::ZERO).unwrap());
        queue.receive(&mut buffer).unwrap();
        queue.receive(&mut buffer).unwrap();
        let begin = Instant::now();
        assert_eq!(queue.receive_within(&mut buffer, Duration::from_millis(30)).unwrap(), None);
        assert!(begin.elapsed() >= Duration::from_millis(30));
    });
}

#[test]
fn sender_and_receiver_wait_for_each_other() {
    let _open = Open::watched();
    apart(|| {
        let name = name("wait");
        let receiver: MessageReceiver = small_options().open(&name).unwrap();
        let sender = MessageSender::open(&name).unwrap();
        let thread = thread::spawn(move || {
            for number in 0..50_u8 {
                sender.send(&[number], PLAIN).unwrap();
            }
        });
        let mut buffer = receiver.buffer();
        let received: Vec<u8> = (0..50).map(|_| receiver.receive(&mut buffer).unwrap().bytes[0]).collect();
        thread.join().unwrap();
        assert!(received.iter().copied().eq(0..50));
    });
}

#[test]
fn an_interrupted_wait_goes_on() {
    let _open = Open::watched();
    apart(|| {
        let queue = small("interrupted");
        let sender = queue.try_clone().unwrap();
        let thread = thread::spawn(move || {
            thread::sleep(Duration::from_millis(50));
            sender.send(b"late", PLAIN).unwrap();
        });
        interrupted(|| assert_eq!(queue.receive(&mut queue.buffer()).unwrap().bytes, b"late"));
        thread.join().unwrap();
    });
}

#[test]
fn the_name_goes_with_the_queue_that_was_to_unlink_it() {
    let _open = Open::watched();
    apart(|| {
        let name = name("unlink");
        let queue: MessageQueue = small_options().open(&name).unwrap();
        let clone = queue.try_clone().unwrap();
        drop(queue);
        let error = MessageSender::open(&name).unwrap_err();
        assert_eq!(error.reason(), &Reason::Absent);
        clone.send(b"still there", PLAIN).unwrap();

        let kept: MessageQueue = MessageQueueOptions::new().create().open(&name).unwrap();
        drop(kept);
        drop(MessageSender::open(&name).unwrap());
        name.unlink().unwrap();
        assert_eq!(name.unlink().unwrap_err().reason(), &Reason::Absent);
    });
}

#[test]
fn a_queue_that_exists_is_opened_as_it_is() {
    let _open = Open::watched();
    apart(|| {
        let name = name("exists");
        let _queue: MessageQueue = small_options().open(&name).unwrap();
        let other: MessageQueue = MessageQueueOptions::new().create().capacity(1).open(&name).unwrap();
        assert_eq!(other.attributes().unwrap().capacity, 2);
    });
}

#[test]
fn a_descriptor_from_elsewhere_becomes_a_queue_again() {
    let _open = Open::watched();
    apart(|| {
        let queue = small("elsewhere");
        queue.send(b"kept", PLAIN).unwrap();
        let receiver = MessageReceiver::try_from(OwnedFd::from(queue)).unwrap();
        assert_eq!(receiver.receive(&mut receiver.buffer()).unwrap().bytes, b"kept");
    });
}

#[test]
fn tokio_and_mio_wait_for_it() {
    let _open = Open::watched();
    apart(|| {
        let queue = small("runtime");
        let sender = queue.try_clone().unwrap();
        let length = block_on(async {
            let queue = async_fd(queue);
            let thread = thread::spawn(move || {
                sender.send(b"five!", PLAIN).unwrap();
            });
            let take = |queue: &MessageQueue| {
                queue.try_receive(&mut queue.buffer()).unwrap().map(|message| message.bytes.len())
            };
            let length = readable(&queue, take).await;
            thread.join().unwrap();
            length
        });
        assert_eq!(length, 5);
        let queue = small("mio");
        queue.send(b"x", PLAIN).unwrap();
        assert!(mio_finds_readable(&queue));
    });
}
