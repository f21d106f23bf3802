//! The saved machines against the crate `device`.

#[path = "device/capabilities.rs"]
mod capabilities;
#[path = "device/compared.rs"]
mod compared;
#[path = "device/conventional.rs"]
mod conventional;
#[path = "device/dump.rs"]
mod dump;
#[path = "device/errors.rs"]
mod errors;
#[path = "device/express.rs"]
mod express;
#[path = "device/extended.rs"]
mod extended;
#[path = "device/header.rs"]
mod header;
#[path = "device/tree.rs"]
mod tree;

use std::{
    fs,
    process::{Command, ExitCode},
};

use corpus::files;
use libtest_mimic::Trial;

use self::{dump::dump, tree::tree};

fn main() -> ExitCode {
    corpus::run(|folder| {
        let mut trials = Vec::new();
        for path in files(&folder.join("pciutils"), "") {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let (stored, asked) = (path.clone(), path);
            trials.push(Trial::test(format!("pciutils_{name}"), {
                let name = name.clone();
                move || dump(&fs::read(&stored)?, &fs::read(&stored)?, &name)
            }));
            if Command::new("lspci").arg("--version").output().is_ok() {
                trials.push(Trial::test(format!("pciutils_{name}_as_lspci_decodes_it"), move || {
                    let output = Command::new("lspci").arg("-F").arg(&asked).args(["-D", "-vvv"]).output()?;
                    dump(&fs::read(&asked)?, &output.stdout, &name)
                }));
            }
        }
        for (kind, suffix) in [("ghw", ".tar.gz"), ("hwloc", ".tar.bz2")] {
            for path in files(&folder.join(kind), suffix) {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                let name = format!("{kind}_{}", name.strip_suffix(suffix).unwrap());
                trials.push(Trial::test(name.clone(), move || tree(&path, &name)));
            }
        }
        trials
    })
}
