//! What a transfer costs the program itself.

use core::ops::ControlFlow::Continue;
use std::{
    fs::File,
    io::{Read, Seek, Write},
    os::unix::net::UnixStream,
    thread,
    time::{Duration, Instant},
};

use linux_support_fd::Splicer;
use rustix::time::{ClockId, clock_gettime};

use crate::open::Open;

const LENGTH: u64 = 128 << 20;

/// The time that the calling thread has spent in the program itself, in steps of a clock tick.
fn time_in_program() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
    let after_name = stat.rsplit_once(')').unwrap().1;
    let ticks: u64 = after_name.split_ascii_whitespace().nth(11).unwrap().parse().unwrap();
    Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second())
}

/// The time that the calling thread has spent in the program and in the kernel.
fn time_in_all() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.cast_unsigned(), time.tv_nsec as u32)
}

/// Sends the file to a socket that is read all the time, and gives the thread's time in the program and in all.
fn cost(file: &mut File, send: impl FnOnce(&mut File, &mut UnixStream)) -> (Duration, Duration) {
    let (mut socket, mut other) = UnixStream::pair().unwrap();
    let reader = thread::spawn(move || {
        let (mut buffer, mut sum) = (vec![0; 1 << 20], 0);
        loop {
            match other.read(&mut buffer).unwrap() {
                0 => return sum,
                read => sum += read as u64,
            }
        }
    });
    file.rewind().unwrap();
    let (program, all) = (time_in_program(), time_in_all());
    send(file, &mut socket);
    let cost = (time_in_program() - program, time_in_all() - all);
    drop(socket);
    assert_eq!(reader.join().unwrap(), LENGTH);
    cost
}

#[test]
fn splicing_takes_the_program_no_time_and_the_thread_less_than_copying() {
    let _open = Open::watched();
    let mut file = tempfile::tempfile().unwrap();
    file.set_len(LENGTH).unwrap();
    std::io::copy(&mut file, &mut std::io::sink()).unwrap();
    let mut splicer = Splicer::new().unwrap();
    let (mut steps, begin) = (0, Instant::now());
    let (mut spliced, mut copied) = ((Duration::MAX, Duration::MAX), Duration::MAX);
    for _ in 0..3 {
        let (program, all) = cost(&mut file, |file, socket| {
            let step = |_| {
                steps += 1;
                Continue(())
            };
            assert_eq!(splicer.transfer(file, socket, None, step).unwrap().delivered, LENGTH);
        });
        spliced = (spliced.0.min(program), spliced.1.min(all));
        let (_, all) = cost(&mut file, |file, socket| {
            let mut buffer = vec![0; 64 << 10];
            loop {
                match file.read(&mut buffer).unwrap() {
                    0 => break,
                    read => socket.write_all(&buffer[..read]).unwrap(),
                }
            }
        });
        copied = copied.min(all);
    }
    assert!(steps < 3 * LENGTH / 4096, "a step for each page: {steps}");
    // Two ticks; more where the machine is so slow that all took seconds.
    assert!(spliced.0 <= Duration::from_millis(20).max(begin.elapsed() / 10), "{spliced:?} in the program");
    assert!(spliced.1 < copied, "{spliced:?} beside {copied:?}");
}
