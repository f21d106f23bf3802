//! The system calls of keyrings: add_key(2), request_key(2), keyctl(2).

use std::ffi::CStr;

use libc::c_long;
use linux_support_base::syscall::result;
use rustix::io::Errno;

/// What keyctl(2) is asked for, where all that it takes are numbers.
#[derive(Clone, Copy)]
pub(crate) enum Numbers {
    /// The number of a keyring that has a place in the caller; it is made where the second is 1.
    Id(i32, u32),
    Revoke(i32),
    Owner(i32, u32, u32),
    Permissions(i32, u32),
    Clear(i32),
    /// A key, into a keyring.
    Link(i32, i32),
    /// A key, from a keyring.
    Unlink(i32, i32),
    /// A key, seconds, and the keyring into which it is linked.
    Negate(i32, u32, i32),
    DefaultDestination(i32),
    Timeout(i32, u32),
    Assume(i32),
    SessionToParent,
    Reject(i32, u32, u32, i32),
    Invalidate(i32),
    Persistent(u32, i32),
    /// A key, from a keyring, into another, and flags.
    Move(i32, i32, i32, u32),
}

/// # Safety
/// Each argument is what the operation takes; what is a pointer is null or points to what it reads or writes, for as long
/// as the call takes.
unsafe fn keyctl(operation: u32, arguments: [usize; 4]) -> Result<i64, Errno> {
    let [first, second, third, fourth] = arguments;
    // SAFETY: as the caller says.
    result(unsafe { libc::syscall(libc::SYS_keyctl, c_long::from(operation), first, second, third, fourth) })
}

/// A number with sign, as a register has it.
const fn signed(number: i32) -> usize {
    number as isize as usize
}

/// Does what takes numbers only.
pub(crate) fn numbers(operation: Numbers) -> Result<i64, Errno> {
    let (number, arguments) = match operation {
        Numbers::Id(ring, make) => (0, [signed(ring), make as usize, 0, 0]),
        Numbers::Revoke(key) => (3, [signed(key), 0, 0, 0]),
        Numbers::Owner(key, user, group) => (4, [signed(key), user as usize, group as usize, 0]),
        Numbers::Permissions(key, permissions) => (5, [signed(key), permissions as usize, 0, 0]),
        Numbers::Clear(ring) => (7, [signed(ring), 0, 0, 0]),
        Numbers::Link(key, ring) => (8, [signed(key), signed(ring), 0, 0]),
        Numbers::Unlink(key, ring) => (9, [signed(key), signed(ring), 0, 0]),
        Numbers::Negate(key, seconds, ring) => (13, [signed(key), seconds as usize, signed(ring), 0]),
        Numbers::DefaultDestination(choice) => (14, [signed(choice), 0, 0, 0]),
        Numbers::Timeout(key, seconds) => (15, [signed(key), seconds as usize, 0, 0]),
        Numbers::Assume(key) => (16, [signed(key), 0, 0, 0]),
        Numbers::SessionToParent => (18, [0; 4]),
        Numbers::Reject(key, seconds, error, ring) => {
            (19, [signed(key), seconds as usize, error as usize, signed(ring)])
        }
        Numbers::Invalidate(key) => (21, [signed(key), 0, 0, 0]),
        Numbers::Persistent(user, ring) => (22, [user as usize, signed(ring), 0, 0]),
        Numbers::Move(key, from, to, flags) => (30, [signed(key), signed(from), signed(to), flags as usize]),
    };
    // SAFETY: none of these operations takes a pointer.
    unsafe { keyctl(number, arguments) }
}

/// Adds a key, or gives the one of this type and description other content; gives its number.
pub(crate) fn add(kind: &CStr, description: &CStr, payload: &[u8], ring: i32) -> Result<i32, Errno> {
    // SAFETY: two strings and so many bytes are read, all of which outlive the call.
    let key = result(unsafe {
        libc::syscall(
            libc::SYS_add_key,
            kind.as_ptr(),
            description.as_ptr(),
            payload.as_ptr(),
            payload.len(),
            c_long::from(ring),
        )
    })?;
    Ok(key as i32)
}

/// Looks for a key in the caller's keyrings, and has it made where there is none and `callout` says for what.
pub(crate) fn request(
    kind: &CStr,
    description: &CStr,
    callout: Option<&CStr>,
    ring: i32,
) -> Result<i32, Errno> {
    let callout = callout.map_or(std::ptr::null(), CStr::as_ptr);
    // SAFETY: two strings and perhaps a third are read, all of which outlive the call.
    let key = result(unsafe {
        libc::syscall(libc::SYS_request_key, kind.as_ptr(), description.as_ptr(), callout, c_long::from(ring))
    })?;
    Ok(key as i32)
}

/// Joins, or makes, the session keyring of this name; a new one without a name where there is none.
pub(crate) fn join_session(name: Option<&CStr>) -> Result<i32, Errno> {
    let name = name.map_or(std::ptr::null(), CStr::as_ptr);
    // SAFETY: the operation reads a string that outlives the call, or takes null.
    unsafe { keyctl(1, [name.expose_provenance(), 0, 0, 0]) }.map(|key| key as i32)
}

/// Looks for a key beneath a keyring, and links it into another one that is not 0.
pub(crate) fn search(ring: i32, kind: &CStr, description: &CStr, into: i32) -> Result<i32, Errno> {
    // SAFETY: the operation reads two strings that outlive the call.
    let key = unsafe {
        keyctl(
            10,
            [
                signed(ring),
                kind.as_ptr().expose_provenance(),
                description.as_ptr().expose_provenance(),
                signed(into),
            ],
        )
    }?;
    Ok(key as i32)
}

/// Gives the key other content.
pub(crate) fn update(key: i32, payload: &[u8]) -> Result<(), Errno> {
    // SAFETY: the operation reads so many bytes, which outlive the call.
    unsafe { keyctl(2, [signed(key), payload.as_ptr().expose_provenance(), payload.len(), 0]) }.map(drop)
}

/// Gives the key that is being made its content.
pub(crate) fn instantiate(key: i32, payload: &[u8], ring: i32) -> Result<(), Errno> {
    // SAFETY: the operation reads so many bytes, which outlive the call.
    unsafe { keyctl(12, [signed(key), payload.as_ptr().expose_provenance(), payload.len(), signed(ring)]) }
        .map(drop)
}

/// What of a key is copied out.
#[derive(Clone, Copy)]
pub(crate) enum Text {
    Description,
    Content,
    Label,
}

/// Copies it as far as there is room, and gives its whole length; that of texts has a NUL at the end. Of content that has
/// no room nothing is of use.
pub(crate) fn copy(key: i32, text: Text, room: &mut [u8]) -> Result<usize, Errno> {
    let operation = match text {
        Text::Description => 6,
        Text::Content => 11,
        Text::Label => 17,
    };
    // SAFETY: the operations write no more bytes than there is room for.
    let length =
        unsafe { keyctl(operation, [signed(key), room.as_mut_ptr().expose_provenance(), room.len(), 0]) }?;
    Ok(length as usize)
}

/// Restricts what may be linked into a keyring: to nothing, where there is no type.
pub(crate) fn restrict(ring: i32, by: Option<(&CStr, &CStr)>) -> Result<(), Errno> {
    let (kind, how) =
        by.map_or((std::ptr::null(), std::ptr::null()), |(kind, how)| (kind.as_ptr(), how.as_ptr()));
    // SAFETY: the operation reads two strings that outlive the call, or takes null for both.
    unsafe { keyctl(29, [signed(ring), kind.expose_provenance(), how.expose_provenance(), 0]) }.map(drop)
}

/// What the kernel can do with keys, in bytes of eight flags.
pub(crate) fn features() -> Result<[u8; 8], Errno> {
    let mut flags = [0u8; 8];
    // SAFETY: the operation writes no more bytes than these.
    unsafe { keyctl(31, [flags.as_mut_ptr().expose_provenance(), flags.len(), 0, 0]) }?;
    Ok(flags)
}
