//! Segments of System V shared memory.

use linux_support_base::{Machine, Pid};
use linux_support_memory::SystemVSegment;

use crate::mapping::page;

/// A segment of its own, which goes at the end.
struct Segment(i32);

impl Segment {
    fn new(size: usize) -> Option<Self> {
        // SAFETY: it takes numbers, and changes no memory.
        let id = unsafe { libc::shmget(libc::IPC_PRIVATE, size, libc::IPC_CREAT | 0o640) };
        (id >= 0).then_some(Self(id))
    }
}

impl Drop for Segment {
    fn drop(&mut self) {
        // SAFETY: the segment is this value's own; removing it takes no memory from who has it attached.
        unsafe { libc::shmctl(self.0, libc::IPC_RMID, std::ptr::null_mut()) };
    }
}

#[test]
#[cfg_attr(user_emulation, ignore = "/proc is that of the machine below")]
fn a_new_segment_is_listed_with_who_made_it() {
    let Some(segment) = Segment::new(3 * page()) else {
        println!("skipped: no System V shared memory may be made here");
        return;
    };
    let machine = Machine::live().unwrap();
    let find = || SystemVSegment::read_all(&machine).unwrap().into_iter().find(|found| found.id == segment.0);
    let found = find().unwrap();
    assert_eq!((found.key, found.mode, found.attached), (0, 0o640, 0));
    assert_eq!(found.size.get(), 3 * page() as u64);
    assert_eq!(found.creator, Pid::new(std::process::id() as i32));
    assert_eq!((found.attached_at, found.detached_at), (0, 0));
    assert!(found.changed_at > 0 && !found.goes_when_detached && !found.is_locked);
}
