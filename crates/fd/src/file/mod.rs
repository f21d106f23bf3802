//! What Linux can do with an open file beyond std.

mod range;

pub use range::ByteRange;
