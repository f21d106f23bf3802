//! Memory of the lab's machines.

mod numa {
    use std::{fs, process::Command};

    use linux_support_base::Machine;
    use linux_support_memory::{huge_page, numa};

    #[test]
    #[ignore = "runs in the lab: cargo xtask lab"]
    fn numactl_sees_the_same_nodes_and_distances() {
        let Ok(output) = Command::new("numactl").arg("--hardware").output() else {
            println!("skipped: no numactl");
            return;
        };
        let text = String::from_utf8(output.stdout).unwrap();
        let nodes = numa::nodes(&Machine::live().unwrap()).unwrap();
        assert_eq!(nodes.len(), 4);
        for node in nodes {
            let number = node.node;
            let cpus = node.cpus.into_result().unwrap();
            let cpus: Vec<String> = cpus.iter().map(|cpu| cpu.to_string()).collect();
            let line = format!("node {number} cpus: {}", cpus.join(" "));
            assert!(text.lines().any(|shown| shown.trim_end() == line.trim_end()), "{line:?} in {text}");
            let start = format!("{number}:");
            let shown = text.lines().find_map(|line| line.trim().strip_prefix(&start)).expect("distances");
            let shown: Vec<u32> = shown.split_whitespace().map(|word| word.parse().unwrap()).collect();
            assert_eq!(shown, node.distances.into_result().unwrap(), "node {number}");
        }
    }

    #[test]
    #[ignore = "runs in the lab: cargo xtask lab"]
    fn huge_pages_set_aside_in_one_node_are_seen_in_that_node() {
        let machine = Machine::live().unwrap();
        let file = "/sys/devices/system/node/node2/hugepages/hugepages-2048kB/nr_hugepages";
        let in_nodes = || -> Vec<u64> {
            let pools = huge_page::pools(&machine).unwrap();
            let pool = pools.into_iter().find(|pool| pool.size.to_string() == "2 MiB").unwrap();
            pool.nodes.into_iter().map(|node| node.total.into_result().unwrap()).collect()
        };
        let before = in_nodes();
        fs::write(file, "5").unwrap();
        let during = in_nodes();
        fs::write(file, "0").unwrap();
        assert_eq!(before, [16, 0, 0, 8]);
        assert_eq!(during, [16, 0, 5, 8]);
        assert_eq!(in_nodes(), before);
    }
}
