#![no_main]

use libfuzzer_sys::fuzz_target;
use linux_support_base::text::{
    escape_name, escape_octal, unescape_hexadecimal, unescape_name, unescape_octal,
};

fuzz_target!(|text: &[u8]| {
    let _ = unescape_hexadecimal(text);
    assert_eq!(*unescape_octal(&escape_octal(text)), *text);
    assert_eq!(*unescape_name(&escape_name(text)), *text);
});
