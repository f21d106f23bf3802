//! Which mount is on which, and which of them can be seen.

use std::collections::{BTreeMap, btree_map::Entry};

use linux_support_base::{Error, Machine, ParseError};

use super::Mount;

/// The mounts of one namespace as a tree: each is on another, but those at the top.
///
/// Several mounts may have the same mount point: the last one hides those under it. A mount is hidden, too,
/// where another one lies over a directory on the way to it.
///
/// ```
/// use linux_support_filesystem::MountTree;
///
/// let tree = MountTree::parse(b"\
/// 27 1 254:0 / / rw - ext4 /dev/vda rw
/// 24 27 0:6 / /dev rw - devtmpfs devtmpfs rw
/// 25 24 0:23 / /dev/shm rw - tmpfs tmpfs rw
/// 30 25 0:27 / /dev/shm rw - tmpfs tmpfs rw
/// ")?;
/// assert_eq!(tree.find(b"/dev/shm/x").unwrap().id, 30);
/// assert_eq!(tree.find(b"/dev/null").unwrap().id, 24);
/// let hidden: Vec<_> = tree.walk().filter(|node| !node.visible).map(|node| node.mount.id).collect();
/// assert_eq!(hidden, [25]);
/// # Ok::<(), linux_support_base::ParseError>(())
/// ```
#[derive(Clone, Debug)]
pub struct MountTree {
    mounts: Vec<Mount>,
    /// For each mount, those that are on it, in the order of the file.
    children: Vec<Vec<usize>>,
    top: Vec<usize>,
    visible: Vec<bool>,
}

/// A mount in its place in the tree.
#[derive(Clone, Copy, Debug)]
pub struct Node<'a> {
    /// The mount.
    pub mount: &'a Mount,
    /// How many mounts are above it: 0 at the top.
    pub depth: usize,
    /// Whether its root can be reached at its mount point.
    pub visible: bool,
}

impl MountTree {
    /// The tree of these mounts, which must all be of one namespace.
    ///
    /// A mount whose parent is not among them, because it is outside of the namespace or of the reader's root,
    /// is at the top; so is one of those that claim to be on one another in a ring.
    #[must_use]
    pub fn new(mounts: Vec<Mount>) -> Self {
        let mut places = BTreeMap::new();
        for (index, mount) in mounts.iter().enumerate() {
            places.entry(mount.id).or_insert(index);
        }
        let mut parents: Vec<Option<usize>> = mounts
            .iter()
            .enumerate()
            .map(|(index, mount)| places.get(&mount.parent).copied().filter(|&parent| parent != index))
            .collect();
        cut_rings(&mut parents);
        let mut children = vec![Vec::new(); mounts.len()];
        let mut top = Vec::new();
        for (index, parent) in parents.iter().enumerate() {
            match parent {
                Some(parent) => children[*parent].push(index),
                None => top.push(index),
            }
        }
        let mut tree = Self { visible: vec![false; mounts.len()], mounts, children, top };
        tree.find_visible();
        tree
    }

    /// The tree of the mounts in a mountinfo file.
    ///
    /// # Errors
    /// A malformed line.
    pub fn parse(text: &[u8]) -> Result<Self, ParseError> {
        Mount::parse_all(text).map(Self::new)
    }

    /// The tree of the mounts that this process sees; on a captured machine, that the capturing process saw.
    ///
    /// # Errors
    /// `/proc/self/mountinfo` can't be read or is malformed.
    pub fn read(machine: &Machine) -> Result<Self, Error> {
        Mount::read_all(machine).map(Self::new)
    }

    fn find_visible(&mut self) {
        let mut reached: Vec<usize> = uncovered(&self.mounts, &self.top);
        while let Some(index) = reached.pop() {
            let own = &self.mounts[index].mount_point;
            let children = uncovered(&self.mounts, &self.children[index]);
            self.visible[index] = !children.iter().any(|&child| self.mounts[child].mount_point == *own);
            reached.extend(children);
        }
    }

    /// All mounts, in the order of the file.
    #[must_use]
    pub fn mounts(&self) -> &[Mount] {
        &self.mounts
    }

    /// The mounts whose parent is not among them: mostly one, that at `/`.
    pub fn roots(&self) -> impl Iterator<Item = &Mount> {
        self.top.iter().map(|&index| &self.mounts[index])
    }

    /// The mounts that are on `mount` itself, in the order of the file.
    pub fn children(&self, mount: &Mount) -> impl Iterator<Item = &Mount> {
        let index = self.mounts.iter().position(|other| other.id == mount.id);
        index.into_iter().flat_map(|index| &self.children[index]).map(|&child| &self.mounts[child])
    }

    /// The mount on which `mount` is, where it can be seen from here.
    #[must_use]
    pub fn parent(&self, mount: &Mount) -> Option<&Mount> {
        self.mounts.iter().find(|other| other.id == mount.parent && other.id != mount.id)
    }

    /// Whether the root of `mount` can be reached at its mount point: nothing lies over it or over the way to
    /// it.
    #[must_use]
    pub fn is_visible(&self, mount: &Mount) -> bool {
        self.mounts.iter().position(|other| other.id == mount.id).is_some_and(|index| self.visible[index])
    }

    /// Those mounts that can be reached at their mount points, in the order of the file: no two have the same
    /// mount point.
    pub fn visible(&self) -> impl Iterator<Item = &Mount> {
        self.mounts.iter().zip(&self.visible).filter(|(_, visible)| **visible).map(|(mount, _)| mount)
    }

    /// The mount that the file at `path` is on.
    ///
    /// `path` must begin with `/` and have no symbolic links, `.` or `..` in it.
    #[must_use]
    pub fn find(&self, path: &[u8]) -> Option<&Mount> {
        let mut found = None;
        let mut candidates = &self.top;
        loop {
            // The way leads through the mount point nearest to the one that it comes from.
            let next = candidates
                .iter()
                .copied()
                .filter(|&index| is_within(path, &self.mounts[index].mount_point))
                .min_by_key(|&index| (self.mounts[index].mount_point.len(), core::cmp::Reverse(index)));
            match next {
                Some(index) => {
                    found = Some(index);
                    candidates = &self.children[index];
                }
                None => return found.map(|index| &self.mounts[index]),
            }
        }
    }

    /// All mounts from the top down, each before those on it.
    pub fn walk(&self) -> impl Iterator<Item = Node<'_>> {
        let mut waiting: Vec<(usize, usize)> = self.top.iter().rev().map(|&index| (index, 0)).collect();
        core::iter::from_fn(move || {
            let (index, depth) = waiting.pop()?;
            waiting.extend(self.children[index].iter().rev().map(|&child| (child, depth + 1)));
            Some(Node { mount: &self.mounts[index], depth, visible: self.visible[index] })
        })
    }
}

/// Of the mounts `siblings`, which are all on the same one, those that no other of them lies over.
fn uncovered(mounts: &[Mount], siblings: &[usize]) -> Vec<usize> {
    let mut last = BTreeMap::new();
    for &index in siblings {
        last.insert(mounts[index].mount_point.as_bytes(), index);
    }
    let covered = |path: &[u8]| ancestors(path).any(|ancestor| last.contains_key(ancestor));
    siblings
        .iter()
        .copied()
        .filter(|index| {
            let path = mounts[*index].mount_point.as_bytes();
            last.get(path) == Some(index) && !covered(path)
        })
        .collect()
}

/// The directories above `path`: `/a`, `/` for `/a/b`.
fn ancestors(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = path;
    core::iter::from_fn(move || {
        let at = memchr::memrchr(b'/', rest)?;
        let above = if at == 0 && rest.len() > 1 { &rest[..1] } else { &rest[..at] };
        rest = if at == 0 { b"" } else { above };
        (!above.is_empty()).then_some(above)
    })
}

/// Whether `path` is `directory` or in it.
fn is_within(path: &[u8], directory: &[u8]) -> bool {
    match path.strip_prefix(directory) {
        Some([]) | Some([b'/', ..]) => true,
        Some(_) => directory.ends_with(b"/"),
        None => false,
    }
}

/// Makes the first member of each ring of parents a top.
fn cut_rings(parents: &mut [Option<usize>]) {
    let mut seen: BTreeMap<usize, usize> = BTreeMap::new();
    for start in 0..parents.len() {
        let mut at = start;
        loop {
            match seen.entry(at) {
                Entry::Vacant(place) => {
                    place.insert(start);
                }
                Entry::Occupied(place) => {
                    if *place.get() == start {
                        parents[at] = None;
                    }
                    break;
                }
            }
            match parents[at] {
                Some(parent) => at = parent,
                None => break,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tree(mounts: &[(u32, u32, &str)]) -> MountTree {
        let text: String = mounts
            .iter()
            .map(|(id, parent, point)| format!("{id} {parent} 0:1 / {point} rw - tmpfs none rw\n"))
            .collect();
        MountTree::parse(text.as_bytes()).unwrap()
    }

    fn visible(tree: &MountTree) -> Vec<u32> {
        tree.visible().map(|mount| mount.id).collect()
    }

    #[test]
    fn the_upper_of_two_at_one_point_is_seen() {
        let tree = tree(&[(1, 0, "/"), (2, 1, "/a"), (3, 2, "/a"), (4, 3, "/a/b"), (5, 2, "/a/c")]);
        assert_eq!(visible(&tree), [1, 3, 4]);
        assert_eq!(tree.find(b"/a").unwrap().id, 3);
        assert_eq!(tree.find(b"/a/c").unwrap().id, 3);
        assert_eq!(tree.find(b"/ab").unwrap().id, 1);
    }

    #[test]
    fn a_mount_over_the_way_hides_what_is_behind() {
        let tree = tree(&[(1, 0, "/"), (2, 1, "/a/b"), (3, 2, "/a/b/c"), (4, 1, "/a")]);
        assert_eq!(visible(&tree), [1, 4]);
        assert_eq!(tree.find(b"/a/b/c/d").unwrap().id, 4);
    }

    #[test]
    fn a_mount_over_the_root_hides_all() {
        let tree = tree(&[(1, 0, "/"), (2, 1, "/a"), (3, 1, "/")]);
        assert_eq!(visible(&tree), [3]);
        assert_eq!(tree.find(b"/a").unwrap().id, 3);
    }

    #[test]
    fn a_first_mount_that_is_its_own_parent_is_at_the_top() {
        let tree = tree(&[(1, 1, "/"), (2, 1, "/")]);
        assert_eq!(tree.roots().map(|mount| mount.id).collect::<Vec<_>>(), [1]);
        assert_eq!(visible(&tree), [2]);
        assert_eq!(tree.parent(&tree.mounts()[0]), None);
    }

    #[test]
    fn parents_outside_of_the_namespace_make_several_tops() {
        let tree = tree(&[(20, 7, "/"), (21, 9, "/mnt"), (22, 20, "/proc")]);
        assert_eq!(tree.roots().map(|mount| mount.id).collect::<Vec<_>>(), [20, 21]);
        let root = &tree.mounts()[0];
        assert_eq!(tree.children(root).map(|mount| mount.id).collect::<Vec<_>>(), [22]);
    }

    #[test]
    fn a_ring_of_parents_has_an_end() {
        let tree = tree(&[(1, 3, "/"), (2, 1, "/a"), (3, 2, "/a/b"), (4, 3, "/a/b/c")]);
        let walked: Vec<_> = tree.walk().map(|node| (node.mount.id, node.depth)).collect();
        assert_eq!(walked, [(1, 0), (2, 1), (3, 2), (4, 3)]);
    }

    #[test]
    fn the_walk_gives_parents_first_and_all_mounts_once() {
        let tree = tree(&[(3, 1, "/b"), (1, 0, "/"), (2, 1, "/a"), (4, 3, "/b/c")]);
        let walked: Vec<_> = tree.walk().map(|node| (node.mount.id, node.depth)).collect();
        assert_eq!(walked, [(1, 0), (3, 1), (4, 2), (2, 1)]);
    }

    #[test]
    fn the_directories_above_a_path_are_named() {
        let above = |path: &'static [u8]| ancestors(path).collect::<Vec<_>>();
        assert_eq!(above(b"/a/b"), [&b"/a"[..], b"/"]);
        assert_eq!(above(b"/a"), [b"/"]);
        assert!(above(b"/").is_empty() && above(b"").is_empty() && above(b"x").is_empty());
    }

    #[test]
    fn the_tree_of_this_machine_has_the_path_of_this_program() {
        let tree = MountTree::read(&Machine::live().unwrap()).unwrap();
        assert_eq!(tree.walk().count(), tree.mounts().len());
        assert!(tree.is_visible(tree.find(b"/proc/self").unwrap()));
    }

    proptest! {
        #[test]
        fn every_mount_is_walked_once(mounts in prop::collection::vec((0u32..12, 0u32..12, "(/[ab]){1,3}"), 0..12)) {
            let mounts: Vec<_> = mounts.iter().map(|(id, parent, point)| (*id, *parent, point.as_str())).collect();
            let tree = tree(&mounts);
            prop_assert_eq!(tree.walk().count(), mounts.len());
        }

        #[test]
        fn what_is_visible_is_what_is_found(mounts in prop::collection::vec((any::<prop::sample::Index>(), "(/[ab]){0,2}"), 0..12)) {
            let mut made = vec![(1, 0, String::from("/"))];
            for (parent, below) in mounts {
                let (parent, _, point) = &made[parent.index(made.len())];
                let point = format!("{}{below}", point.trim_end_matches('/'));
                made.push((made.len() as u32 + 1, *parent, if point.is_empty() { "/".into() } else { point }));
            }
            let made: Vec<_> = made.iter().map(|(id, parent, point)| (*id, *parent, point.as_str())).collect();
            let tree = tree(&made);
            for mount in tree.mounts() {
                let found = tree.find(mount.mount_point.as_bytes()).unwrap();
                prop_assert_eq!(tree.is_visible(mount), found.id == mount.id);
            }
        }
    }
}
