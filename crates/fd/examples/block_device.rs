//! The block devices of this machine.

use std::path::Path;

use linux_support_base::Error;
use linux_support_fd::block_device::{BlockAccess, BlockDevice};

pub(crate) fn main() -> Result<(), Error> {
    for entry in std::fs::read_dir("/sys/class/block").into_iter().flatten().flatten() {
        let path = Path::new("/dev").join(entry.file_name());
        let disk = match BlockDevice::open(&path, BlockAccess::Read) {
            Ok(disk) => disk,
            Err(error) => {
                println!("{error}"); // its permissions are for root, or it has no node in /dev
                continue;
            }
        };
        println!(
            "{} ({}): {} in sectors of {}, {} at once at most, {}",
            path.display(),
            disk.number()?,
            disk.size()?,
            disk.logical_sector_size()?,
            disk.maximum_transfer()?,
            if disk.is_read_only()? { "read-only" } else { "writable" },
        );
    }
    Ok(())
}
