//! `inspect isolation`.

mod common;

use common::{capture, inspect, inspect_tree, run};
use serde_json::Value;

fn text(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn it_conforms_to_the_schema_and_measures_only_where_asked() {
    let schema: Value = serde_json::from_str(&text(&["schema"])).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for (seconds, is_measured) in [("0", false), ("1", true)] {
        let report = text(&["inspect", "isolation", "--seconds", seconds, "--format", "json"]);
        let report: Value = serde_json::from_str(&report).unwrap();
        let errors: Vec<_> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{errors:#?}");
        let measured = &report["isolation"]["measured_seconds"];
        assert_eq!(measured.as_f64().is_some_and(|seconds| seconds >= 1.0), is_measured, "{report}");
    }
}

#[test]
fn the_page_says_what_is_left_for_all_else() {
    let page = text(&["inspect", "isolation", "--seconds", "0"]);
    let housekeeping = inspect(&["isolation", "--seconds", "0"])["housekeeping"].clone();
    let line = page.lines().find(|line| line.contains("left for all else")).unwrap();
    assert!(line.ends_with(housekeeping.as_str().unwrap()), "{page}");
}

#[test]
fn it_is_among_everything_of_this_machine_and_of_a_captured_one() {
    let folder = tempfile::tempdir().unwrap();
    let tree = capture(folder.path(), &[]);
    let live = inspect(&["isolation", "--seconds", "0"]);
    let captured = &inspect_tree(&tree)["isolation"];
    for key in ["nohz_full", "housekeeping", "unbound_work"] {
        assert!(!live[key].is_null(), "{key}");
        assert_eq!(captured[key], live[key], "{key}");
    }
    let page = text(&["inspect", "all"]);
    assert!(page.contains("\nCPUs that are left alone\n"), "{page}");
}

mod lab {
    mod numa {
        use serde_json::json;

        use super::super::{inspect, text};

        #[test]
        #[ignore = "runs in the lab: cargo xtask lab"]
        fn the_cpus_that_were_isolated_at_boot_are_shown_with_what_to_change() {
            let isolation = inspect(&["isolation"]);
            let cpus: Vec<_> = isolation["cpus"].as_array().unwrap().iter().collect();
            assert_eq!(cpus.len(), 2);
            for (cpu, number) in cpus.iter().zip([3, 7]) {
                assert_eq!((&cpu["cpu"], &cpu["is_tickless"]), (&json!(number), &json!(true)), "{cpu}");
                assert!(cpu["activity"]["ticks"].is_u64(), "{cpu}");
            }
            assert_eq!(isolation["housekeeping"], json!("0-2,4-6"));
            let page = text(&["inspect", "isolation"]);
            println!("{page}");
            for remedy in isolation["remedies"].as_array().unwrap() {
                assert!(remedy["kind"].is_string() && remedy["text"].is_string(), "{remedy}");
            }
            assert!(page.contains("What to change"), "{page}");
        }
    }
}
