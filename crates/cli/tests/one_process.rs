//! `inspect tree`, `inspect signals` and `inspect limits`, of processes that the test has started.

mod common;

use std::{
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
};

use common::{inspect, run};
use serde_json::Value;

/// A shell that ignores SIGUSR1, catches SIGUSR2 and sleeps, ended with its guard.
struct Shell(Child);

impl Shell {
    fn start() -> Self {
        let script = "trap '' USR1; trap : USR2; echo ready; read end";
        let mut child = Command::new("sh")
            .args(["-c", script])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "ready\n");
        Self(child)
    }

    fn pid(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Shell {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn text(arguments: &[&str]) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn has(set: &Value, name: &str) -> bool {
    set.as_array().unwrap().iter().any(|signal| signal == name)
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator has signals of its own")]
fn what_a_shell_has_trapped_is_told() {
    let shell = Shell::start();
    let pid = shell.pid().to_string();
    let signals = inspect(&["signals", &pid]);
    assert_eq!(signals["pid"], shell.pid());
    assert!(has(&signals["ignored"], "SIGUSR1") && has(&signals["caught"], "SIGUSR2"), "{signals}");
    assert!(!has(&signals["caught"], "SIGUSR1") && !has(&signals["ignored"], "SIGUSR2"));
    assert_eq!(signals["threads"].as_array().unwrap().len(), 1);
    let text = text(&["inspect", "signals", &pid]);
    let line = |name: &str| text.lines().find(|line| line.contains(name)).unwrap().to_owned();
    assert!(line("ignored").contains("USR1") && line("caught").contains("USR2"), "{text}");
}

#[test]
fn a_child_stands_below_its_parent() {
    let shell = Shell::start();
    let tree = inspect(&["tree"]);
    let tree = tree.as_array().unwrap();
    let place = |pid: u32| tree.iter().position(|process| process["pid"] == pid).unwrap();
    let (own, child) = (place(std::process::id()), place(shell.pid()));
    let depth = |place: usize| tree[place]["depth"].as_u64().unwrap();
    assert_eq!(depth(child), depth(own) + 1);
    assert!(own < child);
    assert!(tree[own + 1..child].iter().all(|process| process["depth"].as_u64().unwrap() > depth(own)));
    let text = text(&["inspect", "tree"]);
    let line = text.lines().find(|line| line.contains(&format!("─{} sh", shell.pid()))).unwrap();
    assert!(line.contains("├─") || line.contains("└─"), "{line}");
}

#[test]
#[cfg_attr(user_emulation, ignore = "the emulator has limits of its own")]
fn limits_are_those_that_prlimit_shows() {
    let shell = Shell::start();
    let pid = shell.pid().to_string();
    let output = run(&["inspect", "limits", &pid, "--format", "json"]).stdout;
    let report: Value = serde_json::from_slice(&output).unwrap();
    let limits = report["process_limits"]["limits"].as_array().unwrap();
    let output = Command::new("prlimit")
        .args(["--pid", &pid, "--raw", "--noheadings", "--output", "RESOURCE,SOFT,HARD"])
        .output();
    let theirs = String::from_utf8(output.unwrap().stdout).unwrap();
    let names = [
        ("CPU", "cpu time"),
        ("FSIZE", "file size"),
        ("DATA", "data size"),
        ("STACK", "stack size"),
        ("CORE", "core file size"),
        ("RSS", "resident set"),
        ("NPROC", "processes"),
        ("NOFILE", "open files"),
        ("MEMLOCK", "locked memory"),
        ("AS", "address space"),
        ("LOCKS", "file locks"),
        ("SIGPENDING", "pending signals"),
        ("MSGQUEUE", "msgqueue size"),
        ("NICE", "nice priority"),
        ("RTPRIO", "realtime priority"),
        ("RTTIME", "realtime timeout"),
    ];
    let mut compared = 0;
    for line in theirs.lines() {
        let [resource, soft, hard] = line.split_whitespace().collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let name = names.iter().find(|(theirs, _)| *theirs == resource).unwrap().1;
        let ours = limits.iter().find(|limit| limit["name"] == name).unwrap();
        let shown =
            |limit: &Value| limit.as_u64().map_or_else(|| "unlimited".to_owned(), |limit| limit.to_string());
        assert_eq!((shown(&ours["soft"]), shown(&ours["hard"])), (soft.into(), hard.into()), "{resource}");
        compared += 1;
    }
    assert_eq!(compared, 16);
    let files = limits.iter().find(|limit| limit["name"] == "open files").unwrap();
    assert_eq!(files["used"], std::fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count(), "{files}");
}

#[test]
fn a_number_that_no_process_has_is_an_error() {
    let status = |pid: &str| run(&["inspect", "signals", pid]).status;
    assert!(!status("2147483647").success());
    assert_eq!(status("0").code(), Some(2));
}
