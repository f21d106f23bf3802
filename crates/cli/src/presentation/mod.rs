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

/// CPU time as `ps` has it, in minutes, seconds and hundredths: `12:03.50`.
pub(crate) fn clock(time: Duration) -> String {
    let seconds = time.as_secs();
    format!("{}:{:02}.{:02}", seconds / 60, seconds % 60, time.subsec_millis() / 10)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_has_minutes_and_hundredths() {
        assert_eq!(clock(Duration::from_millis(723_509)), "12:03.50");
        assert_eq!(clock(Duration::ZERO), "0:00.00");
    }

    #[test]
    fn durations_have_two_units() {
        let shown = |seconds| duration(Duration::from_secs(seconds));
        assert_eq!(shown(59), "59.00 s");
        assert_eq!(shown(60), "1 min 0 s");
        assert_eq!(shown(7325), "2 h 2 min");
        assert_eq!(shown(90_061), "1 d 1 h");
    }
}
