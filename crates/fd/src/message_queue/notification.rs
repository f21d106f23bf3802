//! Being told of a message.

use std::{os::fd::AsFd, sync::atomic::Ordering};

use linux_support_base::{Errno, Error, Signal};

use super::{MessageQueue, QueueAccess, queue::failed};
use crate::sys::message_queue::{Event, notify};

/// A registration to be told of the next message that comes into an empty queue. It serves once; dropping it ends it
/// before.
///
/// A process has one registration with a queue, even where it opened the queue twice: open it once, and clone it.
#[derive(Debug)]
#[must_use = "dropping it ends the registration"]
pub struct MessageNotification<'q, Access: QueueAccess> {
    queue: &'q MessageQueue<Access>,
    registration: u64,
}

impl<A: QueueAccess> MessageQueue<A> {
    /// Has the process get `signal`, with `value`, when a message comes into the empty queue while nobody waits in
    /// `mq_receive`. That ends the registration, and so does closing any descriptor of this queue in this process.
    ///
    /// An epoll is simpler, and doesn't serve once only: the descriptor is readable while there are messages.
    ///
    /// ```
    /// # use linux_support_fd::{MessageQueue, MessageQueueName, MessageQueueOptions};
    /// use linux_support_base::Signal;
    ///
    /// # let name = MessageQueueName::new(format!("/example-notify-{}", std::process::id()))?;
    /// # let queue: MessageQueue = MessageQueueOptions::new().create_new().unlink_on_drop().open(&name)?;
    /// let notification = queue.notify(Signal::USR1, 7)?;
    /// assert!(queue.notify(Signal::USR2, 8).is_err(), "one at a time");
    /// drop(notification);
    /// # Ok::<(), linux_support_base::Error>(())
    /// ```
    ///
    /// # Errors
    /// A process, this one or another, is registered already ([`Errno::BUSY`]).
    ///
    /// # Source
    /// mq_notify(3).
    #[doc(alias = "mq_notify")]
    #[doc(alias = "SIGEV_SIGNAL")]
    pub fn notify(&self, signal: Signal, value: usize) -> Result<MessageNotification<'_, A>, Error> {
        self.register(Event::Signal(signal, value))
    }

    /// Registers the process without having it told: so that no other one can be.
    ///
    /// # Errors
    /// As for [`notify`](Self::notify).
    #[doc(alias = "SIGEV_NONE")]
    pub fn notify_nobody(&self) -> Result<MessageNotification<'_, A>, Error> {
        self.register(Event::Nothing)
    }

    fn register(&self, event: Event) -> Result<MessageNotification<'_, A>, Error> {
        notify(self.as_fd(), Some(event)).map_err(|errno| failed("register with", errno))?;
        let registration = self.registrations.fetch_add(1, Ordering::Relaxed) + 1;
        Ok(MessageNotification { queue: self, registration })
    }
}

impl<A: QueueAccess> MessageNotification<'_, A> {
    /// Ends the registration, if it has not served yet.
    ///
    /// # Errors
    /// None that is known.
    pub fn end(self) -> Result<(), Error> {
        let ended = self.deregister();
        core::mem::forget(self);
        ended.map_err(|errno| failed("deregister from", errno))
    }

    /// The kernel knows one registration of the process: a later one is another guard's.
    fn deregister(&self) -> Result<(), Errno> {
        if self.queue.registrations.load(Ordering::Relaxed) == self.registration {
            notify(self.queue.as_fd(), None)?;
        }
        Ok(())
    }
}

impl<A: QueueAccess> Drop for MessageNotification<'_, A> {
    fn drop(&mut self) {
        // The queue is open, so this can't fail.
        let _ = self.deregister();
    }
}
