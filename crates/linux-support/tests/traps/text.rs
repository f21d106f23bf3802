//! Names, numbers and words that are not what one would expect.

use linux_support::{
    base::{CpuSet, KernelRelease, KernelVersion, Machine, NumaNodeSet},
    cgroup::{Controller, Membership},
    cpu::Interrupts,
    device::pci,
    filesystem::{FileSystemKind, Mount, MountTree},
    kernel::CommandLine,
    memory::mapping::{MappingName, maps},
    process::{Capability, Stat, Status, Users},
};

use crate::file;

const STAT: &str = "S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36";

#[test]
fn a_process_name_may_be_brackets_or_hold_a_newline() {
    for name in [") (", ")", "a\nb", "a) R 1 (", ""] {
        let stat = Stat::parse(format!("7 ({name}) {STAT}\n").as_bytes()).unwrap();
        assert_eq!(stat.name.as_bytes(), name.as_bytes());
        assert_eq!(stat.parent.unwrap().number(), 1, "{name:?}");
    }
}

#[test]
fn names_of_mappings_known_and_not_yet_invented() {
    let name = |text: &'static [u8]| {
        let line =
            [b"ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  ", text].concat();
        let parsed = format!("{:?}", maps::Entry::parse(&line).unwrap().name());
        assert_eq!(parsed, format!("{:?}", MappingName::parse(text)));
        MappingName::parse(text)
    };
    assert_eq!(name(b"[vvar_vclock]"), MappingName::VdsoData);
    assert_eq!(name(b"[vsyscall]"), MappingName::Vsyscall);
    assert_eq!(name(b"[uprobes]"), MappingName::Uprobes);
    assert_eq!(name(b"[anon:a b]"), MappingName::NamedAnonymous(b"a b"));
    assert_eq!(name(b"[anon_shmem:c]"), MappingName::NamedShared(b"c"));
    assert_eq!(name(b"[of tomorrow]"), MappingName::Other(b"of tomorrow"));
}

#[test]
fn offsets_of_mappings_have_64_bits_and_paths_end_in_deleted_and_hold_escapes() {
    let line =
        br"7f0000000000-7f0000001000 r--s fffffffffffff000 fd:01 18446744073709551615 /a\012b c (deleted)";
    let entry = maps::Entry::parse(line).unwrap();
    assert_eq!((entry.offset, entry.inode), (0xffff_ffff_ffff_f000, u64::MAX));
    let MappingName::File { path, deleted } = entry.name() else { panic!("{:?}", entry.name()) };
    assert_eq!((&*path, deleted), (&b"/a\nb c"[..], true));
}

#[test]
fn kernel_releases_have_every_kind_of_suffix() {
    for (text, version) in [
        ("6.1.0+", KernelVersion::new(6, 1, 0)),
        ("5.15.167.4-microsoft-standard-WSL2", KernelVersion::new(5, 15, 167)),
        ("4.18.0-553.el8_10.x86_64", KernelVersion::new(4, 18, 0)),
    ] {
        let release = KernelRelease::parse(text.as_bytes()).unwrap();
        assert_eq!((release.version(), release.to_string()), (version, text.into()));
    }
    let candidate = KernelRelease::parse(b"6.9-rc1").unwrap().version();
    assert_eq!(candidate.release_candidate(), Some(1));
    assert!(candidate < KernelVersion::new(6, 9, 0));
}

#[test]
fn mount_points_repeat() {
    let text = b"1 0 0:1 / / rw - ext4 a rw\n2 1 0:2 / /m rw - tmpfs b rw\n3 2 0:3 / /m rw - tmpfs c rw\n";
    let tree = MountTree::parse(text).unwrap();
    assert_eq!(tree.mounts().iter().filter(|mount| mount.mount_point == "/m").count(), 2);
    assert_eq!(tree.find(b"/m/file").unwrap().source, "c");
}

#[test]
fn quoted_values_on_the_boot_command_line_hold_spaces_and_keys_repeat() {
    let line = CommandLine::parse(br#"console=tty0 dyndbg="file a.c +p; file b.c +p" console=ttyS0 "x=y z""#);
    assert_eq!(line.value(b"dyndbg"), Some(&b"file a.c +p; file b.c +p"[..]));
    assert_eq!(line.value(b"x"), Some(&b"y z"[..]));
    let consoles: Vec<_> = line.all(b"console").filter_map(|parameter| parameter.value).collect();
    assert_eq!(consoles, [&b"tty0"[..], b"ttyS0"]);
}

#[test]
fn passwd_lines_may_lack_the_last_newline_and_the_x() {
    let users = Users::parse(b"root::0:0:root:/root:/bin/sh\nguest:*:12:34::/:/bin/false").unwrap();
    let names: Vec<_> = users.users().iter().map(|user| user.name.to_string()).collect();
    assert_eq!(names, ["root", "guest"]);
    assert_eq!(users.users()[1].shell, "/bin/false");
}

#[test]
fn irq_numbers_exceed_255() {
    let text = b"            CPU0\n  1000:   3  PCI-MSI 4 edge  nvme0q1\n 4294967295:  5  X 1 edge y\n";
    let interrupts = Interrupts::parse(text).unwrap();
    assert_eq!(interrupts.number(1000).unwrap().counts, [3]);
    assert_eq!(interrupts.number(u32::MAX).unwrap().counts, [5]);
}

#[test]
fn pci_domains_exceed_16_bits() {
    let address = pci::Address::parse(b"10000:e1:00.0").unwrap();
    assert_eq!((address.domain(), address.bus()), (0x1_0000, 0xe1));
    assert_eq!(address.to_string(), "10000:e1:00.0");
    let folder = tempfile::tempdir().unwrap();
    file(folder.path(), "sys/bus/pci/devices/10000:e1:00.0/class", "0x010802\n");
    let devices = pci::devices(&Machine::captured(folder.path()).unwrap()).unwrap();
    assert_eq!(devices[0].address, address);
}

#[test]
fn cpu_masks_exceed_1024_bits() {
    let mask = format!("80000000{}", ",00000000".repeat(255));
    let set = CpuSet::parse_mask(mask.as_bytes()).unwrap();
    assert_eq!((set.len(), set.last().unwrap().number()), (1, 8191));
    let nodes = NumaNodeSet::parse_list(b"0,1023\n").unwrap();
    assert_eq!(nodes.to_string(), "0,1023");
}

#[test]
fn an_unknown_controller_does_not_make_the_rest_unreadable() {
    let known = Controller::parse_list(b"cpu misc dmem of_tomorrow memory\n").unwrap();
    let names: Vec<_> = known.iter().map(ToString::to_string).collect();
    assert_eq!(names, ["cpu", "misc", "dmem", "of_tomorrow", "memory"]);
    let memberships = Membership::parse_all(b"5:of_tomorrow,cpu:/a\n1:name=systemd:/b\n0::/c\n").unwrap();
    assert_eq!(memberships.len(), 3);
}

#[test]
fn an_unknown_file_system_does_not_make_the_rest_unreadable() {
    let text = b"1 0 0:1 / / rw - ext4 a rw\n2 1 0:2 / /m rw new:1 - tomorrowfs.sub b rw,new=1\n3 1 0:3 / /n rw - tmpfs c rw\n";
    let mounts = Mount::parse_all(text).unwrap();
    assert_eq!(mounts.len(), 3);
    assert_eq!(mounts[1].kind, FileSystemKind::parse(b"tomorrowfs.sub"));
    assert_eq!(mounts[1].kind.name(), b"tomorrowfs");
}

#[test]
fn an_unknown_capability_or_status_key_does_not_make_the_rest_unreadable() {
    let mut text = std::fs::read_to_string("/proc/self/status").unwrap();
    let before = Status::parse(text.as_bytes()).unwrap();
    let line = text.lines().find(|line| line.starts_with("CapBnd:")).unwrap().to_owned();
    text = text.replace(&line, "CapBnd:\t8000000000000001\nOfTomorrow:\t1 2 3");
    let after = Status::parse(text.as_bytes()).unwrap();
    let bounding = after.capabilities_bounding;
    let capabilities: Vec<_> = bounding.unwrap().iter().map(Capability::number).collect();
    assert_eq!(capabilities, [0, 63]);
    assert_eq!((&after.name, after.users), (&before.name, before.users));
    assert!(after.other.iter().any(|line| line.key == "OfTomorrow" && line.value == "1 2 3"));
}
