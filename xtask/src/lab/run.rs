//! Running the lab's tests in its machines.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use lab::{Backing, Machine, Machines};

use super::{
    Cache, Chosen, Options, attempt,
    boot::{self, Boot, Course},
    counts::Counts,
    emulator, image,
    kernel::{self, Choice, Kernel},
    protocol::{self, End, Event, Verdict},
    qemu,
    suite::{self, Built, Place, Test},
};
use crate::Stop;

/// A program: where it is in the guest, and here.
type Program = (String, PathBuf);

/// What a machine is booted for.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pub(crate) name: &'a str,
    pub(crate) machine: &'a Machine,
    pub(crate) choice: &'a Choice,
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
    /// Boots the machine and lets it do its jobs.
    pub(crate) fn boot(&self, cache: &Cache, hear: impl FnMut(&Event)) -> Result<Booted, Stop> {
        let program = emulator(self.machine, self.install)?;
        let kernel = Kernel::get(cache, self.machine, self.choice)?;
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
    let install = !options.no_install;
    for (name, machine) in chosen {
        let tests = tests_of(options, &all, name);
        if tests.is_empty() {
            continue;
        }
        let ready = emulator(machine, install).and_then(|_| suite::ready(install, machine.architecture));
        if let Err(stop) = ready {
            println!("\nlab: {name} can't be run here: {}", stop.message.unwrap_or_default());
            counts.skipped += tests.len();
            continue;
        }
        let done = if suite::is_own(machine.architecture) {
            run_in(options, (name, machine), &tests, &own, &cache, &mut counts)
        } else {
            suite::build_for(machine.architecture)
                .and_then(|built| run_in(options, (name, machine), &tests, &built, &cache, &mut counts))
        };
        if let Err(stop) = done {
            let why = stop.message.unwrap_or_else(|| "its tests could not be run".to_owned());
            println!("\nlab: {name}: {why}");
            counts.fail(format!("{name}: {why}"));
        }
    }
    Ok(counts)
}

/// Runs `tests`, of which `built` has the binaries, in the machine with each kernel.
fn run_in(
    options: &Options,
    (name, machine): (&str, &Machine),
    tests: &[&Test],
    built: &Built,
    cache: &Cache,
    counts: &mut Counts,
) -> Result<(), Stop> {
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
    for choice in kernel::distinct(cache, machine, &options.kernels()) {
        println!("\nlab: {name}, {choice} kernel: {} tests", tests.len());
        let plan = Plan {
            name,
            machine,
            choice: &choice,
            jobs: jobs.clone(),
            programs: programs.clone(),
            links: links.clone(),
            install: !options.no_install,
        };
        let mut watch = Watch::new(options, name, &choice, tests, counts);
        let booted = plan.boot(cache, |event| watch.hear(event));
        watch.finish(booted);
    }
    Ok(())
}

/// Keeps count of one machine's tests, and tells of them.
#[derive(Debug)]
struct Watch<'a> {
    options: &'a Options,
    place: String,
    tests: &'a [&'a Test],
    /// The tests that have not ended.
    open: Vec<bool>,
    output: Vec<String>,
    counts: &'a mut Counts,
}

impl<'a> Watch<'a> {
    fn new(
        options: &'a Options,
        name: &str,
        choice: &Choice,
        tests: &'a [&'a Test],
        counts: &'a mut Counts,
    ) -> Self {
        let place = format!("{name} {choice}");
        Self { options, place, tests, open: vec![true; tests.len()], output: Vec::new(), counts }
    }

    fn hear(&mut self, event: &Event) {
        match event {
            Event::Start(_) => self.output.clear(),
            Event::Output(line) => {
                if self.options.nocapture && !line.is_empty() {
                    println!("  | {line}");
                }
                self.output.push(line.clone());
            }
            Event::End(end) => self.end(*end),
            Event::Ready | Event::Trouble(_) | Event::Done => {}
        }
    }

    fn end(&mut self, end: End) {
        let Some(test) = self.tests.get(end.number) else { return };
        // A second end of the same test would be counted twice.
        if !std::mem::replace(&mut self.open[end.number], false) {
            return;
        }
        let name = test.full_name();
        let took = Duration::from_millis(end.centiseconds * 10).as_secs_f64();
        match protocol::verdict(end, &self.output, self.options.limit) {
            Verdict::Passed => {
                self.counts.passed += 1;
                println!("test {name} ... ok ({took:.2} s)");
            }
            Verdict::Skipped(why) => {
                self.counts.skipped += 1;
                println!("test {name} ... skipped: {why}");
            }
            Verdict::Failed(why) => {
                println!("test {name} ... FAILED: {why}");
                self.show_output();
                self.counts.fail(format!("{} {name}: {why}", self.place));
            }
        }
        self.output.clear();
    }

    fn show_output(&self) {
        if !self.options.nocapture {
            for line in self.output.iter().filter(|line| !line.is_empty()) {
                println!("  | {line}");
            }
        }
    }

    /// Counts what the end of the machine means for the tests that have not ended.
    fn finish(mut self, booted: Result<Booted, Stop>) {
        let fault = match booted {
            Ok(Booted { course, kernel, .. }) => {
                let start = course.start.map_or(0.0, |start| start.as_secs_f64());
                println!(
                    "lab: {}: Linux {} ({}) was up after {start:.1} s, and off after {:.1} s",
                    self.place,
                    kernel.release,
                    kernel.version,
                    course.whole.as_secs_f64()
                );
                course.fault
            }
            Err(stop) => Some(stop.message.unwrap_or_else(|| "the machine could not be made".to_owned())),
        };
        let open: Vec<_> = self
            .tests
            .iter()
            .zip(&self.open)
            .filter(|(_, open)| **open)
            .map(|(test, _)| test.full_name())
            .collect();
        if let Some(fault) = &fault {
            println!("lab: {}: {fault}", self.place);
            self.show_output();
        }
        let first = fault.as_deref().and_then(|fault| fault.lines().next()).unwrap_or("it never ended");
        for name in &open {
            println!("test {name} ... FAILED: {first}");
            self.counts.fail(format!("{} {name}: {first}", self.place));
        }
        // All tests passed, and then the machine went wrong: that must not be lost.
        if fault.is_some() && open.is_empty() {
            self.counts.fail(format!("{}: {first}", self.place));
        }
        self.output.clear();
    }
}
