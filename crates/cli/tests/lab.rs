//! The program in the lab's machines: what it shows is what `lab/machines.toml` declares.

mod common;
#[path = "common/declared.rs"]
mod declared;

use lab::Machine;
use serde_json::Value;

/// What `inspect` says here for the comparison `name`, and what was declared.
fn here(name: &str) -> (Value, Machine) {
    let (_, machine) =
        lab::this_machine().expect("a declaration").expect("this runs in the lab: cargo xtask lab");
    let section =
        declared::COMPARISONS.iter().find(|comparison| comparison.0 == name).expect("a comparison").1;
    let output = common::run(&["inspect", section, "--format", "json"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (serde_json::from_slice(&output.stdout).expect("JSON"), machine)
}

/// A test for each comparison.
macro_rules! compared {
    ($($name:ident)*) => {
        $(
            #[test]
            #[ignore = "runs in the lab: cargo xtask lab"]
            fn $name() {
                let (report, machine) = super::here(stringify!($name));
                super::declared::$name(&report, &machine);
            }
        )*

        #[test]
        fn every_comparison_is_a_test() {
            let names: Vec<_> = super::declared::COMPARISONS.iter().map(|(name, ..)| *name).collect();
            assert_eq!(names, [$(stringify!($name)),*]);
        }
    };
}

mod any {
    compared! {
        packages_dies_cores_and_threads nodes_and_distances latency_and_bandwidth page_sizes huge_pages
        cpus_kept_free pci_devices pci_tree iommu_groups modules boot_command_line control_groups taint
    }
}
