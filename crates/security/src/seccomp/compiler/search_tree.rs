//! The order in which a number is compared, chosen by cost.

use super::runs::Run;

/// How a call's run is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SearchTree {
    /// It is this one.
    Leaf(usize),
    /// It is `run`, of a single number, or else one like `others`.
    Only { run: usize, others: usize },
    /// It begins at the first number of the run `from` or above, or it is below that.
    Split { from: usize, below: Box<SearchTree>, above: Box<SearchTree> },
}

/// The most comparisons by which a run is found, as long as there are no more than two to the power of it.
const DEEPEST: usize = 8;

impl SearchTree {
    /// The tree with the fewest comparisons over all calls that are made, of those that find each by no more than
    /// [`DEEPEST`].
    pub(super) fn cheapest(runs: &[Run]) -> Self {
        Self::of(runs, 0, runs.len())
    }

    fn of(runs: &[Run], first: usize, end: usize) -> Self {
        if end - first > 1 << DEEPEST {
            let from = first + (end - first) / 2;
            let [below, above] = [(first, from), (from, end)].map(|(a, b)| Box::new(Self::of(runs, a, b)));
            return Self::Split { from, below, above };
        }
        Costs::new(&runs[first..end]).tree(first, 0, end - first, DEEPEST)
    }
}

/// The least cost of each stretch of runs, by how deep its tree may be.
struct Costs<'r> {
    runs: &'r [Run],
    /// The weight of all runs before each.
    before: Vec<u64>,
    /// By depth, first run and end.
    least: Vec<u64>,
}

/// No tree of this depth.
const IMPOSSIBLE: u64 = u64::MAX;

impl<'r> Costs<'r> {
    fn new(runs: &'r [Run]) -> Self {
        let count = runs.len();
        let mut before = Vec::with_capacity(count + 1);
        let mut sum = 0u64;
        before.push(0);
        for run in runs {
            // Each weighs a little, so that of two trees that cost the same the flatter is taken; and no sum overflows.
            sum += (run.weight.min(1 << 32) << 8) + 1;
            before.push(sum);
        }
        let size = count + 1;
        let mut costs = Self { runs, before, least: vec![IMPOSSIBLE; (DEEPEST + 1) * size * size] };
        for depth in 0..=DEEPEST {
            for first in 0..count {
                let at = costs.at(depth, first, first + 1);
                costs.least[at] = 0;
            }
            for length in 2..=if depth == 0 { 0 } else { count } {
                for first in 0..=count - length {
                    let end = first + length;
                    let cost = costs.best(depth, first, end).map_or(IMPOSSIBLE, |(cost, _)| cost);
                    let at = costs.at(depth, first, end);
                    costs.least[at] = cost;
                }
            }
        }
        costs
    }

    fn at(&self, depth: usize, first: usize, end: usize) -> usize {
        let size = self.runs.len() + 1;
        (depth * size + first) * size + end
    }

    /// Whether a stretch is one outcome but for a single number in its middle.
    fn has_one_exception(&self, first: usize, end: usize) -> bool {
        end - first == 3
            && self.runs[first + 1].length == 1
            && self.runs[first].outcome == self.runs[first + 2].outcome
    }

    /// The least cost of a stretch of several, and where it is split; not at all for one exception.
    fn best(&self, depth: usize, first: usize, end: usize) -> Option<(u64, Option<usize>)> {
        let weight = self.before[end] - self.before[first];
        if self.has_one_exception(first, end) {
            return Some((weight, None));
        }
        (first + 1..end)
            .filter_map(|from| {
                let below = self.least[self.at(depth - 1, first, from)];
                let above = self.least[self.at(depth - 1, from, end)];
                let cost = below.checked_add(above)?.checked_add(weight)?;
                (cost != IMPOSSIBLE).then_some((cost, Some(from)))
            })
            .min()
    }

    /// The tree of a stretch. `offset` is what its numbers of runs are beyond those of the whole.
    fn tree(&self, offset: usize, first: usize, end: usize, depth: usize) -> SearchTree {
        if end - first == 1 {
            return SearchTree::Leaf(offset + first);
        }
        match self.best(depth, first, end).and_then(|(_, from)| from) {
            None => SearchTree::Only { run: offset + first + 1, others: offset + first },
            Some(from) => SearchTree::Split {
                from: offset + from,
                below: Box::new(self.tree(offset, first, from, depth - 1)),
                above: Box::new(self.tree(offset, from, end, depth - 1)),
            },
        }
    }
}
