//! A library of C that is found at run time.

use core::ffi::{CStr, c_void};

/// The library, which stays loaded.
#[derive(Clone, Copy)]
pub(crate) struct DynamicLibrary(*mut c_void);

// SAFETY: the handle is only used to look names up, which any thread may.
unsafe impl Send for DynamicLibrary {}
// SAFETY: as above.
unsafe impl Sync for DynamicLibrary {}

impl DynamicLibrary {
    /// The library; `None` where it is not installed.
    ///
    /// # Safety
    /// Its initialization does nothing that this program does not expect.
    pub(crate) unsafe fn load(file: &CStr) -> Option<Self> {
        // SAFETY: the name ends in NUL, and the caller knows the library.
        let handle = unsafe { libc::dlopen(file.as_ptr(), libc::RTLD_NOW) };
        (!handle.is_null()).then_some(Self(handle))
    }

    /// Where the function is.
    pub(crate) fn symbol(self, name: &CStr) -> *mut c_void {
        // SAFETY: the handle is valid and the name ends in NUL.
        let symbol = unsafe { libc::dlsym(self.0, name.as_ptr()) };
        assert!(!symbol.is_null(), "the library has no {name:?}");
        symbol
    }
}

/// Calls a function of a library, which stands for what has the library in its field 0.
macro_rules! call {
    ($library:expr, $name:expr, fn($($argument:ty),*) $(-> $returned:ty)?, $($value:expr),*) => {{
        type Function = unsafe extern "C" fn($($argument),*) $(-> $returned)?;
        // SAFETY: the library's header declares the function so, and the arguments are valid for as long as it runs.
        unsafe {
            let symbol = $library.0.symbol($name);
            core::mem::transmute::<*mut core::ffi::c_void, Function>(symbol)($($value),*)
        }
    }};
}

pub(crate) use call;
