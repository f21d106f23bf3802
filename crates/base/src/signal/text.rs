//! The texts of signals and of sets of them.

use core::str::FromStr;

use super::{LAST, Signal, SignalSet};
use crate::text::{ParseError, decimal, trim};

impl Signal {
    /// Reads a name with or without `SIG` (`SIGTERM`, `HUP`), other names for the same signals (`SIGPOLL`, `SIGCLD`,
    /// `SIGIOT`), real-time signals from the first or down from the last (`SIGRTMIN`, `RTMIN+3`, `SIGRTMAX-2`), and
    /// numbers. Case does not matter.
    ///
    /// # Errors
    /// Anything else, and real-time signals beyond those that there are.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let refused = || ParseError::expected("a signal, such as SIGTERM, SIGRTMIN+3 or 15", text);
        let whole = text.to_ascii_uppercase();
        if whole.first().is_some_and(u8::is_ascii_digit) {
            return decimal(text)
                .ok()
                .filter(|&number| number <= LAST)
                .and_then(Self::new)
                .ok_or_else(refused);
        }
        let name = whole.strip_prefix(b"SIG").unwrap_or(&whole);
        if let Some(offset) = name.strip_prefix(b"RTMIN") {
            return offset_after(offset, b'+').and_then(Self::real_time).ok_or_else(refused);
        }
        if let Some(offset) = name.strip_prefix(b"RTMAX") {
            return offset_after(offset, b'-')
                .and_then(|offset| LAST.checked_sub(offset))
                .filter(|&number| number >= Self::FIRST_OF_PROGRAMS)
                .and_then(Self::new)
                .ok_or_else(refused);
        }
        match name {
            b"POLL" => Ok(Self::IO),
            b"CLD" => Ok(Self::CHLD),
            b"IOT" => Ok(Self::ABRT),
            _ => Self::from_name(&whole).ok_or_else(refused),
        }
    }
}

/// The number after `sign`; 0 where there is nothing.
fn offset_after(text: &[u8], sign: u8) -> Option<u8> {
    match text {
        [] => Some(0),
        [first, number @ ..] if *first == sign => decimal(number).ok(),
        _ => None,
    }
}

impl FromStr for Signal {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text.as_bytes())
    }
}

impl SignalSet {
    /// Reads a list: signals as [`Signal::parse`] reads them, and ranges of them, apart by commas or spaces:
    /// `HUP,INT`, `1-15`, `SIGRTMIN-SIGRTMAX`, `RTMIN+1-RTMIN+4`.
    ///
    /// # Errors
    /// Something in it is no signal, is above 64, or is a range that falls.
    pub fn parse_list(text: &[u8]) -> Result<Self, ParseError> {
        let mut set = Self::EMPTY;
        for item in text.split(|&byte| byte == b',' || byte.is_ascii_whitespace()) {
            let item = trim(item);
            if item.is_empty() {
                continue;
            }
            set |= Self::parse_item(item).map_err(|error| error.quoting(text))?;
        }
        Ok(set)
    }

    fn parse_item(item: &[u8]) -> Result<Self, ParseError> {
        if let Ok(signal) = Signal::parse(item) {
            return Self::of_range(signal, signal)
                .ok_or_else(|| ParseError::expected("a signal up to 64", item));
        }
        // A name may itself have a minus in it: it is the first that leaves a signal on either side.
        let range = item.iter().enumerate().filter(|&(_, &byte)| byte == b'-').find_map(|(at, _)| {
            Some((Signal::parse(&item[..at]).ok()?, Signal::parse(&item[at + 1..]).ok()?))
        });
        let (first, last) = range.ok_or_else(|| {
            ParseError::expected("a signal or a range of signals, such as TERM or 1-15", item)
        })?;
        Self::of_range(first, last)
            .ok_or_else(|| ParseError::expected("a range of signals that rises, up to 64", item))
    }

    /// The signals from `first` to `last`; `None` where `last` is below `first` or above 64.
    #[must_use]
    pub fn of_range(first: Signal, last: Signal) -> Option<Self> {
        let (first, last) = (first.number(), last.number());
        if first > last || last > 64 {
            return None;
        }
        Some(Self::from_bits(u64::MAX << (first - 1) & u64::MAX >> (64 - last)))
    }
}

impl FromStr for SignalSet {
    type Err = ParseError;

    /// Reads a list, as [`parse_list`](Self::parse_list) does.
    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse_list(text.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn signals_are_read_as_people_write_them() {
        for (text, signal) in [
            ("SIGTERM", Signal::TERM),
            ("term", Signal::TERM),
            ("SigPoll", Signal::IO),
            ("CLD", Signal::CHLD),
            ("9", Signal::KILL),
            ("RTMIN", Signal::real_time(0).unwrap()),
            ("SIGRTMIN+3", Signal::real_time(3).unwrap()),
            ("SIGRTMAX", Signal::new(LAST).unwrap()),
            ("RTMAX-2", Signal::new(LAST - 2).unwrap()),
        ] {
            assert_eq!(text.parse::<Signal>().unwrap(), signal, "{text}");
        }
        for text in [
            "",
            "SIG",
            "0",
            "129",
            "-1",
            "SIGSIGTERM",
            "RTMIN-1",
            "RTMIN+",
            "RTMIN+200",
            "RTMAX-200",
            "TERM ",
        ] {
            let error = text.parse::<Signal>().unwrap_err().to_string();
            assert!(error.contains("expected a signal, such as SIGTERM"), "{text}: {error}");
        }
    }

    #[test]
    fn every_signal_comes_back_from_its_text() {
        for number in 1..=LAST {
            let signal = Signal::new(number).unwrap();
            assert_eq!(signal.to_string().parse::<Signal>().unwrap(), signal);
        }
    }

    #[test]
    fn a_list_has_names_numbers_and_ranges() {
        let set: SignalSet = "HUP, INT 15,RTMIN+1-RTMIN+3".parse().unwrap();
        let real_time = |offset| Signal::real_time(offset).unwrap();
        let expected = [Signal::HUP, Signal::INT, Signal::TERM, real_time(1), real_time(2), real_time(3)];
        assert_eq!(set, expected.into_iter().collect());
        assert_eq!("1-64".parse::<SignalSet>().unwrap(), SignalSet::ALL);
        assert_eq!("".parse::<SignalSet>().unwrap(), SignalSet::EMPTY);
        if LAST == 64 {
            let all = "SIGRTMIN-SIGRTMAX".parse::<SignalSet>().unwrap();
            assert_eq!(all, SignalSet::REAL_TIME - SignalSet::OF_C_LIBRARY);
            assert_eq!("RTMAX-3-RTMAX-1".parse::<SignalSet>().unwrap().count(), 3);
        }
        for text in ["TERM-HUP", "x", "1-", "-3", "1-65", "HUP;INT"] {
            assert!(text.parse::<SignalSet>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text: Vec<u8>) {
            let _ = Signal::parse(&text);
            let _ = SignalSet::parse_list(&text);
        }

        #[test]
        fn a_range_has_all_between(first in 1_u8..=64, last in 1_u8..=64) {
            let signal = |number| Signal::new(number).unwrap();
            let set = SignalSet::of_range(signal(first), signal(last));
            prop_assert_eq!(set.is_some(), first <= last);
            if let Some(set) = set {
                prop_assert!((1..=64).all(|number| set.contains(signal(number)) == (first <= number && number <= last)));
            }
        }
    }
}
