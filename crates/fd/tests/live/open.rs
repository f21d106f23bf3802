//! Which descriptors are open.

use std::{
    collections::BTreeMap,
    fs,
    path::PathBuf,
    sync::{Mutex, MutexGuard, PoisonError},
    thread,
};

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Says that a test closes all that it opens: compares `/proc/self/fd` at its beginning and at its end.
///
/// Each test of this binary begins with `let _open = Open::watched();`, so that no descriptor is leaked over all of
/// them. One runs at a time, since the process has one table of descriptors.
pub(crate) struct Open {
    before: BTreeMap<u32, PathBuf>,
    _turn: MutexGuard<'static, ()>,
}

impl Open {
    pub(crate) fn watched() -> Self {
        let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        Self { before: open(), _turn: turn }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if !thread::panicking() {
            assert_eq!(self.before, open(), "descriptors before and after the test");
        }
    }
}

/// The descriptors and what they are, but for the one that reads the directory.
pub(crate) fn open() -> BTreeMap<u32, PathBuf> {
    let entries: Vec<_> = fs::read_dir("/proc/self/fd").unwrap().map(|entry| entry.unwrap()).collect();
    entries
        .iter()
        .filter_map(|entry| {
            let number = entry.file_name().into_string().unwrap().parse().unwrap();
            Some((number, fs::read_link(entry.path()).ok()?))
        })
        .collect()
}

#[test]
fn a_leak_is_seen() {
    let _open = Open::watched();
    let before = open();
    let file = fs::File::open("/dev/null").unwrap();
    let after = open();
    assert_eq!(after.len(), before.len() + 1);
    assert!(after.values().any(|target| target == "/dev/null"));
    drop(file);
    assert_eq!(open(), before);
}
