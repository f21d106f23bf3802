//! The ioctls of block devices.

use std::os::fd::{AsRawFd, BorrowedFd};

use libc::{c_int, c_long, c_uint, c_ulong, c_ushort};
use linux_raw_sys::ioctl::{
    BLKALIGNOFF, BLKCLOSEZONE, BLKDISCARD, BLKFINISHZONE, BLKFLSBUF, BLKGETDISKSEQ, BLKGETNRZONES,
    BLKGETSIZE64, BLKGETZONESZ, BLKIOMIN, BLKIOOPT, BLKOPENZONE, BLKPBSZGET, BLKRAGET, BLKRASET,
    BLKREPORTZONE, BLKRESETZONE, BLKROGET, BLKROSET, BLKROTATIONAL, BLKRRPART, BLKSECDISCARD, BLKSECTGET,
    BLKSSZGET, BLKZEROOUT,
};
use rustix::{
    io::Errno,
    ioctl::{Getter, IntegerSetter, NoArg, Opcode, Setter, ioctl},
};

use super::result;
use crate::block_device::ZoneReport;

/// What the requests below are sent to: a block device, as `BlockDevice` alone is, so that no other driver takes their
/// numbers for something of its own.
type Device<'a> = BorrowedFd<'a>;

macro_rules! getters {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $request:ident;)*) => {
        $(
            $(#[$doc])*
            pub(crate) fn $name(device: Device<'_>) -> Result<$type, Errno> {
                // SAFETY: of a block device, this request writes one value of this type and reads nothing.
                unsafe { ioctl(device, Getter::<{ $request as Opcode }, $type>::new()) }
            }
        )*
    };
}

getters! {
    /// Its size in bytes.
    size: u64 = BLKGETSIZE64;
    /// Whether it is read-only.
    read_only: c_int = BLKROGET;
    /// The smallest unit that it reads and writes, in bytes.
    logical_sector: c_int = BLKSSZGET;
    /// The smallest unit that it writes without reading, in bytes.
    physical_sector: c_uint = BLKPBSZGET;
    /// The smallest transfer that does not slow it down, in bytes.
    minimum_transfer: c_uint = BLKIOMIN;
    /// The transfer that suits it best, in bytes; 0 if it does not say.
    optimal_transfer: c_uint = BLKIOOPT;
    /// The most 512-byte sectors of one transfer.
    maximum_transfer: c_ushort = BLKSECTGET;
    /// Where its first aligned byte is; -1 if none is.
    alignment_offset: c_int = BLKALIGNOFF;
    /// Whether it turns.
    rotational: c_ushort = BLKROTATIONAL;
    /// How many 512-byte sectors are read ahead.
    read_ahead: c_long = BLKRAGET;
    /// The number that no other disk has had since the machine started.
    disk_sequence: u64 = BLKGETDISKSEQ;
    /// The length of its zones in 512-byte sectors; 0 if it has none.
    zone_sectors: c_uint = BLKGETZONESZ;
    /// How many zones it has.
    zone_count: c_uint = BLKGETNRZONES;
}

/// Makes it read-only, or writable.
pub(crate) fn set_read_only(device: Device<'_>, read_only: bool) -> Result<(), Errno> {
    // SAFETY: this request reads one int.
    unsafe { ioctl(device, Setter::<{ BLKROSET as Opcode }, c_int>::new(read_only.into())) }
}

/// Sets how many 512-byte sectors are read ahead.
pub(crate) fn set_read_ahead(device: Device<'_>, sectors: usize) -> Result<(), Errno> {
    // SAFETY: this request takes a number in place of a pointer.
    unsafe { ioctl(device, IntegerSetter::<{ BLKRASET as Opcode }>::new_usize(sectors)) }
}

/// Writes what is cached of it, and forgets the cache.
pub(crate) fn flush(device: Device<'_>) -> Result<(), Errno> {
    // SAFETY: this request takes nothing.
    unsafe { ioctl(device, NoArg::<{ BLKFLSBUF as Opcode }>::new()) }
}

/// Reads its partitions anew.
pub(crate) fn reread_partitions(device: Device<'_>) -> Result<(), Errno> {
    // SAFETY: this request takes nothing.
    unsafe { ioctl(device, NoArg::<{ BLKRRPART as Opcode }>::new()) }
}

macro_rules! of_range {
    ($($(#[$doc:meta])* $name:ident = $request:ident;)*) => {
        $(
            $(#[$doc])*
            pub(crate) fn $name(device: Device<'_>, start: u64, length: u64) -> Result<(), Errno> {
                // SAFETY: this request reads two numbers of 64 bits.
                unsafe { ioctl(device, Setter::<{ $request as Opcode }, [u64; 2]>::new([start, length])) }
            }
        )*
    };
}

of_range! {
    /// Gives bytes back.
    discard = BLKDISCARD;
    /// Gives bytes back, so that nobody can read them any more.
    secure_discard = BLKSECDISCARD;
    /// Makes bytes zeros.
    zero_out = BLKZEROOUT;
    /// Empties zones, in 512-byte sectors.
    reset_zones = BLKRESETZONE;
    /// Opens zones, in 512-byte sectors.
    open_zones = BLKOPENZONE;
    /// Closes zones, in 512-byte sectors.
    close_zones = BLKCLOSEZONE;
    /// Fills zones, in 512-byte sectors.
    finish_zones = BLKFINISHZONE;
}

/// How many zones are reported at once.
const ZONES: usize = 64;

/// Room for a report.
#[repr(C, align(8))]
struct Room([u8; ZoneReport::HEADER + ZONES * ZoneReport::ZONE]);

/// Hands the report of the zones from the one that `sector` is in to `give`, as the bytes that the kernel wrote.
pub(crate) fn report_zones<T>(
    device: Device<'_>,
    sector: u64,
    give: impl FnOnce(&[u8]) -> T,
) -> Result<T, Errno> {
    let mut room = Room([0; _]);
    room.0[..8].copy_from_slice(&sector.to_ne_bytes());
    room.0[8..12].copy_from_slice(&(ZONES as u32).to_ne_bytes());
    let request = BLKREPORTZONE as c_ulong;
    let pointer = std::ptr::from_mut(&mut room);
    // SAFETY: the kernel reads the header, which says that there is room for so many zones, as there is, and writes no
    // more; the room outlives the call.
    let returned = unsafe { libc::ioctl(device.as_raw_fd(), request as _, pointer) };
    result(returned.into())?;
    Ok(give(&room.0))
}
