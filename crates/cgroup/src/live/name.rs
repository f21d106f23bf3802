use core::fmt;

use linux_support_base::{ByteString, Error};

/// A name for a new group.
///
/// ```
/// use linux_support_cgroup::live::GroupName;
///
/// assert!(GroupName::new("network-stack").is_ok());
/// assert!(GroupName::new("a/b").is_err());
/// assert!(GroupName::new("memory.max").unwrap_err().to_string().contains("interface files"));
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupName(ByteString);

/// The most bytes that the kernel takes for a name.
const LONGEST: usize = 255;

/// What the names of the kernel's own files in a group begin with.
const PREFIXES: [&str; 15] = [
    "cgroup",
    "cpu",
    "cpuset",
    "cpuacct",
    "memory",
    "io",
    "pids",
    "hugetlb",
    "rdma",
    "misc",
    "dmem",
    "devices",
    "freezer",
    "irq",
    "perf_event",
];

impl GroupName {
    /// A name that the kernel takes, and that no file of it has or will get.
    ///
    /// # Errors
    /// It is empty, longer than 255 bytes, `.` or `..`, has a slash, a newline or a NUL in it, or begins with the name of
    /// a controller and a dot, as the files of groups do.
    pub fn new(name: impl Into<ByteString>) -> Result<Self, Error> {
        let name = name.into();
        let bytes = name.as_bytes();
        let is_a_files = PREFIXES
            .iter()
            .any(|prefix| bytes.strip_prefix(prefix.as_bytes()).is_some_and(|rest| rest.starts_with(b".")));
        let accepted = match bytes {
            b"" => "at least one byte",
            b"." | b".." => "something else than a dot or two: those are directories already",
            _ if bytes.len() > LONGEST => "255 bytes at most",
            _ if bytes.contains(&b'/') => {
                "a name without a slash: make the groups of a path one after the other"
            }
            _ if bytes.contains(&b'\n') => "a name without a newline, which would break /proc/PID/cgroup",
            _ if bytes.contains(&0) => "a name without a NUL",
            _ if is_a_files => {
                "a name that doesn't begin with a controller's and a dot, as interface files do"
            }
            _ => return Ok(Self(name)),
        };
        Err(Error::invalid("name a group", name.clone(), accepted))
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl fmt::Display for GroupName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_the_kernel_or_its_readers_trip_over_are_refused() {
        let long = "x".repeat(256);
        for name in ["", ".", "..", "a/b", "a\nb", "a\0b", "cpu.weight", "cgroup.procs", "irq.x", &long] {
            assert!(GroupName::new(name).is_err(), "{name:?}");
        }
        for name in ["cpu", "cpus.x", "...", "a b", "-", "system.slice", &long[..255]] {
            assert_eq!(GroupName::new(name).unwrap().as_bytes(), name.as_bytes());
        }
        assert!(GroupName::new(&b"\xff\xfe"[..]).is_ok());
    }
}
