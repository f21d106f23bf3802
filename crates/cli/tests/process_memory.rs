//! What a process has mapped, of this machine and of a captured one, as text, JSON and picture.

mod common;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Output,
};

use common::{Idle, capture, program};
use serde_json::Value;

fn shown(pid: &str, format: &str, tree: Option<&Path>) -> Output {
    let mut program = program();
    program.args(["inspect", "process", pid, "--memory", "--format", format]);
    if let Some(tree) = tree {
        program.arg("--machine").arg(tree);
    }
    program.output().unwrap()
}

fn memory(pid: &str, tree: Option<&Path>) -> Value {
    let output = shown(pid, "json", tree);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    report["process"]["memory"].clone()
}

/// The one line in which it says why there is nothing to show.
fn refusal(pid: &str, tree: &Path) -> String {
    let output = shown(pid, "text", Some(tree));
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

/// What of a mapping does not depend on who else has its pages.
fn own(mapping: &Value) -> Value {
    let memory = &mapping["memory"];
    serde_json::json!([
        mapping["range"],
        mapping["kind"],
        mapping["permissions"],
        mapping["raw_name"],
        mapping["policy"],
        memory["Size"],
        memory["Private_Dirty"],
        memory["Anonymous"],
        memory["KernelPageSize"]
    ])
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator has memory of its own")]
fn what_a_process_has_mapped_is_the_same_from_a_capture() {
    let idle = Idle::start();
    let pid = idle.pid();
    let live = memory(&pid, None);
    let folder = tempfile::tempdir().unwrap();
    let tree = capture(folder.path(), &[]);
    let captured = memory(&pid, Some(&tree));
    let mappings =
        |memory: &Value| -> Vec<Value> { memory["mappings"].as_array().unwrap().iter().map(own).collect() };
    assert!(mappings(&live).len() > 5);
    assert_eq!(mappings(&captured), mappings(&live));
    assert_eq!(captured["nodes_unavailable"].is_null(), live["nodes_unavailable"].is_null());
    let kinds = |memory: &Value| -> Vec<Value> {
        memory["kinds"].as_array().unwrap().iter().map(|kind| kind["kind"].clone()).collect()
    };
    assert_eq!(kinds(&captured), kinds(&live));
    assert!(tree.join(format!("proc/{pid}/smaps_rollup")).exists());

    let text = String::from_utf8(shown(&pid, "text", Some(&tree)).stdout).unwrap();
    assert!(text.contains("[stack]") && text.contains("By kind"), "{text}");
    let picture = String::from_utf8(shown(&pid, "svg", Some(&tree)).stdout).unwrap();
    assert!(picture.contains(&format!("Address space of process {pid} (cat)")), "{picture}");
    for text in [">[stack]<", "by kind", "by node", "by size of page", ">4 KiB<", ">64 KiB<"] {
        assert!(picture.contains(text), "{text}: {picture}");
    }
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator has memory of its own")]
fn processes_on_huge_pages_are_told_from_a_capture() {
    let idle = Idle::start();
    let pid = idle.pid();
    let folder = tempfile::tempdir().unwrap();
    let tree = capture(folder.path(), &[]);
    if !tree.join("sys/kernel/mm/transparent_hugepage/hpage_pmd_size").exists() {
        println!("skipped: this kernel has no transparent huge pages");
        return;
    }
    let found = || {
        let output =
            program().args(["inspect", "hugepages", "--format", "json", "--machine"]).arg(&tree).output();
        let report: Value = serde_json::from_slice(&output.unwrap().stdout).unwrap();
        let processes = report["huge_pages"]["processes"].as_array().unwrap();
        processes.iter().find(|process| process["pid"].as_u64() == pid.parse().ok()).cloned()
    };
    assert_eq!(found(), None);
    // As if it had 40 MiB, 34 of them on huge pages.
    for (name, field, size) in
        [("status", "VmRSS:", "40960 kB"), ("smaps_rollup", "AnonHugePages:", "34816 kB")]
    {
        let file = tree.join(format!("proc/{pid}/{name}"));
        let text = fs::read_to_string(&file).unwrap();
        let line = text.lines().find(|line| line.starts_with(field)).unwrap();
        fs::write(&file, text.replace(line, &format!("{field} {size}"))).unwrap();
    }
    assert_eq!(found().unwrap()["anonymous"], 34 << 20);
}

/// The files of `tree` that tell what processes have mapped.
fn files_of_memory(tree: &Path) -> Vec<PathBuf> {
    let names = ["smaps", "smaps_rollup", "numa_maps"];
    let processes = fs::read_dir(tree.join("proc")).unwrap();
    // `self` leads to one of the others.
    let processes = processes.map(Result::unwrap).filter(|process| process.file_type().unwrap().is_dir());
    let files = processes.flat_map(|process| names.map(|name| process.path().join(name)));
    files.filter(|file| file.exists()).collect()
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator has memory of its own")]
fn a_capture_takes_no_more_of_it_than_it_may_and_tells_what_it_left_out() {
    let idle = Idle::start();
    let pid = idle.pid();
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    let output = program().arg("capture").arg(&tree).args(["--process-memory", "16K"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("left out, as too large: /proc/"), "{told}");
    assert!(told.contains("for more, give --process-memory 1M"), "{told}");
    let sizes: Vec<u64> =
        files_of_memory(&tree).iter().map(|file| fs::metadata(file).unwrap().len()).collect();
    assert!(sizes.iter().sum::<u64>() <= 16 << 10 && sizes.iter().all(|&size| size <= 4 << 10), "{sizes:?}");
    assert!(sizes.iter().any(|&size| size > 0), "{sizes:?}");
    // Of this process, smaps alone is larger than what one file may take.
    let told = refusal(&pid, &tree);
    assert!(told.contains(&format!("/proc/{pid}/smaps")) && told.contains("--process-memory"), "{told}");
    let report = common::inspect_tree(&tree);
    assert!(
        report["huge_pages"]["pools"].is_array() || report["huge_pages"]["pools"]["unavailable"].is_object()
    );
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator has memory of its own")]
fn a_capture_without_it_says_so() {
    let idle = Idle::start();
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("tree");
    let output = program().arg("capture").arg(&tree).args(["--process-memory", "0"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(told.contains("left out: what processes have mapped"), "{told}");
    let saved = files_of_memory(&tree);
    assert!(saved.iter().all(|file| fs::metadata(file).unwrap().len() == 0), "{saved:?}");
    let told = refusal(&idle.pid(), &tree);
    assert!(told.contains("--process-memory"), "{told}");
    let wrong = program().arg("capture").arg(&tree).args(["--process-memory", "much"]).output().unwrap();
    assert_eq!(wrong.status.code(), Some(2));
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator has memory of its own")]
fn files_that_are_damaged_are_named() {
    let idle = Idle::start();
    let pid = idle.pid();
    let folder = tempfile::tempdir().unwrap();
    let tree = capture(folder.path(), &[]);
    let file = |name: &str| tree.join(format!("proc/{pid}/{name}"));
    let numa_maps = fs::read(file("numa_maps"));
    if let Ok(text) = &numa_maps {
        for (damage, said) in [(b"7fff".as_slice(), "numa_maps"), (b"\xff\xfe bind\n", "numa_maps")] {
            fs::write(file("numa_maps"), damage).unwrap();
            let memory = memory(&pid, Some(&tree));
            let why = memory["nodes_unavailable"]["message"].as_str().unwrap();
            assert!(why.contains(said), "{why}");
            assert!(memory["total"]["resident"].as_u64().unwrap() > 0);
            let text = String::from_utf8(shown(&pid, "text", Some(&tree)).stdout).unwrap();
            assert!(text.contains(why), "{text}");
            let picture = String::from_utf8(shown(&pid, "svg", Some(&tree)).stdout).unwrap();
            assert!(picture.contains("not known: "), "{picture}");
        }
        fs::remove_file(file("numa_maps")).unwrap();
        let without = memory(&pid, Some(&tree));
        assert_eq!(without["nodes_unavailable"]["reason"], "not-configured");
        fs::write(file("numa_maps"), text).unwrap();
    }
    let smaps = fs::read(file("smaps")).unwrap();
    let cut = smaps.windows(5).rposition(|word| word == b"\nRss:").unwrap() + 8;
    for damaged in [&smaps[..cut], b"7f00-", b"\x00\xff"] {
        fs::write(file("smaps"), damaged).unwrap();
        let told = refusal(&pid, &tree);
        assert!(told.contains(&format!("/proc/{pid}/smaps: line ")), "{told}");
    }
    fs::write(file("smaps"), b"").unwrap();
    assert_eq!(memory(&pid, Some(&tree))["mappings"].as_array().unwrap().len(), 0);
    fs::remove_file(file("smaps")).unwrap();
    assert!(refusal(&pid, &tree).contains("is not in the capture"));
}

mod lab {
    mod numa {
        use std::fs;

        use linux_support::{
            base::{Bytes, NumaNode, NumaNodeSet, PageSize},
            memory::{mapping::MapOptions, numa::MemoryPolicy},
        };
        use serde_json::{Value, json};

        use crate::{common::peer, memory, shown};

        const POOL: &str = "/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages";

        /// Restores the pool of a node.
        struct Pool(String);

        impl Drop for Pool {
            fn drop(&mut self) {
                let _ = fs::write(POOL, self.0.trim());
            }
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn memory_is_shown_on_the_nodes_and_the_pages_that_it_was_asked_from() {
            const MIB: u64 = 1 << 20;
            let _pool = Pool(fs::read_to_string(POOL).unwrap());
            fs::write(POOL, "3").unwrap();
            let node = |number| NumaNode::new(number).unwrap();
            let huge = PageSize::new(Bytes::new(2 * MIB)).unwrap();
            let on_huge_pages =
                MapOptions::new().huge_pages(huge).policy(MemoryPolicy::bind(node(1))).populate();
            let _on_huge_pages = on_huge_pages.private(Bytes::new(6 * MIB)).unwrap();
            let spread = MemoryPolicy::interleave(NumaNodeSet::from_iter([node(0), node(2)]));
            let _spread = MapOptions::new().policy(spread).populate().private(Bytes::new(8 * MIB)).unwrap();

            let pid = std::process::id().to_string();
            let ours = memory(&pid, None);
            assert_eq!(ours["total"]["pools"], json!([{ "page_size": 2 * MIB, "resident": 6 * MIB }]));
            let kinds = ours["kinds"].as_array().unwrap();
            let of_pool =
                kinds.iter().find(|kind| kind["kind"] == "huge-pages").unwrap_or_else(|| panic!("{kinds:?}"));
            assert_eq!(of_pool["nodes"], json!([{ "node": 1, "resident": 6 * MIB }]));
            let mappings = ours["mappings"].as_array().unwrap();
            let spread = mappings.iter().find(|mapping| mapping["policy"] == "interleave:0,2").unwrap();
            let half = |number: u64| json!({ "node": number, "resident": 4 * MIB });
            assert_eq!(spread["nodes"], json!([half(0), half(2)]));

            let picture = String::from_utf8(shown(&pid, "svg", None).stdout).unwrap();
            for text in
                [">pool pages of 2 MiB: 6 MiB<", ">huge pages: 6 MiB of 6 MiB<", ">node 1: ", ">node 2: "]
            {
                assert!(picture.contains(text), "{text}: {picture}");
            }

            let Some(theirs) = peer("numastat", &["-p", &pid]) else {
                println!("skipped: numastat is not here, or failed");
                return;
            };
            let line = |name: &str| -> Vec<f64> {
                let words = theirs
                    .lines()
                    .find_map(|line| line.strip_prefix(name))
                    .unwrap_or_else(|| panic!("{theirs}"));
                words.split_whitespace().map(|word| word.parse().unwrap()).collect()
            };
            assert_eq!(line("Huge")[..4], [0.0, 6.0, 0.0, 0.0], "{theirs}");
            let of_node = |number: usize| -> f64 {
                let nodes = ours["total"]["nodes"].as_array().unwrap();
                let found = nodes.iter().find(|on| on["node"] == number).map(|on| on["resident"].as_u64());
                found.map_or(0.0, |resident| resident.unwrap() as f64 / MIB as f64)
            };
            // What the test itself has may change in between.
            for (number, theirs) in line("Total")[..4].iter().enumerate() {
                assert!(
                    (of_node(number) - theirs).abs() < 1.0,
                    "node {number}: {} and {theirs}",
                    of_node(number)
                );
            }
            assert!(matches!(ours["nodes_unavailable"], Value::Null), "{ours}");
        }
    }
}
