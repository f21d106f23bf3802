//! How many tests passed, failed and were skipped.

use std::{collections::BTreeSet, fmt};

/// The closing line of a run.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) skipped: usize,
    /// What failed, by machine, kernel and name.
    pub(crate) failures: BTreeSet<String>,
}

impl Counts {
    /// Notes that `what` failed.
    pub(crate) fn fail(&mut self, what: String) {
        self.failed += 1;
        self.failures.insert(what);
    }

    /// Adds those of another machine.
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.failures.extend(other.failures);
    }

    /// Whether the run shows that what it tested works.
    ///
    /// A run of no test shows nothing; one in which everything was skipped has said why.
    pub(crate) fn is_success(&self) -> bool {
        self.failed == 0 && self.passed + self.skipped > 0
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_no_test_is_no_success() {
        assert!(!Counts::default().is_success());
        assert!(Counts { passed: 1, ..Counts::default() }.is_success());
        assert!(Counts { skipped: 1, ..Counts::default() }.is_success());
        let mut counts = Counts { passed: 2, ..Counts::default() };
        counts.fail("small oldest a::b".to_owned());
        assert!(!counts.is_success());
        assert_eq!(counts.to_string(), "2 passed, 1 failed, 0 skipped");
        let mut sum = Counts { passed: 1, skipped: 3, ..Counts::default() };
        sum.add(counts);
        assert!(!sum.is_success());
        assert_eq!(sum.to_string(), "3 passed, 1 failed, 3 skipped");
        assert_eq!(sum.failures.len(), 1);
    }
}
