//! Descriptors that the tests open themselves, as the kernel tells of them.

use std::{
    os::{
        fd::{AsFd, AsRawFd},
        unix::net::UnixListener,
    },
    process::Command,
    time::Duration,
};

use linux_support_base::{Machine, Pid, Reason};
use linux_support_fd::{
    Clock, Epoll, EventFd, Inotify, InotifyMask, Interest, PidFd, Readiness, Schedule, TimerFd,
};
use linux_support_process::{
    DescriptorDetail, DescriptorInfo, DescriptorNumber, DescriptorTarget, PidTarget, PosixClock, Process,
};

fn info(descriptor: impl AsFd) -> DescriptorInfo {
    let machine = Machine::live().unwrap();
    let process = Process::of_caller(&machine).unwrap();
    let number = u32::try_from(descriptor.as_fd().as_raw_fd()).unwrap();
    let info = process.descriptor_info(DescriptorNumber::new(number)).unwrap();
    assert_eq!(info.other, [], "lines that are not known");
    info
}

#[test]
fn a_counter_has_its_value() {
    let counter = EventFd::counter(0x1f).unwrap();
    let DescriptorDetail::Event(event) = info(&counter).detail else { panic!() };
    assert_eq!(event.count, 0x1f);
}

#[test]
fn an_epoll_has_what_was_added_even_if_that_is_nothing() {
    let epoll = Epoll::<u64>::new().unwrap();
    assert_eq!(info(&epoll).detail, DescriptorDetail::Epoll(Vec::new()));
    let counter = EventFd::counter(0).unwrap();
    epoll.add(&counter, Interest::of(Readiness::READABLE), 0xdead_beef).unwrap();
    let DescriptorDetail::Epoll(watched) = info(&epoll).detail else { panic!() };
    assert_eq!((watched[0].descriptor, watched[0].token), (counter.as_fd().as_raw_fd(), 0xdead_beef));
}

#[test]
fn a_timer_has_its_interval() {
    let timer = TimerFd::new(Clock::BootTime).unwrap();
    let DescriptorDetail::Timer(state) = info(&timer).detail else { panic!() };
    assert_eq!((state.clock, state.remaining), (PosixClock::Machine(Clock::BootTime), None));
    timer.arm(Schedule::after(Duration::from_secs(500)).every(Duration::from_secs(500))).unwrap();
    let DescriptorDetail::Timer(state) = info(&timer).detail else { panic!() };
    assert_eq!(state.interval, Some(Duration::from_secs(500)));
    assert!(state.remaining.unwrap() > Duration::from_secs(400));
}

#[test]
fn an_inotify_has_its_watches() {
    let folder = tempfile::tempdir().unwrap();
    let inotify = Inotify::new().unwrap();
    assert_eq!(info(&inotify).detail, DescriptorDetail::Inotify(Vec::new()));
    let watch = inotify.watch(folder.path(), InotifyMask::MODIFIED).unwrap();
    let DescriptorDetail::Inotify(watches) = info(&inotify).detail else { panic!() };
    let metadata = std::fs::metadata(folder.path()).unwrap();
    let inode = std::os::unix::fs::MetadataExt::ino(&metadata);
    assert_eq!((watches.len(), watches[0].inode.get()), (1, inode));
    assert_eq!(watches[0].mask, InotifyMask::MODIFIED);
    drop(watch);
}

#[test]
fn a_process_is_told_to_have_ended_after_it_was_waited_for() {
    let mut child = Command::new("sleep").arg("60").spawn().unwrap();
    let pid = Pid::new(child.id().cast_signed()).unwrap();
    let handle = PidFd::open(pid).unwrap();
    let expected = PidTarget::Alive { pid, namespace_pids: Vec::new() };
    assert_eq!(info(&handle).detail, DescriptorDetail::Process(expected));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(info(&handle).detail, DescriptorDetail::Process(PidTarget::Ended));
}

#[test]
fn a_file_has_its_place_and_flags() {
    let mut file = tempfile::tempfile().unwrap();
    std::io::Write::write_all(&mut file, b"12345").unwrap();
    let info = info(&file);
    assert_eq!((info.position, &info.detail), (5, &DescriptorDetail::Plain));
    assert!(info.flags.is_readable() && info.flags.is_writable());
    assert!(info.flags.contains(linux_support_process::OpenFlags::CLOSE_ON_EXEC));
    assert!(info.mount.is_some());
}

#[test]
fn a_socket_of_the_machine_counts_descriptors_under_way() {
    let folder = tempfile::tempdir().unwrap();
    let socket = UnixListener::bind(folder.path().join("socket")).unwrap();
    assert_eq!(info(&socket).detail, DescriptorDetail::UnixSocket { descriptors_in_flight: 0 });
}

#[test]
fn a_descriptor_that_is_closed_is_absent() {
    let machine = Machine::live().unwrap();
    let process = Process::of_caller(&machine).unwrap();
    let error = process.descriptor_info(DescriptorNumber::new(1_000_000)).unwrap_err();
    assert!(matches!(error.reason(), Reason::Absent), "{error}");
}

/// What `lsof` says of the flags, the offset and the node of each descriptor of a process.
#[test]
fn lsof_agrees_on_every_descriptor() {
    let machine = Machine::live().unwrap();
    let mut child = Command::new("sleep").arg("60").spawn().unwrap();
    let pid = Pid::new(child.id().cast_signed()).unwrap();
    let output = Command::new("lsof").args(["-nP", "-Ffi", "-p", &pid.to_string()]).output();
    let process = Process::open(&machine, pid).unwrap();
    let ours: Vec<_> = process
        .descriptors()
        .unwrap()
        .into_iter()
        .map(|descriptor| {
            (descriptor.number, process.descriptor_info(descriptor.number).unwrap(), descriptor.target)
        })
        .collect();
    child.kill().unwrap();
    child.wait().unwrap();
    let Ok(output) = output else {
        eprintln!("skipped: no lsof here");
        return;
    };
    // A line `f3` begins a descriptor; a line `i1234` is its file's number.
    let text = String::from_utf8(output.stdout).unwrap();
    let (mut shown, mut current) = (Vec::new(), None);
    for line in text.lines() {
        if let Some(name) = line.strip_prefix('f') {
            current = name.parse::<u32>().ok();
        } else if let (Some(inode), Some(number)) = (line.strip_prefix('i'), current) {
            shown.push((number, inode.parse::<u64>().unwrap()));
        }
    }
    assert!(!shown.is_empty(), "lsof showed nothing: {text}");
    for (number, inode) in shown {
        let (_, info, target) = ours.iter().find(|(ours, ..)| ours.get() == number).unwrap();
        assert_eq!(info.inode.unwrap().get(), inode, "descriptor {number}");
        if let Some(DescriptorTarget::Pipe { inode: pipe } | DescriptorTarget::Socket { inode: pipe }) =
            target.value()
        {
            assert_eq!(pipe.get(), inode, "descriptor {number}");
        }
    }
}

mod lab {
    mod numa {
        use linux_support_fd::{Fanotify, FanotifyMark, FanotifyMask, FanotifyOptions};
        use linux_support_process::MarkedObject;

        use super::super::*;

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_group_of_fanotify_has_its_marks() {
            let group = match Fanotify::new(FanotifyOptions::default()) {
                Ok(group) => group,
                Err(error) => return println!("skipped: {error}"),
            };
            group.mark("/proc", FanotifyMark::mount(FanotifyMask::ACCESSED)).unwrap();
            group.mark("/etc", FanotifyMark::inode(FanotifyMask::MODIFIED)).unwrap();
            let DescriptorDetail::Fanotify(shown) = info(&group).detail else { panic!() };
            assert_eq!(shown.marks.len(), 2);
            let inode = std::os::unix::fs::MetadataExt::ino(&std::fs::metadata("/etc").unwrap());
            let of_inode = |object: &MarkedObject| matches!(object, MarkedObject::Inode { inode: shown, .. } if shown.get() == inode);
            let mark = shown.marks.iter().find(|mark| of_inode(&mark.object)).unwrap();
            assert!(mark.mask.contains(FanotifyMask::MODIFIED));
            assert!(shown.marks.iter().any(|mark| matches!(mark.object, MarkedObject::Mount(_))));
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn descriptors_of_this_kernel_are_told_by_kind() {
            a_counter_has_its_value();
            an_epoll_has_what_was_added_even_if_that_is_nothing();
            a_timer_has_its_interval();
            an_inotify_has_its_watches();
            a_file_has_its_place_and_flags();
            a_socket_of_the_machine_counts_descriptors_under_way();
            a_descriptor_that_is_closed_is_absent();
        }
    }
}
