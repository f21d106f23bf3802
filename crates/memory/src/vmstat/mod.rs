mod counter;

use linux_support_base::{ByteString, Error, Machine, NumaNode, ParseError, text};

pub use self::counter::Counter;
use self::counter::KEYS;

/// The virtual memory statistics: every counter that this kernel writes.
///
/// # Source
/// `/proc/vmstat`, `proc_vmstat(5)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualMemoryStatistics {
    values: [Option<u64>; Counter::ALL.len()],
    other: Vec<(ByteString, u64)>,
}

impl VirtualMemoryStatistics {
    /// Reads the text of `/proc/vmstat`, or of a node's `vmstat`.
    ///
    /// # Errors
    /// An empty text, or a line without a value or with a malformed one.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut statistics = Self { values: [None; Counter::ALL.len()], other: Vec::new() };
        let mut likely = 0;
        let mut rest = bytes;
        while !rest.is_empty() {
            match KEYS.strip(rest, likely) {
                Some((index, value)) => {
                    rest = value;
                    // The newline after the number is taken with it.
                    let number = text::take_decimal(&mut rest)
                        .map_err(|error| error.in_field(Counter::ALL[index].as_str()))?;
                    statistics.values[index] = Some(number);
                    likely = index + 1;
                }
                None => {
                    let line = text::lines(rest).next().unwrap_or_default();
                    rest = rest.get(line.len() + 1..).unwrap_or_default();
                    if line.trim_ascii().is_empty() {
                        continue;
                    }
                    let (name, value) = text::split_once(line, b' ')
                        .ok_or_else(|| ParseError::expected("a name, a space and a number", line))?;
                    statistics.other.push((name.into(), text::decimal(value)?));
                }
            }
        }
        if statistics.iter().next().is_none() {
            return Err(ParseError::expected("a name, a space and a number", bytes));
        }
        Ok(statistics)
    }

    /// Reads `/proc/vmstat`.
    ///
    /// # Errors
    /// The file is absent or malformed.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        machine.parse("/proc/vmstat", Self::parse)
    }

    /// Reads the `vmstat` of a node, which has a part of the counters.
    ///
    /// # Errors
    /// There is no such node, or the file is malformed.
    pub fn read_node(machine: &Machine, node: NumaNode) -> Result<Self, Error> {
        machine.parse(format!("/sys/devices/system/node/node{node}/vmstat"), Self::parse)
    }

    /// The value of `counter`; `None` where this kernel does not write it.
    #[must_use]
    pub fn get(&self, counter: Counter) -> Option<u64> {
        self.values[counter as usize]
    }

    /// The value of the counter called `name`, known or not.
    #[must_use]
    pub fn by_name(&self, name: &str) -> Option<u64> {
        self.iter().find_map(|(known, value)| (known == name.as_bytes()).then_some(value))
    }

    /// All counters that are there, by name: those known in the kernel's order, then the others.
    pub fn iter(&self) -> impl Iterator<Item = (&[u8], u64)> {
        let known = Counter::ALL.into_iter().zip(self.values);
        let known = known.filter_map(|(counter, value)| Some((counter.as_str().as_bytes(), value?)));
        known.chain(self.other.iter().map(|(name, value)| (name.as_bytes(), *value)))
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for VirtualMemoryStatistics {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|(name, value)| (String::from_utf8_lossy(name), value)))
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for VirtualMemoryStatistics {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "VirtualMemoryStatistics".into()
    }
    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "description": "Every counter of vmstat, by the kernel's name.",
            "additionalProperties": { "type": "integer", "minimum": 0 }
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_counter_is_kept_and_those_known_are_typed() {
        let text = b"nr_free_pages 5509\nnr_tomorrow 3\npgfault 18446744073709551615\n";
        let statistics = VirtualMemoryStatistics::parse(text).unwrap();
        assert_eq!(statistics.get(Counter::NrFreePages), Some(5509));
        assert_eq!(statistics.get(Counter::Pgfault), Some(u64::MAX));
        assert_eq!(statistics.get(Counter::Pgmajfault), None);
        assert_eq!(statistics.by_name("nr_tomorrow"), Some(3));
        assert_eq!(statistics.iter().count(), 3);
        assert_eq!(VirtualMemoryStatistics::parse(text.trim_ascii_end()), Ok(statistics));
    }

    #[test]
    fn a_malformed_value_names_its_counter() {
        let error = VirtualMemoryStatistics::parse(b"pgfault x\n").unwrap_err();
        assert_eq!(error.field(), Some("pgfault"));
        for text in ["pgfault", "pgfault \n", "pgfault 18446744073709551616", "tomorrow 1x", "tomorrow", ""] {
            assert!(VirtualMemoryStatistics::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = Counter::ALL.iter().map(|counter| counter.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Counter::ALL.len());
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>, text in "((pgfault|nr_free_pages|x)?[ 0-9]{0,22}\n?){0,4}") {
            for text in [&bytes[..], text.as_bytes()] {
                let _ = VirtualMemoryStatistics::parse(text);
            }
        }
    }
}
