use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    fmt::Write as _,
    fs,
    io::{self, ErrorKind},
    os::unix::{ffi::OsStrExt, fs::symlink},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard},
};

use rustix::io::Errno;

use super::{
    FileKind,
    captured::{ERRORS, format_error},
    facts::Facts,
};
use crate::{ByteString, Bytes, Error, Reason};

/// What a machine was asked for while it was read through [`Machine::recording`](super::Machine::recording),
/// saved as a tree that [`Machine::captured`](super::Machine::captured) reads.
///
/// The tree holds just the files, lists and links that were read, with the bytes that were read, and the errors
/// that were met: so whoever asks the tree the same questions gets the same answers.
#[derive(Debug)]
pub struct Recording {
    tree: PathBuf,
    withhold: fn(&[u8]) -> bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Directories and links of the machine by their path, with the path that they really have.
    real: BTreeMap<Vec<u8>, Vec<u8>>,
    errors: BTreeMap<Vec<u8>, Errno>,
    /// Files that a directory listed, and that have not been read.
    listed: BTreeSet<Vec<u8>>,
    /// The first failure to write; told at the end.
    failure: Option<Error>,
    files: u64,
    budget: Option<Budget>,
    left_out: BTreeSet<Vec<u8>>,
}

/// How much may be saved of some of the files.
#[derive(Debug)]
struct Budget {
    holds_for: fn(&[u8]) -> bool,
    most_of_one: u64,
    left: u64,
    /// How large each was that has been saved.
    saved: BTreeMap<Vec<u8>, u64>,
}

impl Budget {
    /// Whether so many bytes may be saved at `path`, in place of what is saved there.
    fn admits(&mut self, path: &[u8], bytes: u64) -> bool {
        if !(self.holds_for)(path) {
            return true;
        }
        let left = self.left + self.saved.get(path).copied().unwrap_or(0);
        if bytes > self.most_of_one || bytes > left {
            return false;
        }
        self.left = left - bytes;
        self.saved.insert(path.to_vec(), bytes);
        true
    }
}

impl Recording {
    pub(super) fn begin(tree: &Path, withhold: fn(&[u8]) -> bool) -> Result<Self, Error> {
        let name = || tree.as_os_str().as_bytes();
        let failed = |error: io::Error| write_error(name(), &error);
        fs::create_dir_all(tree).map_err(failed)?;
        if fs::read_dir(tree).map_err(failed)?.next().is_some() {
            return Err(Error::invalid(
                "capture into",
                name(),
                "is not empty: give a new or an empty directory",
            ));
        }
        for part in ["proc", "sys", "etc", "linux-support"] {
            fs::create_dir(tree.join(part)).map_err(failed)?;
        }
        Ok(Self { tree: tree.to_owned(), withhold, state: Mutex::default() })
    }

    /// How many files have been saved so far.
    #[must_use]
    pub fn files(&self) -> u64 {
        self.state().files
    }

    /// Saves `text` as a file of the machine, though it has none at `path`: answers that come from system calls.
    pub fn save(&self, path: impl AsRef<[u8]>, text: &[u8]) {
        let mut state = self.state();
        self.write(&mut state, path.as_ref(), text);
    }

    /// Sets how much is saved of the files for whose paths `holds_for` says true: of one at most `most_of_one`, of all together
    /// at most `most`. They are read as before; one that is too large is not saved, and fails in the tree with `EFBIG`.
    pub fn limit(&self, holds_for: fn(&[u8]) -> bool, most_of_one: Bytes, most: Bytes) {
        self.state().budget = Some(Budget {
            holds_for,
            most_of_one: most_of_one.get(),
            left: most.get(),
            saved: BTreeMap::new(),
        });
    }

    /// The files that were too large to be saved, sorted.
    #[must_use]
    pub fn left_out(&self) -> Vec<ByteString> {
        self.state().left_out.iter().map(|path| ByteString::from(path.as_slice())).collect()
    }

    /// Ends the tree with the machine's `facts`, and with the errors that were met.
    ///
    /// # Errors
    /// The first file of the tree that could not be written.
    pub fn finish(&self, facts: &Facts) -> Result<(), Error> {
        let mut state = self.state();
        let mut errors = String::new();
        let listed = std::mem::take(&mut state.listed);
        let unread = listed.into_iter().map(|path| (path, Errno::NODATA));
        for (path, errno) in std::mem::take(&mut state.errors).into_iter().chain(unread) {
            format_error(&mut errors, &path, errno);
        }
        self.write(&mut state, ERRORS, errors.as_bytes());
        let mut text = String::new();
        write!(text, "{facts}").expect("a String takes all text");
        self.write(&mut state, Facts::PATH.as_bytes(), text.as_bytes());
        match state.failure.take() {
            Some(failure) => Err(failure),
            None => Ok(()),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|poisoned| poisoned.into_inner())
    }

    /// Whether the file at `path` is not to be read at all.
    pub(super) fn withholds(&self, path: &[u8]) -> bool {
        (self.withhold)(path)
    }

    pub(super) fn file(&self, path: &[u8], outcome: Result<&[u8], Errno>) {
        let mut state = self.state();
        match outcome {
            Ok(bytes) => {
                if let Some(real) = self.real(&mut state, path) {
                    state.listed.remove(&real);
                    state.listed.remove(path);
                    self.save_within_limit(&mut state, &real, bytes);
                }
            }
            Err(errno) => self.error(&mut state, path, errno),
        }
    }

    pub(super) fn directory(&self, path: &[u8], outcome: Result<(), Errno>) {
        let mut state = self.state();
        match outcome {
            Ok(()) => {
                if let Some(real) = self.real(&mut state, path) {
                    self.make_directory(&mut state, &real);
                }
            }
            Err(errno) => self.error(&mut state, path, errno),
        }
    }

    pub(super) fn entry(&self, directory: &[u8], name: &[u8], kind: FileKind) {
        let mut state = self.state();
        let Some(mut path) = self.real(&mut state, directory) else { return };
        path.push(b'/');
        path.extend_from_slice(name);
        match kind {
            FileKind::Directory => self.make_directory(&mut state, &path),
            FileKind::Link => {
                if let Ok(target) = fs::read_link(OsStr::from_bytes(&path)) {
                    self.make_link(&mut state, &path, target.as_os_str().as_bytes());
                }
            }
            FileKind::File | FileKind::Other => {
                if !self.target(&path).exists() && !state.errors.contains_key(&path) {
                    self.write(&mut state, &path, b"");
                    state.files -= 1;
                    state.listed.insert(path);
                }
            }
        }
    }

    pub(super) fn link(&self, path: &[u8], outcome: Result<&[u8], Errno>) {
        let mut state = self.state();
        match outcome {
            Ok(target) => {
                let (directory, name) = split(path);
                if let Some(mut real) = self.real(&mut state, directory) {
                    real.push(b'/');
                    real.extend_from_slice(name);
                    self.make_link(&mut state, &real, target);
                }
            }
            Err(errno) => self.error(&mut state, path, errno),
        }
    }

    pub(super) fn presence(&self, path: &[u8], present: bool) {
        if !present {
            return;
        }
        let mut state = self.state();
        let Some(real) = self.real(&mut state, path) else { return };
        if Path::new(OsStr::from_bytes(&real)).is_dir() {
            self.make_directory(&mut state, &real);
        } else if !self.target(&real).exists() {
            self.write(&mut state, &real, b"");
            state.listed.insert(real);
        }
    }

    fn save_within_limit(&self, state: &mut State, path: &[u8], bytes: &[u8]) {
        let admitted = state.budget.as_mut().is_none_or(|budget| budget.admits(path, bytes.len() as u64));
        if admitted {
            state.left_out.remove(path);
            state.errors.remove(path);
            self.write(state, path, bytes);
        } else if state.budget.as_ref().is_some_and(|budget| !budget.saved.contains_key(path)) {
            state.left_out.insert(path.to_vec());
            self.error(state, path, Errno::FBIG);
        }
    }

    fn error(&self, state: &mut State, path: &[u8], errno: Errno) {
        // What is absent from the machine is absent from the tree, and needs no line.
        if errno != Errno::NOENT {
            state.listed.remove(path);
            state.errors.insert(path.to_vec(), errno);
        }
    }

    /// The path of `path` without links, having made the same links in the tree. `None` where it has gone.
    fn real(&self, state: &mut State, path: &[u8]) -> Option<Vec<u8>> {
        self.real_within(state, path, 40)
    }

    fn real_within(&self, state: &mut State, path: &[u8], links_left: u32) -> Option<Vec<u8>> {
        let mut real: Vec<u8> = Vec::with_capacity(path.len());
        let components = path.split(|&byte| byte == b'/').filter(|name| !name.is_empty());
        for name in components {
            match name {
                b"." => continue,
                b".." => {
                    real.truncate(split(&real).0.len());
                    continue;
                }
                name => {
                    real.push(b'/');
                    real.extend_from_slice(name);
                }
            }
            if let Some(known) = state.real.get(&real) {
                real.clone_from(known);
                continue;
            }
            let Ok(target) = fs::read_link(OsStr::from_bytes(&real)) else {
                state.real.insert(real.clone(), real.clone());
                continue;
            };
            let target = target.as_os_str().as_bytes();
            let (directory, _) = split(&real);
            // Within the tree, a link must not begin at the root of the machine that reads it.
            let relative = match target.strip_prefix(b"/") {
                Some(target) => {
                    let depth = directory.iter().filter(|&&byte| byte == b'/').count();
                    [b"../".repeat(depth).as_slice(), target].concat()
                }
                None => target.to_vec(),
            };
            self.make_link(state, &real, &relative);
            let joined = match target.first() {
                Some(b'/') => target.to_vec(),
                _ => [directory, b"/", target].concat(),
            };
            let resolved = self.real_within(state, &joined, links_left.checked_sub(1)?)?;
            state.real.insert(std::mem::replace(&mut real, resolved.clone()), resolved);
        }
        Some(real)
    }

    fn target(&self, path: &[u8]) -> PathBuf {
        self.tree.join(OsStr::from_bytes(path.strip_prefix(b"/").unwrap_or(path)))
    }

    fn make_directory(&self, state: &mut State, path: &[u8]) {
        let outcome = fs::create_dir_all(self.target(path));
        self.note(state, path, outcome);
    }

    fn make_link(&self, state: &mut State, path: &[u8], target: &[u8]) {
        self.make_directory(state, split(path).0);
        let outcome = match symlink(OsStr::from_bytes(target), self.target(path)) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
            outcome => outcome,
        };
        self.note(state, path, outcome);
    }

    fn write(&self, state: &mut State, path: &[u8], bytes: &[u8]) {
        state.files += 1;
        let target = self.target(path);
        let outcome = match fs::write(&target, bytes) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                self.make_directory(state, split(path).0);
                fs::write(&target, bytes)
            }
            outcome => outcome,
        };
        self.note(state, path, outcome);
    }

    fn note(&self, state: &mut State, path: &[u8], outcome: io::Result<()>) {
        if let Err(error) = outcome {
            state
                .failure
                .get_or_insert_with(|| write_error(self.target(path).as_os_str().as_bytes(), &error));
        }
    }
}

fn write_error(path: &[u8], error: &io::Error) -> Error {
    match error.raw_os_error() {
        Some(errno) => Error::system("write", path, Errno::from_raw_os_error(errno)),
        None => Error::new("write", ByteString::from(path), Reason::Invalid(error.to_string())),
    }
}

/// The directory and the name of an absolute path.
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memrchr(b'/', path) {
        Some(slash) => (&path[..slash], &path[slash + 1..]),
        None => (b"", path),
    }
}
