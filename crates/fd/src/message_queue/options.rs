//! How a queue is opened or made.

use core::ffi::c_long;

use linux_support_base::{Bytes, Errno, Error, Machine, Reason};
use rustix::fs::OFlags;

use super::{MessageQueue, MessageQueueLimits, MessageQueueName, QueueAccess};
use crate::sys::message_queue::{Attributes, open};

/// How a queue is opened, and how it is made if it is.
///
/// What is not said stays as the kernel has it: a queue that exists, the default capacity and message size,
/// permissions for the owner alone.
#[derive(Clone, Debug)]
pub struct MessageQueueOptions {
    creation: OFlags,
    mode: u32,
    capacity: Option<u32>,
    message_size: Option<Bytes>,
    unlink: bool,
}

impl Default for MessageQueueOptions {
    fn default() -> Self {
        Self::new()
    }
}

impl MessageQueueOptions {
    /// A queue that exists.
    #[must_use]
    pub const fn new() -> Self {
        Self { creation: OFlags::empty(), mode: 0o600, capacity: None, message_size: None, unlink: false }
    }

    /// Makes the queue if there is none of that name. If there is one, it is opened as it is, whatever its capacity
    /// and message size.
    #[must_use]
    #[doc(alias = "O_CREAT")]
    pub const fn create(mut self) -> Self {
        self.creation = OFlags::CREATE;
        self
    }

    /// Makes the queue, and fails if there is one of that name.
    #[must_use]
    #[doc(alias = "O_EXCL")]
    pub const fn create_new(mut self) -> Self {
        self.creation = OFlags::CREATE.union(OFlags::EXCL);
        self
    }

    /// The permissions of a queue that is made, less those of the umask: `0o600`.
    #[must_use]
    pub const fn mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }

    /// How many messages a queue that is made can hold.
    #[must_use]
    #[doc(alias = "mq_maxmsg")]
    pub const fn capacity(mut self, messages: u32) -> Self {
        self.capacity = Some(messages);
        self
    }

    /// How long the messages of a queue that is made can be.
    #[must_use]
    #[doc(alias = "mq_msgsize")]
    pub const fn message_size(mut self, size: Bytes) -> Self {
        self.message_size = Some(size);
        self
    }

    /// Takes the name away when this queue is dropped; its clones leave it alone.
    #[must_use]
    pub const fn unlink_on_drop(mut self) -> Self {
        self.unlink = true;
        self
    }

    /// Opens the queue called `name`.
    ///
    /// # Errors
    /// There is no such queue, or one that was to be made; the capacity, the message size or the number of queues
    /// is above a limit, which is named; `RLIMIT_MSGQUEUE` is reached, or there is no descriptor left; permission
    /// is denied; the kernel has no message queues.
    ///
    /// # Capabilities
    /// `CAP_SYS_RESOURCE` to pass the limits of `/proc/sys/fs/mqueue`.
    #[doc(alias = "mq_open")]
    pub fn open<A: QueueAccess>(&self, name: &MessageQueueName) -> Result<MessageQueue<A>, Error> {
        if self.mode & !0o777 != 0 {
            let accepted = format!("the mode {:o} has other bits than 777", self.mode);
            return Err(Error::invalid("open", name.to_byte_string(), accepted));
        }
        let flags = OFlags::from_bits_retain(A::FLAGS) | self.creation | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let attributes = self.attributes(name)?;
        let descriptor =
            rustix::io::retry_on_intr(|| open(name.as_c_str(), flags, self.mode, attributes.as_ref()))
                .map_err(|errno| self.explain(name, errno))?;
        MessageQueue::opened(descriptor, self.unlink.then(|| name.clone()))
    }

    /// As the kernel takes them: both or none.
    fn attributes(&self, name: &MessageQueueName) -> Result<Option<Attributes>, Error> {
        if self.creation.is_empty() || (self.capacity.is_none() && self.message_size.is_none()) {
            return Ok(None);
        }
        let defaults = match (self.capacity, self.message_size) {
            (Some(_), Some(_)) => None,
            _ => Some(MessageQueueLimits::read(&Machine::live()?)?),
        };
        let capacity = self.capacity.or(defaults.map(|limits| limits.default_capacity)).unwrap_or(0);
        let message_size =
            self.message_size.or(defaults.map(|limits| limits.default_message_size)).unwrap_or_default();
        Ok(Some(Attributes {
            capacity: c_long::from(capacity),
            message_size: c_long::try_from(message_size.get())
                .map_err(|_| self.explain(name, Errno::INVAL))?,
            ..Attributes::default()
        }))
    }

    /// Why it can't be opened, as far as that can be told.
    #[cold]
    fn explain(&self, name: &MessageQueueName, errno: Errno) -> Error {
        let object = name.to_byte_string();
        let limits = || Machine::live().and_then(|machine| MessageQueueLimits::read(&machine)).ok();
        let accepted = match errno {
            Errno::INVAL => limits().and_then(|limits| self.above(&limits)),
            Errno::NOSPC => Some(match limits() {
                Some(limits) => {
                    format!("there are {} queues already, by {}", limits.queues, MessageQueueLimits::QUEUES)
                }
                None => format!("there are too many queues: see {}", MessageQueueLimits::QUEUES),
            }),
            // The kernel says the same of the process's descriptors and of the user's bytes in queues.
            Errno::MFILE => rustix::io::fcntl_dupfd_cloexec(std::io::stdin(), 0).ok().map(|_| {
                "the user's queues would take more bytes than RLIMIT_MSGQUEUE (ulimit -q)".to_owned()
            }),
            Errno::NOSYS => {
                let needs = MessageQueueLimits::NEEDS;
                return Error::new("open", object, Reason::NotConfigured { needs });
            }
            _ => None,
        };
        match accepted {
            Some(accepted) => Error::invalid("open", object, accepted),
            None => Error::system("open", object, errno),
        }
    }

    /// Which of the limits what was asked for is above.
    fn above(&self, limits: &MessageQueueLimits) -> Option<String> {
        let (capacity, size) = (self.capacity, self.message_size);
        if capacity == Some(0) || size == Some(Bytes::new(0)) {
            return Some("a queue holds at least 1 message of at least 1 byte".to_owned());
        }
        let (path, by_all) = (MessageQueueLimits::CAPACITY, MessageQueueLimits::MOST_CAPACITY);
        if let Some(capacity) = capacity.filter(|capacity| *capacity > limits.capacity) {
            return Some(format!(
                "{capacity} messages are above the {} of {path}; CAP_SYS_RESOURCE may have {by_all}",
                limits.capacity
            ));
        }
        let (path, by_all) = (MessageQueueLimits::MESSAGE_SIZE, MessageQueueLimits::MOST_MESSAGE_SIZE);
        size.filter(|size| *size > limits.message_size).map(|size| {
            format!(
                "messages of {size:#} bytes are above the {:#} of {path}; CAP_SYS_RESOURCE may have {by_all}",
                limits.message_size
            )
        })
    }
}
