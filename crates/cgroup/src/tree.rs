//! All groups of a hierarchy.

use linux_support_base::{ByteString, Error, FileKind, Machine};

use crate::{Group, Hierarchy, LegacyGroup, open};

/// A group's place in its hierarchy.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct GroupPath {
    /// Its path from the root of the hierarchy.
    pub path: ByteString,
    /// How many groups are above it, from where the walk began.
    pub depth: usize,
}

/// The groups from `top` (a path from the root of `hierarchy`) down, each before those in it, those in the same
/// one by name; as deep as `depth`: 0 is `top` alone.
///
/// Groups that vanish meanwhile are left out, as are those that may not be listed: what is in them is not seen.
/// Links are not followed, so the walk has an end.
///
/// # Errors
/// `top` is not below the group that is mounted, is gone, or may not be entered.
pub fn walk<'a>(
    machine: &'a Machine,
    hierarchy: &'a Hierarchy,
    top: &[u8],
    depth: usize,
) -> Result<impl Iterator<Item = GroupPath> + use<'a>, Error> {
    open(machine, hierarchy, top)?;
    let mut waiting = vec![GroupPath { path: top.into(), depth: 0 }];
    Ok(core::iter::from_fn(move || {
        let group = waiting.pop()?;
        if group.depth < depth {
            let entries = open(machine, hierarchy, group.path.as_bytes())
                .and_then(|directory| directory.entries(""))
                .unwrap_or_default();
            let path = group.path.as_bytes();
            let above = path.strip_suffix(b"/").unwrap_or(path);
            waiting.extend(entries.iter().rev().filter(|entry| entry.kind == FileKind::Directory).map(
                |entry| GroupPath {
                    path: [above, b"/", entry.name.as_bytes()].concat().into(),
                    depth: group.depth + 1,
                },
            ));
        }
        Some(group)
    }))
}

/// The groups of version 2 that [`walk`] finds, read; those that are gone by then are left out.
///
/// # Errors
/// Those of [`walk`], and `hierarchy` is not of version 2.
pub fn groups(
    machine: &Machine,
    hierarchy: &Hierarchy,
    top: &[u8],
    depth: usize,
) -> Result<Vec<(GroupPath, Group)>, Error> {
    collect(machine, hierarchy, top, depth, |path| Group::read(machine, hierarchy, path))
}

/// The groups of version 1 that [`walk`] finds, read; those that are gone by then are left out.
///
/// # Errors
/// Those of [`walk`], and `hierarchy` is not of version 1.
pub fn legacy_groups(
    machine: &Machine,
    hierarchy: &Hierarchy,
    top: &[u8],
    depth: usize,
) -> Result<Vec<(GroupPath, LegacyGroup)>, Error> {
    collect(machine, hierarchy, top, depth, |path| LegacyGroup::read(machine, hierarchy, path))
}

fn collect<T>(
    machine: &Machine,
    hierarchy: &Hierarchy,
    top: &[u8],
    depth: usize,
    read: impl Fn(&[u8]) -> Result<T, Error>,
) -> Result<Vec<(GroupPath, T)>, Error> {
    let mut groups = Vec::new();
    for path in walk(machine, hierarchy, top, depth)? {
        match read(path.path.as_bytes()) {
            Ok(group) => groups.push((path, group)),
            Err(error) if path.depth > 0 && error.is_absent() => {}
            Err(error) => return Err(error),
        }
    }
    Ok(groups)
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::symlink};

    use super::*;
    use crate::Hierarchies;

    fn machine() -> (tempfile::TempDir, Machine) {
        let tree = tempfile::tempdir().unwrap();
        fs::create_dir_all(tree.path().join("proc/self")).unwrap();
        fs::write(tree.path().join("proc/self/mountinfo"), "30 24 0:27 / /cg rw - cgroup2 cgroup2 rw\n")
            .unwrap();
        for group in ["b", "a/y", "a/x/deep"] {
            fs::create_dir_all(tree.path().join("cg").join(group)).unwrap();
        }
        symlink("..", tree.path().join("cg/a/loop")).unwrap();
        fs::write(tree.path().join("cg/a/cgroup.procs"), "").unwrap();
        let machine = Machine::captured(tree.path()).unwrap();
        (tree, machine)
    }

    fn paths(top: &str, depth: usize) -> Vec<(String, usize)> {
        let (_tree, machine) = machine();
        let hierarchies = Hierarchies::read(&machine).unwrap();
        walk(&machine, hierarchies.unified().unwrap(), top.as_bytes(), depth)
            .unwrap()
            .map(|group| (group.path.to_string(), group.depth))
            .collect()
    }

    #[test]
    fn groups_come_before_those_in_them_and_links_are_not_followed() {
        let all = paths("/", usize::MAX);
        let all: Vec<_> = all.iter().map(|(path, depth)| (path.as_str(), *depth)).collect();
        assert_eq!(all, [("/", 0), ("/a", 1), ("/a/x", 2), ("/a/x/deep", 3), ("/a/y", 2), ("/b", 1)]);
    }

    #[test]
    fn the_walk_is_as_deep_as_was_asked() {
        assert_eq!(paths("/", 0).len(), 1);
        assert_eq!(paths("/", 1).len(), 3);
        assert_eq!(paths("/a", 1), [("/a".into(), 0), ("/a/x".into(), 1), ("/a/y".into(), 1)]);
    }

    #[test]
    fn groups_that_vanish_meanwhile_are_left_out() {
        let (tree, machine) = machine();
        let hierarchies = Hierarchies::read(&machine).unwrap();
        let unified = hierarchies.unified().unwrap();
        let mut all = walk(&machine, unified, b"/", usize::MAX).unwrap();
        assert_eq!(all.next().unwrap().path, "/");
        fs::remove_dir_all(tree.path().join("cg/a")).unwrap();
        let rest: Vec<_> = all.map(|group| group.path.to_string()).collect();
        assert_eq!(rest, ["/a", "/b"]);
        let read = groups(&machine, unified, b"/", usize::MAX).unwrap();
        assert_eq!(read.len(), 2);
    }

    #[test]
    fn a_top_that_is_not_there_is_an_error() {
        let (_tree, machine) = machine();
        let hierarchies = Hierarchies::read(&machine).unwrap();
        assert!(groups(&machine, hierarchies.unified().unwrap(), b"/none", 1).is_err());
        assert!(legacy_groups(&machine, hierarchies.unified().unwrap(), b"/", 1).is_err());
    }

    #[test]
    fn the_groups_of_this_machine_are_walked() {
        let machine = Machine::live().unwrap();
        for hierarchy in &Hierarchies::read(&machine).unwrap() {
            let top = hierarchy.root.as_bytes();
            assert!(walk(&machine, hierarchy, top, 3).unwrap().count() >= 1);
        }
    }
}
