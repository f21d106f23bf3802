//! All hierarchies that are mounted.

use core::fmt;

use linux_support_base::{DeviceNumber, Error, Machine, ParseError};
use linux_support_filesystem::{MountTree, mount::table};

use super::{Hierarchy, Version};
use crate::{Controller, Membership};

/// Which versions a machine has mounted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(rename_all = "kebab-case"))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Mode {
    /// Version 2 only.
    Unified,
    /// Version 1 only.
    Legacy,
    /// Both: controllers of version 1, with version 2 beside them for those that are left.
    Hybrid,
    /// No hierarchy is mounted, or none can be seen.
    None,
}

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Unified => "unified",
            Self::Legacy => "legacy",
            Self::Hybrid => "hybrid",
            Self::None => "none",
        })
    }
}

/// All hierarchies that a machine has mounted, each once.
///
/// ```
/// use linux_support_base::Machine;
/// use linux_support_cgroup::{Hierarchies, Mode};
///
/// let machine = Machine::live()?;
/// let hierarchies = Hierarchies::read(&machine)?;
/// if hierarchies.mode() == Mode::Unified {
///     println!("controllers: {:?}", hierarchies.unified().unwrap().controllers);
/// }
/// # Ok::<(), linux_support_base::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize), serde(transparent))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Hierarchies(Vec<Hierarchy>);

impl Hierarchies {
    /// Reads the hierarchies from the bytes of a mountinfo file; the controllers of version 2, which are in a
    /// file, are not among them.
    ///
    /// Of a hierarchy that is mounted several times, the mount that shows the most of it is taken.
    ///
    /// # Errors
    /// A malformed line.
    pub fn parse(mountinfo: &[u8]) -> Result<Self, ParseError> {
        let tree = MountTree::parse(mountinfo)?;
        let mut found: Vec<(DeviceNumber, Hierarchy)> = Vec::new();
        for mount in tree.visible() {
            let hierarchy = Hierarchy::of_mount(
                &mount.kind,
                mount.super_options.as_bytes(),
                mount.mount_point.clone(),
                mount.root.clone(),
            );
            let Some(hierarchy) = hierarchy else { continue };
            match found.iter_mut().find(|(device, _)| *device == mount.device) {
                Some((_, known)) if known.root.len() > hierarchy.root.len() => *known = hierarchy,
                Some(_) => {}
                None => found.push((mount.device, hierarchy)),
            }
        }
        Ok(Self(found.into_iter().map(|(_, hierarchy)| hierarchy).collect()))
    }

    /// As [`parse`](Self::parse), from the bytes of `/proc/mounts`, which does not say which group is mounted:
    /// it is taken to be `/`.
    ///
    /// # Errors
    /// A malformed line.
    pub fn parse_table(mounts: &[u8]) -> Result<Self, ParseError> {
        let mut found: Vec<Hierarchy> = Vec::new();
        for entry in table::entries(mounts) {
            let entry = entry?;
            let hierarchy =
                Hierarchy::of_mount(&entry.kind, entry.options.as_bytes(), entry.target, "/".into());
            found.extend(hierarchy.filter(|new| {
                !found.iter().any(|known| {
                    (known.version, &known.controllers, &known.name)
                        == (new.version, &new.controllers, &new.name)
                })
            }));
        }
        Ok(Self(found))
    }

    /// The hierarchies that this process sees; on a captured machine, that the capturing process saw.
    ///
    /// A captured tree that has only `/proc/mounts` is read from that.
    ///
    /// # Errors
    /// Neither file can be read, or it is malformed.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        let mut hierarchies = match machine.parse("/proc/self/mountinfo", Self::parse) {
            Err(error) if error.is_absent() => {
                machine.parse("/proc/mounts", Self::parse_table).map_err(|_| error)?
            }
            result => result?,
        };
        for hierarchy in &mut hierarchies.0 {
            if hierarchy.version == Version::V2 {
                let file = [hierarchy.mount_point.as_bytes(), b"/cgroup.controllers"].concat();
                hierarchy.controllers = machine.parse(file, Controller::parse_list).into();
            }
        }
        Ok(hierarchies)
    }

    /// Which versions are mounted.
    #[must_use]
    pub fn mode(&self) -> Mode {
        let has = |version| self.0.iter().any(|hierarchy| hierarchy.version == version);
        match (has(Version::V1), has(Version::V2)) {
            (false, true) => Mode::Unified,
            (true, false) => Mode::Legacy,
            (true, true) => Mode::Hybrid,
            (false, false) => Mode::None,
        }
    }

    /// The hierarchy of version 2.
    #[must_use]
    pub fn unified(&self) -> Option<&Hierarchy> {
        self.0.iter().find(|hierarchy| hierarchy.version == Version::V2)
    }

    /// The hierarchy that has `controller`; `io` and `blkio` count as one.
    #[must_use]
    pub fn with(&self, controller: &Controller) -> Option<&Hierarchy> {
        let other = match controller {
            Controller::Io => Controller::Blkio,
            Controller::Blkio => Controller::Io,
            controller => controller.clone(),
        };
        self.0.iter().find(|hierarchy| hierarchy.has(controller) || hierarchy.has(&other))
    }

    /// The hierarchy that `membership` is about.
    #[must_use]
    pub fn of(&self, membership: &Membership) -> Option<&Hierarchy> {
        self.0.iter().find(|hierarchy| hierarchy.is_of(membership))
    }

    /// All of them, in the order of their mounts.
    pub fn iter(&self) -> core::slice::Iter<'_, Hierarchy> {
        self.0.iter()
    }
}

impl<'a> IntoIterator for &'a Hierarchies {
    type Item = &'a Hierarchy;
    type IntoIter = core::slice::Iter<'a, Hierarchy>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

#[cfg(test)]
mod tests {
    use linux_support_base::{ByteString, Reading};
    use proptest::prelude::*;

    use super::*;

    const HYBRID: &[u8] = b"\
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw,relatime - cgroup cgroup rw,cpu,cpuacct
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,release_agent=/bin/x,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate
";

    #[test]
    fn both_versions_are_found_with_controllers_names_and_options() {
        let all = Hierarchies::parse(HYBRID).unwrap();
        assert_eq!(all.mode(), Mode::Hybrid);
        let cpu = all.with(&Controller::Cpuacct).unwrap();
        assert_eq!(cpu.controllers, Reading::Value(vec![Controller::Cpu, Controller::Cpuacct]));
        let systemd = all.iter().find(|one| one.name == Some("systemd".into())).unwrap();
        assert_eq!(systemd.controllers, Reading::Value(vec![]));
        assert_eq!(systemd.options, [ByteString::from("xattr"), "release_agent=/bin/x".into()]);
        let unified = all.unified().unwrap();
        assert_eq!(unified.mount_point, "/sys/fs/cgroup/unified");
        assert_eq!(unified.options, [ByteString::from("nsdelegate")]);
    }

    #[test]
    fn a_hierarchy_is_found_by_what_a_process_says_of_it() {
        let all = Hierarchies::parse(HYBRID).unwrap();
        let own = Membership::parse_all(b"9:name=systemd:/\n2:cpuacct,cpu:/a\n0::/b\n").unwrap();
        let points: Vec<_> = own.iter().map(|one| all.of(one).unwrap().mount_point.to_string()).collect();
        assert_eq!(
            points,
            ["/sys/fs/cgroup/systemd", "/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/unified"]
        );
    }

    #[test]
    fn a_hierarchy_mounted_twice_is_listed_once_with_the_most_of_it() {
        let text = b"\
30 24 0:27 /docker/a /run/x rw - cgroup2 cgroup2 rw
31 24 0:27 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw
";
        let all = Hierarchies::parse(text).unwrap();
        assert_eq!(all.iter().count(), 1);
        assert_eq!(
            (all.mode(), &all.unified().unwrap().mount_point),
            (Mode::Unified, &"/sys/fs/cgroup".into())
        );
    }

    #[test]
    fn no_hierarchy_is_a_mode_too() {
        assert_eq!(Hierarchies::parse(b"").unwrap().mode(), Mode::None);
    }

    #[test]
    fn the_older_table_is_read() {
        let text = b"cpuset /dev/cpuset cgroup rw,relatime,cpuset,noprefix,release_agent=/sbin/x 0 0\n";
        let all = Hierarchies::parse_table(text).unwrap();
        assert_eq!(all.mode(), Mode::Legacy);
        assert!(all.with(&Controller::Cpuset).unwrap().is_without_prefix());
    }

    #[test]
    fn those_of_this_machine_are_read() {
        let machine = Machine::live().unwrap();
        let all = Hierarchies::read(&machine).unwrap();
        assert!(all.iter().all(|hierarchy| machine.exists(hierarchy.mount_point.as_bytes())));
    }

    proptest! {
        #[test]
        fn nothing_panics(text: Vec<u8>) {
            let _ = (Hierarchies::parse(&text), Hierarchies::parse_table(&text));
        }
    }
}
