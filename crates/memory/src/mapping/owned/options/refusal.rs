use linux_support_base::{Bytes, Error, Machine, PageSize, Reason, Requirement};
use rustix::io::Errno;

use super::MapOptions;
use crate::{
    huge_page,
    mapping::{Droppable, Kind},
    sys::mapping::Request,
};

impl MapOptions {
    /// Why the kernel refused.
    #[cold]
    pub(super) fn explain<K: Kind>(&self, request: &Request, errno: Errno) -> Error {
        let length = Bytes::new(request.length as u64);
        if let (Some(size), Errno::NOMEM | Errno::INVAL | Errno::NODEV) = (self.huge, errno) {
            return no_huge_pages(size, length);
        }
        if let (Some(address), Errno::EXIST) = (self.address, errno) {
            return Error::new("map", format!("{length} at {address:#x}").as_bytes(), Reason::System(errno));
        }
        let error = |reason| Error::new("map", format!("{length} of {}", K::NAME).as_bytes(), reason);
        match errno {
            Errno::INVAL if K::NAME == Droppable::NAME => {
                let absent = error(Reason::Absent);
                const NEEDS: Requirement =
                    Requirement::none().since(6, 11).configuration("an architecture of 64 bits");
                match Machine::live() {
                    Ok(machine) => machine.explain(absent, NEEDS),
                    Err(_) => absent.explained(NEEDS, None),
                }
            }
            Errno::OPNOTSUPP if self.synchronous => {
                error(Reason::NotConfigured { needs: Requirement::none().configuration("a file on DAX") })
            }
            Errno::ACCESS | Errno::PERM => error(Reason::PermissionDenied { capability: None }),
            // Not the driver is gone: this file can't be mapped.
            errno => error(Reason::System(errno)),
        }
    }
}

#[cold]
pub(super) fn unsealed(seals: &str) -> Error {
    Error::invalid("map", "file", format!("needs a memfd with {seals} that is as long as what is mapped"))
}

/// What a pool lacks, or which pools there are.
#[cold]
fn no_huge_pages(size: PageSize, length: Bytes) -> Error {
    let pools = Machine::live().and_then(|machine| huge_page::pools(&machine));
    let pools = match pools {
        Ok(pools) => pools,
        Err(error) => return error,
    };
    let wanted = length.get() / size.bytes().get();
    let object = format!("{length} on pages of {size}");
    let accepted = match pools.iter().find(|pool| pool.size == size) {
        Some(pool) => {
            let count = |reading: &linux_support_base::Reading<u64>| {
                reading.value().map_or_else(|| "?".into(), u64::to_string)
            };
            format!(
                "needs {wanted} pages, and of the {} in the pool {} are free and {} of these promised: see {}",
                count(&pool.total),
                count(&pool.free),
                count(&pool.reserved),
                pool_path(size)
            )
        }
        None => {
            let sizes: Vec<_> = pools.iter().map(|pool| pool.size.to_string()).collect();
            format!("this machine has pools of {}", sizes.join(", "))
        }
    };
    Error::invalid("map", object.as_bytes(), accepted)
}

fn pool_path(size: PageSize) -> String {
    format!("/sys/kernel/mm/hugepages/hugepages-{}kB/nr_hugepages", size.bytes().kib())
}
