//! What was read of this machine, read again from the tree that was recorded.

use std::fs;

use linux_support_base::{Bytes, FileKind, Machine, Reason};

#[test]
fn the_tree_gives_the_same_answers() {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    let withhold = |path: &[u8]| path.ends_with(b"/cmdline");
    let (live, recording) = Machine::recording(&tree, withhold).unwrap();

    let uptime = live.read("/proc/uptime").unwrap();
    let stat = live.read("/proc/self/stat").unwrap();
    let own = live.directory("/proc/self").unwrap();
    let status = own.read("status").unwrap();
    let exe = own.link("exe").unwrap();
    let refused = own.read("cmdline").unwrap_err();
    let release = live.read("/etc/os-release").ok();
    let cpus = live.entries("/sys/devices/system/cpu").unwrap();
    let devices = live.entries("/sys/class/net").unwrap();
    let through_a_link = devices
        .iter()
        .find(|entry| entry.kind == FileKind::Link)
        .map(|entry| format!("/sys/class/net/{}/mtu", entry.name))
        .map(|path| (live.read(&path).unwrap(), path));
    assert!(live.exists("/proc/meminfo") && !live.exists("/proc/no-such-file"));
    assert!(live.read("/proc/no-such-file").is_err());
    recording.finish(live.facts()).unwrap();

    let machine = Machine::captured(&tree).unwrap();
    assert_eq!(machine.read("/proc/uptime").unwrap(), uptime);
    assert_eq!(machine.read("/proc/self/stat").unwrap(), stat);
    let own = machine.directory("/proc/self").unwrap();
    assert_eq!(own.read("status").unwrap(), status);
    assert_eq!(own.link("exe").unwrap(), exe);
    assert_eq!(own.read("cmdline").unwrap_err(), refused);
    assert_eq!(machine.read("/etc/os-release").ok(), release);
    assert_eq!(machine.entries("/sys/devices/system/cpu").unwrap(), cpus);
    assert_eq!(machine.entries("/sys/class/net").unwrap(), devices);
    if let Some((mtu, path)) = through_a_link {
        assert_eq!(machine.read(&path).unwrap(), mtu);
    }
    assert!(machine.exists("/proc/meminfo") && !machine.exists("/proc/no-such-file"));
    assert_eq!(machine.facts(), live.facts());
    assert!(matches!(machine.read("/proc/meminfo").unwrap_err().reason(), Reason::System(_)));
}

#[test]
fn a_directory_with_something_in_it_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    let error = Machine::recording(folder.path(), |_| false).unwrap_err();
    assert!(error.to_string().ends_with("is not empty: give a new or an empty directory"));
}

#[test]
fn what_is_above_the_limit_is_left_out_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    let (live, recording) = Machine::recording(&tree, |_| false).unwrap();
    let is_limited = |path: &[u8]| path.ends_with(b"/stat") || path.ends_with(b"/status");
    let status = live.read("/proc/self/status").unwrap();
    let most = status.len() as u64 + 64;
    recording.limit(is_limited, Bytes::new(most), Bytes::new(most));
    let own = format!("/proc/{}", std::process::id());
    let path = |name: &str| format!("{own}/{name}");
    // Read twice, it counts once.
    live.read(path("status")).unwrap();
    live.read(path("status")).unwrap();
    // Read whole, whether it is saved or not.
    assert!(!live.read(path("stat")).unwrap().is_empty());
    let maps = live.read(path("maps")).unwrap();
    assert_eq!(recording.left_out(), [path("stat").as_str()]);
    recording.finish(live.facts()).unwrap();

    let machine = Machine::captured(&tree).unwrap();
    assert!(machine.read(path("status")).unwrap().starts_with(b"Name:"));
    assert_eq!(machine.read(path("maps")).unwrap(), maps);
    let error = machine.read(path("stat")).unwrap_err();
    assert_eq!(error.reason(), &Reason::System(rustix::io::Errno::FBIG));
}
