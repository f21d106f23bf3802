//! Sockets that the tests open themselves, against what `ss` and the standard library say of them.

use std::{
    io::Write,
    net::{SocketAddr, TcpListener, TcpStream, UdpSocket},
    os::{
        fd::{AsFd, AsRawFd},
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr as UnixAddress, UnixListener, UnixStream},
    },
    process::Command,
};

use linux_support_base::{Bytes, Machine};
use linux_support_process::{
    DescriptorTarget, InodeNumber, InternetSocket, InternetState, InternetTable, Process, SocketKind,
    UnixName, UnixState,
};

fn inode_of(socket: impl AsFd) -> InodeNumber {
    let link = std::fs::read_link(format!("/proc/self/fd/{}", socket.as_fd().as_raw_fd())).unwrap();
    match DescriptorTarget::of_link(link.as_os_str().as_encoded_bytes()) {
        DescriptorTarget::Socket { inode } => inode,
        other => panic!("{other}"),
    }
}

fn find(table: InternetTable, inode: InodeNumber) -> InternetSocket {
    let machine = Machine::live().unwrap();
    let process = Process::of_caller(&machine).unwrap();
    let mut buffer = Vec::new();
    let sockets = process.network().internet_sockets(table, &mut buffer).unwrap();
    sockets.map(Result::unwrap).find(|socket| socket.inode == Some(inode)).unwrap()
}

/// The columns in which `ss` shows the socket of this number: state, queues, addresses.
fn shown(options: &str, inode: InodeNumber) -> Option<Vec<String>> {
    let output = match Command::new("ss").args([options, "-H", "-O"]).output() {
        Ok(output) => String::from_utf8(output.stdout).unwrap(),
        Err(_) => {
            eprintln!("skipped: no ss here");
            return None;
        }
    };
    let word = format!("ino:{inode}");
    let line = output.lines().find(|line| line.split_whitespace().any(|other| other == word));
    let line = line.unwrap_or_else(|| panic!("no {word} in {output}"));
    Some(line.split_whitespace().map(str::to_owned).collect())
}

fn state_name(state: InternetState) -> &'static str {
    match state {
        InternetState::Established => "ESTAB",
        InternetState::Listening => "LISTEN",
        InternetState::Closed => "UNCONN",
        InternetState::CloseWait => "CLOSE-WAIT",
        InternetState::FinWait2 => "FIN-WAIT-2",
        other => panic!("{other:?}"),
    }
}

/// How `ss` writes an address.
fn address_name(address: SocketAddr) -> String {
    let port = if address.port() == 0 { "*".to_owned() } else { address.port().to_string() };
    match address {
        SocketAddr::V4(address) => format!("{}:{port}", address.ip()),
        SocketAddr::V6(address) => format!("[{}]:{port}", address.ip()),
    }
}

fn agrees(options: &str, socket: &InternetSocket) {
    let Some(columns) = shown(options, socket.inode.unwrap()) else { return };
    assert_eq!(columns[0], state_name(socket.state));
    assert_eq!(columns[1], socket.receive_queue.get().to_string());
    // What ss shows of a listening socket there is how many may wait.
    if socket.state != InternetState::Listening {
        assert_eq!(columns[2], socket.send_queue.get().to_string());
    }
    assert_eq!(columns[3], address_name(socket.local));
    assert_eq!(columns[4], address_name(socket.remote));
}

#[test]
fn connections_of_tcp_have_their_addresses_states_and_queues() {
    for (address, table) in [("127.0.0.1:0", InternetTable::Tcp), ("[::1]:0", InternetTable::Tcp6)] {
        let Ok(listener) = TcpListener::bind(address) else {
            eprintln!("skipped: no {address} here");
            continue;
        };
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let waiting = find(table, inode_of(&listener));
        assert_eq!((waiting.state, waiting.receive_queue), (InternetState::Listening, Bytes::new(1)));
        assert_eq!(waiting.local, listener.local_addr().unwrap());
        agrees("-tane", &waiting);
        let (server, _) = listener.accept().unwrap();
        client.write_all(&[7; 1234]).unwrap();
        let receiver = loop {
            let receiver = find(table, inode_of(&server));
            if receiver.receive_queue == Bytes::new(1234) {
                break receiver;
            }
            std::thread::yield_now();
        };
        assert_eq!(
            (receiver.local, receiver.remote),
            (server.local_addr().unwrap(), server.peer_addr().unwrap())
        );
        assert_eq!(
            (receiver.state, receiver.user.number()),
            (InternetState::Established, rustix::process::geteuid().as_raw())
        );
        assert!(receiver.tcp.unwrap().congestion_window > 0);
        agrees("-tane", &receiver);
        agrees("-tane", &find(table, inode_of(&client)));
        client.shutdown(std::net::Shutdown::Write).unwrap();
        // The end of the data and its acknowledgment take a moment.
        let wait_for = |socket: InodeNumber, state| {
            while find(table, socket).state != state {
                std::thread::sleep(std::time::Duration::from_millis(1));
            }
        };
        wait_for(inode_of(&server), InternetState::CloseWait);
        wait_for(inode_of(&client), InternetState::FinWait2);
        agrees("-tane", &find(table, inode_of(&client)));
    }
}

#[test]
fn sockets_of_udp_are_bound_or_connected() {
    for (address, table) in [("127.0.0.1:0", InternetTable::Udp), ("[::1]:0", InternetTable::Udp6)] {
        let Ok(receiver) = UdpSocket::bind(address) else {
            eprintln!("skipped: no {address} here");
            continue;
        };
        let sender = UdpSocket::bind(address).unwrap();
        sender.connect(receiver.local_addr().unwrap()).unwrap();
        sender.send(b"12345").unwrap();
        let found = find(table, inode_of(&receiver));
        assert_eq!((found.local, found.state), (receiver.local_addr().unwrap(), InternetState::Closed));
        assert!(found.receive_queue > Bytes::new(5), "it counts the memory of the packet");
        assert_eq!((found.drops, found.tcp), (Some(0), None));
        agrees("-uane", &found);
        let found = find(table, inode_of(&sender));
        assert_eq!((found.remote, found.state), (receiver.local_addr().unwrap(), InternetState::Established));
        agrees("-uane", &found);
    }
}

#[test]
fn sockets_within_the_machine_have_names() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a socket\nwith a newline");
    let by_path = UnixListener::bind(&path).unwrap();
    let name = format!("linux-support-test-{}", std::process::id());
    let by_name = UnixListener::bind_addr(&UnixAddress::from_abstract_name(&name).unwrap()).unwrap();
    let (one, _other) = UnixStream::pair().unwrap();
    let machine = Machine::live().unwrap();
    let process = Process::of_caller(&machine).unwrap();
    let mut buffer = Vec::new();
    let sockets: Vec<_> = process.network().unix_sockets(&mut buffer).unwrap().map(Result::unwrap).collect();
    let find = |inode| *sockets.iter().find(|socket| socket.inode == Some(inode)).unwrap();
    let listener = find(inode_of(&by_path));
    assert!(listener.is_listening && listener.state == UnixState::Unconnected);
    assert_eq!(listener.name, Some(UnixName::Path(path.as_os_str().as_encoded_bytes())));
    assert_eq!(find(inode_of(&by_name)).name, Some(UnixName::Abstract(name.as_bytes())));
    let connected = find(inode_of(&one));
    assert_eq!(
        (connected.kind, connected.state, connected.name),
        (SocketKind::Stream, UnixState::Connected, None)
    );
    let Ok(output) = Command::new("ss").args(["-xanH"]).output() else {
        eprintln!("skipped: no ss here");
        return;
    };
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = text.lines().find(|line| line.contains(&name)).unwrap();
    let columns: Vec<_> = line.split_whitespace().collect();
    assert_eq!((columns[0], columns[1]), ("u_str", "LISTEN"));
    assert_eq!((columns[4], columns[5]), (&*format!("@{name}"), &*inode_of(&by_name).to_string()));
}

/// `ss` through netlink and the tables have the same sockets of each kind, but for those that come and go.
#[test]
fn every_socket_that_ss_shows_is_in_a_table() {
    let machine = Machine::live().unwrap();
    let process = Process::of_caller(&machine).unwrap();
    let inodes = |options: &str| -> Option<Vec<u64>> {
        let output = Command::new("ss").args([options, "-H", "-O"]).output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let inodes = text.split_whitespace().filter_map(|word| word.strip_prefix("ino:")?.parse().ok());
        Some(inodes.filter(|&inode| inode != 0).collect())
    };
    let mut buffer = Vec::new();
    for (options, tables) in [
        ("-tane", [InternetTable::Tcp, InternetTable::Tcp6]),
        ("-uane", [InternetTable::Udp, InternetTable::Udp6]),
    ] {
        let Some(before) = inodes(options) else {
            eprintln!("skipped: no ss here");
            return;
        };
        let mut ours = Vec::new();
        for table in tables {
            match process.network().internet_sockets(table, &mut buffer) {
                Ok(sockets) => ours.extend(sockets.filter_map(|socket| Some(socket.unwrap().inode?.get()))),
                Err(error) => assert!(error.is_absent(), "{error}"),
            }
        }
        let after = inodes(options).unwrap();
        for inode in before.iter().filter(|inode| after.contains(inode)) {
            assert!(ours.contains(inode), "{options}: {inode} is missing");
        }
    }
}

#[test]
fn smaller_tables_are_read_whole() {
    let machine = Machine::live().unwrap();
    let process = Process::of_caller(&machine).unwrap();
    let network = process.network();
    let interfaces = network.interfaces().unwrap();
    for interface in &interfaces {
        let file = format!("/sys/class/net/{}/statistics/rx_packets", interface.name);
        // Of the tests' own namespace only if sysfs is mounted there; packets may come meanwhile.
        if let Ok(text) = std::fs::read_to_string(file)
            && let Ok(now) = text.trim().parse::<u64>()
        {
            assert!(interface.received.packets <= now, "{}", interface.name);
        }
    }
    let outcomes = [
        network.ipv4_routes().map(|_| ()),
        network.ipv6_routes().map(|_| ()),
        network.ipv6_addresses().map(|_| ()),
        network.arp().map(|_| ()),
        network.packet_sockets().map(|_| ()),
        network.netlink_sockets().map(|_| ()),
        network.packet_handlers().map(|_| ()),
        network.protocols().map(|_| ()),
        network.ipv4_memberships().map(|_| ()),
        network.ipv6_memberships().map(|_| ()),
    ];
    for error in outcomes.into_iter().filter_map(Result::err) {
        assert!(error.is_absent(), "{error}");
    }
    let mut buffer = Vec::new();
    let counters: Vec<_> = network.counters(&mut buffer).unwrap().map(Result::unwrap).collect();
    let count = |protocol: &[u8], name: &str| {
        counters.iter().find(|group| group.protocol() == protocol).and_then(|group| group.value(name))
    };
    assert!(count(b"Ip", "DefaultTTL").is_some_and(|hops| hops > 0));
    assert!(count(b"TcpExt", "TCPPureAcks").is_some());
    for group in &counters {
        assert!(group.counters().all(|counter| counter.is_ok()));
    }
    let mut buffer = Vec::new();
    let counts: Vec<_> = network.socket_counts(&mut buffer).unwrap().map(Result::unwrap).collect();
    assert!(counts.iter().any(|group| group.protocol() == b"TCP" && group.value("inuse").is_some()));
}
