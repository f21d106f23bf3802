use std::collections::BTreeMap;

use linux_support_base::Pid;

/// Who descends from whom among some processes.
///
/// ```
/// use linux_support_base::Pid;
/// use linux_support_process::ProcessTree;
///
/// let pid = |number| Pid::new(number).unwrap();
/// let tree: ProcessTree = [(pid(1), None), (pid(7), Some(pid(1))), (pid(9), Some(pid(7)))].into_iter().collect();
/// let lines: Vec<_> = tree.walk().map(|(pid, depth)| (pid.number(), depth)).collect();
/// assert_eq!(lines, [(1, 0), (7, 1), (9, 2)]);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[doc(alias = "pstree")]
pub struct ProcessTree {
    parents: BTreeMap<Pid, Option<Pid>>,
    children: BTreeMap<Pid, Vec<Pid>>,
}

impl ProcessTree {
    /// The processes whose parent is not among them, by number: on a whole machine, the first process and the
    /// kernel's threads' parent.
    pub fn roots(&self) -> impl Iterator<Item = Pid> {
        self.parents
            .iter()
            .filter(|(_, parent)| parent.is_none_or(|parent| !self.parents.contains_key(&parent)))
            .map(|(&pid, _)| pid)
    }

    /// The parent of a process, where both are among them.
    #[must_use]
    pub fn parent(&self, pid: Pid) -> Option<Pid> {
        (*self.parents.get(&pid)?).filter(|parent| self.parents.contains_key(parent))
    }

    /// The children of a process, by number.
    #[must_use]
    pub fn children(&self, pid: Pid) -> &[Pid] {
        self.children.get(&pid).map_or(&[], Vec::as_slice)
    }

    /// All processes from the roots on, each before its children, with how deep it is: 0 for roots.
    ///
    /// Processes that are one another's ancestors, which numbers that were used again while they were listed may
    /// pretend, come after all others, from the lowest number of each ring on.
    pub fn walk(&self) -> impl Iterator<Item = (Pid, usize)> {
        let mut seen = std::collections::BTreeSet::new();
        let mut order = Vec::with_capacity(self.parents.len());
        for start in self.roots().chain(self.parents.keys().copied()) {
            let mut waiting = vec![(start, 0)];
            while let Some((pid, depth)) = waiting.pop() {
                if seen.insert(pid) {
                    order.push((pid, depth));
                    waiting.extend(self.children(pid).iter().rev().map(|&child| (child, depth + 1)));
                }
            }
        }
        order.into_iter()
    }

    /// How many processes there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.parents.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parents.is_empty()
    }
}

impl FromIterator<(Pid, Option<Pid>)> for ProcessTree {
    /// From processes and their parents. Of several with one number, the last counts.
    fn from_iter<I: IntoIterator<Item = (Pid, Option<Pid>)>>(processes: I) -> Self {
        let parents: BTreeMap<_, _> = processes.into_iter().collect();
        let mut children: BTreeMap<Pid, Vec<Pid>> = BTreeMap::new();
        for (&pid, &parent) in &parents {
            if let Some(parent) = parent.filter(|parent| parents.contains_key(parent)) {
                children.entry(parent).or_default().push(pid);
            }
        }
        Self { parents, children }
    }
}

impl<'a> FromIterator<&'a crate::ProcessSummary> for ProcessTree {
    fn from_iter<I: IntoIterator<Item = &'a crate::ProcessSummary>>(processes: I) -> Self {
        processes.into_iter().map(|process| (process.pid, process.parent)).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pid(number: i32) -> Pid {
        Pid::new(number).unwrap()
    }

    fn tree(processes: &[(i32, i32)]) -> ProcessTree {
        processes.iter().map(|&(child, parent)| (pid(child), Pid::new(parent))).collect()
    }

    fn walk(tree: &ProcessTree) -> Vec<(i32, usize)> {
        tree.walk().map(|(pid, depth)| (pid.number(), depth)).collect()
    }

    #[test]
    fn children_follow_their_parents_by_number() {
        let tree = tree(&[(1, 0), (2, 0), (30, 1), (4, 1), (5, 30), (6, 2), (7, 99)]);
        assert_eq!(walk(&tree), [(1, 0), (4, 1), (30, 1), (5, 2), (2, 0), (6, 1), (7, 0)]);
        assert_eq!((tree.parent(pid(5)), tree.parent(pid(7))), (Some(pid(30)), None));
        assert_eq!((tree.children(pid(1)), tree.len()), (&[pid(4), pid(30)][..], 7));
        assert!(tree.roots().eq([pid(1), pid(2), pid(7)]));
    }

    #[test]
    fn rings_come_last_and_once() {
        assert_eq!(walk(&tree(&[(3, 5), (5, 3), (1, 0), (8, 8)])), [(1, 0), (3, 0), (5, 1), (8, 0)]);
        assert!(tree(&[]).is_empty());
    }

    proptest! {
        #[test]
        fn every_process_is_walked_once(processes in prop::collection::vec((1..40, 0..40), 0..40)) {
            let tree = tree(&processes);
            let mut walked: Vec<_> = tree.walk().map(|(pid, _)| pid).collect();
            prop_assert_eq!(walked.len(), tree.len());
            walked.sort();
            walked.dedup();
            prop_assert_eq!(walked.len(), tree.len());
        }
    }
}
