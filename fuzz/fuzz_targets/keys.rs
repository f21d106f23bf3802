#![no_main]

use std::hint::black_box;

use libfuzzer_sys::fuzz_target;
use linux_support_fuzz::check;
use linux_support_security::keyring::{KeyDescription, KeyList, KeyPermissions, KeyUsers};

fuzz_target!(|text: &[u8]| {
    check(text, KeyDescription::parse(text));
    check(text, KeyPermissions::parse(text));
    check(text, KeyUsers::parse(text));
    check(text, KeyList::parse(text));
    for key in KeyList::parse(text).iter().flat_map(KeyList::keys) {
        black_box((key.description(), key.size()));
    }
});
