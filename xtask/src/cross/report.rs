//! What was proven, as a table.

use std::fmt;

use super::tally::Tally;

/// How it went with one architecture.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Outcome {
    /// Its tests ran in `runner`, and those that did not pass are counted.
    Tested { runner: String, tally: Tally },
    /// It is compiled for as far as that goes without a linker; no test ran.
    Checked,
    /// It does not build, or its tests ended before their closing line.
    Broken { what: &'static str, tally: Tally },
    /// It can't be tried here.
    Skipped { why: String },
}

impl Outcome {
    /// What it adds to the closing line: a build that fails is a failure, and what can't be tried is skipped.
    pub(super) fn tally(&self) -> Tally {
        match self {
            Self::Tested { tally, .. } => *tally,
            Self::Checked => Tally::default(),
            Self::Broken { tally, .. } => Tally { failed: tally.failed + 1, ..*tally },
            Self::Skipped { .. } => Tally { skipped: 1, ..Tally::default() },
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tested { runner, tally } => {
                let verdict = match tally {
                    Tally { failed: 1.., .. } => "FAILED",
                    Tally { passed: 0, .. } => "not proven",
                    _ => "proven",
                };
                write!(formatter, "{verdict} in {runner}: {tally}")
            }
            Self::Checked => formatter.write_str("type-checks; not proven, as nothing was run"),
            Self::Broken { what, .. } => write!(formatter, "FAILED: {what}"),
            Self::Skipped { why } => write!(formatter, "skipped: {why}"),
        }
    }
}

/// The closing table.
#[derive(Debug)]
pub(super) struct Report<'a> {
    pub(super) rows: &'a [(&'static str, Outcome)],
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, outcome) in self.rows {
            writeln!(formatter, "{name:width$}  {outcome}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_architecture_has_its_line_and_only_tests_that_ran_prove_it() {
        let tested = |passed, failed| Outcome::Tested {
            runner: "qemu".into(),
            tally: Tally { passed, failed, skipped: 3 },
        };
        let rows = [
            ("one", tested(2, 0)),
            ("three", tested(2, 1)),
            ("none", tested(0, 0)),
            ("four", Outcome::Checked),
            ("five", Outcome::Broken { what: "it does not build", tally: Tally::default() }),
            ("six", Outcome::Skipped { why: "no linker".into() }),
        ];
        let expected = "\
one    proven in qemu: 2 passed, 0 failed, 3 skipped
three  FAILED in qemu: 2 passed, 1 failed, 3 skipped
none   not proven in qemu: 0 passed, 0 failed, 3 skipped
four   type-checks; not proven, as nothing was run
five   FAILED: it does not build
six    skipped: no linker
";
        assert_eq!(Report { rows: &rows }.to_string(), expected);
        let sum: Tally = rows.iter().map(|(_, outcome)| outcome.tally()).sum();
        assert_eq!(sum.to_string(), "4 passed, 2 failed, 10 skipped");
    }

    #[test]
    fn tests_that_end_early_count_once_beside_those_that_failed() {
        let tally = Tally { passed: 5, failed: 2, skipped: 1 };
        let broken = Outcome::Broken { what: "a test program ended early", tally };
        assert_eq!(broken.tally(), Tally { passed: 5, failed: 3, skipped: 1 });
    }
}
