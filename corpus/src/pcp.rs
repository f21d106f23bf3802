//! The values that Performance Co-Pilot found in a saved machine, as its `.expected` files list them.

use std::{fs, path::Path};

use libtest_mimic::Failed;

/// One value: that of a metric, or of one instance of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Value {
    /// The metric: `mem.util.free`.
    pub metric: String,
    /// The instance, where there are many: `node0`, `DMA::order0::node0`.
    pub instance: String,
    /// The value.
    pub number: f64,
}

/// Reads the file beside `archive`. Metrics of which it says `No value(s) available!` have no value.
///
/// # Errors
/// There is no such file, or it holds no value.
pub fn values(archive: &Path) -> Result<Vec<Value>, Failed> {
    let text = fs::read_to_string(archive.with_extension("expected"))?;
    let values = parse(&text);
    if values.is_empty() { Err("no value was expected".into()) } else { Ok(values) }
}

fn parse(text: &str) -> Vec<Value> {
    let (mut metric, mut values) = ("", Vec::new());
    for line in text.lines() {
        let bare = line.trim_start();
        if bare.len() == line.len() {
            let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
            let named = name.contains('.')
                && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._".contains(&byte));
            if named && (rest.is_empty() || rest.starts_with("PMID:")) {
                metric = name;
            }
            continue;
        }
        // `inst [0 or "NAME"] value 1`, `value 1`, or `"NAME" 1`.
        let (instance, value) = match bare.split_once('"').and_then(|(_, rest)| rest.split_once('"')) {
            Some((instance, rest)) => (instance, rest.trim_start_matches(']').trim_start()),
            None => ("", bare),
        };
        if instance.is_empty() && !value.starts_with("value ") {
            continue;
        }
        if let Ok(number) = value.trim_start_matches("value ").parse() {
            values.push(Value { metric: metric.to_owned(), instance: instance.to_owned(), number });
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_forms_of_a_value_are_read_and_prose_is_not() {
        let text = "== Checking all\n\nmem.a PMID: 60.1\n    Semantics: instant  Units: none\nHelp:\nof /proc/x.y.\n    \
                    inst [10 or \"10 second\"] value 2.04\nmem.b\nNo value(s) available!\nmem.c_d\n    value 7\nhinv.e\n   \"cpu0\" 1\n";
        let value = |metric: &str, instance: &str, number| Value {
            metric: metric.into(),
            instance: instance.into(),
            number,
        };
        assert_eq!(
            parse(text),
            [value("mem.a", "10 second", 2.04), value("mem.c_d", "", 7.0), value("hinv.e", "cpu0", 1.0)]
        );
    }
}
