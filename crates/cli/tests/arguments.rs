//! The command line: exit codes, one line for what is wrong, quiet ends.

mod common;

use std::{
    io::Read,
    process::{Output, Stdio},
};

use common::{program, run};

fn error(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn wrong_arguments_are_one_line_and_exit_code_2() {
    let cases: [(&[&str], &str); 9] = [
        (&["inspct"], "inspct"),
        (&["inspect", "cpuu"], "cpuu"),
        (&["inspect", "--format", "xml"], "xml"),
        (&["inspect", "process"], "PID"),
        (&["inspect", "process", "0"], "0"),
        (&["inspect", "process", "one"], "one"),
        (&["inspect", "cpu", "--format", "svg"], "topology"),
        (&["inspect", "process", "1", "--format", "svg"], "--memory"),
        (&["capture"], "DIR"),
    ];
    for (arguments, named) in cases {
        let output = run(arguments);
        let error = error(&output);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {error}");
        assert_eq!(error.lines().count(), 1, "{arguments:?}: {error}");
        assert!(error.contains(named), "{arguments:?}: {error}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn what_can_not_be_done_is_one_line_and_exit_code_1() {
    let cases: [&[&str]; 4] = [
        &["inspect", "--machine", "/no/such/tree"],
        &["inspect", "process", "2147483647"],
        &["inspect", "-o", "/no/such/folder/file"],
        &["capture", "/proc"],
    ];
    for arguments in cases {
        let output = run(arguments);
        let error = error(&output);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {error}");
        assert_eq!(error.lines().count(), 1, "{arguments:?}: {error}");
    }
}

#[test]
fn help_and_version_are_no_errors() {
    for arguments in [&["--help"][..], &["--version"], &["inspect", "--help"], &["capture", "--help"]] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(0));
        assert!(!output.stdout.is_empty() && output.stderr.is_empty());
    }
}

#[test]
fn nothing_given_is_the_summary() {
    let (nothing, summary) = (run(&[]), run(&["inspect", "summary"]));
    let names = |output: &Output| -> Vec<String> {
        let text = String::from_utf8(output.stdout.clone()).unwrap();
        text.lines().map(|line| line.split_whitespace().next().unwrap_or("").to_owned()).collect()
    };
    assert!(nothing.status.success() && names(&nothing).len() > 8);
    assert_eq!(names(&nothing), names(&summary));
}

#[test]
fn a_reader_that_leaves_ends_the_program_quietly() {
    for format in ["json", "text"] {
        let mut child = program()
            .args(["inspect", "all", "--format", format])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut first = [0; 1];
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut first).unwrap();
        drop(stdout);
        let output = child.wait_with_output().unwrap();
        assert_eq!(error(&output), "", "{format}");
        assert_eq!(output.status.code(), Some(0), "{format}");
    }
}

#[test]
fn there_is_no_colour_but_on_a_terminal() {
    let output = run(&["inspect", "all"]);
    assert!(!output.stdout.contains(&0x1b));
    let output = program().args(["inspect", "summary"]).env("CLICOLOR_FORCE", "1").output().unwrap();
    assert!(output.stdout.contains(&0x1b));
    let output = program()
        .args(["inspect", "summary"])
        .env("CLICOLOR_FORCE", "1")
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    assert!(!output.stdout.contains(&0x1b));
}

#[test]
fn completions_and_man_pages_are_made() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(String::from_utf8(run(&["completions", shell]).stdout).unwrap().contains("capture"));
    }
    let folder = tempfile::tempdir().unwrap();
    let output = run(&["man-pages", folder.path().to_str().unwrap()]);
    assert!(output.status.success());
    assert!(folder.path().join("linux-support-inspect.1").exists());
}

#[test]
fn huge_pages_are_one_section_by_either_name() {
    let keys = |name: &str| {
        let output = run(&["inspect", name, "--format", "json"]);
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        report.as_object().unwrap().keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(keys("hugepages"), ["form", "huge_pages"]);
    assert_eq!(keys("huge-pages"), keys("hugepages"));
}

#[test]
fn control_characters_of_arguments_reach_no_terminal() {
    for arguments in [
        &["inspect", "--machine", "/no/\u{1b}[31m\u{9b}\n/such"][..],
        &["inspect", "sockets", "--state", "\u{1b}]0;x\u{7}"],
        &["inspect", "summary", "--output", "/no/such/\r\u{1b}c"],
    ] {
        let output = run(arguments);
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && message.ends_with('\n'), "{message:?}");
        assert!(!message.trim_end_matches('\n').chars().any(char::is_control), "{message:?}");
    }
}
