//! Directories and paths: openat2(2), getdents64(2) and what changes entries.

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs::{self, File},
    io::Write,
    os::{
        fd::OwnedFd,
        unix::{
            ffi::OsStrExt,
            fs::{FileTypeExt, MetadataExt, symlink},
        },
    },
    time::{Duration, UNIX_EPOCH},
};

use linux_support_base::{Bytes, DeviceNumber, Errno, Error, GroupId, Reason, UserId};
use linux_support_fd::{
    Descriptor, DescriptorKind,
    directory::{
        Access, DirectoryHandle, EntryKind, FileAttributes, FileMode, FileTime, NewNode, OpenHow, PathHandle,
        RenameMode, Resolve,
    },
};
use tempfile::TempDir;

use crate::open::Open;

fn folder() -> (TempDir, DirectoryHandle) {
    let folder = tempfile::tempdir().unwrap();
    let handle = DirectoryHandle::open(folder.path()).unwrap();
    (folder, handle)
}

fn reason<T>(result: Result<T, Error>) -> Reason {
    result.map(|_| ()).unwrap_err().reason().clone()
}

const LOOP: Reason = Reason::System(Errno::LOOP);

#[test]
fn a_planted_link_leads_only_where_it_may() {
    let _open = Open::watched();
    let (folder, top) = folder();
    fs::create_dir_all(folder.path().join("a/etc")).unwrap();
    fs::write(folder.path().join("a/etc/passwd"), "ours").unwrap();
    symlink("/etc/passwd", folder.path().join("a/absolute")).unwrap();
    symlink("../../..", folder.path().join("a/up")).unwrap();
    symlink("etc/passwd", folder.path().join("a/inside")).unwrap();
    let a = top.open_directory("a", Resolve::BENEATH).unwrap();
    let open = |path: &str, resolve| a.open_with(path, OpenHow::reading().resolve(resolve));

    for path in ["absolute", "up/etc/passwd", "../a/inside", "/etc/passwd"] {
        assert_eq!(reason(open(path, Resolve::BENEATH)), Reason::OutsideOfTree, "{path}");
        assert_eq!(reason(a.open_with(path, OpenHow::reading())), Reason::OutsideOfTree, "the default");
        let text = |descriptor: OwnedFd| std::io::read_to_string(File::from(descriptor)).unwrap();
        let inside = match path {
            "../a/inside" => None,
            _ => Some(text(open(path, Resolve::IN_ROOT).unwrap())),
        };
        assert!(inside.is_none_or(|text| text == "ours"), "{path}");
    }
    assert!(open("inside", Resolve::BENEATH).is_ok());
    for path in ["inside", "up/etc/passwd"] {
        assert_eq!(reason(open(path, Resolve::NO_SYMBOLIC_LINKS)), LOOP, "{path}");
    }
    assert_eq!(reason(a.open_with("inside", OpenHow::reading().no_follow())), LOOP);
    assert!(open("absolute", Resolve::empty()).is_ok());
}

#[test]
fn magic_links_and_other_mounts_are_refused_where_asked() {
    let _open = Open::watched();
    let root = DirectoryHandle::open("/").unwrap();
    let how = |resolve| OpenHow::reading().resolve(resolve);
    assert_eq!(reason(root.open_with("proc/self/exe", how(Resolve::NO_MAGIC_LINKS))), LOOP);
    assert!(root.open_with("proc/self/exe", how(Resolve::empty())).is_ok());
    let crossed = root.open_with("proc/version", how(Resolve::NO_MOUNT_CROSSING));
    assert_eq!(reason(crossed), Reason::OutsideOfTree);
    let proc = DirectoryHandle::open("/proc").unwrap();
    assert!(proc.open_with("version", how(Resolve::NO_MOUNT_CROSSING)).is_ok());
}

#[test]
fn what_is_in_memory_is_opened_and_what_is_not_is_left() {
    let _open = Open::watched();
    let (folder, top) = folder();
    fs::write(folder.path().join("file"), "").unwrap();
    drop(top.open_with("file", OpenHow::reading()).unwrap());
    assert!(top.open_cached("file", OpenHow::reading()).unwrap().is_some());
    // A name that was never looked up is not in memory, whether there is such a file or not.
    assert!(top.open_cached("never", OpenHow::reading()).unwrap().is_none());
}

#[test]
fn names_are_one_component_and_oversized_ones_are_refused() {
    let _open = Open::watched();
    let (_folder, top) = folder();
    for name in ["", ".", "..", "a/b", "/", "a/"] {
        assert!(matches!(reason(top.create_directory(name, FileMode::OWNER)), Reason::Invalid(_)), "{name}");
        assert!(matches!(reason(top.remove(name)), Reason::Invalid(_)), "{name}");
        assert!(matches!(reason(top.rename(name, &top, "x", RenameMode::Replace)), Reason::Invalid(_)));
        assert!(matches!(reason(top.status(name)), Reason::Invalid(_)), "{name}");
    }
    let long = "x".repeat(256);
    let too_long = Reason::System(Errno::NAMETOOLONG);
    assert_eq!(reason(top.create_node(&long, NewNode::Regular, FileMode::OWNER)), too_long);
    assert_eq!(reason(top.open_with("x/".repeat(2100), OpenHow::reading())), too_long);
    assert_eq!(reason(top.open_path(&long)), too_long);
    top.create_node(&long[1..], NewNode::Regular, FileMode::OWNER).unwrap();
    assert!(matches!(reason(top.open_with("a\0b", OpenHow::reading())), Reason::Invalid(_)));
}

#[test]
fn each_entry_is_given_once_with_its_name_as_bytes() {
    let _open = Open::watched();
    let (folder, top) = folder();
    let mut expected = BTreeSet::new();
    for number in 0..1500 {
        let name = format!("{number:0>200}").into_bytes();
        fs::write(folder.path().join(OsStr::from_bytes(&name)), "").unwrap();
        expected.insert(name);
    }
    let odd = b"\xff\n)".to_vec();
    fs::create_dir(folder.path().join(OsStr::from_bytes(&odd))).unwrap();
    expected.insert(odd.clone());

    let mut buffer = Vec::new();
    let mut entries = top.entries(&mut buffer).unwrap();
    let mut found = BTreeSet::new();
    let mut half = None;
    while let Some(entry) = entries.next().unwrap() {
        let kind = if entry.name == odd { EntryKind::Directory } else { EntryKind::Regular };
        assert_eq!(entry.kind, kind);
        assert!(found.insert(entry.name.to_vec()), "{:?}", entry.name);
        if found.len() == 700 {
            half = Some(entry.position);
        }
    }
    assert_eq!(found, expected);
    assert!(entries.next().unwrap().is_none());

    entries.seek(half.unwrap()).unwrap();
    let mut rest = 0;
    while entries.next().unwrap().is_some() {
        rest += 1;
    }
    assert_eq!(rest, 1501 - 700);
    entries.rewind().unwrap();
    assert!(entries.next().unwrap().is_some());
}

#[test]
fn a_directory_that_was_removed_has_no_entries() {
    let _open = Open::watched();
    let (_folder, top) = folder();
    top.create_directory("a", FileMode::OWNER_ALL).unwrap();
    let a = top.open_directory("a", Resolve::BENEATH).unwrap();
    let mut buffer = Vec::new();
    let mut entries = a.entries(&mut buffer).unwrap();
    top.remove_directory("a").unwrap();
    assert!(entries.next().unwrap().is_none());
    assert_eq!(reason(a.create_directory("b", FileMode::OWNER)), Reason::Absent);
}

#[test]
fn a_rename_replaces_refuses_exchanges_or_leaves_a_whiteout() {
    let _open = Open::watched();
    let (folder, top) = folder();
    let read = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap();
    fs::write(folder.path().join("a"), "a").unwrap();
    fs::write(folder.path().join("b"), "b").unwrap();
    let exists = Reason::System(Errno::EXIST);
    assert_eq!(reason(top.rename("a", &top, "b", RenameMode::NoReplace)), exists);
    top.rename("a", &top, "b", RenameMode::Exchange).unwrap();
    assert_eq!((read("a"), read("b")), ("b".into(), "a".into()));
    top.rename("a", &top, "b", RenameMode::Replace).unwrap();
    assert_eq!(read("b"), "b");
    assert_eq!(reason(top.status("a")), Reason::Absent);
    top.rename("b", &top, "c", RenameMode::Whiteout).unwrap();
    let whiteout = top.status("b").unwrap();
    assert_eq!(
        (whiteout.kind, whiteout.represents),
        (EntryKind::CharacterDevice, Some(DeviceNumber::new(0, 0)))
    );
    let elsewhere = DirectoryHandle::open("/dev").unwrap();
    let crossed = reason(top.rename("c", &elsewhere, "c", RenameMode::Replace));
    assert_eq!(crossed, Reason::System(Errno::XDEV));
    assert_eq!(reason(top.link("c", &elsewhere, "c")), Reason::System(Errno::XDEV));
}

#[test]
fn nodes_and_links_are_made_and_removed() {
    let _open = Open::watched();
    let (folder, top) = folder();
    top.create_node("fifo", NewNode::Fifo, FileMode::OWNER).unwrap();
    top.create_node("socket", NewNode::Socket, FileMode::OWNER).unwrap();
    top.create_node("file", NewNode::Regular, FileMode::OWNER).unwrap();
    top.create_symbolic_link("nowhere", "link").unwrap();
    top.link("link", &top, "same").unwrap();
    let metadata = |name: &str| fs::symlink_metadata(folder.path().join(name)).unwrap();
    assert!(metadata("fifo").file_type().is_fifo() && metadata("socket").file_type().is_socket());
    assert_eq!(metadata("file").mode() & 0o7777, 0o600);
    assert_eq!(metadata("link").ino(), metadata("same").ino());
    assert_eq!(top.open_path("same").unwrap().read_link().unwrap().as_bytes(), b"nowhere");
    let link = top.open_path("file").unwrap().read_link();
    assert_eq!(reason(link), Reason::WrongKind);
    for name in ["fifo", "socket", "file", "link", "same"] {
        top.remove(name).unwrap();
    }
    assert_eq!(reason(top.remove("file")), Reason::Absent);
    top.create_directory("d", FileMode::OWNER_ALL).unwrap();
    assert_eq!(reason(top.remove("d")), Reason::WrongKind);
    assert_eq!(reason(top.create_directory("d", FileMode::OWNER)), Reason::System(Errno::EXIST));
    top.remove_directory("d").unwrap();
}

#[test]
fn a_file_without_a_name_gets_one_whole_or_never() {
    let _open = Open::watched();
    let (folder, top) = folder();
    let mut file = top.create_unnamed(FileMode::READABLE).unwrap();
    file.file().write_all(b"one").unwrap();
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    drop(file.link_into(&top, "name").unwrap());
    assert_eq!(fs::read(folder.path().join("name")).unwrap(), b"one");

    let file = top.create_unnamed(FileMode::READABLE).unwrap();
    assert_eq!(reason(file.link_into(&top, "name")), Reason::System(Errno::EXIST));
    let mut file = top.create_unnamed(FileMode::READABLE).unwrap();
    file.file().write_all(b"two").unwrap();
    drop(file.replace(&top, "name").unwrap());
    assert_eq!(fs::read(folder.path().join("name")).unwrap(), b"two");
    top.create_directory("d", FileMode::OWNER_ALL).unwrap();
    let file = top.create_unnamed(FileMode::READABLE).unwrap();
    assert_eq!(reason(file.replace(&top, "d")), Reason::WrongKind);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2, "no temporary name is left");

    let nameless = OwnedFd::from(top.create_nameless().unwrap());
    assert_eq!(DescriptorKind::of(&nameless).unwrap(), DescriptorKind::RegularFile);
    let path = rustix::fs::open(
        format!("/proc/self/fd/{}", std::os::fd::AsRawFd::as_raw_fd(&nameless)),
        rustix::fs::OFlags::PATH,
        rustix::fs::Mode::empty(),
    );
    let handle = PathHandle::try_from(path.unwrap()).unwrap();
    assert_eq!(reason(handle.link_into(&top, "n")), Reason::Absent);
    let proc = DirectoryHandle::open("/proc").unwrap();
    assert_eq!(reason(proc.create_unnamed(FileMode::OWNER)), Reason::System(Errno::OPNOTSUPP));
}

#[test]
fn a_path_handle_reopens_its_file_whatever_has_its_name_now() {
    let _open = Open::watched();
    let (folder, top) = folder();
    fs::write(folder.path().join("a"), "first").unwrap();
    let handle = top.open_path("a").unwrap().try_clone().unwrap();
    assert!(handle.is_close_on_exec().unwrap());
    assert_eq!(handle.kind().unwrap(), DescriptorKind::RegularFile);
    fs::remove_file(folder.path().join("a")).unwrap();
    fs::write(folder.path().join("a"), "second").unwrap();
    let text = std::io::read_to_string(File::from(handle.reopen(OpenHow::reading()).unwrap())).unwrap();
    assert_eq!(text, "first");
    let error = handle.reopen(OpenHow::writing().create(FileMode::OWNER));
    assert!(matches!(reason(error), Reason::Invalid(_)));
    top.create_symbolic_link("a", "link").unwrap();
    let link = top.open_path("link").unwrap();
    assert_eq!(link.kind().unwrap(), DescriptorKind::SymbolicLink);
    assert_eq!(reason(link.reopen(OpenHow::reading())), LOOP);
    let file = handle.file_status().unwrap();
    assert_eq!((file.links, file.size), (0, Bytes::new(5)));
}

#[test]
fn attributes_are_set_through_any_descriptor() {
    let _open = Open::watched();
    let (folder, top) = folder();
    fs::write(folder.path().join("a"), "x").unwrap();
    let place = top.open_path("a").unwrap();
    let mode = FileMode::new(0o4750).unwrap();
    place.set_permissions_of(mode).unwrap();
    assert_eq!(top.status("a").unwrap().mode, mode);
    let time = UNIX_EPOCH - Duration::new(5, 500_000_000);
    place.set_times_of(FileTime::At(time), FileTime::Keep).unwrap();
    let status = place.file_status().unwrap();
    assert_eq!(status.accessed, Some(time));
    assert!(status.modified > UNIX_EPOCH);
    place.set_times_of(FileTime::Keep, FileTime::Now).unwrap();
    assert!(place.allows(Access::READ | Access::WRITE).unwrap());
    place.set_permissions_of(FileMode::new(0o600).unwrap()).unwrap();
    assert!(!place.allows(Access::EXECUTE).unwrap(), "not even for root");
    assert!(!place.allows_real_user(Access::EXECUTE).unwrap());
    let own = (UserId::new(rustix::process::getuid().as_raw()), status.group);
    place.set_owner_of(Some(own.0), Some(own.1)).unwrap();
    assert_eq!(place.file_status().unwrap().owner, own.0);
    let none = place.set_owner_of(None, Some(GroupId::new(u32::MAX)));
    assert!(matches!(reason(none), Reason::Invalid(_)));
    top.create_symbolic_link("a", "link").unwrap();
    let link = top.open_path("link").unwrap();
    assert_eq!(reason(link.set_permissions_of(mode)), Reason::System(Errno::OPNOTSUPP));
}

#[test]
fn descriptors_of_other_kinds_are_refused_and_closed() {
    let _open = Open::watched();
    let file = || OwnedFd::from(File::open("/dev/null").unwrap());
    let error = DirectoryHandle::try_from(file()).unwrap_err();
    assert!(error.to_string().ends_with("is no directory, but character device 1:3"), "{error}");
    let error = PathHandle::try_from(file()).unwrap_err();
    assert!(error.to_string().ends_with("is no path handle, but character device 1:3"), "{error}");
    let readable = OwnedFd::from(File::open("/").unwrap());
    let handle = DirectoryHandle::try_from(readable).unwrap().try_clone().unwrap();
    assert!(handle.is_close_on_exec().unwrap());
    assert!(handle.open_directory("proc", Resolve::BENEATH).is_ok());
    assert_eq!(reason(handle.open_directory("etc/passwd", Resolve::BENEATH)), Reason::WrongKind);
}
