//! Hierarchies of groups: one of version 2, and in version 1 several.

mod mounted;

use linux_support_base::{ByteString, Reading};
use linux_support_filesystem::{FileSystemKind, mount::super_options};

use crate::{Controller, Membership};

pub use mounted::{Hierarchies, Mode};

/// The version of the interface of a hierarchy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub enum Version {
    /// Version 1: several hierarchies, each with controllers of its own.
    #[cfg_attr(feature = "serde", serde(rename = "1"))]
    V1,
    /// Version 2: one hierarchy for all controllers.
    #[cfg_attr(feature = "serde", serde(rename = "2"))]
    V2,
}

/// A hierarchy of groups, and where it is mounted.
///
/// # Source
/// `cgroups(7)`; Documentation/admin-guide/cgroup-v2.rst, "Mounting"; Documentation/admin-guide/cgroup-v1/cgroups.rst.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Hierarchy {
    /// The version of its interface.
    pub version: Version,
    /// Its controllers: in version 1 those that it was mounted with, in version 2 those that its uppermost
    /// visible group has.
    pub controllers: Reading<Vec<Controller>>,
    /// Its name, in version 1 where it has one: `systemd`.
    #[cfg_attr(feature = "serde", serde(skip_serializing_if = "Option::is_none"))]
    pub name: Option<ByteString>,
    /// Where it is mounted.
    pub mount_point: ByteString,
    /// Which group is seen there: `/`, but in containers.
    pub root: ByteString,
    /// The other options of its mount, as they were written: `nsdelegate`, `xattr`.
    pub options: Vec<ByteString>,
}

/// Options of version 1 that are no controllers.
const OPTIONS: [&[u8]; 12] = [
    b"__DEVEL__sane_behavior",
    b"clone_children",
    b"cpuset_v2_mode",
    b"dirsync",
    b"favordynmods",
    b"lazytime",
    b"mand",
    b"noprefix",
    b"none",
    b"seclabel",
    b"sync",
    b"xattr",
];

impl Hierarchy {
    /// The hierarchy that a mount of `kind` with these options of the file system shows; `None` where `kind`
    /// is neither `cgroup` nor `cgroup2`.
    ///
    /// The controllers of version 2 are in a file, and so not known here: none are given.
    #[must_use]
    pub fn of_mount(
        kind: &FileSystemKind,
        options: &[u8],
        mount_point: ByteString,
        root: ByteString,
    ) -> Option<Self> {
        let version = match kind.as_byte_string().as_bytes() {
            b"cgroup" => Version::V1,
            b"cgroup2" => Version::V2,
            _ => return None,
        };
        let (mut controllers, mut name, mut others) = (Vec::new(), None, Vec::new());
        for option in super_options(options) {
            let general = linux_support_filesystem::MountFlags::from_word(option.key).is_some();
            match (version, option.key, option.value()) {
                (_, _, None) if general => {}
                (Version::V1, b"name", Some(value)) => name = Some(value.into()),
                (Version::V1, word, None) if !OPTIONS.contains(&word) => {
                    controllers.push(Controller::from_name(word));
                }
                (_, key, None) => others.push(key.into()),
                (_, key, Some(value)) => others.push([key, b"=", &value].concat().into()),
            }
        }
        Some(Self {
            version,
            controllers: Reading::Value(controllers),
            name,
            mount_point,
            root,
            options: others,
        })
    }

    /// Whether `controller` is among its controllers.
    #[must_use]
    pub fn has(&self, controller: &Controller) -> bool {
        self.controllers.value().is_some_and(|controllers| controllers.contains(controller))
    }

    /// Whether the files of its controllers lack the controller's name (`cpus` for `cpuset.cpus`), as those of
    /// the older file system `cpuset` do.
    #[must_use]
    pub fn is_without_prefix(&self) -> bool {
        self.options.iter().any(|option| *option == "noprefix")
    }

    /// The directory of the group `path`, a path from the root of the hierarchy as `/proc/PID/cgroup` has it;
    /// `None` where that group is not below the one that is mounted.
    #[must_use]
    pub fn directory_of(&self, path: &[u8]) -> Option<ByteString> {
        let below = match self.root.as_bytes() {
            b"/" => path,
            root => path.strip_prefix(root)?,
        };
        let below = below.strip_suffix(b"/").unwrap_or(below);
        let inside = below.is_empty() || below.starts_with(b"/");
        let plain = !below.split(|&byte| byte == b'/').any(|part| part == b".." || part == b".");
        (inside && plain).then(|| {
            let mount_point = self.mount_point.as_bytes();
            [mount_point.strip_suffix(b"/").unwrap_or(mount_point), below].concat().into()
        })
    }

    /// Whether it is the one that `membership` is about.
    #[must_use]
    pub fn is_of(&self, membership: &Membership) -> bool {
        match self.version {
            Version::V2 => membership.is_unified(),
            Version::V1 => {
                !membership.is_unified()
                    && self.name == membership.name
                    && self.controllers.value().is_some_and(|own| {
                        own.len() == membership.controllers.len()
                            && own.iter().all(|controller| membership.controllers.contains(controller))
                    })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_are_found_below_the_group_that_is_mounted() {
        let hierarchy = |root: &str| {
            Hierarchy::of_mount(&FileSystemKind::parse(b"cgroup2"), b"rw", "/mnt".into(), root.into())
                .unwrap()
        };
        let directory =
            |root, path: &str| hierarchy(root).directory_of(path.as_bytes()).map(|path| path.to_string());
        assert_eq!(directory("/", "/").as_deref(), Some("/mnt"));
        assert_eq!(directory("/", "/a/b").as_deref(), Some("/mnt/a/b"));
        assert_eq!(directory("/docker/a", "/docker/a").as_deref(), Some("/mnt"));
        assert_eq!(directory("/docker/a", "/docker/a/b/").as_deref(), Some("/mnt/b"));
        assert_eq!(directory("/docker/a", "/docker/ab"), None);
        assert_eq!(directory("/docker/a", "/"), None);
        assert_eq!(directory("/", "/../x"), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(options: Vec<u8>) {
            let _ = Hierarchy::of_mount(&FileSystemKind::parse(b"cgroup"), &options, "/".into(), "/".into());
        }
    }
}
