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
    let pools = match Machine::live().and_then(|machine| huge_page::pools(&machine)) {
        Ok(pools) => pools,
        Err(error) => return error,
    };
    let object = format!("{length} on pages of {size}");
    Error::invalid("map", object.as_bytes(), lacking(&pools, size, length, "rsvd.max"))
}

/// Why pages that the pool promised are not to be had once they are used.
#[cold]
pub(in crate::mapping::owned) fn no_promised_pages(size: PageSize, length: Bytes) -> Option<Error> {
    let pools = Machine::live().and_then(|machine| huge_page::pools(&machine)).ok()?;
    let object = format!("{length} on pages of {size}");
    Some(Error::invalid("populate", object.as_bytes(), lacking(&pools, size, length, "max")))
}

/// What would have to be there. `limit` is the file of a control group that refuses where the pool has enough.
fn lacking(pools: &[huge_page::HugePagePool], size: PageSize, length: Bytes, limit: &str) -> String {
    let Some(pool) = pools.iter().find(|pool| pool.size == size) else {
        let sizes: Vec<_> = pools.iter().map(|pool| pool.size.to_string()).collect();
        return format!("this machine has pools of {}", sizes.join(", "));
    };
    let wanted = length.get() / size.bytes().get();
    let [total, free, reserved] =
        [&pool.total, &pool.free, &pool.reserved].map(|reading| reading.value().copied());
    let left = match limit {
        "max" => free,
        _ => free.zip(reserved).map(|(free, reserved)| free.saturating_sub(reserved)),
    };
    if left.is_some_and(|left| left >= wanted) {
        let file = format!("hugetlb.{}.{limit}", word(size));
        return format!(
            "needs {wanted} pages, and the pool has them: but the control group may have no more, see {file} of it and \
             of those above, or the policy names nodes that lack them"
        );
    }
    let count = |count: Option<u64>| count.map_or_else(|| "?".into(), |count| count.to_string());
    format!(
        "needs {wanted} pages, and of the {} in the pool {} are free and {} of these promised: see {}",
        count(total),
        count(free),
        count(reserved),
        pool_path(size)
    )
}

/// The size as in names of files of control groups.
fn word(size: PageSize) -> String {
    match size.bytes().kib() {
        kib @ 0x10_0000.. => format!("{}GB", kib >> 20),
        kib @ 0x400.. => format!("{}MB", kib >> 10),
        kib => format!("{kib}KB"),
    }
}

fn pool_path(size: PageSize) -> String {
    format!("/sys/kernel/mm/hugepages/hugepages-{}kB/nr_hugepages", size.bytes().kib())
}

#[cfg(test)]
mod tests {
    use linux_support_base::Reading;

    use super::*;
    use crate::huge_page::HugePagePool;

    fn size(kib: u64) -> PageSize {
        PageSize::new(Bytes::from_kib(kib).unwrap()).unwrap()
    }

    #[test]
    fn a_pool_that_has_the_pages_is_not_what_refuses() {
        let of = |total, free, reserved| HugePagePool {
            size: size(2048),
            total: Reading::Value(total),
            free: Reading::Value(free),
            reserved: Reading::Value(reserved),
            surplus: Reading::Value(0),
            overcommit: Reading::Value(0),
            demote_size: Reading::Value(size(4)),
            nodes: Vec::new(),
        };
        let length = Bytes::new(8 << 20);
        let said = |pool, limit| lacking(&[pool], size(2048), length, limit);
        assert_eq!(
            said(of(9, 5, 2), "rsvd.max"),
            "needs 4 pages, and of the 9 in the pool 5 are free and 2 of these promised: see \
             /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
        );
        assert!(said(of(9, 6, 2), "rsvd.max").contains("see hugetlb.2MB.rsvd.max of it"));
        // Those that were promised are its own.
        assert!(said(of(9, 5, 4), "max").contains("see hugetlb.2MB.max of it"));
        assert!(said(of(9, 3, 3), "max").contains("3 are free"));
        assert_eq!(lacking(&[of(1, 1, 0)], size(64), length, "max"), "this machine has pools of 2 MiB");
        assert_eq!([64, 2048, 1 << 20].map(|kib| word(size(kib))), ["64KB", "2MB", "1GB"]);
    }
}
