//! Which descriptors are open.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
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
        Self { before: settled(), _turn: turn }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        if !thread::panicking() {
            assert_eq!(self.before, settled(), "descriptors before and after the test");
        }
    }
}

/// The descriptors, once no thread that begins or ends has one of its own: a thread's first allocation reads the number
/// of CPUs.
fn settled() -> BTreeMap<u32, PathBuf> {
    let mut before = open();
    loop {
        let now = open();
        if now == before {
            return now;
        }
        before = now;
    }
}

/// The descriptors and what they are, but for the one that reads the directory.
pub(crate) fn open() -> BTreeMap<u32, PathBuf> {
    // An entry keeps its directory open, so only the names are kept.
    let names: Vec<_> =
        fs::read_dir("/proc/self/fd").unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names
        .into_iter()
        .filter_map(|name| {
            let number = name.to_str().unwrap().parse().unwrap();
            Some((number, fs::read_link(Path::new("/proc/self/fd").join(name)).ok()?))
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
