//! libseccomp, found at run time.

use core::ffi::{CStr, c_char, c_int, c_uint, c_void};
use std::{
    ffi::CString,
    io::{Read, Seek},
    os::fd::AsRawFd,
};

use linux_support_security::seccomp::{
    Action, AuditArchitecture, Comparison, Condition, Instruction, Program,
};

/// The library, which stays loaded.
#[derive(Clone, Copy)]
pub(crate) struct Libseccomp(*mut c_void);

/// A condition as libseccomp has it.
#[repr(C)]
struct Compare {
    argument: c_uint,
    operation: c_int,
    first: u64,
    second: u64,
}

macro_rules! call {
    ($library:expr, $name:expr, fn($($argument:ty),*) $(-> $returned:ty)?, $($value:expr),*) => {{
        type Function = unsafe extern "C" fn($($argument),*) $(-> $returned)?;
        // SAFETY: seccomp_init(3) and its fellows declare the function so, and the arguments are valid while it runs.
        unsafe {
            let symbol = $library.symbol($name);
            core::mem::transmute::<*mut c_void, Function>(symbol)($($value),*)
        }
    }};
}

/// Attributes of a filter, of `enum scmp_filter_attr`.
const BAD_ARCHITECTURE: c_int = 2;
const OPTIMIZE: c_int = 8;

impl Libseccomp {
    /// The library; `None` where it is not installed (Debian's package libseccomp2).
    pub(crate) fn load() -> Option<Self> {
        // SAFETY: the library's initialization sets its own variables.
        let handle = unsafe { libc::dlopen(c"libseccomp.so.2".as_ptr(), libc::RTLD_NOW) };
        (!handle.is_null()).then_some(Self(handle))
    }

    fn symbol(self, name: &CStr) -> *mut c_void {
        // SAFETY: the handle is valid and the name ends in NUL.
        let symbol = unsafe { libc::dlsym(self.0, name.as_ptr()) };
        assert!(!symbol.is_null(), "libseccomp has no {name:?}");
        symbol
    }

    /// The number of a call of an architecture; `None` if it has none of that name or the library does not know it.
    pub(crate) fn number(self, architecture: AuditArchitecture, name: &str) -> Option<u32> {
        let name = CString::new(name).unwrap();
        let number = call!(
            self,
            c"seccomp_syscall_resolve_name_arch",
            fn(u32, *const c_char) -> c_int,
            architecture.number(),
            name.as_ptr()
        );
        u32::try_from(number).ok()
    }

    /// The name of a call of an architecture.
    pub(crate) fn name(self, architecture: AuditArchitecture, number: u32) -> Option<String> {
        let name = call!(
            self,
            c"seccomp_syscall_resolve_num_arch",
            fn(u32, c_int) -> *mut c_char,
            architecture.number(),
            number.cast_signed()
        );
        if name.is_null() {
            return None;
        }
        // SAFETY: the library gives a string that ends in NUL, and that the caller frees.
        unsafe {
            let text = CStr::from_ptr(name).to_str().unwrap().to_owned();
            libc::free(name.cast());
            Some(text)
        }
    }

    /// The filter that it makes of rules for the native architecture, as its best search tree.
    pub(crate) fn compile(
        self,
        default: Action,
        foreign: Action,
        rules: &[(u32, Vec<Condition>, Action)],
    ) -> Program {
        let filter = call!(self, c"seccomp_init", fn(u32) -> *mut c_void, default.answer());
        assert!(!filter.is_null());
        let set = |attribute: c_int, value: u32| {
            let done = call!(
                self,
                c"seccomp_attr_set",
                fn(*mut c_void, c_int, u32) -> c_int,
                filter,
                attribute,
                value
            );
            assert_eq!(done, 0, "attribute {attribute}");
        };
        set(BAD_ARCHITECTURE, foreign.answer());
        set(OPTIMIZE, 2);
        for (number, conditions, action) in rules {
            let compared: Vec<Compare> = conditions.iter().map(|&condition| compare(condition)).collect();
            let done = call!(
                self,
                c"seccomp_rule_add_array",
                fn(*mut c_void, u32, c_int, c_uint, *const Compare) -> c_int,
                filter,
                action.answer(),
                number.cast_signed(),
                compared.len() as c_uint,
                compared.as_ptr()
            );
            assert_eq!(done, 0, "rule for {number} of {conditions:?}");
        }
        let mut file = tempfile::tempfile().unwrap();
        let done =
            call!(self, c"seccomp_export_bpf", fn(*mut c_void, c_int) -> c_int, filter, file.as_raw_fd());
        assert_eq!(done, 0);
        call!(self, c"seccomp_release", fn(*mut c_void), filter);
        let mut bytes = Vec::new();
        file.rewind().unwrap();
        file.read_to_end(&mut bytes).unwrap();
        let instructions = bytes.as_chunks::<8>().0.iter().map(|&[a, b, if_true, if_false, operand @ ..]| {
            let (code, operand) = (u16::from_ne_bytes([a, b]), u32::from_ne_bytes(operand));
            Instruction { code, if_true, if_false, operand }
        });
        Program::new(instructions.collect()).unwrap()
    }
}

fn compare(condition: Condition) -> Compare {
    let argument = condition.argument().index() as c_uint;
    let (operation, first, second) = match condition.comparison() {
        Comparison::NotEqual(value) => (1, value, 0),
        Comparison::Less(value) => (2, value, 0),
        Comparison::LessOrEqual(value) => (3, value, 0),
        Comparison::Equal(value) => (4, value, 0),
        Comparison::GreaterOrEqual(value) => (5, value, 0),
        Comparison::Greater(value) => (6, value, 0),
        Comparison::Masked { mask, value } => (7, mask, value),
        other => panic!("libseccomp has no {other:?}"),
    };
    Compare { argument, operation, first, second }
}
