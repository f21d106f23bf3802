//! What a captured tree may hold: everything, and nothing of it may lead outside.

use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

use linux_support_base::{FileKind, Machine, Reason};

fn tree() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    fs::create_dir_all(tree.join("proc/1")).unwrap();
    fs::create_dir_all(tree.join("sys/devices/a")).unwrap();
    (folder, tree)
}

fn reason(machine: &Machine, path: &str) -> Reason {
    machine.read(path).unwrap_err().reason().clone()
}

#[test]
fn links_that_lead_outside_are_refused_and_named() {
    let (folder, tree) = tree();
    fs::write(folder.path().join("secret"), "secret").unwrap();
    symlink("../../secret", tree.join("proc/up")).unwrap();
    symlink(folder.path().join("secret"), tree.join("proc/absolute")).unwrap();
    symlink("/", tree.join("sys/root")).unwrap();
    let machine = Machine::captured(&tree).unwrap();
    for path in ["/proc/up", "/proc/absolute", "/sys/root/etc/passwd", "/proc/../../secret", "/../secret"] {
        assert_eq!(reason(&machine, path), Reason::OutsideOfTree, "{path}");
    }
    assert_eq!(
        machine.read("/proc/up").unwrap_err().to_string(),
        "read /proc/up: leads outside of the captured tree"
    );
    assert_eq!(machine.entries("/sys/root").unwrap_err().reason(), &Reason::OutsideOfTree);
}

#[test]
fn links_within_the_tree_are_followed_even_upwards() {
    let (_folder, tree) = tree();
    fs::create_dir_all(tree.join("sys/class/net")).unwrap();
    fs::write(tree.join("sys/devices/a/mtu"), "1500\n").unwrap();
    symlink("../../devices/a", tree.join("sys/class/net/a")).unwrap();
    let machine = Machine::captured(&tree).unwrap();
    let device = machine.directory("/sys/class/net/a").unwrap();
    assert_eq!(device.read("mtu").unwrap(), b"1500\n");
    assert_eq!(device.read("../a/mtu").unwrap(), b"1500\n");
    assert_eq!(machine.link("/sys/class/net/a").unwrap(), "../../devices/a");
    let entries = machine.entries("/sys/class/net").unwrap();
    assert_eq!((entries.len(), entries[0].kind), (1, FileKind::Link));
}

#[test]
fn files_that_are_renamed_elsewhere_meanwhile_disturb_no_reading() {
    let (folder, tree) = tree();
    fs::create_dir_all(tree.join("sys/class/net")).unwrap();
    fs::write(tree.join("sys/devices/a/mtu"), "1500\n").unwrap();
    symlink("../../devices/a", tree.join("sys/class/net/a")).unwrap();
    let machine = Machine::captured(&tree).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            let names = [folder.path().join("one"), folder.path().join("other")];
            fs::write(&names[0], "").unwrap();
            while !done.load(Ordering::Relaxed) {
                fs::rename(&names[0], &names[1]).unwrap();
                fs::rename(&names[1], &names[0]).unwrap();
            }
        });
        let failed = (0..50_000).find_map(|_| machine.read("/sys/class/net/a/mtu").err());
        done.store(true, Ordering::Relaxed);
        assert_eq!(failed.map(|error| error.to_string()), None);
    });
}

#[test]
fn directories_and_fifos_in_the_place_of_files_are_told_and_never_wait() {
    let (_folder, tree) = tree();
    fs::create_dir(tree.join("proc/meminfo")).unwrap();
    fs::write(tree.join("proc/sys"), "a file").unwrap();
    rustix::fs::mknodat(
        rustix::fs::CWD,
        tree.join("proc/fifo"),
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    let machine = Machine::captured(&tree).unwrap();
    assert_eq!(reason(&machine, "/proc/meminfo"), Reason::WrongKind);
    assert_eq!(reason(&machine, "/proc/fifo"), Reason::WrongKind);
    assert_eq!(reason(&machine, "/proc/sys/kernel/osrelease"), Reason::WrongKind);
}

#[test]
fn missing_parts_are_absent() {
    let (_folder, tree) = tree();
    let machine = Machine::captured(&tree).unwrap();
    assert_eq!(reason(&machine, "/proc/meminfo"), Reason::Absent);
    assert_eq!(reason(&machine, "/etc/passwd"), Reason::Absent);
    assert!(!machine.exists("/proc/2") && machine.exists("/proc/1"));
    assert!(machine.page_size().is_err());
    assert!(Machine::captured(Path::new("/no/such/tree")).is_err());
}

#[test]
fn the_release_is_found_in_the_banner_where_there_is_no_other_file() {
    let (_folder, tree) = tree();
    let release = || Machine::captured(&tree).unwrap().kernel_release().map(|release| release.to_string());
    assert!(release().unwrap_err().to_string().contains("/proc/sys/kernel/osrelease"));
    fs::write(tree.join("proc/version"), "Linux version 5.3.0-rc7 (a@b) (gcc 9) #4 SMP\n").unwrap();
    assert_eq!(release().unwrap(), "5.3.0-rc7");
    fs::write(tree.join("proc/version"), "Linux version").unwrap();
    assert!(release().is_err());
    fs::create_dir_all(tree.join("proc/sys/kernel")).unwrap();
    fs::write(tree.join("proc/sys/kernel/osrelease"), "6.1.0\n").unwrap();
    assert_eq!(release().unwrap(), "6.1.0");
}

#[test]
fn errors_met_where_it_was_captured_are_met_again() {
    let (_folder, tree) = tree();
    fs::create_dir(tree.join("linux-support")).unwrap();
    fs::write(tree.join("linux-support/errors"), "13 /proc/1/io\n1 /proc/a\\040b\n").unwrap();
    fs::write(tree.join("linux-support/facts"), "page_size: 65536\n").unwrap();
    let machine = Machine::captured(&tree).unwrap();
    assert_eq!(reason(&machine, "/proc/1/io"), Reason::PermissionDenied { capability: None });
    assert_eq!(reason(&machine, "/proc/a b"), Reason::PermissionDenied { capability: None });
    assert_eq!(machine.page_size().unwrap().to_string(), "64 KiB");
    let process = machine.directory("/proc/1").unwrap();
    assert!(matches!(process.read("io").unwrap_err().reason(), Reason::PermissionDenied { .. }));
}

#[test]
#[cfg_attr(
    user_emulation,
    ignore = "the emulator shows a /proc/cpuinfo of its own to open, and not to openat2"
)]
fn this_machine_is_read_whole() {
    let machine = Machine::live().unwrap();
    let expected = fs::read("/proc/cpuinfo").unwrap().len();
    let cpuinfo = machine.read("/proc/cpuinfo").unwrap().len();
    // The frequency in it may change its number of digits between the two readings.
    assert!(cpuinfo.abs_diff(expected) < 100);
    assert_eq!(machine.read("/proc/version").unwrap(), fs::read("/proc/version").unwrap());
    assert_eq!(reason(&machine, "/proc/no-such-file"), Reason::Absent);
    assert_eq!(reason(&machine, "/proc/self"), Reason::WrongKind);
    assert!(machine.entries("/proc").unwrap().iter().any(|entry| entry.name == "meminfo"));
}

#[test]
fn an_open_file_is_read_later_and_only_from_within_the_tree() {
    let (folder, tree) = tree();
    fs::write(folder.path().join("secret"), "secret").unwrap();
    symlink("../../../secret", tree.join("proc/1/status")).unwrap();
    fs::write(tree.join("proc/1/stat"), "1 (init) S").unwrap();
    let captured = Machine::captured(&tree).unwrap().directory("/proc/1").unwrap();
    let file = captured.open("stat").unwrap();
    fs::remove_file(tree.join("proc/1/stat")).unwrap();
    assert_eq!(file.path(), "/proc/1/stat");
    let mut buffer = b"before".to_vec();
    file.read_into(&mut buffer).unwrap();
    assert_eq!(buffer, b"1 (init) S");
    fs::write(tree.join("proc/1/maps"), vec![b'x'; 100_000]).unwrap();
    captured.open("maps").unwrap().read_full_into(&mut buffer).unwrap();
    assert_eq!(buffer.len(), 100_000);
    assert_eq!(captured.open("status").unwrap_err().reason(), &Reason::OutsideOfTree);
    assert_eq!(captured.open("stat").unwrap_err().to_string(), "open /proc/1/stat: absent");
    let live = Machine::live().unwrap().directory("/proc/sys").unwrap();
    live.open("kernel/ostype").unwrap().read_into(&mut buffer).unwrap();
    assert_eq!(buffer, b"Linux\n");
    live.open("kernel/ostype").unwrap().read_full_into(&mut buffer).unwrap();
    assert_eq!(buffer, b"Linux\n");
}
