//! How many queues there may be, and how large.

use linux_support_base::{Bytes, Error, Machine, Requirement, text};

/// What holds for message queues in the IPC namespace of the process.
///
/// # Kernel
/// `CONFIG_POSIX_MQUEUE`, `CONFIG_SYSCTL`.
///
/// # Source
/// mq_overview(7): `/proc/sys/fs/mqueue`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct MessageQueueLimits {
    /// The most queues, but for `CAP_SYS_RESOURCE`.
    #[doc(alias = "queues_max")]
    pub queues: u32,
    /// The most messages in a queue, but for `CAP_SYS_RESOURCE`.
    #[doc(alias = "msg_max")]
    pub capacity: u32,
    /// The longest messages of a queue, but for `CAP_SYS_RESOURCE`.
    #[doc(alias = "msgsize_max")]
    pub message_size: Bytes,
    /// The capacity of a queue that is made without saying it.
    #[doc(alias = "msg_default")]
    pub default_capacity: u32,
    /// The longest messages of a queue that is made without saying it.
    #[doc(alias = "msgsize_default")]
    pub default_message_size: Bytes,
}

impl MessageQueueLimits {
    pub(super) const QUEUES: &'static str = "/proc/sys/fs/mqueue/queues_max";
    pub(super) const CAPACITY: &'static str = "/proc/sys/fs/mqueue/msg_max";
    pub(super) const MESSAGE_SIZE: &'static str = "/proc/sys/fs/mqueue/msgsize_max";
    pub(super) const NEEDS: Requirement = Requirement::none().configuration("CONFIG_POSIX_MQUEUE");

    /// The most messages in a queue, whoever makes it.
    pub const MOST_CAPACITY: u32 = 65_536;
    /// The longest messages of a queue, whoever makes it.
    pub const MOST_MESSAGE_SIZE: Bytes = Bytes::new(16 << 20);

    /// Reads them.
    ///
    /// # Errors
    /// One of the files is absent (the kernel has no message queues) or holds no number.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        let number =
            |path| machine.parse_needing(path, Self::NEEDS, |bytes| text::decimal::<u32>(text::trim(bytes)));
        Ok(Self {
            queues: number(Self::QUEUES)?,
            capacity: number(Self::CAPACITY)?,
            message_size: Bytes::new(number(Self::MESSAGE_SIZE)?.into()),
            default_capacity: number("/proc/sys/fs/mqueue/msg_default")?,
            default_message_size: Bytes::new(number("/proc/sys/fs/mqueue/msgsize_default")?.into()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_comes_from_its_own_file_and_a_missing_one_is_explained() {
        let tree = tempfile::tempdir().unwrap();
        let folder = tree.path().join("proc/sys/fs/mqueue");
        std::fs::create_dir_all(&folder).unwrap();
        let files =
            [("queues_max", "256\n"), ("msg_max", "10"), ("msgsize_max", "8192\n"), ("msg_default", "7\n")];
        for (file, text) in files {
            std::fs::write(folder.join(file), text).unwrap();
        }
        let machine = Machine::captured(tree.path()).unwrap();
        let error = MessageQueueLimits::read(&machine).unwrap_err();
        assert_eq!(
            error.to_string(),
            "read /proc/sys/fs/mqueue/msgsize_default: absent: needs CONFIG_POSIX_MQUEUE"
        );
        std::fs::write(folder.join("msgsize_default"), "100\n").unwrap();
        let limits = MessageQueueLimits::read(&machine).unwrap();
        assert_eq!((limits.queues, limits.capacity, limits.default_capacity), (256, 10, 7));
        assert_eq!((limits.message_size, limits.default_message_size), (Bytes::new(8192), Bytes::new(100)));
    }
}
