//! What a transfer costs the program itself.

use core::ops::ControlFlow::Continue;
use std::{io::Read, os::unix::net::UnixStream, thread, time::Duration};

use linux_support_fd::Splicer;

use crate::open::Open;

/// The time that the calling thread has spent in the program itself.
fn own_time() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/stat").unwrap();
    let after_name = stat.rsplit_once(')').unwrap().1;
    let ticks: u64 = after_name.split_ascii_whitespace().nth(11).unwrap().parse().unwrap();
    Duration::from_millis(ticks * 1000 / rustix::param::clock_ticks_per_second())
}

#[test]
fn splicing_a_quarter_of_a_gibibyte_takes_the_program_next_to_no_time() {
    let _open = Open::watched();
    const LENGTH: u64 = 256 << 20;
    let file = tempfile::tempfile().unwrap();
    file.set_len(LENGTH).unwrap();
    let (one, mut other) = UnixStream::pair().unwrap();
    let reader = thread::spawn(move || {
        let (mut buffer, mut sum) = (vec![0; 1 << 20], 0);
        loop {
            match other.read(&mut buffer).unwrap() {
                0 => return sum,
                read => sum += read as u64,
            }
        }
    });
    let mut splicer = Splicer::new().unwrap();
    let (mut steps, before) = (0, own_time());
    let done = splicer.transfer(&file, &one, None, |_| {
        steps += 1;
        Continue(())
    });
    let spent = own_time() - before;
    drop(one);
    assert_eq!((done.unwrap().delivered, reader.join().unwrap()), (LENGTH, LENGTH));
    // Copying that much once, in the program, would take about as long as the limit; the calls take a hundredth.
    assert!(spent <= Duration::from_millis(50), "{spent:?}");
    assert!(steps < LENGTH / 4096, "a step for each page: {steps}");
}
