//! Reading five files of every process: `stat`, `status`, `cmdline`, `io` and `cgroup`.

use std::{
    fs,
    hint::black_box,
    io::{self, BufRead, BufReader, Write},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use linux_support_base::{Error, Machine};
use linux_support_cgroup::Membership;
use linux_support_process::Process;

use crate::{
    crowd::Crowd,
    pair::{self, Side},
    table::{
        Row,
        Target::{self, Faster},
    },
};

pub(crate) const NAME: &str = "scan";

/// The columns of `ps` that come from these files.
const COLUMNS: &str =
    "pid,ppid,user,stat,nlwp,time,rss,nice,policy,args,cgroup,rbytes,rchars,rops,wbytes,wcbytes,wchars,wops";

/// The same by psutil; each line that it is given has it scan once.
const SCRIPT: &str = "
import psutil, sys
names = ['pid', 'ppid', 'username', 'status', 'num_threads', 'cpu_times', 'memory_info', 'nice', 'cmdline', 'io_counters']
for line in sys.stdin:
    for process in psutil.process_iter(names):
        try:
            with open(f'/proc/{process.pid}/cgroup', 'rb') as file:
                file.read()
        except OSError:
            pass
    psutil.process_iter.cache_clear() if hasattr(psutil.process_iter, 'cache_clear') else psutil._pmap.clear()
    print(flush=True)
";

/// psutil in an interpreter that has started.
struct Psutil {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Psutil {
    fn start() -> io::Result<Self> {
        let mut command = Command::new("/usr/bin/python3");
        command.args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (input, output) = pipes.ok_or_else(|| io::Error::other("no pipes"))?;
        let mut psutil = Self { child, input, output: BufReader::new(output) };
        psutil.scan()?;
        Ok(psutil)
    }

    fn scan(&mut self) -> io::Result<()> {
        self.input.write_all(b"\n")?;
        match self.output.read_line(&mut String::new())? {
            0 => Err(io::Error::other("python3-psutil is to be installed")),
            _ => Ok(()),
        }
    }
}

impl Drop for Psutil {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads the five files of each process, one process after the other, and gives how many were whole.
fn scan(machine: &Machine) -> Result<usize, Error> {
    let mut whole = 0;
    for process in Process::all(machine)? {
        let process = process?;
        let read = || -> Result<(), Error> {
            black_box((process.stat()?, process.status()?, process.command_line()?, process.input_output()?));
            black_box(process.directory().parse("cgroup", Membership::parse_all)?);
            Ok(())
        };
        whole += usize::from(read().is_ok());
    }
    Ok(whole)
}

/// The memory of this process that is in use, in bytes.
fn resident() -> io::Result<u64> {
    let statm = fs::read_to_string("/proc/self/statm")?;
    let pages = statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok());
    Ok(pages.ok_or_else(|| io::Error::other("statm"))? * rustix::param::page_size() as u64)
}

/// Scans all processes while there are `count` more of them.
pub(crate) fn rows(machine: &Machine, count: usize, rounds: usize) -> io::Result<Vec<Row>> {
    let before = resident()?;
    let few = scan(machine).map_err(io::Error::other)?;
    let first = resident()?;
    let crowd = Crowd::start(count)?;
    let crowded = resident()?;
    let many = scan(machine).map_err(io::Error::other)?;
    let grown = resident()?;
    if many < few + count / 2 {
        return Err(io::Error::other(format!("{many} processes are there, and were {few}")));
    }
    println!(
        "\nmemory that a scan of {few} processes takes: {} KiB; that one of {many} takes more: {} KiB",
        first.saturating_sub(before) >> 10,
        grown.saturating_sub(crowded) >> 10
    );
    let mut peers: Vec<(&'static str, &'static [Target], Side<'_>)> =
        vec![("beside ps", &[Faster(1.0)], Box::new(ps))];
    match Psutil::start() {
        Ok(mut psutil) => {
            let scan = move || psutil.scan().expect("psutil goes on");
            peers.push(("beside psutil", &[Faster(3.0)], Box::new(scan)));
        }
        Err(error) => println!("no psutil to measure: {error}"),
    }
    let (headings, mut sides): (Vec<_>, Vec<_>) =
        peers.into_iter().map(|(name, targets, side)| ((name, targets), side)).unzip();
    sides.push(Box::new(|| assert!(scan(machine).is_ok_and(|whole| whole >= count / 2))));
    let ours = headings.len();
    let measured = pair::measure(&mut sides, rounds);
    drop(sides);
    drop(crowd);
    let row = |(peer, (name, targets)): (usize, (&'static str, &'static [Target]))| Row {
        name: name.to_owned(),
        bytes: None,
        ours: measured.nanoseconds(ours),
        peer: Some(measured.nanoseconds(peer)),
        ratio: Some(measured.ratio(peer, ours)),
        targets,
    };
    Ok(headings.into_iter().enumerate().map(row).collect())
}

fn ps() {
    let output = Command::new("ps").args(["-eo", COLUMNS]).output().expect("ps runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    black_box(output);
}
