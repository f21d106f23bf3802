//! Counting tests by the closing lines that the test programs print.

use std::{fmt, iter::Sum};

/// How many tests did what.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    /// Those that can't run here, and those that were filtered out.
    pub(crate) skipped: u64,
}

impl Tally {
    /// The counts of one line of output, if it is a test program's closing line: that of libtest, which
    /// libtest-mimic prints too.
    pub(crate) fn of_line(line: &str) -> Option<Self> {
        let counts = line.strip_prefix("test result: ")?.split_once(". ")?.1;
        let mut tally = Self::default();
        let mut known = 0;
        for count in counts.split("; ") {
            let Some((number, name)) = count.split_once(' ') else { continue };
            let place = match name {
                "passed" => &mut tally.passed,
                "failed" => &mut tally.failed,
                "ignored" | "filtered out" => &mut tally.skipped,
                _ => continue,
            };
            *place += number.parse::<u64>().ok()?;
            known += 1;
        }
        (known == 4).then_some(tally)
    }
}

impl Sum for Tally {
    fn sum<I: Iterator<Item = Self>>(tallies: I) -> Self {
        tallies.fold(Self::default(), |sum, tally| Self {
            passed: sum.passed + tally.passed,
            failed: sum.failed + tally.failed,
            skipped: sum.skipped + tally.skipped,
        })
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closing_line_is_counted() {
        let line =
            "test result: ok. 69 passed; 0 failed; 2 ignored; 0 measured; 3 filtered out; finished in 8.14s";
        assert_eq!(Tally::of_line(line), Some(Tally { passed: 69, failed: 0, skipped: 5 }));
        let line = "test result: FAILED. 46 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 54.39s";
        assert_eq!(Tally::of_line(line), Some(Tally { passed: 46, failed: 2, skipped: 0 }));
    }

    #[test]
    fn the_line_of_older_and_other_test_programs_needs_no_time() {
        let line = "test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out";
        assert_eq!(Tally::of_line(line), Some(Tally { passed: 1, ..Tally::default() }));
    }

    #[test]
    fn other_lines_are_not_counted() {
        for line in [
            "",
            "running 69 tests",
            "test result: ok. ",
            "test result: ok. 1 passed",
            "test result: ok. x passed; 0 failed; 0 ignored; 0 measured; 0 filtered out",
            "test result: ok. 99999999999999999999 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out",
            " test result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out",
            "test the_test_result: ok. 1 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out",
        ] {
            assert_eq!(Tally::of_line(line), None, "{line}");
        }
    }

    #[test]
    fn tallies_add_up_and_are_written_as_the_plain_line() {
        let one = Tally { passed: 1, failed: 2, skipped: 3 };
        let two = Tally { passed: 10, failed: 20, skipped: 30 };
        assert_eq!([one, two].into_iter().sum::<Tally>().to_string(), "11 passed, 22 failed, 33 skipped");
    }
}
