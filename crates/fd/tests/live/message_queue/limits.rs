//! What a queue is made with where nothing is said.

use linux_support_base::Machine;
use linux_support_fd::{MessageQueue, MessageQueueLimits, MessageQueueOptions};

use super::{apart, name};
use crate::open::Open;

#[test]
fn what_is_not_said_is_the_default() {
    let _open = Open::watched();
    apart(|| {
        let limits = MessageQueueLimits::read(&Machine::live().unwrap()).unwrap();
        let name = name("defaults");
        for options in [MessageQueueOptions::new(), MessageQueueOptions::new().capacity(3)] {
            let queue: MessageQueue = options.create_new().unlink_on_drop().open(&name).unwrap();
            assert_eq!(queue.message_size(), limits.default_message_size);
        }
    });
}
