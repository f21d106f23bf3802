//! `inspect hugepages` beside hugeadm, in the lab.

mod common;

mod lab {
    mod numa {
        use std::{fs, io::ErrorKind, path::PathBuf, process::Command};

        use serde_json::Value;

        use crate::common::run;

        /// What hugeadm prints, a line each with its words; none where it is not here.
        fn hugeadm(argument: &str) -> Option<Vec<Vec<String>>> {
            match Command::new("hugeadm").arg(argument).output() {
                Ok(output) => {
                    let text = String::from_utf8_lossy(&output.stdout).into_owned();
                    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
                    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect();
                    Some(text.lines().skip(1).map(words).collect())
                }
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    println!("skipped: hugeadm is not here");
                    None
                }
                Err(error) => panic!("hugeadm: {error}"),
            }
        }

        fn inspect() -> Value {
            let output = run(&["inspect", "hugepages", "--format", "json"]);
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            serde_json::from_slice::<Value>(&output.stdout).expect("JSON")["huge_pages"].take()
        }

        fn text() -> String {
            String::from_utf8(run(&["inspect", "hugepages"]).stdout).expect("text")
        }

        fn number(value: &Value) -> u64 {
            value.as_u64().unwrap_or_else(|| panic!("{value} is no number"))
        }

        /// Restores the pool of a size, node by node: what is set for all would be spread over them.
        struct Pool {
            before: Vec<(PathBuf, String)>,
        }

        impl Pool {
            fn set(name: &str, value: &str) -> Self {
                let file = PathBuf::from(format!("/sys/kernel/mm/hugepages/hugepages-2048kB/{name}"));
                let nodes = fs::read_dir("/sys/devices/system/node").expect("nodes");
                let nodes = nodes.map(|node| {
                    node.expect("a node").path().join(format!("hugepages/hugepages-2048kB/{name}"))
                });
                let mut files: Vec<_> = nodes.filter(|file| file.exists()).collect();
                if files.is_empty() || name != "nr_hugepages" {
                    files = vec![file.clone()];
                }
                let before = files
                    .into_iter()
                    .map(|file| (file.clone(), fs::read_to_string(file).expect("a pool")))
                    .collect();
                fs::write(&file, value).expect("root");
                Self { before }
            }
        }

        impl Drop for Pool {
            fn drop(&mut self) {
                for (file, before) in &self.before {
                    let _ = fs::write(file, before.trim());
                }
            }
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn pools_are_those_of_hugeadm_however_they_are_set() {
            let section = inspect();
            let count = section["pools"].as_array().expect("pools").len();
            assert!(count >= 1, "{section}");
            for (pages, overcommit) in [("6", "0"), ("3", "5"), ("0", "9")] {
                let _pages = Pool::set("nr_hugepages", pages);
                let _overcommit = Pool::set("nr_overcommit_hugepages", overcommit);
                // Size Minimum Current Maximum Default
                let Some(theirs) = hugeadm("--pool-list") else { return };
                let section = inspect();
                let pools = section["pools"].as_array().expect("pools");
                assert_eq!(theirs.len(), pools.len());
                for (theirs, pool) in theirs.iter().zip(pools) {
                    let fixed = number(&pool["total"]) - number(&pool["surplus"]);
                    let most = fixed + number(&pool["overcommit"]);
                    let numbers = [number(&pool["size"]), fixed, number(&pool["total"]), most];
                    let mut ours = numbers.map(|number| number.to_string()).to_vec();
                    if pool["size"] == section["sizes"]["default"] {
                        ours.push("*".into());
                    }
                    assert_eq!(*theirs, ours, "{pages} and {overcommit}");
                }
                let of_2_mib = pools.iter().find(|pool| pool["size"] == 2 << 20).expect("pages of 2 MiB");
                assert_eq!(of_2_mib["overcommit"].to_string(), overcommit);
                let on_nodes: u64 = of_2_mib["nodes"]
                    .as_array()
                    .expect("nodes")
                    .iter()
                    .map(|node| number(&node["total"]))
                    .sum();
                assert_eq!(on_nodes, number(&of_2_mib["total"]));
            }
        }

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn mounts_are_those_of_hugeadm() {
            let place = "/tmp/huge pages";
            fs::create_dir_all(place).expect("a folder");
            let mount = |options: &str, place: &str| {
                let mount = ["-t", "hugetlbfs", "-o", options, "none", place];
                let status = Command::new("mount").args(mount).status().expect("mount");
                assert!(status.success(), "{options}");
            };
            struct Mounted(&'static str);
            impl Drop for Mounted {
                fn drop(&mut self) {
                    let _ = Command::new("umount").arg(self.0).status();
                }
            }
            mount("pagesize=2M,size=64M", place);
            let _mounted = Mounted(place);
            let Some(theirs) = hugeadm("--list-all-mounts") else { return };
            let section = inspect();
            let ours = section["mounts"].as_array().expect("mounts");
            assert_eq!(ours.len(), theirs.len(), "{theirs:?}");
            let found = ours.iter().find(|mount| mount["mount_point"] == place).expect("the mount");
            assert_eq!(
                (&found["page_size"], &found["size"]),
                (&Value::from(2 << 20), &Value::from(64 << 20))
            );
            // hugeadm leaves the escape of the blank as it is in /proc/mounts.
            let listed = theirs.iter().any(|words| words[0].starts_with("/tmp/huge"));
            assert!(listed, "{theirs:?}");
            let page = text();
            assert!(page.lines().any(|line| line.contains("64 MiB") && line.ends_with(place)), "{page}");
        }
    }
}
