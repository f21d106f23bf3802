//! Several ways to do one thing, measured in turns, so that what disturbs the machine disturbs all of them.

use std::time::{Duration, Instant};

/// How long one sample takes: long beside the clock's own cost, short beside the disturbances of a machine.
const SAMPLE: Duration = Duration::from_micros(500);

/// One way to do it.
pub(crate) type Side<'a> = Box<dyn FnMut() + 'a>;

/// The nanoseconds that each side took in each round.
#[derive(Debug)]
pub(crate) struct Rounds(Vec<Vec<f64>>);

/// The middle of many values, and between what the middle half of them lies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) low: f64,
    pub(crate) median: f64,
    pub(crate) high: f64,
}

/// Measures `sides` in turns, so many `rounds` long, each round from the other end.
pub(crate) fn measure(sides: &mut [Side<'_>], rounds: usize) -> Rounds {
    let repeats: Vec<u32> = sides.iter_mut().map(repeats).collect();
    let mut nanoseconds = vec![Vec::with_capacity(rounds); sides.len()];
    for round in 0..rounds {
        for turn in 0..sides.len() {
            let side = if round % 2 == 0 { turn } else { sides.len() - 1 - turn };
            let time = time(&mut sides[side], repeats[side]);
            nanoseconds[side].push(time.as_nanos() as f64 / f64::from(repeats[side]));
        }
    }
    Rounds(nanoseconds)
}

/// How often `side` is to be repeated in one sample. Finding out also warms it up.
fn repeats(side: &mut Side<'_>) -> u32 {
    let mut repeats = 1;
    loop {
        let time = time(side, repeats);
        if time >= SAMPLE / 2 || repeats >= 1 << 24 {
            let scale = SAMPLE.as_secs_f64() / time.as_secs_f64().max(1e-9);
            return (f64::from(repeats) * scale).clamp(1.0, f64::from(1 << 24)) as u32;
        }
        repeats *= 2;
    }
}

fn time(side: &mut Side<'_>, repeats: u32) -> Duration {
    let start = Instant::now();
    for _ in 0..repeats {
        side();
    }
    start.elapsed()
}

impl Rounds {
    /// The median time of a side, in nanoseconds.
    pub(crate) fn nanoseconds(&self, side: usize) -> f64 {
        Spread::of(self.0[side].clone()).median
    }

    /// How many times the time of `below` that of `above` is, round by round.
    pub(crate) fn ratio(&self, above: usize, below: usize) -> Spread {
        Spread::of(self.0[above].iter().zip(&self.0[below]).map(|(above, below)| above / below).collect())
    }
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |quarter: usize| match values.len().checked_sub(1) {
            Some(last) => values[(last * quarter + 2) / 4],
            None => f64::NAN,
        };
        Self { low: at(1), median: at(2), high: at(3) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spread_holds_the_middle_half() {
        let spread = Spread::of(vec![9.0, 1.0, 2.0, 3.0, 4.0]);
        assert_eq!(spread, Spread { low: 2.0, median: 3.0, high: 4.0 });
        assert!(Spread::of(Vec::new()).median.is_nan());
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        let rounds = Rounds(vec![vec![10.0, 30.0], vec![1.0, 3.0]]);
        assert_eq!(rounds.ratio(0, 1), Spread { low: 10.0, median: 10.0, high: 10.0 });
        assert_eq!(rounds.nanoseconds(1), 3.0);
    }
}
