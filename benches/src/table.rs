//! What was measured, as a table.

use crate::pair::{self, Side, Spread};

/// What a measurement should reach.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Target {
    /// So many times as fast as the peer.
    Faster(f64),
    /// So many bytes a nanosecond.
    Rate(f64),
    /// No more than so many times the time of the peer.
    Within(f64),
    /// No more than so many milliseconds.
    Milliseconds(f64),
}

/// One thing that was measured.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) name: String,
    /// How many bytes were read, where it is one text.
    pub(crate) bytes: Option<usize>,
    pub(crate) ours: f64,
    pub(crate) peer: Option<f64>,
    pub(crate) ratio: Option<Spread>,
    pub(crate) targets: &'static [Target],
}

impl Row {
    /// What two ways to do one thing cost: ours, and the bare calls.
    pub(crate) fn beside_bare(
        name: &str,
        sides: &mut [Side<'_>; 2],
        targets: &'static [Target],
        rounds: usize,
    ) -> Self {
        let measured = pair::measure(sides, rounds);
        Self {
            name: name.to_owned(),
            bytes: None,
            ours: measured.nanoseconds(0),
            peer: Some(measured.nanoseconds(1)),
            ratio: Some(measured.ratio(0, 1)),
            targets,
        }
    }

    /// Bytes a nanosecond, which are gigabytes a second.
    fn rate(&self) -> Option<f64> {
        Some(self.bytes? as f64 / self.ours)
    }

    fn meets(&self, target: Target) -> bool {
        match target {
            Target::Faster(times) => self.ratio.is_some_and(|ratio| ratio.median >= times),
            Target::Within(times) => self.ratio.is_some_and(|ratio| ratio.median <= times),
            Target::Rate(rate) => self.rate().is_some_and(|reached| reached >= rate),
            Target::Milliseconds(limit) => self.ours <= limit * 1e6,
        }
    }

    pub(crate) fn is_met(&self) -> bool {
        self.targets.iter().all(|&target| self.meets(target))
    }

    fn cells(&self) -> [String; 8] {
        let target = |target: &Target| match target {
            Target::Faster(times) => format!("peer/ours >= {times}"),
            Target::Within(times) => format!("ours/peer <= {times}"),
            Target::Rate(rate) => format!(">= {rate} GB/s"),
            Target::Milliseconds(limit) => format!("<= {limit} ms"),
        };
        let missed = || {
            let missed: Vec<_> = self.targets.iter().filter(|&&target| !self.meets(target)).collect();
            match missed.len() {
                0 => "yes".to_owned(),
                _ => format!("NO: {}", missed.into_iter().map(target).collect::<Vec<_>>().join(", ")),
            }
        };
        [
            self.name.clone(),
            self.bytes.map_or_else(String::new, |bytes| bytes.to_string()),
            time(self.ours),
            self.rate().map_or_else(String::new, |rate| format!("{rate:.2}")),
            self.peer.map_or_else(String::new, time),
            self.ratio.map_or_else(String::new, |ratio| {
                format!("{:.2} ({:.2}-{:.2})", ratio.median, ratio.low, ratio.high)
            }),
            self.targets.iter().map(target).collect::<Vec<_>>().join(", "),
            if self.targets.is_empty() { String::new() } else { missed() },
        ]
    }
}

fn time(nanoseconds: f64) -> String {
    match nanoseconds {
        ..10.0 => format!("{nanoseconds:.2} ns"),
        ..10_000.0 => format!("{nanoseconds:.0} ns"),
        ..10_000_000.0 => format!("{:.1} us", nanoseconds / 1e3),
        _ => format!("{:.1} ms", nanoseconds / 1e6),
    }
}

/// Prints `rows` below `title`.
pub(crate) fn print(title: &str, rows: &[Row]) {
    if rows.is_empty() {
        return;
    }
    println!("\n{title}");
    let heading = ["", "bytes", "ours", "GB/s", "peer", "ratio", "target", "met"].map(str::to_owned);
    let lines: Vec<_> = std::iter::once(heading).chain(rows.iter().map(Row::cells)).collect();
    let widths: Vec<_> = (0..8)
        .map(|column| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0))
        .collect();
    for line in &lines {
        let mut text = format!("{:1$}", line[0], widths[0]);
        for column in 1..5 {
            text += &format!("  {:>1$}", line[column], widths[column]);
        }
        for column in 5..8 {
            text += &format!("  {:1$}", line[column], widths[column]);
        }
        println!("{}", text.trim_end());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_that_is_missed_is_named() {
        let row = Row {
            name: "maps".to_owned(),
            bytes: Some(1000),
            ours: 500.0,
            peer: Some(2000.0),
            ratio: Some(Spread { low: 3.9, median: 4.0, high: 4.1 }),
            targets: &[Target::Faster(5.0), Target::Rate(1.0)],
        };
        assert!(!row.is_met());
        assert_eq!(
            row.cells(),
            [
                "maps",
                "1000",
                "500 ns",
                "2.00",
                "2000 ns",
                "4.00 (3.90-4.10)",
                "peer/ours >= 5, >= 1 GB/s",
                "NO: peer/ours >= 5"
            ]
        );
    }
}
