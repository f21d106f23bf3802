//! The CPU time of the program `linux-support`.

use std::{
    env,
    io::{self, Seek},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use crate::{
    sys,
    table::{Row, Target},
};

/// The program, as cargo built it beside this one.
pub(crate) fn built() -> Option<PathBuf> {
    let program = env::current_exe().ok()?.with_file_name("linux-support");
    program.is_file().then_some(program)
}

/// Runs `program inspect --format json` so many `rounds` and gives its CPU time, user and system.
pub(crate) fn row(program: &Path, rounds: usize) -> io::Result<Row> {
    let mut times = Vec::with_capacity(rounds);
    let mut page = tempfile::tempfile()?;
    for _ in 0..rounds.max(1) {
        page.set_len(0)?;
        page.rewind()?;
        let child = Command::new(program)
            .args(["inspect", "--format", "json"])
            .stdin(Stdio::null())
            .stdout(page.try_clone()?)
            .spawn()?;
        times.push(sys::wait_for_cpu_time(child)?);
    }
    let bytes = page.stream_position()?;
    if bytes == 0 {
        return Err(io::Error::other(format!("{} printed nothing", program.display())));
    }
    times.sort_unstable();
    Ok(Row {
        name: "inspect --format json".to_owned(),
        bytes: Some(bytes as usize),
        ours: times[times.len() / 2].as_nanos() as f64,
        peer: None,
        ratio: None,
        targets: &[Target::Milliseconds(50.0)],
    })
}
