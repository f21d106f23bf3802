//! Memory that is owned, and the system calls that rustix doesn't have. Nothing else in this crate is unsafe.

pub(crate) mod advice;
pub(crate) mod affinity;
pub(crate) mod guard;
pub(crate) mod kind;
pub(crate) mod lazily_freed;
pub(crate) mod mapping;
pub(crate) mod page_map;
pub(crate) mod policy;
pub(crate) mod protection_key;
pub(crate) mod transfer;

use libc::{c_long, c_uint};
use rustix::io::Errno;

/// What a system call gave, or its error.
fn result(returned: c_long) -> Result<c_long, Errno> {
    if returned == -1 {
        let error = std::io::Error::last_os_error().raw_os_error();
        return Err(Errno::from_raw_os_error(error.unwrap_or(libc::EINVAL)));
    }
    Ok(returned)
}

/// The number of a system call as `libc::syscall` takes it.
const fn number(number: c_uint) -> c_long {
    number as c_long
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minus_one_is_the_only_error() {
        // SAFETY: closing a descriptor that can't be open changes nothing.
        let returned = c_long::from(unsafe { libc::close(-1) });
        assert_eq!(result(returned), Err(Errno::BADF));
        assert_eq!((result(0), result(-2)), (Ok(0), Ok(-2)));
    }
}
