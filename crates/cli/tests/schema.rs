//! The JSON output and its schema.

mod common;

use std::{fs, path::Path};

use common::run;
use serde_json::Value;

fn schema() -> Value {
    serde_json::from_slice(&run(&["schema"]).stdout).unwrap()
}

#[test]
fn the_schema_in_the_repository_is_the_programs() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/inspect.schema.json");
    let kept: Value = serde_json::from_slice(&fs::read(&path).unwrap_or_default()).unwrap_or_default();
    assert!(kept == schema(), "run: cargo run --release -- schema > docs/inspect.schema.json");
}

#[test]
fn this_machine_conforms_to_the_schema() {
    let report: Value = serde_json::from_slice(&run(&["inspect", "--format", "json"]).stdout).unwrap();
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let errors: Vec<_> = validator
        .iter_errors(&report)
        .take(10)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

#[test]
fn one_process_conforms_to_the_schema() {
    let report: Value =
        serde_json::from_slice(&run(&["inspect", "process", "1", "--format", "json"]).stdout).unwrap();
    let memory = ["inspect", "process", "self", "--memory", "--format", "json"];
    let own = std::process::id().to_string();
    let memory = memory.map(|word| if word == "self" { own.as_str() } else { word });
    let memory: Value = serde_json::from_slice(&run(&memory).stdout).unwrap();
    let validator = jsonschema::validator_for(&schema()).unwrap();
    assert!(validator.is_valid(&report));
    let errors: Vec<_> = validator.iter_errors(&memory).take(5).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert!(!memory["process"]["memory"]["mappings"].as_array().unwrap().is_empty());
}

#[test]
fn sockets_and_watched_processes_conform_to_the_schema() {
    let validator = jsonschema::validator_for(&schema()).unwrap();
    let own = std::process::id().to_string();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    for arguments in [&["sockets"][..], &["sockets", &own], &["processes", "--seconds", "1"]] {
        let output = run(&[&["inspect"], arguments, &["--format", "json"]].concat()).stdout;
        let report: Value = serde_json::from_slice(&output).unwrap();
        let errors: Vec<_> = validator
            .iter_errors(&report)
            .take(5)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{arguments:?}: {errors:#?}");
    }
    drop(listener);
}
