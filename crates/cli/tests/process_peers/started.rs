use std::{
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Stdio},
    time::Duration,
};

use libtest_mimic::Failed;

/// A process that waits for the end of its input, and ends with its guard.
pub(crate) struct Started {
    child: Child,
    /// What it said when it was ready.
    pub(crate) said: String,
}

impl Started {
    /// Starts a program that prints a line when it is ready.
    pub(crate) fn ready(command: &mut Command) -> Result<Self, Failed> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut said = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut said)?;
        if said.is_empty() {
            let _ = child.kill();
            return Err(format!("{command:?} said nothing: {}", child.wait()?).into());
        }
        Ok(Self { child, said })
    }

    /// Starts a program that says nothing, and waits until it is asleep in itself.
    pub(crate) fn asleep(command: &mut Command) -> Result<Self, Failed> {
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn()?;
        let started = Self { child, said: String::new() };
        for _ in 0..500 {
            let mut text = Vec::new();
            std::fs::File::open(format!("/proc/{}/syscall", started.pid()))?.read_to_end(&mut text)?;
            // In clock_nanosleep, or wherever else it sleeps: not on its way to the program.
            let state = std::fs::read(format!("/proc/{}/stat", started.pid()))?;
            let state =
                String::from_utf8_lossy(&state).rsplit_once(')').map(|(_, rest)| rest.trim().to_owned());
            let is_running = text.starts_with(b"running");
            let line = std::fs::read(format!("/proc/{}/cmdline", started.pid()))?;
            if !is_running && state.is_some_and(|state| state.starts_with('S')) && ends_in_77(&line) {
                return Ok(started);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Err(format!("{command:?} does not sleep").into())
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

/// Whether it is the `sleep 77` that the tests start, and no program before it in the chain.
fn ends_in_77(line: &[u8]) -> bool {
    let mut words = line.split(|byte| *byte == 0).filter(|word| !word.is_empty());
    let first = words.next().unwrap_or_default();
    words.eq([&b"77"[..]]) && !first.is_empty()
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
