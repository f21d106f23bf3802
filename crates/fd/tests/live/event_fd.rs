//! eventfd(2).

use std::{
    fs::File,
    io::Read,
    os::fd::{AsRawFd, OwnedFd},
    sync::Arc,
    thread,
    time::Duration,
};

use linux_support_base::Reason;
use linux_support_fd::{Descriptor, DescriptorKind, EventFd};

use crate::{
    open::Open,
    runtime::{async_fd, block_on, mio_finds_readable, readable},
};

#[test]
fn a_counter_gives_all_at_once_and_a_semaphore_one_by_one() {
    let _open = Open::watched();
    let counter = EventFd::counter(3).unwrap();
    assert!(counter.try_write(4).unwrap());
    assert_eq!((counter.try_read().unwrap(), counter.try_read().unwrap()), (Some(7), None));
    let semaphore = EventFd::semaphore(2).unwrap();
    let taken: Vec<_> = std::iter::from_fn(|| semaphore.try_read().unwrap()).collect();
    assert_eq!(taken, [1, 1]);
}

#[test]
fn a_full_counter_takes_nothing_and_a_number_too_large_is_refused() {
    let _open = Open::watched();
    let counter = EventFd::counter(0).unwrap();
    assert!(counter.try_write(EventFd::MAXIMUM).unwrap());
    assert!(!counter.try_write(1).unwrap());
    let error = counter.try_write(u64::MAX).unwrap_err();
    assert!(matches!(error.reason(), Reason::Invalid(_)), "{error}");
    assert_eq!(counter.read().unwrap(), EventFd::MAXIMUM);
}

#[test]
fn readers_and_writers_wait_for_each_other() {
    let _open = Open::watched();
    let counter = Arc::new(EventFd::counter(0).unwrap());
    let other = Arc::clone(&counter);
    let reader = thread::spawn(move || other.read().unwrap());
    thread::sleep(Duration::from_millis(20));
    counter.write(9).unwrap();
    assert_eq!(reader.join().unwrap(), 9);

    counter.write(EventFd::MAXIMUM - 1).unwrap();
    let other = Arc::clone(&counter);
    let writer = thread::spawn(move || other.write(5).unwrap());
    thread::sleep(Duration::from_millis(20));
    assert_eq!(counter.read().unwrap(), EventFd::MAXIMUM - 1);
    writer.join().unwrap();
    assert_eq!(counter.read().unwrap(), 5);
}

#[test]
fn a_descriptor_of_another_kind_is_refused_and_closed() {
    let _open = Open::watched();
    let input: OwnedFd = File::open("/dev/null").unwrap().into();
    let error = EventFd::try_from(input).unwrap_err();
    assert!(matches!(error.reason(), Reason::OtherDescriptor { expected: "eventfd", .. }));
    assert!(error.to_string().ends_with("is no eventfd, but character device 1:3"), "{error}");
}

#[test]
fn an_adopted_descriptor_is_made_close_on_exec_and_non_blocking() {
    let _open = Open::watched();
    let plain = rustix::event::eventfd(7, rustix::event::EventfdFlags::empty()).unwrap();
    let counter = EventFd::try_from(plain).unwrap();
    assert!(counter.is_close_on_exec().unwrap() && counter.is_nonblocking().unwrap());
    let twin = counter.try_clone().unwrap();
    assert!(twin.is_close_on_exec().unwrap() && twin.as_raw_fd() != counter.as_raw_fd());
    assert_eq!((twin.read().unwrap(), counter.try_read().unwrap()), (7, None));
    assert_eq!(DescriptorKind::of(&twin).unwrap(), DescriptorKind::EventFd);
}

#[test]
fn std_reads_what_was_given_away() {
    let _open = Open::watched();
    let mut file = File::from(OwnedFd::from(EventFd::counter(258).unwrap()));
    let mut bytes = [0; 8];
    file.read_exact(&mut bytes).unwrap();
    assert_eq!(u64::from_ne_bytes(bytes), 258);
}

#[test]
fn tokio_and_mio_wait_for_it() {
    let _open = Open::watched();
    let counter = EventFd::counter(0).unwrap();
    let twin = counter.try_clone().unwrap();
    let value = block_on(async {
        let counter = async_fd(counter);
        let writer = thread::spawn(move || twin.write(11).unwrap());
        let value = readable(&counter, |counter| counter.try_read().unwrap()).await;
        writer.join().unwrap();
        value
    });
    assert_eq!(value, 11);
    assert!(mio_finds_readable(&EventFd::counter(1).unwrap()));
}
