//! What the fuzz targets have in common.

use std::hint::black_box;

use linux_support_base::ParseError;

/// Uses what a parser made of `text`: the value, or the error with its place in the text.
pub fn check<T>(text: &[u8], parsed: Result<T, ParseError>) {
    match parsed {
        Ok(value) => drop(black_box(value)),
        Err(error) => drop(black_box(error.within(text).to_string())),
    }
}
