//! Listing many processes.

use std::{
    fs::File,
    hint::black_box,
    io::{self, PipeWriter},
    process::{Child, Command, Stdio},
};

use linux_support_base::Machine;
use linux_support_process::processes;
use procfs::process::all_processes;
use rustix::fs::Dir;

use crate::{
    floor,
    pair::{self, Side},
    table::{
        Row,
        Target::{self, Faster, Within},
    },
};

/// Many children that wait; they end when this is dropped, and also when this process ends in any way.
#[derive(Debug)]
pub(crate) struct Crowd {
    /// The end of the pipe that all wait on. When it is closed, they end.
    pipe: Option<PipeWriter>,
    children: Vec<Child>,
}

impl Crowd {
    /// Starts so many children.
    pub(crate) fn start(count: usize) -> io::Result<Self> {
        let (reader, writer) = io::pipe()?;
        let mut crowd = Self { pipe: Some(writer), children: Vec::with_capacity(count) };
        for _ in 0..count {
            let child = Command::new("cat")
                .stdin(reader.try_clone()?)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()?;
            crowd.children.push(child);
        }
        Ok(crowd)
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        drop(self.pipe.take());
        for child in &mut self.children {
            let _ = child.wait();
        }
    }
}

/// Lists all processes while there are `count` more of them: ours beside others.
pub(crate) fn rows(machine: &Machine, count: usize, rounds: usize) -> io::Result<Vec<Row>> {
    let _crowd = Crowd::start(count)?;
    let proc = File::open("/proc")?;
    let mut buffer = Vec::with_capacity(64 << 10);
    let ours: Side<'_> = Box::new(|| {
        for process in processes(machine).expect("/proc is listed") {
            black_box(process);
        }
    });
    let peers: [(&str, &[Target], Side<'_>); 3] = [
        ("beside bare reading", &[Within(1.2)], Box::new(|| bare(&proc, &mut buffer))),
        ("beside the crate procfs", &[Faster(1.0)], Box::new(procfs)),
        ("beside ps", &[Faster(1.0)], Box::new(ps)),
    ];
    let (headings, mut sides): (Vec<_>, Vec<_>) =
        peers.into_iter().map(|(name, targets, side)| ((name, targets), side)).unzip();
    sides.push(ours);
    let last = headings.len();
    let measured = pair::measure(&mut sides, rounds);
    Ok(headings
        .into_iter()
        .enumerate()
        .map(|(peer, (name, targets))| Row {
            name: name.to_owned(),
            bytes: None,
            ours: measured.nanoseconds(last),
            peer: Some(measured.nanoseconds(peer)),
            ratio: Some(match targets {
                [Within(_)] => measured.ratio(last, peer),
                _ => measured.ratio(peer, last),
            }),
            targets,
        })
        .collect())
}

/// Opens, reads and closes three files of each process.
fn bare(proc: &File, buffer: &mut Vec<u8>) {
    let mut path = String::new();
    for entry in Dir::read_from(proc).expect("/proc is listed") {
        let entry = entry.expect("/proc is listed");
        let Some(pid) = entry.file_name().to_str().ok().filter(|name| name.as_bytes()[0].is_ascii_digit())
        else {
            continue;
        };
        for file in ["/stat", "/status", "/cmdline"] {
            path.clear();
            path.push_str(pid);
            path.push_str(file);
            // The process may have ended meanwhile.
            let _ = floor::bare(proc, &path, 1, buffer);
            black_box(&*buffer);
        }
    }
}

fn procfs() {
    for process in all_processes().expect("/proc is listed").flatten() {
        let _ = black_box((process.stat(), process.status(), process.cmdline()));
    }
}

fn ps() {
    let output = Command::new("ps")
        .args(["-eo", "pid,ppid,user,stat,nlwp,time,rss,nice,policy,args"])
        .output()
        .expect("ps runs");
    black_box(output);
}
