//! A file to a socket: spliced, sent, and through the program.
//!
//! ```console
//! $ cargo run --release -p linux-support-fd --example splice
//! ```
//!
//! Moves 1 GiB each way, three times in turn, and shows the best of each: how fast it went, and how much time the
//! sending thread spent in the program and in the kernel. The file's pages are in memory before the first round.

use core::ops::ControlFlow::Continue;
use std::{
    fs::{self, File},
    io::{Error, Read, Result, Seek, Write},
    os::unix::net::UnixStream,
    thread,
    time::{Duration, Instant},
};

use linux_support_fd::{SendFile, Splicer};

const LENGTH: u64 = 1 << 30;
const CHUNK: usize = 64 << 10;

/// A way to get a file to a socket.
type Way = fn(&mut File, &mut UnixStream) -> Result<u64>;

fn spliced(file: &mut File, socket: &mut UnixStream) -> Result<u64> {
    Ok(Splicer::new()?.transfer(file, socket, None, |_| Continue(()))?.delivered)
}

fn sent(file: &mut File, socket: &mut UnixStream) -> Result<u64> {
    Ok(socket.send_file_range(file, 0..LENGTH, |_| Continue(()))?.delivered)
}

fn read_and_written(file: &mut File, socket: &mut UnixStream) -> Result<u64> {
    let (mut buffer, mut sum) = (vec![0; CHUNK], 0);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(sum),
            read => socket.write_all(&buffer[..read])?,
        }
        sum = file.stream_position()?;
    }
}

/// The time that the calling thread has spent in the program and in the kernel.
fn own_times() -> Result<(Duration, Duration)> {
    let stat = fs::read_to_string("/proc/thread-self/stat")?;
    let (_, fields) = stat.rsplit_once(')').ok_or_else(|| Error::other("no name in stat"))?;
    let mut ticks = fields.split_ascii_whitespace().skip(11).map(|field| field.parse().unwrap_or(0));
    let mut time = || {
        let ticks: u64 = ticks.next().unwrap_or(0);
        Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second())
    };
    Ok((time(), time()))
}

/// Goes this way once: how long it took, and the thread's own times.
fn measure(way: Way, file: &mut File) -> Result<(Duration, Duration, Duration)> {
    file.rewind()?;
    let (mut socket, mut other) = UnixStream::pair()?;
    let reader = thread::spawn(move || -> Result<()> {
        let mut buffer = vec![0; 1 << 20];
        while other.read(&mut buffer)? > 0 {}
        Ok(())
    });
    let (program, kernel) = own_times()?;
    let begin = Instant::now();
    let moved = way(file, &mut socket)?;
    drop(socket);
    reader.join().map_err(|_| Error::other("the reader panicked"))??;
    let took = begin.elapsed();
    let (program_after, kernel_after) = own_times()?;
    assert_eq!(moved, LENGTH);
    Ok((took, program_after - program, kernel_after - kernel))
}

fn main() -> Result<()> {
    let mut file = tempfile::tempfile()?;
    for _ in 0..LENGTH / CHUNK as u64 {
        file.write_all(&[1; CHUNK])?;
    }
    let ways: [(&str, Way); 3] =
        [("splice", spliced), ("sendfile", sent), ("read and write", read_and_written)];
    let mut best: Vec<Option<(Duration, Duration, Duration)>> = vec![None; ways.len()];
    for _ in 0..3 {
        for ((_, way), best) in ways.iter().zip(&mut best) {
            let round = measure(*way, &mut file)?;
            *best = Some(best.map_or(round, |before| before.min(round)));
        }
    }
    println!("{:16} {:>8} {:>12} {:>12}", "1 GiB by", "GB/s", "program, ms", "kernel, ms");
    for ((name, _), (took, program, kernel)) in ways.iter().zip(best.iter().flatten()) {
        let speed = LENGTH as f64 / 1e9 / took.as_secs_f64();
        println!("{name:16} {speed:8.2} {:12} {:12}", program.as_millis(), kernel.as_millis());
    }
    Ok(())
}
