//! What the tests in one machine do, told as they do it and counted.

use std::time::Duration;

use super::{
    Options,
    counts::Counts,
    protocol::{self, End, Event, Verdict},
    run::Booted,
    suite::Test,
};
use crate::Stop;

/// Keeps count of one machine's tests, and tells of them.
#[derive(Debug)]
pub(crate) struct Watch<'a> {
    options: &'a Options,
    place: String,
    /// What begins each line: the place, where others tell of theirs at the same time.
    begin: String,
    tests: &'a [&'a Test],
    /// The tests that have not ended.
    open: Vec<bool>,
    output: Vec<String>,
    counts: Counts,
}

impl<'a> Watch<'a> {
    /// `place` says which machine it is; with `beside_others`, every line says it.
    pub(crate) fn new(
        options: &'a Options,
        place: String,
        tests: &'a [&'a Test],
        beside_others: bool,
    ) -> Self {
        let begin = if beside_others { format!("{place}: ") } else { String::new() };
        let open = vec![true; tests.len()];
        Self { options, place, begin, tests, open, output: Vec::new(), counts: Counts::default() }
    }

    pub(crate) fn hear(&mut self, event: &Event) {
        match event {
            Event::Start(_) => self.output.clear(),
            Event::Output(line) => {
                if self.options.nocapture && !line.is_empty() {
                    println!("{}  | {line}", self.begin);
                }
                self.output.push(line.clone());
            }
            Event::End(end) => self.end(*end),
            Event::Ready | Event::Trouble(_) | Event::Done => {}
        }
    }

    fn end(&mut self, end: End) {
        let Some(test) = self.tests.get(end.number) else { return };
        // A second end of the same test would be counted twice.
        if !std::mem::replace(&mut self.open[end.number], false) {
            return;
        }
        let name = test.full_name();
        let took = Duration::from_millis(end.centiseconds * 10).as_secs_f64();
        match protocol::verdict(end, &self.output, self.options.limit) {
            Verdict::Passed => {
                self.counts.passed += 1;
                println!("{}test {name} ... ok ({took:.2} s)", self.begin);
            }
            Verdict::Skipped(why) => {
                self.counts.skipped += 1;
                println!("{}test {name} ... skipped: {why}", self.begin);
            }
            Verdict::Failed(why) => {
                println!("{}test {name} ... FAILED: {why}", self.begin);
                self.show_output();
                self.counts.fail(format!("{} {name}: {why}", self.place));
            }
        }
        self.output.clear();
    }

    fn show_output(&self) {
        if !self.options.nocapture {
            for line in self.output.iter().filter(|line| !line.is_empty()) {
                println!("{}  | {line}", self.begin);
            }
        }
    }

    /// Counts what the end of the machine means for the tests that have not ended.
    pub(crate) fn finish(mut self, booted: Result<Booted, Stop>) -> Counts {
        let fault = match booted {
            Ok(Booted { course, kernel, .. }) => {
                let start = course.start.map_or(0.0, |start| start.as_secs_f64());
                println!(
                    "lab: {}: Linux {} ({}) was up after {start:.1} s, and off after {:.1} s",
                    self.place,
                    kernel.release,
                    kernel.version,
                    course.whole.as_secs_f64()
                );
                course.fault
            }
            Err(stop) => Some(stop.message.unwrap_or_else(|| "the machine could not be made".to_owned())),
        };
        let open: Vec<_> = self
            .tests
            .iter()
            .zip(&self.open)
            .filter(|(_, open)| **open)
            .map(|(test, _)| test.full_name())
            .collect();
        if let Some(fault) = &fault {
            println!("lab: {}: {fault}", self.place);
            self.show_output();
        }
        let first = fault.as_deref().and_then(|fault| fault.lines().next()).unwrap_or("it never ended");
        for name in &open {
            println!("{}test {name} ... FAILED: {first}", self.begin);
            self.counts.fail(format!("{} {name}: {first}", self.place));
        }
        // All tests passed, and then the machine went wrong: that must not be lost.
        if fault.is_some() && open.is_empty() {
            self.counts.fail(format!("{}: {first}", self.place));
        }
        self.counts
    }
}
