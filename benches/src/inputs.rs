//! The texts that the parsers are measured on.

use std::{
    collections::BTreeMap,
    fs, io,
    net::{TcpListener, TcpStream, UdpSocket},
    os::unix::net::UnixStream,
    path::Path,
};

use crate::sys;

/// Each file that is parsed: its short name and its path.
pub(crate) const FILES: &[(&str, &str)] = &[
    ("stat", "/proc/self/stat"),
    ("status", "/proc/self/status"),
    ("meminfo", "/proc/meminfo"),
    ("vmstat", "/proc/vmstat"),
    ("mountinfo", "/proc/self/mountinfo"),
    ("cpuinfo", "/proc/cpuinfo"),
    ("maps", "/proc/self/maps"),
    ("smaps", "/proc/self/smaps"),
    ("io", "/proc/self/io"),
    ("limits", "/proc/self/limits"),
    ("mountstats", "/proc/self/mountstats"),
    ("dev", "/proc/self/net/dev"),
    ("snmp", "/proc/self/net/snmp"),
    ("snmp6", "/proc/self/net/snmp6"),
    ("tcp", "/proc/self/net/tcp"),
    ("unix", "/proc/self/net/unix"),
    ("statm", "/proc/self/statm"),
    ("schedstat", "/proc/self/schedstat"),
    ("syscall", "/proc/self/syscall"),
    ("cgroup", "/proc/self/cgroup"),
    ("smaps_rollup", "/proc/self/smaps_rollup"),
    ("udp", "/proc/self/net/udp"),
    ("arp", "/proc/self/net/arp"),
    ("route", "/proc/self/net/route"),
    ("netstat", "/proc/self/net/netstat"),
    ("sockstat", "/proc/self/net/sockstat"),
    ("cmdline", "/proc/self/cmdline"),
    ("environ", "/proc/self/environ"),
    ("comm", "/proc/self/comm"),
    ("auxv", "/proc/self/auxv"),
    ("sched", "/proc/self/sched"),
    ("uid_map", "/proc/self/uid_map"),
];

/// How many mappings this process has when its files are read.
const MAPPINGS: usize = 2000;

/// How many sockets of TCP, as many within the machine, and half as many of UDP, this process has when its files are read.
const SOCKETS: usize = 200;

/// The texts by their short names.
#[derive(Debug)]
pub(crate) struct Inputs(BTreeMap<&'static str, Vec<u8>>);

/// Gives this process as many mappings and sockets as a large program has.
pub(crate) fn grow() -> io::Result<()> {
    for _ in 0..SOCKETS / 2 {
        let udp = UdpSocket::bind("127.0.0.1:0")?;
        std::mem::forget((TcpListener::bind("127.0.0.1:0")?, UnixStream::pair()?, udp));
    }
    let listener = TcpListener::bind("127.0.0.1:0")?;
    for _ in 0..SOCKETS / 4 {
        std::mem::forget((TcpStream::connect(listener.local_addr()?)?, listener.accept()?));
    }
    sys::map_many(&fs::File::open("/proc/self/exe")?, MAPPINGS / 2)
}

impl Inputs {
    /// The files of this machine and of this process.
    pub(crate) fn read() -> io::Result<Self> {
        FILES.iter().map(|&(name, path)| Ok((name, fs::read(path)?))).collect::<io::Result<_>>().map(Self)
    }

    /// The files that [`save`](Self::save) wrote, or that were brought there from another machine.
    pub(crate) fn load(folder: &Path) -> io::Result<Self> {
        FILES
            .iter()
            .map(|&(name, _)| Ok((name, fs::read(folder.join(name))?)))
            .collect::<io::Result<_>>()
            .map(Self)
    }

    /// Writes each text to a file of its name in `folder`, which is made where it is not there.
    pub(crate) fn save(&self, folder: &Path) -> io::Result<()> {
        fs::create_dir_all(folder)?;
        self.0.iter().try_for_each(|(name, text)| fs::write(folder.join(name), text))
    }

    pub(crate) fn get(&self, name: &str) -> &[u8] {
        &self.0[name]
    }
}
