//! The places of Unix sockets in the file system.

mod races;

use std::{
    fs::{self, File},
    os::unix::{
        fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink},
        net as std_net,
    },
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
};

use linux_support_base::{Errno, Error, Reason};
use linux_support_fd::socket::{
    Connection, Placement, Published, Socket, UnixAddress, UnixDatagram, UnixListener, UnixSequenced,
    UnixSequencedListener, UnixStream,
};

use crate::open::Open;

const PRIVATE: Placement = Placement::new(0o600);

fn place() -> (tempfile::TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    (directory, path)
}

/// A socket that nobody has any more.
fn stale(path: &Path) {
    drop(std_net::UnixListener::bind(path).unwrap());
    assert!(fs::symlink_metadata(path).unwrap().file_type().is_socket());
}

/// What is in a directory.
fn names(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn system(error: &Error) -> Option<Errno> {
    match error.reason() {
        Reason::System(errno) => Some(*errno),
        _ => None,
    }
}

#[test]
fn a_socket_is_there_with_its_permissions_and_gone_when_it_is_dropped() {
    let _open = Open::watched();
    let (directory, path) = place();
    for permissions in [0o600, 0o666, 0o640] {
        let listener = UnixListener::bind_path(&path, &Placement::new(permissions)).unwrap();
        let status = fs::symlink_metadata(&path).unwrap();
        assert!(status.file_type().is_socket());
        assert_eq!(status.permissions().mode() & 0o7777, permissions);
        assert_eq!(names(directory.path()), ["socket"]);
        assert_eq!(listener.file().path(), path);
        let here = UnixStream::connect_path(&path).unwrap();
        let (there, _) = listener.accept().unwrap();
        here.send_all(b"x").unwrap();
        assert_eq!(there.receive(&mut [0; 2]).unwrap(), 1);
        drop(listener);
        assert!(names(directory.path()).is_empty());
    }
}

#[test]
fn each_kind_of_socket_has_a_place() {
    let _open = Open::watched();
    let (_directory, path) = place();
    let listener = UnixSequencedListener::bind_path(&path, &PRIVATE).unwrap();
    let here = UnixSequenced::connect_path(&path).unwrap();
    here.send(b"abc").unwrap();
    assert_eq!(listener.accept().unwrap().0.receive(&mut [0; 8]).unwrap().length, 3);
    assert!(UnixStream::connect_path(&path).is_err());
    drop(listener);
    let socket = UnixDatagram::bind_path(&path, &PRIVATE).unwrap();
    let here = UnixDatagram::unbound().unwrap();
    here.send_to(b"abcd", &UnixAddress::path(&path).unwrap()).unwrap();
    assert_eq!(socket.receive(&mut [0; 8]).unwrap().length, 4);
}

#[test]
fn directories_on_the_way_are_made_with_their_permissions() {
    let _open = Open::watched();
    let (directory, _) = place();
    let path = directory.path().join("a/b/../c/socket");
    assert!(UnixListener::bind_path(&path, &PRIVATE).unwrap_err().is_absent());
    fs::create_dir(directory.path().join("a")).unwrap();
    let mode = |name: &str| fs::metadata(directory.path().join(name)).unwrap().permissions().mode() & 0o7777;
    let before = mode("a");
    let listener = UnixListener::bind_path(&path, &PRIVATE.making_directories(0o751)).unwrap();
    assert_eq!((mode("a/b"), mode("a/c"), mode("a")), (0o751, 0o751, before));
    assert!(listener.file().is_in_place());
}

#[test]
fn a_path_longer_than_an_address_is_bound_and_connected_to() {
    let _open = Open::watched();
    let (directory, _) = place();
    let long = directory.path().join("d".repeat(200)).join("e".repeat(200));
    fs::create_dir_all(&long).unwrap();
    let path = long.join("s".repeat(200));
    assert!(UnixAddress::path(&path).is_err());
    let listener = UnixListener::bind_path(&path, &PRIVATE).unwrap();
    let _here = UnixStream::connect_path(&path).unwrap();
    listener.accept().unwrap();
    let within = File::open(&long).unwrap();
    let other = UnixListener::bind_beneath(&within, "other", &PRIVATE).unwrap();
    assert_eq!(other.file().path(), Path::new("other"));
    assert!(names(&long).contains(&"other".to_owned()));
    for name in ["", ".", "..", "a/b", "/a"] {
        let error = UnixListener::bind_beneath(&within, name, &PRIVATE).unwrap_err();
        assert!(matches!(error.reason(), Reason::Invalid(_)), "{error}");
    }
}

#[test]
fn a_stale_socket_is_replaced() {
    let _open = Open::watched();
    let (directory, path) = place();
    stale(&path);
    let listener = UnixListener::bind_path(&path, &PRIVATE).unwrap();
    let _here = UnixStream::connect_path(&path).unwrap();
    listener.accept().unwrap();
    assert_eq!(names(directory.path()), ["socket"]);
    // Bound, but not listening, is stale as well.
    drop(listener);
    let socket = rustix::net::socket(rustix::net::AddressFamily::UNIX, rustix::net::SocketType::STREAM, None);
    let socket = socket.unwrap();
    rustix::net::bind(&socket, &rustix::net::SocketAddrUnix::new(&path).unwrap()).unwrap();
    UnixListener::bind_path(&path, &PRIVATE).unwrap();
    // A datagram socket at which nobody is.
    drop(std_net::UnixDatagram::bind(&path).unwrap());
    UnixDatagram::bind_path(&path, &PRIVATE).unwrap();
    assert!(names(directory.path()).is_empty());
}

#[test]
fn a_live_socket_is_never_replaced() {
    let _open = Open::watched();
    let (directory, path) = place();
    let in_use = |result: Result<(), Error>| assert_eq!(system(&result.unwrap_err()), Some(Errno::ADDRINUSE));
    let live = std_net::UnixListener::bind(&path).unwrap();
    let inode = fs::symlink_metadata(&path).unwrap().ino();
    in_use(UnixListener::bind_path(&path, &PRIVATE).map(drop));
    in_use(UnixSequencedListener::bind_path(&path, &PRIVATE).map(drop));
    in_use(UnixDatagram::bind_path(&path, &PRIVATE).map(drop));
    assert_eq!(fs::symlink_metadata(&path).unwrap().ino(), inode);
    drop(live);
    fs::remove_file(&path).unwrap();

    // One whose listener is full is live.
    let full = UnixListener::bind_path(&path, &PRIVATE.backlog(0)).unwrap();
    let _filling = UnixStream::connect_path(&path).unwrap();
    in_use(UnixListener::bind_path(&path, &PRIVATE).map(drop));
    drop(full);

    // As is a datagram socket, even one that talks with another alone.
    let live = std_net::UnixDatagram::bind(&path).unwrap();
    in_use(UnixListener::bind_path(&path, &PRIVATE).map(drop));
    in_use(UnixDatagram::bind_path(&path, &PRIVATE).map(drop));
    let other = directory.path().join("other");
    let _other = std_net::UnixDatagram::bind(&other).unwrap();
    live.connect(&other).unwrap();
    in_use(UnixDatagram::bind_path(&path, &PRIVATE).map(drop));
    assert_eq!(names(directory.path()), ["other", "socket"]);
}

#[test]
fn what_is_no_socket_is_left_alone() {
    let _open = Open::watched();
    let (directory, path) = place();
    fs::write(&path, "precious").unwrap();
    assert_eq!(system(&UnixListener::bind_path(&path, &PRIVATE).unwrap_err()), Some(Errno::EXIST));
    assert_eq!(fs::read(&path).unwrap(), b"precious");
    fs::remove_file(&path).unwrap();
    fs::create_dir(&path).unwrap();
    assert_eq!(system(&UnixListener::bind_path(&path, &PRIVATE).unwrap_err()), Some(Errno::EXIST));
    assert_eq!(names(directory.path()), ["socket"]);
    let error = UnixListener::bind_path("/", &PRIVATE).unwrap_err();
    assert!(matches!(error.reason(), Reason::Invalid(_)), "{error}");
}

#[test]
fn a_link_planted_at_the_name_is_not_followed() {
    let _open = Open::watched();
    let (directory, path) = place();
    let victim = directory.path().join("victim");
    for target in ["victim", "nowhere", "socket"] {
        stale(&victim);
        let inode = fs::symlink_metadata(&victim).unwrap().ino();
        symlink(target, &path).unwrap();
        assert_eq!(system(&UnixListener::bind_path(&path, &PRIVATE).unwrap_err()), Some(Errno::EXIST));
        assert_eq!(fs::symlink_metadata(&victim).unwrap().ino(), inode);
        assert_eq!(names(directory.path()), ["socket", "victim"]);
        fs::remove_file(&path).unwrap();
        fs::remove_file(&victim).unwrap();
    }
}

#[test]
fn the_callers_own_links_on_the_way_are_followed() {
    let _open = Open::watched();
    let (directory, _) = place();
    fs::create_dir(directory.path().join("real")).unwrap();
    symlink("real", directory.path().join("link")).unwrap();
    symlink(directory.path().join("link"), directory.path().join("absolute")).unwrap();
    let path = directory.path().join("absolute/socket");
    let listener = UnixListener::bind_path(&path, &PRIVATE).unwrap();
    assert_eq!(names(&directory.path().join("real")), ["socket"]);
    drop(listener);
    symlink("round", directory.path().join("round")).unwrap();
    let error = UnixListener::bind_path(directory.path().join("round/socket"), &PRIVATE).unwrap_err();
    assert_eq!(system(&error), Some(Errno::LOOP));
    fs::write(directory.path().join("file"), "").unwrap();
    let error = UnixListener::bind_path(directory.path().join("file/socket"), &PRIVATE).unwrap_err();
    assert_eq!(error.reason(), &Reason::WrongKind);
}

#[test]
fn a_place_can_be_kept_and_go_its_own_way() {
    let _open = Open::watched();
    let (directory, path) = place();
    let (socket, file) = UnixListener::bind_path(&path, &PRIVATE).unwrap().into_parts();
    file.keep();
    let address = socket.local_address().unwrap();
    assert!(address.as_path().unwrap().starts_with("/proc/self/fd"));
    drop(socket);
    assert_eq!(names(directory.path()), ["socket"]);
    let here = UnixListener::bind_path(&path, &PRIVATE).unwrap();
    let (socket, file) = here.into_parts();
    drop(file);
    assert!(names(directory.path()).is_empty());
    drop(socket);
}

#[test]
fn peers_of_a_socket_with_a_place_are_told_the_path_that_it_was_bound_by() {
    let _open = Open::watched();
    let (_directory, path) = place();
    let listener = UnixListener::bind_path(&path, &PRIVATE).unwrap();
    let here = UnixStream::connect_path(&path).unwrap();
    assert_eq!(here.peer_address().unwrap(), listener.local_address().unwrap());
}

mod lab {
    mod any {
        use std::os::unix::fs::lchown;

        use linux_support_base::{GroupId, UserId};

        use super::super::*;

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn anothers_link_on_the_way_is_not_followed() {
            let _open = Open::watched();
            let (directory, _) = place();
            fs::create_dir(directory.path().join("real")).unwrap();
            let link = directory.path().join("link");
            symlink("real", &link).unwrap();
            lchown(&link, Some(12_345), Some(12_345)).unwrap();
            let path = link.join("socket");
            let error = UnixListener::bind_path(&path, &PRIVATE.making_directories(0o755)).unwrap_err();
            assert!(error.to_string().contains("symbolic link"), "{error}");
            assert!(names(&directory.path().join("real")).is_empty());
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn a_socket_is_given_to_its_owner_before_anybody_sees_it() {
            let _open = Open::watched();
            let (_directory, path) = place();
            let owner = (Some(UserId::new(12_345)), Some(GroupId::new(23_456)));
            let _listener = UnixListener::bind_path(&path, &PRIVATE.owned_by(owner.0, owner.1)).unwrap();
            let status = fs::symlink_metadata(&path).unwrap();
            assert_eq!((status.uid(), status.gid(), status.mode() & 0o777), (12_345, 23_456, 0o600));
        }
    }
}
