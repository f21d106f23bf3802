//! The kernel's text formats: the pieces from which every parser of `/proc` and `/sys` is made.
//!
//! All functions take bytes, allocate nothing for what is well formed, and never panic. Their errors know
//! where in the text they lie: see [`ParseError`].

mod error;
mod escape;
mod keyed;
mod keys;
mod kibibyte_fields;
mod number;
mod places;
mod size;
mod split;

pub use error::ParseError;
pub use escape::{escape_name, escape_octal, unescape_hexadecimal, unescape_name, unescape_octal};
pub use keyed::{ColonKeyed, FlatKeyed, NestedKeyed, Pairs, colon_keyed, flat_keyed, nested_keyed};
pub use keys::Keys;
pub use kibibyte_fields::{KibibyteFields, take_kibibytes};
pub use number::{
    Integer, boolean, decimal, hexadecimal, hexadecimal_digits, octal, prefixed_hexadecimal, take_decimal,
    take_hexadecimal, take_short_decimal,
};
pub use places::places;
pub use size::{bytes_with_suffix, kibibytes};
pub use split::{Fields, Lines, NulSeparated, fields, find_near, lines, nul_separated, split_once, trim};
