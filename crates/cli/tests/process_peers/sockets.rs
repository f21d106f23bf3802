use std::{
    net::{TcpListener, TcpStream, UdpSocket},
    os::{
        fd::AsRawFd,
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixDatagram, UnixListener, UnixStream},
    },
    process::Command,
};

use libtest_mimic::Failed;
use serde_json::Value;

use crate::{
    agree,
    common::{inspect, peer},
    started::Started,
};

/// The words of `ss` for states.
const STATES: [(&str, &str); 11] = [
    ("ESTAB", "established"),
    ("SYN-SENT", "syn-sent"),
    ("SYN-RECV", "syn-received"),
    ("FIN-WAIT-1", "fin-wait1"),
    ("FIN-WAIT-2", "fin-wait2"),
    ("TIME-WAIT", "time-wait"),
    ("UNCONN", "closed"),
    ("CLOSE-WAIT", "close-wait"),
    ("LAST-ACK", "last-ack"),
    ("LISTEN", "listening"),
    ("CLOSING", "closing"),
];

fn state(theirs: &str) -> Option<&'static str> {
    STATES.iter().find(|(word, _)| *word == theirs).map(|(_, ours)| *ours)
}

/// The socket that this process has as the descriptor `number`.
fn held(section: &Value, number: i32) -> Result<&Value, Failed> {
    let own = std::process::id();
    let namespaces = section["namespaces"].as_array().ok_or("no namespaces")?;
    let is_held = |socket: &&Value| {
        let holders = socket["holders"].as_array().into_iter().flatten();
        let mut own = holders.filter(|holder| holder["pid"] == own);
        own.any(|holder| holder["descriptor"] == number)
    };
    let mut all = namespaces.iter().flat_map(|of| of["sockets"].as_array().into_iter().flatten());
    all.find(is_held).ok_or_else(|| format!("descriptor {number} is no socket").into())
}

/// `127.0.0.1:22`, as `ss` writes it.
fn address(ours: &Value) -> String {
    let Some(address) = ours["address"].as_str() else { return "-".into() };
    let port = ours["port"].to_string();
    if address.contains(':') { format!("[{address}]:{port}") } else { format!("{address}:{port}") }
}

/// The line of `ss` for a socket of this process.
fn line(theirs: &str, number: i32) -> Result<&str, Failed> {
    let own = format!("pid={},fd={number})", std::process::id());
    theirs.lines().find(|line| line.contains(&own)).ok_or_else(|| format!("ss lacks {own}").into())
}

pub(crate) fn of_ss() -> Result<(), Failed> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let client = TcpStream::connect(listener.local_addr()?)?;
    let (server, _) = listener.accept()?;
    let _waiting = TcpStream::connect(listener.local_addr()?)?;
    std::io::Write::write_all(&mut &client, b"not read yet")?;
    let (udp, connected) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
    connected.connect(udp.local_addr()?)?;
    let mut numbers = vec![
        listener.as_raw_fd(),
        client.as_raw_fd(),
        server.as_raw_fd(),
        udp.as_raw_fd(),
        connected.as_raw_fd(),
    ];
    // Where there is no IPv6, it is not compared.
    let newer = TcpListener::bind("[::1]:0").ok();
    numbers.extend(newer.as_ref().map(AsRawFd::as_raw_fd));
    let half_closed = TcpStream::connect(listener.local_addr()?)?;
    half_closed.shutdown(std::net::Shutdown::Write)?;
    numbers.push(half_closed.as_raw_fd());
    let section = inspect(&["sockets", &std::process::id().to_string()]);
    let theirs = peer("ss", &["-H", "-a", "-n", "-p", "-e", "-t", "-u"]).ok_or("ss failed")?;
    for number in numbers {
        let ours = held(&section, number)?;
        let line = line(&theirs, number)?;
        let words: Vec<&str> = line.split_whitespace().collect();
        agree("table", ours["table"].as_str().map(|table| table.trim_end_matches('6')), Some(words[0]))?;
        agree("state", ours["state"].as_str(), state(words[1]))?;
        let received = ours["receive_queue"].as_u64().or(ours["connections_waiting"].as_u64());
        agree("received", received.map(|count| count.to_string()).as_deref(), Some(words[2]))?;
        if words[1] != "LISTEN" {
            agree("unsent", ours["send_queue"].to_string().as_str(), words[3])?;
        }
        agree("local", address(&ours["local"]).as_str(), words[4])?;
        let peer = match words[5] {
            "0.0.0.0:*" | "[::]:*" => "-",
            peer => peer,
        };
        agree("peer", address(&ours["peer"]).as_str(), peer)?;
        let inode = words.iter().find_map(|word| word.strip_prefix("ino:"));
        agree("inode", ours["inode"].to_string().as_str(), inode.unwrap_or_default())?;
        // ss leaves out root's number.
        let user = words.iter().find_map(|word| word.strip_prefix("uid:")).unwrap_or("0");
        agree("user", ours["user"]["id"].to_string().as_str(), user)?;
    }
    agree("what waits", held(&section, listener.as_raw_fd())?["connections_waiting"].as_u64(), Some(2))
}

pub(crate) fn unix_of_ss() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let file = UnixListener::bind(folder.path().join("socket"))?;
    let name = format!("linux-support-{}", std::process::id());
    let listener = UnixListener::bind_addr(&SocketAddr::from_abstract_name(&name)?)?;
    let (one, other) = UnixStream::pair()?;
    let datagram = UnixDatagram::unbound()?;
    let section = inspect(&["sockets", "--unix"]);
    let theirs = peer("ss", &["-H", "-a", "-n", "-p", "-x"]).ok_or("ss failed")?;
    for number in
        [file.as_raw_fd(), listener.as_raw_fd(), one.as_raw_fd(), other.as_raw_fd(), datagram.as_raw_fd()]
    {
        let ours = held(&section, number)?;
        let line = line(&theirs, number)?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let kind = match ours["kind"].as_str() {
            Some("stream") => "u_str",
            Some("datagram") => "u_dgr",
            kind => return Err(format!("kind {kind:?}").into()),
        };
        agree("kind", kind, words[0])?;
        agree("state", ours["state"].as_str(), state(words[1]))?;
        let local = match ours["local"]["kind"].as_str() {
            None => "*".to_owned(),
            Some("abstract") => format!("@{}", ours["local"]["name"].as_str().unwrap_or_default()),
            _ => ours["local"]["path"].as_str().unwrap_or_default().to_owned(),
        };
        agree("name", local.as_str(), words[4])?;
        agree("inode", ours["inode"].to_string().as_str(), words[5])?;
    }
    Ok(())
}

pub(crate) fn netlink_of_ss() -> Result<(), Failed> {
    let read = || -> Result<Vec<String>, Failed> {
        let section = inspect(&["sockets", "--netlink"]);
        let own = std::fs::read_link("/proc/self/ns/net")?.to_string_lossy().into_owned();
        let inode: u64 = own.trim_start_matches("net:[").trim_end_matches(']').parse()?;
        let namespaces = section["namespaces"].as_array().ok_or("no namespaces")?;
        let mine = namespaces.iter().find(|of| of["namespace"]["inode"] == inode).ok_or("not mine")?;
        let sockets = mine["sockets"].as_array().ok_or("no sockets")?.iter();
        let mut all: Vec<_> =
            sockets.map(|ours| format!("{}:{}", ours["local"]["family"], ours["local"]["port"])).collect();
        all.sort();
        Ok(all)
    };
    // Sockets to the kernel come and go; that ss makes some itself must be allowed for.
    for _ in 0..50 {
        let before = read()?;
        let theirs = peer("ss", &["-H", "-a", "-n", "-A", "netlink"]).ok_or("ss failed")?;
        let mut theirs: Vec<String> = theirs
            .lines()
            .filter_map(|line| line.split_whitespace().nth(3))
            .map(|address| address.replace(":*", ":0"))
            .collect();
        theirs.sort();
        let count = |all: &[String], one: &String| all.iter().filter(|other| *other == one).count();
        let kernel =
            |all: &[String]| all.iter().filter(|one| one.ends_with(":0")).cloned().collect::<Vec<_>>();
        let all_there = before.iter().all(|one| count(&theirs, one) >= count(&before, one));
        if !before.is_empty() && all_there && kernel(&before) == kernel(&theirs) {
            return Ok(());
        }
    }
    Err(format!("they never agree; ours {:?}", read()?).into())
}

pub(crate) fn elsewhere_of_ss() -> Result<(), Failed> {
    let script = "socket(my $s, PF_INET, SOCK_STREAM, 0) or die; \
                  bind($s, sockaddr_in(4242, INADDR_ANY)) or die; listen($s, 5) or die; \
                  $| = 1; print \"ready\\n\"; <STDIN>";
    let started = Started::ready(Command::new("unshare").args(["--net", "perl", "-MSocket", "-e", script]))?;
    let pid = started.pid();
    let namespace = std::fs::read_link(format!("/proc/{pid}/ns/net"))?;
    let section = inspect(&["sockets", "--tcp", "--listening"]);
    let namespaces = section["namespaces"].as_array().ok_or("no namespaces")?;
    let is_it = |of: &&Value| namespace.to_string_lossy().contains(&of["namespace"]["inode"].to_string());
    let of = namespaces.iter().find(is_it).ok_or("the namespace is not shown")?;
    agree("processes", &of["processes"], &serde_json::json!([pid]))?;
    let [ours] = &of["sockets"].as_array().ok_or("no sockets")?[..] else {
        return Err(of.to_string().into());
    };
    let net = format!("--net=/proc/{pid}/ns/net");
    let theirs = peer("nsenter", &[&net, "ss", "-H", "-t", "-l", "-n"]).ok_or("nsenter failed")?;
    let words: Vec<&str> = theirs.split_whitespace().collect();
    agree("state", ours["state"].as_str(), state(words[0]))?;
    agree("local", address(&ours["local"]).as_str(), words[3])?;
    agree("holder", ours["holders"][0]["pid"].as_u64(), Some(pid.into()))?;
    agree("program", ours["holders"][0]["program"].as_str(), Some("perl"))
}

pub(crate) fn raw_of_ss() -> Result<(), Failed> {
    let script = "socket(my $r, PF_INET, SOCK_RAW, 1) or die; \
                  socket(my $p, 17, SOCK_RAW, unpack('S', pack('n', 0x88b5))) or die; \
                  $| = 1; print \"ready\\n\"; <STDIN>";
    let started = Started::ready(Command::new("perl").args(["-MSocket", "-e", script]))?;
    let pid = started.pid().to_string();
    let section = inspect(&["sockets", &pid, "--raw", "--packet"]);
    let namespaces = section["namespaces"].as_array().ok_or("no namespaces")?;
    let ours: Vec<&Value> =
        namespaces.iter().flat_map(|of| of["sockets"].as_array().into_iter().flatten()).collect();
    let theirs = peer("ss", &["-H", "-a", "-n", "-p", "-w", "-0"]).ok_or("ss failed")?;
    let mut compared = 0;
    for line in theirs.lines().filter(|line| line.contains(&format!("pid={pid},"))) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let table = if words[0] == "p_raw" { "packet" } else { words[0] };
        let ours =
            ours.iter().find(|ours| ours["table"] == table).ok_or_else(|| format!("{table} is missing"))?;
        agree("kind", ours["kind"].as_str(), Some("raw"))?;
        agree("state", ours["state"].as_str(), state(words[1]))?;
        let descriptor = ours["holders"][0]["descriptor"].to_string();
        agree("descriptor", line.contains(&format!("fd={descriptor})")), true)?;
        if table == "raw" {
            agree("local", address(&ours["local"]).as_str(), words[4])?;
        } else {
            agree("protocol", ours["local"]["protocol"].as_u64(), Some(0x88b5))?;
        }
        compared += 1;
    }
    agree("how many", (ours.len(), compared), (2, 2))
}
