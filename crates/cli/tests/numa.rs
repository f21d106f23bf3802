//! `inspect numa` beside numactl and numastat, in the lab.

mod common;

mod lab {
    mod numa {
        use std::{
            collections::BTreeMap,
            process::{Command, Output},
        };

        use serde_json::Value;

        use crate::common::{inspect, program};

        fn run(command: &mut Command) -> Output {
            let output = command.output().expect("the program starts");
            assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
            output
        }

        fn text(output: Output) -> String {
            String::from_utf8(output.stdout).expect("text")
        }

        /// What `tool` prints; none where it is not here.
        fn peer(tool: &str, arguments: &[&str]) -> Option<String> {
            match Command::new(tool).args(arguments).output() {
                Ok(output) if output.status.success() => Some(text(output)),
                Ok(output) => panic!("{tool} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr)),
                Err(error) => {
                    println!("skipped: {tool}: {error}");
                    None
                }
            }
        }

        fn numbers(list: &str) -> Vec<u32> {
            let mut numbers = Vec::new();
            for part in list.split(',').filter(|part| !part.is_empty()) {
                let (first, last) = part.split_once('-').unwrap_or((part, part));
                numbers.extend(first.parse::<u32>().expect("a number")..=last.parse().expect("a number"));
            }
            numbers
        }

        fn words(text: &str) -> Vec<u32> {
            text.split_whitespace().map(|word| word.parse().expect("a number")).collect()
        }

        fn nodes(section: &Value) -> &[Value] {
            section["nodes"].as_array().expect("nodes")
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn nodes_sizes_and_distances_are_those_of_numactl() {
            let Some(theirs) = peer("numactl", &["--hardware"]) else { return };
            let line = |start: String| {
                let line = theirs.lines().find_map(|line| line.trim().strip_prefix(&*start));
                line.unwrap_or_else(|| panic!("no {start:?} in {theirs}")).to_owned()
            };
            let section = inspect(&["numa"]);
            let online = section["sets"]["online"].as_str().expect("a set");
            assert_eq!(
                line("available:".into()).trim(),
                format!("{} nodes ({online})", nodes(&section).len())
            );
            let page = text(run(program().args(["inspect", "numa"])));
            assert!(page.contains(&format!("{} ({online})", nodes(&section).len())), "{page}");
            for node in nodes(&section) {
                let number = &node["node"];
                let cpus = numbers(node["cpus"].as_str().expect("a set"));
                assert_eq!(cpus, words(&line(format!("node {number} cpus:"))));
                let mebibytes = |name: &str| node["memory"][name].as_u64().expect("a size") >> 20;
                let size = line(format!("node {number} size:"));
                assert_eq!(size.trim(), format!("{} MB", mebibytes("mem_total")));
                assert!(page.contains(&format!(" {} MiB ", mebibytes("mem_total"))), "{page}");
                let free = line(format!("node {number} free:"));
                let free: u64 = free.trim().trim_end_matches(" MB").parse().expect("a number");
                assert!(mebibytes("mem_free").abs_diff(free) <= 64, "node {number}: {free} MB");
                let distances: Vec<u32> = serde_json::from_value(node["distances"].clone()).expect("numbers");
                assert_eq!(distances, words(&line(format!("{number}:"))));
            }
        }

        /// What numactl calls the modes of our policies.
        fn mode(policy: &str) -> &str {
            match policy.split(':').next().unwrap_or_default() {
                "prefer" | "prefer (many)" => "preferred",
                mode => mode,
            }
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn what_a_program_inherits_is_what_numactl_shows() {
            let choices: [&[&str]; 8] = [
                &[],
                &["--membind=1"],
                &["--membind=0,3"],
                &["--interleave=0-2"],
                &["--preferred=2"],
                &["--localalloc"],
                &["--cpunodebind=1", "--membind=2"],
                &["--physcpubind=2,4"],
            ];
            for choice in choices {
                let chosen = |arguments: &[&str]| {
                    let mut command = Command::new("numactl");
                    command.args(choice).args(arguments);
                    command
                };
                if choice.is_empty() && peer("numactl", &["--show"]).is_none() {
                    return;
                }
                let theirs = match choice {
                    [] => text(run(Command::new("numactl").arg("--show"))),
                    _ => text(run(&mut chosen(&["numactl", "--show"]))),
                };
                // Of a local policy, the second line lacks its end.
                let theirs = format!("\n{theirs}");
                let shown = |name: &str| {
                    let rest =
                        ["\n", " "].iter().find_map(|before| theirs.split_once(&format!("{before}{name}")));
                    let (_, rest) = rest.unwrap_or_else(|| panic!("{choice:?}: no {name:?} in {theirs}"));
                    rest.lines().next().unwrap_or_default().trim().to_owned()
                };
                let ours = match choice {
                    [] => run(program().args(["inspect", "numa", "--format", "json"])),
                    _ => {
                        let path = program().get_program().to_owned();
                        let path = path.to_str().expect("a path");
                        run(&mut chosen(&[path, "inspect", "numa", "--format", "json"]))
                    }
                };
                let report: Value = serde_json::from_slice(&ours.stdout).expect("JSON");
                let own = &report["numa"]["own"];
                let policy = own["policy"].as_str().expect("a policy");
                assert_eq!(mode(policy), shown("policy:"), "{choice:?}");
                assert_eq!(
                    numbers(own["cpus"].as_str().expect("CPUs")),
                    words(&shown("physcpubind:")),
                    "{choice:?}"
                );
                assert_eq!(
                    numbers(own["nodes"].as_str().expect("nodes")),
                    words(&shown("cpubind:")),
                    "{choice:?}"
                );
                let of_policy = policy.split_once(':').map(|(_, nodes)| numbers(nodes));
                match mode(policy) {
                    "bind" => assert_eq!(of_policy, Some(words(&shown("membind:"))), "{choice:?}"),
                    "interleave" => {
                        assert_eq!(of_policy, Some(words(&shown("interleavemask:"))), "{choice:?}")
                    }
                    "preferred" => {
                        assert_eq!(of_policy, Some(words(&shown("preferred node:"))), "{choice:?}")
                    }
                    _ => {
                        let allowed = own["memory_nodes"].as_str().expect("nodes");
                        assert_eq!(numbers(allowed), words(&shown("membind:")), "{choice:?}");
                    }
                }
            }
        }

        /// The tables of numastat, which are parted where a line gets too long: each value by its name and its column.
        fn tables(text: &str) -> BTreeMap<(String, String), f64> {
            let mut columns: Vec<String> = Vec::new();
            let mut values = BTreeMap::new();
            for line in text.lines() {
                let parts: Vec<_> = line.split_whitespace().collect();
                let heads = line.trim_start().starts_with("Node ")
                    || parts.first() == Some(&"Total") && parts.len() == 1;
                if heads {
                    columns = line
                        .trim()
                        .split("  ")
                        .map(str::trim)
                        .filter(|part| !part.is_empty())
                        .map(String::from)
                        .collect();
                    continue;
                }
                let Some((name, cells)) = parts.split_first() else { continue };
                let cells: Option<Vec<f64>> = cells.iter().map(|cell| cell.parse().ok()).collect();
                let Some(cells) = cells.filter(|cells| cells.len() == columns.len()) else { continue };
                for (column, value) in columns.iter().zip(cells) {
                    values.insert(((*name).to_owned(), column.clone()), value);
                }
            }
            values
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn the_memory_of_each_node_is_that_of_numastat() {
            let Some(theirs) = peer("numastat", &["-m"]) else { return };
            let theirs = tables(&theirs);
            let section = inspect(&["numa"]);
            let mut compared = 0;
            for node in nodes(&section) {
                let column = format!("Node {}", node["node"]);
                for (ours, name, tolerance) in [
                    ("mem_total", "MemTotal", 0.0),
                    ("mem_free", "MemFree", 64.0),
                    ("anonymous_pages", "AnonPages", 16.0),
                    ("slab", "Slab", 16.0),
                    ("kernel_stack", "KernelStack", 4.0),
                ] {
                    let value =
                        node["memory"][ours].as_u64().unwrap_or_else(|| panic!("no {ours} in {node}"));
                    let shown = theirs.get(&(name.to_owned(), column.clone()));
                    let shown = shown.unwrap_or_else(|| panic!("no {name} of {column} in {theirs:?}"));
                    let value = value as f64 / f64::from(1 << 20);
                    assert!(
                        (value - shown).abs() <= tolerance + 0.006,
                        "{name} of {column}: {value} and {shown}"
                    );
                    compared += 1;
                }
            }
            assert_eq!(compared, 4 * 5);
            for pool in section["huge_page_pools"].as_array().expect("pools") {
                if pool["size"] == 2 << 20 {
                    for of_node in pool["nodes"].as_array().expect("nodes") {
                        let column = format!("Node {}", of_node["node"]);
                        let shown = theirs[&("HugePages_Total".to_owned(), column)];
                        assert_eq!(of_node["total"].as_f64().map(|pages| pages * 2.0), Some(shown));
                    }
                }
            }
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn the_counters_of_each_node_are_those_of_numastat() {
            let counters = |section: &Value| -> Vec<(u64, String, u64)> {
                let mut counters = Vec::new();
                for node in nodes(section) {
                    for (name, value) in node["statistics"].as_object().expect("counters") {
                        let number = node["node"].as_u64().expect("a number");
                        counters.extend(value.as_u64().map(|value| (number, name.clone(), value)));
                    }
                }
                counters
            };
            // They only grow, so what stands between two readings of ours is theirs.
            let before = counters(&inspect(&["numa"]));
            let Some(plain) = peer("numastat", &[]) else { return };
            let in_megabytes = tables(&peer("numastat", &["-n"]).expect("it was here before"));
            let after = counters(&inspect(&["numa"]));
            assert_eq!(before.len(), 4 * 6);
            for ((node, name, least), (.., most)) in before.into_iter().zip(after) {
                let line = plain.lines().find_map(|line| line.strip_prefix(&*name)).expect("a line");
                let shown: u64 =
                    line.split_whitespace().nth(node as usize).expect("a node").parse().expect("a number");
                assert!(
                    (least..=most).contains(&shown),
                    "{name} of node {node}: {shown}, not {least} to {most}"
                );
                let (key, _) = in_megabytes
                    .iter()
                    .find(|((theirs, column), _)| {
                        theirs.eq_ignore_ascii_case(&name) && *column == format!("Node {node}")
                    })
                    .expect("a cell");
                let pages = |count: u64| count as f64 * 4096.0 / f64::from(1 << 20);
                let shown = in_megabytes[key];
                assert!(
                    shown >= pages(least) - 0.006 && shown <= pages(most) + 0.006,
                    "{name} of node {node}: {shown} MB"
                );
            }
        }
    }
}
