//! The text of capabilities beside libcap's own: `cap_from_text` and `cap_to_text`.
#![deny(unsafe_code)]
#![cfg(not(user_emulation))]

#[allow(unsafe_code)]
mod libcap {
    use core::ffi::{CStr, c_char, c_int, c_void};
    use std::ffi::CString;

    use linux_support_security::capability::{CapabilitySet, CapabilityState};

    /// The library, which stays loaded.
    #[derive(Clone, Copy)]
    pub(crate) struct Libcap(*mut c_void);

    macro_rules! call {
        ($library:expr, $name:expr, fn($($argument:ty),*) $(-> $returned:ty)?, $($value:expr),*) => {{
            type Function = unsafe extern "C" fn($($argument),*) $(-> $returned)?;
            // SAFETY: cap_from_text(3) and its fellows declare the function so, and the arguments are valid while it runs.
            unsafe {
                let symbol = $library.symbol($name);
                core::mem::transmute::<*mut c_void, Function>(symbol)($($value),*)
            }
        }};
    }

    impl Libcap {
        /// The library; `None` where it is not installed (Debian's package libcap2).
        pub(crate) fn load() -> Option<Self> {
            // SAFETY: the library's initialization sets its own variables.
            let handle = unsafe { libc::dlopen(c"libcap.so.2".as_ptr(), libc::RTLD_NOW) };
            (!handle.is_null()).then_some(Self(handle))
        }

        fn symbol(self, name: &CStr) -> *mut c_void {
            // SAFETY: the handle is valid and the name ends in NUL.
            let symbol = unsafe { libc::dlsym(self.0, name.as_ptr()) };
            assert!(!symbol.is_null(), "libcap has no {name:?}");
            symbol
        }

        /// How many capabilities it knows: those of the running kernel.
        pub(crate) fn known(self) -> u8 {
            call!(self, c"cap_max_bits", fn() -> c_int,) as u8
        }

        /// What it reads from a text, and what it writes of that; `None` if it refuses.
        pub(crate) fn read(self, text: &str) -> Option<(CapabilityState, String)> {
            let text = CString::new(text).ok()?;
            let state = call!(self, c"cap_from_text", fn(*const c_char) -> *mut c_void, text.as_ptr());
            if state.is_null() {
                return None;
            }
            let set = |flag: c_int| {
                (0..64u8).fold(CapabilitySet::EMPTY, |set, number| {
                    let mut value: c_int = 0;
                    call!(
                        self,
                        c"cap_get_flag",
                        fn(*mut c_void, c_int, c_int, *mut c_int) -> c_int,
                        state,
                        c_int::from(number),
                        flag,
                        &mut value
                    );
                    if value == 0 { set } else { CapabilitySet::from_bits(set.bits() | 1 << number) }
                })
            };
            let sets = CapabilityState { effective: set(0), permitted: set(1), inheritable: set(2) };
            let written = call!(
                self,
                c"cap_to_text",
                fn(*mut c_void, *mut c_void) -> *mut c_char,
                state,
                core::ptr::null_mut()
            );
            // SAFETY: a text that ends in NUL and is the caller's to free.
            let copy = unsafe { CStr::from_ptr(written) }.to_str().unwrap().to_owned();
            call!(self, c"cap_free", fn(*mut c_void) -> c_int, written.cast());
            call!(self, c"cap_free", fn(*mut c_void) -> c_int, state);
            Some((sets, copy))
        }
    }
}

use std::cell::Cell;

use libcap::Libcap;
use linux_support_security::capability::{Capability, CapabilitySet, CapabilityState};
use proptest::{prelude::*, test_runner::TestRunner};

/// The library, where it and this one know the same capabilities.
fn peer() -> Option<Libcap> {
    let Some(library) = Libcap::load() else {
        println!("skipped: libcap2 is not installed");
        return None;
    };
    let known = library.known();
    if known != Capability::KNOWN {
        println!(
            "skipped: this kernel has {known} capabilities, and {} are known by name",
            Capability::KNOWN
        );
        return None;
    }
    Some(library)
}

#[test]
fn each_state_has_the_same_text() {
    let Some(library) = peer() else { return };
    let sets = (any::<u64>(), any::<u64>(), any::<u64>(), any::<u64>());
    TestRunner::new(ProptestConfig::with_cases(500))
        .run(&sets, |(effective, permitted, inheritable, mask)| {
            for keep in [u64::MAX, mask, mask & mask.rotate_left(7), !mask | 7, (1 << Capability::KNOWN) - 1]
            {
                let set = |bits: u64| CapabilitySet::from_bits(bits & keep);
                let ours = CapabilityState {
                    effective: set(effective),
                    permitted: set(permitted),
                    inheritable: set(inheritable),
                };
                let (theirs, written) =
                    library.read(&ours.to_string()).expect("they read what is written here");
                prop_assert_eq!(theirs, ours);
                prop_assert_eq!(written, ours.to_string());
            }
            Ok(())
        })
        .unwrap();
}

#[test]
fn each_text_is_read_alike_or_refused_alike() {
    let Some(library) = peer() else { return };
    let words = "(cap_(chown|kill|bpf|kil)|CAP_SYSLOG|all|ALL|0x|0|5|41|63|64|077|,|,|=|=|\\+|-|e|i|p|ep|eip|E| |\t){0,9}";
    let (read, refused) = (Cell::new(0), Cell::new(0));
    TestRunner::new(ProptestConfig::with_cases(5_000))
        .run(&words, |text| {
            let theirs = library.read(&text).map(|(state, _)| state);
            prop_assert_eq!(CapabilityState::parse(text.as_bytes()).ok(), theirs, "{:?}", text);
            let count = if theirs.is_some() { &read } else { &refused };
            count.set(count.get() + 1);
            Ok(())
        })
        .unwrap();
    // Else nothing was compared.
    let (read, refused) = (read.get(), refused.get());
    assert!(read > 300 && refused > 300, "{read} read, {refused} refused");
}
