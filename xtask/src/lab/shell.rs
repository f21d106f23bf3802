//! A machine for a person.

use std::process::Command;

use super::{
    Cache, Chosen, attempt, boot, emulator, image,
    kernel::{Choice, Kernel},
    qemu, run, suite,
};
use crate::{Stop, cargo};

/// Starts the first of `chosen` in this terminal, with a shell and the program `linux-support`.
pub(crate) fn start(chosen: &Chosen<'_>, choice: &Choice, install: bool) -> Result<(), Stop> {
    let Some((name, machine)) = chosen.first() else {
        return Err(Stop::because("no machine is chosen"));
    };
    let emulator = emulator(machine, install)?;
    suite::ready(install, machine.architecture)?;
    let built = suite::build_for(machine.architecture)?;
    let cache = Cache::open()?;
    let kernel = Kernel::get(&cache, machine, choice)?;
    let scratch = boot::folder(&format!("{name}-shell"))?;
    let (initramfs, files) = (scratch.join("initramfs"), scratch.join("files"));
    let (program, links) = run::program(&built);
    let content = image::Content {
        name,
        machine,
        kernel: &kernel,
        choice: choice.to_string(),
        word: "",
        jobs: &[],
        programs: program.as_slice(),
        links: &links,
        root: std::path::Path::new("/"),
        shell: true,
    };
    image::write(&cache, &content, &initramfs)?;
    run::disks(machine, &scratch)?;
    let files = qemu::Files {
        scratch: &scratch,
        image: &kernel.image,
        initramfs: &initramfs,
        console: None,
        files: &files,
    };
    println!("lab: QEMU's own keys begin with Control-A: then x ends it, h lists the others");
    let mut command = Command::new(emulator);
    command.args(qemu::arguments(machine, &files));
    attempt("QEMU", command.current_dir(cargo::root()).status()).map(|_| ())
}
