//! Text for people.

use std::time::Duration;

mod page;
mod table;

pub(crate) use page::Page;
pub(crate) use table::{Align, Table, cell, reading};

/// How long `time` is, in its two largest units.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{:.2} s", time.as_secs_f64()),
        (0, 0, _) => format!("{minutes} min {} s", seconds % 60),
        (0, _, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_two_units() {
        let shown = |seconds| duration(Duration::from_secs(seconds));
        assert_eq!(shown(59), "59.00 s");
        assert_eq!(shown(60), "1 min 0 s");
        assert_eq!(shown(7325), "2 h 2 min");
        assert_eq!(shown(90_061), "1 d 1 h");
    }
}
