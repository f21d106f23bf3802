use std::{
    fs,
    net::{TcpListener, TcpStream, UdpSocket},
    os::{
        fd::AsRawFd,
        unix::{
            fs::symlink,
            net::{UnixListener, UnixStream},
        },
    },
    path::Path,
};

use super::*;
use crate::network::{InternetState, InternetTable, SocketKind};

const HEADING: &str =
    "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n";
const LINE: &str = "   0: 00000000:0016 00000000:0000 0A 00000000:00000003 00:00000000 00000000     7        0 55 1 0 100 0 0 10 0\n";

fn process(tree: &Path, pid: u32, namespace: u32) -> std::path::PathBuf {
    let folder = tree.join(format!("proc/{pid}"));
    for part in ["ns", "fd", "net"] {
        fs::create_dir_all(folder.join(part)).unwrap();
    }
    let stat = format!("{pid} (a b) S 0 0 0 0 -1 0{}", " 0".repeat(43));
    fs::write(folder.join("stat"), stat).unwrap();
    fs::write(folder.join("cmdline"), format!("/bin/p{pid}\0-x\0")).unwrap();
    symlink(format!("net:[{namespace}]"), folder.join("ns/net")).unwrap();
    folder
}

#[test]
fn sockets_are_told_with_their_namespace_and_holders() {
    let tree = tempfile::tempdir().unwrap();
    let first = process(tree.path(), 10, 1);
    fs::write(first.join("net/tcp"), [HEADING, LINE].concat()).unwrap();
    symlink("socket:[55]", first.join("fd/3")).unwrap();
    symlink("socket:[77]", first.join("fd/4")).unwrap();
    let second = process(tree.path(), 11, 1);
    symlink("socket:[55]", second.join("fd/9")).unwrap();
    process(tree.path(), 12, 2);
    fs::create_dir_all(tree.path().join("etc")).unwrap();
    fs::write(tree.path().join("etc/passwd"), "seven:x:7:7::/:/bin/sh\n").unwrap();
    let machine = Machine::captured(tree.path()).unwrap();
    let mut list = SocketList::read(&machine).unwrap();
    let members = |list: &SocketList| -> Vec<(String, Vec<i32>)> {
        let numbers = |of: &NamespaceSockets| of.processes.iter().map(|pid| pid.number()).collect();
        list.namespaces.iter().map(|of| (of.namespace.to_string(), numbers(of))).collect()
    };
    assert_eq!(members(&list), [("net:[1]".to_owned(), vec![10, 11]), ("net:[2]".to_owned(), vec![12])]);
    let [socket] = &list.namespaces[0].sockets[..] else { panic!("{list:?}") };
    assert_eq!(socket.table, SocketTable::Internet(InternetTable::Tcp));
    assert!(socket.is_listening());
    assert_eq!((socket.connections_waiting, socket.receive_queue, &socket.peer), (Some(3), None, &None));
    assert_eq!(socket.user.as_ref().unwrap().name.as_ref().unwrap(), "seven");
    let held: Vec<_> = socket
        .holders
        .iter()
        .map(|holder| (holder.pid.number(), holder.program.to_string(), holder.descriptor.get()))
        .collect();
    assert_eq!(held, [(10, "p10".to_owned(), 3), (11, "p11".to_owned(), 9)]);
    let unlisted: Vec<_> = list.unlisted.iter().map(|socket| socket.inode.get()).collect();
    assert_eq!(unlisted, [77]);
    assert_eq!(list.namespaces[0].missing.len(), SocketTable::ALL.len() - 1);
    list.retain_held_by(Pid::new(11).unwrap());
    assert_eq!((list.unlisted.len(), list.namespaces.len(), list.namespaces[0].sockets.len()), (0, 1, 1));
}

#[test]
fn a_malformed_line_hides_no_other() {
    let tree = tempfile::tempdir().unwrap();
    let folder = process(tree.path(), 10, 1);
    fs::write(folder.join("net/tcp"), [HEADING, "nonsense\n", LINE].concat()).unwrap();
    let list = SocketList::read(&Machine::captured(tree.path()).unwrap()).unwrap();
    assert_eq!(list.namespaces[0].sockets.len(), 1);
    let missing = &list.namespaces[0].missing;
    let error = &missing.iter().find(|missing| missing.table.name() == "tcp").unwrap().error;
    assert!(matches!(error.reason(), Reason::Malformed(_)), "{error}");
    assert!(error.to_string().contains("/proc/10/net/tcp"), "{error}");
}

#[test]
fn each_table_is_read_once() {
    let names: std::collections::BTreeSet<_> = SocketTable::ALL.iter().map(|table| table.name()).collect();
    assert_eq!(names.len(), SocketTable::ALL.len());
    assert!(["unix", "packet", "netlink", "tcp", "icmp6"].iter().all(|name| names.contains(name)));
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator has descriptors of its own")]
fn own_sockets_are_held_by_this_process() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let bound = UdpSocket::bind("127.0.0.1:0").unwrap();
    let path = folder.path().join("a socket");
    let file = UnixListener::bind(&path).unwrap();
    let (pair, _other) = UnixStream::pair().unwrap();
    let list = SocketList::read(&Machine::live().unwrap()).unwrap();
    let own = std::process::id();
    let of = |descriptor: i32| -> &Socket {
        let is_it = |holder: &SocketHolder| {
            holder.pid.number().cast_unsigned() == own
                && i64::from(holder.descriptor.get()) == i64::from(descriptor)
        };
        let mut all = list.namespaces.iter().flat_map(|of| &of.sockets);
        all.find(|socket| socket.holders.iter().any(is_it)).unwrap()
    };
    let listening = of(listener.as_raw_fd());
    assert_eq!((listening.state, listening.connections_waiting), (InternetState::Listening, Some(1)));
    assert_eq!(listening.local, Some(listener.local_addr().unwrap().into()));
    let connected = of(client.as_raw_fd());
    assert_eq!(connected.state, InternetState::Established);
    assert_eq!(connected.local, Some(client.local_addr().unwrap().into()));
    assert_eq!(connected.peer, Some(client.peer_addr().unwrap().into()));
    let datagram = of(bound.as_raw_fd());
    assert_eq!((datagram.kind, datagram.state), (Some(SocketKind::Datagram), InternetState::Closed));
    let named = of(file.as_raw_fd());
    assert_eq!(
        named.local,
        Some(SocketAddress::Path { path: path.into_os_string().into_encoded_bytes().into() })
    );
    assert!(named.is_listening());
    let nameless = of(pair.as_raw_fd());
    assert_eq!((nameless.state, &nameless.local), (InternetState::Established, &None));
    let machine = Machine::live().unwrap();
    let alone = NamespaceSockets::held_by(&Process::of_caller(&machine).unwrap()).unwrap();
    for socket in [listening, connected, datagram, named, nameless] {
        // A child that another test just starts holds them too for a moment.
        let same = alone.sockets.iter().find(|same| same.inode == socket.inode).unwrap();
        assert_eq!((same.table, &same.local, &same.peer), (socket.table, &socket.local, &socket.peer));
    }
    assert!(
        alone
            .sockets
            .iter()
            .all(|socket| socket.holders.iter().all(|holder| holder.pid == alone.processes[0]))
    );
}
