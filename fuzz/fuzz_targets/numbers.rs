#![no_main]

use libfuzzer_sys::fuzz_target;
use linux_support_base::text::{
    boolean, bytes_with_suffix, decimal, hexadecimal, kibibytes, octal, take_decimal,
};
use linux_support_fuzz::check;

fuzz_target!(|text: &[u8]| {
    check(text, decimal::<i64>(text));
    check(text, decimal::<u8>(text));
    check(text, hexadecimal::<u64>(text));
    check(text, octal::<u32>(text));
    check(text, boolean(text));
    check(text, kibibytes(text));
    check(text, bytes_with_suffix(text));
    let mut rest = text;
    while !rest.is_empty() && take_decimal::<i64>(&mut rest).is_ok() {}
});
