use linux_support_base::{
    ByteString, Directory, Error, Reading,
    text::{self, ParseError},
};

/// How often a function has reported errors by PCI Express Advanced Error Reporting.
///
/// # Kernel
/// Since 4.19 with CONFIG_PCIEAER; absent where the function has no such capability.
///
/// # Source
/// Documentation/ABI/testing/sysfs-bus-pci-devices-aer_stats.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "AER")]
pub struct ErrorCounters {
    /// That the hardware corrected.
    pub correctable: Reading<ErrorCounts>,
    /// After which the link can't be relied on.
    pub fatal: Reading<ErrorCounts>,
    /// After which a transaction is lost, and the link is sound.
    pub nonfatal: Reading<ErrorCounts>,
    /// What a root port saw from all beneath it; absent elsewhere.
    pub root_port_correctable: Reading<u64>,
    /// What a root port saw from all beneath it; absent elsewhere.
    pub root_port_fatal: Reading<u64>,
    /// What a root port saw from all beneath it; absent elsewhere.
    pub root_port_nonfatal: Reading<u64>,
}

/// Errors of one severity, by their kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ErrorCounts {
    /// Each kind, in the kernel's order.
    pub kinds: Vec<ErrorCount>,
    /// The kernel's total, where it gives one.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub total: Option<u64>,
}

/// How often a kind of error was reported.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ErrorCount {
    /// The kernel's name for it: `RxErr`, `BadTLP`, `Receiver Error` in older kernels.
    pub name: ByteString,
    /// How often.
    pub count: u64,
}

impl ErrorCounters {
    pub(super) fn read(directory: &Directory) -> Self {
        let counts = |name| directory.parse(name, ErrorCounts::parse).into();
        let number = |name: &str| -> Reading<u64> {
            directory.parse(name, |bytes| text::decimal(text::trim(bytes))).into()
        };
        Self {
            correctable: counts("aer_dev_correctable"),
            fatal: counts("aer_dev_fatal"),
            nonfatal: counts("aer_dev_nonfatal"),
            root_port_correctable: number("aer_rootport_total_err_cor"),
            root_port_fatal: number("aer_rootport_total_err_fatal"),
            root_port_nonfatal: number("aer_rootport_total_err_nonfatal"),
        }
    }

    /// Whether any error has been counted.
    #[must_use]
    pub fn any(&self) -> bool {
        let any = |counts: &Reading<ErrorCounts>| counts.value().is_some_and(ErrorCounts::any);
        any(&self.correctable) || any(&self.fatal) || any(&self.nonfatal)
    }

    /// The reason why there is nothing at all, where there is nothing.
    #[must_use]
    pub fn absence(&self) -> Option<&Error> {
        let error = self.correctable.error()?;
        (self.fatal.error().is_some() && self.nonfatal.error().is_some()).then_some(error)
    }
}

impl ErrorCounts {
    /// Whether any error has been counted.
    #[must_use]
    pub fn any(&self) -> bool {
        self.total.is_some_and(|total| total > 0) || self.kinds.iter().any(|kind| kind.count > 0)
    }

    /// Reads the text of `aer_dev_correctable` and its like: a name, which may hold spaces, and a number a line,
    /// of which the one whose name begins with `TOTAL_ERR` is the total.
    ///
    /// # Errors
    /// A line that does not end in a number.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        let mut counts = Self::default();
        for line in text::lines(bytes).map(text::trim).filter(|line| !line.is_empty()) {
            let space = line.iter().rposition(|&byte| byte == b' ');
            let space = space.ok_or_else(|| ParseError::expected("a name and a number", line))?;
            let (name, count) = (text::trim(&line[..space]), text::decimal(&line[space + 1..])?);
            if name.starts_with(b"TOTAL_ERR") {
                counts.total = Some(count);
            } else {
                counts.kinds.push(ErrorCount { name: name.into(), count });
            }
        }
        Ok(counts)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn kinds_and_total_are_read() {
        let counts =
            ErrorCounts::parse(b"Receiver Error 2\nBad TLP 0\nRELAY_NUM Rollover 0\nTOTAL_ERR_COR 2\n")
                .unwrap();
        let kinds: Vec<_> = counts.kinds.iter().map(|kind| (kind.name.to_string(), kind.count)).collect();
        assert_eq!(
            kinds,
            [("Receiver Error".into(), 2), ("Bad TLP".into(), 0), ("RELAY_NUM Rollover".into(), 0)]
        );
        assert_eq!(counts.total, Some(2));
        assert!(counts.any());
    }

    #[test]
    fn a_last_newline_makes_no_kind() {
        assert_eq!(ErrorCounts::parse(b"RxErr 0\n"), ErrorCounts::parse(b"RxErr 0"));
        assert!(!ErrorCounts::parse(b"RxErr 0\n").unwrap().any());
        assert_eq!(ErrorCounts::parse(b""), Ok(ErrorCounts::default()));
        assert!(ErrorCounts::parse(b"RxErr").is_err() && ErrorCounts::parse(b"RxErr x").is_err());
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = ErrorCounts::parse(&text);
        }
    }
}
