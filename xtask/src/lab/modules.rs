//! The kernel's modules that a machine needs, with what these need.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    process::Command,
};

use super::{attempt, kernel::Kernel};
use crate::{Stop, tools};

/// Modules, in the form that modprobe reads.
#[derive(Debug, Default)]
pub(crate) struct Modules {
    /// Their paths from the folder of modules, and their bytes.
    pub(crate) files: Vec<(String, Vec<u8>)>,
    /// `modules.dep`, `modules.alias` and the like.
    pub(crate) indices: Vec<(&'static str, String)>,
}

/// Writes the index of the modules in `modules`, a folder below `folder`.
pub(crate) fn index(folder: &Path, modules: &Path) -> Result<(), Stop> {
    let depmod = tools::find("depmod").ok_or_else(|| Stop::because("depmod is not here (package kmod)"))?;
    let release = modules.file_name().unwrap_or_default();
    // depmod adds lib/modules and the release to the folder that it is given.
    let base = modules.ancestors().nth(3).unwrap_or(folder);
    let status = attempt("depmod", Command::new(depmod).arg("-b").arg(base).arg(release).status())?;
    if status.success() {
        return Ok(());
    }
    Err(Stop::because(format!("depmod could not index {}: {status}", modules.display())))
}

impl Modules {
    /// The modules named `wanted` of `kernel`, and all that they need.
    ///
    /// What the kernel has built in is no module, and left out.
    pub(crate) fn collect(kernel: &Kernel, wanted: &[&str]) -> Result<Self, Stop> {
        let read = |name: &str| fs::read_to_string(kernel.modules.join(name)).unwrap_or_default();
        let index = Index::parse(
            &read("modules.dep"),
            &read("modules.softdep"),
            &read("modules.alias"),
            &read("modules.builtin"),
        );
        let chosen = index
            .closure(wanted)
            .map_err(|name| Stop::because(format!("the kernel {} has no module {name}", kernel.release)))?;
        let mut files = Vec::new();
        let mut dependencies = String::new();
        for name in &chosen {
            let Some((path, needs)) = index.modules.get(name) else { continue };
            files.push((plain(path).to_owned(), contents(&kernel.modules.join(path))?));
            let needs: Vec<_> = needs.iter().map(|path| plain(path)).collect();
            dependencies.push_str(&format!("{}: {}\n", plain(path), needs.join(" ")));
        }
        let of_chosen = |text: &str, place: usize| -> String {
            let is_chosen = |line: &&str| {
                line.split_whitespace().nth(place).is_some_and(|name| chosen.contains(&normal(name)))
            };
            text.lines().filter(is_chosen).map(|line| format!("{line}\n")).collect()
        };
        let indices = vec![
            ("modules.alias", of_chosen(&read("modules.alias"), 2)),
            ("modules.builtin", read("modules.builtin")),
            ("modules.dep", dependencies),
            ("modules.softdep", of_chosen(&read("modules.softdep"), 1)),
        ];
        Ok(Self { files, indices })
    }
}

/// Which modules there are and what they need.
#[derive(Debug, Default)]
struct Index {
    /// Path and needed paths, by name.
    modules: BTreeMap<String, (String, Vec<String>)>,
    /// What is loaded along where it is there, by name.
    soft: BTreeMap<String, Vec<String>>,
    /// The names of the modules that go by another name too: soft dependencies may be told by it.
    aliases: BTreeMap<String, Vec<String>>,
    built_in: BTreeSet<String>,
}

impl Index {
    fn parse(dependencies: &str, soft: &str, aliases: &str, built_in: &str) -> Self {
        let mut index = Self::default();
        for (path, needs) in dependencies.lines().filter_map(|line| line.split_once(':')) {
            let needs = needs.split_whitespace().map(str::to_owned).collect();
            index.modules.insert(name_of(path), (path.to_owned(), needs));
        }
        for line in soft.lines() {
            let mut words = line.split_whitespace().skip_while(|word| *word != "softdep").skip(1);
            if let Some(name) = words.next() {
                let along = words.filter(|word| !word.ends_with(':')).map(normal);
                index.soft.entry(normal(name)).or_default().extend(along);
            }
        }
        for line in aliases.lines() {
            if let ["alias", alias, name] = line.split_whitespace().collect::<Vec<_>>()[..] {
                index.aliases.entry(normal(alias)).or_default().push(normal(name));
            }
        }
        index.built_in = built_in.lines().map(name_of).collect();
        index
    }

    /// The names of `wanted` and of all that they need, or the name that is unknown.
    fn closure(&self, wanted: &[&str]) -> Result<BTreeSet<String>, String> {
        let mut chosen = BTreeSet::new();
        let mut open = Vec::new();
        for name in wanted.iter().map(|name| normal(name)) {
            if !self.modules.contains_key(&name) && !self.built_in.contains(&name) {
                return Err(name);
            }
            open.push(name);
        }
        while let Some(name) = open.pop() {
            let Some((_, needs)) = self.modules.get(&name) else {
                let known = self.aliases.get(&name).into_iter().flatten();
                open.extend(known.filter(|name| self.modules.contains_key(*name)).cloned());
                continue;
            };
            if chosen.insert(name.clone()) {
                open.extend(needs.iter().map(|path| name_of(path)));
                open.extend(self.soft.get(&name).into_iter().flatten().cloned());
            }
        }
        Ok(chosen)
    }
}

/// The name of the module in the file `path`.
fn name_of(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    normal(file.split(".ko").next().unwrap_or(file))
}

/// A module's name as the kernel has it; people write hyphens too.
fn normal(name: &str) -> String {
    name.replace('-', "_")
}

/// The path without the ending of a compressed file.
fn plain(path: &str) -> &str {
    [".xz", ".zst", ".gz"].iter().find_map(|end| path.strip_suffix(end)).unwrap_or(path)
}

/// The bytes of the module `file`, uncompressed.
fn contents(file: &Path) -> Result<Vec<u8>, Stop> {
    let program = match file.extension().and_then(|extension| extension.to_str()) {
        Some("xz") => "xz",
        Some("zst") => "zstd",
        Some("gz") => "gzip",
        _ => return attempt(format_args!("{}", file.display()), fs::read(file)),
    };
    let output = attempt(program, Command::new(program).arg("-dc").arg(file).output())?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(Stop::because(format!("{program} could not unpack {}", file.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index() -> Index {
        Index::parse(
            "kernel/drivers/nvme/host/nvme.ko.xz: kernel/drivers/nvme/host/nvme-core.ko.xz\n\
             kernel/drivers/nvme/host/nvme-core.ko.xz:\n\
             kernel/fs/ext4/ext4.ko: kernel/fs/mbcache.ko\n\
             kernel/fs/mbcache.ko:\n\
             kernel/crypto/crc32c_generic.ko:\n\
             kernel/crypto/crc32c-intel.ko:\n",
            "# Soft dependencies\nsoftdep ext4 pre: crypto-crc32c post: absent-one\n",
            "alias crypto-crc32c crc32c_generic\nalias crypto-crc32c crc32c_intel\nalias fs-ext4 ext4\n",
            "kernel/drivers/block/loop.ko\n",
        )
    }

    #[test]
    fn a_module_brings_what_it_needs_and_what_it_likes() {
        let names = |wanted| index().closure(wanted).unwrap().into_iter().collect::<Vec<_>>();
        assert_eq!(names(&["nvme"]), ["nvme", "nvme_core"]);
        assert_eq!(names(&["nvme-core"]), ["nvme_core"]);
        assert_eq!(names(&["ext4"]), ["crc32c_generic", "crc32c_intel", "ext4", "mbcache"]);
    }

    #[test]
    fn what_is_built_in_is_no_module_and_what_is_unknown_is_named() {
        assert!(index().closure(&["loop"]).unwrap().is_empty());
        assert_eq!(index().closure(&["loop", "no-such"]), Err("no_such".to_owned()));
    }

    #[test]
    fn endings_of_compressed_files_are_no_part_of_the_name() {
        assert_eq!(name_of("kernel/drivers/net/e1000e.ko.zst"), "e1000e");
        assert_eq!(plain("a/b.ko.xz"), "a/b.ko");
        assert_eq!(plain("a/b.ko"), "a/b.ko");
    }
}
