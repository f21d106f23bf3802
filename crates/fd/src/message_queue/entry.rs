//! The queues that there are.

use linux_support_base::{Directory, Error, Reading, Reason};
use rustix::fs::fstatfs;

use super::{MessageQueueName, MessageQueueStatus};
use crate::descriptor::MQUEUE_MAGIC;

/// A queue of a mounted mqueue file system.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MessageQueueEntry {
    /// What it is called.
    pub name: MessageQueueName,
    /// What its file says, if it may be read.
    pub status: Reading<MessageQueueStatus>,
}

impl MessageQueueEntry {
    /// Where systems mount the file system.
    pub const USUAL_PLACE: &'static str = "/dev/mqueue";

    /// The queues of the IPC namespace in which the file system at `directory` was mounted, by name. A queue that
    /// goes meanwhile is left out.
    ///
    /// ```
    /// use linux_support_base::Machine;
    /// use linux_support_fd::MessageQueueEntry;
    ///
    /// let machine = Machine::live()?;
    /// match machine.directory(MessageQueueEntry::USUAL_PLACE).and_then(|place| MessageQueueEntry::list(&place)) {
    ///     Ok(queues) => queues.iter().for_each(|queue| println!("{} {:?}", queue.name, queue.status)),
    ///     Err(error) => println!("{error}"), // it isn't mounted
    /// }
    /// # Ok::<(), linux_support_base::Error>(())
    /// ```
    ///
    /// # Errors
    /// `directory` is of another file system, or may not be listed.
    pub fn list(directory: &Directory) -> Result<Vec<Self>, Error> {
        if let Some(descriptor) = directory.descriptor() {
            let kind =
                fstatfs(descriptor).map_err(|errno| Error::system("query", directory.path(), errno))?;
            if kind.f_type as u64 != MQUEUE_MAGIC {
                let found = format!("file system of type {:#x}", kind.f_type).as_str().into();
                let reason = Reason::OtherDescriptor { expected: "mqueue file system", found };
                return Err(Error::new("list", directory.path(), reason));
            }
        }
        let queues = directory.entries("")?.into_iter().filter_map(|entry| {
            let name = MessageQueueName::without_slash(entry.name.as_bytes())?;
            let status = directory.parse(&entry.name, MessageQueueStatus::parse);
            match status {
                Err(error) if error.is_absent() => None,
                status => Some(Self { name, status: status.into() }),
            }
        });
        Ok(queues.collect())
    }
}
