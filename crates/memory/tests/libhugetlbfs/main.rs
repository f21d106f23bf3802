//! What libhugetlbfs and hugeadm say and do, beside what this library says and does.
//!
//! Where they are not installed, these tests are ignored, never passed. Those that need pools with pages are for
//! `cargo xtask lab`.

#[allow(unsafe_code)]
#[path = "../dynamic_library/mod.rs"]
mod dynamic_library;
#[allow(unsafe_code)]
mod library;

use std::{
    ffi::CString,
    os::unix::ffi::OsStrExt,
    path::Path,
    process::{Command, Output},
};

use library::Library;
use libtest_mimic::{Arguments, Failed, Trial};
use linux_support_base::{Bytes, Machine, PageSize};
use linux_support_memory::{
    huge_page::{
        HugePageMount, HugePageMountOptions, default_size, page_size_at, pool, pools, sizes, unlinked_file,
    },
    mapping::{Field, MapOptions, smaps},
};

type Test = fn() -> Result<(), Failed>;

/// What holds on any machine.
const ANYWHERE: &[(&str, Test)] = &[
    ("the_sizes_are_the_same", the_sizes),
    ("hugeadm_lists_the_same_pools", the_pools),
    ("a_path_that_has_no_huge_pages_has_none_for_both", no_huge_pages),
];

/// What needs pages in pools, and mounts.
const WITH_PAGES: &[(&str, Test)] = &[
    ("a_mount_is_found_by_both", mounts),
    ("files_without_a_name_are_of_the_same_pages", unlinked),
    ("memory_of_both_is_on_the_same_pages_of_the_same_pool", memory),
];

fn main() {
    // Each test loads it anew, after the mounts that it makes. It is of Debian's C library: programs of another can't.
    let is_here = cfg!(target_env = "gnu")
        && ["/lib", "/usr/lib", "/usr/lib64", "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu"]
            .iter()
            .any(|folder| Path::new(folder).join("libhugetlbfs.so.0").exists())
        && Command::new("hugeadm").arg("--help").output().is_ok();
    let trial = |name: String, test: Test, ignored: bool| Trial::test(name, test).with_ignored_flag(ignored);
    let here = ANYWHERE.iter().map(|(name, test)| trial((*name).into(), *test, !is_here));
    let in_lab = ANYWHERE
        .iter()
        .chain(WITH_PAGES)
        .map(|(name, test)| trial(format!("lab::numa::{name}"), *test, true));
    libtest_mimic::run(&Arguments::from_args(), here.chain(in_lab).collect()).exit();
}

fn library() -> Result<Library, Failed> {
    Library::load().ok_or_else(|| "libhugetlbfs.so.0 is not here: install libhugetlbfs0".into())
}

fn machine() -> Machine {
    Machine::live().unwrap()
}

fn bytes(size: PageSize) -> i64 {
    size.bytes().get() as i64
}

fn the_sizes() -> Result<(), Failed> {
    let (library, machine) = (library()?, machine());
    assert_eq!(library.default_size(), bytes(default_size(&machine)?));
    let mut theirs = library.sizes(c"gethugepagesizes");
    theirs.sort_unstable();
    let ours: Vec<_> = sizes(&machine)?.into_iter().map(bytes).collect();
    assert_eq!(theirs, ours);
    let mut theirs = library.sizes(c"getpagesizes");
    theirs.sort_unstable();
    let all: Vec<_> = std::iter::once(bytes(machine.page_size()?)).chain(ours).collect();
    assert_eq!(theirs, all);
    Ok(())
}

/// `hugeadm --pool-list`: a line for each pool, with its size, its pages without surplus, all its pages, how many it may
/// become, and a star for the default size.
fn the_pools() -> Result<(), Failed> {
    let Output { stdout, .. } = match Command::new("hugeadm").arg("--pool-list").output() {
        Ok(output) => output,
        Err(error) => return Err(format!("hugeadm: {error}").into()),
    };
    let text = String::from_utf8(stdout)?;
    let theirs: Vec<Vec<&str>> = text.lines().skip(1).map(|line| line.split_whitespace().collect()).collect();
    let machine = machine();
    let default = default_size(&machine)?;
    let pools = pools(&machine)?;
    assert_eq!(theirs.len(), pools.len(), "{text}");
    for (line, pool) in theirs.iter().zip(&pools) {
        let value = |reading: &linux_support_base::Reading<u64>| *reading.value().unwrap();
        let fixed = value(&pool.total) - value(&pool.surplus);
        let mut ours = vec![
            bytes(pool.size).to_string(),
            fixed.to_string(),
            value(&pool.total).to_string(),
            (fixed + value(&pool.overcommit)).to_string(),
        ];
        if pool.size == default {
            ours.push("*".into());
        }
        assert_eq!(*line, ours, "{text}");
    }
    Ok(())
}

fn no_huge_pages() -> Result<(), Failed> {
    let library = library()?;
    for path in [c"/proc", c"/tmp", c"/"] {
        let ours = page_size_at(path.to_str()?)?;
        assert_eq!(library.is_huge(path), ours.is_some(), "{path:?}");
        assert_eq!(ours, None);
    }
    Ok(())
}

fn mounts() -> Result<(), Failed> {
    let machine = machine();
    for size in sizes(&machine)? {
        let place = tempfile::tempdir()?;
        let mounted = HugePageMountOptions::new()
            .page_size(size)
            .mode(0o777)
            .create(machine.as_live()?)?
            .attach(place.path())?;
        let found = HugePageMount::find(&machine, Some(size))?;
        assert_eq!(found.mount_point.as_bytes(), place.path().as_os_str().as_bytes());
        let path = CString::new(place.path().as_os_str().as_bytes())?;
        let library = library()?;
        assert!(library.is_huge(&path));
        assert_eq!(page_size_at(place.path())?, Some(size));
        let listed = Command::new("hugeadm").arg("--list-all-mounts").output()?;
        let listed = String::from_utf8(listed.stdout)?;
        let line = listed.lines().find(|line| line.starts_with(place.path().to_str().unwrap()));
        assert!(line.is_some_and(|line| line.contains("pagesize=")), "{listed}");
        // It has looked at the mounts when it was loaded, which was for the first size.
        if size == sizes(&machine)?[0] {
            assert_eq!(library.find_path(bytes(size)).as_deref(), Some(path.as_bytes()));
        }
        mounted.unmount()?;
    }
    Ok(())
}

fn unlinked() -> Result<(), Failed> {
    let machine = machine();
    let size = default_size(&machine)?;
    let place = tempfile::tempdir()?;
    let mounted =
        HugePageMountOptions::new().page_size(size).create(machine.as_live()?)?.attach(place.path())?;
    let theirs = library()?.unlinked(bytes(size)).ok_or("libhugetlbfs made no file")?;
    let ours = unlinked_file(&mounted, size.bytes())?;
    let status =
        |file: &dyn std::os::fd::AsFd| rustix::fs::fstatfs(file.as_fd()).map(|status| status.f_bsize);
    assert_eq!(status(&theirs)?, status(&ours)?);
    let links = rustix::fs::fstat(&theirs)?.st_nlink;
    assert_eq!((links, rustix::fs::fstat(&ours)?.st_nlink), (0, 0));
    Ok(())
}

fn memory() -> Result<(), Failed> {
    let machine = machine();
    let size = default_size(&machine)?;
    let free = || pool(&machine, size).unwrap().free.into_result().unwrap();
    let place = tempfile::tempdir()?;
    let _mounted =
        HugePageMountOptions::new().page_size(size).create(machine.as_live()?)?.attach(place.path())?;
    let (library, before) = (library()?, free());
    let length = 3 * size.bytes().get();
    let theirs = library.allocate(length as usize).ok_or("libhugetlbfs has no memory")?;
    assert_eq!(free(), before - 3);
    let ours = MapOptions::new().huge_pages(size).populate().private(Bytes::new(length))?;
    assert_eq!(free(), before - 6);
    let text = machine.read("/proc/self/smaps")?;
    let page = |address: u64| {
        let mut entries = smaps::entries(&text).map(Result::unwrap);
        let entry = entries.find(|entry| entry.mapping.range.contains(address)).unwrap();
        entry.memory.get(Field::KernelPageSize)
    };
    assert_eq!((page(theirs), page(ours.range().start())), (Some(size.bytes()), Some(size.bytes())));
    drop(ours);
    library.free(theirs);
    assert_eq!(free(), before);
    Ok(())
}
