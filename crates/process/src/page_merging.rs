//! How much of a process's memory is merged with equal pages: `/proc/PID/ksm_stat`.

use linux_support_base::{
    Pages, ParseError,
    text::{decimal, lines},
};

use crate::status::OtherLine;

/// How much of a process's memory is merged with equal pages (KSM).
///
/// # Kernel
/// Since 6.1, with CONFIG_KSM; each field says if it came later.
///
/// # Source
/// proc_pid_ksm_stat(5); Documentation/filesystems/proc.rst, 3.14.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
#[doc(alias = "ksm_stat")]
pub struct PageMerging {
    /// Pages that are looked after.
    #[doc(alias = "ksm_rmap_items")]
    pub watched: Option<Pages>,
    /// Empty pages that were merged with the kernel's own. Since 6.6.
    #[doc(alias = "ksm_zero_pages")]
    pub empty: Option<Pages>,
    /// Pages that are merged. Since 6.6.
    #[doc(alias = "ksm_merging_pages")]
    pub merged: Option<Pages>,
    /// What was won, in bytes; below 0 where the book-keeping takes more. Since 6.6.
    #[doc(alias = "ksm_process_profit")]
    pub profit: Option<i64>,
    /// Whether all its memory is to be merged (`PR_SET_MEMORY_MERGE`). Since 6.14.
    #[doc(alias = "ksm_merge_any")]
    pub merges_all: Option<bool>,
    /// Whether some of its memory may be merged. Since 6.14.
    #[doc(alias = "ksm_mergeable")]
    pub is_mergeable: Option<bool>,
    /// Lines that are not known here.
    pub other: Vec<OtherLine>,
}

impl PageMerging {
    /// Reads the file.
    ///
    /// # Errors
    /// A known line whose value is malformed.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        let mut parsed = Self::default();
        for line in lines(text) {
            let end = line.iter().position(|byte| matches!(byte, b' ' | b':')).unwrap_or(line.len());
            let (key, value) = (&line[..end], line[end..].trim_ascii());
            let value = value.strip_prefix(b":").unwrap_or(value).trim_ascii();
            let pages = || decimal(value).map(|pages| Some(Pages::new(pages)));
            match key {
                b"ksm_rmap_items" => {
                    parsed.watched = pages().map_err(|error| error.in_field("ksm_rmap_items"))?
                }
                b"ksm_zero_pages" => {
                    parsed.empty = pages().map_err(|error| error.in_field("ksm_zero_pages"))?;
                }
                b"ksm_merging_pages" => {
                    parsed.merged = pages().map_err(|error| error.in_field("ksm_merging_pages"))?;
                }
                b"ksm_process_profit" => {
                    parsed.profit =
                        Some(decimal(value).map_err(|error| error.in_field("ksm_process_profit"))?);
                }
                b"ksm_merge_any" => parsed.merges_all = Some(yes(value, "ksm_merge_any")?),
                b"ksm_mergeable" => parsed.is_mergeable = Some(yes(value, "ksm_mergeable")?),
                b"" => {}
                key => parsed.other.push(OtherLine { key: key.into(), value: value.into() }),
            }
        }
        Ok(parsed)
    }
}

fn yes(text: &[u8], field: &'static str) -> Result<bool, ParseError> {
    match text {
        b"yes" => Ok(true),
        b"no" => Ok(false),
        text => Err(ParseError::expected("yes or no", text).in_field(field)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &[u8] = b"ksm_rmap_items 76\nksm_zero_pages 1\nksm_merging_pages 5\nksm_process_profit -64\n\
        ksm_merge_any: no\nksm_mergeable: yes\n";

    #[test]
    fn every_line_is_read() {
        let merging = PageMerging::parse(TEXT).unwrap();
        assert_eq!((merging.watched, merging.empty), (Some(Pages::new(76)), Some(Pages::new(1))));
        assert_eq!((merging.merged, merging.profit), (Some(Pages::new(5)), Some(-64)));
        assert_eq!((merging.merges_all, merging.is_mergeable), (Some(false), Some(true)));
        assert_eq!(PageMerging::parse(TEXT.trim_ascii_end()), Ok(merging));
    }

    #[test]
    fn older_and_newer_kernels_write_fewer_and_more() {
        assert_eq!(PageMerging::parse(b"ksm_rmap_items 0\n").unwrap().merged, None);
        assert_eq!(PageMerging::parse(b"ksm_new 3\n").unwrap().other[0].value, "3");
        assert_eq!(PageMerging::parse(b"ksm_mergeable: x\n").unwrap_err().field(), Some("ksm_mergeable"));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "(ksm_rmap_items|ksm_merge_any|[a-z0-9: -]|\n){0,16}", bytes: Vec<u8>) {
            let _ = (PageMerging::parse(text.as_bytes()), PageMerging::parse(&bytes));
        }
    }
}
