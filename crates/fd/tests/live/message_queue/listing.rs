//! The mqueue file system.

use linux_support_base::{Machine, Reason};
use linux_support_fd::MessageQueueEntry;

use crate::open::Open;

#[test]
fn a_directory_of_another_file_system_is_refused() {
    let _open = Open::watched();
    let machine = Machine::live().unwrap();
    let error = MessageQueueEntry::list(&machine.directory("/proc/self").unwrap()).unwrap_err();
    assert!(matches!(error.reason(), Reason::OtherDescriptor { expected: "mqueue file system", .. }));
}

mod lab {
    mod any {
        use linux_support_base::{Bytes, Machine, Pid, Signal};
        use linux_support_fd::{MessageQueueEntry, QueueNotification};
        use rustix::{
            mount::{MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_change, unmount},
            thread::UnshareFlags,
        };

        use crate::{
            message_queue::{PLAIN, name, namespace::within, small},
            open::Open,
        };

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn the_queues_of_a_mounted_file_system_are_listed_with_what_they_say() {
            let _open = Open::watched();
            let folder = tempfile::tempdir().unwrap();
            within(UnshareFlags::NEWIPC | UnshareFlags::NEWNS, || {
                let private = MountPropagationFlags::PRIVATE | MountPropagationFlags::REC;
                mount_change("/", private).unwrap();
                mount("mqueue", folder.path(), "mqueue", MountFlags::empty(), None).unwrap();
                let queue = small("listed");
                queue.send(b"12345", PLAIN).unwrap();
                let notification = queue.notify(Signal::USR1, 0).unwrap();
                let machine = Machine::live().unwrap();
                let path = folder.path().to_str().unwrap();
                let entries = MessageQueueEntry::list(&machine.directory(path).unwrap()).unwrap();
                drop(notification);
                assert_eq!(entries.len(), 1);
                let entry = &entries[0];
                assert_eq!(entry.name, name("listed"));
                let status = entry.status.value().unwrap();
                assert_eq!((status.queued, &status.other[..]), (Bytes::new(5), &[][..]));
                assert_eq!(status.notification, QueueNotification::Signal(Signal::USR1));
                assert_eq!(status.notified, Pid::new(std::process::id().cast_signed()));
                unmount(folder.path(), UnmountFlags::DETACH).unwrap();
            });
        }
    }
}
