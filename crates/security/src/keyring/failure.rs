use std::ffi::{CStr, CString};

use linux_support_base::{ByteString, Errno, Error, Reason, Requirement};

/// What the errors of these calls mean, which is often not what they mean elsewhere.
#[cold]
pub(super) fn failed(operation: &'static str, object: impl Into<ByteString>, errno: Errno) -> Error {
    let object = object.into();
    let says = |why: &str| Reason::Invalid(why.into());
    let reason = match errno {
        Errno::NOKEY => Reason::Absent,
        Errno::NOSYS => Reason::NotConfigured { needs: Requirement::none().configuration("CONFIG_KEYS") },
        Errno::NOTDIR => says("this key is no keyring"),
        Errno::NODEV => says("this kernel has no such type of key, or its module is not loaded"),
        Errno::OPNOTSUPP => says("keys of this type can't do that, or this kernel was built without it"),
        Errno::DQUOT => says(
            "the user's keys are too many or too large: /proc/key-users tells how many, and the sysctls \
             kernel.keys.maxkeys and kernel.keys.maxbytes how many there may be",
        ),
        Errno::KEYEXPIRED => says("the key has expired"),
        Errno::KEYREVOKED => says("the key was revoked"),
        Errno::KEYREJECTED => says("making the key was refused"),
        Errno::DEADLK => says("the keyring would hold itself"),
        Errno::NFILE => says("the keyring holds as many keys as it can"),
        Errno::LOOP => says("keyrings would hold one another more deeply than the kernel goes"),
        errno => return Error::system(operation, object, errno),
    };
    Error::new(operation, object, reason)
}

/// The text for the kernel.
pub(super) fn c_string(operation: &'static str, text: &[u8]) -> Result<CString, Error> {
    CString::new(text).map_err(|_| Error::invalid(operation, text, "expected a text without the byte NUL"))
}

/// The two texts that name a key.
pub(super) fn with_names<T>(
    operation: &'static str,
    kind: &super::KeyType,
    description: &[u8],
    call: impl FnOnce(&CStr, &CStr) -> Result<T, Errno>,
) -> Result<T, Error> {
    /// `KEY_MAX_DESC_SIZE`, less the NUL.
    const LONGEST: usize = 4095;
    if description.len() > LONGEST {
        let object = format!("a key with a description of {} bytes", description.len());
        return Err(Error::invalid(operation, object, format!("expected {LONGEST} at most")));
    }
    let (name, text) = (c_string(operation, kind.name())?, c_string(operation, description)?);
    call(&name, &text).map_err(|errno| {
        let object = [kind.name(), b" key ", description].concat();
        failed(operation, object, errno)
    })
}
