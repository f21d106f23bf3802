//! That batches of messages allocate nothing: in a binary of its own, with an allocator that counts.

use std::{
    alloc::{GlobalAlloc, Layout, System},
    cell::Cell,
    io::IoSlice,
};

use linux_support_fd::socket::{
    Outgoing, ReceiveBatch, SendBatch, Socket, UdpSocket, ancillary::ControlBuffer, option,
};

thread_local! {
    /// How many allocations this thread has made: what runs the tests has threads of its own.
    static COUNT: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

#[expect(unsafe_code, reason = "an allocator that counts can be made in no other way")]
// SAFETY: all is done by the system's allocator, as the caller asked.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        // SAFETY: the caller's promise, passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise, passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations<T>(work: impl FnOnce() -> T) -> (usize, T) {
    let before = COUNT.get();
    let value = work();
    (COUNT.get() - before, value)
}

#[test]
fn batches_of_64_messages_allocate_nothing() {
    let anywhere = "127.0.0.1:0".parse().unwrap();
    let (here, there) = (UdpSocket::bind(&anywhere).unwrap(), UdpSocket::bind(&anywhere).unwrap());
    there.set_option(option::ReceiveTimeToLive(true)).unwrap();
    let address = there.local_address().unwrap();
    let mut control = ControlBuffer::new();
    control.ipv4_hop_limit(9);
    let text = [IoSlice::new(b"sixty-four bytes, or so")];
    let messages = [Outgoing::new(&text).to(&address).with(&control); 64];
    let mut sender = SendBatch::new(64);
    let mut receiver = ReceiveBatch::new(64, 128, 64);
    for round in 0..100 {
        let (count, (sent, received, bytes)) = allocations(|| {
            let sent = sender.try_send(&here, &messages).unwrap();
            let received = receiver.try_receive(&there).unwrap();
            let mut bytes = 0;
            for message in receiver.messages::<UdpSocket>() {
                assert!(message.about.from.is_some() && message.control().count() == 1);
                bytes += message.bytes.len();
            }
            (sent, received, bytes)
        });
        assert_eq!((sent, received, bytes), (Some(64), Some(64), 64 * 23));
        assert_eq!(count, 0, "round {round}");
    }
    // The count does see allocations.
    assert_eq!(allocations(|| vec![0u8; 10]).0, 1);
}
