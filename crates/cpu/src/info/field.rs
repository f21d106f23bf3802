//! Values of single fields.

use linux_support_base::{ParseError, text};

/// The value, unless the kernel says that it does not know it (nothing, or the word `unknown`).
pub(super) fn known<T>(
    value: &[u8],
    name: &'static str,
    parse: impl FnOnce(&[u8]) -> Result<T, ParseError>,
) -> Result<Option<T>, ParseError> {
    if value.is_empty() || value.eq_ignore_ascii_case(b"unknown") {
        return Ok(None);
    }
    parse(value).map(Some).map_err(|error| error.in_field(name))
}

/// A number of a package, core or the like; `None` for −1, by which the kernel says that it knows none.
pub(crate) fn identity(value: &[u8]) -> Result<Option<u32>, ParseError> {
    let number: i64 = text::decimal(text::trim(value))?;
    match number {
        -1 | 0xffff_ffff => Ok(None),
        number => u32::try_from(number)
            .map(Some)
            .map_err(|_| ParseError::expected("a number from -1 to 4294967295", value)),
    }
}
