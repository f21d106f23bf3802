//! What a machine says on the results' port: see `lab/init`.

/// One thing that a machine said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Event {
    /// It is up.
    Ready,
    /// The job of this number begins.
    Start(usize),
    /// A line that a job printed.
    Output(String),
    /// The job of this number ended.
    End(End),
    /// The machine is not as declared.
    Trouble(String),
    /// The closing line.
    Done,
}

/// How a job ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) number: usize,
    /// The exit code; with 128 added, the signal.
    pub(crate) status: u8,
    /// How long it took, in hundredths of a second of the guest's time.
    pub(crate) centiseconds: u64,
}

/// What the line means, where `word` begins the lines of the lab.
pub(crate) fn event(line: &[u8], word: &str) -> Event {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end_matches(['\r', '\n']);
    let said = || {
        let rest = text.strip_prefix(word)?.strip_prefix(' ')?;
        let (verb, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let mut numbers = rest.split(' ').map(str::parse::<u64>);
        let mut number = || numbers.next()?.ok();
        match verb {
            "ready" => Some(Event::Ready),
            "done" => Some(Event::Done),
            "trouble" => Some(Event::Trouble(rest.to_owned())),
            "start" => Some(Event::Start(usize::try_from(number()?).ok()?)),
            "end" => Some(Event::End(End {
                number: usize::try_from(number()?).ok()?,
                status: u8::try_from(number()?).ok()?,
                centiseconds: number()?,
            })),
            _ => None,
        }
    };
    said().unwrap_or_else(|| Event::Output(text.to_owned()))
}

/// How a test ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Passed,
    /// It said why it can't run in this machine.
    Skipped(String),
    /// Why it counts as failed.
    Failed(String),
}

/// What `end` and the lines that it printed say of a test that may take `limit` seconds.
pub(crate) fn verdict(end: End, output: &[String], limit: u64) -> Verdict {
    let killed = end.status == 128 + 9;
    if killed && end.centiseconds + 50 >= limit * 100 {
        return Verdict::Failed(format!("ended after its {limit} s"));
    }
    match end.status {
        0 => {}
        status @ 129.. => return Verdict::Failed(format!("ended by signal {}", status - 128)),
        status => return Verdict::Failed(format!("exit code {status}")),
    }
    if !output.iter().any(|line| line.contains("test result: ok. 1 passed")) {
        return Verdict::Failed("the program ran no such test".to_owned());
    }
    let reason = output.iter().find_map(|line| reason_to_skip(line));
    reason.map_or(Verdict::Passed, |reason| Verdict::Skipped(reason.to_owned()))
}

/// Why the test can't run, if the line says that.
///
/// What a test prints first stands after its name, in the line that the test harness began.
fn reason_to_skip(line: &str) -> Option<&str> {
    let said = match line.strip_prefix("test ") {
        Some(named) => named.split_once(" ... ")?.1,
        None => line,
    };
    said.strip_prefix("skipped: ")
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORD: &str = "lab-1f";

    fn end(status: u8, centiseconds: u64) -> End {
        End { number: 0, status, centiseconds }
    }

    fn output(lines: &[&str]) -> Vec<String> {
        lines.iter().map(|line| (*line).to_owned()).collect()
    }

    const OK: &str = "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 3 filtered out";

    #[test]
    fn the_labs_lines_are_told_from_those_of_tests() {
        assert_eq!(event(b"lab-1f ready\n", WORD), Event::Ready);
        assert_eq!(event(b"lab-1f start 12\r\n", WORD), Event::Start(12));
        assert_eq!(event(b"lab-1f end 12 137 6001\n", WORD), {
            Event::End(End { number: 12, status: 137, centiseconds: 6001 })
        });
        assert_eq!(
            event(b"lab-1f trouble modprobe x: no\n", WORD),
            Event::Trouble("modprobe x: no".to_owned())
        );
        assert_eq!(event(b"lab-1f done", WORD), Event::Done);
        for line in
            ["lab-1g done", " lab-1f done", "lab-1f", "lab-1fdone", "lab-1f end x 0 0", "lab-1f end 1 999 0"]
        {
            assert_eq!(event(line.as_bytes(), WORD), Event::Output(line.to_owned()));
        }
        assert_eq!(event(b"\xff\n", WORD), Event::Output("\u{fffd}".to_owned()));
    }

    #[test]
    fn a_test_passes_only_if_it_ran_and_said_so() {
        assert_eq!(verdict(end(0, 10), &output(&["running 1 test", OK]), 60), Verdict::Passed);
        let none = output(&["running 0 tests", "test result: ok. 0 passed; 0 failed"]);
        assert_eq!(
            verdict(end(0, 10), &none, 60),
            Verdict::Failed("the program ran no such test".to_owned())
        );
        assert_eq!(verdict(end(101, 10), &output(&[OK]), 60), Verdict::Failed("exit code 101".to_owned()));
    }

    #[test]
    fn a_test_that_says_why_it_can_not_run_is_skipped() {
        let lines = output(&["running 1 test", "skipped: needs Linux 6.9", OK]);
        assert_eq!(verdict(end(0, 10), &lines, 60), Verdict::Skipped("needs Linux 6.9".to_owned()));
        assert_eq!(verdict(end(101, 10), &lines, 60), Verdict::Failed("exit code 101".to_owned()));
    }

    #[test]
    fn the_first_that_a_test_prints_follows_its_name() {
        let lines = output(&["running 1 test", "test lab::any::a ... skipped: no lscpu", "ok", OK]);
        assert_eq!(verdict(end(0, 10), &lines, 60), Verdict::Skipped("no lscpu".to_owned()));
    }

    #[test]
    fn a_test_that_tells_of_something_skipped_is_not_skipped_itself() {
        for line in ["fsck: skipped: no such disk", "test a ... 3 skipped: 1, 2, 3", "skipped", " skipped: x"]
        {
            let lines = output(&["running 1 test", line, OK]);
            assert_eq!(verdict(end(0, 10), &lines, 60), Verdict::Passed, "{line}");
        }
    }

    #[test]
    fn a_test_that_is_killed_is_told_from_one_that_takes_too_long() {
        assert_eq!(verdict(end(137, 6003), &[], 60), Verdict::Failed("ended after its 60 s".to_owned()));
        assert_eq!(verdict(end(137, 20), &[], 60), Verdict::Failed("ended by signal 9".to_owned()));
        assert_eq!(verdict(end(139, 20), &[], 60), Verdict::Failed("ended by signal 11".to_owned()));
    }
}
