//! POSIX message queues: mq_overview(7).
//!
//! ```
//! use linux_support_base::Bytes;
//! use linux_support_fd::{MessagePriority, MessageQueueName, MessageQueueOptions, MessageReceiver, MessageSender};
//!
//! let name = MessageQueueName::new(format!("/example-{}", std::process::id()))?;
//! let options = MessageQueueOptions::new().create_new().capacity(4).message_size(Bytes::new(64)).unlink_on_drop();
//! let receiver: MessageReceiver = options.open(&name)?;
//! let sender = MessageSender::open(&name)?;
//!
//! sender.send(b"later", MessagePriority::LOWEST)?;
//! sender.send(b"first", MessagePriority::HIGHEST)?;
//! let mut buffer = receiver.buffer();
//! assert_eq!(receiver.receive(&mut buffer)?.bytes, b"first");
//! assert_eq!(receiver.receive(&mut buffer)?.bytes, b"later");
//! assert_eq!(receiver.try_receive(&mut buffer)?, None);
//! # Ok::<(), linux_support_base::Error>(())
//! ```

mod access;
mod entry;
mod limits;
mod message;
mod name;
mod notification;
mod options;
mod queue;
mod status;

pub use access::{QueueAccess, ReceivesMessages, Receiving, Sending, SendingAndReceiving, SendsMessages};
pub use entry::MessageQueueEntry;
pub use limits::MessageQueueLimits;
pub use message::{MessagePriority, QueueMessage};
pub use name::MessageQueueName;
pub use notification::MessageNotification;
pub use options::MessageQueueOptions;
pub use queue::{MessageQueue, MessageQueueAttributes, MessageReceiver, MessageSender};
pub use status::{MessageQueueStatus, QueueNotification};
