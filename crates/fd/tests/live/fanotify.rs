//! fanotify(7).

use std::{fs, os::fd::OwnedFd};

use linux_support_base::{Pid, Reason};
use linux_support_fd::{
    Descriptor, EventDetail, EventFd, EventFile, Fanotify, FanotifyClass, FanotifyEvent, FanotifyMark,
    FanotifyMask, FanotifyOptions, FanotifyReport, Ignored, MarkKind,
};

use crate::{
    open::Open,
    runtime::{async_fd, block_on, mio_finds_readable, readable},
};

const BY_NAME: FanotifyReport =
    FanotifyReport::FILE.union(FanotifyReport::DIRECTORY).union(FanotifyReport::NAME);

fn told_by(report: FanotifyReport) -> Fanotify {
    let mut options = FanotifyOptions::default();
    options.report = report;
    Fanotify::new(options).unwrap()
}

fn buffer() -> Vec<u8> {
    vec![0; 16 * 1024]
}

/// What happened, and the names that were told.
fn names(events: &[FanotifyEvent<'_>]) -> Vec<(FanotifyMask, Vec<String>)> {
    let name = |detail: &EventDetail| match detail {
        EventDetail::DirectoryEntry(_, name)
        | EventDetail::OldEntry(_, name)
        | EventDetail::NewEntry(_, name) => Some(name.to_string()),
        _ => None,
    };
    events.iter().map(|event| (event.mask(), event.details().iter().filter_map(name).collect())).collect()
}

#[test]
fn what_happens_in_a_directory_is_told_by_handle_and_name() {
    let _open = Open::watched();
    let directory = tempfile::tempdir().unwrap();
    let group = told_by(BY_NAME);
    assert!(group.is_close_on_exec().unwrap() && group.is_nonblocking().unwrap());
    let events =
        FanotifyMask::CREATED | FanotifyMask::DELETED | FanotifyMask::RENAMED | FanotifyMask::DIRECTORIES;
    group.mark(directory.path(), FanotifyMark::inode(events)).unwrap();
    fs::write(directory.path().join("old"), "").unwrap();
    fs::rename(directory.path().join("old"), directory.path().join("new")).unwrap();
    fs::create_dir(directory.path().join("below")).unwrap();
    let mut buffer = buffer();
    let told = group.read(&mut buffer).unwrap();
    assert_eq!(
        names(&told),
        [
            (FanotifyMask::CREATED, vec!["old".to_owned()]),
            (FanotifyMask::RENAMED, vec!["old".to_owned(), "new".to_owned()]),
            (FanotifyMask::CREATED | FanotifyMask::DIRECTORIES, vec!["below".to_owned()]),
        ]
    );
    for event in &told {
        assert!(matches!(event.file(), EventFile::None) && !event.is_question());
    }
    // Who has no capability isn't told who did it.
    let this = Pid::new(std::process::id() as i32);
    assert!(told.iter().all(|event| event.process() == this || event.process().is_none()));
    let handles: Vec<_> = told
        .iter()
        .filter_map(|event| match &event.details()[0] {
            EventDetail::DirectoryEntry(handle, _) | EventDetail::OldEntry(handle, _) => Some(handle),
            _ => None,
        })
        .collect();
    assert!(handles.len() == 3 && handles.iter().all(|&handle| handle == handles[0]));
    drop(told);
    assert!(group.try_read(&mut buffer).unwrap().is_empty());
}

#[test]
fn marks_are_taken_off_and_ignored() {
    let _open = Open::watched();
    let directory = tempfile::tempdir().unwrap();
    let group = told_by(BY_NAME);
    let mark = FanotifyMark::inode(FanotifyMask::CREATED);
    group.mark_descriptor(fs::File::open(directory.path()).unwrap(), mark).unwrap();
    group.unmark(directory.path(), mark).unwrap();
    fs::write(directory.path().join("one"), "").unwrap();
    let mut buffer = buffer();
    assert!(group.try_read(&mut buffer).unwrap().is_empty());
    let error = group.unmark(directory.path(), mark).unwrap_err();
    assert!(error.to_string().ends_with("has no such mark"), "{error}");

    let child = FanotifyMask::OPENED | FanotifyMask::ON_CHILDREN;
    group.mark(directory.path(), FanotifyMark::inode(child)).unwrap();
    let one = directory.path().join("one");
    let ignored = FanotifyMark::inode(FanotifyMask::OPENED).ignoring(Ignored::Always);
    group.mark(&one, ignored).unwrap();
    drop(fs::File::open(&one).unwrap());
    assert!(group.try_read(&mut buffer).unwrap().is_empty());
    group.remove_marks(MarkKind::Inode).unwrap();
    group.mark(directory.path(), FanotifyMark::inode(child)).unwrap();
    drop(fs::File::open(&one).unwrap());
    assert_eq!(names(&group.read(&mut buffer).unwrap()), [(FanotifyMask::OPENED, vec!["one".to_owned()])]);
}

#[test]
fn what_does_not_go_together_is_refused_in_words() {
    let _open = Open::watched();
    let mut options = FanotifyOptions::default();
    options.report = FanotifyReport::NAME;
    let error = Fanotify::new(options).unwrap_err();
    // Without the capability that is asked for first.
    assert!(matches!(error.reason(), Reason::Invalid(_) | Reason::PermissionDenied { .. }), "{error}");
    let group = told_by(BY_NAME);
    let question = group.mark("/", FanotifyMark::inode(FanotifyMask::MAY_OPEN)).unwrap_err();
    assert!(matches!(question.reason(), Reason::Invalid(_)), "{question}");
    let absent = group.mark("/no/such/path", FanotifyMark::inode(FanotifyMask::OPENED)).unwrap_err();
    assert_eq!(absent.reason(), &Reason::Absent);
    assert!(group.try_read(&mut [0; 4095]).is_err());
    let counter = OwnedFd::from(EventFd::counter(0).unwrap());
    let error = Fanotify::from_descriptor(counter, FanotifyClass::Notification).unwrap_err();
    assert!(error.to_string().ends_with("is no fanotify, but eventfd"), "{error}");
    Fanotify::from_descriptor(group.into(), FanotifyClass::Notification).unwrap();
}

#[test]
fn tokio_and_mio_wait_for_it() {
    let _open = Open::watched();
    let directory = tempfile::tempdir().unwrap();
    let group = told_by(BY_NAME);
    group.mark(directory.path(), FanotifyMark::inode(FanotifyMask::CREATED)).unwrap();
    fs::write(directory.path().join("file"), "").unwrap();
    assert!(mio_finds_readable(&group));
    let told = block_on(async {
        let group = async_fd(group);
        let mut buffer = buffer();
        readable(&group, |group| {
            Some(names(&group.try_read(&mut buffer).unwrap())).filter(|told| !told.is_empty())
        })
        .await
    });
    assert_eq!(told, [(FanotifyMask::CREATED, vec!["file".to_owned()])]);
}

mod lab {
    mod any {
        use std::{
            io::{self, Read},
            thread,
            time::Duration,
        };

        use linux_support_base::Errno;
        use linux_support_fd::{Answer, EventProcess};

        use super::super::*;

        fn asked(class: FanotifyClass) -> Fanotify {
            let mut options = FanotifyOptions::default();
            options.class = class;
            Fanotify::new(options).unwrap()
        }

        fn content(unanswered: Answer) -> FanotifyClass {
            FanotifyClass::Content { unanswered }
        }

        /// Opens `path` in another thread, while `answer` does what it does with what is asked.
        fn opened(
            group: Fanotify,
            path: &std::path::Path,
            answer: impl FnOnce(FanotifyEvent<'_>),
        ) -> io::Result<Vec<u8>> {
            thread::scope(|scope| {
                let opener = scope.spawn(|| {
                    let mut text = Vec::new();
                    fs::File::open(path)?.read_to_end(&mut text)?;
                    Ok(text)
                });
                // The group is closed before the thread is joined, so nobody waits for ever.
                let group = group;
                let mut buffer = buffer();
                answer(group.read(&mut buffer).unwrap().swap_remove(0));
                drop(group);
                opener.join().unwrap()
            })
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn what_is_asked_is_allowed_or_denied() {
            let _open = Open::watched();
            let file = tempfile::NamedTempFile::new().unwrap();
            fs::write(file.path(), "text").unwrap();
            let group = || {
                let group = asked(content(Answer::Deny));
                group.mark(file.path(), FanotifyMark::inode(FanotifyMask::MAY_OPEN)).unwrap();
                group
            };
            let allowed = opened(group(), file.path(), |event| {
                assert!(event.is_question() && event.mask() == FanotifyMask::MAY_OPEN);
                let EventFile::Open(file) = event.answer(Answer::Allow).unwrap() else { panic!("no file") };
                let mut text = String::new();
                fs::File::from(file).read_to_string(&mut text).unwrap();
                assert_eq!(text, "text");
            });
            assert_eq!(allowed.unwrap(), b"text");
            let denied = opened(group(), file.path(), |event| {
                event.answer(Answer::Deny).unwrap();
            });
            assert_eq!(denied.unwrap_err().kind(), io::ErrorKind::PermissionDenied);
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn what_is_dropped_is_answered_as_was_chosen() {
            let _open = Open::watched();
            let file = tempfile::NamedTempFile::new().unwrap();
            for (unanswered, is_opened) in [(Answer::Allow, true), (Answer::Deny, false)] {
                let group = asked(content(unanswered));
                group.mark(file.path(), FanotifyMark::inode(FanotifyMask::MAY_OPEN)).unwrap();
                let text = opened(group, file.path(), |event| drop(event));
                assert_eq!(text.is_ok(), is_opened, "{unanswered:?}");
            }
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_question_whose_file_finds_no_place_is_denied_by_the_kernel() {
            let _open = Open::watched();
            let file = tempfile::NamedTempFile::new().unwrap();
            let group = asked(content(Answer::Allow));
            group.mark(file.path(), FanotifyMark::inode(FanotifyMask::MAY_OPEN)).unwrap();
            let path = file.path().to_owned();
            let asking = thread::spawn(move || fs::File::open(path).map(drop));
            // Whoever opens the file has its number already.
            let mut polled = [rustix::event::PollFd::new(&group, rustix::event::PollFlags::IN)];
            rustix::event::poll(&mut polled, None).unwrap();
            let mut buffer = buffer();
            let error = crate::exhaustion::exhausted(|| group.read(&mut buffer).unwrap_err());
            assert_eq!(error.reason(), &Reason::System(Errno::MFILE), "{error}");
            assert_eq!(asking.join().unwrap().unwrap_err().raw_os_error(), Some(libc::EPERM));
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_question_can_not_be_taken_apart_and_news_can() {
            let _open = Open::watched();
            let file = tempfile::NamedTempFile::new().unwrap();
            let group = asked(content(Answer::Allow));
            group.mark(file.path(), FanotifyMark::inode(FanotifyMask::MAY_OPEN)).unwrap();
            let text = opened(group, file.path(), |event| {
                let event = event.into_parts().unwrap_err();
                event.answer(Answer::Allow).unwrap();
            });
            assert!(text.is_ok());
            let group = asked(FanotifyClass::Notification);
            group.mark(file.path(), FanotifyMark::inode(FanotifyMask::OPENED)).unwrap();
            drop(fs::File::open(file.path()).unwrap());
            let mut buffer = buffer();
            let event = group.read(&mut buffer).unwrap().pop().unwrap();
            assert!(event.file().open().is_some());
            let (file, _) = event.into_parts().unwrap();
            assert!(matches!(file, EventFile::Open(_)));
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn another_error_is_given_before_the_content() {
            let _open = Open::watched();
            let file = tempfile::NamedTempFile::new().unwrap();
            fs::write(file.path(), "text").unwrap();
            let group = asked(FanotifyClass::PreContent { unanswered: Answer::Deny });
            group.mark(file.path(), FanotifyMark::inode(FanotifyMask::MAY_OPEN)).unwrap();
            let mut taken = true;
            let denied = opened(group, file.path(), |event| {
                taken = event.answer(Answer::DenyWith(Errno::BUSY)).is_ok();
            });
            let expected = if taken { libc::EBUSY } else { libc::EPERM };
            assert_eq!(denied.unwrap_err().raw_os_error(), Some(expected));
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn the_range_is_told_before_access() {
            let _open = Open::watched();
            let file = tempfile::NamedTempFile::new().unwrap();
            fs::write(file.path(), "text").unwrap();
            let group = asked(FanotifyClass::PreContent { unanswered: Answer::Deny });
            // Since 6.14, and on some file systems only.
            match group.mark(file.path(), FanotifyMark::inode(FanotifyMask::BEFORE_ACCESS)) {
                Ok(()) => {
                    let mut range = None;
                    let text = opened(group, file.path(), |event| {
                        range = event.details().iter().find_map(|detail| match detail {
                            EventDetail::Range(offset, _) => Some(*offset),
                            _ => None,
                        });
                        event.answer(Answer::Deny).unwrap();
                    });
                    assert!(text.is_err());
                    assert_eq!(range, Some(0));
                }
                Err(error) => assert!(matches!(error.reason(), Reason::Invalid(_)), "{error}"),
            }
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn the_process_comes_as_a_pidfd() {
            let _open = Open::watched();
            let directory = tempfile::tempdir().unwrap();
            let group = told_by(BY_NAME | FanotifyReport::PIDFD);
            let events = FanotifyMask::CREATED;
            group.mark(directory.path(), FanotifyMark::inode(events)).unwrap();
            fs::write(directory.path().join("file"), "").unwrap();
            let mut buffer = buffer();
            let event = group.read(&mut buffer).unwrap().pop().unwrap();
            assert_eq!(event.process(), Pid::new(std::process::id() as i32));
            let EventProcess::Open(process) = event.pid_fd() else { panic!("{event:?}") };
            assert!(process.is_close_on_exec().unwrap() && !process.has_ended().unwrap());
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn mounts_and_file_systems_are_marked() {
            let _open = Open::watched();
            let directory = tempfile::tempdir().unwrap();
            let file = directory.path().join("file");
            let mut buffer = buffer();
            let group = told_by(BY_NAME);
            group.mark(directory.path(), FanotifyMark::file_system(FanotifyMask::CREATED)).unwrap();
            fs::write(&file, "").unwrap();
            let told = group.read(&mut buffer).unwrap();
            assert!(names(&told).contains(&(FanotifyMask::CREATED, vec!["file".to_owned()])));
            drop(told);
            let group = asked(FanotifyClass::Notification);
            group.mark(directory.path(), FanotifyMark::mount(FanotifyMask::CLOSED_AFTER_WRITING)).unwrap();
            fs::write(&file, "more").unwrap();
            let told = group.read(&mut buffer).unwrap();
            assert!(told.iter().all(|event| event.file().open().is_some()));
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn an_overflow_is_an_event() {
            let _open = Open::watched();
            let limit = fs::read_to_string("/proc/sys/fs/fanotify/max_queued_events").unwrap();
            let limit: usize = limit.trim().parse().unwrap();
            let directory = tempfile::tempdir().unwrap();
            let group = told_by(BY_NAME);
            group.mark(directory.path(), FanotifyMark::inode(FanotifyMask::CREATED)).unwrap();
            for number in 0..=limit {
                fs::write(directory.path().join(number.to_string()), "").unwrap();
            }
            let mut buffer = vec![0; 200 * (limit + 8)];
            assert!(group.read(&mut buffer).unwrap().iter().any(FanotifyEvent::is_overflow));
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn mounts_of_a_namespace_are_told() {
            let _open = Open::watched();
            let directory = tempfile::tempdir().unwrap();
            let mut options = FanotifyOptions::default();
            options.report = FanotifyReport::MOUNTS;
            let group = match Fanotify::new(options) {
                Ok(group) => group,
                Err(error) => {
                    assert!(matches!(error.reason(), Reason::Invalid(_)), "{error}");
                    return println!("skipped: before Linux 6.15 mounts are not told of");
                }
            };
            let both = FanotifyMask::MOUNT_ATTACHED | FanotifyMask::MOUNT_DETACHED;
            group.mark("/proc/self/ns/mnt", FanotifyMark::mount_namespace(both)).unwrap();
            let flags = rustix::mount::MountFlags::empty();
            rustix::mount::mount("none", directory.path(), "tmpfs", flags, None).unwrap();
            rustix::mount::unmount(directory.path(), rustix::mount::UnmountFlags::empty()).unwrap();
            let mut buffer = buffer();
            let mut told = Vec::new();
            while told.len() < 2 {
                for event in group.read(&mut buffer).unwrap() {
                    told.push((event.mask(), event.details().to_vec()));
                }
                thread::sleep(Duration::from_millis(1));
            }
            assert_eq!(told[0].0, FanotifyMask::MOUNT_ATTACHED);
            assert_eq!(told[1].0, FanotifyMask::MOUNT_DETACHED);
            assert!(matches!(told[0].1[..], [EventDetail::Mount(number)] if number > 0));
            assert_eq!(told[0].1, told[1].1);
        }
    }
}
