//! The tests, and what each does in a process of its own.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    thread,
};

use libtest_mimic::{Failed, Trial};
use linux_support_base::{Bytes, Errno, Machine, PageSize};
use linux_support_memory::{
    huge_page::{
        HugeBacking, Outcome, PageKind, ProgramMapping, ProgramPart, TransparentHugePages, collapse_program,
        pool, remap_program, remap_program_data,
    },
    numa::{BalancingMode, NumaBalancing},
};

use crate::large;

/// Says what a child does.
const CHILD: &str = "LINUX_SUPPORT_TEST_CHILD";

type Work = fn(PageSize);

/// What children do.
const WORK: &[(&str, Work)] = &[
    ("text on transparent huge pages", text_on_transparent),
    ("text on pages of a pool", text_on_pool),
    ("variables on transparent huge pages", variables_on_transparent),
    ("variables on pages of a pool", variables_on_pool),
    ("text of a file collapsed", text_of_a_file),
    ("more threads", more_threads),
    ("a breakpoint", breakpoint),
    ("no pages", no_pages),
];

/// What holds on any machine with transparent huge pages.
const ANYWHERE: &[(&str, &str)] = &[
    (
        "text_and_constants_that_threads_use_are_moved_to_transparent_huge_pages",
        "text on transparent huge pages",
    ),
    (
        "variables_are_moved_to_transparent_huge_pages_with_what_was_written",
        "variables on transparent huge pages",
    ),
    ("variables_are_not_moved_while_there_are_other_threads", "more threads"),
    ("text_in_which_somebody_wrote_is_left_alone", "a breakpoint"),
    ("without_pages_in_the_pool_all_stays_as_it_was", "no pages"),
];

/// What needs pages in a pool.
const WITH_PAGES: &[(&str, &str)] = &[
    ("text_and_constants_that_threads_use_are_moved_to_pages_of_a_pool", "text on pages of a pool"),
    ("variables_are_moved_to_pages_of_a_pool_with_what_was_written", "variables on pages of a pool"),
];

/// Does what a child is to do, if this is one.
pub(super) fn in_child() -> Option<()> {
    let wanted = std::env::var(CHILD).ok()?;
    let (_, work) = WORK.iter().find(|(name, _)| *name == wanted).expect("it is one of the list");
    match huge() {
        Some(size) => work(size),
        None => println!("skipped: transparent huge pages are off, or not of 2 MiB"),
    }
    Some(())
}

pub(super) fn trials() -> Vec<Trial> {
    let machine = Machine::live().unwrap();
    let emulated = cfg!(user_emulation);
    let trial = |name: String, child: &'static str, ignored: bool| {
        Trial::test(name, move || run(child, Path::new("/proc/self/exe"))).with_ignored_flag(ignored)
    };
    let here = ANYWHERE.iter().map(|(name, child)| {
        trial((*name).into(), child, emulated || TransparentHugePages::read(&machine).is_err())
    });
    let any = ANYWHERE.iter().map(|(name, child)| trial(format!("lab::any::{name}"), child, true));
    let numa = WITH_PAGES.iter().map(|(name, child)| trial(format!("lab::numa::{name}"), child, true));
    let tmpfs =
        Trial::test("lab::any::text_of_a_program_on_tmpfs_is_collapsed_and_stays_of_its_file", on_tmpfs);
    here.chain(any).chain(numa).chain([tmpfs.with_ignored_flag(true)]).collect()
}

fn run(child: &str, program: &Path) -> Result<(), Failed> {
    // Linux 6.1 does not count huge pages that are watched. The lab's machines are there to be changed.
    let machine = Machine::live()?;
    let is_lab = std::env::var_os("LINUX_SUPPORT_LAB_MACHINE").is_some();
    let _unwatched = match is_lab && machine.exists(NumaBalancing::MODE.path()) {
        true => Some(NumaBalancing::MODE.set(machine.as_live()?, &BalancingMode::empty())?),
        false => None,
    };
    let output = Command::new(program).env(CHILD, child).output()?;
    let (said, failed) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    print!("{said}");
    match output.status.success() {
        true => Ok(()),
        false => Err(format!("{}: {said}{failed}", output.status).into()),
    }
}

fn on_tmpfs() -> Result<(), Failed> {
    let folder = tempfile::tempdir()?;
    let mut mount = Command::new("mount");
    let mount = mount.args(["-t", "tmpfs", "-o", "huge=advise", "tmpfs"]).arg(folder.path()).status()?;
    if !mount.success() {
        return Err("tmpfs can't be mounted".into());
    }
    let copy: PathBuf = folder.path().join("program");
    let outcome = fs::copy("/proc/self/exe", &copy)
        .map_err(Failed::from)
        .and_then(|_| run("text of a file collapsed", &copy));
    Command::new("umount").arg(folder.path()).status()?;
    outcome
}

/// The size of transparent huge pages, where some are to be had and the text is aligned to it.
fn huge() -> Option<PageSize> {
    let settings = TransparentHugePages::read(&Machine::live().unwrap()).ok()?;
    let enabled = settings.enabled.value().is_some_and(|enabled| enabled.chosen != "never");
    let size = *settings.page_size.value()?;
    (enabled && size.bytes() == Bytes::new(2 << 20)).then_some(size)
}

/// The mapping of `part` that had `address`, which lay in whole huge pages: what became of it, or nothing where none were free.
fn moved(parts: &[ProgramMapping], part: ProgramPart, address: u64, pages: PageKind) -> Option<HugeBacking> {
    let one = parts.iter().find(|one| one.part == part && one.range.contains(address));
    let one = one.unwrap_or_else(|| panic!("{address:x} is in none of {parts:?}"));
    println!("{one:?}");
    // Of the file itself, the kernel may have huge pages.
    let before = (one.before.anonymous, one.before.pool);
    assert_eq!(before, (Bytes::new(0), Bytes::new(0)), "{one:?}");
    match &one.outcome {
        Outcome::Done(range) => {
            assert!(range.contains(address) && range.length() >= 2 << 20, "{one:?}");
            let got = match pages {
                PageKind::Pool(_) => one.after.pool,
                _ => one.after.anonymous,
            };
            assert_eq!((got, got), (Bytes::new(range.length()), one.after.total()), "{one:?}");
            Some(one.after)
        }
        Outcome::Incomplete(..) => {
            println!("skipped: no huge page is free");
            None
        }
        outcome => panic!("{outcome:?}"),
    }
}

fn text(pages: PageKind) {
    let (stop, rounds) = (AtomicBool::new(false), AtomicU64::new(0));
    let use_it = || {
        while !stop.load(Ordering::Relaxed) {
            assert_eq!(large::answer(), 42);
            assert!(large::constants_are_right());
            rounds.fetch_add(1, Ordering::Relaxed);
        }
    };
    let parts = [ProgramPart::Text, ProgramPart::Constants];
    let (first, again) = thread::scope(|scope| {
        let users = [scope.spawn(use_it), scope.spawn(use_it)];
        // A user ends early only where what it uses is wrong.
        let wait = |count| {
            while rounds.load(Ordering::Relaxed) < count && !users.iter().any(|user| user.is_finished()) {
                thread::yield_now();
            }
        };
        wait(4);
        let first = remap_program(&parts, pages).unwrap();
        wait(rounds.load(Ordering::Relaxed) + 4);
        let again = remap_program(&parts, pages).unwrap();
        stop.store(true, Ordering::Relaxed);
        for user in users {
            user.join().unwrap();
        }
        (first, again)
    });
    for (part, address) in [(ProgramPart::Text, large::text()), (ProgramPart::Constants, large::constants())]
    {
        let Some(backing) = moved(&first, part, address, pages) else { continue };
        // They are of no file any more, and stay.
        let now = again.iter().find(|one| one.part == part && one.range.contains(address)).unwrap();
        assert!(
            matches!(now.outcome, Outcome::Done(_) | Outcome::Refused(Errno::NOMEM | Errno::AGAIN)),
            "{now:?}"
        );
        if let PageKind::Pool(size) = pages {
            assert_eq!(backing.page_size, size.bytes());
        }
    }
    assert_eq!(large::answer(), 42);
    assert!(large::constants_are_right());
}

fn text_on_transparent(size: PageSize) {
    text(PageKind::Transparent(size));
}

fn text_on_pool(size: PageSize) {
    text(PageKind::Pool(size));
}

fn variables(pages: PageKind) {
    large::write(3);
    let parts = remap(pages).unwrap();
    assert!(large::variables_are(3));
    large::write(5);
    assert!(large::variables_are(5));
    moved(&parts, ProgramPart::Data, large::variables(), pages);
}

#[allow(unsafe_code)]
fn remap(pages: PageKind) -> Result<Vec<ProgramMapping>, linux_support_base::Error> {
    // SAFETY: this process has one thread, which does nothing else, shares its memory with nobody and has begun no input.
    unsafe { remap_program_data(pages) }
}

fn variables_on_transparent(size: PageSize) {
    variables(PageKind::Transparent(size));
}

fn variables_on_pool(size: PageSize) {
    variables(PageKind::Pool(size));
}

fn more_threads(size: PageSize) {
    let error = thread::spawn(move || remap(PageKind::Transparent(size))).join().unwrap().unwrap_err();
    assert!(error.to_string().contains("a process of 2 threads: a process of one thread"), "{error}");
}

/// As a debugger does it: through the memory of the process.
fn breakpoint(size: PageSize) {
    use std::os::unix::fs::FileExt;

    let memory = fs::OpenOptions::new().read(true).write(true).open("/proc/self/mem").unwrap();
    let mut bytes = [0; 1];
    let place = large::text() + 0x1000;
    memory.read_exact_at(&mut bytes, place).unwrap();
    if let Err(error) = memory.write_all_at(&bytes, place) {
        println!("skipped: the kernel lets nobody write to text: {error}");
        return;
    }
    let parts = remap_program(&[ProgramPart::Text], PageKind::Transparent(size)).unwrap();
    let one = parts.iter().find(|one| one.range.contains(place)).unwrap();
    assert!(matches!(one.outcome, Outcome::Changed(bytes) if bytes >= Bytes::new(4096)), "{one:?}");
    assert_eq!((one.before, large::answer()), (one.after, 42));
}

fn no_pages(_: PageSize) {
    let size = PageSize::new(Bytes::new(2 << 20)).unwrap();
    let machine = Machine::live().unwrap();
    let free = match pool(&machine, size).map(|pool| (pool.free, pool.overcommit)) {
        Ok((free, overcommit)) => free.into_result().unwrap() + overcommit.into_result().unwrap(),
        Err(error) => {
            let refused = remap_program(&[ProgramPart::Text], PageKind::Pool(size)).unwrap_err();
            assert_eq!(refused, error);
            return;
        }
    };
    if free > 0 {
        println!("skipped: the pool has pages");
        return;
    }
    let maps = || fs::read_to_string("/proc/self/maps").unwrap().lines().count();
    let before = maps();
    let parts = remap_program(&[ProgramPart::Text], PageKind::Pool(size)).unwrap();
    let one = parts.iter().find(|one| one.range.contains(large::text())).unwrap();
    let Outcome::NoPages(error) = &one.outcome else { panic!("{one:?}") };
    assert!(error.to_string().contains("2 MiB"), "{error}");
    assert_eq!((one.before, large::answer(), maps() <= before + 2), (one.after, 42, true));
}

/// The program's file is on a tmpfs.
fn text_of_a_file(size: PageSize) {
    let parts = collapse_program(&Machine::live().unwrap(), &[ProgramPart::Text]).unwrap();
    let one = parts.iter().find(|one| one.range.contains(large::text())).unwrap();
    println!("{one:?}");
    let Outcome::Done(range) = &one.outcome else { panic!("{one:?}") };
    assert!(range.length() >= 2 * size.bytes().get(), "{one:?}");
    // Of the file itself, the kernel may have huge pages.
    let before = (one.before.anonymous, one.before.pool);
    assert_eq!(before, (Bytes::new(0), Bytes::new(0)), "{one:?}");
    assert_eq!(one.after.shared_memory, Bytes::new(range.length()), "{one:?}");
    assert_eq!(large::answer(), 42);
}
