//! The shared libraries that a program needs.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
};

use super::attempt;
use crate::Stop;

/// Where libraries of this machine lie, after Debian's way and that of others.
const FOLDERS: &[&str] = &[
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib/aarch64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/lib64",
    "/usr/lib64",
    "/lib",
    "/usr/lib",
];

/// Libraries: for each path in the guest, the file here.
pub(crate) type Libraries = BTreeMap<String, PathBuf>;

/// Adds to `found` all that the ELF `program` needs, taken from below `root`, the root of its architecture's files.
pub(crate) fn collect(program: &Path, root: &Path, found: &mut Libraries) -> Result<(), Stop> {
    let output = Command::new("readelf").args(["-W", "-d", "-l"]).arg(program).env("LC_ALL", "C").output();
    let output = attempt("readelf", output)?;
    if !output.status.success() {
        return Err(Stop::because(format!("readelf could not read {}", program.display())));
    }
    let (interpreter, needed) = needs(&String::from_utf8_lossy(&output.stdout));
    if let Some(interpreter) = interpreter {
        let file = below(root, &interpreter);
        let file = if file.exists() { file } else { search(root, file_name(&interpreter), program)? };
        found.insert(interpreter, file);
    }
    for name in needed {
        let is_known = found.keys().any(|path| path.rsplit('/').next() == Some(name.as_str()));
        if !is_known {
            let file = search(root, &name, program)?;
            found.insert(format!("/lib/{name}"), file.clone());
            collect(&file, root, found)?;
        }
    }
    Ok(())
}

/// Adds to `found` the library `name` and all that it needs, if it is here: for tests that load it by name.
pub(crate) fn collect_if_here(name: &str, root: &Path, found: &mut Libraries) -> Result<(), Stop> {
    let Some(file) = find(root, name) else { return Ok(()) };
    found.insert(format!("/lib/{name}"), file.clone());
    collect(&file, root, found)
}

fn find(root: &Path, name: &str) -> Option<PathBuf> {
    FOLDERS.iter().map(|folder| below(root, folder).join(name)).find(|path| path.exists())
}

fn search(root: &Path, name: &str, program: &Path) -> Result<PathBuf, Stop> {
    find(root, name).ok_or_else(|| {
        Stop::because(format!("{} needs the library {name}, which is not here", program.display()))
    })
}

fn below(root: &Path, path: &str) -> PathBuf {
    root.join(path.trim_start_matches('/'))
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The interpreter and the needed libraries, in what readelf prints.
fn needs(text: &str) -> (Option<String>, Vec<String>) {
    let bracketed = |line: &str, before: &str| {
        let (_, rest) = line.split_once(before)?;
        Some(rest.split(']').next()?.trim().to_owned())
    };
    let interpreter = text.lines().find_map(|line| bracketed(line, "[Requesting program interpreter:"));
    let needed = text.lines().filter_map(|line| bracketed(line, "Shared library: [")).collect();
    (interpreter, needed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readelfs_lines_are_read() {
        let text = "      [Requesting program interpreter: /lib64/ld-linux-x86-64.so.2]\n \
                    0x0000000000000001 (NEEDED)             Shared library: [libgcc_s.so.1]\n \
                    0x0000000000000001 (NEEDED)             Shared library: [libc.so.6]\n";
        let (interpreter, needed) = needs(text);
        assert_eq!(interpreter.as_deref(), Some("/lib64/ld-linux-x86-64.so.2"));
        assert_eq!(needed, ["libgcc_s.so.1", "libc.so.6"]);
        assert_eq!(needs("There is no dynamic section in this file.\n"), (None, Vec::new()));
    }

    #[test]
    fn this_program_itself_needs_a_c_library() {
        let mut found = Libraries::new();
        collect(&std::env::current_exe().unwrap(), Path::new("/"), &mut found).unwrap();
        assert!(found.keys().any(|path| path.contains("libc.so") || path.contains("musl")), "{found:?}");
        assert!(found.values().all(|file| file.is_file()));
    }
}
