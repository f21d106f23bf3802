//! `/proc/softirqs`.

use linux_support_base::{ByteString, CpuSet, Error, Machine, ParseError};

use super::{Table, hardware::columns};

/// How often each CPU ran each kind of softirq since the machine was started.
///
/// # Source
/// Documentation/filesystems/proc.rst, "softirqs".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Softirqs {
    /// The CPUs of the columns, in the order of the counts.
    pub cpus: CpuSet,
    /// The kinds, in the kernel's order.
    pub list: Vec<Softirq>,
}

/// A kind of softirq.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Softirq {
    /// The kernel's name: `NET_RX`, `TIMER`.
    pub name: ByteString,
    /// How often each CPU ran it, in the order of [`Softirqs::cpus`].
    pub counts: Vec<u64>,
}

impl Softirqs {
    /// Reads `/proc/softirqs`.
    ///
    /// # Errors
    /// The file is absent, can't be read or is malformed.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        machine.parse("/proc/softirqs", Self::parse)
    }

    /// Reads the text of `/proc/softirqs`.
    ///
    /// # Errors
    /// A first line that does not name CPUs in rising order, or a row that is not a name and a count for each.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let parse = || {
            let table = Table::parse(text)?;
            let (cpus, wanted) = (columns(&table, text)?, table.columns());
            let list = table
                .map(|row| {
                    let row = row?;
                    if row.columns != wanted || !row.description.is_empty() {
                        return Err(ParseError::expected("a count for each CPU", row.label));
                    }
                    Ok(Softirq { name: row.label.into(), counts: row.counts().collect() })
                })
                .collect::<Result<_, ParseError>>()?;
            Ok(Self { cpus, list })
        };
        parse().map_err(|error: ParseError| error.within(text))
    }

    /// The kind of this name.
    #[must_use]
    pub fn named(&self, name: impl AsRef<[u8]>) -> Option<&Softirq> {
        self.list.iter().find(|softirq| softirq.name.as_bytes() == name.as_ref())
    }
}

impl Softirq {
    /// How often it ran, on all CPUs.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.counts.iter().fold(0, |total, count| total.saturating_add(*count))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_kind_has_a_count_for_each_cpu() {
        let text = b"                    CPU0       CPU1       \n          HI:          0          0\n      \
                     NET_RX:       3557       4335\n";
        let softirqs = Softirqs::parse(text).unwrap();
        assert_eq!(softirqs.named("NET_RX").unwrap().counts, [3557, 4335]);
        assert_eq!(softirqs.list.len(), 2);
        assert_eq!(Softirqs::parse(&text[..text.len() - 1]).unwrap(), softirqs);
    }

    #[test]
    fn a_count_that_is_missing_is_an_error() {
        let error = Softirqs::parse(b"CPU0 CPU1\n HI: 1\n").unwrap_err();
        assert_eq!(error.to_string(), r#"line 2: "HI": expected a count for each CPU at byte 1"#);
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes: Vec<u8>) {
            let _ = Softirqs::parse(&bytes);
        }
    }
}
