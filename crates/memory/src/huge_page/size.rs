use linux_support_base::{Bytes, Error, Machine, PageSize, Reading, Requirement, text};

use super::pool::{POOLS, size_of};

/// The sizes of huge pages.
///
/// # Source
/// Documentation/admin-guide/mm/hugetlbpage.rst.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "gethugepagesizes")]
#[doc(alias = "getpagesizes")]
#[non_exhaustive]
pub struct HugePageSizes {
    /// Those that the kernel has pools of, rising.
    pub offered: Reading<Vec<PageSize>>,
    /// That of mappings and mounts that name none.
    pub default: Reading<PageSize>,
    /// Those that the processor can do with the machine's base pages, rising; none where that is not known.
    pub of_processor: Vec<PageSize>,
}

impl HugePageSizes {
    /// Reads the sizes.
    #[must_use]
    pub fn read(machine: &Machine) -> Self {
        Self {
            offered: sizes(machine).into(),
            default: default_size(machine).into(),
            of_processor: of_processor(machine),
        }
    }
}

/// The sizes that the kernel has pools of, rising.
///
/// # Errors
/// The kernel has no huge pages to set aside.
pub fn sizes(machine: &Machine) -> Result<Vec<PageSize>, Error> {
    let entries = machine.entries(POOLS).map_err(|error| machine.explain(error, super::pool::NEEDS))?;
    let mut sizes: Vec<_> = entries.iter().filter_map(|entry| size_of(&entry.name)).collect();
    sizes.sort_unstable();
    Ok(sizes)
}

/// The size of mappings and mounts that name none.
///
/// # Errors
/// The kernel has no huge pages to set aside.
#[doc(alias = "gethugepagesize")]
pub fn default_size(machine: &Machine) -> Result<PageSize, Error> {
    const FILE: &str = "/proc/meminfo";
    const NEEDS: Requirement = super::pool::NEEDS;
    let size = machine.parse(FILE, |bytes| {
        let value = text::colon_keyed(bytes).find(|(key, _)| *key == b"Hugepagesize");
        value.and_then(|(_, value)| value).map(text::kibibytes).transpose()
    })?;
    let absent =
        || machine.explain(Error::new("find the size", FILE, linux_support_base::Reason::Absent), NEEDS);
    size.and_then(PageSize::new).ok_or_else(absent)
}

/// What the processor can do: from its architecture, and for x86 from its flags.
fn of_processor(machine: &Machine) -> Vec<PageSize> {
    const MIB: u64 = 1 << 20;
    let facts = machine.facts();
    let architecture = facts.architecture.as_ref().map(|name| name.as_bytes().to_vec()).unwrap_or_default();
    let base = facts.page_size.map_or(0, |size| size.bytes().kib());
    let sizes: &[u64] = match (architecture.as_slice(), base) {
        (b"x86_64", _) if has_flag(machine, b"pdpe1gb") => &[2 * MIB, 1024 * MIB],
        (b"x86_64", _) => &[2 * MIB],
        (b"aarch64", 4) => &[MIB / 16, 2 * MIB, 32 * MIB, 1024 * MIB],
        (b"aarch64", 16) => &[2 * MIB, 32 * MIB, 1024 * MIB],
        (b"aarch64", 64) => &[2 * MIB, 512 * MIB, 16 * 1024 * MIB],
        (b"riscv64", 4) => &[2 * MIB, 1024 * MIB],
        _ => &[],
    };
    sizes.iter().filter_map(|&bytes| PageSize::new(Bytes::new(bytes))).collect()
}

fn has_flag(machine: &Machine, flag: &[u8]) -> bool {
    let found = machine.parse("/proc/cpuinfo", |bytes| {
        let flags = text::colon_keyed(bytes).find(|(key, _)| *key == b"flags").and_then(|(_, value)| value);
        Ok(flags.is_some_and(|flags| text::fields(flags).any(|known| known == flag)))
    });
    found.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn captured(files: &[(&str, &str)]) -> (tempfile::TempDir, Machine) {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let machine = Machine::captured(folder.path()).unwrap();
        (folder, machine)
    }

    #[test]
    fn a_processor_of_whole_gigabytes_says_so_by_a_flag() {
        for (flags, sizes) in [("fpu pdpe1gb", "2 MiB 1 GiB"), ("fpu xpdpe1gb", "2 MiB")] {
            let (_folder, machine) = captured(&[
                ("proc/cpuinfo", &format!("processor\t: 0\nflags\t\t: {flags}\n")),
                ("proc/meminfo", "MemTotal: 1 kB\nHugepagesize:       2048 kB\n"),
                ("linux-support/facts", "architecture: x86_64\npage_size: 4096\n"),
            ]);
            let read = HugePageSizes::read(&machine);
            let shown: Vec<_> = read.of_processor.iter().map(PageSize::to_string).collect();
            assert_eq!(shown.join(" "), sizes);
            assert_eq!(read.default.value().unwrap().bytes(), Bytes::new(2 << 20));
            assert!(read.offered.is_absent());
        }
    }

    #[test]
    fn a_kernel_without_huge_pages_has_no_default_size() {
        let (_folder, machine) = captured(&[("proc/meminfo", "MemTotal: 1 kB\n")]);
        assert!(default_size(&machine).unwrap_err().is_absent());
    }
}
