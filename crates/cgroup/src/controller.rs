//! The controllers, and what `/proc/cgroups` says of them.

use core::fmt;

use linux_support_base::{ByteString, Error, Machine, ParseError, text};

/// A controller: the part of the kernel that distributes one resource among groups.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[doc(alias = "subsystem")]
#[non_exhaustive]
pub enum Controller {
    /// CPU time.
    Cpu,
    /// Accounts of CPU time: version 1 only, a part of `cpu` in version 2.
    Cpuacct,
    /// CPUs and memory nodes.
    Cpuset,
    /// Memory.
    Memory,
    /// Input and output of block devices.
    Io,
    /// The `io` of version 1.
    Blkio,
    /// The number of processes and threads.
    Pids,
    /// Huge pages.
    Hugetlb,
    /// Handles and objects of RDMA adapters.
    Rdma,
    /// Scalar resources of the platform.
    Misc,
    /// Memory of devices, such as graphics adapters.
    Dmem,
    /// Which devices may be opened: version 1 only.
    Devices,
    /// Stopping all processes of a group: version 1 only, a part of every group in version 2.
    Freezer,
    /// Marks for network packets: version 1 only.
    NetCls,
    /// Priorities of network packets: version 1 only.
    NetPrio,
    /// Groups as a choice of perf events.
    PerfEvent,
    /// One that this library does not know.
    Unknown(ByteString),
}

const NAMES: [(&str, Controller); 16] = [
    ("cpu", Controller::Cpu),
    ("cpuacct", Controller::Cpuacct),
    ("cpuset", Controller::Cpuset),
    ("memory", Controller::Memory),
    ("io", Controller::Io),
    ("blkio", Controller::Blkio),
    ("pids", Controller::Pids),
    ("hugetlb", Controller::Hugetlb),
    ("rdma", Controller::Rdma),
    ("misc", Controller::Misc),
    ("dmem", Controller::Dmem),
    ("devices", Controller::Devices),
    ("freezer", Controller::Freezer),
    ("net_cls", Controller::NetCls),
    ("net_prio", Controller::NetPrio),
    ("perf_event", Controller::PerfEvent),
];

impl Controller {
    /// The controller of this name.
    #[must_use]
    pub fn from_name(name: &[u8]) -> Self {
        NAMES
            .iter()
            .find(|(known, _)| known.as_bytes() == name)
            .map_or_else(|| Self::Unknown(name.into()), |(_, controller)| controller.clone())
    }

    /// The kernel's name.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        match self {
            Self::Unknown(name) => name.as_bytes(),
            known => NAMES
                .iter()
                .find(|(_, controller)| controller == known)
                .map_or(&b""[..], |(name, _)| name.as_bytes()),
        }
    }

    /// Reads a list of names apart by spaces, as `cgroup.controllers` has it.
    ///
    /// # Errors
    /// None: names that are not known are kept.
    pub fn parse_list(text: &[u8]) -> Result<Vec<Self>, ParseError> {
        Ok(text::fields(text::trim(text)).map(Self::from_name).collect())
    }
}

impl fmt::Display for Controller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        ByteString::from(self.name()).fmt(f)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Controller {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        ByteString::from(self.name()).serialize(serializer)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Controller {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Controller".into()
    }
    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        ByteString::json_schema(generator)
    }
}

/// A controller that the kernel has, with its place among the hierarchies of version 1.
///
/// # Source
/// `cgroups(7)`, "/proc files".
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[doc(alias = "/proc/cgroups")]
pub struct RegisteredController {
    /// The controller; `io` has its name of version 1 here, `blkio`.
    pub controller: Controller,
    /// The number of the hierarchy that it is mounted on; 0 where that is version 2's, or none.
    pub hierarchy: u32,
    /// How many groups there are in that hierarchy.
    pub groups: u64,
    /// Whether it was not switched off at boot (`cgroup_disable=`).
    pub enabled: bool,
}

impl RegisteredController {
    /// Reads all lines of `/proc/cgroups` under its heading.
    ///
    /// # Errors
    /// A field that is missing or no number.
    pub fn parse_all(text: &[u8]) -> Result<Vec<Self>, ParseError> {
        text::lines(text)
            .filter(|line| !line.trim_ascii().is_empty() && !line.starts_with(b"#"))
            .map(|line| {
                let mut fields = text::fields(line);
                let name = fields.required("subsys_name")?;
                let hierarchy = fields.required("hierarchy")?;
                let groups = fields.required("num_cgroups")?;
                let enabled = fields.required("enabled")?;
                Ok(Self {
                    controller: Controller::from_name(name),
                    hierarchy: text::decimal(hierarchy).map_err(|error| error.in_field("hierarchy"))?,
                    groups: text::decimal(groups).map_err(|error| error.in_field("num_cgroups"))?,
                    enabled: text::boolean(enabled).map_err(|error| error.in_field("enabled"))?,
                })
            })
            .collect()
    }

    /// The controllers of the kernel of `machine`.
    ///
    /// # Errors
    /// `/proc/cgroups` is absent, can't be read, or is malformed.
    pub fn read_all(machine: &Machine) -> Result<Vec<Self>, Error> {
        machine.parse("/proc/cgroups", Self::parse_all)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_come_back_known_or_not() {
        for (name, controller) in NAMES {
            assert_eq!(Controller::from_name(name.as_bytes()), controller);
            assert_eq!(controller.to_string(), name);
        }
        assert_eq!(Controller::from_name(b"new").to_string(), "new");
        assert_eq!(
            Controller::parse_list(b"cpu new\n"),
            Ok(vec![Controller::Cpu, Controller::Unknown("new".into())])
        );
        assert_eq!(Controller::parse_list(b"\n"), Ok(vec![]));
    }

    #[test]
    fn the_heading_is_passed_over() {
        let text = b"#subsys_name\thierarchy\tnum_cgroups\tenabled\ncpuset\t3\t1\t1\nmemory\t0\t13\t0";
        let all = RegisteredController::parse_all(text).unwrap();
        assert_eq!(all.len(), 2);
        assert_eq!(
            all[1],
            RegisteredController { controller: Controller::Memory, hierarchy: 0, groups: 13, enabled: false }
        );
        assert_eq!(RegisteredController::parse_all(b""), Ok(vec![]));
        let error = RegisteredController::parse_all(b"cpu 1 x 1").unwrap_err();
        assert_eq!(error.field(), Some("num_cgroups"));
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = (RegisteredController::parse_all(&text), Controller::parse_list(&text));
        }
    }
}
