//! inotify(7).

use std::{
    collections::{BTreeSet, HashMap},
    fs,
    os::{fd::OwnedFd, unix::ffi::OsStrExt, unix::fs::symlink},
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use linux_support_base::Reason;
use linux_support_fd::{
    Descriptor, EventFd, ExistingWatch, Inotify, InotifyMask, InotifyTree, TreeEvent, WatchOptions,
};

use crate::{
    open::Open,
    runtime::{async_fd, block_on, mio_finds_readable, readable},
};

/// All events that wait, as mask and name.
fn drain(inotify: &Inotify) -> Vec<(InotifyMask, Vec<u8>)> {
    let mut buffer = [0; 4096];
    let mut events = Vec::new();
    loop {
        let records = inotify.try_read(&mut buffer).unwrap();
        if records.is_empty() {
            return events;
        }
        events.extend(records.map(|record| {
            let record = record.unwrap();
            (record.mask, record.name.unwrap_or_default().to_vec())
        }));
    }
}

#[test]
fn what_is_done_to_files_is_told_by_name() {
    let _open = Open::watched();
    let directory = tempfile::tempdir().unwrap();
    let inotify = Inotify::new().unwrap();
    assert!(inotify.is_close_on_exec().unwrap());
    let _watch = inotify.watch(directory.path(), InotifyMask::ALL_EVENTS).unwrap();
    let long = "n".repeat(255);
    fs::write(directory.path().join(&long), "x").unwrap();
    fs::create_dir(directory.path().join("d")).unwrap();
    fs::remove_file(directory.path().join(&long)).unwrap();
    let long = long.into_bytes();
    let name = |mask| (mask, long.clone());
    assert_eq!(
        drain(&inotify),
        [
            name(InotifyMask::CREATED),
            name(InotifyMask::OPENED),
            name(InotifyMask::MODIFIED),
            name(InotifyMask::CLOSED_AFTER_WRITING),
            (InotifyMask::CREATED | InotifyMask::DIRECTORY, b"d".to_vec()),
            name(InotifyMask::DELETED),
        ]
    );
}

#[test]
fn both_halves_of_a_move_have_one_cookie() {
    let _open = Open::watched();
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("old"), "").unwrap();
    let inotify = Inotify::new().unwrap();
    let _watch = inotify.watch(directory.path(), InotifyMask::MOVED).unwrap();
    fs::rename(directory.path().join("old"), directory.path().join("new")).unwrap();
    let mut buffer = [0; 4096];
    let halves: Vec<_> = inotify.read(&mut buffer).unwrap().map(Result::unwrap).collect();
    assert_eq!((halves[0].mask, halves[0].name), (InotifyMask::MOVED_FROM, Some(&b"old"[..])));
    assert_eq!((halves[1].mask, halves[1].name), (InotifyMask::MOVED_TO, Some(&b"new"[..])));
    assert!(halves[0].cookie.is_some() && halves[0].cookie == halves[1].cookie);
}

#[test]
fn a_watch_ends_when_it_is_dropped_and_with_what_was_watched() {
    let _open = Open::watched();
    let directory = tempfile::tempdir().unwrap();
    let inotify = Inotify::new().unwrap();
    drop(inotify.watch(directory.path(), InotifyMask::CREATED).unwrap());
    assert_eq!(drain(&inotify), [(InotifyMask::WATCH_ENDED, vec![])]);
    fs::write(directory.path().join("file"), "").unwrap();
    assert_eq!(drain(&inotify), []);
    let kept = inotify.watch(directory.path().join("file"), InotifyMask::WATCHED_DELETED).unwrap().keep();
    fs::remove_file(directory.path().join("file")).unwrap();
    let ended = [(InotifyMask::WATCHED_DELETED, vec![]), (InotifyMask::WATCH_ENDED, vec![])];
    assert_eq!(drain(&inotify), ended);
    let error = inotify.remove_watch(kept).unwrap_err();
    assert!(error.to_string().ends_with("has ended already"), "{error}");
}

#[test]
fn a_second_watch_on_one_file_is_refused_joined_or_replaces_the_first() {
    let _open = Open::watched();
    let directory = tempfile::tempdir().unwrap();
    let inotify = Inotify::new().unwrap();
    let watch = inotify.watch(directory.path(), InotifyMask::CREATED).unwrap();
    let again = directory.path().join(".");
    let error = inotify.watch(&again, InotifyMask::DELETED).unwrap_err();
    assert!(error.to_string().ends_with("is watched already"), "{error}");
    let file = directory.path().join("file");
    let mut options = WatchOptions::default();
    for (existing, told) in [
        (ExistingWatch::Join, vec![InotifyMask::CREATED, InotifyMask::DELETED]),
        (ExistingWatch::Replace, vec![InotifyMask::DELETED]),
    ] {
        options.existing = existing;
        assert_eq!(inotify.add_watch(&again, InotifyMask::DELETED, options).unwrap(), watch.number());
        fs::write(&file, "").unwrap();
        fs::remove_file(&file).unwrap();
        let masks: Vec<_> = drain(&inotify).into_iter().map(|(mask, _)| mask).collect();
        assert_eq!(masks, told);
    }
}

#[test]
fn bad_requests_are_refused_in_words() {
    let _open = Open::watched();
    let inotify = Inotify::new().unwrap();
    let absent = inotify.watch("/no/such/path", InotifyMask::CREATED).unwrap_err();
    assert_eq!(absent.reason(), &Reason::Absent);
    let nothing = inotify.watch("/", InotifyMask::empty()).unwrap_err();
    assert!(nothing.to_string().contains("one kind of event at least"), "{nothing}");
    let mut options = WatchOptions::default();
    options.only_directory = true;
    let file = inotify.add_watch("/proc/self/maps", InotifyMask::CREATED, options).unwrap_err();
    assert_eq!(file.reason(), &Reason::WrongKind);
    let short = inotify.try_read(&mut [0; Inotify::SMALLEST_BUFFER - 1]).unwrap_err();
    assert!(matches!(short.reason(), Reason::Invalid(_)));
    let error = Inotify::try_from(OwnedFd::from(EventFd::counter(0).unwrap())).unwrap_err();
    assert!(error.to_string().ends_with("is no inotify, but eventfd"), "{error}");
}

#[test]
fn an_overflow_is_an_event() {
    let _open = Open::watched();
    let limit: usize =
        fs::read_to_string("/proc/sys/fs/inotify/max_queued_events").unwrap().trim().parse().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let inotify = Inotify::new().unwrap();
    let _watch = inotify.watch(directory.path(), InotifyMask::OPENED | InotifyMask::CLOSED).unwrap();
    let (one, other) = (directory.path().join("one"), directory.path().join("other"));
    fs::write(&one, "").unwrap();
    fs::write(&other, "").unwrap();
    // Events that follow one of their like are merged, so the two files take turns.
    for _ in 0..=limit / 4 {
        drop((fs::File::open(&one).unwrap(), fs::File::open(&other).unwrap()));
    }
    let mut buffer = vec![0; 64 * (limit + 16)];
    let records: Vec<_> = inotify.try_read(&mut buffer).unwrap().map(Result::unwrap).collect();
    let overflow = records.iter().find(|record| record.is_overflow()).expect("no overflow");
    assert_eq!((overflow.watch, overflow.name), (None, None));
}

#[test]
fn tokio_and_mio_wait_for_it() {
    let _open = Open::watched();
    let directory = tempfile::tempdir().unwrap();
    let inotify = Inotify::new().unwrap();
    inotify.watch(directory.path(), InotifyMask::CREATED).unwrap().keep();
    fs::write(directory.path().join("file"), "").unwrap();
    assert!(mio_finds_readable(&inotify));
    let events = block_on(async {
        let inotify = async_fd(inotify);
        readable(&inotify, |inotify| Some(drain(inotify)).filter(|events| !events.is_empty())).await
    });
    assert_eq!(events, [(InotifyMask::CREATED, b"file".to_vec())]);
}

/// Reads the events of a tree until nothing comes for a while.
fn settle(tree: &mut InotifyTree) -> Vec<TreeEvent> {
    let mut events = Vec::new();
    loop {
        let more = tree.read(Some(Duration::from_millis(60))).unwrap();
        if more.is_empty() {
            return events;
        }
        events.extend(more);
    }
}

fn created(path: &str, directory: bool) -> TreeEvent {
    TreeEvent::Created { path: path.into(), directory }
}

#[test]
fn a_tree_tells_of_new_directories_and_what_is_in_them() {
    let _open = Open::watched();
    let root = tempfile::tempdir().unwrap();
    fs::create_dir_all(root.path().join("old/deep")).unwrap();
    let mut tree = InotifyTree::new(root.path(), InotifyMask::CLOSED_AFTER_WRITING).unwrap();
    assert_eq!(tree.directories(), 3);
    fs::create_dir_all(root.path().join("old/deep/new")).unwrap();
    assert_eq!(settle(&mut tree), [created("old/deep/new", true)]);
    fs::write(root.path().join("old/deep/new/file"), "").unwrap();
    let closed = InotifyMask::CLOSED_AFTER_WRITING;
    let path = PathBuf::from("old/deep/new/file");
    assert_eq!(
        settle(&mut tree),
        [created("old/deep/new/file", false), TreeEvent::Other { path: path.clone(), mask: closed }]
    );
    fs::remove_dir_all(root.path().join("old/deep")).unwrap();
    let deleted = |path: &str, directory| TreeEvent::Deleted { path: path.into(), directory };
    assert_eq!(
        settle(&mut tree),
        [deleted("old/deep/new/file", false), deleted("old/deep/new", true), deleted("old/deep", true)]
    );
    assert_eq!(tree.directories(), 2);
}

#[test]
fn a_tree_follows_directories_that_move_within_and_lets_go_of_those_that_leave() {
    let _open = Open::watched();
    let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    fs::create_dir_all(root.path().join("a/b")).unwrap();
    fs::create_dir(root.path().join("c")).unwrap();
    let mut tree = InotifyTree::new(root.path(), InotifyMask::empty()).unwrap();
    fs::rename(root.path().join("a"), root.path().join("c/z")).unwrap();
    fs::write(root.path().join("c/z/b/file"), "").unwrap();
    assert_eq!(
        settle(&mut tree),
        [
            TreeEvent::Moved { from: "a".into(), to: "c/z".into(), directory: true },
            created("c/z/b/file", false)
        ]
    );
    fs::rename(root.path().join("c/z"), outside.path().join("z")).unwrap();
    assert_eq!(settle(&mut tree), [TreeEvent::Deleted { path: "c/z".into(), directory: true }]);
    fs::write(outside.path().join("z/b/other"), "").unwrap();
    assert_eq!((settle(&mut tree), tree.directories()), (vec![], 2));
    fs::rename(outside.path().join("z"), root.path().join("back")).unwrap();
    let mut back = settle(&mut tree);
    back.sort_by_key(|event| format!("{event:?}"));
    assert_eq!(
        back,
        [
            created("back", true),
            created("back/b", true),
            created("back/b/file", false),
            created("back/b/other", false)
        ]
    );
}

#[test]
fn a_directory_that_takes_anothers_name_is_not_taken_for_it() {
    let _open = Open::watched();
    let root = tempfile::tempdir().unwrap();
    let mut tree = InotifyTree::new(root.path(), InotifyMask::empty()).unwrap();
    // All of this is done before the first event is read.
    fs::create_dir(root.path().join("a")).unwrap();
    fs::rename(root.path().join("a"), root.path().join("b")).unwrap();
    fs::create_dir(root.path().join("a")).unwrap();
    settle(&mut tree);
    assert_eq!(tree.directories(), 3);
    fs::write(root.path().join("a/in-a"), "").unwrap();
    fs::write(root.path().join("b/in-b"), "").unwrap();
    assert_eq!(settle(&mut tree), [created("a/in-a", false), created("b/in-b", false)]);
}

#[test]
fn links_out_of_a_tree_are_not_followed() {
    let _open = Open::watched();
    let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut tree = InotifyTree::new(root.path(), InotifyMask::empty()).unwrap();
    symlink(outside.path(), root.path().join("link")).unwrap();
    fs::write(outside.path().join("file"), "").unwrap();
    assert_eq!(settle(&mut tree), [created("link", false)]);
    assert_eq!(tree.directories(), 1);
}

#[test]
fn nothing_is_missed_while_directories_are_made_and_filled_quickly() {
    let _open = Open::watched();
    let root = tempfile::tempdir().unwrap();
    let mut tree = InotifyTree::new(root.path(), InotifyMask::empty()).unwrap();
    let path = root.path().to_owned();
    let maker = thread::spawn(move || {
        for number in 0..60 {
            let deep = path.join(format!("{number}/x/y"));
            fs::create_dir_all(&deep).unwrap();
            for file in 0..5 {
                fs::write(deep.join(file.to_string()), "").unwrap();
            }
            if number % 3 == 0 {
                fs::rename(path.join(number.to_string()), path.join(format!("{number}-moved"))).unwrap();
            } else if number % 7 == 1 {
                fs::remove_dir_all(path.join(number.to_string())).unwrap();
            }
        }
    });
    let mut known: HashMap<PathBuf, bool> = HashMap::new();
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        let done = maker.is_finished();
        let events = tree.read(Some(Duration::from_millis(60))).unwrap();
        assert!(Instant::now() < end);
        if done && events.is_empty() {
            break;
        }
        for event in events {
            match event {
                TreeEvent::Created { path, directory } => {
                    known.insert(path, directory);
                }
                TreeEvent::Deleted { path, .. } => {
                    known.retain(|other, _| !other.starts_with(&path));
                }
                TreeEvent::Moved { from, to, .. } => {
                    known = known
                        .into_iter()
                        .map(|(path, directory)| match path.strip_prefix(&from) {
                            Ok(rest) if rest.as_os_str().is_empty() => (to.clone(), directory),
                            Ok(rest) => (to.join(rest), directory),
                            Err(_) => (path, directory),
                        })
                        .collect();
                    known.insert(to, true);
                }
                other => panic!("{other:?}"),
            }
        }
    }
    maker.join().unwrap();
    let mut there = BTreeSet::new();
    walk(root.path(), Path::new(""), &mut there);
    let known: BTreeSet<_> = known.into_keys().collect();
    let difference: Vec<_> = known.symmetric_difference(&there).collect();
    assert!(difference.is_empty(), "{difference:?}");
}

fn walk(root: &Path, below: &Path, found: &mut BTreeSet<PathBuf>) {
    for entry in fs::read_dir(root.join(below)).unwrap() {
        let entry = entry.unwrap();
        let path = below.join(std::ffi::OsStr::from_bytes(entry.file_name().as_bytes()));
        if entry.file_type().unwrap().is_dir() {
            walk(root, &path, found);
        }
        found.insert(path);
    }
}

#[test]
fn a_directory_that_can_not_be_read_is_told_and_the_others_are_watched() {
    use std::os::unix::fs::PermissionsExt;
    let _open = Open::watched();
    let root = tempfile::tempdir().unwrap();
    fs::create_dir(root.path().join("closed")).unwrap();
    fs::set_permissions(root.path().join("closed"), fs::Permissions::from_mode(0o000)).unwrap();
    let mut tree = InotifyTree::new(root.path(), InotifyMask::empty()).unwrap();
    let told = settle(&mut tree);
    // Root may read it nevertheless.
    if fs::read_dir(root.path().join("closed")).is_err() {
        let [TreeEvent::Unwatched { path, error }] = &told[..] else { panic!("{told:?}") };
        assert_eq!(path, Path::new("closed"));
        assert!(matches!(error.reason(), Reason::PermissionDenied { .. }), "{error}");
    } else {
        assert_eq!(told, []);
    }
    fs::write(root.path().join("file"), "").unwrap();
    assert_eq!(settle(&mut tree), [created("file", false)]);
}

#[test]
fn the_end_of_the_root_is_told() {
    let _open = Open::watched();
    let parent = tempfile::tempdir().unwrap();
    let root = parent.path().join("root");
    fs::create_dir(&root).unwrap();
    let mut tree = InotifyTree::new(&root, InotifyMask::empty()).unwrap();
    fs::rename(&root, parent.path().join("elsewhere")).unwrap();
    assert_eq!(settle(&mut tree), [TreeEvent::RootGone]);
    assert_eq!(tree.directories(), 0);
    assert!(InotifyTree::new(&root, InotifyMask::empty()).unwrap_err().is_absent());
}
