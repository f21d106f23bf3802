//! Credentials of the calling thread, through the bare system calls: those of the C library act on all threads.
//!
//! What changes them is called in signal handlers too: nothing here allocates, locks or uses anything but its
//! arguments.

use libc::{c_int, c_long};
use linux_support_base::syscall::result;
use rustix::io::Errno;

/// The three sets that capget(2) and capset(2) deal in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Sets {
    pub(crate) effective: u64,
    pub(crate) permitted: u64,
    pub(crate) inheritable: u64,
}

#[repr(C)]
struct Header {
    version: u32,
    pid: c_int,
}

#[derive(Clone, Copy, Default)]
#[repr(C)]
struct Data {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// `_LINUX_CAPABILITY_VERSION_3`: 64 capabilities, in two records.
const VERSION: u32 = 0x2008_0522;

/// The sets of the thread `pid`, or of the calling one where it is 0.
pub(crate) fn capabilities(pid: i32) -> Result<Sets, Errno> {
    let mut header = Header { version: VERSION, pid };
    let mut data = [Data::default(); 2];
    // SAFETY: of this version, the kernel reads the header and writes two records; both outlive the call.
    result(unsafe { libc::syscall(libc::SYS_capget, std::ptr::from_mut(&mut header), data.as_mut_ptr()) })?;
    let whole = |part: fn(&Data) -> u32| u64::from(part(&data[0])) | u64::from(part(&data[1])) << 32;
    Ok(Sets {
        effective: whole(|data| data.effective),
        permitted: whole(|data| data.permitted),
        inheritable: whole(|data| data.inheritable),
    })
}

/// Sets the three sets of the calling thread.
pub(crate) fn set_capabilities(sets: Sets) -> Result<(), Errno> {
    let mut header = Header { version: VERSION, pid: 0 };
    let part = |shift: u32| Data {
        effective: (sets.effective >> shift) as u32,
        permitted: (sets.permitted >> shift) as u32,
        inheritable: (sets.inheritable >> shift) as u32,
    };
    let data = [part(0), part(32)];
    // SAFETY: of this version, the kernel reads the header and two records; both outlive the call.
    result(unsafe { libc::syscall(libc::SYS_capset, std::ptr::from_mut(&mut header), data.as_ptr()) })?;
    Ok(())
}

/// The real, effective and saved user id.
pub(crate) fn users() -> Result<[u32; 3], Errno> {
    three(libc::SYS_getresuid)
}

/// The real, effective and saved group id.
pub(crate) fn groups() -> Result<[u32; 3], Errno> {
    three(libc::SYS_getresgid)
}

fn three(call: c_long) -> Result<[u32; 3], Errno> {
    let (mut real, mut effective, mut saved) = (0u32, 0u32, 0u32);
    // SAFETY: both calls write three numbers of 32 bits, which outlive the call.
    result(unsafe {
        libc::syscall(
            call,
            std::ptr::from_mut(&mut real),
            std::ptr::from_mut(&mut effective),
            std::ptr::from_mut(&mut saved),
        )
    })?;
    Ok([real, effective, saved])
}

/// A call that takes up to five numbers.
fn plain(call: c_long, arguments: [usize; 5]) -> Result<i64, Errno> {
    let [a, b, c, d, e] = arguments;
    // SAFETY: the callers below name calls that take numbers only, and touch no memory of the program.
    result(unsafe { libc::syscall(call, a, b, c, d, e) })
}

/// Sets the real, effective and saved user id; the file-system one follows the effective. All bits set: it stays.
pub(crate) fn set_users([real, effective, saved]: [u32; 3]) -> Result<(), Errno> {
    plain(libc::SYS_setresuid, [real as usize, effective as usize, saved as usize, 0, 0]).map(drop)
}

/// As [`set_users`], of groups.
pub(crate) fn set_groups([real, effective, saved]: [u32; 3]) -> Result<(), Errno> {
    plain(libc::SYS_setresgid, [real as usize, effective as usize, saved as usize, 0, 0]).map(drop)
}

/// The classic calls, which are tried only to see that they fail.
pub(crate) fn set_user_classic(user: u32) -> Result<(), Errno> {
    plain(libc::SYS_setuid, [user as usize, 0, 0, 0, 0]).map(drop)
}

pub(crate) fn set_users_classic(real: u32, effective: u32) -> Result<(), Errno> {
    plain(libc::SYS_setreuid, [real as usize, effective as usize, 0, 0, 0]).map(drop)
}

pub(crate) fn set_group_classic(group: u32) -> Result<(), Errno> {
    plain(libc::SYS_setgid, [group as usize, 0, 0, 0, 0]).map(drop)
}

pub(crate) fn set_groups_classic(real: u32, effective: u32) -> Result<(), Errno> {
    plain(libc::SYS_setregid, [real as usize, effective as usize, 0, 0, 0]).map(drop)
}

/// Sets the user id for access to files, and gives the one before; the call can't say that it failed.
pub(crate) fn exchange_file_user(user: u32) -> Result<u32, Errno> {
    plain(libc::SYS_setfsuid, [user as usize, 0, 0, 0, 0]).map(|before| before as u32)
}

/// As [`exchange_file_user`], of the group.
pub(crate) fn exchange_file_group(group: u32) -> Result<u32, Errno> {
    plain(libc::SYS_setfsgid, [group as usize, 0, 0, 0, 0]).map(|before| before as u32)
}

/// The supplementary groups.
pub(crate) fn supplementary() -> Result<Vec<u32>, Errno> {
    loop {
        // SAFETY: a size of 0 asks for the count, and nothing is written.
        let count =
            result(unsafe { libc::syscall(libc::SYS_getgroups, 0usize, std::ptr::null_mut::<u32>()) })?;
        let mut groups = vec![0u32; count as usize];
        // SAFETY: at most as many numbers of 32 bits are written as there is room for, which outlives the call.
        let got = result(unsafe { libc::syscall(libc::SYS_getgroups, groups.len(), groups.as_mut_ptr()) });
        match got {
            // They grew meanwhile.
            Err(Errno::INVAL) => {}
            got => {
                groups.truncate(got? as usize);
                return Ok(groups);
            }
        }
    }
}

/// Sets the supplementary groups.
pub(crate) fn set_supplementary(groups: &[u32]) -> Result<(), Errno> {
    // SAFETY: so many numbers of 32 bits are read, which outlive the call.
    result(unsafe { libc::syscall(libc::SYS_setgroups, groups.len(), groups.as_ptr()) })?;
    Ok(())
}

/// Options of prctl(2) that take and give numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Control {
    BoundingHas(u8),
    DropBounding(u8),
    AmbientHas(u8),
    RaiseAmbient(u8),
    LowerAmbient(u8),
    ClearAmbient,
    SecureBits,
    SetSecureBits(u32),
    KeepsCapabilities,
    SetKeepCapabilities(bool),
    NoNewPrivileges,
    SetNoNewPrivileges,
    Speculation(u8),
    SetSpeculation(u8, u8),
}

/// `PR_GET_SPECULATION_CTRL` and `PR_SET_SPECULATION_CTRL` of `include/uapi/linux/prctl.h`.
const GET_SPECULATION: libc::c_int = 52;
const SET_SPECULATION: libc::c_int = 53;

/// Calls prctl(2).
pub(crate) fn control(control: Control) -> Result<i64, Errno> {
    let (option, a, b) = match control {
        Control::BoundingHas(capability) => (libc::PR_CAPBSET_READ, capability as usize, 0),
        Control::DropBounding(capability) => (libc::PR_CAPBSET_DROP, capability as usize, 0),
        Control::AmbientHas(capability) => (libc::PR_CAP_AMBIENT, 1, capability as usize),
        Control::RaiseAmbient(capability) => (libc::PR_CAP_AMBIENT, 2, capability as usize),
        Control::LowerAmbient(capability) => (libc::PR_CAP_AMBIENT, 3, capability as usize),
        Control::ClearAmbient => (libc::PR_CAP_AMBIENT, 4, 0),
        Control::SecureBits => (libc::PR_GET_SECUREBITS, 0, 0),
        Control::SetSecureBits(bits) => (libc::PR_SET_SECUREBITS, bits as usize, 0),
        Control::KeepsCapabilities => (libc::PR_GET_KEEPCAPS, 0, 0),
        Control::SetKeepCapabilities(keep) => (libc::PR_SET_KEEPCAPS, usize::from(keep), 0),
        Control::NoNewPrivileges => (libc::PR_GET_NO_NEW_PRIVS, 0, 0),
        Control::SetNoNewPrivileges => (libc::PR_SET_NO_NEW_PRIVS, 1, 0),
        Control::Speculation(kind) => (GET_SPECULATION, kind as usize, 0),
        Control::SetSpeculation(kind, how) => (SET_SPECULATION, kind as usize, how as usize),
    };
    plain(libc::SYS_prctl, [option as usize, a, b, 0, 0])
}
