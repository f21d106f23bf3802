//! Where a task waited longest: `/proc/PID/latency`.

use core::time::Duration;

use linux_support_base::{
    ByteString, ParseError,
    text::{decimal, fields, lines},
};

/// A reason for which a task waited.
///
/// # Kernel
/// With CONFIG_LATENCYTOP, while `kernel.latencytop` is 1.
///
/// # Source
/// kernel/latencytop.c; fs/proc/base.c, lstats_show_proc.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "/proc/PID/latency")]
pub struct Latency {
    /// How often.
    pub count: u64,
    /// How long in all.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "total_seconds", serialize_with = "crate::serialize::seconds::plain")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "f64"))]
    pub total: Duration,
    /// How long at most.
    #[cfg_attr(
        feature = "serde",
        serde(rename = "longest_seconds", serialize_with = "crate::serialize::seconds::plain")
    )]
    #[cfg_attr(feature = "schema", schemars(with = "f64"))]
    pub longest: Duration,
    /// The functions of the kernel that it was in, the innermost first.
    pub functions: Vec<ByteString>,
}

impl Latency {
    /// Reads the file.
    ///
    /// # Errors
    /// The first line is not that of the format's version, or a line does not begin with three numbers.
    pub fn parse_all(text: &[u8]) -> Result<Vec<Self>, ParseError> {
        let mut lines = lines(text);
        match lines.next() {
            Some(head) if head.starts_with(b"Latency Top version : v0.1") => {}
            head => return Err(ParseError::expected("Latency Top version : v0.1", head.unwrap_or(text))),
        }
        lines
            .filter(|line| !line.trim_ascii().is_empty())
            .map(|line| {
                let mut fields = fields(line);
                let mut number =
                    |field| decimal::<u64>(fields.required(field)?).map_err(|error| error.in_field(field));
                Ok(Self {
                    count: number("count")?,
                    total: Duration::from_micros(number("total")?),
                    longest: Duration::from_micros(number("longest")?),
                    functions: fields.map(ByteString::from).collect(),
                })
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_has_its_times_and_functions() {
        let text = b"Latency Top version : v0.1\n3 1200 900 do_wait kernel_wait4\n1 5 5\n";
        let reasons = Latency::parse_all(text).unwrap();
        assert_eq!((reasons[0].count, reasons[0].total), (3, Duration::from_micros(1200)));
        assert_eq!(
            (reasons[0].longest, &reasons[0].functions[..]),
            (Duration::from_micros(900), &["do_wait".into(), "kernel_wait4".into()][..])
        );
        assert_eq!((reasons.len(), reasons[1].functions.len()), (2, 0));
        assert_eq!(Latency::parse_all(text.trim_ascii_end()), Ok(reasons));
        assert_eq!(Latency::parse_all(b"Latency Top version : v0.1\n"), Ok(Vec::new()));
    }

    #[test]
    fn another_version_and_missing_numbers_are_errors() {
        assert!(
            Latency::parse_all(b"").is_err() && Latency::parse_all(b"Latency Top version : v2\n").is_err()
        );
        let text = b"Latency Top version : v0.1\n3 1200\n";
        assert_eq!(Latency::parse_all(text).unwrap_err().field(), Some("longest"));
    }
}
