//! The program on the machines that `cargo xtask lab capture` saved: what it shows of each is what
//! `lab/machines.toml` declares.

mod common;
#[path = "common/declared.rs"]
mod declared;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::LazyLock,
};

use lab::{Architecture, Machine};
use serde_json::Value;
use tempfile::TempDir;

/// A captured machine.
struct Fixture {
    /// The name of its file, less the ending: `numa-6.1`.
    name: String,
    machine: Machine,
    tree: TempDir,
    report: Value,
}

static FIXTURES: LazyLock<Vec<Fixture>> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures");
    let mut files: Vec<PathBuf> =
        fs::read_dir(folder).expect("fixtures/").map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    let machines = lab::machines().unwrap_or_else(|error| panic!("{error}"));
    files
        .into_iter()
        .filter_map(|file| {
            let name = file.file_name()?.to_str()?.strip_suffix(".tar.xz")?.to_owned();
            let machine = name.rsplit_once('-').and_then(|(machine, _)| machines.get(machine));
            let machine = machine.unwrap_or_else(|| panic!("no machine is declared for {name}")).clone();
            let tree = tempfile::tempdir().expect("a folder");
            let status = Command::new("tar").arg("-xf").arg(&file).arg("-C").arg(tree.path()).status();
            assert!(status.expect("tar").success(), "{name}");
            let report = common::inspect_tree(tree.path());
            Some(Fixture { name, machine, tree, report })
        })
        .collect()
});

/// A test for each comparison, on all fixtures.
macro_rules! compared {
    ($($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                for fixture in FIXTURES.iter() {
                    println!("{}", fixture.name);
                    declared::$name(&fixture.report, &fixture.machine);
                }
            }
        )*

        #[test]
        fn every_comparison_is_a_test() {
            let names: Vec<_> = declared::COMPARISONS.iter().map(|(name, ..)| *name).collect();
            assert_eq!(names, [$(stringify!($name)),*]);
        }
    };
}

compared! {
    packages_dies_cores_and_threads nodes_and_distances latency_and_bandwidth page_sizes huge_pages
    cpus_kept_free pci_devices pci_tree iommu_groups modules boot_command_line control_groups taint
}

#[test]
fn every_machine_was_captured_with_its_oldest_and_its_newest_kernel() {
    for (name, machine) in &lab::machines().unwrap() {
        let of_it =
            FIXTURES.iter().filter(|fixture| fixture.name.rsplit_once('-').unwrap().0 == name).count();
        // Of RISC-V, Debian has one kernel.
        let least = if machine.architecture == Architecture::Riscv64 { 1 } else { 2 };
        assert!(of_it >= least, "{name} has {of_it}: run cargo xtask lab capture");
    }
}

#[test]
fn nothing_that_a_kernel_wrote_is_malformed() {
    fn malformed(value: &Value, found: &mut Vec<String>) {
        if value["reason"] == "malformed" {
            found.push(value["message"].to_string());
        }
        match value {
            Value::Object(object) => object.values().for_each(|value| malformed(value, found)),
            Value::Array(array) => array.iter().for_each(|value| malformed(value, found)),
            _ => {}
        }
    }
    for fixture in FIXTURES.iter() {
        let mut found = Vec::new();
        malformed(&fixture.report, &mut found);
        assert!(found.is_empty(), "{}: {found:#?}", fixture.name);
    }
}

#[test]
fn every_page_is_shown() {
    for fixture in FIXTURES.iter() {
        for arguments in [&["inspect", "all"][..], &["inspect", "topology", "--format", "svg"]] {
            let output = common::program()
                .args(arguments)
                .arg("--machine")
                .arg(fixture.tree.path())
                .output()
                .expect("the program starts");
            assert!(output.status.success() && !output.stdout.is_empty(), "{}: {output:?}", fixture.name);
        }
    }
}

#[test]
fn nodes_with_memory_only_are_told() {
    let mut compared = 0;
    for fixture in FIXTURES.iter() {
        // A kernel without nodes does not say which have memory.
        if !fixture.report["numa"]["sets"]["has_memory"].is_string() {
            continue;
        }
        let mut program = common::program();
        let output =
            program.args(["inspect", "numa", "--machine"]).arg(fixture.tree.path()).output().unwrap();
        let page = String::from_utf8(output.stdout).unwrap();
        let line = page.lines().find_map(|line| line.trim().strip_prefix("with memory only"));
        let declared = if fixture.name.starts_with("numa-") { "3" } else { "none" };
        assert_eq!(line.map(str::trim), Some(declared), "{}: {page}", fixture.name);
        compared += 1;
    }
    assert!(compared >= 4, "{compared}");
}

/// The fixture `name`, and a section of it.
#[track_caller]
fn section(name: &str, section: &str) -> Value {
    let fixture = FIXTURES.iter().find(|fixture| fixture.name == name);
    fixture.unwrap_or_else(|| panic!("no fixture {name}")).report[section].clone()
}

#[test]
fn a_process_with_brackets_for_a_name_is_one_process() {
    let processes = section("numa-6.1", "processes");
    let named: Vec<_> = processes["processes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|process| process["name"] == ") (")
        .collect();
    assert_eq!(named.len(), 1, "{named:?}");
}

#[test]
fn limits_of_control_groups_are_those_that_were_set() {
    let cgroups = section("numa-6.1", "cgroups");
    let groups = cgroups["hierarchies"][0]["groups"].as_array().unwrap().clone();
    let group =
        |path: &str| groups.iter().find(|group| group["path"] == path).unwrap_or_else(|| panic!("{path}"));
    assert_eq!(group("/daemon")["memory"]["max"], 64 << 20);
    assert_eq!(group("/daemon/worker")["pids"]["max"], 20);
    assert_eq!(group("/daemon/worker")["processes"], 2);
}

#[test]
fn a_mount_over_another_hides_neither() {
    let mounts = section("numa-6.1", "mounts");
    let text = mounts.to_string();
    let sources: Vec<_> =
        ["first", "second", "with a space"].iter().filter(|name| text.contains(*name)).collect();
    assert_eq!(sources.len(), 3, "{text}");
    assert!(text.contains("/mnt/a name"), "{text}");
}
