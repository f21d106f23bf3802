//! What queues refuse.

use std::{fs::File, os::fd::OwnedFd, thread};

use linux_support_base::{Bytes, Errno, Reason};
use linux_support_fd::{
    MessagePriority, MessageQueue, MessageQueueOptions, MessageReceiver, MessageSender, SendingAndReceiving,
};
use rustix::{
    process::{Resource, Rlimit, getrlimit, setrlimit},
    thread::{CapabilitySet, capabilities, set_capabilities},
};

use super::{PLAIN, apart, name, small, small_options};
use crate::open::Open;

#[test]
fn a_message_too_long_and_a_buffer_too_short_are_told_with_the_lengths() {
    let _open = Open::watched();
    apart(|| {
        let queue = small("sizes");
        let error = queue.send(&[0; 17], PLAIN).unwrap_err();
        assert_eq!(error.to_string(), "send to message queue: 17 bytes are more than the 16 of a message");
        queue.send(b"x", MessagePriority::HIGHEST).unwrap();
        let error = queue.try_receive(&mut [0; 15]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "receive from message queue: a buffer of 15 bytes is shorter than the 16 of a message"
        );
        assert_eq!(queue.attributes().unwrap().queued, 1);
    });
}

#[test]
fn a_name_in_use_and_a_name_of_nothing_are_told() {
    let _open = Open::watched();
    apart(|| {
        let name = name("in-use");
        assert_eq!(MessageQueue::<SendingAndReceiving>::open(&name).unwrap_err().reason(), &Reason::Absent);
        let _queue: MessageQueue = small_options().open(&name).unwrap();
        let error = MessageQueueOptions::new().create_new().open::<SendingAndReceiving>(&name).unwrap_err();
        assert_eq!(error.reason(), &Reason::System(Errno::EXIST));
    });
}

/// Does `work` in a thread that may pass no limit.
fn without_resource_capability(work: impl FnOnce() + Send) {
    thread::scope(|scope| {
        let thread = scope.spawn(|| {
            let mut sets = capabilities(None).unwrap();
            for set in [&mut sets.effective, &mut sets.permitted, &mut sets.inheritable] {
                *set -= CapabilitySet::SYS_RESOURCE;
            }
            set_capabilities(None, sets).unwrap();
            work();
        });
        thread.join().unwrap();
    });
}

#[test]
fn attributes_above_the_limits_name_the_files_of_the_limits() {
    let _open = Open::watched();
    apart(|| {
        without_resource_capability(|| {
            let name = name("above");
            let refused = |options: MessageQueueOptions| {
                let error = options.open::<SendingAndReceiving>(&name).unwrap_err();
                assert!(matches!(error.reason(), Reason::Invalid(_)), "{error}");
                error.to_string()
            };
            let text = refused(small_options().capacity(1_000_000));
            assert!(text.contains("1000000 messages are above the "), "{text}");
            assert!(text.contains("of /proc/sys/fs/mqueue/msg_max"), "{text}");
            for size in [1 << 30, u64::MAX] {
                let text = refused(small_options().message_size(Bytes::new(size)));
                assert!(text.contains(&format!("messages of {size} bytes are above the ")), "{text}");
                assert!(text.contains("of /proc/sys/fs/mqueue/msgsize_max"), "{text}");
            }
            for options in [small_options().capacity(0), small_options().message_size(Bytes::new(0))] {
                let text = refused(options);
                assert!(text.ends_with("a queue holds at least 1 message of at least 1 byte"), "{text}");
            }
            assert!(refused(small_options().mode(0o4600)).contains("the mode 4600"));
        });
    });
}

#[test]
fn the_users_limit_of_bytes_is_not_taken_for_that_of_descriptors() {
    let _open = Open::watched();
    apart(|| {
        without_resource_capability(|| {
            let limit = getrlimit(Resource::Msgqueue);
            setrlimit(Resource::Msgqueue, Rlimit { current: Some(1), ..limit }).unwrap();
            let error = small_options().open::<SendingAndReceiving>(&name("rlimit")).unwrap_err();
            setrlimit(Resource::Msgqueue, limit).unwrap();
            assert!(error.to_string().contains("RLIMIT_MSGQUEUE"), "{error}");
        });
    });
}

#[test]
fn too_many_queues_name_the_file_of_the_limit() {
    let _open = Open::watched();
    apart(|| {
        let limits =
            linux_support_fd::MessageQueueLimits::read(&linux_support_base::Machine::live().unwrap())
                .unwrap();
        without_resource_capability(|| {
            let options = small_options().capacity(1).message_size(Bytes::new(1));
            let mut queues: Vec<MessageSender> = vec![];
            let error =
                (0..=limits.queues).find_map(|number| match options.open(&name(&format!("many-{number}"))) {
                    Ok(queue) => {
                        queues.push(queue);
                        None
                    }
                    Err(error) => Some(error),
                });
            let error = error.expect("more queues than the limit").to_string();
            assert!(error.contains("/proc/sys/fs/mqueue/queues_max"), "{error}");
        });
    });
}

#[test]
fn other_kinds_and_queues_for_something_else_are_refused_and_closed() {
    let _open = Open::watched();
    apart(|| {
        let null = OwnedFd::from(File::open("/dev/null").unwrap());
        let error = MessageSender::try_from(null).unwrap_err();
        assert!(
            error.to_string().ends_with("is no message queue open for sending, but character device 1:3"),
            "{error}"
        );
        let name = name("access");
        let _queue: MessageQueue = small_options().open(&name).unwrap();
        let sender = OwnedFd::from(MessageSender::open(&name).unwrap());
        let error = MessageReceiver::try_from(sender).unwrap_err();
        assert!(
            error
                .to_string()
                .ends_with("is no message queue open for receiving, but message queue open for sending"),
            "{error}"
        );
    });
}
