use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    net::{TcpListener, UdpSocket},
    os::{
        fd::{AsFd, AsRawFd},
        unix::net::UnixListener,
    },
};

use libtest_mimic::Failed;
use linux_support::fd::{Clock, Epoll, EventFd, Interest, MemFd, TimerFd};
use serde_json::Value;

use crate::{
    agree,
    common::{inspect, peer, run},
};

/// What `lsof -F` says of a descriptor, by the letter of the field.
type Fields = BTreeMap<char, String>;

fn lsof(pid: &str) -> Result<BTreeMap<u64, Fields>, Failed> {
    let text = peer("lsof", &["-w", "-n", "-P", "-p", pid, "-F", "fatin"]).ok_or("lsof failed")?;
    let mut descriptors: BTreeMap<u64, Fields> = BTreeMap::new();
    let mut current = None;
    for line in text.lines() {
        let mut letters = line.chars();
        let Some(letter) = letters.next() else { continue };
        if letter == 'f' {
            current = letters.as_str().parse().ok();
        }
        if let Some(number) = current {
            descriptors.entry(number).or_default().insert(letter, letters.as_str().trim_end().to_owned());
        }
    }
    Ok(descriptors)
}

pub(crate) fn of_lsof() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("a file");
    let written = File::create(&path)?;
    let read = File::open(&path)?;
    let both = OpenOptions::new().read(true).write(true).open(&path)?;
    let device = File::open("/dev/null")?;
    let directory = File::open(folder.path())?;
    let (pipe_end, pipe_start) = std::io::pipe()?;
    let tcp = TcpListener::bind("127.0.0.1:0")?;
    let udp = UdpSocket::bind("[::1]:0").or_else(|_| UdpSocket::bind("127.0.0.1:0"))?;
    let unix = UnixListener::bind(folder.path().join("a socket"))?;
    let event = EventFd::counter(5)?;
    let timer = TimerFd::new(Clock::Monotonic)?;
    let epoll = Epoll::new()?;
    epoll.add(&event, Interest::READABLE, 7_u64)?;
    let memory = MemFd::new("some memory")?;
    // What is held, with the kind, and what stands beside it.
    let held = [
        (written.as_raw_fd(), "file", "plain"),
        (read.as_raw_fd(), "file", "plain"),
        (both.as_raw_fd(), "file", "plain"),
        (device.as_raw_fd(), "file", "plain"),
        (directory.as_raw_fd(), "file", "plain"),
        (pipe_end.as_raw_fd(), "pipe", "plain"),
        (pipe_start.as_raw_fd(), "pipe", "plain"),
        (tcp.as_raw_fd(), "socket", "plain"),
        (udp.as_raw_fd(), "socket", "plain"),
        (unix.as_raw_fd(), "socket", "unix-socket"),
        (event.as_fd().as_raw_fd(), "anonymous", "event"),
        (timer.as_fd().as_raw_fd(), "anonymous", "timer"),
        (epoll.as_fd().as_raw_fd(), "anonymous", "epoll"),
        (memory.as_fd().as_raw_fd(), "memory-file", "plain"),
    ];
    let pid = std::process::id().to_string();
    let process = inspect(&["process", &pid]);
    let ours = process["descriptors"].as_array().ok_or("no descriptors")?;
    let theirs = lsof(&pid)?;
    for (number, kind, detail) in held {
        let ours = ours
            .iter()
            .find(|ours| ours["number"] == number)
            .ok_or_else(|| format!("{number} is missing"))?;
        let theirs = theirs.get(&u64::try_from(number)?).ok_or_else(|| format!("lsof lacks {number}"))?;
        let (target, info) = (&ours["target"], &ours["info"]);
        let kind = if kind == "file" { "path" } else { kind };
        agree("kind", target["kind"].as_str(), Some(kind))?;
        agree("detail", info["detail"]["kind"].as_str(), Some(detail))?;
        agree("access", Some(access(info)?), theirs.get(&'a').map(String::as_str))?;
        let name = theirs.get(&'n').map(String::as_str).unwrap_or_default();
        let of_theirs = |letter| theirs.get(&letter).map(String::as_str).unwrap_or_default();
        match kind {
            "path" => agree("path", target["path"].as_str(), Some(name))?,
            "anonymous" => {
                agree("type", of_theirs('t'), "a_inode")?;
                let what = target["what"].as_str().ok_or("what")?;
                // lsof adds what an epoll watches, and cuts the name.
                if !name.contains(what) {
                    return Err(format!("{number}: ours {what}, theirs {name}").into());
                }
            }
            "memory-file" => agree("name", target["name"].as_str(), Some("some memory"))?,
            "pipe" => agree("type", of_theirs('t'), "FIFO")?,
            // Of sockets of the Internet, the inode stands in another column.
            _ => {}
        }
        if kind == "pipe" || detail == "unix-socket" {
            agree("inode", target["inode"].to_string(), of_theirs('i').to_owned())?;
        }
        if matches!(kind, "path" | "pipe" | "socket") {
            let inode = info["inode"].as_u64();
            agree(
                "inode of fdinfo",
                inode.is_none() || kind != "path" || inode == of_theirs('i').parse().ok(),
                true,
            )?;
        }
    }
    let sockets = process["sockets"].as_array().ok_or("no sockets")?;
    for number in [tcp.as_raw_fd(), udp.as_raw_fd()] {
        let is_it = |socket: &&Value| socket["holders"][0]["descriptor"] == number;
        let local = &sockets.iter().find(is_it).ok_or("a socket is missing")?["local"];
        let address = local["address"].as_str().ok_or("no address")?;
        let address = if address.contains(':') { format!("[{address}]") } else { address.to_owned() };
        let name = theirs.get(&u64::try_from(number)?).and_then(|theirs| theirs.get(&'n'));
        agree("address", Some(&format!("{address}:{}", local["port"])), name)?;
    }
    let text = String::from_utf8(run(&["inspect", "process", &pid]).stdout)?;
    let shown =
        text.lines().any(|line| line.contains(&format!("tcp listening {}", tcp.local_addr().unwrap())));
    agree("shown", shown, true)?;
    let state = |number: i32| {
        let found = ours.iter().find(|ours| ours["number"] == number);
        found.map_or(Value::Null, |found| found["info"]["detail"]["state"].clone())
    };
    agree("the counter", state(event.as_fd().as_raw_fd())["count"].as_u64(), Some(5))?;
    let watched = state(epoll.as_fd().as_raw_fd());
    agree("what is watched", watched[0]["descriptor"].as_i64(), Some(event.as_fd().as_raw_fd().into()))
}

/// The letter that `lsof` has for what a descriptor may be used for.
fn access(info: &Value) -> Result<&'static str, Failed> {
    let flags: Vec<_> =
        info["flags"].as_array().ok_or("no flags")?.iter().filter_map(Value::as_str).collect();
    [("read-only", "r"), ("write-only", "w"), ("read-and-write", "u")]
        .into_iter()
        .find(|(flag, _)| flags.contains(flag))
        .map(|(_, letter)| letter)
        .ok_or_else(|| format!("neither read nor written: {flags:?}").into())
}
