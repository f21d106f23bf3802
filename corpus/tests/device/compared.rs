//! Values of ours beside those that a line of lspci gives.

use corpus::Score;
use linux_support::device::pci;

/// Names with `+` or `-` at their end, as lspci writes flags.
fn flags(text: &str) -> impl Iterator<Item = (&str, bool)> {
    text.split([' ', ',', ';', '(', ')', '\t']).filter_map(|word| {
        let on = word.ends_with('+');
        let name = word.strip_suffix(['+', '-'])?;
        Some((name.trim_end_matches(':'), on))
    })
}

/// What follows `key`, up to a space, comma or the like.
pub(crate) fn after<'a>(text: &'a str, key: &str) -> Option<&'a str> {
    let at = text.find(key)? + key.len();
    text[at..].trim_start().split([' ', ',', ';', '(', ')', '\t']).next()
}

pub(crate) fn hexadecimal(text: &str) -> Option<u64> {
    u64::from_str_radix(text, 16).ok()
}

pub(crate) fn nanoseconds(text: &str) -> Option<u64> {
    match text.strip_suffix("ns") {
        Some(number) => number.parse().ok(),
        None => text.strip_suffix("us")?.parse::<u64>().ok().map(|number| number * 1000),
    }
}

pub(crate) struct Compared<'a> {
    pub(crate) score: &'a mut Score,
    pub(crate) place: String,
}

impl Compared<'_> {
    pub(crate) fn check<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, ours: T, expected: T) {
        self.score.check(format!("{} {what}", self.place), ours, expected);
    }

    pub(crate) fn explain(&mut self, what: &str, why: &str) {
        self.score.explain(format!("{} {what}", self.place), why);
    }

    /// Each flag of the line that starts with `label` and of those up to the next label.
    pub(crate) fn flags(&mut self, text: &str, known: &[(&str, bool)]) {
        for (name, on) in flags(text) {
            if let Some((_, ours)) = known.iter().find(|(known, _)| *known == name) {
                self.check(&format!("{name} of {text:.20}"), *ours, on);
            }
        }
    }

    pub(crate) fn number(&mut self, text: &str, key: &str, ours: u64) {
        if let Some(expected) = after(text, key).and_then(|text| text.parse::<u64>().ok()) {
            self.check(key, ours, expected);
        }
    }

    pub(crate) fn hexadecimal(&mut self, text: &str, key: &str, ours: u64) {
        if let Some(expected) = after(text, key).and_then(hexadecimal) {
            self.check(key, ours, expected);
        }
    }

    pub(crate) fn speed(&mut self, text: &str, key: &str, ours: Option<pci::LinkSpeed>) {
        if let Some(expected) = after(text, key) {
            let ours =
                ours.map_or("unknown".into(), |ours| ours.to_string().replace(' ', "").replace(".0", ""));
            self.check(key, ours, expected.to_owned());
        }
    }
}
