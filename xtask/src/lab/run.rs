//! Running the lab's tests in its machines.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, PoisonError},
    thread,
};

use lab::{Architecture, Backing, Machine, Machines};

use super::{
    Cache, Chosen, Options, attempt,
    boot::{self, Boot, Course},
    counts::Counts,
    emulator, image,
    kernel::{self, Choice, Kernel},
    protocol::Event,
    qemu,
    suite::{self, Built, Place, Test},
    watch::Watch,
};
use crate::Stop;

/// A program: where it is in the guest, and here.
type Program = (String, PathBuf);

/// What a machine is booted for.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) name: &'a str,
    pub(crate) machine: &'a Machine,
    pub(crate) choice: Choice,
    /// A limit in seconds and a shell command each.
    pub(crate) jobs: Vec<(u64, String)>,
    pub(crate) programs: Vec<Program>,
    /// Links: where they are in the guest, and to what they lead.
    pub(crate) links: Vec<(String, String)>,
    /// Whether what is missing here is installed.
    pub(crate) install: bool,
}

/// A machine that was booted.
#[derive(Debug)]
pub(crate) struct Booted {
    pub(crate) kernel: Kernel,
    pub(crate) course: Course,
    /// What the guest wrote into its port for files.
    pub(crate) files: PathBuf,
}

impl Plan<'_> {
    /// The machine and its kernel: `numa oldest`.
    fn place(&self) -> String {
        format!("{} {}", self.name, self.choice)
    }

    /// Boots the machine and lets it do its jobs.
    pub(crate) fn boot(&self, cache: &Cache, hear: impl FnMut(&Event)) -> Result<Booted, Stop> {
        let program = emulator(self.machine, self.install)?;
        let kernel = Kernel::get(cache, self.machine, &self.choice)?;
        let scratch = boot::folder(&format!("{}-{}", self.name, self.choice))?;
        let (initramfs, console, files) =
            (scratch.join("initramfs"), scratch.join("console.log"), scratch.join("files"));
        let word = super::word()?;
        let content = image::Content {
            name: self.name,
            machine: self.machine,
            kernel: &kernel,
            choice: self.choice.to_string(),
            word: &word,
            jobs: &self.jobs,
            programs: &self.programs,
            links: &self.links,
            root: Path::new("/"),
            shell: false,
        };
        image::write(cache, &content, &initramfs)?;
        disks(self.machine, &scratch)?;
        let arguments = qemu::arguments(
            self.machine,
            &qemu::Files {
                scratch: &scratch,
                image: &kernel.image,
                initramfs: &initramfs,
                console: Some(&console),
                files: &files,
            },
        );
        let limits: Vec<_> = self.jobs.iter().map(|(limit, _)| *limit).collect();
        let boot = Boot {
            program: &program,
            arguments: &arguments,
            console: &console,
            word: &word,
            limits: &limits,
        };
        let course = boot.run(hear)?;
        // Large, and made anew each time.
        let _ = fs::remove_file(&initramfs);
        Ok(Booted { kernel, course, files })
    }
}

/// Makes the empty disks of `machine`.
pub(crate) fn disks(machine: &Machine, scratch: &Path) -> Result<(), Stop> {
    for (number, device) in machine.pci.iter().enumerate() {
        if let Some(Backing::Disk(size)) = device.backing {
            let path = qemu::disk(scratch, number);
            let made = fs::File::create(&path).and_then(|file| file.set_len(size.bytes()));
            attempt(format_args!("{}", path.display()), made)?;
        }
    }
    Ok(())
}

/// Where a test binary is in the guest.
fn place(binary: &Path) -> String {
    format!("/lab/tests/{}", binary.file_name().unwrap_or_default().display())
}

/// The program `linux-support`, and the link to it: tests start it by the path at which it was built.
pub(crate) fn program(built: &Built) -> (Option<Program>, Vec<(String, String)>) {
    const PLACE: &str = "/usr/bin/linux-support";
    match &built.program {
        Some(file) => {
            (Some((PLACE.to_owned(), file.clone())), vec![(file.display().to_string(), PLACE.to_owned())])
        }
        None => (None, Vec::new()),
    }
}

/// The tests of `all` that run in the machine `name`.
fn tests_of<'a>(options: &Options, all: &'a [Test], name: &str) -> Vec<&'a Test> {
    let is_wanted = |test: &&Test| {
        let full_name = test.full_name();
        let is_here = match &test.place {
            Place::Any => !options.with_self_tests,
            Place::Machine(machine) => machine == name && !options.with_self_tests,
            Place::SelfTest => options.with_self_tests,
        };
        is_here && (options.filter.is_empty() || options.filter.iter().any(|part| full_name.contains(part)))
    };
    all.iter().filter(is_wanted).collect()
}

/// Prints the machines and their tests.
pub(crate) fn list(machines: &Machines, chosen: &Chosen<'_>) -> Result<(), Stop> {
    let all = suite::find(&suite::build()?, machines)?;
    for (name, machine) in chosen {
        println!("{name} ({}): {}", machine.architecture, machine.about);
        for test in tests_of(&Options::quick(), &all, name) {
            println!("  {}", test.full_name());
        }
    }
    Ok(())
}

/// Runs the tests that `options` ask for.
pub(crate) fn run(options: &Options, machines: &Machines, chosen: &Chosen<'_>) -> Result<Counts, Stop> {
    let own = suite::build()?;
    // Which tests there are, those of this machine tell, whatever they are built for.
    let all = suite::find(&own, machines)?;
    let cache = Cache::open()?;
    let mut counts = Counts::default();
    // What is built for another architecture is held by one run at a time, and let go before the next.
    for architecture in Architecture::ALL {
        let mut ready = Vec::new();
        for (name, machine) in chosen.iter().filter(|(_, machine)| machine.architecture == architecture) {
            let tests = tests_of(options, &all, name);
            if tests.is_empty() {
                continue;
            }
            let install = !options.no_install;
            match emulator(machine, install).and_then(|_| suite::ready(install, architecture)) {
                Ok(()) => ready.push((name.as_str(), *machine, tests)),
                Err(stop) => {
                    println!("\nlab: {name} can't be run here: {}", stop.message.unwrap_or_default());
                    counts.skipped += tests.len();
                }
            }
        }
        if ready.is_empty() {
            continue;
        }
        if suite::is_own(architecture) {
            counts.add(run_all(options, &ready, &own, &cache));
        } else {
            match suite::build_for(architecture) {
                Ok(built) => counts.add(run_all(options, &ready, &built, &cache)),
                Err(stop) => fail(&mut counts, &architecture.to_string(), stop),
            }
        }
    }
    Ok(counts)
}

/// Notes that nothing of `what` could be run.
fn fail(counts: &mut Counts, what: &str, stop: Stop) {
    let why = stop.message.unwrap_or_else(|| "its tests could not be run".to_owned());
    println!("\nlab: {what}: {why}");
    counts.fail(format!("{what}: {why}"));
}

/// A machine that is ready to be booted, and its tests.
type Ready<'a> = (&'a str, &'a Machine, Vec<&'a Test>);

/// Runs the tests of each machine, of which `built` has the binaries, with each kernel: several machines at a time.
///
/// An emulated machine keeps one CPU busy.
fn run_all(options: &Options, ready: &[Ready<'_>], built: &Built, cache: &Cache) -> Counts {
    let mut counts = Counts::default();
    let mut plans = Vec::new();
    for (name, machine, tests) in ready {
        match self::plans(options, (name, machine), tests, built, cache) {
            Ok(some) => plans.extend(some.into_iter().map(|plan| (plan, tests.as_slice()))),
            Err(stop) => fail(&mut counts, name, stop),
        }
    }
    let at_once = options.at_once().min(plans.len());
    let counts = Mutex::new(counts);
    let plans = Mutex::new(plans.into_iter());
    let run_some = || {
        loop {
            let next = plans.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((plan, tests)) = next else { break };
            println!("\nlab: {}, {} kernel: {} tests", plan.name, plan.choice, tests.len());
            let mut watch = Watch::new(options, plan.place(), tests, at_once > 1);
            let booted = plan.boot(cache, |event| watch.hear(event));
            counts.lock().unwrap_or_else(PoisonError::into_inner).add(watch.finish(booted));
        }
    };
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(run_some);
        }
    });
    counts.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// What the machine is booted for, with each kernel.
fn plans<'a>(
    options: &Options,
    (name, machine): (&'a str, &'a Machine),
    tests: &[&Test],
    built: &Built,
    cache: &Cache,
) -> Result<Vec<Plan<'a>>, Stop> {
    let mut jobs = Vec::new();
    let mut programs: Vec<Program> = Vec::new();
    for test in tests {
        let file = built.counterpart(&test.binary)?;
        let place = place(file);
        let command = format!("{place} --ignored --exact {} --nocapture --test-threads 1", test.name);
        jobs.push((options.limit, command));
        if programs.iter().all(|(known, _)| *known != place) {
            programs.push((place, file.to_owned()));
        }
    }
    let (program, links) = program(built);
    programs.extend(program);
    let plan = |choice| Plan {
        name,
        machine,
        choice,
        jobs: jobs.clone(),
        programs: programs.clone(),
        links: links.clone(),
        install: !options.no_install,
    };
    Ok(kernel::distinct(cache, machine, &options.kernels()).into_iter().map(plan).collect())
}
