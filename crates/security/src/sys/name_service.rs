//! The C library's name service: getpwnam_r(3) and its like.

use core::{
    ffi::{CStr, c_char, c_int},
    mem::MaybeUninit,
    ptr,
};

use rustix::io::Errno;

/// A record of passwd(5), as far as it is kept.
pub(crate) struct Account {
    pub(crate) name: Vec<u8>,
    pub(crate) user: u32,
    pub(crate) group: u32,
    pub(crate) comment: Vec<u8>,
    pub(crate) home: Vec<u8>,
    pub(crate) shell: Vec<u8>,
}

/// A record of group(5), as far as it is kept.
pub(crate) struct Membership {
    pub(crate) name: Vec<u8>,
    pub(crate) group: u32,
    pub(crate) members: Vec<Vec<u8>>,
}

/// What is looked for.
#[derive(Clone, Copy)]
pub(crate) enum Key<'k> {
    Name(&'k CStr),
    Number(u32),
}

/// How large a record may be.
const LARGEST: usize = 16 << 20;

/// Calls with a buffer that grows until the record fits; `None` where there is no such record.
fn growing<T>(
    mut call: impl FnMut(*mut c_char, usize, &mut MaybeUninit<T>) -> (c_int, bool),
    mut take: impl FnMut(&MaybeUninit<T>, &[u8]),
) -> Result<bool, Errno> {
    let mut buffer: Vec<u8> = vec![0; 1024];
    loop {
        let mut record = MaybeUninit::uninit();
        match call(buffer.as_mut_ptr().cast(), buffer.len(), &mut record) {
            (0, true) => {
                take(&record, &buffer);
                return Ok(true);
            }
            // What the manual page lists beside 0 for "there is none".
            (0 | libc::ENOENT | libc::ESRCH | libc::EBADF, false) => return Ok(false),
            (libc::ERANGE, _) if buffer.len() < LARGEST => buffer = vec![0; buffer.len() * 4],
            (libc::EINTR, _) => {}
            (error, _) => return Err(Errno::from_raw_os_error(error)),
        }
    }
}

/// The bytes of a string; none where there is none.
///
/// # Safety
/// `text` is null or a string that lives as long as the call.
unsafe fn bytes(text: *const c_char) -> Vec<u8> {
    if text.is_null() {
        return Vec::new();
    }
    // SAFETY: as the caller says.
    unsafe { CStr::from_ptr(text) }.to_bytes().to_vec()
}

/// The user.
pub(crate) fn user(key: Key<'_>) -> Result<Option<Account>, Errno> {
    let mut account = None;
    growing(
        |buffer, size, record: &mut MaybeUninit<libc::passwd>| {
            let mut found = ptr::null_mut();
            // SAFETY: the record, the buffer of this size and the pointer outlive the call.
            let error = unsafe {
                match key {
                    Key::Name(name) => {
                        libc::getpwnam_r(name.as_ptr(), record.as_mut_ptr(), buffer, size, &mut found)
                    }
                    Key::Number(user) => {
                        libc::getpwuid_r(user, record.as_mut_ptr(), buffer, size, &mut found)
                    }
                }
            };
            (error, !found.is_null())
        },
        |record, _| {
            // SAFETY: the call found one, so that it filled the record with strings in the buffer, which still lives.
            account = Some(unsafe {
                let record = record.assume_init_ref();
                Account {
                    name: bytes(record.pw_name),
                    user: record.pw_uid,
                    group: record.pw_gid,
                    comment: bytes(record.pw_gecos),
                    home: bytes(record.pw_dir),
                    shell: bytes(record.pw_shell),
                }
            });
        },
    )?;
    Ok(account)
}

/// The group.
pub(crate) fn group(key: Key<'_>) -> Result<Option<Membership>, Errno> {
    let mut group = None;
    growing(
        |buffer, size, record: &mut MaybeUninit<libc::group>| {
            let mut found = ptr::null_mut();
            // SAFETY: the record, the buffer of this size and the pointer outlive the call.
            let error = unsafe {
                match key {
                    Key::Name(name) => {
                        libc::getgrnam_r(name.as_ptr(), record.as_mut_ptr(), buffer, size, &mut found)
                    }
                    Key::Number(group) => {
                        libc::getgrgid_r(group, record.as_mut_ptr(), buffer, size, &mut found)
                    }
                }
            };
            (error, !found.is_null())
        },
        |record, _| {
            // SAFETY: the call found one, so that it filled the record with strings in the buffer, which still lives,
            // and with a list of strings that a null ends.
            group = Some(unsafe {
                let record = record.assume_init_ref();
                let mut members = Vec::new();
                let mut next = record.gr_mem;
                while !next.is_null() && !(*next).is_null() {
                    members.push(bytes(*next));
                    next = next.add(1);
                }
                Membership { name: bytes(record.gr_name), group: record.gr_gid, members }
            });
        },
    )?;
    Ok(group)
}

/// The groups of the user of this name, `first` among them.
pub(crate) fn groups_of(name: &CStr, first: u32) -> Result<Vec<u32>, Errno> {
    /// `NGROUPS_MAX`, and the first one.
    const MOST: usize = 65_537;
    let mut groups = vec![0u32; 64];
    loop {
        let mut count = groups.len() as c_int;
        // SAFETY: at most `count` numbers are written, for which there is room; all outlives the call.
        let got = unsafe { libc::getgrouplist(name.as_ptr(), first, groups.as_mut_ptr(), &mut count) };
        if got >= 0 {
            groups.truncate(count.max(0) as usize);
            return Ok(groups);
        }
        if groups.len() >= MOST {
            return Err(Errno::TOOBIG);
        }
        // The C library says how many there are, but not every one does so.
        groups = vec![0; (count.max(0) as usize).max(groups.len() * 2).min(MOST)];
    }
}
