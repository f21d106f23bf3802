//! One run of a machine: from its start to its end, whatever it does.

use std::{
    fs::{self, File},
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use super::{
    attempt,
    protocol::{self, Event},
};
use crate::{Stop, tools};

/// For how long a machine may start, in seconds; emulated, and beside other work.
const START_LIMIT: u64 = 180;
/// What is added to a job's own limit, which the guest enforces, before it is the guest that hangs.
const GRACE: u64 = 20;
/// For how long a machine may power off after its closing line.
const END_LIMIT: u64 = 30;
/// How many of the console's last lines are shown.
const TAIL: usize = 40;

/// A machine to be run.
#[derive(Debug)]
pub(crate) struct Boot<'a> {
    pub(crate) program: &'a Path,
    pub(crate) arguments: &'a [String],
    /// The file that the console writes into.
    pub(crate) console: &'a Path,
    /// The word that begins the lab's lines.
    pub(crate) word: &'a str,
    /// The limit of each job, in seconds.
    pub(crate) limits: &'a [u64],
}

/// How a run went.
#[derive(Debug)]
pub(crate) struct Course {
    /// Until the first process was up; none if it never was.
    pub(crate) start: Option<Duration>,
    pub(crate) whole: Duration,
    /// Why the run is a failure, whatever its jobs did; with the console's tail.
    pub(crate) fault: Option<String>,
}

impl Boot<'_> {
    /// Runs the machine to its end, and gives `hear` each thing that it says.
    ///
    /// The machine is gone when this returns.
    pub(crate) fn run(&self, mut hear: impl FnMut(&Event)) -> Result<Course, Stop> {
        let errors = self.console.with_file_name("qemu.log");
        let log = attempt(format_args!("{}", errors.display()), File::create(&errors))?;
        let begin = Instant::now();
        let child = tied(self.program)
            .args(self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn();
        let mut guest = Guest(attempt(format_args!("{}", self.program.display()), child)?);
        let events = listen(&mut guest.0, self.word.to_owned());
        let mut start = None;
        let mut trouble = None;
        let mut done = false;
        let mut limit = START_LIMIT;
        let mut job = None;
        let mut deadline = begin + Duration::from_secs(limit);
        let hang = loop {
            match events.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(event) => {
                    match &event {
                        Event::Ready => start = Some(begin.elapsed()),
                        Event::Trouble(what) => trouble = Some(what.clone()),
                        Event::Start(number) => job = Some(*number),
                        Event::End(_) => job = None,
                        Event::Done => done = true,
                        Event::Output(_) => {}
                    }
                    limit = match (&event, job) {
                        // What a job prints is no reason to wait longer for it.
                        (Event::Output(_), _) => limit,
                        (Event::Done, _) => END_LIMIT,
                        (_, Some(number)) => self.limits.get(number).map_or(0, |limit| limit + GRACE),
                        (_, None) => START_LIMIT,
                    };
                    if !matches!(event, Event::Output(_)) {
                        deadline = Instant::now() + Duration::from_secs(limit);
                    }
                    hear(&event);
                }
                Err(RecvTimeoutError::Timeout) => break true,
                Err(RecvTimeoutError::Disconnected) => break false,
            }
        };
        let status = if hang { guest.end()? } else { guest.wait(END_LIMIT)? };
        let whole = begin.elapsed();
        let what = match (hang, done, start) {
            (true, true, _) => Some(format!("did not power off within {END_LIMIT} s")),
            (true, false, None) => Some(format!("was not up after {START_LIMIT} s")),
            (true, false, Some(_)) => Some(format!("hung: said nothing for {limit} s")),
            (false, true, _) => trouble.map(|what| format!("is not as declared: {what}")),
            (false, false, _) if is_panic(self.console) => Some("panicked".to_owned()),
            (false, false, _) if !status.success() => {
                Some(format!("could not be run: QEMU ended by {status}\n{}", text(&errors).trim()))
            }
            (false, false, _) => Some("ended without its closing line".to_owned()),
        };
        let fault = what.map(|what| format!("the machine {what}\n{}", tail(self.console)));
        Ok(Course { start, whole, fault })
    }
}

/// `program`, which ends when this program does, even if that is killed; where setpriv is there to see to it.
fn tied(program: &Path) -> Command {
    match tools::find("setpriv") {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            command.args(["--pdeathsig", "KILL", "--"]).arg(program);
            command
        }
        None => Command::new(program),
    }
}

/// A running QEMU, which ends with this value.
#[derive(Debug)]
struct Guest(Child);

impl Guest {
    /// Waits for its end for so many `seconds`, then ends it.
    fn wait(&mut self, seconds: u64) -> Result<ExitStatus, Stop> {
        let deadline = Instant::now() + Duration::from_secs(seconds);
        while Instant::now() < deadline {
            if let Some(status) = attempt("wait for QEMU", self.0.try_wait())? {
                return Ok(status);
            }
            thread::sleep(Duration::from_millis(10));
        }
        self.end()
    }

    fn end(&mut self) -> Result<ExitStatus, Stop> {
        // It may have ended by itself.
        let _ = self.0.kill();
        attempt("wait for QEMU", self.0.wait())
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        let _ = self.end();
    }
}

fn listen(child: &mut Child, word: String) -> Receiver<Event> {
    let (sender, receiver) = mpsc::channel();
    if let Some(output) = child.stdout.take() {
        thread::spawn(move || {
            let mut output = BufReader::new(output);
            let mut line = Vec::new();
            while output.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
                if sender.send(protocol::event(&line, &word)).is_err() {
                    break;
                }
                line.clear();
            }
        });
    }
    receiver
}

fn text(file: &Path) -> String {
    fs::read(file).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
}

/// What the kernel says when it gives up.
const PANIC: &str = "Kernel panic - not syncing";

fn is_panic(console: &Path) -> bool {
    text(console).contains(PANIC)
}

/// The last lines of the console; from the panic on, if there was one before them.
fn tail(console: &Path) -> String {
    let text = text(console);
    let lines: Vec<_> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
    let panic = lines.iter().rposition(|line| line.contains(PANIC)).unwrap_or(usize::MAX);
    let last = &lines[lines.len().saturating_sub(TAIL).min(panic)..];
    let mut shown = format!("  the console's last lines (all are in {}):\n", console.display());
    for line in last {
        shown.push_str(&format!("  | {}\n", printable(line)));
    }
    shown
}

/// The line without what would move the cursor of the terminal that it is shown on.
fn printable(line: &str) -> String {
    line.chars().filter(|character| !character.is_control() || *character == '\t').collect()
}

/// The folder of a run's files, emptied.
pub(crate) fn folder(name: &str) -> Result<PathBuf, Stop> {
    let folder = super::scratch("")?.join(name);
    if folder.exists() {
        attempt(format_args!("{}", folder.display()), fs::remove_dir_all(&folder))?;
    }
    attempt(format_args!("{}", folder.display()), fs::create_dir_all(&folder))?;
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_the_last_lines_without_control_characters() {
        let folder = std::env::temp_dir().join(format!("linux-support-lab-tail-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let console = folder.join("console.log");
        let text: String = (0..100).map(|number| format!("line {number}\x1b\r\n\n")).collect();
        fs::write(&console, text).unwrap();
        let tail = tail(&console);
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(tail.lines().count(), TAIL + 1);
        assert!(tail.ends_with("  | line 99\n"), "{tail:?}");
        assert!(!tail.contains("line 59\n"));
    }

    #[test]
    fn the_tail_begins_with_the_panic_if_that_is_before_it() {
        let folder = std::env::temp_dir().join(format!("linux-support-lab-panic-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        let console = folder.join("console.log");
        fs::write(&console, format!("before\n[1] {PANIC}: no init\n{}", "trace\n".repeat(90))).unwrap();
        let tail = tail(&console);
        fs::remove_dir_all(&folder).unwrap();
        assert_eq!(tail.lines().nth(1), Some("  | [1] Kernel panic - not syncing: no init"));
        assert_eq!(tail.lines().count(), 92);
    }
}
