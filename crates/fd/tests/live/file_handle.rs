//! name_to_handle_at(2), open_by_handle_at(2).

use std::{fs, io::Read, thread};

use linux_support_base::Reason;
use linux_support_fd::{
    DescriptorKind, EventDetail, Fanotify, FanotifyMark, FanotifyMask, FanotifyOptions, FanotifyReport,
    FileHandle, HandleMount,
    directory::{DirectoryHandle, FileMode, OpenHow, PathHandle},
};
use rustix::thread::{CapabilitySet, capabilities, set_capabilities};

use crate::open::Open;

fn handle(path: impl AsRef<std::path::Path>) -> FileHandle {
    FileHandle::of(PathHandle::open(path).unwrap()).unwrap()
}

#[test]
fn a_handle_stays_the_same_when_the_file_is_renamed() {
    let _open = Open::watched();
    let folder = tempfile::tempdir().unwrap();
    let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
    fs::write(&one, "").unwrap();
    let first = handle(&one);
    assert!(!first.handle.is_empty());
    fs::rename(&one, &two).unwrap();
    fs::write(&one, "").unwrap();
    assert_eq!(handle(&two), first);
    let other = handle(&one);
    assert_ne!(other, first);
    assert_eq!(other.file_system, HandleMount::open(folder.path()).unwrap().file_system());
}

#[test]
fn a_file_system_without_handles_is_told_of() {
    let _open = Open::watched();
    let error = FileHandle::of(fs::File::open("/proc/self/status").unwrap()).unwrap_err();
    assert!(error.to_string().ends_with("is of file systems that have handles"), "{error}");
}

#[test]
fn what_can_not_be_a_handle_here_is_refused_in_words() {
    let _open = Open::watched();
    let folder = tempfile::tempdir().unwrap();
    let mount = HandleMount::open(folder.path()).unwrap();
    let good = handle(folder.path());
    let mut elsewhere = good.clone();
    elsewhere.file_system[1] ^= 1;
    let error = mount.open_path(&elsewhere).unwrap_err().to_string();
    assert!(error.contains("is of the file system [") && error.contains("and the mount of ["), "{error}");
    let mut long = good.clone();
    long.handle = vec![0; 129];
    let error = mount.open_path(&long).unwrap_err();
    assert!(error.to_string().ends_with("takes handles of at most 128 bytes"), "{error}");
    let error = mount.open_file(&good, OpenHow::writing().create(FileMode::OWNER)).unwrap_err();
    assert!(error.to_string().contains("is not to be created"), "{error}");
    assert!(HandleMount::open("/proc/self/status").is_err());
}

#[test]
fn without_the_capability_the_error_names_it() {
    let _open = Open::watched();
    let folder = tempfile::tempdir().unwrap();
    let mount = HandleMount::open(folder.path()).unwrap();
    let handle = handle(folder.path());
    let error = thread::spawn(move || {
        let mut sets = capabilities(None).unwrap();
        sets.effective.remove(CapabilitySet::DAC_READ_SEARCH);
        set_capabilities(None, sets).unwrap();
        mount.open_path(&handle).unwrap_err()
    });
    let capability = Some("CAP_DAC_READ_SEARCH");
    assert_eq!(error.join().unwrap().reason(), &Reason::PermissionDenied { capability });
}

/// Whether this thread may open by handles.
fn may_open() -> bool {
    let may = capabilities(None).unwrap().effective.contains(CapabilitySet::DAC_READ_SEARCH);
    if !may {
        println!("skipped: without CAP_DAC_READ_SEARCH nothing is opened by its handle");
    }
    may
}

#[test]
fn what_fanotify_tells_of_is_opened_and_found() {
    let _open = Open::watched();
    if may_open() {
        check_what_fanotify_tells_of();
    }
}

fn check_what_fanotify_tells_of() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().canonicalize().unwrap();
    let mut options = FanotifyOptions::default();
    options.report =
        FanotifyReport::FILE | FanotifyReport::DIRECTORY | FanotifyReport::NAME | FanotifyReport::TARGET;
    let group = Fanotify::new(options).unwrap();
    group.mark(&folder, FanotifyMark::inode(FanotifyMask::CREATED)).unwrap();
    let mount = HandleMount::open(&folder).unwrap();
    fs::write(folder.join("file"), "text").unwrap();
    let mut buffer = vec![0; 8192];
    let told = group.read(&mut buffer).unwrap();
    let [EventDetail::DirectoryEntry(directory, name), EventDetail::File(file)] = told[0].details() else {
        panic!("{told:?}");
    };
    assert_eq!(mount.path_of_entry(directory, name).unwrap(), folder.join("file"));
    assert_eq!((directory, file), (&handle(&folder), &handle(folder.join("file"))));

    // The file is found by its handle after all its names have changed.
    fs::rename(folder.join("file"), folder.join("renamed")).unwrap();
    let mut text = String::new();
    let opened = mount.open_file(file, OpenHow::reading()).unwrap();
    fs::File::from(opened).read_to_string(&mut text).unwrap();
    assert_eq!(text, "text");
    assert_eq!(mount.open_path(file).unwrap().kind().unwrap(), DescriptorKind::RegularFile);
    assert_eq!(mount.open_directory(file).unwrap_err().reason(), &Reason::WrongKind);
    assert_eq!(mount.path_of_entry(directory, &".".into()).unwrap(), folder);
}

#[test]
fn what_is_deleted_is_gone_and_what_is_moved_is_found() {
    let _open = Open::watched();
    if may_open() {
        check_what_is_deleted_and_moved();
    }
}

fn check_what_is_deleted_and_moved() {
    let folder = tempfile::tempdir().unwrap();
    let folder_path = folder.path().canonicalize().unwrap();
    let top = DirectoryHandle::open(&folder_path).unwrap();
    let mount = HandleMount::of(&top).unwrap();
    fs::create_dir_all(folder_path.join("a/b")).unwrap();
    top.create_symbolic_link("nowhere", "link").unwrap();
    let [a, b] = ["a", "a/b"].map(|path| handle(folder_path.join(path)));
    let link = FileHandle::of(top.open_path("link").unwrap()).unwrap();
    fs::rename(folder_path.join("a"), folder_path.join("c")).unwrap();
    assert_eq!(mount.path_of(&a).unwrap(), folder_path.join("c"));
    assert_eq!(mount.path_of(&b).unwrap(), folder_path.join("c/b"));
    assert_eq!(mount.open_path(&link).unwrap().read_link().unwrap().as_bytes(), b"nowhere");
    assert_eq!(mount.path_of(&link).unwrap_err().reason(), &Reason::WrongKind);

    // One that is open still exists, but has no path.
    let held = mount.open_directory(&b).unwrap();
    fs::remove_dir(folder_path.join("c/b")).unwrap();
    assert_eq!(mount.path_of(&b).unwrap_err().reason(), &Reason::Gone);
    drop(held);
    assert_eq!(mount.open_path(&b).unwrap_err().reason(), &Reason::Gone);
}

mod lab {
    mod any {
        use rustix::mount::{UnmountFlags, mount_bind, unmount};

        use super::super::*;

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn what_fanotify_tells_of_is_opened_and_found_as_root() {
            let _open = Open::watched();
            check_what_fanotify_tells_of();
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn what_is_deleted_is_gone_and_what_is_moved_is_found_as_root() {
            let _open = Open::watched();
            check_what_is_deleted_and_moved();
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn what_another_mount_does_not_show_has_no_path_there() {
            let _open = Open::watched();
            let folder = tempfile::tempdir().unwrap();
            let folder = folder.path().canonicalize().unwrap();
            let [inside, outside, bound] = ["inside", "outside", "bound"].map(|name| folder.join(name));
            for directory in [&inside.join("below"), &outside, &bound] {
                fs::create_dir_all(directory).unwrap();
            }
            let [below, elsewhere] = [&inside.join("below"), &outside].map(handle);
            mount_bind(&inside, &bound).unwrap();
            let mount = HandleMount::open(&bound).unwrap();
            assert_eq!(mount.path_of(&below).unwrap(), bound.join("below"));
            let error = mount.path_of(&elsewhere);
            // By handle, what is outside of it can be opened all the same.
            let opened = mount.open_path(&elsewhere).map(|_| ());
            drop(mount);
            unmount(&bound, UnmountFlags::empty()).unwrap();
            opened.unwrap();
            assert_eq!(error.unwrap_err().reason(), &Reason::OutsideOfTree);
        }
    }
}
